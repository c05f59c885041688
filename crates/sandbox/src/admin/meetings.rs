//! `/_sandbox/meetings`: what Teams does with meetings where reports differ.
//! `/_sandbox/access-policies`: which application may act for which host by itself.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::ids::ClientId;
use crate::tenant::meetings::{AccessPolicy, DeletedLinks, Outsiders, TypeAnnotations};

/// How long a policy takes until it acts. Source: "Configure application access to online
/// meetings or virtual events".
const THIRTY_MINUTES: u32 = 30 * 60;

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.read(|state| {
        json!({
            "deleted_links": state.meetings.deleted_links,
            "type_annotations": state.meetings.type_annotations,
            "outsiders": state.meetings.outsiders,
            "access_policies": state.meetings.access_policies,
        })
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MeetingsChange {
    deleted_links: Option<DeletedLinks>,
    type_annotations: Option<TypeAnnotations>,
    outsiders: Option<Outsiders>,
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Wanted(change): Wanted<MeetingsChange>,
) -> StatusCode {
    sandbox.change(|state| {
        let meetings = &mut state.meetings;
        meetings.deleted_links = change.deleted_links.unwrap_or(meetings.deleted_links);
        meetings.type_annotations = change.type_annotations.unwrap_or(meetings.type_annotations);
        meetings.outsiders = change.outsiders.unwrap_or(meetings.outsiders);
    });
    StatusCode::NO_CONTENT
}

/// A policy and whom it is given to. It replaces what they had before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessPolicyGrant {
    tenant: String,
    /// Empty: no application any more.
    apps: BTreeSet<ClientId>,
    /// A user principal name; without it, everyone in the tenant who has no policy of their own.
    host: Option<String>,
    acts_after_seconds: Option<u32>,
}

pub(super) async fn give_access(
    State(sandbox): State<Sandbox>,
    Wanted(grant): Wanted<AccessPolicyGrant>,
) -> Result<StatusCode, Refusal> {
    let wait = grant.acts_after_seconds.unwrap_or(THIRTY_MINUTES);
    let now = sandbox.now();
    let acts_from = now
        .saturating_add(SignedDuration::from_secs(wait.into()))
        .unwrap_or(now);
    sandbox.change(|state| {
        let tenant = state
            .find_tenant(&grant.tenant)
            .ok_or_else(|| Refusal::not_found("tenant", &grant.tenant))?
            .id;
        let host = match &grant.host {
            None => None,
            Some(name) => {
                let found = state.people.find_upn(tenant, name);
                Some(found.ok_or_else(|| Refusal::not_found("account", name))?.id)
            }
        };
        state.meetings.access_policies.push(AccessPolicy {
            tenant,
            apps: grant.apps,
            host,
            acts_from,
        });
        Ok(StatusCode::NO_CONTENT)
    })
}
