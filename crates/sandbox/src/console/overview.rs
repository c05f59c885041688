//! The first page: what time it is, which tenants there are, what was asked
//! last, and the way to begin anew.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::calls::{self, CallRow};
use super::{Fields, Frame, back_to, drawn, pull, status_of, written};
use crate::Sandbox;
use crate::ids::TenantId;
use crate::tenant::{ConsentPolicy, State as World};

/// How many calls are shown here.
const CALLS: usize = 8;

const POLICIES: [(ConsentPolicy, &str, &str); 3] = [
    (ConsentPolicy::Allow, "allow", "People themselves"),
    (
        ConsentPolicy::BlockTeams,
        "block-teams",
        "Administrators, for Teams",
    ),
    (
        ConsentPolicy::AdminOnly,
        "admin-only",
        "Administrators, for everything",
    ),
];

#[derive(Template)]
#[template(path = "console/overview.html")]
struct Overview {
    frame: Frame,
    now: String,
    is_frozen: bool,
    ahead: Option<String>,
    tenants: Vec<TenantRow>,
    faults: usize,
    calls: Vec<CallRow>,
    total: u64,
    counts: Vec<(usize, &'static str)>,
}

struct TenantRow {
    id: TenantId,
    name: String,
    domains: String,
    people: usize,
    policies: Vec<Choice>,
}

/// One of several.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) name: &'static str,
    pub(super) is_chosen: bool,
}

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Response {
    draw(&sandbox, None)
}

fn draw(sandbox: &Sandbox, problem: Option<String>) -> Response {
    let clock = sandbox.clock();
    let ahead = clock.offset();
    let faults = sandbox.faults().list(sandbox.now()).len()
        + sandbox.read(|state| state.mailboxes.faults.clone().list(sandbox.now()).len());
    let template = sandbox.read(|state| Overview {
        frame: Frame::at("/").with_problem(problem),
        now: written(clock.now()),
        is_frozen: clock.is_frozen(),
        ahead: (ahead.as_secs() != 0).then(|| {
            let word = if ahead.is_negative() {
                "behind"
            } else {
                "ahead"
            };
            format!("{:#} {word}", ahead.abs())
        }),
        tenants: tenants(state),
        faults,
        calls: calls::recent(state, CALLS),
        total: state.calls.total(),
        counts: counts(state),
    });
    drawn(status_of(&template.frame), &template)
}

fn tenants(state: &World) -> Vec<TenantRow> {
    state
        .tenants
        .values()
        .map(|tenant| TenantRow {
            id: tenant.id,
            name: tenant.name.clone(),
            domains: tenant.domains.join(", "),
            people: state.people.list(tenant.id).count(),
            policies: POLICIES
                .iter()
                .map(|(policy, value, name)| Choice {
                    value,
                    name,
                    is_chosen: *policy == tenant.consent_policy,
                })
                .collect(),
        })
        .collect()
}

/// What a reset takes away.
fn counts(state: &World) -> Vec<(usize, &'static str)> {
    vec![
        (state.meetings.len(), "meetings"),
        (state.mailboxes.iter().len(), "messages"),
        (state.grants.len(), "consents"),
    ]
}

pub(super) async fn change_clock(
    State(sandbox): State<Sandbox>,
    Form(fields): Form<Fields>,
) -> Response {
    let asked = match fields.get("advance").map(|text| text.trim()) {
        Some(by) if !by.is_empty() => json!({ "advance": by }),
        Some(_) => {
            return draw(
                &sandbox,
                Some("Say how far, such as 90d or 2h 30m.".to_owned()),
            );
        }
        None => json!({ "frozen": fields.contains_key("stop") }),
    };
    match pull(&sandbox, "POST", "clock", &asked).await {
        Ok(_) => back_to("/"),
        Err(problem) => draw(&sandbox, Some(problem)),
    }
}

pub(super) async fn change_tenant(
    State(sandbox): State<Sandbox>,
    Path(tenant): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let path = format!("tenants/{}", super::people::encoded(&tenant));
    let asked = json!({ "consent_policy": fields.get("consent_policy") });
    match pull(&sandbox, "PATCH", &path, &asked).await {
        Ok(_) => back_to("/"),
        Err(problem) => draw(&sandbox, Some(problem)),
    }
}

pub(super) async fn rotate_keys(State(sandbox): State<Sandbox>) -> Response {
    match pull(&sandbox, "POST", "keys/rotate", &json!({})).await {
        Ok(_) => back_to("/"),
        Err(problem) => draw(&sandbox, Some(problem)),
    }
}

pub(super) async fn reset(State(sandbox): State<Sandbox>) -> Response {
    sandbox.reset();
    back_to("/")
}
