use jiff::civil::datetime;
use mentoring::invitation::{
    CalendarObject, Change, Method, Participation, notices, notices_because,
};
use mentoring::meeting::{self, Attendee, Meeting, Scope};
use mentoring::organization::MemberId;
use mentoring::track::Mode;

use crate::people::{self, JONAS, LUIS, MEI, PRIYA, jonas, meeting, mei, now};

fn moved() -> Meeting {
    let noon = datetime(2026, 11, 25, 12, 0, 0, 0);
    people::reschedule(&mei(), &meeting(), noon, "Europe/Berlin", 45, None, now())
        .unwrap()
        .0
}

fn cancelled(reason: Option<&str>) -> Meeting {
    meeting::cancel(
        &mei(),
        &meeting(),
        Scope::All,
        reason.map(str::to_owned),
        now(),
    )
    .unwrap()
    .0
}

fn told(before: Option<&Meeting>, after: &Meeting) -> Vec<(MemberId, Method, i64, Change)> {
    notices(before, after)
        .into_iter()
        .map(|notice| (notice.to, notice.method, notice.sequence, notice.change))
        .collect()
}

#[test]
fn a_new_meeting_invites_everyone_the_one_who_made_it_included() {
    assert_eq!(
        told(None, &meeting()),
        [
            (MEI, Method::Request, 0, Change::Created),
            (LUIS, Method::Request, 0, Change::Created),
        ]
    );
}

#[test]
fn a_moved_meeting_replaces_the_entry_in_every_calendar() {
    let change = Change::Rescheduled {
        was: meeting().schedule,
    };
    assert_eq!(
        told(Some(&meeting()), &moved()),
        [
            (MEI, Method::Request, 1, change.clone()),
            (LUIS, Method::Request, 1, change)
        ]
    );
}

/// Product, section 3: with a reason that all are told.
#[test]
fn the_reason_of_an_administrator_reaches_everyone() {
    let why = "The room is closed.";
    let noon = datetime(2026, 11, 25, 12, 0, 0, 0);
    let (after, _) = people::reschedule(
        &jonas(),
        &meeting(),
        noon,
        "Europe/Berlin",
        45,
        Some(why.to_owned()),
        now(),
    )
    .unwrap();
    let all = notices_because(Some(&meeting()), &after, Some(why));
    assert_eq!(all.len(), 2);
    for notice in all {
        assert_eq!(
            notice.change,
            Change::Rescheduled {
                was: meeting().schedule,
            }
        );
        assert_eq!(notice.reason.as_deref(), Some(why));
    }
    let (after, _) = meeting::cancel(
        &jonas(),
        &meeting(),
        Scope::All,
        Some(why.to_owned()),
        now(),
    )
    .unwrap();
    for notice in notices(Some(&meeting()), &after) {
        assert_eq!(notice.reason.as_deref(), Some(why));
    }
}

#[test]
fn a_cancelled_meeting_leaves_every_calendar_once() {
    let change = Change::Cancelled {
        reason: Some("Ill".to_owned()),
    };
    let cancelled = cancelled(Some("Ill"));
    assert_eq!(
        told(Some(&meeting()), &cancelled),
        [
            (MEI, Method::Cancel, 1, change.clone()),
            (LUIS, Method::Cancel, 1, change)
        ]
    );
    assert_eq!(told(Some(&cancelled), &cancelled), []);
}

#[test]
fn a_meeting_that_was_cancelled_before_anyone_knew_of_it_is_nobodys_business() {
    assert_eq!(told(None, &cancelled(None)), []);
}

/// E-06: CANCEL for the person removed, and nobody else.
#[test]
fn e06_who_was_taken_out_gets_a_cancel_and_who_came_in_an_invitation() {
    let mut after = meeting();
    after.sequence = 1;
    after.attendees[1] = Attendee {
        member: PRIYA,
        organizer: false,
        answer: None,
    };
    let all = told(Some(&meeting()), &after);
    assert!(all.contains(&(LUIS, Method::Cancel, 1, Change::Removed)));
    assert!(all.contains(&(PRIYA, Method::Request, 1, Change::Created)));
    assert_eq!(
        all.iter()
            .filter(|(_, method, ..)| *method == Method::Cancel)
            .count(),
        1
    );
}

/// Every pair of attendee lists out of four people: who is gone gets one CANCEL, who is
/// new one invitation, nobody two messages, and nobody who is in neither list anything.
#[test]
fn nobody_is_told_twice_or_by_mistake() {
    let people = [MEI, LUIS, PRIYA, JONAS];
    let with = |bits: usize, meeting: &Meeting| Meeting {
        attendees: people
            .iter()
            .enumerate()
            .filter(|(place, _)| bits & (1 << place) != 0)
            .map(|(place, member)| Attendee {
                member: *member,
                organizer: place == 0,
                answer: None,
            })
            .collect(),
        ..meeting.clone()
    };
    for (after, is_cancelled) in [(moved(), false), (cancelled(None), true)] {
        for (old, new) in (0..16).flat_map(|old| (0..16).map(move |new| (old, new))) {
            let all = notices(Some(&with(old, &meeting())), &with(new, &after));
            for (place, member) in people.iter().enumerate() {
                let mine: Vec<_> = all.iter().filter(|notice| notice.to == *member).collect();
                let (was, is) = (old & (1 << place) != 0, new & (1 << place) != 0);
                let expected = match (was, is, is_cancelled) {
                    (true, false, _) | (true, true, true) => Some(Method::Cancel),
                    (_, true, false) => Some(Method::Request),
                    (false, _, _) => None,
                };
                assert_eq!(
                    mine.iter().map(|notice| notice.method).collect::<Vec<_>>(),
                    Vec::from_iter(expected),
                    "{old:04b} {new:04b}"
                );
                if !was && let [notice] = mine[..] {
                    assert_eq!(notice.change, Change::Created);
                }
            }
        }
    }
}

#[test]
fn another_mode_and_another_link_are_told_and_no_change_is_not() {
    let (phone, _) = meeting::change_mode(&meeting(), Mode::Phone);
    assert!(
        notices(Some(&meeting()), &phone)
            .iter()
            .all(|notice| notice.change == Change::ModeChanged { was: Mode::Teams })
    );
    let relinked = Meeting {
        sequence: 1,
        ..meeting()
    };
    assert!(
        notices(Some(&meeting()), &relinked)
            .iter()
            .all(|notice| notice.change == Change::LinkChanged)
    );
    assert_eq!(told(Some(&meeting()), &meeting()), []);
}

/// What waits in the outbox is read again after a restart, by the next release too.
#[test]
fn what_was_put_into_the_outbox_comes_out_the_same() {
    let planned = meeting().schedule;
    let object = CalendarObject {
        method: Method::Cancel,
        uid: meeting().uid,
        sequence: 3,
        summary: "First; hundred, days".to_owned(),
        description: "one\ntwo".to_owned(),
        location: String::new(),
        url: Some("https://ithaca.example/j/abc".to_owned()),
        starts_at: planned.starts_at,
        ends_at: planned.ends_at,
        local_start: planned.local_start,
        time_zone: planned.time_zone.clone(),
        organizer: (
            "Mei Tanaka via Ithaca".to_owned(),
            "ithaca@ithaca.example".to_owned(),
        ),
        attendees: vec![(
            "Luis Ortega".to_owned(),
            "luis@larkspur.example".to_owned(),
            Participation::Tentative,
        )],
        stamp: now(),
        cancelled: true,
        recurrence: None,
        only: None,
    };
    let kept = serde_json::to_string(&object).unwrap();
    assert_eq!(
        serde_json::from_str::<CalendarObject>(&kept).unwrap(),
        object
    );
    for change in [
        Change::Created,
        Change::Rescheduled { was: planned },
        Change::Cancelled { reason: None },
        Change::ModeChanged { was: Mode::Teams },
        Change::Removed,
        Change::LinkChanged,
    ] {
        let kept = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&kept).unwrap(), change);
    }
}
