//! Another account becomes the host, resumable at every step.
//!
//! First the live test as that account, then a person's yes. What lives under the old host
//! is deleted, which is the links' work; then one commit hands everything to the new host,
//! under which the links are made anew (F14).

use mentoring::event::Event;
use mentoring::health::refresh_due;
use mentoring::integration::IntegrationState;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::reconnect::{self, Phase, Step};
use microsoft::{AccessToken, Grant, Holder, ObjectId};
use secrecy::ExposeSecret;

use super::health::Trial;
use super::{Tools, Trouble, host, removal};
use crate::store::audit::{self, Author};
use crate::store::credentials::{self, Credentials};
use crate::store::integrations::{self, Integration};
use crate::store::lease::{self, Claim};
use crate::store::left_meetings::{self, Fate, LeftMeeting};
use crate::store::reconnections::{self, Reconnection, token_place};
use crate::store::{Tx, directory, links, meetings};
use crate::wake::Reconciler;

/// Tests an account that signed in and is to host, if there is one.
pub async fn test(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let found = reconnections::find_for_work(&tools.store, organization).await?;
    let Some(reconnection) = found.filter(|found| found.phase == Phase::Testing) else {
        return Ok(());
    };
    let (sealed, ends_at) = &reconnection.access_token;
    let now = tools.clock.now();
    let grant = Grant {
        access_token: tools
            .vault
            .open_text(token_place(organization, "access_token"), sealed)?,
        refresh_token: None,
        id_token: None,
        scopes: reconnection.scopes.iter().cloned().collect(),
        expires_in: ends_at.duration_since(now).try_into().unwrap_or_default(),
    };
    let account = ObjectId(reconnection.host.object_id);
    let token = AccessToken::new(Holder(organization.0), account, &grant, now);
    let integration = integrations::find_for_work(&tools.store, organization).await?;
    let trial = Trial::run(tools, &integration, &token).await;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let current = reconnections::find_in(&tx, organization).await?;
    if current.as_ref() != Some(&reconnection) {
        // Somebody signed in once more, or said no: this test was of something else.
        return Ok(());
    }
    if trial.made_one() {
        host::count_made(tools, &tx, organization, account.0).await?;
    }
    let tested = Reconnection {
        phase: match &trial.failure {
            None => Phase::Proposed,
            // It is tried once more when the administrator signs in again.
            Some(_) => Phase::Refused,
        },
        host: trial.named(reconnection.host.clone()),
        checks: trial.checks,
        ..reconnection
    };
    reconnections::put(&tx, &tested).await?;
    Ok(tx.commit().await?)
}

/// Looks whether the deletions are done; if so, the new host takes over.
pub async fn step(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let Some(reconnection) = reconnections::find_in(&tx, organization).await? else {
        return Ok(());
    };
    let being_deleted = links::count_being_deleted(&tx, organization).await?;
    let held_until = removal::held_until(&tx, organization).await?;
    let held = held_until.is_some();
    if reconnect::step(being_deleted, held, reconnection.started_at, tx.now) == Step::Wait {
        let at = removal::look_again_at(&tx, organization, held_until).await?;
        lease::release(&tx, claim, Some(at)).await?;
        return Ok(tx.commit().await?);
    }
    let left = leave(tools, &tx, claim).await?;
    take_over(tools, &tx, &reconnection, left).await?;
    lease::release(&tx, claim, Some(tx.now)).await?;
    tx.commit().await?;
    for reconciler in [Reconciler::Links, Reconciler::Directory, Reconciler::Tokens] {
        tools.wake.ring(reconciler);
    }
    Ok(())
}

/// Notes what the old host keeps, and wants the links of all that is planned anew.
async fn leave(tools: &Tools, tx: &Tx, claim: &Claim) -> Result<Vec<String>, Trouble> {
    let organization = claim.organization;
    let before = integrations::find_in(tx, organization).await?;
    let old = before.host.as_ref();
    let mut left = Vec::new();
    for link in links::list_tombstones(tx, organization).await? {
        let id = link.observed.online_meeting_id.unwrap_or_else(|| {
            mentoring::link::external_id(link.meeting, link.observed.generation)
        });
        let stored = meetings::find_in(tx, organization, link.meeting).await?;
        let meeting = LeftMeeting {
            id: tools.randomness.uuid_v7(tx.now),
            organization,
            meeting: link.meeting,
            online_meeting_id: id.clone(),
            host: link
                .host
                .or(old.map(|host| host.object_id))
                .unwrap_or_default(),
            host_name: old.map(|host| host.name.clone()).unwrap_or_default(),
            fate: Fate::Left,
            since: tx.now,
            until: stored.map_or(tx.now, |stored| stored.meeting.ends_at()),
        };
        left_meetings::insert(tx, &meeting).await?;
        left.push(id);
    }
    links::abandon_tombstones(tx, organization).await?;
    let waiting = LinkState::Waiting(WaitingReason::BeingMade);
    for link in links::list_moving(tx, organization).await? {
        if link.wanted {
            let generation = before.generation + 1;
            links::want(tx, organization, link.meeting, &waiting, generation).await?;
        }
    }
    Ok(left)
}

/// From here on no call is made with the old host's token (N8).
async fn take_over(
    tools: &Tools,
    tx: &Tx,
    reconnection: &Reconnection,
    left: Vec<String>,
) -> Result<(), Trouble> {
    let organization = reconnection.organization;
    let before = integrations::find_in(tx, organization).await?;
    let generation = before.generation + 1;
    let seal = |column, sealed: &[u8]| {
        let token = tools
            .vault
            .open_text(token_place(organization, column), sealed)?;
        let place = credentials::token_place(organization, column);
        Ok::<_, Trouble>(tools.vault.seal(place, token.expose_secret().as_bytes()))
    };
    let (access_token, ends_at) = &reconnection.access_token;
    let next = Credentials {
        organization,
        tenant_id: reconnection.host.tenant_id,
        host_object_id: reconnection.host.object_id,
        refresh_token: seal("refresh_token", &reconnection.refresh_token)?,
        access_token: Some((seal("access_token", access_token)?, *ends_at)),
        version: generation << 32,
        refreshed_at: tx.now,
        attempts: 0,
        challenge: None,
    };
    let next_start = meetings::next_teams_start_in(tx, organization).await?;
    let due = refresh_due(tx.now, ends_at.duration_since(tx.now), next_start);
    credentials::put(tx, &next, due.max(tx.now)).await?;
    let other_tenant = before
        .host
        .is_some_and(|host| host.tenant_id != reconnection.host.tenant_id);
    if other_tenant {
        directory::erase(tx, organization).await?;
        directory::want_everyone(tx, organization).await?;
    }
    let integration = Integration {
        state: IntegrationState::Checking,
        generation,
        host: Some(reconnection.host.clone()),
        scopes: reconnection.scopes.clone(),
        connected_by: Some(reconnection.by.clone()),
        connected_at: Some(tx.now),
        ..Integration::none(organization)
    };
    integrations::save(tx, &integration, Some(tx.now)).await?;
    reconnections::delete(tx, organization).await?;
    let event = Event::TeamsHostChanged {
        host_name: reconnection.host.name.clone(),
        left_at_microsoft: left,
    };
    audit::append(tx, organization, &Author::ithaca(), &event).await?;
    Ok(())
}
