//! Meetings: the list, the meeting, and the forms that make, move and cancel one.

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::{Choice, Errors};
use super::frame::{Frame, TrackMark};
use super::outcomes::Afterwards;
use super::proposals::Offer;
use super::shown::{Face, Mode, Tag, Way, When};

/// A meeting in a list.
#[derive(Debug, Clone)]
pub struct MeetingLine {
    pub address: String,
    pub title: String,
    pub when: When,
    pub mode: Mode,
    pub people: Vec<Face>,
    pub track: Option<String>,
    /// Where it is not simply planned: "Cancelled", "Creating the Teams link…".
    pub tag: Option<Tag>,
    /// The join address, from 15 minutes before until the end.
    pub join: Option<String>,
}

impl MeetingLine {
    /// As an entry under the heading of its day.
    pub(super) fn on_its_day(&self) -> Entry<'_> {
        Entry {
            line: self,
            dated: false,
        }
    }

    /// As an entry that names its day itself.
    pub(super) fn dated(&self) -> Entry<'_> {
        Entry {
            line: self,
            dated: true,
        }
    }

    /// The names of the others.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.people.iter().map(|face| face.name.as_str()).collect();
        names.join(", ")
    }
}

/// A [`MeetingLine`] as a list shows it.
#[derive(Debug, Template)]
#[template(path = "parts/meeting.html")]
pub(super) struct Entry<'a> {
    line: &'a MeetingLine,
    dated: bool,
}

/// An occurrence of a series on its meeting's page.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/occurrence.html")]
pub struct OccurrenceLine {
    pub when: When,
    /// "Cancelled", "Moved"
    pub tag: Option<Tag>,
    /// The page with this occurrence on top.
    pub address: String,
    /// Whether it is the one on top already.
    pub shown: bool,
}

impl HtmlSafe for OccurrenceLine {}
impl HtmlSafe for Scoping {}
impl HtmlSafe for Entry<'_> {}
impl HtmlSafe for Link {}
impl HtmlSafe for Modes {}

/// One meeting: when, where, with whom, and does the link work?
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/show.html")]
pub struct Meeting {
    pub frame: Frame,
    pub id: String,
    pub title: String,
    pub track: TrackMark,
    pub when: When,
    pub mode: Mode,
    pub location: Option<String>,
    pub state: MeetingState,
    pub attendees: Vec<Attendee>,
    /// Only of a Teams meeting to come.
    pub lobby: Option<Lobby>,
    pub agenda: Agenda,
    /// Only of a Teams meeting.
    pub link: Option<Link>,
    pub may_change: bool,
    pub may_cancel: bool,
    /// "Every Tuesday, 4 times"
    pub repeats: Option<String>,
    /// Which occurrence of a series is shown: `?occurrence=2026-11-24T15:00:00`.
    pub of: String,
    /// The occurrences of a series that are not over.
    pub coming: Vec<OccurrenceLine>,
    pub past: Vec<OccurrenceLine>,
    /// Times that are offered for it and that nobody has settled on.
    pub offers: Vec<Offer>,
    /// Where an attendee proposes another time.
    pub other_times: Option<String>,
    /// Only for its people, while it lies ahead.
    pub yours: Option<YourAnswer>,
    /// Only for its people, once it is over.
    pub afterwards: Option<Afterwards>,
    /// The shared notes; only for its people.
    pub notes: Option<Vec<String>>,
    /// "Mei Tanaka planned this meeting on 23 Nov 2026 at 14:02."
    pub made: String,
}

/// What is known of the door before anybody stands at it.
#[derive(Debug, Clone)]
pub struct Lobby {
    /// Who waits where nobody present could admit them.
    pub warning: Option<String>,
    /// Who can let others in and present.
    pub admits: Option<String>,
    /// What Teams kept otherwise than it was set.
    pub differences: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum MeetingState {
    Scheduled,
    /// No time is settled yet.
    Proposed,
    /// Who cancelled, why, and whether Microsoft's own link may still let people in.
    Cancelled {
        sentence: String,
        reason: Option<String>,
        note: Option<String>,
    },
    /// "Held", "Missed" or just over.
    Over(String),
}

impl MeetingState {
    fn is_proposed(&self) -> bool {
        matches!(self, Self::Proposed)
    }
}

#[derive(Debug, Clone)]
pub struct Attendee {
    pub face: Face,
    /// "Mentor, planned this meeting"
    pub role: String,
    /// "Accepted", "No answer yet"
    pub answer: Option<Tag>,
    /// What they add, for the people of the meeting.
    pub note: Option<String>,
    /// Teams meetings only.
    pub forecast: Option<Forecast>,
}

/// The form by which one answers. Field names: `answer` (`yes`, `no` or `maybe`), `note`.
#[derive(Debug, Clone)]
pub struct YourAnswer {
    pub errors: Errors,
    pub choices: Vec<Choice>,
    pub note: String,
}

/// What the lobby will make of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forecast {
    WalksIn,
    Waits,
    WaitsForColleague,
}

impl Forecast {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::WalksIn => "walks in",
            Self::Waits => "waits until someone lets them in",
            Self::WaitsForColleague => "waits until the first colleague is there",
        }
    }

    fn waits(self) -> bool {
        self != Self::WalksIn
    }
}

#[derive(Debug, Clone)]
pub enum Agenda {
    /// Paragraphs, one per line.
    Shown(Vec<String>),
    Empty,
    /// Only its organizer and attendees see it.
    Private,
}

/// The link of a Teams meeting; also the fragment that a waiting page asks for.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/link.html")]
pub struct Link {
    /// Where to ask again in a second; none once settled.
    pub poll: Option<String>,
    pub state: LinkState,
    /// Who hosts: "Teams Scheduler". Where nobody does yet, none.
    pub host: Option<String>,
}

#[derive(Debug, Clone)]
pub enum LinkState {
    /// Why it is not there yet, where it takes longer than a moment.
    Waiting {
        reason: Option<String>,
    },
    /// The join address; none for those who may see the state but not join.
    Ready {
        join: Option<String>,
        /// "Opens 15 minutes before, at 14:45."
        note: Option<String>,
    },
    Failed {
        reason: String,
        way: Option<Way>,
        /// Where whoever may change the meeting asks once more.
        again: Option<String>,
    },
    Closed {
        reason: String,
    },
}

/// New meeting. Field names: `once`, `title`, `agenda`, `people`, `date`, `time`,
/// `zone`, `duration`, `repetition`, `count`, `until`, `mode`, `location`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/new.html")]
pub struct NewMeeting {
    pub frame: Frame,
    pub track: TrackMark,
    /// The idempotency key: two clicks make one meeting.
    pub once: String,
    pub errors: Errors,
    pub title: String,
    pub agenda: String,
    pub people: Vec<PersonChoice>,
    pub schedule: Schedule,
    pub repetition: Repetition,
    pub modes: Modes,
}

/// Another title, other people. Field names: `revision`, `title`, `agenda`, `people`,
/// `repetition`, `count`, `until`, `mode`, `location`, `reason`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/details.html")]
pub struct Details {
    pub frame: Frame,
    pub id: String,
    pub revision: String,
    /// The title as it is.
    pub shown: String,
    pub errors: Errors,
    pub title: String,
    /// None for those who may not read it.
    pub agenda: Option<String>,
    pub people: Vec<PersonChoice>,
    pub repetition: Repetition,
    pub modes: Modes,
    pub told: String,
    pub reason_required: bool,
    pub reason: String,
}

/// The three fields that say how a meeting repeats, with what was typed in them.
#[derive(Debug, Clone, Default)]
pub struct Repetition {
    pub every: Vec<Choice>,
    pub count: String,
    /// `2026-12-24`
    pub until: String,
}

/// How much of a series a form is about. Field names: `occurrence`, `scope`.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/scope.html")]
pub struct Scoping {
    /// Its original start: `2026-11-24T15:00:00`
    pub occurrence: String,
    pub choices: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct PersonChoice {
    pub id: String,
    pub face: Face,
    /// "Mentee"
    pub role: String,
    pub chosen: bool,
    /// Shown once Teams video call is ticked.
    pub forecast: Option<Forecast>,
}

/// The four fields that say when, with what was typed in them.
#[derive(Debug, Clone, Default)]
pub struct Schedule {
    /// `2026-11-24`
    pub date: String,
    /// `15:00`
    pub time: String,
    pub zones: Vec<Choice>,
    /// Minutes.
    pub duration: String,
    /// Offered instead of a time that does not exist or exists twice; posted as
    /// `neighbour`, it overrides the date and time.
    pub neighbours: Vec<Neighbour>,
}

#[derive(Debug, Clone)]
pub struct Neighbour {
    /// `2026-03-29T03:00+02:00`
    pub value: String,
    pub label: String,
}

/// The modes on offer; also the fragment that the form asks for while a member is being checked.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/modes.html")]
pub struct Modes {
    /// Where to ask again in a second, while somebody is being checked.
    pub poll: Option<String>,
    /// This page's address, for the Refresh link where there are no scripts.
    pub refresh: String,
    pub offered: Vec<ModeOffer>,
    /// Why a mode is absent and what to do, in one line.
    pub absent: Option<String>,
    /// The page that answers why.
    pub why: String,
    pub location: String,
    pub errors: Errors,
}

#[derive(Debug, Clone)]
pub struct ModeOffer {
    pub mode: Mode,
    pub help: Option<String>,
    pub chosen: bool,
}

/// Another time for a meeting. Field names: `revision`, `date`, `time`, `zone`, `duration`, `reason`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/schedule.html")]
pub struct Reschedule {
    pub frame: Frame,
    pub id: String,
    pub revision: String,
    pub title: String,
    pub when: When,
    /// "Luis and 2 others get an update by mail."
    pub told: String,
    pub errors: Errors,
    /// Only of a series.
    pub scope: Option<Scoping>,
    pub schedule: Schedule,
    /// True for an administrator who moves other people's meeting.
    pub reason_required: bool,
    pub reason: String,
}

/// Before a meeting is cancelled. Field names: `revision`, `reason`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/cancellation.html")]
pub struct Cancellation {
    pub frame: Frame,
    pub id: String,
    pub revision: String,
    pub title: String,
    /// Nothing as long as no time is settled.
    pub when: Option<When>,
    pub told: String,
    /// Whether a Teams meeting is deleted with it.
    pub teams: bool,
    /// Only of a series.
    pub scope: Option<Scoping>,
    pub errors: Errors,
    pub reason_required: bool,
    pub reason: String,
}
