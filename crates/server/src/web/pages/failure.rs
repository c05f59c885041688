//! When a page can't be shown: what happened, what it means, and a way onward.

use askama::Template;

use super::frame::Frame;
use super::shown::Way;

#[derive(Debug, Clone, Template)]
#[template(path = "failure.html")]
pub struct Failure {
    pub frame: Frame,
    /// "This page isn't here"
    pub heading: String,
    /// What happened and what it means for you.
    pub sentences: Vec<String>,
    /// For a conflict: what changed in the meantime.
    pub changes: Vec<Change>,
    pub ways: Vec<Way>,
    /// The number to quote.
    pub number: Option<String>,
}

/// Something that somebody else changed while one was typing.
#[derive(Debug, Clone)]
pub struct Change {
    pub field: String,
    pub theirs: String,
    pub yours: String,
}

impl Failure {
    pub fn not_found(frame: Frame) -> Self {
        let home = Way::new("Go to the first page", frame.to(""));
        Self::new(
            frame,
            "This page isn't here",
            &["The address may be mistyped, or the page is gone, or it isn't yours to see."],
            vec![home],
        )
    }

    /// What one may see but not change; the reason is a sentence of the rules.
    pub fn forbidden(frame: Frame, reason: &str) -> Self {
        let home = Way::new("Go to the first page", frame.to(""));
        Self::new(frame, "You can't change this", &[reason], vec![home])
    }

    pub fn conflict(frame: Frame, reason: &str, changes: Vec<Change>, again: Way) -> Self {
        let mut page = Self::new(
            frame,
            "Somebody was quicker",
            &[reason, "Nothing of yours was saved."],
            vec![again],
        );
        page.changes = changes;
        page
    }

    pub fn too_many_tries(frame: Frame, wait: &str) -> Self {
        let again = Way::new("Try again", frame.address.clone());
        let sentence =
            format!("That was tried too often in a short time. Wait {wait}, then try again.");
        Self::new(frame, "Too many tries", &[&sentence], vec![again])
    }

    pub fn broken(frame: Frame, number: String) -> Self {
        let ways = vec![
            Way::new("Try again", frame.address.clone()),
            Way::new("Go to the first page", frame.to("")),
        ];
        let mut page = Self::new(
            frame,
            "Something broke on our side",
            &[
                "What you asked for may not have happened. Look before you try again; if it stays so, tell whoever runs Ithaca at your organization.",
            ],
            ways,
        );
        page.number = Some(number);
        page
    }

    /// A request that did not come from one of our pages, or came from one that is too old.
    pub fn refused(frame: Frame, reason: &str) -> Self {
        let back = Way::new("Open the page again", frame.address.clone());
        Self::new(frame, "This can't be accepted", &[reason], vec![back])
    }

    /// A browser that won't keep a Secure cookie over plain HTTP on loopback.
    pub fn cookie_refused(frame: Frame) -> Self {
        let again = Way::new("Try again", frame.to("sign-in"));
        Self::new(
            frame,
            "Your browser didn't keep the sign-in",
            &[
                "Ithaca marks its cookie as Secure, and your browser refuses such cookies over plain HTTP, so you can't be signed in here.",
                "Use Chromium, Chrome, Edge or Firefox, which accept them on this machine, or run Ithaca behind HTTPS.",
            ],
            vec![again],
        )
    }

    fn new(frame: Frame, heading: &str, sentences: &[&str], ways: Vec<Way>) -> Self {
        Self {
            frame,
            heading: heading.to_owned(),
            sentences: sentences.iter().map(ToString::to_string).collect(),
            changes: Vec::new(),
            ways,
            number: None,
        }
    }
}
