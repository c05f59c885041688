//! One's meetings and those of a track, as a list day by day, a week or a month.

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::Choice;
use super::frame::Frame;
use super::meetings::MeetingLine;
use super::proposals::Waits;
use super::shown::{Tag, Way};

/// What stands above every list of meetings.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/agenda.html")]
pub struct Head {
    /// "Meetings"
    pub heading: String,
    /// Where one came from: the track.
    pub above: Option<Way>,
    /// Coming, Past, Week, Month.
    pub tabs: Vec<Tab>,
    /// Addresses of the form for a new meeting, by track: "New Managers".
    pub new: Vec<Way>,
    pub filter: Filter,
}

#[derive(Debug, Clone)]
pub struct Tab {
    pub way: Way,
    pub present: bool,
}

/// What a list is narrowed down to. Field names: `title`, `person`, `mode`, `track`,
/// `state`; `kept` are those that say which list it is.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/filter.html")]
pub struct Filter {
    pub action: String,
    pub kept: Vec<(String, String)>,
    pub title: String,
    pub person: String,
    pub modes: Vec<Choice>,
    /// Empty where there is nothing to choose.
    pub tracks: Vec<Choice>,
    pub states: Vec<Choice>,
    /// The same list with nothing left out, if anything is.
    pub all: Option<String>,
}

impl HtmlSafe for Head {}
impl HtmlSafe for Filter {}

/// The agenda, day by day.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/list.html")]
pub struct MeetingList {
    pub frame: Frame,
    pub head: Head,
    /// What waits for an answer.
    pub waits: Waits,
    pub days: Vec<Day>,
    /// What to say where there is no day.
    pub empty: Empty,
    pub earlier: Option<String>,
    pub later: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Day {
    /// "Today, Mon 23 Nov"
    pub heading: String,
    pub meetings: Vec<MeetingLine>,
}

/// An empty list: why, and the one thing to do about it.
#[derive(Debug, Clone, Default)]
pub struct Empty {
    pub sentence: String,
    pub way: Option<Way>,
}

/// A week or a month.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/calendar.html")]
pub struct Calendar {
    pub frame: Frame,
    pub head: Head,
    /// "November 2026"
    pub caption: String,
    pub span: Span,
    pub previous: String,
    pub today: String,
    pub next: String,
    /// "Mon", "Monday"
    pub weekdays: Vec<(String, String)>,
    pub weeks: Vec<Vec<CalendarDay>>,
    /// Where nothing takes place in all of it.
    pub empty: Option<Empty>,
    /// "Only the first 500 meetings are shown."
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Week,
    Month,
}

impl Span {
    fn class(self) -> &'static str {
        match self {
            Self::Week => "calendar week",
            Self::Month => "calendar month",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

#[derive(Debug, Clone)]
pub struct CalendarDay {
    /// `2026-11-23`
    pub date: String,
    /// "Monday" and "November", around the number.
    pub weekday: String,
    pub number: i8,
    pub month: String,
    pub is_today: bool,
    /// Of the month before or after.
    pub is_beside: bool,
    pub meetings: Vec<CalendarLine>,
    /// How many more there are than are shown, and where.
    pub further: Option<Way>,
}

#[derive(Debug, Clone)]
pub struct CalendarLine {
    pub address: String,
    /// "15:00"
    pub hour: String,
    pub title: String,
    /// Who else is there; only where there is room.
    pub people: String,
    pub tag: Option<Tag>,
    pub is_off: bool,
}

impl CalendarDay {
    fn classes(&self) -> String {
        let classes = [
            (self.is_beside, "beside"),
            (self.is_today, "today"),
            (self.meetings.is_empty(), "free"),
        ];
        let held: Vec<&str> = classes
            .into_iter()
            .filter_map(|(holds, class)| holds.then_some(class))
            .collect();
        held.join(" ")
    }
}
