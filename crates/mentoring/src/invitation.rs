//! Which change tells whom what, and the calendar object as data.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::meeting::{Meeting, MeetingState};
use crate::organization::MemberId;
use crate::schedule::Schedule;
use crate::track::Mode;

/// iCalendar's METHOD (RFC 5546).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Put it in, or replace what is there.
    Request,
    /// Take it out.
    Cancel,
}

/// What happened, from the reader's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// There is a new meeting.
    Created,
    /// It moved.
    Rescheduled {
        /// When it was.
        was: Schedule,
    },
    /// It was called off.
    Cancelled {
        /// Why, if that was said.
        reason: Option<String>,
    },
    /// It takes place another way.
    ModeChanged {
        /// How it would have.
        was: Mode,
    },
    /// The reader is no longer invited.
    Removed,
    /// It has another Teams link.
    LinkChanged,
}

/// One message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To whom.
    pub to: MemberId,
    /// What their calendar is to do.
    pub method: Method,
    /// With which SEQUENCE.
    pub sequence: i64,
    /// What happened.
    pub change: Change,
    /// Why, if that was said.
    pub reason: Option<String>,
}

/// Who is told what of the step from `before`, as people last knew it, to `after`.
///
/// Everyone of the meeting, the one who made it included, is told every change once;
/// somebody who is no longer of it gets a CANCEL, and nobody else does (E-06). What was
/// cancelled before anybody knew of it is nobody's business.
pub fn notices(before: Option<&Meeting>, after: &Meeting) -> Vec<Notice> {
    notices_because(before, after, None)
}

/// The same for a change whose reason was said: all are told it.
pub fn notices_because(
    before: Option<&Meeting>,
    after: &Meeting,
    reason: Option<&str>,
) -> Vec<Notice> {
    let is_cancelled = after.state == MeetingState::Cancelled;
    let before = match before {
        Some(before) if before.state == MeetingState::Cancelled => return Vec::new(),
        None if is_cancelled => return Vec::new(),
        before => before,
    };
    let notice = |to, method, change| Notice {
        to,
        method,
        sequence: after.sequence,
        change,
        reason: None,
    };
    let knew = |member| before.is_some_and(|before| attends(before, member));
    let change = before.and_then(|before| difference(before, after));
    let come = after.attendees.iter().map(|attendee| attendee.member);
    let told = come.filter_map(|to| match (knew(to), is_cancelled, &change) {
        (false, true, _) | (true, false, None) => None,
        (false, false, _) => Some(notice(to, Method::Request, Change::Created)),
        (true, false, Some(change)) => Some(Notice {
            reason: reason.map(str::to_owned),
            ..notice(to, Method::Request, change.clone())
        }),
        (true, true, _) => {
            let reason = after.cancellation_reason.clone();
            let change = Change::Cancelled {
                reason: reason.clone(),
            };
            Some(Notice {
                reason,
                ..notice(to, Method::Cancel, change)
            })
        }
    });
    let gone = before
        .iter()
        .flat_map(|before| before.attendees.iter().map(|attendee| attendee.member))
        .filter(|member| !attends(after, *member))
        .map(|to| notice(to, Method::Cancel, Change::Removed));
    told.chain(gone).collect()
}

fn attends(meeting: &Meeting, member: MemberId) -> bool {
    meeting
        .attendees
        .iter()
        .any(|attendee| attendee.member == member)
}

/// What those who knew the meeting are told. A change of which people are told raises the
/// sequence; one that shows nowhere else is one of the link.
fn difference(before: &Meeting, after: &Meeting) -> Option<Change> {
    if before.mode != after.mode {
        Some(Change::ModeChanged { was: before.mode })
    } else if before.schedule != after.schedule {
        Some(Change::Rescheduled {
            was: before.schedule.clone(),
        })
    } else if before.sequence < after.sequence {
        Some(Change::LinkChanged)
    } else {
        None
    }
}

/// iCalendar's PARTSTAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Participation {
    /// Has not answered.
    NeedsAction,
    /// Yes.
    Accepted,
    /// Maybe.
    Tentative,
    /// No.
    Declined,
}

/// A meeting as a calendar object: what the mail module writes as iCalendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarObject {
    /// METHOD.
    pub method: Method,
    /// UID.
    pub uid: String,
    /// SEQUENCE.
    pub sequence: i64,
    /// SUMMARY.
    pub summary: String,
    /// DESCRIPTION.
    pub description: String,
    /// LOCATION; empty for none.
    pub location: String,
    /// URL.
    pub url: Option<String>,
    /// The start as an instant.
    pub starts_at: Timestamp,
    /// The end as an instant.
    pub ends_at: Timestamp,
    /// The start on the wall.
    pub local_start: DateTime,
    /// The zone of that wall.
    pub time_zone: String,
    /// ORGANIZER: the name of the person and the instance's address.
    pub organizer: (String, String),
    /// ATTENDEE: name, address, answer.
    pub attendees: Vec<(String, String, Participation)>,
    /// DTSTAMP.
    pub stamp: Timestamp,
    /// STATUS:CANCELLED.
    pub cancelled: bool,
}
