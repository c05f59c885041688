//! What a program must know to begin: tenants, applications and people, with the secrets that
//! open them.

use serde::Serialize;

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::seed;
use crate::tenant::State;
use crate::tenant::app::{AppRegistration, Audience};

/// Where the sandbox is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Doors {
    pub url: String,
    /// None where it doesn't speak HTTPS.
    pub tls_url: Option<String>,
    /// Host and port.
    pub smtp: Option<String>,
    pub admin_url: Option<String>,
}

/// A tenant, as the first line of `ithaca sandbox --json` shows it.
#[derive(Clone, Serialize)]
pub struct TenantListing {
    pub id: TenantId,
    pub domain: String,
    /// Those that have been approved come first.
    pub apps: Vec<AppListing>,
    pub people: Vec<PersonListing>,
}

/// An application that may be used in a tenant.
#[derive(Clone, Serialize)]
pub struct AppListing {
    pub client_id: ClientId,
    /// None where it has only certificates, or none at all.
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
}

/// An account with its password.
#[derive(Clone, Serialize)]
pub struct PersonListing {
    pub upn: String,
    pub object_id: ObjectId,
    pub password: String,
}

/// Every tenant, those in `order` first.
pub(crate) fn tenants(state: &State, order: &[TenantId]) -> Vec<TenantListing> {
    let known = order.iter().filter_map(|id| state.tenants.get(id));
    let others = state
        .tenants
        .values()
        .filter(|one| !order.contains(&one.id));
    known
        .chain(others)
        .map(|tenant| TenantListing {
            id: tenant.id,
            domain: tenant.domains.first().cloned().unwrap_or_default(),
            apps: apps(state, tenant.id),
            people: people(state, tenant.id),
        })
        .collect()
}

fn apps(state: &State, tenant: TenantId) -> Vec<AppListing> {
    let mut apps: Vec<&AppRegistration> = state
        .apps
        .values()
        .filter(|app| match app.audience {
            Audience::OneTenant(home) => home == tenant,
            Audience::AnyTenant | Audience::AnyTenantAndPersonal => true,
        })
        .collect();
    apps.sort_by_key(|app| {
        state
            .find_service_principal(tenant, app.client_id)
            .is_none()
    });
    apps.into_iter()
        .map(|app| AppListing {
            client_id: app.client_id,
            client_secret: app
                .secrets
                .last()
                .map(|secret| secret.value.reveal().to_owned()),
            redirect_uris: app.redirects.iter().map(|one| one.uri.clone()).collect(),
        })
        .collect()
}

fn people(state: &State, tenant: TenantId) -> Vec<PersonListing> {
    state
        .people
        .list(tenant)
        .filter(|person| !seed::is_of_a_crowd(person))
        .map(|person| PersonListing {
            upn: person.upn.clone(),
            object_id: person.id,
            password: person.password.reveal().to_owned(),
        })
        .collect()
}

impl std::fmt::Debug for TenantListing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantListing")
            .field("id", &self.id)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AppListing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppListing")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PersonListing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonListing")
            .field("upn", &self.upn)
            .finish_non_exhaustive()
    }
}
