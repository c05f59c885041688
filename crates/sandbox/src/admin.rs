//! The doors for tests: what is true inside, and levers to change it. Unknown
//! fields are refused, so that a misspelt lever doesn't pass for a pulled one.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::ids::TenantId;
use crate::tenant::app::Grantee;
use crate::tenant::meetings::OnlineMeeting;
use crate::tenant::person::{AdminRole, PersonKind};
use crate::tenant::{ConsentPolicy, State as World};
use crate::{Sandbox, smtp};

pub(crate) fn router(sandbox: &Sandbox) -> Router {
    Router::new()
        .route("/_sandbox/truth", get(truth))
        .route("/_sandbox/mail", get(mail))
        .route("/_sandbox/mail/faults", post(add_mail_fault))
        .route(
            "/_sandbox/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/_sandbox/clock", post(move_clock))
        .route(
            "/_sandbox/users/{upn}",
            patch(change_person).delete(delete_person),
        )
        .route("/_sandbox/tenants/{tenant}", patch(change_tenant))
        .route("/_sandbox/grants/{tenant}", delete(delete_grants))
        .route(
            "/_sandbox/applications/{tenant}",
            delete(delete_applications),
        )
        .route("/_sandbox/keys/rotate", post(rotate_keys))
        .route("/_sandbox/reset", post(reset))
        .layer(middleware::from_fn(refuse_browsers))
        .with_state(sandbox.clone())
}

/// A page in somebody's browser must not pull these levers.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return refusal(
            StatusCode::FORBIDDEN,
            "These doors are for programs, not for pages.",
        );
    }
    next.run(request).await
}

fn refusal(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

fn not_found(what: &str, name: &str) -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        &format!("There is no {what} {name}."),
    )
}

/// Everything that is so, secrets left out.
async fn truth(State(sandbox): State<Sandbox>) -> Json<Value> {
    let (now, url) = (sandbox.now(), sandbox.url());
    Json(sandbox.read(|state| {
        json!({
            "now": now,
            "url": url,
            "tenants": state.tenants.values().collect::<Vec<_>>(),
            "people": people(state),
            "applications": state.service_principals,
            "grants": grants(state),
            "meetings": state
                .meetings
                .iter()
                .map(|one| meeting(state, one, url))
                .collect::<Vec<_>>(),
            "calls": {
                "total": state.calls.total(),
                "by_route": state.calls.by_route(),
                "by_organization": state.calls.by_organization(),
            },
        })
    }))
}

fn people(state: &World) -> Vec<Value> {
    let tenants = state
        .tenants
        .keys()
        .chain([&crate::tenant::PERSONAL_TENANT]);
    tenants
        .flat_map(|tenant| state.people.list(*tenant))
        .map(|person| {
            json!({
                "object_id": person.id,
                "tenant": person.tenant,
                "upn": person.upn,
                "mail": person.mail,
                "display_name": person.display_name,
                "kind": person.kind,
                "enabled": person.enabled,
                "licensed": person.teams_licensed,
                "role": person.role,
                "mfa": person.mfa,
            })
        })
        .collect()
}

fn grants(state: &World) -> Vec<Value> {
    state
        .grants
        .iter()
        .map(|grant| {
            let to = match grant.to {
                Grantee::Principal(person) => json!(person),
                Grantee::AllPrincipals => json!("everyone"),
            };
            json!({
                "tenant": grant.tenant,
                "client_id": grant.client_id,
                "to": to,
                "scopes": grant.scopes,
                "by": grant.by,
                "at": grant.at,
            })
        })
        .collect()
}

fn meeting(state: &World, meeting: &OnlineMeeting, url: &str) -> Value {
    let attendees: Vec<Value> = meeting
        .attendees
        .iter()
        .map(|attendee| {
            json!({
                "object_id": attendee.person,
                "upn": state.people.find(attendee.person).map(|person| &person.upn),
                "role": attendee.role,
            })
        })
        .collect();
    json!({
        "id": meeting.id(),
        "external_id": meeting.external_id,
        "tenant": meeting.tenant,
        "organizer": meeting.organizer,
        "subject": meeting.subject,
        "start": meeting.start,
        "end": meeting.end,
        "attendees": attendees,
        "lobby": meeting.lobby,
        "options": meeting.options,
        "join_url": meeting.join_url(url),
        "created": meeting.created,
        "revision": meeting.revision,
        "deleted_at": meeting.deleted_at,
    })
}

/// Every message, oldest first.
async fn mail(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.read(|state| {
        state
            .mailboxes
            .iter()
            .map(|message| {
                json!({
                    "to": message.to,
                    "from": message.from,
                    "at": message.at,
                    "raw": message.text(),
                })
            })
            .collect()
    }))
}

async fn add_mail_fault(
    State(sandbox): State<Sandbox>,
    Json(fault): Json<smtp::Fault>,
) -> StatusCode {
    sandbox.note(|state| state.mailboxes.faults.push(fault));
    StatusCode::NO_CONTENT
}

async fn list_faults(State(sandbox): State<Sandbox>) -> Json<Vec<Fault>> {
    Json(sandbox.faults().list())
}

async fn add_fault(State(sandbox): State<Sandbox>, Json(fault): Json<Fault>) -> StatusCode {
    sandbox.fault(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    advance_seconds: i64,
}

async fn move_clock(State(sandbox): State<Sandbox>, Json(asked): Json<Move>) -> Json<Value> {
    sandbox
        .clock()
        .move_by(SignedDuration::from_secs(asked.advance_seconds));
    // The offset is part of what is kept.
    sandbox.change(|_| {});
    Json(json!({ "now": sandbox.now() }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PersonChange {
    enabled: Option<bool>,
    licensed: Option<bool>,
    guest: Option<bool>,
    mfa: Option<bool>,
    role: Option<AdminRole>,
    upn: Option<String>,
    mail: Option<String>,
    given_name: Option<String>,
    surname: Option<String>,
    display_name: Option<String>,
    /// Ends all sign-ins until now.
    revoke_sessions: bool,
}

async fn change_person(
    State(sandbox): State<Sandbox>,
    Path(upn): Path<String>,
    Json(change): Json<PersonChange>,
) -> Response {
    let now = sandbox.now();
    let found = sandbox.change(|state| {
        let Some(id) = state.people.find_anywhere(&upn).map(|person| person.id) else {
            return false;
        };
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
            if change.revoke_sessions {
                person.sessions_valid_from = after(now);
            }
        })
    });
    if found {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_found("account", &upn)
    }
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

async fn delete_person(State(sandbox): State<Sandbox>, Path(upn): Path<String>) -> Response {
    let gone = sandbox.change(|state| {
        let id = state.people.find_anywhere(&upn)?.id;
        state.people.remove(id)
    });
    match gone {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => not_found("account", &upn),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantChange {
    consent_policy: ConsentPolicy,
}

async fn change_tenant(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Json(change): Json<TenantChange>,
) -> Response {
    in_tenant(&sandbox, &name, |state, id| {
        if let Some(tenant) = state.tenants.get_mut(&id) {
            tenant.consent_policy = change.consent_policy;
        }
    })
}

/// Takes back every delegated permission; the enterprise applications stay.
async fn delete_grants(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Response {
    in_tenant(&sandbox, &name, |state, id| {
        state.grants.retain(|grant| grant.tenant != id);
    })
}

/// Deletes the enterprise applications, as an administrator does to be rid of one.
async fn delete_applications(State(sandbox): State<Sandbox>, Path(name): Path<String>) -> Response {
    in_tenant(&sandbox, &name, |state, id| {
        state.grants.retain(|grant| grant.tenant != id);
        state
            .service_principals
            .retain(|principal| principal.tenant != id);
    })
}

fn in_tenant(sandbox: &Sandbox, name: &str, change: impl FnOnce(&mut World, TenantId)) -> Response {
    let found = sandbox.change(|state| {
        let id = state.find_tenant(name)?.id;
        change(state, id);
        Some(())
    });
    match found {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => not_found("tenant", name),
    }
}

async fn rotate_keys(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.rotate_keys();
    StatusCode::ACCEPTED
}

async fn reset(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.reset();
    StatusCode::NO_CONTENT
}
