//! One's own profile.

use askama::Template;

use super::form::{Choice, Errors};
use super::frame::Frame;
use super::shown::Face;

/// Field names: `zone`, `language`; the theme posts `theme` to `/theme`.
#[derive(Debug, Clone, Template)]
#[template(path = "profile.html")]
pub struct Profile {
    pub frame: Frame,
    pub errors: Errors,
    pub face: Face,
    pub email: String,
    pub zones: Vec<Choice>,
    pub languages: Vec<Choice>,
    /// "Signed in on 2 browsers."
    pub sessions: String,
}
