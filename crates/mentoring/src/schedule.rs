//! When a meeting is: a local time in an IANA zone, from which the instant follows.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A local time, its zone, and the instants that follow from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// What the clock on the wall shows.
    pub local_start: DateTime,
    /// The IANA zone of that wall.
    pub time_zone: String,
    /// Minutes from start to end.
    pub duration_minutes: u16,
    /// The start.
    pub starts_at: Timestamp,
    /// The end.
    pub ends_at: Timestamp,
}

/// The name of a zone, as the IANA database spells it whoever typed it: calendar programs
/// compare it letter by letter.
pub fn check_time_zone(name: &str) -> Result<String, Refusal> {
    zone(name).map(|(name, _)| name)
}

fn zone(name: &str) -> Result<(String, TimeZone), Refusal> {
    let name = name.trim();
    let unknown = || Refusal::ZoneUnknown(name.chars().take(64).collect());
    if name.is_empty() || name.len() > 64 {
        return Err(unknown());
    }
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    match zone.iana_name() {
        Some(name) => Ok((name.to_owned(), zone)),
        // `Etc/Unknown` is a name for having none.
        None => Err(unknown()),
    }
}

/// The zone of a name that was checked before.
pub(crate) fn named_zone(name: &str) -> Result<TimeZone, Refusal> {
    zone(name).map(|(_, zone)| zone)
}

/// When a meeting is to be, as a form or the API says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The local time.
    pub local_start: DateTime,
    /// The IANA zone that it is local in.
    pub time_zone: String,
    /// How long.
    pub duration_minutes: u16,
}

/// Makes a schedule of what a form says: 5 minutes to 24 hours long, starting between now
/// and two years ahead.
///
/// A time that does not exist or exists twice is refused with its two neighbours.
pub fn schedule(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    now: Timestamp,
) -> Result<Schedule, Refusal> {
    check(local_start, time_zone, duration_minutes, now)
        .map_err(|mut refusals| refusals.swap_remove(0))
}

/// The same with everything that is wrong: never nothing, and once per field.
pub(crate) fn check(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    now: Timestamp,
) -> Result<Schedule, Vec<Refusal>> {
    let mut refusals = Vec::new();
    if !(5..=24 * 60).contains(&duration_minutes) {
        refusals.push(Refusal::DurationInvalid);
    }
    let start = zone(time_zone).and_then(|(name, zone)| {
        let starts_at = resolve(local_start, &name, &zone, now)?;
        Ok((name, starts_at))
    });
    match start {
        Ok((time_zone, starts_at)) if refusals.is_empty() => Ok(Schedule {
            local_start,
            time_zone,
            duration_minutes,
            starts_at,
            ends_at: starts_at + SignedDuration::from_mins(i64::from(duration_minutes)),
        }),
        start => {
            refusals.extend(start.err());
            Err(refusals)
        }
    }
}

/// A time at which people met: it is over, and began at most a year ago. What is wrong is
/// said once per field, as of a time to come.
pub(crate) fn check_past(when: &When, now: Timestamp) -> Result<Schedule, Vec<Refusal>> {
    let mut refusals = Vec::new();
    if !(5..=24 * 60).contains(&when.duration_minutes) {
        refusals.push(Refusal::DurationInvalid);
    }
    let length = SignedDuration::from_mins(i64::from(when.duration_minutes));
    let start = zone(&when.time_zone).and_then(|(name, zone)| {
        let local = when.local_start;
        if local < zone.to_datetime(now).saturating_sub(1.year()) {
            return Err(Refusal::TooLongAgo);
        }
        if local > zone.to_datetime(now) {
            return Err(Refusal::NotOver);
        }
        let starts_at = existing(local, &name, &zone)?;
        if refusals.is_empty() && starts_at + length > now {
            return Err(Refusal::NotOver);
        }
        Ok((name, starts_at))
    });
    match start {
        Ok((time_zone, starts_at)) if refusals.is_empty() => Ok(Schedule {
            local_start: when.local_start,
            time_zone,
            duration_minutes: when.duration_minutes,
            starts_at,
            ends_at: starts_at + length,
        }),
        start => {
            refusals.extend(start.err());
            Err(refusals)
        }
    }
}

/// A time that nobody goes by: only its distance to others counts, so it may lie anywhere.
pub(crate) fn check_any(when: &When) -> Result<Schedule, Vec<Refusal>> {
    let (time_zone, zone) = zone(&when.time_zone).map_err(|refusal| vec![refusal])?;
    if !(5..=24 * 60).contains(&when.duration_minutes) {
        return Err(vec![Refusal::DurationInvalid]);
    }
    let starts_at = zone
        .to_ambiguous_timestamp(when.local_start)
        .compatible()
        .map_err(|_| vec![Refusal::DateInvalid])?;
    Ok(Schedule {
        local_start: when.local_start,
        time_zone,
        duration_minutes: when.duration_minutes,
        starts_at,
        ends_at: starts_at
            .saturating_add(SignedDuration::from_mins(i64::from(when.duration_minutes)))
            .unwrap_or(starts_at),
    })
}

/// The instant of a local time, which lies between now and two years ahead: compared on the
/// wall, so that no date at the end of the calendar is ever counted with.
fn resolve(
    local: DateTime,
    name: &str,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    // A form that stood open for a minute is not about the past.
    if local < zone.to_datetime(now - SignedDuration::from_mins(1)) {
        return Err(Refusal::InThePast);
    }
    if local > zone.to_datetime(now).saturating_add(2.years()) {
        return Err(Refusal::TooFarAhead);
    }
    existing(local, name, zone)
}

/// The instant of a local time that comes exactly once.
fn existing(local: DateTime, name: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let (before, after) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous.unambiguous().map_err(|_| Refusal::DateInvalid);
        }
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            (before, after)
        }
    };
    // Read with the greater offset a time is the earlier instant, and that lies before the
    // change in a gap and in a fold alike.
    let early = before
        .max(after)
        .to_timestamp(local)
        .map_err(|_| Refusal::DateInvalid)?;
    let change = zone
        .following(early)
        .next()
        .map_or(early, |transition| transition.timestamp());
    let (first, second) = (before.to_datetime(change), after.to_datetime(change));
    let last_before = first.min(second).saturating_sub(1.minute());
    let first_after = first.max(second);
    Err(if first < second {
        Refusal::TimeSkipped {
            local,
            zone: name.to_owned(),
            before: last_before,
            after: first_after,
        }
    } else {
        Refusal::TimeTwice {
            local,
            zone: name.to_owned(),
            before: last_before,
            after: first_after,
        }
    })
}

/// Reads a form's date and time.
pub fn read_local(date: &str, time: &str) -> Result<DateTime, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let date = date
        .trim()
        .parse::<jiff::civil::Date>()
        .map_err(|_| refusals.push(Refusal::DateInvalid))
        .ok();
    let time = jiff::civil::Time::strptime("%H:%M", time.trim())
        .map_err(|_| refusals.push(Refusal::TimeInvalid))
        .ok();
    match (date, time) {
        (Some(date), Some(time)) => Ok(date.to_datetime(time)),
        _ => Err(refusals),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn at(local: DateTime, zone: &str) -> Result<Schedule, Refusal> {
        schedule(local, zone, 45, now())
    }

    #[test]
    fn a_time_that_the_clocks_jump_over_is_refused_with_its_neighbours() {
        for (zone, local, before, after) in [
            (
                "Europe/Berlin",
                datetime(2026, 3, 29, 2, 30, 0, 0),
                datetime(2026, 3, 29, 1, 59, 0, 0),
                datetime(2026, 3, 29, 3, 0, 0, 0),
            ),
            (
                "America/New_York",
                datetime(2026, 3, 8, 2, 0, 0, 0),
                datetime(2026, 3, 8, 1, 59, 0, 0),
                datetime(2026, 3, 8, 3, 0, 0, 0),
            ),
            (
                "Australia/Lord_Howe",
                datetime(2026, 10, 4, 2, 15, 0, 0),
                datetime(2026, 10, 4, 1, 59, 0, 0),
                datetime(2026, 10, 4, 2, 30, 0, 0),
            ),
        ] {
            match at(local, zone) {
                Err(Refusal::TimeSkipped {
                    before: early,
                    after: late,
                    ..
                }) => {
                    assert_eq!((early, late), (before, after), "{zone}");
                    assert!(at(early, zone).is_ok() && at(late, zone).is_ok(), "{zone}");
                }
                other => panic!("{zone}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_time_that_happens_twice_is_refused_with_its_neighbours() {
        for (zone, local, before, after) in [
            (
                "Europe/Berlin",
                datetime(2026, 10, 25, 2, 30, 0, 0),
                datetime(2026, 10, 25, 1, 59, 0, 0),
                datetime(2026, 10, 25, 3, 0, 0, 0),
            ),
            (
                "Australia/Lord_Howe",
                datetime(2026, 4, 5, 1, 45, 0, 0),
                datetime(2026, 4, 5, 1, 29, 0, 0),
                datetime(2026, 4, 5, 2, 0, 0, 0),
            ),
        ] {
            match at(local, zone) {
                Err(Refusal::TimeTwice {
                    before: early,
                    after: late,
                    ..
                }) => {
                    assert_eq!((early, late), (before, after), "{zone}");
                    assert!(at(early, zone).is_ok() && at(late, zone).is_ok(), "{zone}");
                }
                other => panic!("{zone}: {other:?}"),
            }
        }
    }

    #[test]
    fn odd_zones_give_the_right_instant() {
        let nepal = at(datetime(2026, 5, 4, 9, 0, 0, 0), "Asia/Kathmandu").unwrap();
        assert_eq!(nepal.starts_at.to_string(), "2026-05-04T03:15:00Z");
        let chatham = at(datetime(2026, 7, 1, 9, 0, 0, 0), "Pacific/Chatham").unwrap();
        assert_eq!(chatham.starts_at.to_string(), "2026-06-30T20:15:00Z");
        assert_eq!(chatham.ends_at.to_string(), "2026-06-30T21:00:00Z");
    }

    #[test]
    fn a_meeting_lies_between_now_and_two_years_ahead_and_lasts_a_day_at_most() {
        assert_eq!(
            at(datetime(2025, 12, 31, 12, 0, 0, 0), "UTC"),
            Err(Refusal::InThePast)
        );
        assert_eq!(
            at(datetime(2028, 1, 2, 0, 0, 0, 0), "UTC"),
            Err(Refusal::TooFarAhead)
        );
        let noon = datetime(2026, 2, 1, 12, 0, 0, 0);
        assert_eq!(
            schedule(noon, "UTC", 4, now()),
            Err(Refusal::DurationInvalid)
        );
        assert_eq!(
            schedule(noon, "UTC", 1_441, now()),
            Err(Refusal::DurationInvalid)
        );
        assert!(schedule(noon, "UTC", 1_440, now()).is_ok());
        assert!(matches!(
            at(noon, "Mars/Olympus"),
            Err(Refusal::ZoneUnknown(_))
        ));
        assert!(matches!(at(noon, ""), Err(Refusal::ZoneUnknown(_))));
    }
}
