use jiff::civil::datetime;
use mentoring::invitation::{Change, Method, Notice};
use mentoring::meeting::Part;
use mentoring::settle::{Unsent, instead, settles};
use mentoring::track::Mode;

use crate::people::{LUIS, meeting};

const FIRST: jiff::civil::DateTime = datetime(2026, 11, 24, 15, 0, 0, 0);
const SECOND: jiff::civil::DateTime = datetime(2026, 12, 1, 15, 0, 0, 0);

fn told(change: Change) -> Notice {
    let method = match change {
        Change::Cancelled { .. } | Change::Removed => Method::Cancel,
        _ => Method::Request,
    };
    Notice {
        to: LUIS,
        method,
        sequence: 7,
        change,
        reason: None,
        only: None,
    }
}

fn moved(hour: i8) -> Change {
    let mut was = meeting().schedule;
    was.local_start = datetime(2026, 11, 24, hour, 0, 0, 0);
    Change::Rescheduled { was }
}

fn changed(what: &[Part]) -> Change {
    Change::Changed {
        what: what.to_vec(),
    }
}

fn cancelled() -> Change {
    Change::Cancelled { reason: None }
}

fn after(unsent: &Change, change: Change) -> Option<Notice> {
    let unsent = Unsent {
        change: unsent,
        only: None,
        was_tried: false,
    };
    instead(unsent, told(change))
}

#[test]
fn an_invitation_and_the_last_word_go_at_once_and_what_is_between_settles() {
    for (change, waits) in [
        (Change::Created, false),
        (cancelled(), false),
        (Change::Removed, false),
        (moved(15), true),
        (changed(&[Part::Title]), true),
        (Change::ModeChanged { was: Mode::Teams }, true),
        (Change::LinkChanged, true),
    ] {
        assert_eq!(settles(&told(change.clone())), waits, "{change:?}");
    }
    let one = Notice {
        only: Some(FIRST),
        ..told(cancelled())
    };
    assert!(settles(&one), "another one of the series may follow");
}

#[test]
fn one_message_says_what_two_would_have() {
    let mode = || Change::ModeChanged { was: Mode::Teams };
    let phone = || Change::ModeChanged { was: Mode::Phone };
    for (first, second, both) in [
        (moved(15), moved(9), moved(15)),
        (mode(), phone(), mode()),
        (moved(15), Change::LinkChanged, moved(15)),
        (Change::LinkChanged, moved(15), moved(15)),
        (moved(15), mode(), changed(&[Part::Mode, Part::Time])),
        (
            changed(&[Part::Title]),
            moved(15),
            changed(&[Part::Title, Part::Time]),
        ),
        (
            changed(&[Part::Title, Part::Location]),
            changed(&[Part::Title, Part::People]),
            changed(&[Part::Title, Part::People, Part::Location]),
        ),
        (Change::Created, moved(15), Change::Created),
        (Change::Removed, Change::Created, Change::Created),
        (moved(15), cancelled(), cancelled()),
        (moved(15), Change::Removed, Change::Removed),
    ] {
        let notice = after(&first, second.clone()).expect("it is told");
        assert_eq!(notice.change, both, "{first:?} {second:?}");
        assert_eq!(notice.sequence, 7, "the later message's");
        assert_eq!(notice.method, told(both).method);
    }
}

/// Nobody is told that a meeting is off that they never heard of, unless they may have.
#[test]
fn what_was_never_heard_of_is_not_called_off() {
    for last in [cancelled(), Change::Removed] {
        assert_eq!(after(&Change::Created, last.clone()), None);
        let unsent = Unsent {
            change: &Change::Created,
            only: None,
            was_tried: true,
        };
        let notice = instead(unsent, told(last.clone())).expect("it may have arrived");
        assert_eq!(notice.change, last);
    }
}

#[test]
fn two_changes_of_one_occurrence_stay_with_it_and_of_two_are_about_the_series() {
    let second = |change, only| Notice {
        only: Some(only),
        ..told(change)
    };
    let was = moved(15);
    let unsent = Unsent {
        change: &was,
        only: Some(FIRST),
        was_tried: false,
    };
    let same = instead(unsent, second(cancelled(), FIRST)).expect("it is told");
    assert_eq!(
        (same.only, same.method, same.change),
        (Some(FIRST), Method::Cancel, cancelled())
    );
    let other = instead(unsent, second(cancelled(), SECOND)).expect("it is told");
    assert_eq!(
        (other.only, other.method, other.change),
        (None, Method::Request, changed(&[Part::Time]))
    );
    let whole = instead(unsent, told(changed(&[Part::Title]))).expect("it is told");
    assert_eq!(
        (whole.only, whole.change),
        (None, changed(&[Part::Title, Part::Time]))
    );
}
