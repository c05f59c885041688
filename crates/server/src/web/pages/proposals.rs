//! Times that people offer each other: on the meeting's page, by the link of a mail, and
//! the forms that offer them.

use askama::Template;
use askama::filters::HtmlSafe;

use super::form::{Choice, Errors};
use super::frame::{Frame, TrackMark};
use super::meetings::{Modes, PersonChoice, Repetition};
use super::shown::{Mode, Tag, Way, When};

/// Times that somebody offers, with what the reader may do with them. Field names:
/// `proposal`, `revision`, `choice`, `can`, `note`.
#[derive(Debug, Clone, Template)]
#[template(path = "proposals/offer.html")]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// Where its forms are sent: below this address.
    pub base: String,
    pub revision: String,
    /// "Mei offers these times"
    pub heading: String,
    pub note: Option<String>,
    /// "Waiting for your answer", "Waiting for Luis"
    pub waiting: Tag,
    /// What of it was refused.
    pub problem: Option<String>,
    pub times: Vec<OfferedTime>,
    /// Of a group, who can when.
    pub people: Vec<Person>,
    /// What the button says that settles on a time.
    pub accept: Option<&'static str>,
    /// Whether the reader says which of them they can.
    pub answers: bool,
    pub declines: bool,
    pub withdraws: bool,
    /// The page that offers other times.
    pub other: Option<String>,
}

#[derive(Debug, Clone)]
pub struct OfferedTime {
    pub place: usize,
    pub when: When,
    pub chosen: bool,
    pub is_past: bool,
    /// "Luis has another meeting then."
    pub busy: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    /// For each time whether they can; nothing as long as they have not said.
    pub can: Option<Vec<bool>>,
}

impl Person {
    fn can(&self, place: usize) -> &'static str {
        match &self.can {
            None => "No answer yet",
            Some(can) if can.get(place) == Some(&true) => "Can",
            Some(_) => "Cannot",
        }
    }
}

impl Offer {
    fn count(&self, place: usize) -> usize {
        let can = |person: &&Person| {
            let can = person.can.as_ref();
            can.is_some_and(|can| can.get(place) == Some(&true))
        };
        self.people.iter().filter(can).count()
    }
}

impl HtmlSafe for Offer {}

/// A meeting of which times are offered that nobody has settled on.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub title: String,
    pub address: String,
    /// "Waiting for your answer", "Waiting for Luis"
    pub tag: Tag,
    /// "3 times, the last on Thu 26 Nov"
    pub summary: String,
}

/// What waits for an answer, the reader's own first; nothing if nothing does.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "proposals/waiting.html")]
pub struct Waits {
    pub heading: &'static str,
    pub all: Vec<Waiting>,
}

impl HtmlSafe for Waits {}

/// The times of a proposal by the link of a mail, for who is not signed in.
#[derive(Debug, Clone, Template)]
#[template(path = "proposals/link.html")]
pub struct ByLink {
    pub frame: Frame,
    /// Who answers.
    pub name: String,
    pub title: String,
    pub mode: Mode,
    pub people: String,
    pub offers: Vec<Offer>,
    /// Why there is nothing to answer any more.
    pub closed: Option<String>,
    pub way: Option<Way>,
}

/// The fields of several times, with what was typed in them. Field names: `date_1`,
/// `time_1` and so on, `zone`, `duration`.
#[derive(Debug, Clone, Default)]
pub struct Times {
    pub rows: Vec<Row>,
    pub zones: Vec<Choice>,
    pub duration: String,
    /// Everything that is wrong with the times.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Row {
    pub date: String,
    pub time: String,
}

/// A meeting at one of several times. Field names: `once`, `title`, `agenda`, `people`,
/// those of [`Times`], `repetition`, `count`, `until`, `mode`, `location`.
#[derive(Debug, Clone, Template)]
#[template(path = "proposals/new.html")]
pub struct NewProposal {
    pub frame: Frame,
    pub track: TrackMark,
    pub once: String,
    pub errors: Errors,
    pub title: String,
    pub agenda: String,
    pub people: Vec<PersonChoice>,
    pub times: Times,
    pub repetition: Repetition,
    pub modes: Modes,
}

/// Other times for a meeting. Field names: `revision`, `occurrence`, those of [`Times`],
/// `note`.
#[derive(Debug, Clone, Template)]
#[template(path = "proposals/other.html")]
pub struct OtherTimes {
    pub frame: Frame,
    pub id: String,
    pub revision: String,
    /// Which occurrence of a series: its original start, or empty.
    pub occurrence: String,
    pub title: String,
    /// When it is planned; nothing for a meeting that is only proposed.
    pub planned: Option<When>,
    /// "Mei decides, and is told by mail."
    pub told: String,
    pub errors: Errors,
    pub times: Times,
    pub note: String,
}
