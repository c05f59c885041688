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
}

/// Who is told what of the step from `before` to `after`.
///
/// Everyone of the meeting, the
/// one who made it included, is told every change once; somebody who is no longer of it
/// gets a CANCEL, and nobody else does.
pub fn notices(before: Option<&Meeting>, after: &Meeting) -> Vec<Notice> {
    let invited = |meeting: &Meeting, member: MemberId| {
        meeting
            .attendees
            .iter()
            .any(|attendee| attendee.member == member)
    };
    let sequence = after.sequence;
    let change = match before {
        _ if after.state == MeetingState::Cancelled => Change::Cancelled {
            reason: after.cancellation_reason.clone(),
        },
        None => Change::Created,
        Some(before) if before.mode != after.mode => Change::ModeChanged { was: before.mode },
        Some(before) if before.schedule != after.schedule => Change::Rescheduled {
            was: before.schedule.clone(),
        },
        Some(_) => Change::LinkChanged,
    };
    let method = if after.state == MeetingState::Cancelled {
        Method::Cancel
    } else {
        Method::Request
    };
    let mut all: Vec<Notice> = after
        .attendees
        .iter()
        .map(|attendee| {
            let is_new = before.is_some_and(|before| !invited(before, attendee.member));
            let change = if is_new && method == Method::Request {
                Change::Created
            } else {
                change.clone()
            };
            Notice {
                to: attendee.member,
                method,
                sequence,
                change,
            }
        })
        .collect();
    if let Some(before) = before {
        let gone = before
            .attendees
            .iter()
            .filter(|attendee| !invited(after, attendee.member));
        all.extend(gone.map(|attendee| Notice {
            to: attendee.member,
            method: Method::Cancel,
            sequence,
            change: Change::Removed,
        }));
    }
    all
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
