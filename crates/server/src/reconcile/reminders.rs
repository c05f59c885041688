//! People are reminded of their meetings, and asked afterwards how they went.
//!
//! Everything is decided and put into the outbox in one commit with the time of the next
//! look, and a reminder's topic says of what and of when it is: it is there once.
//!
//! Before people are reminded of a Teams meeting, the links' reconciler looks whether it is
//! still there. A link that can't be looked at in time reminds all the same, as it is known.

use jiff::SignedDuration;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::meeting::MeetingState;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, MemberId};
use mentoring::reminder::{self, Kind, Known, Plan, Reminder};
use mentoring::track::Mode;

use super::{Tools, Trouble};
use crate::content::{self, Content};
use crate::store::lease::{self, Claim};
use crate::store::links::Link;
use crate::store::meetings::StoredMeeting;
use crate::store::outbox::{self, Fate, Message};
use crate::store::reminders::{self, Looked};
use crate::store::{Tx, integrations, links, meetings, members, organizations, tracks};
use crate::wake::Reconciler;

/// So long a reminder waits for the link to be looked at, at the most.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
/// How often it looks itself whether that happened, should nobody ring.
const GLANCE: SignedDuration = SignedDuration::from_secs(5);
/// The question how it went is asked within a week; a day more for whoever is late.
const REACH: SignedDuration = SignedDuration::from_hours(8 * 24);

/// Thinks of the people of each meeting that is due.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let id = MeetingId(claim.id);
    let stored = meetings::find_in(&tx, claim.organization, id).await?;
    let looked = reminders::find_in(&tx, claim.organization, id).await?;
    let (Some(stored), Some(looked)) = (stored, looked) else {
        lease::release(&tx, claim, None).await?;
        return Ok(tx.commit().await?);
    };
    let plan = planned(&tx, &stored, looked).await?;
    let link = links::find_in(&tx, claim.organization, id).await?;
    if waits(&tx, &stored, link.as_ref(), looked, &plan).await? {
        let waits_since = looked.waits_since.or(Some(tx.now));
        let waiting = Looked {
            waits_since,
            ..looked
        };
        reminders::save(&tx, claim.organization, id, waiting).await?;
        lease::release(&tx, claim, Some(tx.now + GLANCE)).await?;
        tx.commit().await?;
        tools.wake.ring(Reconciler::Links);
        return Ok(());
    }
    for late in &plan.late {
        tracing::info!(
            organization.id = %claim.organization,
            meeting.id = %id,
            member.id = %late.to,
            kind = late.kind.as_str(),
            was_due = %late.moment,
            "a reminder is dropped: it comes too late"
        );
    }
    if !plan.due.is_empty() {
        tell(tools, &tx, &stored, link.as_ref(), &plan.due).await?;
    }
    let done = Looked {
        at: Some(tx.now),
        waits_since: None,
    };
    reminders::save(&tx, claim.organization, id, done).await?;
    lease::release(&tx, claim, plan.again).await?;
    tx.commit().await?;
    if !plan.due.is_empty() {
        tools.wake.ring(Reconciler::Outbox);
    }
    Ok(())
}

async fn planned(tx: &Tx, stored: &StoredMeeting, looked: Looked) -> Result<Plan, Trouble> {
    let meeting = &stored.meeting;
    let people: Vec<MemberId> = meeting.attendees.iter().map(|one| one.member).collect();
    let settings = reminders::settings_in(tx, meeting.organization, &people).await?;
    let unanswered = reminders::unanswered_in(tx, meeting.organization, meeting.id, REACH).await?;
    let known = Known {
        settings: &settings,
        unanswered: &unanswered,
    };
    let looked_at = looked.at.unwrap_or(tx.now);
    Ok(reminder::plan(meeting, known, looked_at, tx.now))
}

/// Whether the link is to be looked at first; then it is asked for.
async fn waits(
    tx: &Tx,
    stored: &StoredMeeting,
    link: Option<&Link>,
    looked: Looked,
    plan: &Plan,
) -> Result<bool, Trouble> {
    let before = plan.due.iter().filter(|one| one.kind != Kind::After);
    let Some(moment) = before.map(|one| one.moment).max() else {
        return Ok(false);
    };
    let Some(link) = link.filter(|_| stored.meeting.mode == Mode::Teams) else {
        return Ok(false);
    };
    let comes = matches!(
        link.state,
        LinkState::Ready | LinkState::Waiting(WaitingReason::BeingMade)
    );
    let is_seen = link.state == LinkState::Ready && link.observed.checked_at >= Some(moment);
    let waited = looked
        .waits_since
        .is_some_and(|since| tx.now.duration_since(since) >= PATIENCE);
    if !link.wanted || link.kept || !comes || is_seen || waited {
        return Ok(false);
    }
    let integration = integrations::find_in(tx, stored.meeting.organization).await?;
    if !integration.state.offers_teams() {
        return Ok(false);
    }
    links::check(tx, stored.meeting.organization, stored.meeting.id, moment).await?;
    Ok(true)
}

async fn tell(
    tools: &Tools,
    tx: &Tx,
    stored: &StoredMeeting,
    link: Option<&Link>,
    due: &[Reminder],
) -> Result<(), Trouble> {
    let meeting = &stored.meeting;
    let people: Vec<MemberId> = meeting.attendees.iter().map(|one| one.member).collect();
    let people = members::list_by_ids(tx.on(), meeting.organization, &people).await?;
    let name = |id: MemberId| people.iter().find(|one| one.id == id).map(Member::name);
    let names: Vec<String> = meeting
        .attendees
        .iter()
        .filter_map(|one| name(one.member))
        .collect();
    let track = tracks::find_in(tx, meeting.organization, meeting.track).await?;
    let slug = organizations::find_on(tx.on(), meeting.organization)
        .await?
        .map(|organization| organization.slug)
        .unwrap_or_default();
    let is_teams = meeting.mode == Mode::Teams && meeting.state == MeetingState::Scheduled;
    let works = link.is_some_and(|link| link.state == LinkState::Ready);
    for reminder in due {
        let asks = reminder.kind == Kind::After;
        let joins = is_teams && !asks;
        let answer_code = if asks {
            let make = || tools.randomness.code();
            meetings::answer_code(tx, meeting, reminder.to, make).await?
        } else {
            None
        };
        let occurrence = &reminder.occurrence;
        let page = format!("/{slug}/meetings/{}", meeting.id);
        let page = tools.instance.address(&page);
        let of = |address: &str| format!("{address}?occurrence={}", occurrence.original_start);
        let outcome = |code: String| of(&tools.instance.outcome_address(&code));
        let content = Content::Reminder(Box::new(content::Reminder {
            kind: reminder.kind,
            original_start: occurrence.original_start,
            starts_at: occurrence.starts_at,
            ends_at: occurrence.ends_at,
            time_zone: meeting.schedule.time_zone.clone(),
            title: meeting.title.clone(),
            track: track
                .as_ref()
                .map_or(String::new(), |track| track.name.clone()),
            people: names.clone(),
            mode: meeting.mode,
            location: meeting.location.clone(),
            page: if meeting.repetition.is_some() {
                of(&page)
            } else {
                page
            },
            join_address: (joins && works).then(|| tools.instance.join_address(&stored.join_code)),
            trouble: (joins && !works).then(|| trouble(link)),
            outcome_address: answer_code.map(outcome),
        }));
        let message = Message {
            id: tools.randomness.uuid_v7(tx.now),
            organization: meeting.organization,
            member: reminder.to,
            meeting: Some(meeting.id),
            topic: reminder.topic(),
            content: serde_json::to_string(&content)?,
            fate: Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        };
        outbox::put(tx, &message, tx.now).await?;
    }
    Ok(())
}

/// Why a reminder carries no address, in a sentence for who reads it.
fn trouble(link: Option<&Link>) -> String {
    match link.map(|link| link.state) {
        Some(LinkState::Waiting(WaitingReason::Because(cause)) | LinkState::Failed(cause)) => {
            cause.sentence_for_participant().to_owned()
        }
        _ => "The Teams link is being made.".to_owned(),
    }
}
