//! Meetings: their states, their occurrences, and how participants make them.

mod change;
mod joining;
mod logged;
mod times;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::Answer;
use crate::eligibility::Reason;
use crate::event::Event;
use crate::member::{check_line, is_printable};
use crate::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use crate::refusal::Refusal;
use crate::repetition::{self, Occurrence, OccurrenceState, Repetition};
use crate::role::Actor;
use crate::schedule::{self, Schedule};
use crate::track::{Mode, Track};

pub(crate) use change::called_off;
pub use change::{
    Changes, Move, Part, Scope, cancel, change, change_mode, leave, may_cancel, may_change,
};
pub use joining::{Joining, OPENS_BEFORE, joining};
pub use logged::{Record, log};

/// Where a meeting is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingState {
    /// Times for it are offered, and none is settled on: it is in nobody's calendar.
    Proposed,
    /// It takes place.
    Scheduled,
    /// It was called off.
    Cancelled,
    /// It took place.
    Held,
    /// It should have taken place.
    Missed,
}

crate::words!(MeetingState { Proposed = "proposed", Scheduled = "scheduled", Cancelled = "cancelled", Held = "held", Missed = "missed" });

/// A person of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// Who.
    pub member: MemberId,
    /// Whether they made the meeting.
    pub organizer: bool,
    /// Whether they will be there, once they said so.
    pub answer: Option<Answer>,
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
    /// When; of a series the first start of its rule, of a meeting that is only proposed
    /// the soonest time that was offered last.
    pub schedule: Schedule,
    /// How it repeats; nothing if it doesn't.
    pub repetition: Option<Repetition>,
    /// Every time that people meet, soonest first; one if it doesn't repeat, none as long
    /// as it is only proposed.
    pub occurrences: Vec<Occurrence>,
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

impl Meeting {
    /// The occurrence that is under way or comes next.
    pub fn next(&self, now: Timestamp) -> Option<Occurrence> {
        self.ahead(now)
            .min_by_key(|occurrence| occurrence.starts_at)
    }

    /// The occurrence that the meeting is about at this moment: the one under way or next,
    /// and when all are over the last one.
    pub fn current(&self, now: Timestamp) -> Occurrence {
        let is_scheduled = |one: &&Occurrence| one.state != OccurrenceState::Cancelled;
        self.next(now)
            .or_else(|| self.occurrences.iter().rfind(is_scheduled).copied())
            .or_else(|| self.occurrences.last().copied())
            .unwrap_or_else(|| Occurrence::of(&self.schedule))
    }

    /// The occurrence that the rule puts there.
    pub fn occurrence(&self, original_start: DateTime) -> Option<Occurrence> {
        let is = |one: &&Occurrence| one.original_start == original_start;
        self.occurrences.iter().find(is).copied()
    }

    /// The occurrences that take place and are not over.
    pub fn ahead(&self, now: Timestamp) -> impl Iterator<Item = Occurrence> + '_ {
        let all = self.occurrences.iter().copied();
        all.filter(move |occurrence| occurrence.is_ahead(now))
    }

    /// Whether nothing of it lies ahead any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.next(now).is_none()
    }

    /// When the last of its occurrences ends, the cancelled ones included.
    pub fn ends_at(&self) -> Timestamp {
        let ends = self.occurrences.iter().map(|occurrence| occurrence.ends_at);
        ends.max().unwrap_or(self.schedule.ends_at)
    }

    /// Whether somebody is of it.
    pub fn is_attended_by(&self, member: MemberId) -> bool {
        self.attendees
            .iter()
            .any(|attendee| attendee.member == member)
    }

    /// The same with its occurrences in order.
    fn with_occurrences(mut self, mut occurrences: Vec<Occurrence>) -> Self {
        occurrences.sort_by_key(|occurrence| (occurrence.starts_at, occurrence.original_start));
        self.occurrences = occurrences;
        self
    }
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
    /// How it repeats.
    pub repetition: Option<Repetition>,
}

/// What is known while a meeting is made or changed.
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
}

const MOST_PEOPLE: usize = 50;
const LONGEST_AGENDA: usize = 4_000;

/// Makes a meeting, or answers everything that is wrong with the draft at once.
pub fn create(
    actor: &Actor,
    draft: &Draft,
    context: &Context<'_>,
    id: MeetingId,
    uid_domain: &str,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let track = context.track;
    if actor.organization != track.organization || !actor.may_create_meeting_in(track.id) {
        return Err(vec![Refusal::NotEnrolled]);
    }
    let mut refusals = Vec::new();
    let mut keep = |refusal| refusals.push(refusal);
    let title = check_title(&draft.title).map_err(&mut keep);
    let agenda = check_agenda(&draft.agenda).map_err(&mut keep);
    let location = check_location(&draft.location).map_err(&mut keep);
    let people = people(actor.member, &draft.attendees, |id| {
        context.enrolled.contains(&id)
    })
    .map_err(&mut keep);
    let mode = check_mode(draft.mode, context).map_err(&mut keep);
    let schedule = schedule::check(
        draft.local_start,
        &draft.time_zone,
        draft.duration_minutes,
        context.now,
    )
    .and_then(|schedule| {
        let occurrences = expand(&schedule, draft.repetition.as_ref(), context.now)?;
        Ok((schedule, occurrences))
    })
    .map_err(|all| refusals.extend(all));
    let (Ok(title), Ok(agenda), Ok(location), Ok(attendees), Ok(mode), Ok((schedule, occurrences))) =
        (title, agenda, location, people, mode, schedule)
    else {
        return Err(refusals);
    };
    let meeting = Meeting {
        id,
        organization: actor.organization,
        track: track.id,
        organizer: actor.member,
        title,
        agenda,
        attendees,
        schedule,
        repetition: draft.repetition,
        occurrences,
        mode,
        location: place(mode, location),
        state: MeetingState::Scheduled,
        revision: 1,
        sequence: 0,
        uid: format!("{id}@{uid_domain}"),
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

/// What is wrong with the words of a draft of which something else can't even be read.
pub fn check_words(title: &str, agenda: &str, location: &str) -> Vec<Refusal> {
    [
        check_title(title).err(),
        check_agenda(agenda).err(),
        check_location(location).err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The occurrences of a rule, or the one of a meeting without.
pub(crate) fn expand(
    first: &Schedule,
    repetition: Option<&Repetition>,
    now: Timestamp,
) -> Result<Vec<Occurrence>, Vec<Refusal>> {
    match repetition {
        None => Ok(vec![Occurrence::of(first)]),
        Some(rule) => repetition::occurrences(first, rule, now).map_err(|refusal| vec![refusal]),
    }
}

fn check_title(title: &str) -> Result<String, Refusal> {
    check_line(title, 200).ok_or(Refusal::TitleInvalid)
}

fn check_agenda(agenda: &str) -> Result<String, Refusal> {
    check_text(agenda, LONGEST_AGENDA).map_err(Refusal::AgendaTooLong)
}

fn check_location(location: &str) -> Result<String, Refusal> {
    let location = location.trim();
    if location.is_empty() {
        return Ok(String::new());
    }
    check_line(location, 200).ok_or(Refusal::LocationTooLong)
}

/// Only a meeting in person has a place.
fn place(mode: Mode, location: String) -> String {
    if mode == Mode::InPerson {
        location
    } else {
        String::new()
    }
}

pub(crate) fn check_mode(mode: Mode, context: &Context<'_>) -> Result<Mode, Refusal> {
    if !context.track.modes.contains(mode) {
        return Err(Refusal::ModeOff);
    }
    match (mode, &context.eligibility) {
        (Mode::Teams, Err(reasons)) => Err(Refusal::TeamsNotForYou(reasons.clone())),
        _ => Ok(mode),
    }
}

/// Several lines of text: without control characters but for line ends and tabs. Answers
/// its length if it is too long.
pub(crate) fn check_text(text: &str, most: usize) -> Result<String, usize> {
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
    may_come: impl Fn(MemberId) -> bool,
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
    if !others.iter().all(|id| may_come(*id)) {
        return Err(Refusal::NotAParticipant);
    }
    let mut attendees = vec![Attendee {
        member: organizer,
        organizer: true,
        // Whoever makes a meeting means to come.
        answer: Some(Answer::Yes),
    }];
    attendees.extend(others.into_iter().map(|member| Attendee {
        member,
        organizer: false,
        answer: None,
    }));
    Ok(attendees)
}
