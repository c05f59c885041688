//! How a meeting repeats, and the occurrences that follow from it.
//!
//! The rules are iCalendar's (RFC 5545, section 3.3.10), so that an RRULE says the same
//! and every calendar program shows what Ithaca means: a month without the day is left
//! out, local time is kept across clock changes, an occurrence whose time the clocks jump
//! over comes later by as much as they jump, and one whose time comes twice is the first.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::schedule::{Schedule, named_zone};

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Each day.
    Day,
    /// Each week on the weekday of the first.
    Week,
    /// Each second week on the weekday of the first.
    TwoWeeks,
    /// Each month.
    Month(MonthlyBy),
}

/// Which day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthlyBy {
    /// That of the first: "the 31st". Months without it are left out.
    Day,
    /// That weekday of the first: "the second Tuesday". Months without a fifth are left out.
    Weekday,
}

crate::words!(MonthlyBy { Day = "day", Weekday = "weekday" });

/// How long it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// So many times, the first included.
    Count(u16),
    /// As long as an occurrence begins on this day or before, in the meeting's zone.
    Until(Date),
}

/// How a meeting repeats. Written as the API writes it: `{every, by?, count? | until?}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Repetition {
    /// How often.
    pub every: Every,
    /// How long.
    pub end: End,
}

/// A repetition as forms and the API spell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// `day`, `week`, `two_weeks` or `month`.
    pub every: String,
    /// `day` or `weekday`; of a month only, where nothing means `day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u16>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl TryFrom<Written> for Repetition {
    type Error = Refusal;

    fn try_from(written: Written) -> Result<Self, Refusal> {
        let by = match written.by.as_deref() {
            None => None,
            Some(word) => Some(MonthlyBy::parse(word).ok_or(Refusal::RepetitionUnknown)?),
        };
        let every = match (written.every.as_str(), by) {
            ("day", None) => Every::Day,
            ("week", None) => Every::Week,
            ("two_weeks", None) => Every::TwoWeeks,
            ("month", by) => Every::Month(by.unwrap_or(MonthlyBy::Day)),
            _ => return Err(Refusal::RepetitionUnknown),
        };
        let end = match (written.count, written.until) {
            (Some(count), None) => End::Count(count),
            (None, Some(until)) => End::Until(until),
            _ => return Err(Refusal::RepetitionEndless),
        };
        Ok(Self { every, end })
    }
}

impl From<Repetition> for Written {
    fn from(repetition: Repetition) -> Self {
        let (every, by) = match repetition.every {
            Every::Day => ("day", None),
            Every::Week => ("week", None),
            Every::TwoWeeks => ("two_weeks", None),
            Every::Month(by) => ("month", Some(by.as_str().to_owned())),
        };
        let (count, until) = match repetition.end {
            End::Count(count) => (Some(count), None),
            End::Until(until) => (None, Some(until)),
        };
        Self {
            every: every.to_owned(),
            by,
            count,
            until,
        }
    }
}

/// Where an occurrence is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccurrenceState {
    /// It takes place.
    Scheduled,
    /// It was called off.
    Cancelled,
    /// It took place.
    Held,
    /// It should have taken place.
    Missed,
}

crate::words!(OccurrenceState { Scheduled = "scheduled", Cancelled = "cancelled", Held = "held", Missed = "missed" });

/// One time that people meet. A meeting that does not repeat has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When the rule puts it, on the wall: iCalendar's RECURRENCE-ID. It stays where the
    /// occurrence is moved.
    pub original_start: DateTime,
    /// When it is, on the wall.
    pub local_start: DateTime,
    /// Minutes.
    pub duration_minutes: u16,
    /// The start.
    pub starts_at: Timestamp,
    /// The end.
    pub ends_at: Timestamp,
    /// Whether it takes place.
    pub state: OccurrenceState,
}

impl Occurrence {
    /// The one occurrence of a meeting that does not repeat.
    pub fn of(schedule: &Schedule) -> Self {
        Self {
            original_start: schedule.local_start,
            local_start: schedule.local_start,
            duration_minutes: schedule.duration_minutes,
            starts_at: schedule.starts_at,
            ends_at: schedule.ends_at,
            state: OccurrenceState::Scheduled,
        }
    }

    /// The occurrence that a rule puts there: local time as it exists.
    pub(crate) fn at(original: DateTime, local: DateTime, minutes: u16, zone: &TimeZone) -> Self {
        let starts_at = existing(local, zone);
        Self {
            original_start: original,
            local_start: zone.to_datetime(starts_at),
            duration_minutes: minutes,
            starts_at,
            ends_at: starts_at + SignedDuration::from_mins(i64::from(minutes)),
            state: OccurrenceState::Scheduled,
        }
    }

    /// When it is, as a schedule of its own.
    pub fn schedule(&self, time_zone: &str) -> Schedule {
        Schedule {
            local_start: self.local_start,
            time_zone: time_zone.to_owned(),
            duration_minutes: self.duration_minutes,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
        }
    }

    /// Whether it takes place and is not over.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.state == OccurrenceState::Scheduled && self.ends_at > now
    }
}

/// The instant of a local time as calendar programs read it (RFC 5545, section 3.3.5).
fn existing(local: DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(local)
        .compatible()
        .unwrap_or_default()
}

/// The most times that a series has.
pub const MOST_OCCURRENCES: u16 = 104;

/// Every occurrence of a rule whose first start was checked already: at most 104, the
/// last at most two years from now.
pub fn occurrences(
    first: &Schedule,
    repetition: &Repetition,
    now: Timestamp,
) -> Result<Vec<Occurrence>, Refusal> {
    let zone = named_zone(&first.time_zone)?;
    let latest = zone.to_datetime(now).saturating_add(2.years());
    let (most, until) = match repetition.end {
        End::Count(count) if (1..=MOST_OCCURRENCES).contains(&count) => (count, Date::MAX),
        End::Count(_) => return Err(Refusal::RepetitionCount),
        End::Until(until) if until < first.local_start.date() => {
            return Err(Refusal::RepetitionEndsBefore);
        }
        End::Until(until) => (MOST_OCCURRENCES + 1, until),
    };
    let mut found = Vec::new();
    for date in dates(first.local_start.date(), repetition.every).take_while(|date| *date <= until)
    {
        if found.len() == usize::from(most) {
            break;
        }
        let local = date.to_datetime(first.local_start.time());
        if local > latest {
            return Err(Refusal::RepetitionTooFar);
        }
        found.push(Occurrence::at(local, local, first.duration_minutes, &zone));
    }
    if found.len() > usize::from(MOST_OCCURRENCES) {
        return Err(Refusal::RepetitionCount);
    }
    // The first is where its schedule says, even if the clocks changed there since.
    if let Some(occurrence) = found.first_mut() {
        *occurrence = Occurrence::of(first);
    }
    Ok(found)
}

/// The days of a rule, without end as far as the calendar reaches.
fn dates(first: Date, every: Every) -> impl Iterator<Item = Date> {
    let nth = (first.day() - 1) / 7 + 1;
    (0_i32..)
        .map_while(move |step| match every {
            Every::Day => first.checked_add(step.days()).ok().map(Some),
            Every::Week => first.checked_add(step.weeks()).ok().map(Some),
            Every::TwoWeeks => first.checked_add((2 * step).weeks()).ok().map(Some),
            Every::Month(by) => {
                let month = first.first_of_month().checked_add(step.months()).ok()?;
                Some(match by {
                    MonthlyBy::Day => Date::new(month.year(), month.month(), first.day()).ok(),
                    MonthlyBy::Weekday => month.nth_weekday_of_month(nth, first.weekday()).ok(),
                })
            }
        })
        .flatten()
}
