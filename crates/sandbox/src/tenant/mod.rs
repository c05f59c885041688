//! The state of the pretend Microsoft: tenants, people, applications, grants,
//! tokens, meetings, mail. Plain values and look-ups; what may be done with
//! them is decided at the doors (`entra`, `graph`).

pub mod access;
pub mod app;
pub mod attempt;
pub mod calls;
pub mod history;
pub mod limits;
pub mod mailboxes;
pub mod meetings;
pub mod person;
pub mod rooms;
pub mod token;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, ObjectId, TenantId};
use access::{Access, Switches};
use app::{AppRegistration, ConsentRequest, Grant, Grantee, ServicePrincipal};
use attempt::Attempt;
use calls::Calls;
use limits::Limits;
use mailboxes::Mailboxes;
use meetings::Meetings;
use person::{People, Person};
use rooms::Rooms;
use token::{AccessToken, Asked, Code, RefreshToken, Session, Tokens, Used};

/// The directory to which personal Microsoft accounts belong.
/// Source: "ID token claims reference", `tid`.
pub const PERSONAL_TENANT: TenantId = TenantId(uuid::uuid!("9188040d-6c67-4c5b-b112-36a304b66dad"));

/// An organization's Microsoft directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    /// Verified domains, the default one first.
    pub domains: Vec<String>,
    /// Two letters, as in ISO 3166.
    pub country: String,
    pub consent_policy: ConsentPolicy,
    #[serde(default)]
    pub switches: Switches,
}

/// What people without a role may approve for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentPolicy {
    /// Any permission that needs no administrator.
    Allow,
    /// The same without `OnlineMeetings.*` and its like, as in tenants that let Microsoft manage
    /// their consent settings. Source: "Manage app consent policies" (2026-01).
    #[default]
    BlockTeams,
    /// Nothing.
    AdminOnly,
}

/// Everything there is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub tenants: BTreeMap<TenantId, Tenant>,
    pub people: People,
    pub apps: BTreeMap<ClientId, AppRegistration>,
    pub service_principals: Vec<ServicePrincipal>,
    pub grants: Vec<Grant>,
    pub consent_requests: Vec<ConsentRequest>,
    pub codes: Tokens<Code>,
    pub refresh_tokens: Tokens<RefreshToken>,
    pub access_tokens: Tokens<AccessToken>,
    pub sessions: Tokens<Session>,
    /// Client assertions that were used, by their `jti`.
    pub assertions: Tokens<Used>,
    /// Equal token requests of the last minutes, to find clients that turn in circles.
    #[serde(skip)]
    pub asked: Tokens<Asked>,
    pub meetings: Meetings,
    pub limits: Limits,
    pub mailboxes: Mailboxes,
    #[serde(skip)]
    pub attempts: Tokens<Attempt>,
    #[serde(skip)]
    pub rooms: Rooms,
    #[serde(skip)]
    pub calls: Calls,
}

/// Why an access token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerRefusal {
    /// There is none, or it isn't one of ours.
    Invalid,
    Expired,
    /// Something happened to its person since, and the client understands claims challenges.
    Revoked,
}

impl State {
    /// The tenant with this GUID or verified domain.
    pub fn find_tenant(&self, name: &str) -> Option<&Tenant> {
        match name.parse() {
            Ok(id) => self.tenants.get(&id),
            Err(_) => self.tenants.values().find(|tenant| {
                tenant
                    .domains
                    .iter()
                    .any(|domain| domain.eq_ignore_ascii_case(name))
            }),
        }
    }

    /// The application's presence in a tenant.
    pub fn find_service_principal(
        &self,
        tenant: TenantId,
        client_id: ClientId,
    ) -> Option<&ServicePrincipal> {
        self.service_principals
            .iter()
            .find(|principal| principal.tenant == tenant && principal.client_id == client_id)
    }

    /// The delegated permissions that an application has for a person: its own grant and the
    /// tenant's together.
    pub fn granted_scopes(
        &self,
        tenant: TenantId,
        client_id: ClientId,
        person: ObjectId,
    ) -> BTreeSet<String> {
        self.grants_for(tenant, client_id, person)
            .flat_map(|grant| grant.scopes.iter().cloned())
            .collect()
    }

    /// The grants that count for a person.
    pub fn grants_for(
        &self,
        tenant: TenantId,
        client_id: ClientId,
        person: ObjectId,
    ) -> impl Iterator<Item = &Grant> {
        self.grants
            .iter()
            .filter(move |grant| grant.tenant == tenant && grant.client_id == client_id)
            .filter(move |grant| match grant.to {
                Grantee::Principal(id) => id == person,
                Grantee::AllPrincipals => true,
            })
    }

    /// The sign-in with this key, while there is time for it.
    pub fn find_attempt(&self, ctx: &str, now: Timestamp) -> Option<&Attempt> {
        self.attempts
            .find(ctx)
            .filter(|attempt| now < attempt.expires_at)
    }

    /// What the bearer of an access token may do, or why nothing.
    pub fn find_bearer(&self, token: &str, now: Timestamp) -> Result<&AccessToken, BearerRefusal> {
        let access = self
            .access_tokens
            .find(token)
            .ok_or(BearerRefusal::Invalid)?;
        if now >= access.expires_at {
            return Err(BearerRefusal::Expired);
        }
        let outlived = access.person.is_some_and(|id| {
            self.people
                .find(id)
                .is_none_or(|person| has_outlived(access, person))
        });
        if access.understands_claims && outlived {
            return Err(BearerRefusal::Revoked);
        }
        Ok(access)
    }

    /// The switches of a tenant; all off where nobody administers it.
    pub fn switches(&self, tenant: TenantId) -> Switches {
        self.tenants
            .get(&tenant)
            .map_or_else(Switches::default, |tenant| tenant.switches)
    }

    /// What Conditional Access demands of this person.
    pub fn access(&self, person: &Person) -> Access {
        person
            .standing
            .access
            .and(self.switches(person.tenant).access)
    }

    /// Whether this person needs a second factor.
    pub fn needs_second_factor(&self, person: &Person) -> bool {
        person.mfa || person.standing.must_enrol || self.switches(person.tenant).mfa
    }

    /// Forgets what has ended, so that a long-lived sandbox doesn't grow.
    pub fn forget_expired(&mut self, now: Timestamp) {
        self.codes.retain(|code| now < code.expires_at);
        self.assertions.retain(|used| now < used.until);
        // A day longer, so that Graph can still tell an expired token from one it never saw.
        let yesterday = now
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(now);
        self.access_tokens
            .retain(|token| yesterday < token.expires_at);
    }
}

/// Whether something happened to an account that ends access tokens at once.
/// Source: "Continuous access evaluation", critical event evaluation.
fn has_outlived(access: &AccessToken, person: &Person) -> bool {
    !person.enabled
        || access.issued_at < person.sessions_valid_from
        || person
            .standing
            .challenged_at
            .is_some_and(|at| access.issued_at < at)
}
