//! Work on a row that came to no end for a reason of its own.
//!
//! Something that is stored can't be read, or we made a mistake. It is tried again a few
//! times, later each time, and then set aside, so that it costs nobody else anything (F35).

use jiff::{SignedDuration, Timestamp};

/// So often it is tried before it is set aside.
pub const MOST_TRIES: u32 = 5;

const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// What happened longer ago than this was another thing.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    At(Timestamp),
    /// It is not tried again by itself.
    SetAside,
}

/// How often it has stumbled now that it did again, given how often and when it did before.
pub fn count(before: Option<(u32, Timestamp)>, now: Timestamp) -> u32 {
    match before {
        Some((times, at)) if now.duration_since(at) < MEMORY => times.saturating_add(1),
        _ => 1,
    }
}

/// What becomes of a row that has stumbled so often.
pub fn next(times: u32, now: Timestamp) -> Next {
    if times >= MOST_TRIES {
        return Next::SetAside;
    }
    Next::At(now + FIRST_WAIT * 2_i32.pow(times.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_what_stumbles_is_tried_ever_later_and_then_set_aside() {
        let (mut now, mut before, mut waits) = (Timestamp::UNIX_EPOCH, None, Vec::new());
        loop {
            let times = count(before, now);
            before = Some((times, now));
            let Next::At(at) = next(times, now) else {
                break;
            };
            waits.push(at.duration_since(now).as_secs());
            now = at;
        }
        assert_eq!(waits, [10, 20, 40, 80]);
        assert_eq!(next(u32::MAX, now), Next::SetAside);
        assert_eq!(count(before, now + MEMORY), 1, "that was yesterday");
    }
}
