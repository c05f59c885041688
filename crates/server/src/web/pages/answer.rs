//! An answer to an invitation, by the links in the mail.
//!
//! Opening the address only asks: mail programs open links by themselves, and
//! only the button counts.

use askama::Template;

use super::form::Errors;
use super::frame::Frame;
use super::shown::{Way, When};

/// Field names: `answer` (`yes`, `no` or `maybe`), `note`.
#[derive(Debug, Clone, Template)]
#[template(path = "answer.html")]
pub struct Answer {
    pub frame: Frame,
    /// The address the buttons post to: `/a/{code}`.
    pub action: String,
    pub errors: Errors,
    /// Who answers.
    pub name: String,
    pub title: String,
    pub when: When,
    /// What the link in the mail says; its button comes first and stands out.
    pub wanted: Reply,
    /// What counts so far.
    pub given: Option<Reply>,
    pub note: String,
    /// Why it can't be answered any more.
    pub closed: Option<String>,
    pub way: Option<Way>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Yes,
    No,
    Maybe,
}

impl Reply {
    pub fn key(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Maybe => "maybe",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::No => "No",
            Self::Maybe => "Maybe",
        }
    }
}

impl Answer {
    /// The wanted reply first.
    fn replies(&self) -> [Reply; 3] {
        match self.wanted {
            Reply::Yes => [Reply::Yes, Reply::No, Reply::Maybe],
            Reply::No => [Reply::No, Reply::Yes, Reply::Maybe],
            Reply::Maybe => [Reply::Maybe, Reply::Yes, Reply::No],
        }
    }
}
