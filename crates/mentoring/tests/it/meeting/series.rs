use jiff::civil::{DateTime, date, datetime};
use jiff::{SignedDuration, Timestamp, ToSpan};
use mentoring::invitation::{self, Change, Method, Notice, notices, notices_because};
use mentoring::link::LinkState;
use mentoring::meeting::{self, Changes, Joining, Meeting, MeetingState, Move, Scope, joining};
use mentoring::refusal::Refusal;
use mentoring::repetition::{End, Every, OccurrenceState, Repetition};
use mentoring::schedule::When;

use crate::people::{self, change, mei, now, tomorrow, weekly};

/// The original start of one of them, from 0 on.
fn start(number: i32) -> DateTime {
    tomorrow().saturating_add((7 * number).days())
}

fn moves(scope: Scope, to: DateTime) -> Changes {
    Changes {
        time: Some(Move {
            when: When {
                local_start: to,
                time_zone: "Europe/Berlin".to_owned(),
                duration_minutes: 45,
            },
            scope,
        }),
        ..Changes::default()
    }
}

fn moved(meeting: &Meeting, scope: Scope, to: DateTime, now: Timestamp) -> Meeting {
    let changed = change(&mei(), meeting, &moves(scope, to), now);
    changed.unwrap().unwrap().0
}

fn cancelled(meeting: &Meeting, scope: Scope, now: Timestamp) -> Meeting {
    meeting::cancel(&mei(), meeting, scope, None, now)
        .unwrap()
        .0
}

fn walls(meeting: &Meeting) -> Vec<String> {
    meeting
        .occurrences
        .iter()
        .filter(|one| one.state != OccurrenceState::Cancelled)
        .map(|one| one.local_start.strftime("%-d.%-m. %H:%M").to_string())
        .collect()
}

/// After the second is over.
fn half_way() -> Timestamp {
    weekly().occurrences[1].ends_at + SignedDuration::from_hours(1)
}

fn one_notice(before: &Meeting, after: &Meeting) -> Notice {
    let all = notices(Some(before), after);
    assert_eq!(all.len(), 2, "one message per person and change: {all:?}");
    assert_eq!(
        Notice {
            to: all[1].to,
            ..all[0].clone()
        },
        all[1]
    );
    all[0].clone()
}

#[test]
fn a_series_is_one_meeting_with_its_occurrences() {
    let weekly = weekly();
    assert_eq!(
        walls(&weekly),
        ["24.11. 15:00", "1.12. 15:00", "8.12. 15:00", "15.12. 15:00"]
    );
    assert_eq!((weekly.revision, weekly.sequence), (1, 0));
    let recurrence = invitation::recurrence(&weekly).unwrap();
    assert_eq!(recurrence.first_local, tomorrow());
    assert!(recurrence.excluded.is_empty() && recurrence.overrides.is_empty());
}

#[test]
fn one_occurrence_moves_alone_and_everyone_is_told_of_it_alone() {
    let to = datetime(2026, 12, 2, 9, 0, 0, 0);
    let after = moved(&weekly(), Scope::This(start(1)), to, now());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "2.12. 09:00", "8.12. 15:00", "15.12. 15:00"]
    );
    assert_eq!(after.schedule, weekly().schedule);
    let notice = one_notice(&weekly(), &after);
    assert_eq!(
        (notice.method, notice.only, notice.sequence),
        (Method::Request, Some(start(1)), 1)
    );
    let was = weekly().occurrences[1].schedule("Europe/Berlin");
    assert_eq!(notice.change, Change::Rescheduled { was });
    let overrides = invitation::recurrence(&after).unwrap().overrides;
    assert_eq!(overrides.len(), 1);
    assert_eq!(
        (overrides[0].original, overrides[0].local_start),
        (start(1), to)
    );
}

#[test]
fn an_occurrence_may_move_past_the_next_one() {
    let to = datetime(2026, 12, 9, 9, 0, 0, 0);
    let after = moved(&weekly(), Scope::This(start(1)), to, now());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "8.12. 15:00", "9.12. 09:00", "15.12. 15:00"],
        "in the order in which people meet"
    );
    // What follows by the rule does not depend on where it went.
    let later = datetime(2026, 12, 8, 16, 0, 0, 0);
    let after = moved(&after, Scope::Following(start(2)), later, now());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "8.12. 16:00", "9.12. 09:00", "15.12. 16:00"]
    );
    // In the very middle of another is no mistake either; it is told apart by its original.
    let onto = moved(&weekly(), Scope::This(start(1)), start(2), now());
    assert_eq!(
        onto.occurrences[1].local_start,
        onto.occurrences[2].local_start
    );
    assert_eq!(onto.occurrence(start(1)).unwrap().original_start, start(1));
}

#[test]
fn all_that_follow_go_as_far_as_the_one_that_was_moved() {
    let to = datetime(2026, 12, 9, 10, 30, 0, 0);
    let after = moved(&weekly(), Scope::Following(start(2)), to, now());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "1.12. 15:00", "9.12. 10:30", "16.12. 10:30"]
    );
    let notice = one_notice(&weekly(), &after);
    assert_eq!((notice.method, notice.only), (Method::Request, None));
    let was = weekly().occurrences[2].schedule("Europe/Berlin");
    assert_eq!(notice.change, Change::Rescheduled { was });
    assert_eq!(invitation::recurrence(&after).unwrap().overrides.len(), 2);
}

#[test]
fn a_series_that_has_not_begun_moves_with_its_rule() {
    let to = datetime(2026, 11, 25, 16, 0, 0, 0);
    for scope in [Scope::All, Scope::Following(start(0))] {
        let after = moved(&weekly(), scope, to, now());
        assert_eq!(
            walls(&after),
            ["25.11. 16:00", "2.12. 16:00", "9.12. 16:00", "16.12. 16:00"]
        );
        assert_eq!(after.schedule.local_start, to);
        let recurrence = invitation::recurrence(&after).unwrap();
        assert_eq!(recurrence.first_local, to);
        assert!(recurrence.overrides.is_empty() && recurrence.excluded.is_empty());
    }
}

#[test]
fn what_was_called_off_stays_so_when_the_series_moves() {
    let without = cancelled(&weekly(), Scope::This(start(1)), now());
    let to = datetime(2026, 11, 25, 16, 0, 0, 0);
    let after = moved(&without, Scope::All, to, now());
    assert_eq!(
        walls(&after),
        ["25.11. 16:00", "9.12. 16:00", "16.12. 16:00"]
    );
    assert_eq!(
        invitation::recurrence(&after).unwrap().excluded,
        [to.saturating_add(7.days())]
    );
}

#[test]
fn what_is_over_is_never_touched() {
    let to = datetime(2026, 11, 24, 16, 0, 0, 0);
    let after = moved(&weekly(), Scope::All, to, half_way());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "1.12. 15:00", "8.12. 16:00", "15.12. 16:00"]
    );
    assert_eq!(after.schedule, weekly().schedule, "calendars keep the past");
    for gone in [start(0), start(1), start(9)] {
        for scope in [Scope::This(gone), Scope::Following(gone)] {
            let refused = change(&mei(), &weekly(), &moves(scope, start(3)), half_way());
            assert_eq!(refused.unwrap_err(), [Refusal::OccurrenceGone]);
            let refused = meeting::cancel(&mei(), &weekly(), scope, None, half_way());
            assert_eq!(refused.unwrap_err(), Refusal::OccurrenceGone);
        }
    }
    let after = cancelled(&weekly(), Scope::All, half_way());
    assert_eq!(walls(&after), ["24.11. 15:00", "1.12. 15:00"]);
    assert_eq!(after.state, MeetingState::Cancelled);
}

#[test]
fn nothing_of_a_series_moves_into_the_past_or_beyond_two_years() {
    let last = start(3).saturating_sub(21.days());
    let refused = change(
        &mei(),
        &weekly(),
        &moves(Scope::Following(start(3)), last),
        half_way(),
    );
    assert_eq!(refused.unwrap_err(), [Refusal::InThePast]);
    let back = start(0).saturating_sub(14.days());
    let refused = change(&mei(), &weekly(), &moves(Scope::All, back), half_way());
    assert_eq!(refused.unwrap_err(), [Refusal::InThePast]);
    let far = datetime(2028, 11, 20, 15, 0, 0, 0);
    let refused = change(
        &mei(),
        &weekly(),
        &moves(Scope::Following(start(1)), far),
        now(),
    );
    assert_eq!(refused.unwrap_err(), [Refusal::TooFarAhead]);
}

#[test]
fn another_zone_for_all_keeps_the_new_walls_time_across_the_change() {
    let when = When {
        local_start: datetime(2027, 3, 2, 9, 0, 0, 0),
        time_zone: "America/New_York".to_owned(),
        duration_minutes: 45,
    };
    let changes = Changes {
        time: Some(Move {
            when,
            scope: Scope::All,
        }),
        ..Changes::default()
    };
    let (after, _) = change(&mei(), &weekly(), &changes, half_way())
        .unwrap()
        .unwrap();
    assert_eq!(after.schedule.time_zone, "America/New_York");
    let ahead: Vec<String> = after
        .ahead(half_way())
        .map(|one| one.local_start.to_string())
        .collect();
    // The first was on 24 November; the third, which is next, goes as far as it.
    assert_eq!(ahead, ["2027-03-16T09:00:00", "2027-03-23T09:00:00"]);
    assert_eq!(after.occurrences.len(), 4);
}

#[test]
fn one_occurrence_that_is_called_off_leaves_calendars_alone() {
    let after = cancelled(&weekly(), Scope::This(start(2)), now());
    assert_eq!(
        walls(&after),
        ["24.11. 15:00", "1.12. 15:00", "15.12. 15:00"]
    );
    assert_eq!(after.state, MeetingState::Scheduled);
    let notice = one_notice(&weekly(), &after);
    assert_eq!(
        (notice.method, notice.only, notice.change),
        (
            Method::Cancel,
            Some(start(2)),
            Change::Cancelled { reason: None }
        )
    );
    assert_eq!(invitation::recurrence(&after).unwrap().excluded, [start(2)]);
    let refused = meeting::cancel(&mei(), &after, Scope::This(start(2)), None, now());
    assert_eq!(refused.unwrap_err(), Refusal::OccurrenceGone);
}

#[test]
fn all_that_follow_are_called_off_in_one_message() {
    let because = Some("Summer".to_owned());
    let (after, event) = meeting::cancel(
        &mei(),
        &weekly(),
        Scope::Following(start(2)),
        because,
        now(),
    )
    .unwrap();
    assert_eq!(walls(&after), ["24.11. 15:00", "1.12. 15:00"]);
    assert!(
        event
            .sentence()
            .starts_with("Cancelled 2 of a series' meetings")
    );
    let all = notices_because(Some(&weekly()), &after, event.reason());
    let from = weekly().occurrences[2].schedule("Europe/Berlin");
    for notice in &all {
        assert_eq!((notice.method, notice.only), (Method::Request, None));
        assert_eq!(notice.change, Change::Shortened { from: from.clone() });
        assert_eq!(notice.reason.as_deref(), Some("Summer"));
    }
    assert_eq!(all.len(), 2);
}

#[test]
fn calling_off_the_last_occurrence_calls_off_the_meeting() {
    let mut meeting = weekly();
    for number in [0, 2, 1] {
        meeting = cancelled(&meeting, Scope::This(start(number)), now());
        assert_eq!(meeting.state, MeetingState::Scheduled);
    }
    let after = cancelled(&meeting, Scope::This(start(3)), now());
    assert_eq!(after.state, MeetingState::Cancelled);
    let notice = one_notice(&meeting, &after);
    assert_eq!((notice.method, notice.only), (Method::Cancel, None));
    // The same when what came before it is over.
    let meeting = cancelled(&weekly(), Scope::This(start(2)), half_way());
    let after = cancelled(&meeting, Scope::Following(start(3)), half_way());
    assert_eq!(after.state, MeetingState::Cancelled);
}

#[test]
fn another_rule_begins_with_the_next_occurrence() {
    let changes = Changes {
        repetition: Some(Some(Repetition {
            every: Every::TwoWeeks,
            end: End::Until(date(2027, 1, 5)),
        })),
        ..Changes::default()
    };
    let (after, event) = change(&mei(), &weekly(), &changes, half_way())
        .unwrap()
        .unwrap();
    assert_eq!(
        walls(&after),
        [
            "24.11. 15:00",
            "1.12. 15:00",
            "8.12. 15:00",
            "22.12. 15:00",
            "5.1. 15:00"
        ]
    );
    assert_eq!(after.schedule.local_start, start(2));
    assert_eq!(event.action(), "meeting.changed");
    let single = Changes {
        repetition: Some(None),
        ..Changes::default()
    };
    let (after, _) = change(&mei(), &weekly(), &single, now()).unwrap().unwrap();
    assert_eq!(walls(&after), ["24.11. 15:00"]);
    let (after, _) = change(&mei(), &people::meeting(), &changes, now())
        .unwrap()
        .unwrap();
    assert_eq!(
        after.occurrences.len(),
        4,
        "a single meeting becomes a series"
    );
}

/// Product, section 4, for each occurrence of a series.
#[test]
fn the_join_address_of_a_series_opens_for_each_occurrence() {
    let weekly = weekly();
    let minutes = SignedDuration::from_mins;
    let ready = |now| joining(&weekly, LinkState::Ready, now);
    for one in &weekly.occurrences {
        let opens_at = one.starts_at - minutes(15);
        assert_eq!(ready(opens_at - minutes(1)), Joining::Early { opens_at });
        assert_eq!(ready(opens_at), Joining::Open);
        assert_eq!(ready(one.ends_at - minutes(1)), Joining::Open);
    }
    assert_eq!(ready(weekly.ends_at()), Joining::Over);
    let without = cancelled(&weekly, Scope::This(start(0)), now());
    let opens_at = weekly.occurrences[1].starts_at - minutes(15);
    assert_eq!(
        joining(&without, LinkState::Ready, weekly.occurrences[0].starts_at),
        Joining::Early { opens_at },
        "what was called off is not opened"
    );
}

#[test]
fn a_series_is_about_the_occurrence_under_way_or_next_and_in_the_end_about_the_last() {
    let weekly = weekly();
    let [first, second, .., last] = weekly.occurrences[..] else {
        panic!("there are four");
    };
    assert_eq!(weekly.current(now()), first);
    assert_eq!(weekly.current(first.starts_at), first);
    assert_eq!(weekly.current(first.ends_at), second);
    assert_eq!(weekly.current(last.ends_at), last);
    assert_eq!(weekly.next(last.ends_at), None);
    assert!(weekly.is_over(last.ends_at) && !weekly.is_over(last.starts_at));
}
