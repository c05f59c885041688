//! Meetings: made, moved, cancelled; and what their join address does when it is opened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::eligibility::Reason;
use crate::event::Event;
use crate::link::LinkState;
use crate::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use crate::refusal::Refusal;
use crate::role::{self, Actor};
use crate::schedule::{self, Schedule};
use crate::text::{self, Flaw};
use crate::track::{Mode, Track};
use crate::word::words;

/// Characters in a title or a location.
pub const MOST_TITLE: usize = 200;
/// Characters in an agenda.
pub const MOST_AGENDA: usize = 4_000;
/// People in a meeting besides its organizer.
pub const MOST_PEOPLE: usize = 50;
/// Characters in a reason.
pub const MOST_REASON: usize = 500;
/// The join address opens so long before the meeting starts.
pub const OPENS_BEFORE: SignedDuration = SignedDuration::from_mins(15);

/// How a meeting stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingState {
    /// It is to take place.
    Scheduled,
    /// It was called off.
    Cancelled,
    /// It took place.
    Held,
    /// It did not take place.
    Missed,
}

words!(MeetingState {
    Scheduled => "scheduled",
    Cancelled => "cancelled",
    Held => "held",
    Missed => "missed",
});

/// A person in a meeting.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Attendee {
    /// Who.
    pub member: MemberId,
    /// Whether they made the meeting.
    pub organizer: bool,
}

/// A meeting of a track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// Which.
    pub id: MeetingId,
    /// Whose.
    pub organization: OrganizationId,
    /// Where it belongs.
    pub track: TrackId,
    /// The participant who made it; Microsoft's organizer is the host (S19).
    pub organizer: MemberId,
    /// One line.
    pub title: String,
    /// Several lines, or none.
    pub agenda: String,
    /// Everyone who comes, the organizer first.
    pub attendees: Vec<Attendee>,
    /// When.
    pub schedule: Schedule,
    /// How.
    pub mode: Mode,
    /// Where, for a meeting in person; otherwise empty.
    pub location: String,
    /// How it stands.
    pub state: MeetingState,
    /// Rises with each change; two changes made from the same one can't both be saved.
    pub revision: i64,
    /// iCalendar's SEQUENCE: rises with each change that people are told of.
    pub sequence: i64,
    /// iCalendar's UID: the same for life (E-06).
    pub uid: String,
    /// Why it was cancelled, if somebody said.
    pub cancellation_reason: Option<String>,
}

/// What a form for a new meeting says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Title.
    pub title: String,
    /// Agenda.
    pub agenda: String,
    /// The people to meet; the organizer comes anyway.
    pub attendees: Vec<MemberId>,
    /// The local time at which it starts.
    pub local_start: DateTime,
    /// The zone in which that is local.
    pub time_zone: String,
    /// How long.
    pub duration_minutes: u16,
    /// How.
    pub mode: Mode,
    /// Where; counts for a meeting in person only.
    pub location: String,
}

/// What a new meeting is measured against.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The track.
    pub track: &'a Track,
    /// Its active participants.
    pub enrolled: &'a BTreeSet<MemberId>,
    /// Whether the actor may use Teams here, as [`crate::eligibility::decide`] answered.
    pub eligibility: Result<Uuid, Vec<Reason>>,
    /// What time it is.
    pub now: Timestamp,
    /// The id that the meeting will have.
    pub id: MeetingId,
    /// The domain of its UID.
    pub uid_domain: &'a str,
}

/// Makes a meeting, or says everything that is wrong at once, one refusal per field.
pub fn create(
    actor: &Actor,
    draft: Draft,
    context: Context<'_>,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let track = context.track;
    if actor.organization != track.organization || !actor.may_create_meeting_in(track.id) {
        return Err(vec![Refusal::NotEnrolled]);
    }
    let Draft {
        title,
        agenda,
        attendees,
        local_start,
        time_zone,
        duration_minutes,
        mode,
        location,
    } = draft;
    let title = check_title(&title);
    let agenda = check_agenda(&agenda);
    let attendees = check_people(actor.member, &attendees, context.enrolled);
    let schedule = schedule::check(local_start, &time_zone, duration_minutes, context.now);
    let location = match mode {
        Mode::InPerson => check_location(&location),
        Mode::Phone | Mode::Teams => Ok(String::new()),
    };
    let mode = check_mode(mode, track, context.eligibility);
    let (title, agenda, attendees, schedule, mode, location) =
        match (title, agenda, attendees, schedule, mode, location) {
            (Ok(title), Ok(agenda), Ok(attendees), Ok(schedule), Ok(mode), Ok(location)) => {
                (title, agenda, attendees, schedule, mode, location)
            }
            (title, agenda, attendees, schedule, mode, location) => {
                let before = [title.err(), agenda.err(), attendees.err()];
                let after = [mode.err(), location.err()];
                let times = schedule.err().unwrap_or_default();
                let refusals = before.into_iter().flatten().chain(times);
                return Err(refusals.chain(after.into_iter().flatten()).collect());
            }
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
        mode,
        location,
        state: MeetingState::Scheduled,
        revision: 1,
        sequence: 0,
        uid: format!("{}@{}", context.id, context.uid_domain),
        cancellation_reason: None,
    };
    let event = Event::MeetingCreated {
        meeting: meeting.id,
        track: meeting.track,
        mode,
        schedule: meeting.schedule.clone(),
        people: meeting.attendees.len(),
    };
    Ok((meeting, event))
}

/// Moves a meeting. Its link stays; everyone is told, with the reason where the meeting is
/// not the actor's own.
pub fn reschedule(
    actor: &Actor,
    meeting: &Meeting,
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    may_change(actor, meeting, now).map_err(|refusal| vec![refusal])?;
    let reason = check_reason(actor, meeting, reason);
    let planned = schedule::check(local_start, time_zone, duration_minutes, now);
    let (schedule, reason) = match (planned, reason) {
        (Ok(schedule), Ok(_)) if schedule == meeting.schedule => {
            return Err(vec![Refusal::TimeUnchanged]);
        }
        (Ok(schedule), Ok(reason)) => (schedule, reason),
        (schedule, reason) => {
            let refusals = schedule.err().unwrap_or_default();
            return Err(refusals.into_iter().chain(reason.err()).collect());
        }
    };
    let event = Event::MeetingRescheduled {
        meeting: meeting.id,
        track: meeting.track,
        was: meeting.schedule.clone(),
        becomes: schedule.clone(),
        reason,
    };
    let after = Meeting {
        schedule,
        ..told(meeting)
    };
    Ok((after, event))
}

/// Calls a meeting off. Its Teams meeting is deleted, its join address closes at once.
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
        schedule: meeting.schedule.clone(),
        reason: reason.clone(),
    };
    let after = Meeting {
        state: MeetingState::Cancelled,
        cancellation_reason: reason,
        ..told(meeting)
    };
    Ok((after, event))
}

/// Turns a planned meeting into another mode, because its track no longer uses Teams or
/// the organization removed it. Which meetings that concerns, and who may decide it, is
/// settled before.
pub fn change_mode(meeting: &Meeting, mode: Mode) -> (Meeting, Event) {
    let event = Event::MeetingModeChanged {
        meeting: meeting.id,
        track: meeting.track,
        was: meeting.mode,
        becomes: mode,
    };
    let after = Meeting {
        mode,
        location: String::new(),
        ..told(meeting)
    };
    (after, event)
}

/// A meeting whose Teams link became another one: people must be told (N4).
#[must_use]
pub fn change_link(meeting: &Meeting) -> Meeting {
    told(meeting)
}

/// The next revision of a meeting, of which people are told.
fn told(meeting: &Meeting) -> Meeting {
    Meeting {
        revision: meeting.revision + 1,
        sequence: meeting.sequence + 1,
        ..meeting.clone()
    }
}

/// What the join address of a meeting does when it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joining {
    /// Opens the Teams meeting.
    Open,
    /// Says when it opens, and offers to open Teams now.
    Early {
        /// 15 minutes before the start.
        opens_at: Timestamp,
    },
    /// Says that there is no link yet, and why.
    NoLink(LinkState),
    /// Says that people meet in another way now.
    OtherMode(Mode),
    /// Says that the meeting was cancelled.
    Cancelled,
    /// Says that the meeting is over.
    Over,
}

/// Decides what the join address does: open from 15 minutes before the start until the
/// end, and closed at once when the meeting is cancelled.
pub fn joining(meeting: &Meeting, link: &LinkState, now: Timestamp) -> Joining {
    let opens_at = meeting
        .schedule
        .starts_at
        .saturating_sub(OPENS_BEFORE)
        .unwrap_or(Timestamp::MIN);
    if meeting.state == MeetingState::Cancelled {
        Joining::Cancelled
    } else if now >= meeting.schedule.ends_at || meeting.state != MeetingState::Scheduled {
        Joining::Over
    } else if meeting.mode != Mode::Teams {
        Joining::OtherMode(meeting.mode)
    } else if *link != LinkState::Ready {
        Joining::NoLink(*link)
    } else if now < opens_at {
        Joining::Early { opens_at }
    } else {
        Joining::Open
    }
}

fn may_change(actor: &Actor, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if !role::rights(actor, meeting).change {
        return Err(Refusal::NotYourMeeting);
    }
    match meeting.state {
        MeetingState::Cancelled => Err(Refusal::MeetingCancelled),
        MeetingState::Scheduled if now < meeting.schedule.ends_at => Ok(()),
        MeetingState::Scheduled | MeetingState::Held | MeetingState::Missed => {
            Err(Refusal::MeetingOver)
        }
    }
}

fn check_title(title: &str) -> Result<String, Refusal> {
    text::line(title, MOST_TITLE).map_err(|flaw| match flaw {
        Flaw::Empty => Refusal::TitleMissing,
        Flaw::TooLong(have) => Refusal::TitleTooLong { have },
        Flaw::Unprintable => Refusal::TitleUnprintable,
    })
}

fn check_agenda(agenda: &str) -> Result<String, Refusal> {
    text::lines(agenda, MOST_AGENDA).or_else(|flaw| match flaw {
        Flaw::Empty => Ok(String::new()),
        Flaw::TooLong(have) => Err(Refusal::AgendaTooLong { have }),
        Flaw::Unprintable => Err(Refusal::AgendaUnprintable),
    })
}

fn check_location(location: &str) -> Result<String, Refusal> {
    text::line(location, MOST_TITLE).or_else(|flaw| match flaw {
        Flaw::Empty => Ok(String::new()),
        Flaw::TooLong(have) => Err(Refusal::LocationTooLong { have }),
        Flaw::Unprintable => Err(Refusal::LocationUnprintable),
    })
}

fn check_reason(
    actor: &Actor,
    meeting: &Meeting,
    reason: Option<String>,
) -> Result<Option<String>, Refusal> {
    let needed = role::rights(actor, meeting).needs_reason;
    match text::lines(&reason.unwrap_or_default(), MOST_REASON) {
        Ok(reason) => Ok(Some(reason)),
        Err(Flaw::Empty) if needed => Err(Refusal::ReasonMissing),
        Err(Flaw::Empty) => Ok(None),
        Err(Flaw::TooLong(have)) => Err(Refusal::ReasonTooLong { have }),
        Err(Flaw::Unprintable) => Err(Refusal::ReasonUnprintable),
    }
}

/// Somebody who is no participant and somebody who does not exist are refused alike, so
/// that nobody learns who is elsewhere (I-04).
fn check_people(
    organizer: MemberId,
    chosen: &[MemberId],
    enrolled: &BTreeSet<MemberId>,
) -> Result<Vec<Attendee>, Refusal> {
    let mut order = BTreeMap::new();
    for (place, member) in chosen.iter().enumerate() {
        if *member != organizer {
            order.entry(*member).or_insert(place);
        }
    }
    let strangers = order
        .keys()
        .filter(|member| !enrolled.contains(member))
        .count();
    match (order.len(), strangers) {
        (0, _) => return Err(Refusal::PeopleMissing),
        (have, _) if have > MOST_PEOPLE => return Err(Refusal::TooManyPeople { have }),
        (_, 0) => {}
        (_, count) => return Err(Refusal::PeopleNotInTrack { count }),
    }
    let mut others: Vec<(usize, MemberId)> = order
        .into_iter()
        .map(|(member, place)| (place, member))
        .collect();
    others.sort_unstable();
    let first = Attendee {
        member: organizer,
        organizer: true,
    };
    let others = others.into_iter().map(|(_, member)| Attendee {
        member,
        organizer: false,
    });
    Ok(std::iter::once(first).chain(others).collect())
}

fn check_mode(
    mode: Mode,
    track: &Track,
    eligibility: Result<Uuid, Vec<Reason>>,
) -> Result<Mode, Refusal> {
    match (mode, eligibility) {
        (Mode::Teams, Err(reasons)) => Err(Refusal::TeamsNotOffered { reasons }),
        _ if !track.modes.contains(mode) => Err(Refusal::ModeNotInTrack),
        _ => Ok(mode),
    }
}
