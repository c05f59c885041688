mod change;
mod creation;
mod details;
mod joining;
mod leaving;
mod logged;
mod series;

use jiff::civil::{DateTime, datetime};
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::track::Mode;

fn made() -> Meeting {
    crate::people::meeting()
}

fn noon() -> DateTime {
    datetime(2026, 11, 25, 12, 0, 0, 0)
}

#[test]
fn the_words_of_modes_and_states_are_kept() {
    for mode in Mode::ALL {
        assert_eq!(Mode::parse(mode.as_str()), Some(*mode));
    }
    for state in MeetingState::ALL {
        assert_eq!(MeetingState::parse(state.as_str()), Some(*state));
    }
    assert_eq!(Mode::Teams.label(), "Teams video call");
}
