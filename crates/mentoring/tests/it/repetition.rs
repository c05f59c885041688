use jiff::civil::{Date, DateTime, date, datetime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use mentoring::refusal::Refusal;
use mentoring::repetition::{End, Every, MonthlyBy, Occurrence, Repetition, occurrences};
use mentoring::schedule::schedule;

fn new_year() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn of(first: DateTime, zone: &str, every: Every, end: End) -> Result<Vec<Occurrence>, Refusal> {
    let first = schedule(first, zone, 60, new_year()).unwrap();
    occurrences(&first, &Repetition { every, end }, new_year())
}

fn dates(first: Date, every: Every, end: End) -> Vec<Date> {
    let all = of(first.at(15, 0, 0, 0), "Europe/Berlin", every, end).unwrap();
    all.iter().map(|one| one.local_start.date()).collect()
}

#[test]
fn days_weeks_and_fortnights_follow_each_other() {
    let tuesday = date(2026, 3, 3);
    let three = End::Count(3);
    assert_eq!(
        dates(tuesday, Every::Day, three),
        [tuesday, date(2026, 3, 4), date(2026, 3, 5)]
    );
    assert_eq!(
        dates(tuesday, Every::Week, three),
        [tuesday, date(2026, 3, 10), date(2026, 3, 17)]
    );
    assert_eq!(
        dates(tuesday, Every::TwoWeeks, three),
        [tuesday, date(2026, 3, 17), date(2026, 3, 31)]
    );
    let until = End::Until(date(2026, 3, 10));
    assert_eq!(
        dates(tuesday, Every::Week, until),
        [tuesday, date(2026, 3, 10)],
        "the last day counts"
    );
    assert_eq!(dates(tuesday, Every::Day, End::Until(tuesday)), [tuesday]);
}

/// RFC 5545, section 3.3.10: a date that does not exist is left out.
#[test]
fn the_31st_leaves_out_the_months_without_one() {
    assert_eq!(
        dates(
            date(2026, 1, 31),
            Every::Month(MonthlyBy::Day),
            End::Count(5)
        ),
        [
            date(2026, 1, 31),
            date(2026, 3, 31),
            date(2026, 5, 31),
            date(2026, 7, 31),
            date(2026, 8, 31)
        ]
    );
}

#[test]
fn a_series_of_the_29th_of_february_meets_on_the_29th_and_not_in_the_next_february() {
    let leap: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    let first = schedule(datetime(2028, 2, 29, 9, 0, 0, 0), "Asia/Tokyo", 60, leap).unwrap();
    let rule = Repetition {
        every: Every::Month(MonthlyBy::Day),
        end: End::Until(date(2029, 4, 1)),
    };
    let all = occurrences(&first, &rule, leap).unwrap();
    let all: Vec<Date> = all.iter().map(|one| one.local_start.date()).collect();
    assert_eq!(all.len(), 13);
    assert!(all.iter().all(|date| date.day() == 29));
    assert!(!all.contains(&date(2029, 3, 1)) && all.contains(&date(2029, 3, 29)));
    assert!(
        !all.iter()
            .any(|date| (date.year(), date.month()) == (2029, 2))
    );
}

#[test]
fn the_second_tuesday_is_counted_anew_each_month_and_a_fifth_is_left_out_where_there_is_none() {
    let by = Every::Month(MonthlyBy::Weekday);
    assert_eq!(
        dates(date(2026, 3, 10), by, End::Count(3)),
        [date(2026, 3, 10), date(2026, 4, 14), date(2026, 5, 12)]
    );
    assert_eq!(
        dates(date(2026, 3, 31), by, End::Count(3)),
        [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 29)]
    );
}

#[test]
fn a_series_has_at_most_104_meetings_within_two_years() {
    let first = datetime(2026, 1, 6, 15, 0, 0, 0);
    let with = |every, end| of(first, "Europe/Berlin", every, end);
    assert_eq!(with(Every::Week, End::Count(104)).unwrap().len(), 104);
    for end in [End::Count(0), End::Count(105), End::Count(u16::MAX)] {
        assert_eq!(with(Every::Day, end), Err(Refusal::RepetitionCount));
    }
    let year = End::Until(date(2026, 12, 31));
    assert_eq!(with(Every::Day, year), Err(Refusal::RepetitionCount));
    assert_eq!(with(Every::Week, year).unwrap().len(), 52);
    let month = Every::Month(MonthlyBy::Day);
    assert_eq!(with(month, End::Count(25)), Err(Refusal::RepetitionTooFar));
    assert_eq!(
        with(month, End::Until(Date::MAX)),
        Err(Refusal::RepetitionTooFar)
    );
    assert_eq!(
        with(month, End::Until(date(2026, 1, 5))),
        Err(Refusal::RepetitionEndsBefore)
    );
    assert_eq!(Refusal::RepetitionTooFar.field(), Some("repetition"));
}

/// Fifty zones whose clocks change, and some whose clocks do so in an odd way.
const ZONES: [&str; 50] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Anchorage",
    "America/Asuncion",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Havana",
    "America/Los_Angeles",
    "America/Miquelon",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Port-au-Prince",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Nicosia",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Atlantic/Bermuda",
    "Atlantic/Canary",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Hobart",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Warsaw",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Easter",
    "Pacific/Norfolk",
    "UTC",
];

/// F27, in each zone and at each change of its clocks in two years: the local time is kept,
/// but for the occurrence at the change itself. One that the clocks jump over comes later
/// by the length of the jump, one that comes twice is the first of the two, as calendar
/// programs have it (RFC 5545, section 3.3.5).
#[test]
fn f27_in_fifty_zones_a_daily_series_crosses_every_change_of_the_clocks() {
    let (mut jumps, mut repeats) = (0, 0);
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let changes: Vec<Timestamp> = zone
            .following(new_year())
            .map(|change| change.timestamp())
            .take_while(|at| *at < "2027-09-01T00:00:00Z".parse().unwrap())
            .filter(|at| {
                let offset = |at| zone.to_offset(at);
                offset(*at) != offset(*at - SignedDuration::from_secs(1))
            })
            .collect();
        for change in changes {
            let second = SignedDuration::from_secs(1);
            let before = zone.to_offset(change - second);
            let after = zone.to_offset(change);
            let jump = after.duration_since(before);
            let is_jump = jump.is_positive();
            // A quarter of an hour into what is left out, or comes twice.
            let inside = if is_jump { before } else { after }.to_datetime(change)
                + SignedDuration::from_mins(15);
            let start = inside.saturating_sub(3.days());
            let all = of(start, name, Every::Day, End::Count(7)).unwrap();
            assert_eq!(all.len(), 7, "{name}");
            for (day, one) in (0_i32..).zip(&all) {
                let wall = start.saturating_add(day.days());
                assert_eq!(one.original_start, wall, "{name}");
                assert_eq!(one.local_start, zone.to_datetime(one.starts_at));
                if wall != inside {
                    assert_eq!(one.local_start, wall, "{name} at {change}");
                } else if is_jump {
                    jumps += 1;
                    assert_eq!(one.local_start, wall + jump, "{name} at {change}");
                } else {
                    repeats += 1;
                    assert_eq!(one.local_start, wall, "{name} at {change}");
                    assert!(one.starts_at < change, "{name}: the first of the two");
                }
            }
            assert!(
                all.windows(2)
                    .all(|two| two[0].starts_at < two[1].starts_at)
            );
            // The first start of a series is no such time: its neighbours are offered.
            match schedule(inside, name, 60, new_year()).unwrap_err() {
                Refusal::TimeSkipped { before, after, .. } => {
                    assert!(is_jump && before < inside && inside < after, "{name}");
                }
                Refusal::TimeTwice { before, after, .. } => {
                    assert!(!is_jump && before < inside && inside < after, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(jumps >= 60 && repeats >= 45, "{jumps} {repeats}");
}

/// Lord Howe's clocks change by half an hour.
#[test]
fn on_lord_howe_the_skipped_quarter_past_two_comes_at_a_quarter_to_three() {
    let all = of(
        datetime(2026, 10, 3, 2, 15, 0, 0),
        "Australia/Lord_Howe",
        Every::Day,
        End::Count(3),
    )
    .unwrap();
    let walls: Vec<String> = all.iter().map(|one| one.local_start.to_string()).collect();
    assert_eq!(
        walls,
        [
            "2026-10-03T02:15:00",
            "2026-10-04T02:45:00",
            "2026-10-05T02:15:00"
        ]
    );
    assert_eq!(all[1].original_start, datetime(2026, 10, 4, 2, 15, 0, 0));
    assert_eq!(all[1].starts_at.to_string(), "2026-10-03T15:45:00Z");
}

/// One hears it at nine all year, the other an hour earlier or later for a while.
#[test]
fn a_series_across_the_change_keeps_berlins_clock_and_moves_on_others() {
    let all = of(
        datetime(2026, 3, 3, 9, 0, 0, 0),
        "Europe/Berlin",
        Every::Week,
        End::Count(6),
    )
    .unwrap();
    let seen = |name: &str| -> Vec<String> {
        let zone = TimeZone::get(name).unwrap();
        all.iter()
            .map(|one| {
                zone.to_datetime(one.starts_at)
                    .strftime("%H:%M")
                    .to_string()
            })
            .collect()
    };
    assert_eq!(seen("Europe/Berlin"), ["09:00"; 6]);
    // 3 March; New York changes on the 8th, Berlin on the 29th.
    assert_eq!(
        seen("America/New_York"),
        ["03:00", "04:00", "04:00", "04:00", "03:00", "03:00"]
    );
    assert_eq!(
        seen("Asia/Kathmandu"),
        ["13:45", "13:45", "13:45", "13:45", "12:45", "12:45"]
    );
    assert_eq!(
        seen("Pacific/Chatham"),
        ["21:45", "21:45", "21:45", "21:45", "20:45", "19:45"]
    );
}

#[test]
fn a_repetition_is_written_as_the_api_writes_it_and_nothing_else_is_read() {
    for (text, every, end) in [
        (r#"{"every":"day","count":5}"#, Every::Day, End::Count(5)),
        (
            r#"{"every":"two_weeks","until":"2026-12-24"}"#,
            Every::TwoWeeks,
            End::Until(date(2026, 12, 24)),
        ),
        (
            r#"{"every":"month","by":"weekday","count":3}"#,
            Every::Month(MonthlyBy::Weekday),
            End::Count(3),
        ),
    ] {
        let repetition = Repetition { every, end };
        assert_eq!(
            serde_json::from_str::<Repetition>(text).unwrap(),
            repetition
        );
        assert_eq!(serde_json::to_string(&repetition).unwrap(), text);
    }
    let by_day: Repetition = serde_json::from_str(r#"{"every":"month","count":2}"#).unwrap();
    assert_eq!(by_day.every, Every::Month(MonthlyBy::Day));
    for text in [
        r#"{"every":"year","count":2}"#,
        r#"{"every":"week","by":"day","count":2}"#,
        r#"{"every":"week"}"#,
        r#"{"every":"week","count":2,"until":"2026-12-24"}"#,
        r#"{"every":"week","count":2,"interval":3}"#,
        r#"{"every":"week","count":-1}"#,
        r#"{"every":"week","until":"2026-02-30"}"#,
    ] {
        assert!(serde_json::from_str::<Repetition>(text).is_err(), "{text}");
    }
}
