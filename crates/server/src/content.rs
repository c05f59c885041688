//! What a message says, as data: written with the change that asks for it, rendered in
//! the reader's zone when it is sent.

use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::invitation::{CalendarObject, Change};
use mentoring::organization::{MemberId, ProposalId};
use mentoring::proposal::Told;
use mentoring::reminder::Kind;
use mentoring::repetition::Repetition;
use mentoring::schedule::Schedule;
use mentoring::track::Mode;
use serde::{Deserialize, Serialize};

/// What a message in the outbox says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// An invitation, an update or a cancellation of a meeting.
    Invitation(Box<Invitation>),
    /// A reminder of a meeting, or the question how it went.
    Reminder(Box<Reminder>),
    /// Times that somebody offers for a meeting, and what became of them.
    OfferedTimes(Box<OfferedTimes>),
    /// Somebody was invited into an organization.
    Welcome {
        /// The organization's name.
        organization: String,
        /// Who invites.
        invited_by: String,
        /// The address that sets the first password, sealed by the vault (base64).
        sealed_address: String,
        /// When it stops working.
        expires_at: Timestamp,
    },
    /// Somebody asked for a new password.
    PasswordReset {
        /// The organization's name.
        organization: String,
        /// The address that sets it, sealed by the vault (base64).
        sealed_address: String,
        /// When it stops working.
        expires_at: Timestamp,
    },
    /// Teams stopped working for an organization.
    TeamsNeedsAttention {
        /// The organization's name.
        organization: String,
        /// What happened, in a sentence.
        happened: String,
        /// What to do about it.
        remedy: String,
        /// Meetings still to come that have no working link because of it.
        meetings_without_link: u64,
        /// The page that shows it.
        page: String,
    },
    /// Many Teams meetings were made this month.
    TeamsNearCeiling {
        /// The organization's name.
        organization: String,
        /// How many so far.
        made: u64,
        /// The page that shows it.
        page: String,
    },
}

/// What people are told of a meeting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// What changed.
    pub change: Change,
    /// Why it changed, if whoever changed it said so.
    pub reason: Option<String>,
    /// What goes into the calendar.
    pub calendar: CalendarObject,
    /// When people meet next, where the calendar object tells of a series.
    #[serde(default)]
    pub next: Option<Schedule>,
    /// How people meet.
    pub mode: Mode,
    /// Who made the meeting: answers to the mail go to them.
    pub organizer: MemberId,
    /// Their name.
    pub organizer_name: String,
    /// Their address.
    pub organizer_email: String,
    /// The track's name.
    pub track: String,
    /// The page of the meeting.
    pub page: String,
    /// Ithaca's join address, for a Teams meeting.
    pub join_address: Option<String>,
    /// The Teams account that hosts, for a Teams meeting (S4).
    pub host: Option<String>,
    /// Where the reader answers without signing in.
    #[serde(default)]
    pub answer_address: Option<String>,
}

/// What somebody is reminded of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reminder {
    /// Before the meeting or after it.
    #[serde(rename = "of")]
    pub kind: Kind,
    /// Which of the meeting's occurrences.
    pub original_start: DateTime,
    /// Its start.
    pub starts_at: Timestamp,
    /// Its end.
    pub ends_at: Timestamp,
    /// The meeting's zone.
    pub time_zone: String,
    /// The meeting's title.
    pub title: String,
    /// The track's name.
    pub track: String,
    /// The names of its people.
    pub people: Vec<String>,
    /// How people meet.
    pub mode: Mode,
    /// Where, for a meeting in person.
    pub location: String,
    /// The page of the meeting.
    pub page: String,
    /// Ithaca's join address, if there is a link that works.
    pub join_address: Option<String>,
    /// Why there is none, if there should be.
    pub trouble: Option<String>,
    /// Where the reader says how it went, without signing in.
    pub outcome_address: Option<String>,
}

/// What people are told of times that somebody offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfferedTimes {
    /// The proposal: once it is closed, nobody is asked about it any more.
    pub proposal: ProposalId,
    /// What happened.
    pub told: Told,
    /// Who offered them: answers to the mail go to them.
    pub by: MemberId,
    /// Their name.
    pub by_name: String,
    /// Their address.
    pub by_email: String,
    /// The meeting's title.
    pub title: String,
    /// What it is about.
    pub agenda: String,
    /// How people meet.
    pub mode: Mode,
    /// Where, for a meeting in person.
    pub location: String,
    /// Everyone of it.
    pub people: Vec<String>,
    /// The times.
    pub times: Vec<Schedule>,
    /// When the meeting is now, if it is to move.
    pub moving: Option<Schedule>,
    /// How it is to repeat.
    pub repetition: Option<Repetition>,
    /// Whether the reader settles on a time for a group.
    pub settles: bool,
    /// Whether everybody is asked what they can.
    pub is_group: bool,
    /// What was added, or why it ended; may be empty.
    pub note: String,
    /// Where the reader answers, or sees what became of it.
    pub page: String,
}
