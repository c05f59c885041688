use jiff::SignedDuration;
use jiff::civil::datetime;
use mentoring::meeting::{self, Meeting, MeetingState, Scope};
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::track::Mode;

use super::{made, noon};
use crate::people::{self, amara, edda, jonas, luis, mei, now, priya, tomorrow};

#[test]
fn a_moved_meeting_keeps_everything_but_its_time() {
    let (after, event) =
        people::reschedule(&mei(), &made(), noon(), "Europe/Berlin", 30, None, now()).unwrap();
    assert_eq!((after.revision, after.sequence), (2, 1));
    assert_eq!(after.schedule.duration_minutes, 30);
    assert_eq!(
        Meeting {
            schedule: made().schedule,
            occurrences: made().occurrences,
            revision: 1,
            sequence: 0,
            ..after
        },
        made()
    );
    assert_eq!(event.action(), "meeting.rescheduled");
}

#[test]
fn moving_a_meeting_to_where_it_is_tells_nobody_anything() {
    let refusals = people::reschedule(
        &mei(),
        &made(),
        tomorrow(),
        "europe/berlin",
        45,
        None,
        now(),
    )
    .unwrap_err();
    assert_eq!(refusals, [Refusal::TimeUnchanged]);
    assert_eq!(refusals[0].field(), Some("time"));
}

#[test]
fn whoever_changes_somebody_elses_meeting_says_why() {
    let because = || Some("The room is closed.".to_owned());
    for actor in [jonas(), amara()] {
        for reason in [
            None,
            Some(String::new()),
            Some(" \r\n ".to_owned()),
            Some("\u{200B}".to_owned()),
        ] {
            let moved = people::reschedule(
                &actor,
                &made(),
                noon(),
                "Europe/Berlin",
                45,
                reason.clone(),
                now(),
            );
            assert_eq!(
                moved.unwrap_err(),
                [Refusal::ReasonMissing],
                "{}",
                actor.name
            );
            assert_eq!(
                meeting::cancel(&actor, &made(), Scope::All, reason, now()).unwrap_err(),
                Refusal::ReasonMissing
            );
        }
        assert!(
            people::reschedule(
                &actor,
                &made(),
                noon(),
                "Europe/Berlin",
                45,
                because(),
                now()
            )
            .is_ok()
        );
        let (after, _) = meeting::cancel(&actor, &made(), Scope::All, because(), now()).unwrap();
        assert_eq!(
            after.cancellation_reason.as_deref(),
            Some("The room is closed.")
        );
    }
    let long = Some("x".repeat(501));
    assert_eq!(
        meeting::cancel(&jonas(), &made(), Scope::All, long, now()).unwrap_err(),
        Refusal::ReasonTooLong
    );
}

#[test]
fn the_one_who_made_it_needs_no_reason_and_may_give_one() {
    assert_eq!(
        meeting::cancel(&mei(), &made(), Scope::All, None, now())
            .unwrap()
            .0
            .cancellation_reason,
        None
    );
    let (after, _) =
        meeting::cancel(&mei(), &made(), Scope::All, Some(" Ill ".to_owned()), now()).unwrap();
    assert_eq!(after.cancellation_reason.as_deref(), Some("Ill"));
}

#[test]
fn who_only_attends_or_is_not_there_changes_nothing() {
    for actor in [luis(), priya(), edda()] {
        let because = || Some("I want to.".to_owned());
        let moved = people::reschedule(
            &actor,
            &made(),
            noon(),
            "Europe/Berlin",
            45,
            because(),
            now(),
        );
        assert_eq!(
            moved.unwrap_err(),
            [Refusal::NotYourMeeting],
            "{}",
            actor.name
        );
        assert_eq!(
            meeting::cancel(&actor, &made(), Scope::All, because(), now()).unwrap_err(),
            Refusal::NotYourMeeting
        );
    }
}

/// Whoever may not change it does not learn by their mistakes how it stands.
#[test]
fn a_stranger_with_a_bad_form_hears_only_that_it_is_not_theirs() {
    let moved = people::reschedule(
        &luis(),
        &made(),
        datetime(2020, 1, 1, 9, 0, 0, 0),
        "Mars",
        0,
        None,
        now(),
    );
    assert_eq!(moved.unwrap_err(), [Refusal::NotYourMeeting]);
}

#[test]
fn every_wrong_field_of_a_reschedule_is_named() {
    let moved = people::reschedule(
        &jonas(),
        &made(),
        datetime(2020, 1, 1, 9, 0, 0, 0),
        "Europe/Berlin",
        0,
        None,
        now(),
    );
    let mut fields: Vec<&str> = moved
        .unwrap_err()
        .iter()
        .filter_map(Refusal::field)
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["duration", "reason", "time"]);
}

#[test]
fn a_meeting_that_is_over_or_cancelled_stays_as_it_was() {
    let end = made().schedule.ends_at;
    let second = SignedDuration::from_secs(1);
    assert!(
        meeting::cancel(&mei(), &made(), Scope::All, None, end - second).is_ok(),
        "under way"
    );
    assert_eq!(
        meeting::cancel(&mei(), &made(), Scope::All, None, end).unwrap_err(),
        Refusal::MeetingOver
    );
    for (state, expected) in [
        (MeetingState::Cancelled, Refusal::MeetingCancelled),
        (MeetingState::Held, Refusal::MeetingOver),
        (MeetingState::Missed, Refusal::MeetingOver),
    ] {
        let meeting = Meeting { state, ..made() };
        assert_eq!(
            meeting::cancel(&mei(), &meeting, Scope::All, None, now()).unwrap_err(),
            expected
        );
        let moved = people::reschedule(&mei(), &meeting, noon(), "Europe/Berlin", 45, None, now());
        assert_eq!(moved.unwrap_err(), std::slice::from_ref(&expected));
        assert_eq!(expected.kind(), RefusalKind::Conflict);
    }
}

/// E-06
#[test]
fn e06_the_uid_stays_for_life_and_the_sequence_rises_with_each_change() {
    let first = made();
    let (moved, _) =
        people::reschedule(&mei(), &first, noon(), "Europe/Berlin", 45, None, now()).unwrap();
    let (turned, _) = meeting::change_mode(&moved, Mode::Phone);
    let (cancelled, _) = meeting::cancel(&mei(), &turned, Scope::All, None, now()).unwrap();
    let history = [first, moved, turned, cancelled];
    assert_eq!(
        history.clone().map(|meeting| meeting.sequence),
        [0, 1, 2, 3]
    );
    assert_eq!(
        history.clone().map(|meeting| meeting.revision),
        [1, 2, 3, 4]
    );
    assert!(history.iter().all(|meeting| meeting.uid == history[0].uid));
}
