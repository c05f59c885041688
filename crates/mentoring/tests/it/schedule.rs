use jiff::civil::{DateTime, date, datetime, time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use mentoring::refusal::Refusal;
use mentoring::schedule::{check_time_zone, read_local, schedule};

use crate::people::now;

fn at(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> DateTime {
    datetime(year, month, day, hour, minute, 0, 0)
}

/// Zones whose clocks change by an hour, by half an hour, at midnight, twice a year in
/// either hemisphere, or never, and whose offsets are whole, half and quarter hours.
const ZONES: &[&str] = &[
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Anchorage",
    "America/Asuncion",
    "America/Bogota",
    "America/Caracas",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Havana",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Asia/Yangon",
    "Atlantic/Azores",
    "Atlantic/Reykjavik",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Easter",
    "Pacific/Kiritimati",
    "Pacific/Marquesas",
    "UTC",
];

/// F27: every quarter of an hour around every clock change of two years, in every zone.
#[test]
fn around_every_clock_change_a_time_is_taken_once_or_refused_with_times_that_are_taken() {
    let now = now();
    let mut changes = 0;
    for name in ZONES {
        let zone = TimeZone::get(name).unwrap();
        let transitions: Vec<Timestamp> = zone
            .following(now)
            .take(8)
            .map(|transition| transition.timestamp())
            .filter(|at| *at < now + SignedDuration::from_hours(24 * 729))
            .collect();
        for transition in transitions {
            let before = zone.to_datetime(transition - SignedDuration::from_secs(1));
            let mut local = before
                .checked_sub(3.hours())
                .unwrap()
                .round(jiff::Unit::Hour)
                .unwrap();
            let end = before.checked_add(5.hours()).unwrap();
            while local < end {
                let ambiguous = zone.to_ambiguous_timestamp(local);
                let planned = schedule(local, name, 45, now);
                match (ambiguous.offset(), planned) {
                    (AmbiguousOffset::Unambiguous { .. }, Ok(planned)) => {
                        assert_eq!(zone.to_datetime(planned.starts_at), local, "{name} {local}");
                        assert_eq!(
                            planned.ends_at.duration_since(planned.starts_at),
                            SignedDuration::from_mins(45)
                        );
                    }
                    (
                        AmbiguousOffset::Gap { .. },
                        Err(Refusal::TimeSkipped { before, after, .. }),
                    )
                    | (
                        AmbiguousOffset::Fold { .. },
                        Err(Refusal::TimeTwice { before, after, .. }),
                    ) => {
                        assert!(before < local && local < after, "{name} {local}");
                        for offered in [before, after] {
                            assert!(
                                schedule(offered, name, 45, now).is_ok(),
                                "{name} {local}: {offered}"
                            );
                        }
                        changes += 1;
                    }
                    (offset, planned) => panic!("{name} {local}: {offset:?} gave {planned:?}"),
                }
                local = local.checked_add(15.minutes()).unwrap();
            }
        }
    }
    assert!(
        changes > 300,
        "only {changes} times fell into a clock change"
    );
}

/// A change made by hand from the tables of the IANA database, so that a slip in ours and
/// one in the library's can't cancel out.
#[test]
fn f27_known_clock_changes_offer_the_last_minute_before_and_the_first_after() {
    let skipped = [
        (
            "Europe/Berlin",
            at(2027, 3, 28, 2, 30),
            at(2027, 3, 28, 1, 59),
            at(2027, 3, 28, 3, 0),
        ),
        (
            "Pacific/Chatham",
            at(2027, 9, 26, 3, 0),
            at(2027, 9, 26, 2, 44),
            at(2027, 9, 26, 3, 45),
        ),
        (
            "Australia/Lord_Howe",
            at(2027, 10, 3, 2, 15),
            at(2027, 10, 3, 1, 59),
            at(2027, 10, 3, 2, 30),
        ),
    ];
    for (zone, local, first, last) in skipped {
        let refused = schedule(local, zone, 45, now());
        let Err(Refusal::TimeSkipped { before, after, .. }) = refused else {
            panic!("{zone}: {refused:?}");
        };
        assert_eq!((before, after), (first, last), "{zone}");
    }
    let twice = [
        (
            "Europe/Berlin",
            at(2027, 10, 31, 2, 0),
            at(2027, 10, 31, 1, 59),
            at(2027, 10, 31, 3, 0),
        ),
        (
            "Pacific/Chatham",
            at(2027, 4, 4, 3, 0),
            at(2027, 4, 4, 2, 44),
            at(2027, 4, 4, 3, 45),
        ),
        (
            "Australia/Lord_Howe",
            at(2027, 4, 4, 1, 45),
            at(2027, 4, 4, 1, 29),
            at(2027, 4, 4, 2, 0),
        ),
    ];
    for (zone, local, first, last) in twice {
        let refused = schedule(local, zone, 45, now());
        let Err(Refusal::TimeTwice { before, after, .. }) = refused else {
            panic!("{zone}: {refused:?}");
        };
        assert_eq!((before, after), (first, last), "{zone}");
    }
    let nepal = schedule(at(2027, 3, 28, 2, 30), "Asia/Kathmandu", 45, now()).unwrap();
    assert_eq!(nepal.starts_at.to_string(), "2027-03-27T20:45:00Z");
}

#[test]
fn f27_nine_in_berlin_stays_nine_across_the_clock_change() {
    let winter = schedule(at(2027, 3, 22, 9, 0), "Europe/Berlin", 45, now()).unwrap();
    let summer = schedule(at(2027, 3, 29, 9, 0), "Europe/Berlin", 45, now()).unwrap();
    assert_eq!(winter.starts_at.to_string(), "2027-03-22T08:00:00Z");
    assert_eq!(summer.starts_at.to_string(), "2027-03-29T07:00:00Z");
}

#[test]
fn a_meeting_over_the_clock_change_lasts_as_long_as_it_was_planned() {
    let night = schedule(at(2027, 3, 28, 1, 30), "Europe/Berlin", 60, now()).unwrap();
    assert_eq!(night.ends_at.to_string(), "2027-03-28T01:30:00Z");
}

#[test]
fn whoever_plans_for_this_very_minute_is_in_time() {
    let late = "2026-11-23T09:00:40Z".parse().unwrap();
    assert!(schedule(at(2026, 11, 23, 10, 0), "Europe/Berlin", 45, late).is_ok());
    assert_eq!(
        schedule(at(2026, 11, 23, 9, 55), "Europe/Berlin", 45, late),
        Err(Refusal::InThePast)
    );
}

#[test]
fn two_years_ahead_is_the_last_day() {
    assert!(schedule(at(2028, 11, 23, 10, 0), "Europe/Berlin", 45, now()).is_ok());
    assert_eq!(
        schedule(at(2028, 11, 23, 10, 1), "Europe/Berlin", 45, now()),
        Err(Refusal::TooFarAhead)
    );
}

/// no date that a form can carry stops the program.
#[test]
fn the_ends_of_the_calendar_are_refused_like_any_other_date() {
    let days = [
        date(-9999, 1, 1),
        date(-1, 6, 1),
        date(9999, 12, 29),
        date(9999, 12, 30),
        date(9999, 12, 31),
    ];
    let times = [
        time(0, 0, 0, 0),
        time(12, 0, 0, 0),
        time(21, 30, 0, 0),
        time(23, 59, 0, 0),
    ];
    for zone in ZONES {
        for (day, hour) in days.iter().flat_map(|day| times.map(|hour| (day, hour))) {
            for duration in [5, 45, 24 * 60] {
                let refused = schedule(day.to_datetime(hour), zone, duration, now());
                let expected = if day.year() < 2026 {
                    Refusal::InThePast
                } else {
                    Refusal::TooFarAhead
                };
                assert_eq!(refused, Err(expected), "{zone} {day} {hour}");
            }
        }
    }
}

#[test]
fn a_meeting_lasts_from_five_minutes_to_a_day() {
    let lasting = |minutes| schedule(at(2026, 11, 24, 15, 0), "Europe/Berlin", minutes, now());
    for minutes in [0, 4, 1_441, u16::MAX] {
        assert_eq!(lasting(minutes), Err(Refusal::DurationInvalid), "{minutes}");
    }
    for minutes in [5, 1_440] {
        assert!(lasting(minutes).is_ok(), "{minutes}");
    }
}

#[test]
fn a_zone_is_kept_as_the_database_spells_it_whoever_typed_it() {
    assert_eq!(
        check_time_zone(" europe/berlin ").as_deref(),
        Ok("Europe/Berlin")
    );
    let planned = schedule(at(2026, 11, 24, 15, 0), "asia/kathmandu", 45, now()).unwrap();
    assert_eq!(planned.time_zone, "Asia/Kathmandu");
}

#[test]
fn what_is_no_zone_is_refused_and_repeated_in_short() {
    let long = "x".repeat(10_000);
    for name in [
        "",
        " ",
        "Mars/Olympus",
        "Etc/Unknown",
        "../../etc/passwd",
        "Europe/Berlin\0",
        &long,
    ] {
        match check_time_zone(name) {
            Err(Refusal::ZoneUnknown(shown)) => assert!(shown.chars().count() <= 64),
            other => panic!("{name:?}: {other:?}"),
        }
    }
}

#[test]
fn a_form_that_names_neither_day_nor_time_hears_of_both() {
    assert_eq!(
        read_local("2026-11-24", "15:00"),
        Ok(at(2026, 11, 24, 15, 0))
    );
    assert_eq!(
        read_local("tomorrow", "three"),
        Err(vec![Refusal::DateInvalid, Refusal::TimeInvalid])
    );
    for (day, hour) in [
        ("2026-02-30", "15:00"),
        ("2026-11-24", "24:00"),
        ("2026-11-24", "15:00:30"),
        ("", ""),
    ] {
        assert!(read_local(day, hour).is_err(), "{day} {hour}");
    }
}
