//! The first page: what is in the sandbox and what was asked of it, for people.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Sandbox;
use crate::pages::page;
use crate::tenant::app::Grantee;
use crate::tenant::person::{AdminRole, Person, PersonKind};
use crate::tenant::{ConsentPolicy, PERSONAL_TENANT, State as World};

/// How many calls and meetings are shown.
const CALLS: usize = 50;

/// How many people are shown. A large seed has thousands.
const PEOPLE: usize = 200;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/", get(show))
}

#[derive(Template)]
#[template(path = "console.html")]
struct Console {
    now: String,
    tenants: Vec<TenantRow>,
    people: Vec<PersonRow>,
    grants: Vec<GrantRow>,
    meetings: Vec<MeetingRow>,
    calls: Vec<CallRow>,
    total: u64,
}

struct TenantRow {
    name: String,
    id: String,
    domains: String,
    policy: &'static str,
}

struct PersonRow {
    name: String,
    upn: String,
    tenant: String,
    standing: String,
    password: String,
    /// The mailbox, where there is one.
    mailbox: Option<String>,
}

struct GrantRow {
    app: String,
    tenant: String,
    to: String,
    scopes: String,
    by: String,
    at: String,
}

struct MeetingRow {
    subject: String,
    host: String,
    start: String,
    end: String,
    state: &'static str,
    join_url: String,
}

struct CallRow {
    at: String,
    method: String,
    path: String,
    status: u16,
    tenant: String,
    fault: &'static str,
}

async fn show(State(sandbox): State<Sandbox>) -> Response {
    let now = sandbox.now();
    let console = sandbox.read(|state| Console {
        now: clear(now),
        tenants: tenants(state),
        people: people(state),
        grants: grants(state),
        meetings: meetings(state, sandbox.pages_url()),
        calls: calls(state),
        total: state.calls.total(),
    });
    page(StatusCode::OK, &console, &[])
}

fn tenants(state: &World) -> Vec<TenantRow> {
    state
        .tenants
        .values()
        .map(|tenant| TenantRow {
            name: tenant.name.clone(),
            id: tenant.id.to_string(),
            domains: tenant.domains.join(", "),
            policy: match tenant.consent_policy {
                ConsentPolicy::Allow => "People approve for themselves",
                ConsentPolicy::BlockTeams => "Administrators approve Teams permissions",
                ConsentPolicy::AdminOnly => "Administrators approve everything",
            },
        })
        .collect()
}

fn people(state: &World) -> Vec<PersonRow> {
    state
        .tenants
        .keys()
        .chain([&PERSONAL_TENANT])
        .flat_map(|tenant| state.people.list(*tenant))
        .take(PEOPLE)
        .map(|person| PersonRow {
            name: person.display_name.clone(),
            upn: person.upn.clone(),
            tenant: tenant_name(state, person.tenant),
            standing: standing(person),
            password: person.password.reveal().to_owned(),
            mailbox: person
                .mail
                .as_deref()
                .map(|mail| format!("/mail/{}", utf8_percent_encode(mail, NON_ALPHANUMERIC))),
        })
        .collect()
}

fn standing(person: &Person) -> String {
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
    words.join(", ")
}

fn grants(state: &World) -> Vec<GrantRow> {
    let name = |id| {
        state
            .people
            .find(id)
            .map_or_else(|| id.to_string(), |person| person.display_name.clone())
    };
    state
        .grants
        .iter()
        .map(|grant| GrantRow {
            app: state
                .apps
                .get(&grant.client_id)
                .map_or_else(|| grant.client_id.to_string(), |app| app.name.clone()),
            tenant: tenant_name(state, grant.tenant),
            to: match grant.to {
                Grantee::Principal(person) => name(person),
                Grantee::AllPrincipals => "Everyone".to_owned(),
            },
            scopes: grant.scopes.iter().cloned().collect::<Vec<_>>().join(" "),
            by: name(grant.by),
            at: clear(grant.at),
        })
        .collect()
}

fn meetings(state: &World, url: &str) -> Vec<MeetingRow> {
    state
        .meetings
        .iter()
        .rev()
        .take(CALLS)
        .map(|meeting| MeetingRow {
            subject: meeting.subject.as_deref().unwrap_or("(none)").to_owned(),
            host: state
                .people
                .find(meeting.organizer)
                .map(|person| person.display_name.clone())
                .unwrap_or_default(),
            start: clear(meeting.start),
            end: clear(meeting.end),
            state: if meeting.is_live() { "live" } else { "deleted" },
            join_url: meeting.join_url(url),
        })
        .collect()
}

fn calls(state: &World) -> Vec<CallRow> {
    state
        .calls
        .recent()
        .take(CALLS)
        .map(|call| CallRow {
            at: clear(call.at),
            method: call.method.clone(),
            path: call.path.clone(),
            status: call.status,
            tenant: call
                .tenant
                .map(|tenant| tenant_name(state, tenant))
                .unwrap_or_default(),
            fault: call.fault.unwrap_or_default(),
        })
        .collect()
}

fn tenant_name(state: &World, id: crate::ids::TenantId) -> String {
    state
        .tenants
        .get(&id)
        .map_or_else(|| "Personal".to_owned(), |tenant| tenant.name.clone())
}

fn clear(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
