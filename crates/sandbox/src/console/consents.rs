//! What tenants have approved, and how it is taken back.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::people::encoded;
use super::{Fields, Frame, back_to, drawn, pull, status_of, tenant_name, written};
use crate::Sandbox;
use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::State as World;
use crate::tenant::app::Grantee;

#[derive(Template)]
#[template(path = "console/consents.html")]
struct ConsentsPage {
    frame: Frame,
    tenants: Vec<Group>,
}

/// A tenant with its enterprise applications.
struct Group {
    id: TenantId,
    name: String,
    applications: Vec<Application>,
    grants: Vec<GrantRow>,
}

struct Application {
    name: String,
    client_id: String,
    is_enabled: bool,
    roles: String,
}

struct GrantRow {
    app: String,
    to: String,
    scopes: Vec<String>,
    by: String,
    at: String,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Response {
    draw(&sandbox, None)
}

fn draw(sandbox: &Sandbox, problem: Option<String>) -> Response {
    let template = sandbox.read(|state| ConsentsPage {
        frame: Frame::at("/sandbox/consents").with_problem(problem),
        tenants: state
            .tenants
            .keys()
            .map(|tenant| group(state, *tenant))
            .collect(),
    });
    drawn(status_of(&template.frame), &template)
}

fn group(state: &World, tenant: TenantId) -> Group {
    let applications = state
        .service_principals
        .iter()
        .filter(|principal| principal.tenant == tenant)
        .map(|principal| Application {
            name: app_name(state, principal.client_id),
            client_id: principal.client_id.to_string(),
            is_enabled: principal.enabled,
            roles: principal
                .roles
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        });
    let grants = state
        .grants
        .iter()
        .filter(|grant| grant.tenant == tenant)
        .map(|grant| GrantRow {
            app: app_name(state, grant.client_id),
            to: match grant.to {
                Grantee::Principal(person) => person_name(state, person),
                Grantee::AllPrincipals => "Everyone".to_owned(),
            },
            scopes: grant.scopes.iter().cloned().collect(),
            by: person_name(state, grant.by),
            at: written(grant.at),
        });
    Group {
        id: tenant,
        name: tenant_name(state, tenant),
        applications: applications.collect(),
        grants: grants.collect(),
    }
}

fn app_name(state: &World, id: ClientId) -> String {
    state
        .apps
        .get(&id)
        .map_or_else(|| id.to_string(), |app| app.name.clone())
}

fn person_name(state: &World, id: ObjectId) -> String {
    state
        .people
        .find(id)
        .map_or_else(|| id.to_string(), |person| person.display_name.clone())
}

pub(super) async fn take_back(
    State(sandbox): State<Sandbox>,
    Path(tenant): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let what = match fields.get("what").map(String::as_str) {
        Some("applications") => "applications",
        _ => "grants",
    };
    let lever = format!("{what}/{}", encoded(&tenant));
    match pull(&sandbox, "DELETE", &lever, &Value::Null).await {
        Ok(_) => back_to("/sandbox/consents"),
        Err(problem) => draw(&sandbox, Some(problem)),
    }
}
