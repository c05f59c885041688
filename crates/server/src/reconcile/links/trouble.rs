//! What stands in the way of a link: it waits, with the reason, or is given up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mentoring::event::Event;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::{self, LinkState, Retry, WaitingReason};
use mentoring::organization::{MeetingId, OrganizationId};
use microsoft::{Failure, Kind};

use crate::reconcile::host::{self, Access, Blocked};
use crate::reconcile::{Tools, Trouble};
use crate::store::audit::{self, Author};
use crate::store::lease::{self, Claim};
use crate::store::links::{self, Link};
use crate::store::{Tx, integrations};
use crate::wake::Reconciler;

/// A link whose integration waits for a person looks again this often by itself.
const WHILE_BLOCKED: SignedDuration = SignedDuration::from_hours(6);

/// A link that works stays ready while a change of it waits; others say why they wait.
fn waiting(link: &Link, cause: Option<Cause>) -> LinkState {
    match link.state {
        LinkState::Ready | LinkState::Closed => link.state,
        _ => LinkState::Waiting(cause.map_or(WaitingReason::BeingMade, WaitingReason::Because)),
    }
}

pub(super) async fn wait(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    blocked: Blocked,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let due_at = match blocked {
        Blocked::TokenComing => Some(tx.now + SignedDuration::from_secs(5)),
        Blocked::NeedsAttention(cause) => {
            link.state = waiting(&link, Some(cause));
            Some(tx.now + WHILE_BLOCKED)
        }
        // Nothing can be called, and integrating again wakes every link that waits.
        Blocked::NotIntegrated => None,
    };
    save_and_release(&tx, claim, &link, due_at).await?;
    tx.commit().await?;
    Ok(())
}

/// Answers whether it was saved: the lease still held, and nobody wished anything else.
pub(super) async fn save_and_release(
    tx: &Tx,
    claim: &Claim,
    link: &Link,
    due_at: Option<Timestamp>,
) -> Result<bool, Trouble> {
    if !lease::holds(tx, claim).await? {
        return Ok(false);
    }
    let current = links::find_in(tx, claim.organization, link.meeting).await?;
    let changed = current
        .as_ref()
        .is_none_or(|current| current.version != link.version);
    if changed {
        // What was learned is about an older wish; the newer one is worked on at once.
        lease::release(tx, claim, Some(tx.now)).await?;
        return Ok(false);
    }
    links::save(tx, link).await?;
    lease::release(tx, claim, due_at).await?;
    Ok(true)
}

pub(super) async fn failed(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    access: &Access,
    failure: &Failure,
) -> Result<(), Trouble> {
    host::log(claim.organization, "keep a Teams meeting", failure);
    if failure.kind == Kind::Throttled {
        let wait = failure.retry_after;
        return put_off(tools, claim, link, wait).await;
    }
    let tx = tools.store.begin(claim.organization).await?;
    let Some(cause) = host::cause(failure) else {
        let refused = host::token_refused(tools, &tx, access, failure).await?;
        link.state = waiting(&link, refused);
        let later = refused.map_or(SignedDuration::from_secs(5), |_| WHILE_BLOCKED);
        let gives_up = access.integration.state.is_ending() && refused.is_some();
        let due_at = (!gives_up).then_some(tx.now + later);
        save_and_release(&tx, claim, &link, due_at).await?;
        tx.commit().await?;
        return Ok(());
    };
    let heals = failure.heals_by_itself();
    let concerns_all = !heals && cause != Cause::WrongAnswer;
    if concerns_all {
        host::attention(tools, &tx, claim.organization, cause, failure).await?;
    }
    let attempts = u32::try_from(link.attempts).unwrap_or(u32::MAX);
    let attempts = link::attempts_after(attempts, heals);
    link.attempts = i64::from(attempts);
    let asked = failure
        .retry_after
        .and_then(|wait| SignedDuration::try_from(wait).ok());
    let since = *link.failing_since.get_or_insert(tx.now);
    let next = if heals && is_alone(&tx, claim, since).await? {
        Retry::GiveUp
    } else {
        link::retry_at(attempts, tx.now, heals, asked, tools.jitter())
    };
    let mut gave_up = false;
    let due_at = if concerns_all {
        link.state = waiting(&link, Some(cause));
        Some(tx.now + WHILE_BLOCKED)
    } else {
        match next {
            Retry::At(at) => {
                link.state = waiting(&link, Some(cause));
                Some(at)
            }
            Retry::GiveUp => {
                if link.state != LinkState::Closed {
                    gave_up = link.state != LinkState::Failed(cause);
                    link.state = LinkState::Failed(cause);
                }
                None
            }
        }
    };
    // While Teams is being removed or moved, what cannot be deleted is left and listed.
    let ending = access.integration.state.is_ending();
    let due_at = if ending && concerns_all { None } else { due_at };
    if save_and_release(&tx, claim, &link, due_at).await? && gave_up {
        say_given_up(tools, &tx, claim.organization, link.meeting, cause).await?;
    }
    tx.commit().await?;
    if ending {
        tools.wake.ring(Reconciler::Health);
    }
    Ok(())
}

/// Whether a link has failed for long while Microsoft did for others what they asked: for
/// another meeting, or in the live test.
async fn is_alone(tx: &Tx, claim: &Claim, since: Timestamp) -> Result<bool, Trouble> {
    if !link::has_failed_for_long(since, tx.now) {
        return Ok(false);
    }
    let (from, to) = link::window_of_others(tx.now);
    let integration = integrations::find_in(tx, claim.organization).await?;
    let tested = integration.checked_at.filter(|_| {
        integration.state == IntegrationState::Integrated
            && integration.checks.iter().all(|check| check.passed)
    });
    if tested.is_some_and(|at| from <= at && at <= to) {
        return Ok(true);
    }
    let id = MeetingId(claim.id);
    Ok(links::others_got_through(tx, claim.organization, id, from, to).await?)
}

/// Microsoft has been asked too much for this host: whatever waits for it waits until then,
/// without one more call, and no row has spent an attempt.
pub(super) async fn put_off(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    wait: Option<Duration>,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    link.state = waiting(&link, Some(Cause::Throttled));
    let until = link::resume_at(tx.now, wait.and_then(|wait| wait.try_into().ok()));
    save_and_release(&tx, claim, &link, Some(until)).await?;
    links::put_off(&tx, claim.organization, until).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a link up for a reason of its own.
pub(super) async fn give_up(tools: &Tools, claim: &Claim, cause: Cause) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if let Some(mut link) = links::find_in(&tx, claim.organization, MeetingId(claim.id)).await? {
        let is_known = link.state == LinkState::Failed(cause);
        link.state = LinkState::Failed(cause);
        if save_and_release(&tx, claim, &link, None).await? && !is_known {
            say_given_up(tools, &tx, claim.organization, link.meeting, cause).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// That a link was given up stands in the audit log, and the global administrators are told:
/// once a day and cause, however many links it concerns (G-07).
async fn say_given_up(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    cause: Cause,
) -> Result<(), Trouble> {
    let event = Event::LinkGivenUp { meeting, cause };
    audit::append(tx, organization, &Author::ithaca(), &event).await?;
    host::tell_given_up(tools, tx, organization, cause).await
}

/// Gives a link up whose row is set aside: nobody works on it until Ithaca starts again, and
/// people are not to wait for it. Nothing else of the row is read, for it may be what nobody
/// can read.
pub(in crate::reconcile) async fn set_aside(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Result<(), Trouble> {
    if links::give_up(tx, organization, meeting, Cause::OwnFault).await? {
        say_given_up(tools, tx, organization, meeting, Cause::OwnFault).await?;
    }
    Ok(())
}
