use jiff::SignedDuration;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::meeting::{self, Joining, Meeting, MeetingState, Scope, joining};
use mentoring::track::Mode;

use super::made;
use crate::people::{mei, now};

/// Product, section 4: from 15 minutes before until the end, to the second.
#[test]
fn the_join_address_opens_a_quarter_of_an_hour_before_and_closes_at_the_end() {
    let (start, end) = (made().schedule.starts_at, made().schedule.ends_at);
    let opens_at = start - SignedDuration::from_mins(15);
    let second = SignedDuration::from_secs(1);
    for (now, expected) in [
        (now(), Joining::Early { opens_at }),
        (opens_at - second, Joining::Early { opens_at }),
        (opens_at, Joining::Open),
        (start, Joining::Open),
        (end - second, Joining::Open),
        (end, Joining::Over),
    ] {
        assert_eq!(joining(&made(), LinkState::Ready, now), expected, "{now}");
    }
}

#[test]
fn where_there_is_nothing_to_open_the_join_address_says_what_happened() {
    let start = made().schedule.starts_at;
    let making = LinkState::Waiting(WaitingReason::BeingMade);
    let failed = LinkState::Failed(Cause::HostDisabled);
    for link in [making, failed, LinkState::Closed] {
        assert_eq!(joining(&made(), link, start), Joining::NoLink(link));
    }
    let (phone, _) = meeting::change_mode(&made(), Mode::Phone);
    assert_eq!(
        joining(&phone, LinkState::Closed, start),
        Joining::OtherMode(Mode::Phone)
    );
    let (cancelled, _) = meeting::cancel(&mei(), &made(), Scope::All, None, now()).unwrap();
    // Closed at once, while the deletion at Microsoft is still on its way.
    assert_eq!(
        joining(&cancelled, LinkState::Ready, start),
        Joining::Cancelled
    );
    let held = Meeting {
        state: MeetingState::Held,
        ..made()
    };
    assert_eq!(joining(&held, LinkState::Ready, start), Joining::Over);
}
