//! What the join address of a meeting does when somebody opens it.

use jiff::{SignedDuration, Timestamp};

use super::{Meeting, MeetingState};
use crate::link::{LinkState, WaitingReason};
use crate::track::Mode;

/// A meeting's join address opens so long before the start.
pub const OPENS_BEFORE: SignedDuration = SignedDuration::from_mins(15);

/// What the join address of a meeting does when somebody opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Opens the Teams meeting.
    Open,
    /// Says when it opens, and offers to open Teams now.
    Early {
        /// The instant from which it opens.
        opens_at: Timestamp,
    },
    /// Says that there is no link, and why.
    NoLink(LinkState),
    /// Says how people meet instead.
    OtherMode(Mode),
    /// Says that the meeting was cancelled.
    Cancelled,
    /// Says that the meeting is over.
    Over,
}

/// What the join address does: open from 15 minutes before the start until the end, and
/// closed at once when the meeting is cancelled (product, section 4).
///
/// That of a series opens for each of its occurrences.
pub fn joining(meeting: &Meeting, link: LinkState, now: Timestamp) -> Joining {
    match meeting.state {
        // Nobody was sent its address.
        MeetingState::Proposed => {
            return Joining::NoLink(LinkState::Waiting(WaitingReason::BeingMade));
        }
        MeetingState::Cancelled => return Joining::Cancelled,
        MeetingState::Held | MeetingState::Missed => return Joining::Over,
        MeetingState::Scheduled => {}
    }
    let opens = meeting
        .ahead(now)
        .map(|occurrence| occurrence.starts_at - OPENS_BEFORE);
    let Some(opens_at) = opens.min() else {
        return Joining::Over;
    };
    if meeting.mode != Mode::Teams {
        Joining::OtherMode(meeting.mode)
    } else if link != LinkState::Ready {
        Joining::NoLink(link)
    } else if now < opens_at {
        Joining::Early { opens_at }
    } else {
        Joining::Open
    }
}
