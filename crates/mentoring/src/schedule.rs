//! When a meeting is: a local time in a zone, from which the instant follows.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// The shortest meeting, in minutes.
pub const SHORTEST: u16 = 5;
/// The longest meeting, in minutes: a day.
pub const LONGEST: u16 = 24 * 60;
/// How far ahead a meeting may be planned, in years.
pub const YEARS_AHEAD: i32 = 2;

/// When a meeting is. What people agreed on is the local time; the instants are derived
/// from it, and are derived anew should a country change its clocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// The time that people agreed on.
    pub local_start: DateTime,
    /// The IANA zone in which it is local.
    pub time_zone: String,
    /// How long, by the clock on nobody's wall.
    pub duration_minutes: u16,
    /// The instant at which it starts.
    pub starts_at: Timestamp,
    /// The instant at which it ends.
    pub ends_at: Timestamp,
}

impl Schedule {
    /// "24 November 2026, 15:00 (Europe/Berlin), 45 minutes": exact, for records.
    pub fn record(&self) -> String {
        let start = self.local_start.strftime("%-d %B %Y, %H:%M");
        format!(
            "{start} ({}), {} minutes",
            self.time_zone, self.duration_minutes
        )
    }
}

/// Plans a meeting: 5 minutes to 24 hours long, starting between now and two years ahead.
///
/// A local time that does not exist or comes twice is refused, and the refusal carries the
/// nearest times that exist once.
pub fn schedule(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    now: Timestamp,
) -> Result<Schedule, Refusal> {
    check(local_start, time_zone, duration_minutes, now)
        .map_err(|mut refusals| refusals.swap_remove(0))
}

/// The same with all refusals at once, one per field, and never none.
pub(crate) fn check(
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    now: Timestamp,
) -> Result<Schedule, Vec<Refusal>> {
    let start = find_zone(time_zone).and_then(|zone| {
        let starts_at = resolve(local_start, &zone, now)?;
        Ok((name_of(&zone, time_zone), starts_at))
    });
    let duration = check_duration(duration_minutes);
    match (start, duration) {
        (Ok((time_zone, starts_at)), Ok(duration)) => Ok(Schedule {
            local_start,
            time_zone,
            duration_minutes,
            starts_at,
            ends_at: starts_at.saturating_add(duration).unwrap_or(Timestamp::MAX),
        }),
        (start, duration) => Err([start.err(), duration.err()]
            .into_iter()
            .flatten()
            .collect()),
    }
}

/// A zone's name as the IANA database spells it.
pub fn check_time_zone(name: &str) -> Result<String, Refusal> {
    find_zone(name).map(|zone| name_of(&zone, name))
}

fn find_zone(name: &str) -> Result<TimeZone, Refusal> {
    let name = name.trim();
    TimeZone::get(name)
        .ok()
        .filter(|zone| !zone.is_unknown())
        .ok_or_else(|| Refusal::TimeZoneUnknown {
            // What was typed is repeated, but not a page of it.
            time_zone: name.chars().take(60).collect(),
        })
}

fn name_of(zone: &TimeZone, asked: &str) -> String {
    zone.iana_name().unwrap_or(asked.trim()).to_owned()
}

fn check_duration(minutes: u16) -> Result<SignedDuration, Refusal> {
    match minutes {
        0..SHORTEST => Err(Refusal::DurationTooShort),
        SHORTEST..=LONGEST => Ok(SignedDuration::from_mins(i64::from(minutes))),
        _ => Err(Refusal::DurationTooLong),
    }
}

fn resolve(local: DateTime, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, Refusal> {
    if local.second() != 0 || local.subsec_nanosecond() != 0 {
        return Err(Refusal::TimeNotWhole);
    }
    let today = zone.to_datetime(now);
    // Who plans for "now" has until the end of the minute to send the form.
    if local < minute(today) {
        return Err(Refusal::StartsInPast {
            today: local.date() == today.date(),
        });
    }
    let latest = today
        .checked_add(YEARS_AHEAD.years())
        .unwrap_or(DateTime::MAX);
    if local > latest {
        return Err(Refusal::StartsTooLate);
    }
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let (before, after, comes_twice) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            return ambiguous.unambiguous().map_err(|_| Refusal::StartsTooLate);
        }
        AmbiguousOffset::Gap { before, after } => (before, after, false),
        AmbiguousOffset::Fold { before, after } => (before, after, true),
    };
    // One clock change away on either side, every time exists once.
    let shift = SignedDuration::from_secs(i64::from(after.seconds() - before.seconds()).abs());
    let earlier = local.checked_sub(shift).unwrap_or(local);
    let later = local.checked_add(shift).unwrap_or(local);
    let time_zone = name_of(zone, "");
    Err(if comes_twice {
        Refusal::TimeComesTwice {
            local,
            time_zone,
            earlier,
            later,
        }
    } else {
        Refusal::TimeDoesNotExist {
            local,
            time_zone,
            earlier,
            later,
        }
    })
}

fn minute(time: DateTime) -> DateTime {
    time.with()
        .second(0)
        .subsec_nanosecond(0)
        .build()
        .unwrap_or(time)
}
