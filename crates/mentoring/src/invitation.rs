//! Which change tells whom what, and the calendar object as data. How a mail looks, and
//! how a calendar object is written, is decided elsewhere.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::meeting::{Meeting, MeetingState};
use crate::organization::MemberId;
use crate::schedule::Schedule;
use crate::track::Mode;
use crate::word::words;

/// iCalendar's METHOD (RFC 5546): the MIME part that carries the object says the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Put it into the calendar, or replace what is there.
    Request,
    /// Take it out of the calendar.
    Cancel,
}

words!(Method {
    Request => "request",
    Cancel => "cancel",
});

/// One message that one person is to get about a meeting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Who.
    pub to: MemberId,
    /// What it does to their calendar.
    pub method: Method,
    /// iCalendar's SEQUENCE.
    pub sequence: i64,
    /// What it says.
    pub change: Change,
}

/// What somebody is told about a meeting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// You are invited.
    Created,
    /// It is at another time.
    Rescheduled {
        /// When it was to be.
        was: Schedule,
        /// Why, if somebody said.
        reason: Option<String>,
    },
    /// It was called off.
    Cancelled {
        /// Why, if somebody said.
        reason: Option<String>,
    },
    /// You meet in another way.
    ModeChanged {
        /// How it was to be.
        was: Mode,
    },
    /// You are no longer invited.
    Removed,
    /// The Teams link is another one.
    LinkChanged,
}

/// Whom a change concerns, and what each is told.
///
/// `before` is the meeting as people last knew it, or nothing if nobody was told of it yet;
/// `reason` is what was said for the change. Everyone who attends gets each change, the one
/// who made the meeting included (their calendar knows it only from here). Who was taken
/// out of the meeting gets a CANCEL, and nobody else does (E-06). A meeting that was
/// cancelled before anybody knew of it is nobody's business.
pub fn notices(before: Option<&Meeting>, after: &Meeting, reason: Option<&str>) -> Vec<Notice> {
    let is_cancelled = after.state == MeetingState::Cancelled;
    let Some(before) = before else {
        return if is_cancelled {
            Vec::new()
        } else {
            to_all(after, Method::Request, &Change::Created)
        };
    };
    if before.state == MeetingState::Cancelled {
        return Vec::new();
    }
    let is_in = |meeting: &Meeting, member: MemberId| {
        meeting
            .attendees
            .iter()
            .any(|attendee| attendee.member == member)
    };
    let removed = before
        .attendees
        .iter()
        .filter(|attendee| !is_in(after, attendee.member))
        .map(|attendee| Notice {
            to: attendee.member,
            method: Method::Cancel,
            sequence: after.sequence,
            change: Change::Removed,
        });
    let remaining = if is_cancelled {
        let reason = after.cancellation_reason.clone();
        let mut notices = to_all(after, Method::Cancel, &Change::Cancelled { reason });
        notices.retain(|notice| is_in(before, notice.to));
        notices
    } else {
        let change = difference(before, after, reason);
        to_all(after, Method::Request, &Change::Created)
            .into_iter()
            .filter_map(|notice| match (is_in(before, notice.to), &change) {
                (false, _) => Some(notice),
                (true, Some(change)) => Some(Notice {
                    change: change.clone(),
                    ..notice
                }),
                (true, None) => None,
            })
            .collect()
    };
    remaining.into_iter().chain(removed).collect()
}

fn to_all(meeting: &Meeting, method: Method, change: &Change) -> Vec<Notice> {
    let notice = |to| Notice {
        to,
        method,
        sequence: meeting.sequence,
        change: change.clone(),
    };
    meeting
        .attendees
        .iter()
        .map(|attendee| notice(attendee.member))
        .collect()
}

/// What those who knew the meeting are told. Of several changes at once the one that costs
/// people most if they miss it.
fn difference(before: &Meeting, after: &Meeting, reason: Option<&str>) -> Option<Change> {
    if before.schedule != after.schedule {
        Some(Change::Rescheduled {
            was: before.schedule.clone(),
            reason: reason.map(str::to_owned),
        })
    } else if before.mode != after.mode {
        Some(Change::ModeChanged { was: before.mode })
    } else if before.sequence < after.sequence && before.attendees == after.attendees {
        Some(Change::LinkChanged)
    } else {
        None
    }
}

/// Whether somebody comes (iCalendar's PARTSTAT).
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Participation {
    /// Has not answered.
    #[default]
    NeedsAction,
    /// Yes.
    Accepted,
    /// Maybe.
    Tentative,
    /// No.
    Declined,
}

words!(Participation {
    NeedsAction => "needs_action",
    Accepted => "accepted",
    Tentative => "tentative",
    Declined => "declined",
});

/// What goes into a calendar (RFC 5545), as data, so that it can wait in the outbox and a
/// resend is the same to the letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
    /// LOCATION.
    pub location: String,
    /// URL: Ithaca's join address.
    pub url: Option<String>,
    /// The instant at which it starts.
    pub starts_at: Timestamp,
    /// The instant at which it ends.
    pub ends_at: Timestamp,
    /// DTSTART as people agreed on it.
    pub local_start: DateTime,
    /// Its TZID.
    pub time_zone: String,
    /// Name and address of ORGANIZER: the instance's address, never the host's.
    pub organizer: (String, String),
    /// Name, address and answer of each ATTENDEE, the meeting's organizer included.
    pub attendees: Vec<(String, String, Participation)>,
    /// DTSTAMP.
    pub stamp: Timestamp,
    /// Whether STATUS is CANCELLED.
    pub cancelled: bool,
}
