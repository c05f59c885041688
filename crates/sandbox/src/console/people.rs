//! Everyone in the directories, found by name or address, and what can be
//! changed about each.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::overview::Choice;
use super::{Fields, Frame, back_to, drawn, pull, refused, status_of, tenant_name};
use crate::Sandbox;
use crate::ids::ObjectId;
use crate::tenant::person::{AdminRole, Person, PersonKind};
use crate::tenant::{PERSONAL_TENANT, State as World};

/// How many people are shown at once. A large seed has thousands.
const SHOWN: usize = 100;

const ROLES: [(AdminRole, &str, &str); 3] = [
    (AdminRole::None, "none", "None"),
    (
        AdminRole::ApplicationAdministrator,
        "application_administrator",
        "Application administrator",
    ),
    (
        AdminRole::GlobalAdministrator,
        "global_administrator",
        "Global administrator",
    ),
];

#[derive(Template)]
#[template(path = "console/people.html")]
struct PeoplePage {
    frame: Frame,
    search: String,
    people: Vec<Row>,
    found: usize,
}

struct Row {
    id: ObjectId,
    name: String,
    upn: String,
    tenant: String,
    standing: Vec<&'static str>,
}

pub(super) async fn list(State(sandbox): State<Sandbox>, Query(asked): Query<Fields>) -> Response {
    let search = asked.get("search").cloned().unwrap_or_default();
    let wanted = search.trim().to_lowercase();
    let template = sandbox.read(|state| {
        let mut found = everyone(state).filter(|person| fits(person, &wanted));
        let people: Vec<Row> = found
            .by_ref()
            .take(SHOWN)
            .map(|person| row(state, person))
            .collect();
        PeoplePage {
            frame: Frame::at("/sandbox/people"),
            found: people.len() + found.count(),
            people,
            search,
        }
    });
    drawn(StatusCode::OK, &template)
}

fn everyone(state: &World) -> impl Iterator<Item = &Person> {
    let tenants = state.tenants.keys().chain([&PERSONAL_TENANT]);
    tenants.flat_map(|tenant| state.people.list(*tenant))
}

fn fits(person: &Person, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty()
        || has(&person.display_name)
        || has(&person.upn)
        || person.mail.as_deref().is_some_and(has)
}

fn row(state: &World, person: &Person) -> Row {
    Row {
        id: person.id,
        name: person.display_name.clone(),
        upn: person.upn.clone(),
        tenant: tenant_name(state, person.tenant),
        standing: standing(person),
    }
}

fn standing(person: &Person) -> Vec<&'static str> {
    let mut words = Vec::new();
    match person.kind {
        PersonKind::Member => {}
        PersonKind::Guest => words.push("guest"),
        PersonKind::Personal => words.push("personal account"),
    }
    match person.role {
        AdminRole::None => {}
        AdminRole::ApplicationAdministrator => words.push("application administrator"),
        AdminRole::GlobalAdministrator => words.push("global administrator"),
    }
    if !person.enabled {
        words.push("disabled");
    }
    if !person.teams_licensed {
        words.push("no Teams licence");
    }
    if person.mfa {
        words.push("second factor");
    }
    words
}

#[derive(Template)]
#[template(path = "console/person.html")]
struct PersonPage {
    frame: Frame,
    id: ObjectId,
    name: String,
    upn: String,
    mail: Option<String>,
    mailbox: Option<String>,
    tenant: String,
    password: String,
    switches: [Switch; 4],
    roles: Vec<Choice>,
}

struct Switch {
    name: &'static str,
    label: &'static str,
    is_on: bool,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    draw(&sandbox, &id, None)
}

fn draw(sandbox: &Sandbox, id: &str, problem: Option<String>) -> Response {
    let template = sandbox.read(|state| {
        let person = state.people.find(id.parse().ok()?)?;
        let switch = |name, label, is_on| Switch { name, label, is_on };
        Some(PersonPage {
            frame: Frame::at("/sandbox/people").with_problem(problem),
            id: person.id,
            name: person.display_name.clone(),
            upn: person.upn.clone(),
            mailbox: person
                .mail
                .as_deref()
                .map(|mail| format!("/mail/{}", encoded(mail))),
            mail: person.mail.clone(),
            tenant: tenant_name(state, person.tenant),
            password: person.password.reveal().to_owned(),
            switches: [
                switch("enabled", "The account is enabled", person.enabled),
                switch(
                    "licensed",
                    "Has a licence with Teams",
                    person.teams_licensed,
                ),
                switch("guest", "Is a guest", person.kind == PersonKind::Guest),
                switch("mfa", "Signing in asks for a second factor", person.mfa),
            ],
            roles: ROLES
                .iter()
                .map(|(role, value, name)| Choice {
                    value,
                    name,
                    is_chosen: *role == person.role,
                })
                .collect(),
        })
    });
    match template {
        Some(template) => drawn(status_of(&template.frame), &template),
        None => refused(
            StatusCode::NOT_FOUND,
            "There is no such account",
            "It was deleted, or a reset took it away.",
        ),
    }
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let lever = format!("users/{}", encoded(&id));
    let ticked = |name: &str| fields.contains_key(name);
    let (method, asked) = match fields.get("act").map(String::as_str) {
        Some("delete") => ("DELETE", Value::Null),
        Some("revoke") => ("PATCH", json!({ "revoke_sessions": true })),
        _ => {
            let mut asked = json!({
                "enabled": ticked("enabled"),
                "licensed": ticked("licensed"),
                "mfa": ticked("mfa"),
                "role": fields.get("role"),
            });
            let is_personal = sandbox.read(|state| {
                let person = id.parse().ok().and_then(|id| state.people.find(id));
                person.is_some_and(|person| person.kind == PersonKind::Personal)
            });
            // A personal account is neither member nor guest, and stays what it is.
            if !is_personal {
                asked["guest"] = json!(ticked("guest"));
            }
            ("PATCH", asked)
        }
    };
    match pull(&sandbox, method, &lever, &asked).await {
        Ok(_) if method == "DELETE" => back_to("/sandbox/people"),
        Ok(_) => back_to(&format!("/sandbox/people/{}", encoded(&id))),
        Err(problem) => draw(&sandbox, &id, Some(problem)),
    }
}

/// What stands in a path as it is, besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'@');

/// Something typed, as part of a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
