use jiff::SignedDuration;
use jiff::civil::datetime;
use mentoring::event::Event;
use mentoring::meeting::{self, Meeting, MeetingState, Scope};
use mentoring::outcome::{OPEN_FOR, Said, decide, differ, may_say, say, settled};
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::repetition::OccurrenceState;
use mentoring::schedule::When;

use crate::people::{JONAS, LUIS, MEI, PRIYA, meeting, mei, now, weekly};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Four in the afternoon of that Tuesday, when the meeting at three is over.
fn afterwards(meeting: &Meeting) -> jiff::Timestamp {
    meeting.occurrences[0].ends_at + SignedDuration::from_mins(15)
}

#[test]
fn the_people_of_a_meeting_say_how_it_went_once_it_is_over_and_for_a_year() {
    let planned = meeting();
    let only = planned.occurrences[0];
    let end = only.ends_at;
    for (member, at, expected) in [
        (LUIS, end - SECOND, Err(Refusal::NotOverYet)),
        (LUIS, end, Ok(())),
        (MEI, end + OPEN_FOR, Ok(())),
        (MEI, end + OPEN_FOR + SECOND, Err(Refusal::OutcomeClosed)),
        (PRIYA, end, Err(Refusal::NotInvited)),
        (JONAS, end, Err(Refusal::NotInvited)),
    ] {
        assert_eq!(may_say(member, &planned, &only, at), expected);
    }
    let (cancelled, _) = meeting::cancel(&mei(), &planned, Scope::All, None, now()).unwrap();
    let only = cancelled.occurrences[0];
    let refused = may_say(LUIS, &cancelled, &only, end);
    assert_eq!(refused, Err(Refusal::CancelledUnanswered));
    assert_eq!(Refusal::NotOverYet.kind(), RefusalKind::Conflict);
}

#[test]
fn it_was_held_if_anybody_says_so_and_missed_if_all_who_speak_do() {
    use OccurrenceState::{Held as WasHeld, Missed as WasMissed, Scheduled as Nobody};
    use Said::{Held, Missed, Moved};
    for (said, state, they_differ) in [
        (&[][..], Nobody, false),
        (&[Held], WasHeld, false),
        (&[Missed], WasMissed, false),
        (&[Missed, Missed], WasMissed, false),
        (&[Held, Missed], WasHeld, true),
        (&[Missed, Held], WasHeld, true),
        (&[Missed, Moved], WasHeld, true),
        (&[Held, Moved], WasHeld, false),
    ] {
        assert_eq!(decide(said.iter().copied()), state, "{said:?}");
        assert_eq!(differ(said), they_differ, "{said:?}");
    }
}

#[test]
fn a_meeting_is_held_or_missed_as_its_people_say_and_may_be_again_otherwise() {
    let planned = meeting();
    let at = afterwards(&planned);
    let original = planned.occurrences[0].original_start;
    let missed = settled(&planned, original, [Said::Missed], at);
    assert_eq!(missed.state, MeetingState::Missed);
    let held = settled(&missed, original, [Said::Missed, Said::Held], at);
    assert_eq!(held.state, MeetingState::Held);
    assert_eq!(held.occurrences[0].state, OccurrenceState::Held);
    assert_eq!(held.revision, planned.revision, "no form is out of date");
    assert_eq!(
        settled(&held, original, [], at).state,
        MeetingState::Scheduled
    );
}

#[test]
fn a_series_goes_on_whatever_became_of_its_first_meeting() {
    let series = weekly();
    let at = afterwards(&series);
    let first = series.occurrences[0].original_start;
    let after = settled(&series, first, [Said::Missed], at);
    assert_eq!(after.state, MeetingState::Scheduled);
    assert_eq!(after.occurrences[0].state, OccurrenceState::Missed);
    assert_eq!(after.next(at), Some(series.occurrences[1]));
    // Once all is over: held, if any was.
    let end = series.ends_at();
    let mut all = after;
    for (index, said) in [(1, Said::Missed), (2, Said::Held)] {
        let original = series.occurrences[index].original_start;
        all = settled(&all, original, [said], end);
    }
    assert_eq!(all.state, MeetingState::Held);
}

#[test]
fn who_says_that_it_was_moved_says_to_when() {
    let planned = meeting();
    let at = afterwards(&planned);
    let original = planned.occurrences[0].original_start;
    let when = |local_start| When {
        local_start,
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 30,
    };
    let at_nine = when(datetime(2026, 11, 24, 9, 0, 0, 0));
    let (outcome, event) = say(LUIS, &planned, original, Said::Moved, Some(&at_nine), at).unwrap();
    let met = outcome.at.expect("it says when");
    assert_eq!(met.starts_at.to_string(), "2026-11-24T08:00:00Z");
    assert!(matches!(
        event,
        Event::OutcomeSaid {
            member: LUIS,
            said: Said::Moved,
            ..
        }
    ));
    let moved = |at_all| say(LUIS, &planned, original, Said::Moved, at_all, at);
    assert_eq!(moved(None).unwrap_err(), [Refusal::DateInvalid]);
    let evening = when(datetime(2026, 11, 24, 19, 0, 0, 0));
    assert_eq!(moved(Some(&evening)).unwrap_err(), [Refusal::NotOver]);
    let held = say(MEI, &planned, original, Said::Held, Some(&at_nine), at).unwrap();
    assert_eq!(held.0.at, None, "it took place when it was planned");
    let nothing = say(
        MEI,
        &planned,
        datetime(2026, 1, 1, 0, 0, 0, 0),
        Said::Held,
        None,
        at,
    );
    assert_eq!(nothing.unwrap_err(), [Refusal::OccurrenceGone]);
}
