//! The join address when there is nothing to open: it says what happened.

use askama::Template;

use super::frame::Frame;
use super::shown::{Way, When};

/// Shown to whoever has the link, signed in or not.
#[derive(Debug, Clone, Template)]
#[template(path = "join.html")]
pub struct Join {
    pub frame: Frame,
    pub title: String,
    pub when: Option<When>,
    pub reason: JoinReason,
    /// The meeting's page, for those who may see it.
    pub way: Option<Way>,
}

#[derive(Debug, Clone)]
pub enum JoinReason {
    /// "The meeting opens at 14:45, 15 minutes before it begins."
    Early {
        opens: String,
        open_now: String,
    },
    Over,
    Cancelled {
        reason: Option<String>,
    },
    /// "Phone"; and where.
    Moved {
        mode: String,
        location: Option<String>,
    },
    Waiting {
        reason: Option<String>,
        refresh: String,
    },
    Failed {
        reason: String,
    },
}
