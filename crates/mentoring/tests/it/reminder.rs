use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use mentoring::answer::Answer;
use mentoring::meeting::{self, Meeting, MeetingState, Scope};
use mentoring::organization::MemberId;
use mentoring::refusal::Refusal;
use mentoring::reminder::{Kind, Known, Plan, Setting, plan};

use crate::people::{LUIS, MEI, meeting, mei, now, weekly};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

type Unanswered = BTreeSet<(DateTime, MemberId)>;

fn looks(
    meeting: &Meeting,
    settings: &BTreeMap<MemberId, Setting>,
    looked_at: Timestamp,
    now: Timestamp,
) -> Plan {
    let all = meeting.occurrences.iter();
    let unanswered: Unanswered = all
        .flat_map(|one| [(one.original_start, MEI), (one.original_start, LUIS)])
        .collect();
    let known = Known {
        settings,
        unanswered: &unanswered,
    };
    plan(meeting, known, looked_at, now)
}

fn told(plan: &Plan) -> Vec<(MemberId, Kind)> {
    plan.due.iter().map(|one| (one.to, one.kind)).collect()
}

/// Looks every minute from Monday at ten until two days later, and answers what was said
/// when, after the start's instant.
fn follows(
    meeting: &Meeting,
    settings: &BTreeMap<MemberId, Setting>,
) -> Vec<(MemberId, Kind, SignedDuration)> {
    let start = meeting.occurrences[0].starts_at;
    let mut said = Vec::new();
    let mut looked_at = now();
    let mut at = now();
    while at < now() + DAY * 2 {
        at += MINUTE;
        let plan = looks(meeting, settings, looked_at, at);
        assert!(plan.late.is_empty());
        said.extend(
            plan.due
                .iter()
                .map(|one| (one.to, one.kind, at.duration_since(start))),
        );
        looked_at = at;
    }
    said
}

#[test]
fn everyone_is_reminded_a_day_and_a_quarter_of_an_hour_before_and_asked_afterwards() {
    let minutes = SignedDuration::from_mins;
    assert_eq!(
        follows(&meeting(), &BTreeMap::new()),
        [
            (MEI, Kind::DayBefore, -DAY),
            (LUIS, Kind::DayBefore, -DAY),
            (MEI, Kind::Shortly, minutes(-15)),
            (LUIS, Kind::Shortly, minutes(-15)),
            (MEI, Kind::After, minutes(45 + 15)),
            (LUIS, Kind::After, minutes(45 + 15)),
        ]
    );
}

#[test]
fn each_is_reminded_as_they_chose() {
    let choice = |day_before, minutes_before, after| {
        Setting::check(day_before, minutes_before, after).unwrap()
    };
    let settings = BTreeMap::from([
        (MEI, choice(false, Some(60), false)),
        (LUIS, choice(false, None, false)),
    ]);
    let hour_before = -MINUTE * 60;
    assert_eq!(
        follows(&meeting(), &settings),
        [(MEI, Kind::Shortly, hour_before)]
    );
    for minutes in [0, 1, 16, 1_440, u16::MAX] {
        let refused = Setting::check(true, Some(minutes), true);
        assert_eq!(refused, Err(Refusal::ReminderInvalid));
    }
}

#[test]
fn who_said_no_is_not_reminded_but_may_say_how_it_went() {
    let mut planned = meeting();
    let luis = planned.attendees.iter_mut().find(|one| one.member == LUIS);
    luis.unwrap().answer = Some(Answer::No);
    let said = follows(&planned, &BTreeMap::new());
    let of_luis: Vec<Kind> = said
        .iter()
        .filter(|one| one.0 == LUIS)
        .map(|one| one.1)
        .collect();
    assert_eq!(of_luis, [Kind::After]);
}

#[test]
fn a_cancelled_meeting_reminds_nobody() {
    let (cancelled, _) = meeting::cancel(&mei(), &meeting(), Scope::All, None, now()).unwrap();
    assert!(follows(&cancelled, &BTreeMap::new()).is_empty());
    let series = weekly();
    let first = series.occurrences[0].original_start;
    let (one_less, _) = meeting::cancel(&mei(), &series, Scope::This(first), None, now()).unwrap();
    assert!(
        follows(&one_less, &BTreeMap::new()).is_empty(),
        "the next is in a week"
    );
    let plan = looks(&one_less, &BTreeMap::new(), now(), now());
    assert_eq!(plan.again, Some(series.occurrences[1].starts_at - DAY));
}

/// The look that comes late, because nothing ran meanwhile, says what still makes sense.
#[test]
fn what_comes_too_late_is_dropped() {
    let planned = meeting();
    let only = planned.occurrences[0];
    let (start, end) = (only.starts_at, only.ends_at);
    let week = DAY * 7;
    for (at, due, late) in [
        (start - DAY, &[Kind::DayBefore][..], &[][..]),
        (start - MINUTE * 15 - SECOND, &[Kind::DayBefore], &[]),
        (start - MINUTE * 15, &[Kind::Shortly], &[Kind::DayBefore]),
        (start - SECOND, &[Kind::Shortly], &[Kind::DayBefore]),
        (start, &[], &[Kind::DayBefore, Kind::Shortly]),
        (
            end + MINUTE * 15,
            &[Kind::After],
            &[Kind::DayBefore, Kind::Shortly],
        ),
        (
            end + week,
            &[],
            &[Kind::DayBefore, Kind::Shortly, Kind::After],
        ),
    ] {
        let plan = looks(&planned, &BTreeMap::new(), now(), at);
        let of_mei = |all: &[mentoring::reminder::Reminder]| -> Vec<Kind> {
            all.iter()
                .filter(|one| one.to == MEI)
                .map(|one| one.kind)
                .collect()
        };
        assert_eq!(
            (of_mei(&plan.due).as_slice(), of_mei(&plan.late).as_slice()),
            (due, late),
            "{at}"
        );
    }
}

/// The topic is what keeps a reminder from being sent twice; a moved meeting has another.
#[test]
fn the_same_reminder_has_the_same_topic_until_the_meeting_is_moved() {
    let planned = meeting();
    let start = planned.occurrences[0].starts_at;
    let first = looks(&planned, &BTreeMap::new(), now(), start - DAY);
    let again = looks(&planned, &BTreeMap::new(), now(), start - DAY + MINUTE);
    assert_eq!(first.due[0].topic(), again.due[0].topic());
    let mut moved = planned;
    moved.occurrences[0].starts_at += MINUTE;
    let other = looks(&moved, &BTreeMap::new(), now(), start - DAY + MINUTE);
    assert_ne!(first.due[0].topic(), other.due[0].topic());
    let topics: BTreeSet<String> = weekly()
        .occurrences
        .iter()
        .map(|one| {
            looks(
                &weekly(),
                &BTreeMap::new(),
                one.starts_at - DAY - SECOND,
                one.starts_at - DAY,
            )
        })
        .flat_map(|plan| {
            plan.due
                .iter()
                .map(mentoring::reminder::Reminder::topic)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(topics.len(), 4);
}

/// A clock that ran ahead and was put back silences nobody.
#[test]
fn a_clock_that_was_a_year_ahead_and_is_put_back_reminds_all_the_same() {
    let planned = meeting();
    let start = planned.occurrences[0].starts_at;
    let in_a_year = now() + DAY * 365;
    let plan = looks(&planned, &BTreeMap::new(), in_a_year, now());
    assert!(plan.due.is_empty());
    assert_eq!(plan.again, Some(start - DAY));
}

/// Who joined the series later was not there, and who has spoken needn't again.
#[test]
fn only_who_was_of_it_and_has_not_spoken_is_asked() {
    let planned = meeting();
    let only = planned.occurrences[0];
    let unanswered = BTreeSet::from([(only.original_start, LUIS)]);
    let known = Known {
        settings: &BTreeMap::new(),
        unanswered: &unanswered,
    };
    let at = only.ends_at + MINUTE * 15;
    let asked = plan(&planned, known, only.ends_at, at);
    assert_eq!(told(&asked), [(LUIS, Kind::After)]);
    // What Mei said already changes nothing for Luis.
    let held = Meeting {
        state: MeetingState::Held,
        ..planned
    };
    assert_eq!(
        told(&plan(&held, known, only.ends_at, at)),
        [(LUIS, Kind::After)]
    );
}
