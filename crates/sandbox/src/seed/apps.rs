//! App registrations of a seed, with what tenants have approved for them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::file::{AppEntry, CertificateEntry, GrantEntry, SignInAudience};
use super::{SeedError, after_two_years, derived, known_tenant, unguessable};
use crate::ids::{ClientId, ObjectId, TenantId};
use crate::secret::Secret;
use crate::tenant::State;
use crate::tenant::app::{
    AppRegistration, Audience, Certificate, ClientSecret, Grant, Grantee, Redirect,
    ServicePrincipal,
};
use crate::tenant::meetings::AccessPolicy;
use crate::tenant::person::AdminRole;

pub(super) fn plant(
    state: &mut State,
    entry: &AppEntry,
    entropy: &str,
    at: Timestamp,
) -> Result<(), SeedError> {
    let name = &entry.name;
    let client_id = entry.client_id.unwrap_or_else(|| client_id(name));
    let app = AppRegistration {
        client_id,
        name: name.clone(),
        publisher: entry.publisher.clone(),
        audience: audience(state, entry)?,
        redirects: entry
            .redirects
            .iter()
            .map(|redirect| Redirect {
                kind: redirect.kind,
                uri: redirect.uri.clone(),
            })
            .collect(),
        secrets: secrets(entry, entropy, at)?,
        certificates: entry
            .certificates
            .iter()
            .map(|certificate| read_certificate(name, certificate, at))
            .collect::<Result<_, _>>()?,
        scopes: entry.delegated.iter().cloned().collect(),
        roles: entry.application.iter().cloned().collect(),
    };
    for (number, grant) in entry.grants.iter().enumerate() {
        approve(state, &app, grant, number, at)?;
    }
    for policy in &entry.access_policies {
        let tenant = known_tenant(state, &policy.tenant)?;
        let host = policy
            .host
            .as_deref()
            .map(|host| known_person(state, tenant, &policy.tenant, host))
            .transpose()?;
        // A later policy would replace an earlier one of another app.
        let policies = &mut state.meetings.access_policies;
        let known = policies
            .iter_mut()
            .find(|policy| policy.tenant == tenant && policy.host == host);
        match known {
            Some(policy) => {
                policy.apps.insert(client_id);
            }
            None => policies.push(AccessPolicy {
                tenant,
                apps: [client_id].into(),
                host,
                acts_from: at,
            }),
        }
    }
    match state.apps.insert(client_id, app) {
        None => Ok(()),
        Some(_) => Err(SeedError::new(format!(
            "two apps have the client id {client_id}"
        ))),
    }
}

/// The client id of an app of this name that has no other.
pub(super) fn client_id(name: &str) -> ClientId {
    ClientId(derived(&format!("app:{}", name.to_lowercase())))
}

fn audience(state: &State, entry: &AppEntry) -> Result<Audience, SeedError> {
    let home = entry
        .home
        .as_deref()
        .map(|home| known_tenant(state, home))
        .transpose()?;
    match (entry.sign_in_audience, home) {
        (SignInAudience::OneTenant, Some(home)) => Ok(Audience::OneTenant(home)),
        (SignInAudience::OneTenant, None) => Err(SeedError::new(format!(
            "the app {} is for one tenant and has no `home`",
            entry.name
        ))),
        (SignInAudience::AnyTenant, _) => Ok(Audience::AnyTenant),
        (SignInAudience::AnyTenantAndPersonal, _) => Ok(Audience::AnyTenantAndPersonal),
    }
}

fn secrets(entry: &AppEntry, entropy: &str, at: Timestamp) -> Result<Vec<ClientSecret>, SeedError> {
    let one = |(number, secret): (usize, &super::file::SecretEntry)| {
        let name = format!("secret:{}:{number}", entry.name);
        Ok(ClientSecret {
            id: derived(&name),
            value: match &secret.value {
                Some(value) => Secret::new(value.clone()),
                None => made_up(unguessable(entropy, &name)),
            },
            expires_at: expiry(secret.expires.as_deref(), at)?,
        })
    };
    entry.secrets.iter().enumerate().map(one).collect()
}

/// A client secret as Entra ID might make it.
pub(crate) fn made_up(bytes: [u8; 32]) -> Secret {
    Secret::new(format!(
        "sbx8Q~{}",
        BASE64_URL_SAFE_NO_PAD.encode(&bytes[..25])
    ))
}

fn expiry(text: Option<&str>, at: Timestamp) -> Result<Timestamp, SeedError> {
    match text {
        None => Ok(after_two_years(at)),
        Some(text) => text.parse().map_err(|_| {
            SeedError::new(format!(
                "{text} is no point in time, such as 2030-01-31T00:00:00Z"
            ))
        }),
    }
}

fn read_certificate(
    name: &str,
    entry: &CertificateEntry,
    at: Timestamp,
) -> Result<Certificate, SeedError> {
    let refused = || SeedError::new(format!("`pem` of the app {name} is no certificate in PEM"));
    let (_, rest) = entry
        .pem
        .split_once("-----BEGIN CERTIFICATE-----")
        .ok_or_else(refused)?;
    let (body, _) = rest
        .split_once("-----END CERTIFICATE-----")
        .ok_or_else(refused)?;
    let text: String = body.split_whitespace().collect();
    Ok(Certificate {
        der: BASE64_STANDARD.decode(text).map_err(|_| refused())?,
        expires_at: expiry(entry.expires.as_deref(), at)?,
    })
}

fn approve(
    state: &mut State,
    app: &AppRegistration,
    entry: &GrantEntry,
    number: usize,
    at: Timestamp,
) -> Result<(), SeedError> {
    let (tenant, client_id) = (known_tenant(state, &entry.tenant)?, app.client_id);
    let chosen = |chosen: &Option<Vec<String>>, required: &BTreeSet<String>| match chosen {
        Some(chosen) => chosen.iter().cloned().collect(),
        None => required.clone(),
    };
    let to = match &entry.person {
        None => Grantee::AllPrincipals,
        Some(person) => Grantee::Principal(known_person(state, tenant, &entry.tenant, person)?),
    };
    let (by, roles) = match to {
        Grantee::Principal(person) => (person, BTreeSet::new()),
        Grantee::AllPrincipals => (
            administrator(state, tenant),
            chosen(&entry.application, &app.roles),
        ),
    };
    let name = format!("{client_id}:{tenant}");
    let known = state
        .service_principals
        .iter_mut()
        .find(|principal| principal.tenant == tenant && principal.client_id == client_id);
    match known {
        Some(principal) => principal.roles.extend(roles),
        None => state.service_principals.push(ServicePrincipal {
            id: ObjectId(derived(&format!("principal:{name}"))),
            tenant,
            client_id,
            enabled: true,
            created: at,
            roles,
        }),
    }
    let scopes = chosen(&entry.delegated, &app.scopes);
    if !scopes.is_empty() {
        state.grants.push(Grant {
            id: derived(&format!("grant:{name}:{number}")).to_string(),
            tenant,
            client_id,
            to,
            scopes,
            by,
            at,
        });
    }
    Ok(())
}

fn administrator(state: &State, tenant: TenantId) -> ObjectId {
    state
        .people
        .list(tenant)
        .find(|person| person.role == AdminRole::GlobalAdministrator)
        .map_or(ObjectId(uuid::Uuid::nil()), |person| person.id)
}

fn known_person(
    state: &State,
    tenant: TenantId,
    domain: &str,
    upn: &str,
) -> Result<ObjectId, SeedError> {
    state
        .people
        .find_upn(tenant, upn)
        .map(|person| person.id)
        .ok_or_else(|| SeedError::new(format!("nobody in {domain} is called {upn}")))
}
