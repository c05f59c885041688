//! One's own profile, and the tokens that programs use in one's name.

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
    pub reminders: Reminders,
    pub tokens: Tokens,
    pub calendar: Calendar,
}

/// Field names: `reminders` (`day_before`, `after`), `minutes_before` (`off` or minutes).
#[derive(Debug, Clone)]
pub struct Reminders {
    pub kinds: Vec<Choice>,
    pub minutes: Vec<Choice>,
}

/// One's meetings in one's own calendar program.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// "Today, Mon 23 Nov at 14:02", if there is an address.
    pub since: Option<String>,
    /// Only right after it was made: nobody can tell it later.
    pub made: Option<MadeCalendar>,
}

#[derive(Debug, Clone)]
pub struct MadeCalendar {
    pub address: String,
    /// The same for a click.
    pub webcal: String,
}

/// Field names: `token_name`, `token_scope`, `token_days`; a line posts to
/// `profile/tokens/{id}/revocation`.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub lines: Vec<TokenLine>,
    pub name: String,
    pub scopes: Vec<Choice>,
    pub lifetimes: Vec<Choice>,
}

#[derive(Debug, Clone)]
pub struct TokenLine {
    pub id: String,
    pub name: String,
    pub scope: String,
    /// "Thu 24 Dec"
    pub expires: String,
    /// "Today, Mon 23 Nov at 14:02"
    pub used: String,
}

/// A token, shown once.
#[derive(Debug, Clone, Template)]
#[template(path = "token.html")]
pub struct NewToken {
    pub frame: Frame,
    pub name: String,
    pub scope: String,
    pub expires: String,
    pub secret: String,
    /// A line to try it with.
    pub example: String,
}
