//! What each grant type demands before it gives anything.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::client::Client;
use super::{Issue, SignedIn};
use crate::entra::authority::Authority;
use crate::entra::authorize::{not_found, s256};
use crate::entra::failure::Failure;
use crate::entra::{Parameters, claims, permissions, step};
use crate::ids::{ObjectId, TenantId};
use crate::tenant::State;
use crate::tenant::access::is_over;
use crate::tenant::app::{AppRegistration, RedirectKind};
use crate::tenant::person::Person;
use crate::tenant::token::{Code, RefreshToken};

/// Shorter than any refresh token: somebody sent `undefined` or a piece of one.
const PLAUSIBLE: usize = 100;

/// A code, once.
pub(super) fn code(
    state: &mut State,
    authority: Authority,
    client: &Client,
    form: &Parameters,
    now: Timestamp,
) -> Result<Issue, Failure> {
    let text = form.get("code").ok_or_else(|| Failure::missing("code"))?;
    let redirect_uri = form
        .get("redirect_uri")
        .ok_or_else(|| Failure::missing("redirect_uri"))?;
    let app = &client.app;
    let code = state
        .codes
        .find(text)
        .filter(|code| code.client_id == app.client_id)
        .cloned()
        .ok_or_else(|| {
            Failure::new(70000).saying("The provided value for the 'code' parameter is not valid.")
        })?;
    client.may_redeem(code.redirect_kind)?;
    if Authority::parse(state, &code.segment).ok() != Some(authority) {
        return Err(Failure::new(700_005));
    }
    if *redirect_uri != code.redirect_uri {
        return Err(Failure::new(500_112).saying(format!(
            "The reply address '{redirect_uri}' does not match the reply address '{}' provided \
             when requesting Authorization code.",
            code.redirect_uri
        )));
    }
    if code.redirect_kind == RedirectKind::Spa && code.challenge.is_none() {
        return Err(Failure::new(9_002_325));
    }
    let verifier = form.get("code_verifier").map(|verifier| s256(verifier));
    if !same(verifier.as_deref(), code.challenge.as_deref()) {
        return Err(Failure::new(501_481));
    }
    if code.redeemed {
        return Err(Failure::new(54005));
    }
    if now >= code.expires_at {
        return Err(Failure::new(70008));
    }
    let claims = claims::read(form)?;
    let person = person(state, code.person, code.tenant, code.signed_in_at)?;
    lets_in(state, &person, &code.proof(), now)?;
    let asked = match form.get("scope") {
        Some(text) => permissions::parse(text, app)?,
        None => code.scopes.clone(),
    };
    let granted = granted(state, app, &person, &asked, form, now)?;
    if let Some(code) = state.codes.find_mut(text) {
        code.redeemed = true;
    }
    Ok(Issue {
        app: app.clone(),
        tenant: code.tenant,
        signed_in: Some(SignedIn {
            person,
            refreshable: code.scopes.contains("offline_access")
                && granted.contains("offline_access"),
            asked,
            nonce: code.nonce,
            session: code.session,
            at: code.signed_in_at,
            second_factor: code.second_factor,
            redirect_kind: code.redirect_kind,
        }),
        granted,
        roles: BTreeSet::new(),
        understands_claims: code.understands_claims || claims.understood,
        wants_client_info: wants_client_info(form),
    })
}

/// A refresh token. It goes on living beside the one that replaces it, as at Microsoft, unless
/// the tenant wants it stricter.
pub(super) fn refresh(
    state: &mut State,
    authority: Authority,
    client: &Client,
    form: &Parameters,
    now: Timestamp,
) -> Result<Issue, Failure> {
    let text = form
        .get("refresh_token")
        .ok_or_else(|| Failure::missing("refresh_token"))?;
    if text.len() < PLAUSIBLE {
        return Err(Failure::new(9_002_313).named("invalid_grant"));
    }
    let app = &client.app;
    let token = state
        .refresh_tokens
        .find(text)
        .filter(|token| token.client_id == app.client_id)
        .cloned()
        .ok_or_else(|| {
            Failure::new(70000)
                .saying("Provided grant is invalid or malformed: the refresh token isn't valid.")
        })?;
    client.may_redeem(token.redirect_kind)?;
    if now >= token.expires_at {
        return Err(match token.redirect_kind {
            RedirectKind::Spa => Failure::new(700_084),
            RedirectKind::Web | RedirectKind::Public => Failure::new(700_082).saying(format!(
                "The refresh token has expired due to inactivity. The token was issued on {} and \
                 was inactive for 90.00:00:00.",
                token.issued_at
            )),
        });
    }
    if authority
        .tenant()
        .is_some_and(|tenant| tenant != token.tenant)
    {
        return Err(Failure::new(50020));
    }
    let claims = claims::read(form)?;
    let person = person(state, token.person, token.tenant, token.signed_in_at)?;
    lets_in(state, &person, &token.proof(), now)?;
    let one_use = state.switches(token.tenant).one_use_refresh_tokens;
    if one_use && token.used {
        // Somebody has a copy. Who it is can't be told, so that nobody goes on.
        state
            .refresh_tokens
            .retain(|other| other.session != token.session || other.client_id != token.client_id);
        return Err(Failure::new(70000).saying(
            "Provided grant is invalid or malformed: the refresh token was used before, and all \
             that came of the same sign-in is revoked.",
        ));
    }
    let asked = form
        .get("scope")
        .map(|text| permissions::parse(text, app))
        .transpose()?;
    let granted = granted(
        state,
        app,
        &person,
        asked.as_ref().unwrap_or(&BTreeSet::new()),
        form,
        now,
    )?;
    if one_use && let Some(kept) = state.refresh_tokens.find_mut(text) {
        kept.used = true;
    }
    Ok(Issue {
        app: app.clone(),
        tenant: token.tenant,
        signed_in: Some(SignedIn {
            person,
            asked: asked.unwrap_or_else(|| granted.clone()),
            nonce: None,
            session: token.session,
            at: token.signed_in_at,
            second_factor: token.second_factor,
            redirect_kind: token.redirect_kind,
            refreshable: true,
        }),
        granted,
        roles: BTreeSet::new(),
        understands_claims: claims.understood,
        wants_client_info: wants_client_info(form),
    })
}

/// The application as itself, with the roles that an administrator approved.
pub(super) fn own(
    state: &State,
    authority: Authority,
    client: &Client,
    form: &Parameters,
    now: Timestamp,
) -> Result<Issue, Failure> {
    let Authority::Tenant(tenant) = authority else {
        return Err(Failure::new(50059));
    };
    if !client.proven {
        return Err(Failure::new(7_000_218));
    }
    let scope = form.get("scope").ok_or_else(|| Failure::missing("scope"))?;
    permissions::parse_default(scope)?;
    let claims = claims::read(form)?;
    let app = &client.app;
    installed(state, tenant, app)?;
    let delay = consent_delay(state, tenant);
    let roles = state
        .find_service_principal(tenant, app.client_id)
        .filter(|principal| now.duration_since(principal.created) >= delay)
        .map(|principal| principal.roles.clone())
        .unwrap_or_default();
    Ok(Issue {
        app: app.clone(),
        tenant,
        signed_in: None,
        granted: BTreeSet::new(),
        roles,
        understands_claims: claims.understood,
        wants_client_info: false,
    })
}

/// The account as it is now: there, enabled, and its sessions not revoked since.
fn person(
    state: &State,
    id: ObjectId,
    tenant: TenantId,
    signed_in_at: Timestamp,
) -> Result<Person, Failure> {
    let person = state.people.find(id).ok_or_else(|| {
        Failure::new(50034).saying(format!(
            "The user account {id} does not exist in the {tenant} directory. To sign into this \
             application, the account must be added to the directory."
        ))
    })?;
    if !person.enabled {
        return Err(Failure::new(50057));
    }
    if signed_in_at < person.sessions_valid_from {
        return Err(Failure::new(50173).saying(format!(
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. \
             The user might have changed or reset their password. The grant was issued on \
             '{signed_in_at}' and the TokensValidFrom date (before which tokens are not valid) for \
             this user is '{}'.",
            person.sessions_valid_from
        )));
    }
    Ok(person.clone())
}

/// How a sign-in was made, for Conditional Access to judge.
struct Proof {
    at: Timestamp,
    second_factor: bool,
}

impl Code {
    fn proof(&self) -> Proof {
        Proof {
            at: self.signed_in_at,
            second_factor: self.second_factor,
        }
    }
}

impl RefreshToken {
    fn proof(&self) -> Proof {
        Proof {
            at: self.signed_in_at,
            second_factor: self.second_factor,
        }
    }
}

/// What Conditional Access says now, whatever it said at the sign-in.
fn lets_in(state: &State, person: &Person, proof: &Proof, now: Timestamp) -> Result<(), Failure> {
    let access = state.access(person);
    if let Some(block) = access.block {
        return Err(Failure::new(block.code()));
    }
    if is_over(access.sign_in_hours, proof.at, now) {
        return Err(Failure::new(70043).saying(format!(
            "The refresh token has expired or is invalid due to sign-in frequency checks by \
             conditional access. The token was issued on {} and the maximum allowed lifetime for \
             this request is {}.",
            proof.at,
            i64::from(access.sign_in_hours.unwrap_or_default()) * 3600
        )));
    }
    let expired = is_over(access.second_factor_hours, proof.at, now);
    if state.needs_second_factor(person) && (!proof.second_factor || expired) {
        return Err(
            step::second_factor(person, proof.second_factor && expired).named("invalid_grant")
        );
    }
    Ok(())
}

/// How long an approval takes to arrive in tokens.
fn consent_delay(state: &State, tenant: TenantId) -> SignedDuration {
    SignedDuration::from_secs(i64::from(state.switches(tenant).consent_delay_seconds))
}

/// All that is approved, if it holds what is asked for by name. What was approved a moment ago
/// may be missing.
fn granted(
    state: &State,
    app: &AppRegistration,
    person: &Person,
    asked: &BTreeSet<String>,
    form: &Parameters,
    now: Timestamp,
) -> Result<BTreeSet<String>, Failure> {
    installed(state, person.tenant, app)?;
    let granted = state.granted_scopes(person.tenant, app.client_id, person.id);
    // `.default` takes whatever there is.
    let by_name = !form
        .get("scope")
        .is_some_and(|text| text.to_ascii_lowercase().contains(".default"));
    if granted.is_empty() || (by_name && !asked.is_subset(&granted)) {
        return Err(step::unapproved(app));
    }
    let delay = consent_delay(state, person.tenant);
    let arrived: BTreeSet<&String> = state
        .grants_for(person.tenant, app.client_id, person.id)
        .filter(|grant| now.duration_since(grant.at) >= delay)
        .flat_map(|grant| &grant.scopes)
        .collect();
    Ok(granted
        .iter()
        .filter(|scope| permissions::is_own(scope) || arrived.contains(scope))
        .cloned()
        .collect())
}

/// Whether the enterprise application is there and enabled.
fn installed(state: &State, tenant: TenantId, app: &AppRegistration) -> Result<(), Failure> {
    match state.find_service_principal(tenant, app.client_id) {
        None => Err(not_found(&app.client_id.to_string(), &tenant.to_string())),
        Some(principal) if !principal.enabled => Err(step::disabled(app)),
        Some(_) => Ok(()),
    }
}

fn wants_client_info(form: &Parameters) -> bool {
    form.get("client_info").is_some_and(|value| value == "1")
}

/// Whether both are there and equal, or neither is.
fn same(given: Option<&str>, wanted: Option<&str>) -> bool {
    match (given, wanted) {
        (None, None) => true,
        (Some(given), Some(wanted)) => given.as_bytes().ct_eq(wanted.as_bytes()).into(),
        _ => false,
    }
}
