//! Home: what is next, and does it need me?

use askama::Template;

use super::frame::Frame;
use super::meetings::MeetingLine;
use super::proposals::Waits;
use super::shown::{Tag, Way};

#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct Home {
    pub frame: Frame,
    /// "Mei"
    pub first_name: String,
    /// The next meeting, large.
    pub next: Option<MeetingLine>,
    /// What waits for an answer.
    pub waits: Waits,
    /// What comes after it.
    pub later: Vec<MeetingLine>,
    /// What is over, and of which the reader has not said how it went; leads to the page
    /// that asks.
    pub asked: Vec<MeetingLine>,
    pub tracks: Vec<HomeTrack>,
    /// What waits for a global administrator: "Connect Microsoft Teams".
    pub hints: Vec<Hint>,
}

#[derive(Debug, Clone)]
pub struct HomeTrack {
    pub slug: String,
    pub name: String,
    /// "Mentor"; "Track administrator"
    pub roles: String,
    /// "6 people, 2 meetings planned"
    pub summary: String,
    /// Whether one can plan a meeting here (is enrolled).
    pub can_meet: bool,
    pub tag: Option<Tag>,
}

#[derive(Debug, Clone)]
pub struct Hint {
    pub text: String,
    pub way: Way,
}
