//! What was learned, written down; people are told in the commit that records a working
//! link.

use jiff::SignedDuration;
use mentoring::health;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason, Wanted};
use mentoring::meeting::MeetingState;
use mentoring::organization::MeetingId;
use mentoring::track::Mode;

use super::trouble::{give_up, save_and_release};
use crate::reconcile::host::{self, Access};
use crate::reconcile::{Tools, Trouble};
use crate::store::invitations::Telling;
use crate::store::lease::{self, Claim};
use crate::store::left_meetings::{self, Fate, LeftMeeting};
use crate::store::links::{self, Link};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::{StoreError, Tx, credentials, reminders};
use crate::wake::Reconciler;

/// How often a meeting that is not found under a new id is asked for again.
const MOST_DOUBTS: i64 = 3;

const SOON: SignedDuration = SignedDuration::from_secs(2);

/// Writes what a step taught. When the link works for the first time, or the first time
/// since the meeting became one on Teams, everyone is told in the same commit (N4). Answers whether the lease still held.
pub(super) async fn record(
    tools: &Tools,
    claim: &Claim,
    mut learned: Link,
    wanted: &Wanted,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    let id = MeetingId(claim.id);
    let Some(current) = links::find_in(&tx, claim.organization, id).await? else {
        return Ok(false);
    };
    if let (None, Some(host)) = (current.host, learned.host) {
        host::count_made(tools, &tx, claim.organization, host).await?;
    }
    if current.observed.generation != learned.observed.generation {
        return Ok(false);
    }
    if current.wanted && !current.moving && learned.observed.deleted_confirmed {
        // It was wanted again while it was being deleted.
        let (waiting, generation) = (
            LinkState::Waiting(WaitingReason::BeingMade),
            current.integration_generation,
        );
        links::want(&tx, claim.organization, id, &waiting, generation).await?;
        tx.commit().await?;
        return Ok(true);
    }
    // Somebody may have cancelled while Microsoft answered; their word about the state stands.
    learned.state = if !current.wanted {
        LinkState::Closed
    } else if current.moving {
        LinkState::Waiting(WaitingReason::BeingMade)
    } else if learned.observed.applied_revision.is_some() {
        LinkState::Ready
    } else {
        LinkState::Waiting(WaitingReason::BeingMade)
    };
    if learned.state == LinkState::Ready || learned.observed.deleted_confirmed {
        learned.attempts = 0;
        learned.failing_since = None;
    }
    match links::save(&tx, &learned).await {
        Err(StoreError::Taken(_)) => {
            drop(tx);
            tracing::error!(organization.id = %claim.organization, meeting.id = %id, "Microsoft answered with the id of another meeting");
            give_up(tools, claim, Cause::WrongAnswer).await?;
            return Ok(false);
        }
        other => other?,
    }
    let is_another = current.told_generation != Some(learned.observed.generation);
    if learned.state == LinkState::Ready
        && wanted.present
        && let Some(stored) = meetings::find_in(&tx, claim.organization, id).await?
        && (stored.announced_mode != Some(Mode::Teams) || is_another)
        && stored.meeting.state == MeetingState::Scheduled
    {
        tell(tools, &tx, stored).await?;
        links::mark_told(&tx, claim.organization, id, learned.observed.generation).await?;
    }
    reminders::wake(&tx, claim.organization, id).await?;
    if learned.state == LinkState::Ready && wanted.start > tx.now {
        credentials::due_by(
            &tx,
            claim.organization,
            health::try_by(tx.now, wanted.start),
        )
        .await?;
    }
    host::answered(tools, &tx, claim.organization).await?;
    if current.attempts > 0 {
        // Whatever stood in the way of this one is over for all of them (N10).
        links::wake_waiting(&tx, claim.organization).await?;
        tools.wake.ring(Reconciler::Links);
    }
    tx.commit().await?;
    tools.wake.ring(Reconciler::Outbox);
    tools.wake.ring(Reconciler::Reminders);
    Ok(true)
}

/// Tells everyone that the link works: of the meeting, or of another link than they have.
async fn tell(tools: &Tools, tx: &Tx, mut stored: StoredMeeting) -> Result<(), Trouble> {
    let mut known = stored.known();
    if stored.announced_mode == Some(Mode::Teams) {
        known = Some(known.unwrap_or_else(|| stored.meeting.clone()));
        stored.meeting.sequence += 1;
        meetings::raise_sequence(tx, &stored.meeting).await?;
    }
    let tell = Telling {
        tx,
        instance: &tools.instance,
        randomness: &tools.randomness,
        before: known.as_ref(),
        after: &stored,
        reason: None,
    };
    Ok(tell.everyone().await?)
}

/// Whether the id that Microsoft gave may be untrue: nothing was ever found under it.
pub(super) fn is_doubtful(link: &Link) -> bool {
    link.observed.applied_revision.is_none() && link.attempts < MOST_DOUBTS
}

/// Asks for the meeting by its external id again. To want another one would leave this one
/// behind, if it was the answer that was wrong.
pub(super) async fn ask_again(tools: &Tools, claim: &Claim, mut link: Link) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    link.observed.online_meeting_id = None;
    link.observed.join_url = None;
    link.attempts += 1;
    save_and_release(&tx, claim, &link, Some(tx.now + SOON)).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn want_anew(
    tools: &Tools,
    claim: &Claim,
    link: &Link,
    access: &Access,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    want_another(tools, &tx, link, access).await?;
    tx.commit().await?;
    Ok(true)
}

/// Wants a new Teams meeting in place of one that is gone. The old one is remembered, for
/// whoever opens its link may bring it back.
pub(in crate::reconcile) async fn want_another(
    tools: &Tools,
    tx: &Tx,
    link: &Link,
    access: &Access,
) -> Result<(), Trouble> {
    let organization = link.organization;
    let current = links::find_in(tx, organization, link.meeting).await?;
    if current.is_none_or(|current| !current.wanted) {
        return Ok(());
    }
    let stored = meetings::find_in(tx, organization, link.meeting).await?;
    if let (Some(id), Some(stored)) = (&link.observed.online_meeting_id, stored) {
        let host = access.integration.host.as_ref();
        let gone = LeftMeeting {
            id: tools.randomness.uuid_v7(tx.now),
            organization,
            meeting: link.meeting,
            online_meeting_id: id.clone(),
            host: link.host.unwrap_or(access.token.host().0),
            host_name: host.map(|host| host.name.clone()).unwrap_or_default(),
            fate: Fate::Gone,
            since: tx.now,
            until: stored.meeting.ends_at(),
        };
        left_meetings::insert(tx, &gone).await?;
    }
    let waiting = LinkState::Waiting(WaitingReason::BeingMade);
    let generation = access.integration.generation;
    Ok(links::want(tx, organization, link.meeting, &waiting, generation).await?)
}
