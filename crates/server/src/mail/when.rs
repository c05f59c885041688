//! When a meeting is, as its reader says it: in the reader's own zone, with
//! the meeting's zone named where the two clocks differ.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use mentoring::repetition::{End, Every, MonthlyBy, Repetition};

/// How dates and times are written. The words are English; the order and the
/// clock follow the reader's language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Tuesday 24 November 2026, 15:00–15:45
    World,
    /// Tuesday, November 24, 2026, 3:00–3:45 pm
    UnitedStates,
}

/// One span of time in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// "Tuesday 24 November 2026"
    pub day: String,
    /// "15:00–15:45", with the second day named where it ends on another one.
    pub hours: String,
    /// "Berlin time"
    pub zone: String,
    /// "14:00–14:45 in London", where the meeting's zone shows another time.
    pub elsewhere: Option<String>,
    /// "Tue 24 Nov, 15:00", for a subject line.
    pub short: String,
}

impl When {
    /// Zones that are no longer in the time zone database read as UTC.
    pub fn new(
        (start, end): (Timestamp, Timestamp),
        reader_zone: &str,
        meeting_zone: &str,
        language: &str,
    ) -> Self {
        let habit = Habit::of(language);
        let here = Clockface::new(reader_zone, start, end);
        let there = Clockface::new(meeting_zone, start, end);
        let elsewhere = (here.start != there.start || here.end != there.end).then(|| {
            let hours = there.hours(habit);
            let city = there.city();
            if here.start.date() == there.start.date() {
                format!("{hours} in {city}")
            } else {
                format!("{}, {hours} in {city}", short_day(habit, there.start))
            }
        });
        Self {
            day: match habit {
                Habit::World => written("%A %-d %B %Y", here.start),
                Habit::UnitedStates => written("%A, %B %-d, %Y", here.start),
            },
            hours: here.hours(habit),
            zone: here.zone_words(),
            elsewhere,
            short: format!(
                "{}, {}",
                short_day(habit, here.start),
                hour(habit, here.start.time())
            ),
        }
    }
}

/// One moment, such as the end of a link's life: "Tuesday 24 November 2026, 15:00 (Berlin time)".
pub fn moment(at: Timestamp, zone: &str, language: &str) -> String {
    let when = When::new((at, at), zone, zone, language);
    let time = hour(
        Habit::of(language),
        Clockface::new(zone, at, at).start.time(),
    );
    format!("{}, {time} ({})", when.day, when.zone)
}

/// How a meeting repeats whose first start that is: "Every Tuesday, 4 times".
pub fn repeats(rule: &Repetition, first: DateTime, language: &str) -> String {
    let habit = Habit::of(language);
    let weekday = written("%A", first);
    let every = match rule.every {
        Every::Day => "Every day".to_owned(),
        Every::Week => format!("Every {weekday}"),
        Every::TwoWeeks => format!("Every other {weekday}"),
        Every::Month(MonthlyBy::Day) => format!("On day {} of every month", first.day()),
        Every::Month(MonthlyBy::Weekday) => {
            let nth = ["first", "second", "third", "fourth", "fifth"];
            let nth = nth[usize::from(first.day().unsigned_abs() - 1) / 7];
            format!("On the {nth} {weekday} of every month")
        }
    };
    match rule.end {
        End::Count(1) => format!("{every}, once"),
        End::Count(count) => format!("{every}, {count} times"),
        End::Until(until) => {
            let until = until.to_datetime(Time::midnight());
            let until = match habit {
                Habit::World => written("%-d %B %Y", until),
                Habit::UnitedStates => written("%B %-d, %Y", until),
            };
            format!("{every}, until {until}")
        }
    }
}

/// What the clocks of one zone show at both ends.
struct Clockface {
    name: String,
    start: DateTime,
    end: DateTime,
}

impl Clockface {
    fn new(zone: &str, start: Timestamp, end: Timestamp) -> Self {
        let (name, zone) = match TimeZone::get(zone) {
            Ok(found) => (zone.to_owned(), found),
            Err(_) => ("UTC".to_owned(), TimeZone::UTC),
        };
        Self {
            name,
            start: zone.to_datetime(start),
            end: zone.to_datetime(end),
        }
    }

    fn hours(&self, habit: Habit) -> String {
        if self.start == self.end {
            return hour(habit, self.start.time());
        }
        if self.start.date() != self.end.date() {
            return format!(
                "{} to {}, {}",
                hour(habit, self.start.time()),
                short_day(habit, self.end),
                hour(habit, self.end.time())
            );
        }
        let same_half = (self.start.hour() < 12) == (self.end.hour() < 12);
        let first = if habit == Habit::UnitedStates && same_half {
            strtime_time("%-I:%M", self.start.time())
        } else {
            hour(habit, self.start.time())
        };
        format!("{first}–{}", hour(habit, self.end.time()))
    }

    /// "Buenos Aires" of `America/Argentina/Buenos_Aires`.
    fn city(&self) -> String {
        if self.is_bare() {
            return self.name.trim_start_matches("Etc/").to_owned();
        }
        let city = self.name.rsplit('/').next().unwrap_or(&self.name);
        city.replace('_', " ")
    }

    fn zone_words(&self) -> String {
        if self.is_bare() {
            self.city()
        } else {
            format!("{} time", self.city())
        }
    }

    /// Named for no place: UTC, Etc/GMT+5, EST5EDT.
    fn is_bare(&self) -> bool {
        self.name.starts_with("Etc/") || !self.name.contains('/')
    }
}

impl Habit {
    fn of(language: &str) -> Self {
        if language.eq_ignore_ascii_case("en-US") {
            Self::UnitedStates
        } else {
            Self::World
        }
    }
}

fn short_day(habit: Habit, at: DateTime) -> String {
    match habit {
        Habit::World => written("%a %-d %b", at),
        Habit::UnitedStates => written("%a, %b %-d", at),
    }
}

fn hour(habit: Habit, time: Time) -> String {
    match habit {
        Habit::World => strtime_time("%H:%M", time),
        Habit::UnitedStates => strtime_time("%-I:%M %P", time),
    }
}

fn written(format: &str, at: DateTime) -> String {
    strtime::format(format, at).expect("the format asks for a date only")
}

fn strtime_time(format: &str, time: Time) -> String {
    strtime::format(format, time).expect("the format asks for a time only")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn afternoon() -> (Timestamp, Timestamp) {
        (at("2026-11-24T14:00:00Z"), at("2026-11-24T14:45:00Z"))
    }

    #[test]
    fn mei_reads_her_own_time_and_luis_his() {
        let for_mei = When::new(afternoon(), "Europe/Berlin", "Europe/Berlin", "en");
        assert_eq!(for_mei.day, "Tuesday 24 November 2026");
        assert_eq!(for_mei.hours, "15:00–15:45");
        assert_eq!(for_mei.zone, "Berlin time");
        assert_eq!(for_mei.elsewhere, None);
        assert_eq!(for_mei.short, "Tue 24 Nov, 15:00");

        let for_luis = When::new(afternoon(), "America/New_York", "Europe/Berlin", "en-US");
        assert_eq!(for_luis.day, "Tuesday, November 24, 2026");
        assert_eq!(for_luis.hours, "9:00–9:45 am");
        assert_eq!(for_luis.zone, "New York time");
        assert_eq!(
            for_luis.elsewhere.as_deref(),
            Some("3:00–3:45 pm in Berlin")
        );
    }

    #[test]
    fn zones_with_the_same_clock_are_not_named_twice() {
        let when = When::new(afternoon(), "Europe/Paris", "Europe/Berlin", "en");
        assert_eq!(when.elsewhere, None);
    }

    #[test]
    fn another_day_is_named() {
        let late = (at("2026-11-24T22:30:00Z"), at("2026-11-24T23:15:00Z"));
        let when = When::new(late, "Europe/Berlin", "Asia/Kathmandu", "en");
        assert_eq!(when.hours, "23:30 to Wed 25 Nov, 00:15");
        assert_eq!(
            when.elsewhere.as_deref(),
            Some("Wed 25 Nov, 04:15–05:00 in Kathmandu")
        );
        let noon = (at("2026-11-24T11:30:00Z"), at("2026-11-24T12:15:00Z"));
        assert_eq!(
            When::new(noon, "UTC", "UTC", "en-US").hours,
            "11:30 am–12:15 pm"
        );
    }

    #[test]
    fn a_moment_names_its_zone() {
        assert_eq!(
            moment(afternoon().0, "America/Argentina/Buenos_Aires", "en"),
            "Tuesday 24 November 2026, 11:00 (Buenos Aires time)"
        );
        assert_eq!(
            moment(afternoon().0, "UTC", "en"),
            "Tuesday 24 November 2026, 14:00 (UTC)"
        );
    }

    #[test]
    fn a_repetition_is_said_as_people_say_it() {
        let first: DateTime = "2026-11-24T15:00:00".parse().unwrap();
        let until = End::Until("2027-01-05".parse().unwrap());
        for (every, end, language, words) in [
            (Every::Day, End::Count(1), "en", "Every day, once"),
            (Every::Week, End::Count(4), "en", "Every Tuesday, 4 times"),
            (
                Every::TwoWeeks,
                until,
                "en",
                "Every other Tuesday, until 5 January 2027",
            ),
            (
                Every::Month(MonthlyBy::Day),
                until,
                "en-US",
                "On day 24 of every month, until January 5, 2027",
            ),
            (
                Every::Month(MonthlyBy::Weekday),
                End::Count(3),
                "en",
                "On the fourth Tuesday of every month, 3 times",
            ),
        ] {
            assert_eq!(repeats(&Repetition { every, end }, first, language), words);
        }
    }

    #[test]
    fn a_zone_nobody_knows_any_more_reads_as_utc() {
        assert_eq!(
            When::new(afternoon(), "Mars/Olympus", "UTC", "en").zone,
            "UTC"
        );
    }
}
