//! What became of a meeting: each of its people says so for themselves, of one occurrence
//! that is over, and may change their mind.
//!
//! It was held if anybody who was to be there says so, now or at another time; it was
//! missed if those who said anything all say that. Where they differ, both are shown.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::meeting::{Meeting, MeetingState};
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::repetition::{Occurrence, OccurrenceState};
use crate::schedule::{self, Schedule, When};

/// What somebody says of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It took place.
    Held,
    /// It did not.
    Missed,
    /// It took place, but at another time.
    Moved,
}

crate::words!(Said { Held = "held", Missed = "missed", Moved = "moved" });

impl Said {
    /// As pages and mails say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Held => "It took place",
            Self::Missed => "It did not take place",
            Self::Moved => "It took place at another time",
        }
    }
}

/// What one person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The word.
    pub said: Said,
    /// When it took place, if at another time than planned.
    pub at: Option<Schedule>,
}

/// What is said of a meeting that was longer ago stands.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Whether a member may say what became of an occurrence: they are of the meeting, and it
/// is over, for at most a year.
pub fn may_say(
    member: MemberId,
    meeting: &Meeting,
    occurrence: &Occurrence,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    if occurrence.state == OccurrenceState::Cancelled {
        return Err(Refusal::CancelledUnanswered);
    }
    if occurrence.ends_at > now {
        return Err(Refusal::NotOverYet);
    }
    if occurrence.ends_at + OPEN_FOR < now {
        return Err(Refusal::OutcomeClosed);
    }
    Ok(())
}

/// What a member says of an occurrence. `at` is when it took place, which only
/// [`Said::Moved`] has and needs.
pub fn say(
    member: MemberId,
    meeting: &Meeting,
    original_start: DateTime,
    said: Said,
    at: Option<&When>,
    now: Timestamp,
) -> Result<(Outcome, Event), Vec<Refusal>> {
    let one = |refusal| vec![refusal];
    let occurrence = meeting
        .occurrence(original_start)
        .ok_or_else(|| one(Refusal::OccurrenceGone))?;
    may_say(member, meeting, &occurrence, now).map_err(one)?;
    let at = match (said, at) {
        (Said::Moved, Some(at)) => Some(schedule::check_past(at, now)?),
        (Said::Moved, None) => return Err(one(Refusal::DateInvalid)),
        (Said::Held | Said::Missed, _) => None,
    };
    let event = Event::OutcomeSaid {
        meeting: meeting.id,
        track: meeting.track,
        member,
        said,
    };
    Ok((Outcome { said, at }, event))
}

/// What follows from what was said.
pub fn decide(said: impl IntoIterator<Item = Said>) -> OccurrenceState {
    said.into_iter()
        .fold(OccurrenceState::Scheduled, |state, said| match said {
            Said::Held | Said::Moved => OccurrenceState::Held,
            Said::Missed if state == OccurrenceState::Held => state,
            Said::Missed => OccurrenceState::Missed,
        })
}

/// Whether people differ about it.
pub fn differ(said: &[Said]) -> bool {
    let missed = said.iter().filter(|said| **said == Said::Missed).count();
    missed > 0 && missed < said.len()
}

/// The meeting with what its people said of one occurrence.
///
/// As a whole it was held once nothing lies ahead and anything of it was held. Its revision
/// stays: nobody who has a form open is in conflict.
pub fn settled(
    meeting: &Meeting,
    original_start: DateTime,
    said: impl IntoIterator<Item = Said>,
    now: Timestamp,
) -> Meeting {
    let mut after = meeting.clone();
    for occurrence in &mut after.occurrences {
        let is_it = occurrence.original_start == original_start;
        if is_it && occurrence.state != OccurrenceState::Cancelled {
            occurrence.state = decide(said);
            break;
        }
    }
    if meeting.state != MeetingState::Cancelled {
        after.state = whole(&after, now);
    }
    after
}

fn whole(meeting: &Meeting, now: Timestamp) -> MeetingState {
    let has = |state| meeting.occurrences.iter().any(|one| one.state == state);
    if !meeting.is_over(now) || !(has(OccurrenceState::Held) || has(OccurrenceState::Missed)) {
        MeetingState::Scheduled
    } else if has(OccurrenceState::Held) {
        MeetingState::Held
    } else if has(OccurrenceState::Scheduled) {
        // Of the rest nobody said anything yet.
        MeetingState::Scheduled
    } else {
        MeetingState::Missed
    }
}
