//! How the organization's connection to Microsoft Teams stands, for programs.

use axum::routing::get;
use mentoring::integration::{Cause, IntegrationState};
use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Answered, Route};
use super::meetings::json;
use super::query::Parameters;
use super::{Answer, Bearer, schema};
use crate::store::integrations::{self, Integration};

pub fn routes() -> Vec<Route> {
    vec![Route {
        method: "get",
        path: "/integrations/teams",
        handler: get(show),
        id: "getTeamsIntegration",
        noun: "Integrations",
        summary: "Read how Microsoft Teams is integrated",
        detail: "Everybody sees the state and what it means; global administrators also see the tenant, the host, and what the last test found.",
        parameters: Vec::new(),
        body: None,
        answer: Answered {
            status: 200,
            shape: "TeamsIntegration",
            description: "How it stands.",
            headers: &[],
        },
        refusals: &[],
    }]
}

const STATES: [&str; 8] = [
    "not_integrated",
    "awaiting_confirmation",
    "checking",
    "integrated",
    "needs_attention",
    "removing",
    "removed",
    "reconnecting",
];

pub fn schemas() -> Vec<(&'static str, Value)> {
    let causes: Vec<Value> = Cause::ALL
        .iter()
        .map(|cause| json!(cause.as_str()))
        .chain([Value::Null])
        .collect();
    let tenant = schema::object(&[
        ("id", schema::id("Microsoft's id of it."), true),
        ("name", schema::text("Its name."), true),
    ]);
    let host = schema::object(&[
        (
            "object_id",
            schema::id("Microsoft's id of the account."),
            true,
        ),
        ("name", schema::text("Its name."), true),
        (
            "user_principal_name",
            schema::text("Its name for signing in."),
            true,
        ),
    ]);
    let check = schema::object(&[
        ("name", schema::text("What was tried."), true),
        ("passed", schema::truth("Whether it worked."), true),
        ("reason", schema::text("If not: why, and what to do."), true),
    ]);
    let or_null = |schema: Value, description: &str| json!({ "anyOf": [schema, { "type": "null" }], "description": description });
    let integration = schema::object(&[
        ("state", schema::word(&STATES, "How it stands."), true),
        (
            "offers_teams",
            schema::truth("Whether new Teams meetings can be made."),
            true,
        ),
        (
            "cause",
            json!({ "enum": causes, "description": "What is wrong, if it needs attention." }),
            true,
        ),
        (
            "reason",
            schema::text_or_null("The same in a sentence for you."),
            true,
        ),
        (
            "tenant",
            or_null(
                tenant,
                "The connected Microsoft directory. For global administrators.",
            ),
            true,
        ),
        (
            "host",
            or_null(
                host,
                "The account that hosts every meeting. For global administrators.",
            ),
            true,
        ),
        (
            "connected_at",
            schema::instant_or_null("Since when. For global administrators."),
            true,
        ),
        (
            "checked_at",
            schema::instant_or_null("When the test last ran. For global administrators."),
            true,
        ),
        (
            "checks",
            or_null(
                schema::list(&check, "Its lines."),
                "What the test found. For global administrators.",
            ),
            true,
        ),
    ]);
    vec![("TeamsIntegration", integration)]
}

#[derive(Serialize)]
struct Shown {
    state: &'static str,
    offers_teams: bool,
    cause: Option<&'static str>,
    reason: Option<String>,
    tenant: Option<Tenant>,
    host: Option<Host>,
    connected_at: Option<String>,
    checked_at: Option<String>,
    checks: Option<Vec<integrations::Check>>,
}

#[derive(Serialize)]
struct Tenant {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct Host {
    object_id: String,
    name: String,
    user_principal_name: String,
}

fn state(state: IntegrationState) -> &'static str {
    match state {
        IntegrationState::NotIntegrated => STATES[0],
        IntegrationState::AwaitingConfirmation => STATES[1],
        IntegrationState::Checking => STATES[2],
        IntegrationState::Integrated => STATES[3],
        IntegrationState::NeedsAttention(_) => STATES[4],
        IntegrationState::Removing => STATES[5],
        IntegrationState::Removed => STATES[6],
        IntegrationState::Reconnecting => STATES[7],
    }
}

async fn show(bearer: Bearer, parameters: Parameters) -> Answer {
    parameters.end()?;
    let integration = integrations::find(bearer.store(), &bearer.sight).await?;
    let manages = bearer.acting().actor.may_manage_organization();
    json(&shown(integration, manages))
}

fn shown(integration: Integration, manages: bool) -> Shown {
    let cause = match integration.state {
        IntegrationState::NeedsAttention(cause) => Some(cause),
        _ => None,
    };
    let sentence = |cause: Cause| {
        if manages {
            format!("{} {}", cause.sentence_for_administrator(), cause.remedy())
        } else {
            cause.sentence_for_participant().to_owned()
        }
    };
    let host = integration.host.filter(|_| manages);
    Shown {
        state: state(integration.state),
        offers_teams: integration.state.offers_teams(),
        cause: cause.map(Cause::as_str),
        reason: cause.map(sentence),
        tenant: host.as_ref().map(|host| Tenant {
            id: host.tenant_id.to_string(),
            name: host.tenant_name.clone(),
        }),
        host: host.map(|host| Host {
            object_id: host.object_id.to_string(),
            name: host.name,
            user_principal_name: host.user_principal_name,
        }),
        connected_at: integration
            .connected_at
            .filter(|_| manages)
            .map(|at| at.to_string()),
        checked_at: integration
            .checked_at
            .filter(|_| manages)
            .map(|at| at.to_string()),
        checks: manages.then_some(integration.checks),
    }
}
