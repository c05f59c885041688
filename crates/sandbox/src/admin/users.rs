//! `/_sandbox/users/{upn}`: changes and deletes accounts.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Refusal, Wanted};
use super::truth;
use crate::Sandbox;
use crate::ids::ObjectId;
use crate::secret::Secret;
use crate::tenant::State as World;
use crate::tenant::access::Access;
use crate::tenant::person::{AdminRole, PersonKind};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PersonChange {
    enabled: Option<bool>,
    licensed: Option<bool>,
    guest: Option<bool>,
    mfa: Option<bool>,
    role: Option<AdminRole>,
    upn: Option<String>,
    mail: Option<String>,
    other_mails: Option<Vec<String>>,
    /// Besides the one of `mail`.
    proxy_addresses: Option<Vec<String>>,
    given_name: Option<String>,
    surname: Option<String>,
    display_name: Option<String>,
    /// Ends all sign-ins until now.
    revoke_sessions: bool,
    /// An administrator gives a new password, which ends all sign-ins too.
    password: Option<String>,
    password_expired: Option<bool>,
    must_enrol: Option<bool>,
    /// Lets Graph challenge the access tokens issued until now, with nothing revoked.
    challenge: bool,
    /// What Conditional Access demands; it replaces what it demanded before.
    access: Option<Access>,
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Wanted(change): Wanted<PersonChange>,
) -> Result<Json<Value>, Refusal> {
    let now = sandbox.now();
    sandbox.change(|state| {
        let id = find(state, &name)?;
        state.people.change(id, |person| {
            person.enabled = change.enabled.unwrap_or(person.enabled);
            person.teams_licensed = change.licensed.unwrap_or(person.teams_licensed);
            person.mfa = change.mfa.unwrap_or(person.mfa);
            person.role = change.role.unwrap_or(person.role);
            match change.guest {
                Some(true) => person.kind = PersonKind::Guest,
                Some(false) => person.kind = PersonKind::Member,
                None => {}
            }
            set(&mut person.upn, change.upn);
            set(&mut person.given_name, change.given_name);
            set(&mut person.surname, change.surname);
            set(&mut person.display_name, change.display_name);
            if let Some(mail) = change.mail {
                person.mail = Some(mail).filter(|mail| !mail.is_empty());
            }
            if let Some(addresses) = change.other_mails {
                person.other_mails = addresses.into();
            }
            if let Some(addresses) = change.proxy_addresses {
                person.proxy_addresses = addresses.into();
            }
            if change.revoke_sessions || change.password.is_some() {
                person.sessions_valid_from = after(now);
            }
            if let Some(password) = change.password {
                person.password = Secret::new(password);
            }
            let standing = &mut person.standing;
            standing.access = change.access.unwrap_or(standing.access);
            standing.password_expired =
                change.password_expired.unwrap_or(standing.password_expired);
            standing.must_enrol = change.must_enrol.unwrap_or(standing.must_enrol);
            if change.challenge {
                standing.challenged_at = Some(after(now));
            }
        });
        let changed = state.people.find(id);
        Ok(Json(changed.map(truth::person).unwrap_or_default()))
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Deletion {
    /// Beyond restoring, as after thirty days.
    permanently: bool,
}

pub(super) async fn delete(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Query(deletion): Query<Deletion>,
) -> Result<StatusCode, Refusal> {
    sandbox.change(|state| {
        let id = find(state, &name)?;
        if deletion.permanently {
            state.people.purge(id);
        } else {
            state.people.remove(id);
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

/// The account with this user principal name, mail or object id.
fn find(state: &World, name: &str) -> Result<ObjectId, Refusal> {
    let by_id = name
        .parse()
        .ok()
        .filter(|id: &ObjectId| state.people.find(*id).is_some());
    by_id
        .or_else(|| state.people.find_anywhere(name).map(|person| person.id))
        .ok_or_else(|| Refusal::not_found("account", name))
}

fn set(place: &mut String, value: Option<String>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A sign-in at this very instant is ended too.
fn after(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_millis(1))
        .unwrap_or(now)
}
