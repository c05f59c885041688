//! Answers: whether somebody will be there. An answer is for the meeting as a whole, of a
//! series for all that lies ahead, and changes nothing of the meeting itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::meeting::{Attendee, Meeting, MeetingState, check_text};
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::repetition::OccurrenceState;

/// Whether somebody will be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// They will.
    Yes,
    /// They won't.
    No,
    /// They don't know yet.
    Maybe,
}

crate::words!(Answer { Yes = "yes", No = "no", Maybe = "maybe" });

impl Answer {
    /// As pages and mails say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::No => "No",
            Self::Maybe => "Maybe",
        }
    }
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// What they add for the others of the meeting; may be empty.
    pub note: String,
}

const LONGEST_NOTE: usize = 500;

/// Whether a member may answer now: they are of the meeting, and something of it lies
/// ahead.
pub fn may_answer(member: MemberId, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    if meeting.state == MeetingState::Cancelled {
        return Err(Refusal::CancelledUnanswered);
    }
    if meeting.state == MeetingState::Proposed {
        return Err(Refusal::OnlyProposed);
    }
    if meeting.state != MeetingState::Scheduled || meeting.is_over(now) {
        return Err(Refusal::OverUnanswered);
    }
    Ok(())
}

/// Answers for a member. The meeting's revision stays: whoever has its form open is in
/// conflict with nobody. The event says what the answer is, and nothing of the note.
pub fn answer(
    member: MemberId,
    meeting: &Meeting,
    answer: Answer,
    note: &str,
    now: Timestamp,
) -> Result<(Reply, Event), Refusal> {
    may_answer(member, meeting, now)?;
    let note = check_text(note, LONGEST_NOTE).map_err(Refusal::NoteTooLong)?;
    let event = Event::MeetingAnswered {
        meeting: meeting.id,
        track: meeting.track,
        member,
        answer,
    };
    Ok((Reply { answer, note }, event))
}

/// The meeting `after` with everyone but the one who moved it asked again, if it meets at a
/// time now that it did not before: what they said was about another one.
pub fn asks_again(before: &Meeting, after: Meeting, mover: MemberId) -> Meeting {
    let takes_place = |meeting: &Meeting| {
        let scheduled = meeting.occurrences.iter();
        let scheduled = scheduled.filter(|one| one.state != OccurrenceState::Cancelled);
        let times: Vec<_> = scheduled.map(|one| (one.starts_at, one.ends_at)).collect();
        times
    };
    let known = takes_place(before);
    if takes_place(&after).iter().all(|time| known.contains(time)) {
        return after;
    }
    let asked = |attendee: &Attendee| Attendee {
        answer: attendee.answer.filter(|_| attendee.member == mover),
        ..*attendee
    };
    Meeting {
        attendees: after.attendees.iter().map(asked).collect(),
        ..after
    }
}
