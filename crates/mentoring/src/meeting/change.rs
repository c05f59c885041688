//! How a meeting is changed and called off: the whole of it, one occurrence, or one and
//! all that follow.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::times::{timed, with};
use super::{
    Context, Meeting, MeetingState, check_agenda, check_location, check_mode, check_text,
    check_title, people, place,
};
use crate::answer;
use crate::event::Event;
use crate::member::is_visible;
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::repetition::{Occurrence, OccurrenceState, Repetition};
use crate::role::{Actor, rights};
use crate::schedule::When;
use crate::track::Mode;

/// How much of a series a change is about; an occurrence is named by its original start.
/// Of a meeting that does not repeat each is the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// This occurrence.
    This(DateTime),
    /// This one and all that follow it by the rule.
    Following(DateTime),
    /// All that are not over.
    #[default]
    All,
}

/// Another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where the occurrence that the scope names goes, and of all, the first start of the
    /// rule: the others go as far.
    pub when: When,
    /// Which move.
    pub scope: Scope,
}

/// What is to be different about a meeting. Nothing stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The title.
    pub title: Option<String>,
    /// The agenda.
    pub agenda: Option<String>,
    /// The people beside the organizer.
    pub attendees: Option<Vec<MemberId>>,
    /// How.
    pub mode: Option<Mode>,
    /// Where.
    pub location: Option<String>,
    /// When.
    pub time: Option<Move>,
    /// How it repeats from its next occurrence on; nothing inside means not at all.
    pub repetition: Option<Option<Repetition>>,
    /// Why.
    pub reason: Option<String>,
}

/// A part of a meeting that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the field of its name")]
pub enum Part {
    Title,
    Agenda,
    People,
    Mode,
    Location,
    Time,
    Repetition,
}

crate::words!(Part { Title = "title", Agenda = "agenda", People = "people", Mode = "mode", Location = "location", Time = "time", Repetition = "repetition" });

impl Part {
    /// What is different between two revisions of a meeting.
    pub fn differing(before: &Meeting, after: &Meeting) -> Vec<Self> {
        let is_different = |part: &Self| match part {
            Self::Title => before.title != after.title,
            Self::Agenda => before.agenda != after.agenda,
            Self::People => {
                let same = |one: &Meeting, other: &Meeting| {
                    let mut all = one.attendees.iter();
                    all.all(|attendee| other.is_attended_by(attendee.member))
                };
                !same(before, after) || !same(after, before)
            }
            Self::Mode => before.mode != after.mode,
            Self::Location => before.location != after.location,
            Self::Repetition => {
                before.repetition.map(|rule| rule.every) != after.repetition.map(|rule| rule.every)
                    || before.occurrences.len() != after.occurrences.len()
            }
            Self::Time => {
                before.schedule != after.schedule || before.occurrences != after.occurrences
            }
        };
        Self::ALL.iter().copied().filter(is_different).collect()
    }
}

/// Whether the actor may change the meeting now.
pub fn may_change(actor: &Actor, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if !rights(actor, meeting).change {
        return Err(Refusal::NotYourMeeting);
    }
    if meeting.state == MeetingState::Cancelled {
        return Err(Refusal::MeetingCancelled);
    }
    if meeting.state == MeetingState::Proposed {
        return Err(Refusal::OnlyProposed);
    }
    if meeting.state != MeetingState::Scheduled || meeting.is_over(now) {
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

/// Changes a meeting; nothing if all is as it was. Its link stays.
///
/// People are told of everything but the agenda, so the SEQUENCE rises with all else.
pub fn change(
    actor: &Actor,
    meeting: &Meeting,
    changes: &Changes,
    context: &Context<'_>,
) -> Result<Option<(Meeting, Event)>, Vec<Refusal>> {
    let now = context.now;
    // Whoever may not change it learns nothing else from a form with mistakes.
    may_change(actor, meeting, now).map_err(|refusal| vec![refusal])?;
    if changes.agenda.is_some() && !rights(actor, meeting).see_content {
        return Err(vec![Refusal::NotYourMeeting]);
    }
    let mut refusals = Vec::new();
    let mut keep = |refusal| refusals.push(refusal);
    let reason = check_reason(actor, meeting, changes.reason.clone()).map_err(&mut keep);
    let title = changes.title.as_deref().map(check_title).transpose();
    let title = title.map_err(&mut keep);
    let agenda = changes.agenda.as_deref().map(check_agenda).transpose();
    let agenda = agenda.map_err(&mut keep);
    let location = changes.location.as_deref().map(check_location).transpose();
    let location = location.map_err(&mut keep);
    let attendees = match &changes.attendees {
        None => Ok(meeting.attendees.clone()),
        Some(others) => people(meeting.organizer, others, |id| {
            context.enrolled.contains(&id) || meeting.is_attended_by(id)
        })
        .map_err(&mut keep),
    };
    let mode = match changes.mode {
        Some(mode) if mode != meeting.mode => check_mode(mode, context).map_err(&mut keep),
        _ => Ok(meeting.mode),
    };
    let timed = timed(meeting, changes, now).map_err(|all| refusals.extend(all));
    let (Ok(reason), Ok(title), Ok(agenda), Ok(location), Ok(mut attendees), Ok(mode), Ok(timed)) =
        (reason, title, agenda, location, attendees, mode, timed)
    else {
        return Err(refusals);
    };
    for attendee in &mut attendees {
        let known = |known: &&super::Attendee| known.member == attendee.member;
        if let Some(known) = meeting.attendees.iter().find(known) {
            *attendee = *known;
        }
    }
    let after = Meeting {
        title: title.unwrap_or_else(|| meeting.title.clone()),
        agenda: agenda.unwrap_or_else(|| meeting.agenda.clone()),
        location: place(mode, location.unwrap_or_else(|| meeting.location.clone())),
        attendees,
        mode,
        ..timed
    };
    let what = Part::differing(meeting, &after);
    if what.is_empty() {
        let moves_only = *changes
            == Changes {
                time: changes.time.clone(),
                reason: changes.reason.clone(),
                ..Changes::default()
            };
        return if moves_only && changes.time.is_some() {
            Err(vec![Refusal::TimeUnchanged])
        } else {
            Ok(None)
        };
    }
    let event = match &changes.time {
        Some(moved) if what == [Part::Time] => {
            let (before, after) = ends_of_move(meeting, &after, moved.scope, now);
            Event::MeetingRescheduled {
                meeting: meeting.id,
                track: meeting.track,
                before,
                after,
                reason,
            }
        }
        _ => Event::MeetingChanged {
            meeting: meeting.id,
            track: meeting.track,
            what: what.clone(),
            reason,
        },
    };
    let is_told = what != [Part::Agenda];
    let after = answer::asks_again(meeting, after, actor.member);
    Ok(Some((next_revision(after, is_told), event)))
}

fn next_revision(meeting: Meeting, is_told: bool) -> Meeting {
    Meeting {
        revision: meeting.revision + 1,
        sequence: meeting.sequence + i64::from(is_told),
        ..meeting
    }
}

/// From when to when the occurrence went that a move names.
fn ends_of_move(
    before: &Meeting,
    after: &Meeting,
    scope: Scope,
    now: Timestamp,
) -> (Timestamp, Timestamp) {
    let named = |meeting: &Meeting| match scope {
        Scope::This(original) | Scope::Following(original) => meeting.occurrence(original),
        Scope::All => None,
    };
    let at = |meeting: &Meeting| {
        let named = named(meeting).unwrap_or_else(|| meeting.current(now));
        named.starts_at
    };
    (at(before), at(after))
}

/// Whether the actor may call the meeting off now: one that is only proposed as well.
pub fn may_cancel(actor: &Actor, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if meeting.state == MeetingState::Proposed && rights(actor, meeting).change {
        return Ok(());
    }
    may_change(actor, meeting, now)
}

/// Calls a meeting off, or occurrences of it. Without an occurrence ahead there is no
/// meeting, so calling off the last one calls off the meeting.
pub fn cancel(
    actor: &Actor,
    meeting: &Meeting,
    scope: Scope,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(Meeting, Event), Refusal> {
    may_cancel(actor, meeting, now)?;
    let reason = check_reason(actor, meeting, reason)?;
    if meeting.state == MeetingState::Proposed {
        return Ok(called_off(meeting.clone(), reason));
    }
    let from = match scope {
        Scope::This(original) | Scope::Following(original) if meeting.repetition.is_some() => {
            let target = meeting.occurrence(original);
            let target = target.filter(|occurrence| occurrence.is_ahead(now));
            Some(target.ok_or(Refusal::OccurrenceGone)?)
        }
        _ => None,
    };
    let is_meant = |one: &Occurrence| match (from, scope) {
        (Some(from), Scope::This(_)) => one.original_start == from.original_start,
        (Some(from), _) => one.original_start >= from.original_start,
        (None, _) => true,
    };
    let count = meeting.ahead(now).filter(is_meant).count();
    let after = without(meeting, is_meant, now);
    match from {
        Some(from) if !after.is_over(now) => {
            let event = Event::OccurrencesCancelled {
                meeting: meeting.id,
                track: meeting.track,
                from: from.starts_at,
                count,
                reason,
            };
            Ok((next_revision(after, true), event))
        }
        _ => Ok(called_off(after, reason)),
    }
}

/// The meeting with those of its occurrences cancelled that lie ahead and are meant.
fn without(meeting: &Meeting, is_meant: impl Fn(&Occurrence) -> bool, now: Timestamp) -> Meeting {
    with(meeting, |one| {
        let mut one = one;
        if one.is_ahead(now) && is_meant(&one) {
            one.state = OccurrenceState::Cancelled;
        }
        one
    })
}

pub(crate) fn called_off(meeting: Meeting, reason: Option<String>) -> (Meeting, Event) {
    let event = Event::MeetingCancelled {
        meeting: meeting.id,
        track: meeting.track,
        reason: reason.clone(),
    };
    let after = Meeting {
        state: MeetingState::Cancelled,
        cancellation_reason: reason,
        ..next_revision(meeting, true)
    };
    (after, event)
}

/// Takes somebody out of a meeting that lies ahead: they left the track or the
/// organization (F16).
///
/// Without its organizer, or with nobody left to meet, it is called
/// off. Nothing if they are not of it or it is over.
pub fn leave(
    meeting: &Meeting,
    member: MemberId,
    reason: &str,
    now: Timestamp,
) -> Option<(Meeting, Event)> {
    let is_ahead = match meeting.state {
        MeetingState::Proposed => true,
        MeetingState::Scheduled => !meeting.is_over(now),
        MeetingState::Cancelled | MeetingState::Held | MeetingState::Missed => false,
    };
    if !is_ahead || !meeting.is_attended_by(member) {
        return None;
    }
    if meeting.organizer == member || meeting.attendees.len() <= 2 {
        let after = without(meeting, |_| true, now);
        return Some(called_off(after, Some(reason.to_owned())));
    }
    let mut after = meeting.clone();
    after.attendees.retain(|attendee| attendee.member != member);
    let event = Event::MeetingLeft {
        meeting: meeting.id,
        track: meeting.track,
        member,
    };
    Some((next_revision(after, true), event))
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
        ..next_revision(meeting.clone(), true)
    };
    (after, event)
}
