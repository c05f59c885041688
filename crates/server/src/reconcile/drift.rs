//! Compares what Teams has with what is wanted, by night and on demand.
//!
//! Every Teams meeting of ours that lies ahead is read once, a few at a time. What somebody
//! changed is set again by the links' own reconciler; what is gone is made anew; what was
//! deleted and is there again is deleted again. Only meetings whose id we stored are ever
//! looked at: Microsoft lets nobody list the rest, so nothing foreign is touched.

use jiff::SignedDuration;
use mentoring::drift::{self as rules, Departure, Seen, Verdict};
use mentoring::event::Event;
use mentoring::health::next_night;
use mentoring::integration::IntegrationState;
use mentoring::organization::{MeetingId, OrganizationId};
use microsoft::online_meetings::subject_as_sent;
use microsoft::{Failure, Group};

use super::host::{self, Access, Blocked};
use super::links::{self as one_link, wanted_of};
use super::{Tools, Trouble};
use crate::store::audit::{self, Author};
use crate::store::drift::{self, Finding, Sweep};
use crate::store::lease::{self, Claim};
use crate::store::left_meetings::{self, Fate, LeftMeeting};
use crate::store::links::{self, Link};
use crate::store::{Tx, organizations};
use crate::wake::Reconciler;

/// Meetings that one activation looks at, one after the other.
const BATCH: u64 = 10;
const PAUSE: SignedDuration = SignedDuration::from_secs(2);
const WHILE_BLOCKED: SignedDuration = SignedDuration::from_hours(1);
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(5);
/// After the live test of the same night.
const LATER_IN_THE_NIGHT: SignedDuration = SignedDuration::from_mins(15);

/// Goes on with the comparison of one organization.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let access = match host::access(tools, organization).await? {
        Ok(access) if access.integration.state == IntegrationState::Integrated => access,
        Err(Blocked::NotIntegrated) => return rest(tools, claim, None).await,
        Ok(_) | Err(_) => return rest(tools, claim, Some(WHILE_BLOCKED)).await,
    };
    let tx = tools.store.begin(organization).await?;
    if !lease::renew(&tx, claim, super::LEASE).await? {
        return Ok(());
    }
    let Some(sweep) = drift::find_in(&tx, organization).await? else {
        return Ok(());
    };
    let host = access.token.host().0;
    let ours = links::list_to_look_at(&tx, organization, host, sweep.begun_at, BATCH).await?;
    let left =
        left_meetings::list_to_look_at(&tx, organization, host, sweep.begun_at, BATCH).await?;
    tx.commit().await?;
    if ours.is_empty() && left.is_empty() {
        return finish(tools, claim, sweep).await;
    }
    let looked = ours.len() + left.len();
    for link in ours {
        if let Err(failure) = look_at(tools, claim, &access, &link).await? {
            return failed(tools, claim, &access, &failure).await;
        }
    }
    for meeting in left {
        if let Err(failure) = look_at_left(tools, claim, &access, &meeting).await? {
            return failed(tools, claim, &access, &failure).await;
        }
    }
    let tx = tools.store.begin(organization).await?;
    // Who slept past the lease has nothing to say of how far the others came, and what was
    // asked for meanwhile stands.
    let current = drift::find_in(&tx, organization).await?;
    let (Some(current), true) = (current, lease::holds(&tx, claim).await?) else {
        return Ok(());
    };
    let sweep = Sweep {
        looked: current.looked + u64::try_from(looked).unwrap_or(0),
        ..current
    };
    drift::save(&tx, organization, &sweep).await?;
    lease::release(&tx, claim, Some(tx.now + PAUSE)).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Links);
    Ok(())
}

async fn rest(tools: &Tools, claim: &Claim, after: Option<SignedDuration>) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    lease::release(&tx, claim, after.map(|after| tx.now + after)).await?;
    Ok(tx.commit().await?)
}

async fn finish(tools: &Tools, claim: &Claim, sweep: Sweep) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    let here = organizations::find_on(tx.on(), organization).await?;
    let zone = here.map(|here| here.time_zone).unwrap_or_default();
    let next = next_night(tx.now, &zone, organization) + LATER_IN_THE_NIGHT;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    // Asked for meanwhile: there is more to look at.
    let current = drift::find_in(&tx, organization).await?;
    if current.is_some_and(|current| current.begun_at != sweep.begun_at) {
        lease::release(&tx, claim, Some(tx.now)).await?;
        return Ok(tx.commit().await?);
    }
    let sweep = Sweep {
        // By then, all was looked at before.
        begun_at: next,
        finished_at: Some(tx.now),
        ..sweep
    };
    drift::save(&tx, organization, &sweep).await?;
    lease::release(&tx, claim, Some(next)).await?;
    Ok(tx.commit().await?)
}

type Looked = Result<Result<(), Failure>, Trouble>;

async fn look_at(tools: &Tools, claim: &Claim, access: &Access, link: &Link) -> Looked {
    let Some(id) = link.observed.online_meeting_id.as_deref() else {
        return Ok(Ok(()));
    };
    let calls = tools.microsoft.online_meetings(&access.token);
    if link.observed.deleted_confirmed {
        let revived = match revived(tools, access, id).await {
            Ok(revived) => revived,
            Err(failure) => return Ok(Err(failure)),
        };
        let tx = tools.store.begin(claim.organization).await?;
        links::looked(&tx, claim.organization, link.meeting).await?;
        if revived {
            let what = vec![Departure::Revived];
            note(tools, &tx, claim.organization, link.meeting, what).await?;
        }
        tx.commit().await?;
        return Ok(Ok(()));
    }
    let Some((before, _, wanted)) = wanted_of(tools, claim.organization, link.meeting).await?
    else {
        return Ok(Ok(()));
    };
    let read = match calls.get(id).await {
        Ok(read) => read,
        Err(failure) => return Ok(Err(failure)),
    };
    let seen = read.map(|read| Seen {
        subject: read.subject.clone().unwrap_or_default(),
        start: read.start,
        end: read.end,
        join_url: read.join_web_url.to_string(),
        differences: one_link::differences(&wanted, &read),
    });
    let subject = subject_as_sent(&wanted.subject);
    let tx = tools.store.begin(claim.organization).await?;
    links::looked(&tx, claim.organization, link.meeting).await?;
    let current = links::find_in(&tx, claim.organization, link.meeting).await?;
    let verdict = match current {
        // Somebody changed it while Microsoft answered about what was before.
        Some(current)
            if current.version == before.version && current.observed == before.observed =>
        {
            rules::compare(
                &wanted,
                &subject,
                &current.observed,
                &current.differences,
                seen.as_ref(),
            )
        }
        _ => Verdict::UnderWay,
    };
    match verdict {
        Verdict::Same | Verdict::UnderWay => {}
        Verdict::Differs(what) => {
            links::touch(&tx, claim.organization, link.meeting).await?;
            note(tools, &tx, claim.organization, link.meeting, what).await?;
        }
        Verdict::Gone => {
            one_link::want_another(tools, &tx, &before, access).await?;
            let what = vec![Departure::Deleted];
            note(tools, &tx, claim.organization, link.meeting, what).await?;
        }
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Deletes what was deleted before, if it is there again.
async fn revived(tools: &Tools, access: &Access, id: &str) -> Result<bool, Failure> {
    let calls = tools.microsoft.online_meetings(&access.token);
    if calls.get(id).await?.is_none() {
        return Ok(false);
    }
    one_link::delete(&tools.microsoft, access, id).await?;
    Ok(true)
}

async fn look_at_left(tools: &Tools, claim: &Claim, access: &Access, left: &LeftMeeting) -> Looked {
    let was_there = match revived(tools, access, &left.online_meeting_id).await {
        Ok(was_there) => was_there,
        // An id that Microsoft never gave is none that it could read.
        Err(failure) if failure.group() == Group::Refused => false,
        Err(failure) => return Ok(Err(failure)),
    };
    let tx = tools.store.begin(claim.organization).await?;
    left_meetings::looked(&tx, left, Fate::Gone).await?;
    if was_there {
        let what = vec![Departure::Revived];
        note(tools, &tx, claim.organization, left.meeting, what).await?;
    }
    tx.commit().await?;
    Ok(Ok(()))
}

async fn note(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    what: Vec<Departure>,
) -> Result<(), Trouble> {
    let words = what.iter().map(|what| what.as_str().to_owned()).collect();
    let found = Finding {
        id: tools.randomness.uuid_v7(tx.now),
        organization,
        meeting,
        at: tx.now,
        what,
    };
    drift::insert(tx, &found).await?;
    let event = Event::TeamsDriftRepaired {
        meeting,
        what: words,
    };
    Ok(audit::append(tx, organization, &Author::ithaca(), &event).await?)
}

async fn failed(
    tools: &Tools,
    claim: &Claim,
    access: &Access,
    failure: &Failure,
) -> Result<(), Trouble> {
    let organization = claim.organization;
    host::log(organization, "compare a Teams meeting", failure);
    let tx = tools.store.begin(organization).await?;
    match host::cause(failure) {
        None => {
            host::token_refused(tools, &tx, access, failure).await?;
        }
        Some(cause) if !failure.heals_by_itself() && cause.concerns_everything() => {
            host::attention(tools, &tx, organization, cause, failure).await?;
        }
        Some(_) => {}
    }
    let asked = failure
        .retry_after
        .and_then(|wait| SignedDuration::try_from(wait).ok());
    let later = asked.unwrap_or(AFTER_FAILURE).max(PAUSE);
    lease::release(&tx, claim, Some(tx.now + later)).await?;
    Ok(tx.commit().await?)
}
