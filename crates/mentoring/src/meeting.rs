//! Meetings: their states, and how participants make, move and cancel them.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::eligibility::Reason;
use crate::event::Event;
use crate::link::LinkState;
use crate::member::{check_line, is_printable, is_visible};
use crate::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use crate::refusal::Refusal;
use crate::role::{Actor, rights};
use crate::schedule::{self, Schedule};
use crate::track::{Mode, Track};

/// Where a meeting is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingState {
    /// It takes place.
    Scheduled,
    /// It was called off.
    Cancelled,
    /// It took place.
    Held,
    /// It should have taken place.
    Missed,
}

crate::words!(MeetingState { Scheduled = "scheduled", Cancelled = "cancelled", Held = "held", Missed = "missed" });

/// A person of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// Who.
    pub member: MemberId,
    /// Whether they made the meeting.
    pub organizer: bool,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its track.
    pub track: TrackId,
    /// Who made it.
    pub organizer: MemberId,
    /// Its title.
    pub title: String,
    /// Its agenda; may be empty.
    pub agenda: String,
    /// Its people, the organizer included.
    pub attendees: Vec<Attendee>,
    /// When.
    pub schedule: Schedule,
    /// How.
    pub mode: Mode,
    /// Where, for a meeting in person; may be empty.
    pub location: String,
    /// Where it is in its life.
    pub state: MeetingState,
    /// Rises with every change.
    pub revision: i64,
    /// iCalendar's SEQUENCE: rises with every change that people are told of.
    pub sequence: i64,
    /// iCalendar's UID: the same for life.
    pub uid: String,
    /// Why it was cancelled, if a reason was given.
    pub cancellation_reason: Option<String>,
}

/// What a form or the API says of a new meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The title.
    pub title: String,
    /// The agenda.
    pub agenda: String,
    /// The other people.
    pub attendees: Vec<MemberId>,
    /// The local time.
    pub local_start: DateTime,
    /// The zone that it is local in.
    pub time_zone: String,
    /// Minutes.
    pub duration_minutes: u16,
    /// How.
    pub mode: Mode,
    /// Where.
    pub location: String,
}

/// What is known while a meeting is made.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The track.
    pub track: &'a Track,
    /// Its active participants.
    pub enrolled: &'a BTreeSet<MemberId>,
    /// Whether the organizer may use Teams, and as which account.
    pub eligibility: Result<Uuid, Vec<Reason>>,
    /// The instant.
    pub now: Timestamp,
    /// The id of the new meeting.
    pub id: MeetingId,
    /// The instance's host name, for the UID.
    pub uid_domain: &'a str,
}

const MOST_PEOPLE: usize = 50;
const LONGEST_AGENDA: usize = 4_000;

/// Makes a meeting, or answers everything that is wrong with the draft at once.
pub fn create(
    actor: &Actor,
    draft: &Draft,
    context: &Context<'_>,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let track = context.track;
    if actor.organization != track.organization || !actor.may_create_meeting_in(track.id) {
        return Err(vec![Refusal::NotEnrolled]);
    }
    let mut refusals = Vec::new();
    let title = check_line(&draft.title, 200);
    if title.is_none() {
        refusals.push(Refusal::TitleInvalid);
    }
    let agenda = check_text(&draft.agenda, LONGEST_AGENDA);
    if let Err(length) = agenda {
        refusals.push(Refusal::AgendaTooLong(length));
    }
    let location = draft.location.trim();
    let location = if location.is_empty() {
        Some(String::new())
    } else {
        check_line(location, 200)
    };
    if location.is_none() {
        refusals.push(Refusal::LocationTooLong);
    }
    let people = people(actor.member, &draft.attendees, context.enrolled)
        .map_err(|refusal| refusals.push(refusal));
    let schedule = schedule::check(
        draft.local_start,
        &draft.time_zone,
        draft.duration_minutes,
        context.now,
    )
    .map_err(|all| refusals.extend(all));
    if !track.modes.contains(draft.mode) {
        refusals.push(Refusal::ModeOff);
    } else if let (Mode::Teams, Err(reasons)) = (draft.mode, &context.eligibility) {
        refusals.push(Refusal::TeamsNotForYou(reasons.clone()));
    }
    let (Some(title), Ok(agenda), Some(location), Ok(attendees), Ok(schedule), true) = (
        title,
        agenda,
        location,
        people,
        schedule,
        refusals.is_empty(),
    ) else {
        return Err(refusals);
    };
    let meeting = Meeting {
        id: context.id,
        organization: actor.organization,
        track: track.id,
        organizer: actor.member,
        title,
        agenda,
        attendees,
        schedule,
        mode: draft.mode,
        location: if draft.mode == Mode::InPerson {
            location
        } else {
            String::new()
        },
        state: MeetingState::Scheduled,
        revision: 1,
        sequence: 0,
        uid: format!("{}@{}", context.id, context.uid_domain),
        cancellation_reason: None,
    };
    let event = Event::MeetingCreated {
        meeting: meeting.id,
        track: meeting.track,
        mode: meeting.mode,
        starts_at: meeting.schedule.starts_at,
        people: meeting.attendees.len(),
    };
    Ok((meeting, event))
}

/// Several lines of text: without control characters but for line ends and tabs. Answers
/// its length if it is too long.
fn check_text(text: &str, most: usize) -> Result<String, usize> {
    let clean: String = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|letter| is_printable(*letter) || matches!(letter, '\n' | '\t'))
        .collect();
    let clean = clean.trim().to_owned();
    let length = clean.chars().count();
    if length <= most {
        Ok(clean)
    } else {
        Err(length)
    }
}

fn people(
    organizer: MemberId,
    others: &[MemberId],
    enrolled: &BTreeSet<MemberId>,
) -> Result<Vec<Attendee>, Refusal> {
    let others: BTreeSet<MemberId> = others
        .iter()
        .copied()
        .filter(|id| *id != organizer)
        .collect();
    if others.is_empty() {
        return Err(Refusal::NobodyElse);
    }
    if others.len() + 1 > MOST_PEOPLE {
        return Err(Refusal::TooManyPeople(others.len() + 1));
    }
    if !others.iter().all(|id| enrolled.contains(id)) {
        return Err(Refusal::NotAParticipant);
    }
    let mut attendees = vec![Attendee {
        member: organizer,
        organizer: true,
    }];
    attendees.extend(others.into_iter().map(|member| Attendee {
        member,
        organizer: false,
    }));
    Ok(attendees)
}

/// Whether the actor may change the meeting now.
fn may_change(actor: &Actor, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if !rights(actor, meeting).change {
        return Err(Refusal::NotYourMeeting);
    }
    if meeting.state == MeetingState::Cancelled {
        return Err(Refusal::MeetingCancelled);
    }
    if meeting.state != MeetingState::Scheduled || meeting.schedule.ends_at <= now {
        return Err(Refusal::MeetingOver);
    }
    Ok(())
}

/// The reason for a change, on one line; needed where the meeting is not the actor's own.
fn check_reason(
    actor: &Actor,
    meeting: &Meeting,
    reason: Option<String>,
) -> Result<Option<String>, Refusal> {
    let reason = check_text(&reason.unwrap_or_default(), 500)
        .map_err(|_| Refusal::ReasonTooLong)?
        .replace('\n', " ");
    if reason.chars().any(is_visible) {
        Ok(Some(reason))
    } else if rights(actor, meeting).needs_reason {
        Err(Refusal::ReasonMissing)
    } else {
        Ok(None)
    }
}

/// Moves a meeting to another time. Its link stays.
pub fn reschedule(
    actor: &Actor,
    meeting: &Meeting,
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    // Whoever may not change it learns nothing else from a form with mistakes.
    may_change(actor, meeting, now).map_err(|refusal| vec![refusal])?;
    let mut refusals = Vec::new();
    let reason = check_reason(actor, meeting, reason).map_err(|refusal| refusals.push(refusal));
    let schedule = schedule::check(local_start, time_zone, duration_minutes, now)
        .map_err(|all| refusals.extend(all));
    let (Ok(reason), Ok(schedule)) = (reason, schedule) else {
        return Err(refusals);
    };
    if schedule == meeting.schedule {
        return Err(vec![Refusal::TimeUnchanged]);
    }
    let event = Event::MeetingRescheduled {
        meeting: meeting.id,
        track: meeting.track,
        before: meeting.schedule.starts_at,
        after: schedule.starts_at,
        reason,
    };
    let after = Meeting {
        schedule,
        revision: meeting.revision + 1,
        sequence: meeting.sequence + 1,
        ..meeting.clone()
    };
    Ok((after, event))
}

/// Calls a meeting off.
pub fn cancel(
    actor: &Actor,
    meeting: &Meeting,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(Meeting, Event), Refusal> {
    may_change(actor, meeting, now)?;
    let reason = check_reason(actor, meeting, reason)?;
    let event = Event::MeetingCancelled {
        meeting: meeting.id,
        track: meeting.track,
        reason: reason.clone(),
    };
    let after = Meeting {
        state: MeetingState::Cancelled,
        revision: meeting.revision + 1,
        sequence: meeting.sequence + 1,
        cancellation_reason: reason,
        ..meeting.clone()
    };
    Ok((after, event))
}

/// Turns a meeting into another mode: Teams was taken away from its track.
pub fn change_mode(meeting: &Meeting, mode: Mode) -> (Meeting, Event) {
    let event = Event::MeetingModeChanged {
        meeting: meeting.id,
        track: meeting.track,
        before: meeting.mode,
        after: mode,
    };
    let after = Meeting {
        mode,
        revision: meeting.revision + 1,
        sequence: meeting.sequence + 1,
        ..meeting.clone()
    };
    (after, event)
}

/// A meeting's join address opens so long before the start.
pub const OPENS_BEFORE: SignedDuration = SignedDuration::from_mins(15);

/// What the join address of a meeting does when somebody opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Opens the Teams meeting.
    Open,
    /// Says when it opens, and offers to open Teams now.
    Early {
        /// The instant from which it opens.
        opens_at: Timestamp,
    },
    /// Says that there is no link, and why.
    NoLink(LinkState),
    /// Says how people meet instead.
    OtherMode(Mode),
    /// Says that the meeting was cancelled.
    Cancelled,
    /// Says that the meeting is over.
    Over,
}

/// What the join address does: open from 15 minutes before the start until the end, and
/// closed at once when the meeting is cancelled (product, section 4).
pub fn joining(meeting: &Meeting, link: LinkState, now: Timestamp) -> Joining {
    let opens_at = meeting.schedule.starts_at - OPENS_BEFORE;
    match meeting.state {
        MeetingState::Cancelled => Joining::Cancelled,
        MeetingState::Held | MeetingState::Missed => Joining::Over,
        MeetingState::Scheduled if now >= meeting.schedule.ends_at => Joining::Over,
        MeetingState::Scheduled if meeting.mode != Mode::Teams => Joining::OtherMode(meeting.mode),
        MeetingState::Scheduled if link != LinkState::Ready => Joining::NoLink(link),
        MeetingState::Scheduled if now < opens_at => Joining::Early { opens_at },
        MeetingState::Scheduled => Joining::Open,
    }
}
