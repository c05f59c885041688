//! Quick successive changes of a meeting settle before people are told: they read one
//! message about all of them.

use jiff::civil::DateTime;

use crate::invitation::{Change, Method, Notice};
use crate::meeting::Part;

/// What a message says that waited to be sent when the meeting changed again.
#[derive(Clone, Copy, Debug)]
pub struct Unsent<'a> {
    /// What happened.
    pub change: &'a Change,
    /// The one occurrence that it is about.
    pub only: Option<DateTime>,
    /// Whether the mail server was tried, so that it may have arrived all the same.
    pub was_tried: bool,
}

/// Whether this can wait for what may follow it within seconds. An invitation is expected,
/// whoever is not to come has to know at once, and after a cancellation nothing follows.
pub fn settles(notice: &Notice) -> bool {
    let is_last = notice.method == Method::Cancel && notice.only.is_none();
    !is_last && notice.change != Change::Created
}

/// What is said in place of a message that was not sent and of this notice; nothing if the
/// reader has never heard of the meeting and needn't any more.
pub fn instead(unsent: Unsent<'_>, notice: Notice) -> Option<Notice> {
    let is_last = notice.method == Method::Cancel && notice.only.is_none();
    let is_unheard = *unsent.change == Change::Created;
    if is_last {
        return (!is_unheard || unsent.was_tried).then_some(notice);
    }
    if is_unheard || notice.change == Change::Created {
        return Some(Notice {
            change: Change::Created,
            method: Method::Request,
            only: None,
            ..notice
        });
    }
    if unsent.only != notice.only {
        return Some(Notice {
            change: several(unsent.change, &notice.change),
            method: Method::Request,
            only: None,
            ..notice
        });
    }
    Some(Notice {
        change: both(unsent.change, &notice.change),
        ..notice
    })
}

/// Two changes of the same thing as one.
fn both(first: &Change, second: &Change) -> Change {
    match (first, second) {
        // People know how it was before both.
        (Change::Rescheduled { .. }, Change::Rescheduled { .. })
        | (Change::ModeChanged { .. }, Change::ModeChanged { .. })
        | (_, Change::LinkChanged) => first.clone(),
        (Change::Shortened { from }, Change::Shortened { from: earlier }) => Change::Shortened {
            from: if earlier.starts_at < from.starts_at {
                earlier.clone()
            } else {
                from.clone()
            },
        },
        (Change::LinkChanged, _) | (_, Change::Cancelled { .. } | Change::Removed) => {
            second.clone()
        }
        _ => several(first, second),
    }
}

fn several(first: &Change, second: &Change) -> Change {
    let parts = [parts(first), parts(second)].concat();
    let all = Part::ALL.iter().copied();
    Change::Changed {
        what: all.filter(|part| parts.contains(part)).collect(),
    }
}

fn parts(change: &Change) -> Vec<Part> {
    match change {
        Change::Rescheduled { .. } | Change::Shortened { .. } | Change::Cancelled { .. } => {
            vec![Part::Time]
        }
        Change::ModeChanged { .. } => vec![Part::Mode],
        Change::Changed { what } => what.clone(),
        Change::Created | Change::Removed | Change::LinkChanged => Vec::new(),
    }
}
