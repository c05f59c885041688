//! The Teams meeting of each meeting: made once, kept true, deleted when it is not wanted
//! any more. People are told of a meeting in the commit that records its working link.

mod calls;
mod record;
mod trouble;
mod wanted;

use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::link::{self, Step};
use mentoring::meeting::Meeting;
use mentoring::organization::MeetingId;
use microsoft::{Failure, Kind};

use self::calls::{Learned, apply};
use self::record::{ask_again, is_doubtful, record, want_anew};
use self::trouble::{failed, put_off, wait};
use self::wanted::read;
use super::host::{self, Blocked};
use super::{Tools, Trouble};
use crate::store::lease::{self, Claim};
use crate::store::links::{self, Link};
use crate::wake::Reconciler;

pub(super) use self::calls::{delete, differences};
pub(super) use self::record::want_another;
pub(super) use self::trouble::set_aside;
pub(super) use self::wanted::wanted_of;

/// A plan comes to rest within this many steps: create, update, and one to spare.
const MOST_STEPS: usize = 4;

/// A call whose answer never came may stand in a proxy and arrive as late as this (F04).
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Works on one link until wanted and observed agree, or something stands in the way.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    for _ in 0..MOST_STEPS {
        let Some((mut link, stored, wanted)) = read(tools, claim).await? else {
            return rest(tools, claim, None).await;
        };
        let over = stored.meeting.is_over(tools.clock.now());
        let step = match link::plan(&wanted, &link.observed) {
            Step::CreateOrGet { .. } | Step::Check { .. } if over => Step::Nothing,
            Step::Nothing if is_to_look_again(&link, tools.clock.now()) => Step::GetThenDelete {
                external_id: link::external_id(link.meeting, link.observed.generation),
            },
            step => step,
        };
        if step == Step::Nothing {
            return settle(tools, claim, &link, &stored.meeting).await;
        }
        let access = match host::access(tools, claim.organization).await? {
            Ok(access) => access,
            Err(blocked) => return wait(tools, claim, link, blocked).await,
        };
        let makes = matches!(step, Step::CreateOrGet { .. } | Step::Update { .. });
        if makes && access.integration.state == IntegrationState::Reconnecting {
            return wait(tools, claim, link, Blocked::NotIntegrated).await;
        }
        if let Some(wait) = tools.microsoft.is_paused(&access.token) {
            return put_off(tools, claim, link, Some(wait)).await;
        }
        let late_before = link.late_until;
        if !announce_call(tools, claim, &mut link, &step).await? {
            return rest(tools, claim, Some(tools.clock.now())).await;
        }
        let now = tools.clock.now();
        match apply(&tools.microsoft, &access, &step, &link, &wanted, now).await {
            Ok(Learned::Link(mut learned)) => {
                // This call has arrived; what an earlier one does is still open. It may have made
                // another after somebody else deleted this one, so that after a deletion it
                // is always asked for once more.
                let now = tools.clock.now();
                let asks_again = matches!(step, Step::Delete { .. });
                learned.late_until = late_before.filter(|until| asks_again || *until > now);
                if !record(tools, claim, *learned, &wanted).await? {
                    return Ok(());
                }
            }
            Ok(Learned::Vanished) if is_doubtful(&link) => {
                return ask_again(tools, claim, link).await;
            }
            Ok(Learned::Vanished) => {
                if !want_anew(tools, claim, &link, &access).await? {
                    return Ok(());
                }
            }
            Err(failure) => {
                if has_arrived(&failure) {
                    link.late_until = late_before;
                }
                return failed(tools, claim, link, &access, &failure).await;
            }
        }
    }
    rest(tools, claim, Some(tools.clock.now())).await
}

/// Whether a call that failed was answered by Microsoft itself, and is on no way any more.
/// One that was too many was refused, or never left.
fn has_arrived(failure: &Failure) -> bool {
    failure.kind == Kind::Throttled
        || failure
            .status
            .is_some_and(|status| !matches!(status, 502 | 504))
}

/// Whether a call that was never answered may have made a Teams meeting after all was
/// deleted.
fn is_to_look_again(link: &Link, now: Timestamp) -> bool {
    link.observed.deleted_confirmed && link.late_until.is_some_and(|until| until <= now)
}

/// Records that a call is about to leave, so that nothing which waits for calls to end can
/// overlook this one. Answers no if the wish it serves is gone: then it must not leave.
async fn announce_call(
    tools: &Tools,
    claim: &Claim,
    link: &mut Link,
    step: &Step,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let current = links::find_in(&tx, claim.organization, link.meeting).await?;
    let stands = current.is_some_and(|current| !current.kept && current.version == link.version);
    if !stands || !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    if matches!(step, Step::CreateOrGet { .. } | Step::GetThenDelete { .. }) {
        let late_until = tx.now + LATE;
        links::mark_called(&tx, claim.organization, link.meeting, late_until).await?;
        tx.commit().await?;
        // What is saved of this link later must not take that back.
        link.observed.ever_called = true;
        link.late_until = Some(late_until);
    }
    Ok(true)
}

/// Wanted and observed agree: the row rests, unless something changed meanwhile. The link
/// of a series rests until the occurrence is over whose times it carries, and then moves on
/// to the next.
async fn settle(
    tools: &Tools,
    claim: &Claim,
    seen: &Link,
    meeting: &Meeting,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let current = links::find_in(&tx, claim.organization, MeetingId(claim.id)).await?;
    let changed = current.is_some_and(|current| current.version != seen.version);
    let moves_on = meeting
        .next(tx.now)
        .filter(|current| seen.wanted && meeting.ahead(tx.now).any(|one| one != *current))
        .map(|current| current.ends_at);
    let looks_again = seen
        .late_until
        .filter(|_| seen.observed.deleted_confirmed)
        .map(|until| until.max(tx.now));
    let due_at = if changed {
        Some(tx.now)
    } else {
        moves_on.or(looks_again)
    };
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    if seen.observed.deleted_confirmed {
        tools.wake.ring(Reconciler::Health);
    }
    Ok(())
}

async fn rest(tools: &Tools, claim: &Claim, due_at: Option<Timestamp>) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    Ok(())
}
