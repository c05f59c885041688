//! `/_sandbox/tenants/{tenant}`, `/_sandbox/grants/{tenant}` and
//! `/_sandbox/applications/{tenant}`: what an administrator of a tenant does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::ids::TenantId;
use crate::tenant::{ConsentPolicy, State as World};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TenantChange {
    consent_policy: Option<ConsentPolicy>,
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Wanted(change): Wanted<TenantChange>,
) -> Result<StatusCode, Refusal> {
    in_tenant(&sandbox, &name, |state, id| {
        if let Some(tenant) = state.tenants.get_mut(&id) {
            tenant.consent_policy = change.consent_policy.unwrap_or(tenant.consent_policy);
        }
    })
}

/// Takes back every delegated permission; the enterprise applications stay.
pub(super) async fn delete_grants(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    in_tenant(&sandbox, &name, |state, id| {
        state.grants.retain(|grant| grant.tenant != id);
    })
}

/// Deletes the enterprise applications, as an administrator does to be rid of one.
pub(super) async fn delete_applications(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    in_tenant(&sandbox, &name, |state, id| {
        state.grants.retain(|grant| grant.tenant != id);
        state
            .service_principals
            .retain(|principal| principal.tenant != id);
    })
}

fn in_tenant(
    sandbox: &Sandbox,
    name: &str,
    change: impl FnOnce(&mut World, TenantId),
) -> Result<StatusCode, Refusal> {
    sandbox.change(|state| {
        let id = state
            .find_tenant(name)
            .ok_or_else(|| Refusal::not_found("tenant", name))?
            .id;
        change(state, id);
        Ok(StatusCode::NO_CONTENT)
    })
}
