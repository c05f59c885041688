//! `/_sandbox/tenants/{tenant}`, `/_sandbox/grants/{tenant}` and
//! `/_sandbox/applications/{tenant}`: what an administrator of a tenant does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::ids::TenantId;
use crate::tenant::access::Access;
use crate::tenant::{ConsentPolicy, State as World, Tenant};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TenantChange {
    consent_policy: Option<ConsentPolicy>,
    /// What Conditional Access demands; it replaces what it demanded before.
    access: Option<Access>,
    mfa: Option<bool>,
    consent_requests: Option<bool>,
    consent_delay_seconds: Option<u32>,
    one_use_refresh_tokens: Option<bool>,
    one_use_assertions: Option<bool>,
    /// Zero takes the limit away.
    loop_limit: Option<u32>,
    /// Switches the enterprise applications on or off, as an administrator may.
    applications_enabled: Option<bool>,
}

impl TenantChange {
    fn make(self, tenant: &mut Tenant) {
        let switches = &mut tenant.switches;
        set(&mut tenant.consent_policy, self.consent_policy);
        set(&mut switches.access, self.access);
        set(&mut switches.mfa, self.mfa);
        set(&mut switches.consent_requests, self.consent_requests);
        set(
            &mut switches.consent_delay_seconds,
            self.consent_delay_seconds,
        );
        set(
            &mut switches.one_use_refresh_tokens,
            self.one_use_refresh_tokens,
        );
        set(&mut switches.one_use_assertions, self.one_use_assertions);
        if let Some(limit) = self.loop_limit {
            switches.loop_limit = Some(limit).filter(|limit| *limit > 0);
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Wanted(change): Wanted<TenantChange>,
) -> Result<StatusCode, Refusal> {
    in_tenant(&sandbox, &name, |state, id| {
        if let Some(enabled) = change.applications_enabled {
            let theirs = state.service_principals.iter_mut();
            theirs
                .filter(|principal| principal.tenant == id)
                .for_each(|principal| principal.enabled = enabled);
        }
        if let Some(tenant) = state.tenants.get_mut(&id) {
            change.make(tenant);
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
