//! One tenant: what it demands of a sign-in, what becomes of tokens and
//! permissions, and which application may act for which host by itself.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::overview::Choice;
use super::people::encoded;
use super::{
    Fields, Frame, back_to, drawn, number_or_none, pull, refused, status_of, tenant_name, written,
};
use crate::Sandbox;
use crate::ids::{ClientId, TenantId};
use crate::tenant::State as World;
use crate::tenant::access::Switches;
use crate::tenant::meetings::AccessPolicy;

/// Why Conditional Access lets nobody in.
const BLOCKS: [(&str, &str); 7] = [
    ("", "Nobody is kept out"),
    ("policy", "A policy blocks access (53003)"),
    ("compliant-device", "The device must be compliant (53000)"),
    ("joined-device", "The device must be joined (53001)"),
    (
        "approved-application",
        "The application must be an approved one (53002)",
    ),
    ("managed-device", "The device must be managed (530003)"),
    (
        "security-defaults",
        "Security defaults block access (530032)",
    ),
];

/// What begins the name of a box that stands for an application.
const APP: &str = "app-";

#[derive(Template)]
#[template(path = "console/tenant.html")]
struct TenantPage {
    frame: Frame,
    id: TenantId,
    name: String,
    domains: String,
    blocks: Vec<Choice>,
    boxes: [Switch; 4],
    numbers: [Number; 4],
    policies: Vec<PolicyRow>,
    apps: Vec<(ClientId, String)>,
}

struct Switch {
    name: &'static str,
    label: &'static str,
    is_on: bool,
}

struct Number {
    name: &'static str,
    label: &'static str,
    value: Option<u32>,
}

struct PolicyRow {
    to: String,
    apps: String,
    acts_from: String,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    draw(&sandbox, &id, None)
}

fn draw(sandbox: &Sandbox, id: &str, problem: Option<String>) -> Response {
    let template = sandbox.read(|state| {
        let tenant = state.tenants.get(&id.parse().ok()?)?;
        let switches = &tenant.switches;
        Some(TenantPage {
            frame: Frame::at("/").with_problem(problem),
            id: tenant.id,
            name: tenant_name(state, tenant.id),
            domains: tenant.domains.join(", "),
            blocks: blocks(switches),
            boxes: boxes(switches),
            numbers: numbers(switches),
            policies: state
                .meetings
                .access_policies
                .iter()
                .filter(|policy| policy.tenant == tenant.id)
                .map(|policy| policy_row(state, policy))
                .collect(),
            apps: state
                .apps
                .values()
                .map(|app| (app.client_id, app.name.clone()))
                .collect(),
        })
    });
    match template {
        Some(template) => drawn(status_of(&template.frame), &template),
        None => refused(
            StatusCode::NOT_FOUND,
            "There is no such tenant",
            "The overview lists those that there are.",
        ),
    }
}

fn blocks(switches: &Switches) -> Vec<Choice> {
    let now = json!(switches.access.block);
    let now = now.as_str().unwrap_or_default();
    BLOCKS
        .iter()
        .map(|(value, name)| Choice {
            value,
            name,
            is_chosen: *value == now,
        })
        .collect()
}

fn boxes(switches: &Switches) -> [Switch; 4] {
    let switch = |name, label, is_on| Switch { name, label, is_on };
    [
        switch("mfa", "Everybody needs a second factor", switches.mfa),
        switch(
            "consent_requests",
            "People may ask administrators for approval",
            switches.consent_requests,
        ),
        switch(
            "one_use_refresh_tokens",
            "A refresh token works once",
            switches.one_use_refresh_tokens,
        ),
        switch(
            "one_use_assertions",
            "A client assertion works once",
            switches.one_use_assertions,
        ),
    ]
}

fn numbers(switches: &Switches) -> [Number; 4] {
    let number = |name, label, value| Number { name, label, value };
    let delay = Some(switches.consent_delay_seconds).filter(|delay| *delay > 0);
    [
        number(
            "sign_in_hours",
            "A sign-in counts for so many hours",
            switches.access.sign_in_hours,
        ),
        number(
            "second_factor_hours",
            "A second factor counts for so many hours",
            switches.access.second_factor_hours,
        ),
        number(
            "consent_delay_seconds",
            "A consent acts after so many seconds",
            delay,
        ),
        number(
            "loop_limit",
            "More equal token requests in five minutes are a loop",
            switches.loop_limit,
        ),
    ]
}

fn policy_row(state: &World, policy: &AccessPolicy) -> PolicyRow {
    let apps = policy.apps.iter().map(|id| {
        let app = state.apps.get(id);
        app.map_or_else(|| id.to_string(), |app| app.name.clone())
    });
    let apps: Vec<String> = apps.collect();
    PolicyRow {
        to: match policy.host {
            None => "Everyone".to_owned(),
            Some(host) => match state.people.find(host) {
                Some(person) => person.display_name.clone(),
                None => "Somebody deleted".to_owned(),
            },
        },
        apps: if apps.is_empty() {
            "no application".to_owned()
        } else {
            apps.join(", ")
        },
        acts_from: written(policy.acts_from),
    }
}

pub(super) async fn demand(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let number = |name: &str| number_or_none(&fields, name);
    let or_zero = |value: Value| if value.is_null() { json!(0) } else { value };
    let block = fields.get("block").filter(|block| !block.is_empty());
    let mut asked = json!({
        "access": {
            "block": block,
            "sign_in_hours": number("sign_in_hours"),
            "second_factor_hours": number("second_factor_hours"),
        },
        "consent_delay_seconds": or_zero(number("consent_delay_seconds")),
        "loop_limit": or_zero(number("loop_limit")),
    });
    for name in [
        "mfa",
        "consent_requests",
        "one_use_refresh_tokens",
        "one_use_assertions",
    ] {
        asked[name] = json!(fields.contains_key(name));
    }
    let lever = format!("tenants/{}", encoded(&id));
    end(&sandbox, &id, pull(&sandbox, "PATCH", &lever, &asked).await)
}

pub(super) async fn give_access(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let apps: Vec<&str> = fields
        .keys()
        .filter_map(|name| name.strip_prefix(APP))
        .collect();
    let host = fields.get("host").map(|host| host.trim());
    let asked = json!({
        "tenant": id,
        "apps": apps,
        "host": host.filter(|host| !host.is_empty()),
        "acts_after_seconds": number_or_none(&fields, "acts_after_seconds"),
    });
    let pulled = pull(&sandbox, "POST", "access-policies", &asked).await;
    end(&sandbox, &id, pulled)
}

fn end(sandbox: &Sandbox, id: &str, pulled: Result<Value, String>) -> Response {
    match pulled {
        Ok(_) => back_to(&format!("/sandbox/tenants/{}", encoded(id))),
        Err(problem) => draw(sandbox, id, Some(problem)),
    }
}
