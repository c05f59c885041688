//! How a meeting went: asked on a page of its own, from a mail or from the meeting's page.

use askama::Template;

use super::form::Errors;
use super::frame::Frame;
use super::meetings::Schedule;
use super::shown::{Way, When};

/// Field names: `occurrence`, `said` (`held`, `missed` or `moved`), and of the last
/// `date`, `time`, `zone`, `duration`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/outcome.html")]
pub struct Outcome {
    pub frame: Frame,
    /// The address that the buttons post to.
    pub action: String,
    /// Its original start: `2026-11-24T15:00:00`
    pub occurrence: String,
    pub errors: Errors,
    pub title: String,
    pub when: When,
    /// "Mei Tanaka, did this meeting take place?"
    pub ask: String,
    pub schedule: Schedule,
    /// Why it can't be said.
    pub closed: Option<String>,
    /// Where to put it off to, if it has yet to take place.
    pub ahead: Option<Way>,
    pub way: Option<Way>,
}

/// How a meeting went, on its own page: for its people.
#[derive(Debug, Clone)]
pub struct Afterwards {
    /// Its original start.
    pub occurrence: String,
    /// "Mei Tanaka: It took place."
    pub said: Vec<String>,
    /// What counts where they differ.
    pub differ: Option<&'static str>,
    /// What the reader said.
    pub own: Option<&'static str>,
    /// Whether the reader may say it.
    pub may_say: bool,
    /// "Mei opened the join address on Tue 24 Nov at 15:02."
    pub opened: Vec<String>,
}

/// A meeting that took place without having been planned. Field names: `once`, `title`,
/// `people`, `date`, `time`, `zone`, `duration`, `mode`, `location`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/logged.html")]
pub struct Logged {
    pub frame: Frame,
    pub track: super::frame::TrackMark,
    pub once: String,
    pub errors: Errors,
    pub title: String,
    pub people: Vec<super::meetings::PersonChoice>,
    pub schedule: Schedule,
    pub modes: Vec<super::form::Choice>,
    pub location: String,
}
