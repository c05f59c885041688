//! `GET /_sandbox/truth`: everything that is so, secrets left out.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::tenant::app::Grantee;
use crate::tenant::meetings::OnlineMeeting;
use crate::tenant::{PERSONAL_TENANT, State as World, person::Person};

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    let (now, url) = (sandbox.now(), sandbox.pages_url());
    Json(sandbox.read(|state| {
        json!({
            "now": now,
            "url": url,
            "tenants": state.tenants.values().collect::<Vec<_>>(),
            "people": people(state),
            "applications": state.service_principals,
            "grants": grants(state),
            "consent_requests": state.consent_requests,
            "meetings": state
                .meetings
                .iter()
                .map(|one| meeting(state, &one, url))
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
    let tenants = state.tenants.keys().chain([&PERSONAL_TENANT]);
    tenants
        .flat_map(|tenant| state.people.list(*tenant))
        .map(person)
        .collect()
}

/// An account, without its password.
pub(super) fn person(person: &Person) -> Value {
    json!({
        "object_id": person.id,
        "tenant": person.tenant,
        "upn": person.upn,
        "mail": person.mail,
        "other_mails": person.other_mails,
        "proxy_addresses": person.proxy_addresses,
        "given_name": person.given_name,
        "surname": person.surname,
        "display_name": person.display_name,
        "kind": person.kind,
        "enabled": person.enabled,
        "licensed": person.teams_licensed,
        "role": person.role,
        "mfa": person.mfa,
    })
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
    let organizer = state.people.find(meeting.organizer);
    json!({
        "id": meeting.id(),
        "external_id": meeting.external_id,
        "tenant": meeting.tenant,
        "organizer": meeting.organizer,
        "organizer_upn": organizer.map(|person| &person.upn),
        "subject": meeting.subject,
        "start": meeting.start,
        "end": meeting.end,
        "attendees": attendees,
        "lobby": meeting.lobby,
        "options": meeting.options,
        "join_url": meeting.join_url(url),
        "created": meeting.created,
        "changed": meeting.changed,
        "revision": meeting.revision,
        "deleted": !meeting.is_live(),
        "deleted_at": meeting.deleted_at,
    })
}
