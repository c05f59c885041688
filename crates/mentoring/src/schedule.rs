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

/// The name of a zone that exists.
pub fn check_time_zone(name: &str) -> Result<String, Refusal> {
    zone(name.trim())?;
    Ok(name.trim().to_owned())
}

fn zone(name: &str) -> Result<TimeZone, Refusal> {
    if name.is_empty() || name.len() > 64 {
        return Err(Refusal::ZoneUnknown(name.chars().take(64).collect()));
    }
    TimeZone::get(name).map_err(|_| Refusal::ZoneUnknown(name.to_owned()))
}

/// Makes a schedule of what a form says. A time that does not exist or exists twice is
/// refused with its two neighbours; the start lies between now and two years ahead.
pub fn schedule(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    now: Timestamp,
) -> Result<Schedule, Refusal> {
    let made = resolve(local_start, time_zone, duration_minutes)?;
    // A form that stood open for a minute is not about the past.
    if made.starts_at < now - SignedDuration::from_mins(1) {
        return Err(Refusal::InThePast);
    }
    let limit = now
        .to_zoned_datetime(TimeZone::UTC)
        .saturating_add(2.years());
    if made.starts_at > limit.timestamp() {
        return Err(Refusal::TooFarAhead);
    }
    Ok(made)
}

fn resolve(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
) -> Result<Schedule, Refusal> {
    if !(5..=24 * 60).contains(&duration_minutes) {
        return Err(Refusal::DurationInvalid);
    }
    let zone = zone(time_zone)?;
    let ambiguous = zone.to_ambiguous_timestamp(local_start);
    let starts_at = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            ambiguous.compatible().map_err(|_| Refusal::DateInvalid)?
        }
        AmbiguousOffset::Gap { before, after } => {
            // The offsets on both sides place the jump: `before` read with the offset
            // after it lies before the jump, and the other way round.
            let early = after
                .to_timestamp(local_start)
                .map_err(|_| Refusal::DateInvalid)?;
            let jump = zone
                .following(early)
                .next()
                .map_or(early, |transition| transition.timestamp());
            return Err(Refusal::TimeSkipped {
                local: local_start,
                zone: time_zone.to_owned(),
                before: before.to_datetime(jump - SignedDuration::from_mins(1)),
                after: after.to_datetime(jump),
            });
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = before
                .to_timestamp(local_start)
                .map_err(|_| Refusal::DateInvalid)?;
            let back = zone
                .following(first)
                .next()
                .map_or(first, |transition| transition.timestamp());
            return Err(Refusal::TimeTwice {
                local: local_start,
                zone: time_zone.to_owned(),
                before: after.to_datetime(back).saturating_sub(1.minute()),
                after: before.to_datetime(back),
            });
        }
    };
    Ok(Schedule {
        local_start,
        time_zone: time_zone.to_owned(),
        duration_minutes,
        starts_at,
        ends_at: starts_at + SignedDuration::from_mins(i64::from(duration_minutes)),
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
