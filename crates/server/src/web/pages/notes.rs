//! The notes of a meeting.

use askama::Template;

use super::form::Errors;
use super::frame::Frame;

/// Two forms. Field names: `revision`, and `shared` or `private`.
#[derive(Debug, Clone, Template)]
#[template(path = "meetings/notes.html")]
pub struct Notes {
    pub frame: Frame,
    pub id: String,
    pub title: String,
    pub errors: Errors,
    pub shared: Part,
    pub private: Part,
}

#[derive(Debug, Clone)]
pub struct Part {
    pub revision: String,
    /// "Changed by Mei Tanaka: Today, Mon 23 Nov at 14:02."
    pub changed: Option<String>,
    /// The version of whoever was quicker, paragraph by paragraph.
    pub theirs: Option<Vec<String>>,
    pub text: String,
}
