//! Times as people say them: "Tomorrow, Tue 24 Nov, 15:00–15:45 · 09:00 for Luis".
//!
//! How a clock reads in a zone and a language is `mail::When`'s to know; here it is put
//! beside today, and beside the clocks of the others.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use mentoring::member::Member;

use super::pages::form::Choice;
use super::pages::shown::When;
use crate::mail;

/// Whose clock and habits a time is told by.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// Their zone (IANA name).
    pub zone: &'a str,
    /// Their language (BCP 47 tag).
    pub language: &'a str,
}

impl<'a> From<&'a Member> for Reader<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            zone: &member.time_zone,
            language: &member.language,
        }
    }
}

/// A span as its reader says it; the others are told by name where their clocks differ.
pub fn when(
    span: (Timestamp, Timestamp),
    now: Timestamp,
    reader: Reader<'_>,
    others: &[(&str, &str)],
) -> When {
    let own = mail::When::new(span, reader.zone, reader.zone, reader.language);
    When {
        relative: relative(span.0, now, reader.zone),
        day: day(span.0, now, reader),
        hours: own.hours,
        zone: own.zone,
        elsewhere: elsewhere(span, reader, others),
        instant: span.0.to_string(),
    }
}

/// "Tue 24 Nov", with the year where it is not the present one.
pub fn day(at: Timestamp, now: Timestamp, reader: Reader<'_>) -> String {
    let (day, _) = day_and_hour(at, reader);
    let zone = zone(reader.zone);
    let year = zone.to_datetime(at).year();
    if year == zone.to_datetime(now).year() {
        day
    } else {
        format!("{day} {year}")
    }
}

/// The heading of a day: "Today, Mon 23 Nov".
pub fn heading(at: Timestamp, now: Timestamp, reader: Reader<'_>) -> String {
    let day = day(at, now, reader);
    match relative(at, now, reader.zone) {
        Some(relative) => format!("{relative}, {day}"),
        None => day,
    }
}

/// One moment: "Today, Mon 23 Nov at 14:02".
pub fn moment(at: Timestamp, now: Timestamp, reader: Reader<'_>) -> String {
    format!("{} at {}", heading(at, now, reader), hour(at, reader))
}

/// "14:45"
pub fn hour(at: Timestamp, reader: Reader<'_>) -> String {
    day_and_hour(at, reader).1
}

fn day_and_hour(at: Timestamp, reader: Reader<'_>) -> (String, String) {
    let short = mail::When::new((at, at), reader.zone, reader.zone, reader.language).short;
    match short.rsplit_once(", ") {
        Some((day, hour)) => (day.to_owned(), hour.to_owned()),
        None => (short, String::new()),
    }
}

fn relative(at: Timestamp, now: Timestamp, name: &str) -> Option<String> {
    let zone = zone(name);
    let day = zone.to_datetime(at).date();
    let today = zone.to_datetime(now).date();
    [("Yesterday", -1), ("Today", 0), ("Tomorrow", 1)]
        .into_iter()
        .find(|(_, days)| today.checked_add(days.days()).ok() == Some(day))
        .map(|(word, _)| word.to_owned())
}

fn elsewhere(
    span: (Timestamp, Timestamp),
    reader: Reader<'_>,
    others: &[(&str, &str)],
) -> Vec<String> {
    let own = day_and_hour(span.0, reader);
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, zone) in others {
        let (day, hour) = day_and_hour(span.0, Reader { zone, ..reader });
        if (&day, &hour) == (&own.0, &own.1) {
            continue;
        }
        let clock = if day == own.0 {
            hour
        } else {
            format!("{day}, {hour}")
        };
        match told.iter_mut().find(|(known, _)| *known == clock) {
            Some((_, names)) => names.push(name),
            None => told.push((clock, vec![name])),
        }
    }
    told.into_iter()
        .map(|(clock, names)| format!("{clock} for {}", names.join(", ")))
        .collect()
}

/// The zone of that name; one that is no longer known reads as UTC.
pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// What a new meeting begins with: soon, in working hours, at a full hour.
pub fn proposal(now: Timestamp, name: &str) -> DateTime {
    let here = zone(name).to_datetime(now);
    let next = here
        .date()
        .at(here.hour(), 0, 0, 0)
        .saturating_add(2.hours());
    let works =
        |day: jiff::civil::Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    if works(next.date()) && (8..=17).contains(&next.hour()) && next.date() == here.date() {
        return next;
    }
    let mut day = here.date().saturating_add(1.day());
    while !works(day) {
        day = day.saturating_add(1.day());
    }
    day.at(10, 0, 0, 0)
}

static ZONES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    const AREAS: [&str; 10] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    ];
    jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| {
            name.split_once('/')
                .is_some_and(|(area, _)| AREAS.contains(&area))
        })
        .chain(std::iter::once("UTC".to_owned()))
        .collect()
});

/// All zones with a place, the present one chosen, even if it is none of them.
pub fn zones(chosen: &str) -> Vec<Choice> {
    let choice = |name: &str| Choice::new(name, name.replace('_', " "), name == chosen);
    let unknown = (!ZONES.contains(chosen)).then(|| choice(chosen));
    unknown
        .into_iter()
        .chain(ZONES.iter().map(|name| choice(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEI: Reader<'static> = Reader {
        zone: "Europe/Berlin",
        language: "en",
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn mei_reads_tomorrow_and_what_it_is_for_luis() {
        let span = (at("2026-11-24T14:00:00Z"), at("2026-11-24T14:45:00Z"));
        let when = when(
            span,
            at("2026-11-23T22:30:00Z"),
            MEI,
            &[
                ("Luis", "America/New_York"),
                ("Jonas", "Europe/Paris"),
                ("Priya", "America/New_York"),
                ("Edda", "Pacific/Auckland"),
            ],
        );
        assert_eq!(when.relative.as_deref(), Some("Tomorrow"));
        assert_eq!(when.day, "Tue 24 Nov");
        assert_eq!(when.hours, "15:00–15:45");
        assert_eq!(when.zone, "Berlin time");
        assert_eq!(
            when.elsewhere,
            ["09:00 for Luis, Priya", "Wed 25 Nov, 03:00 for Edda"]
        );
        assert_eq!(when.instant, "2026-11-24T14:00:00Z");
    }

    #[test]
    fn a_day_of_another_year_says_so() {
        let now = at("2026-12-30T10:00:00Z");
        assert_eq!(day(at("2027-01-04T10:00:00Z"), now, MEI), "Mon 4 Jan 2027");
        assert_eq!(
            heading(at("2026-12-30T20:00:00Z"), now, MEI),
            "Today, Wed 30 Dec"
        );
        let american = Reader {
            language: "en-US",
            ..MEI
        };
        assert_eq!(
            moment(at("2026-12-29T20:00:00Z"), now, american),
            "Yesterday, Tue, Dec 29 at 9:00 pm"
        );
    }

    #[test]
    fn a_new_meeting_begins_in_working_hours() {
        for (now, proposed) in [
            // Monday morning: today.
            ("2026-11-23T08:10:00Z", "2026-11-23T11:00:00"),
            // Late on Monday: tomorrow.
            ("2026-11-23T19:00:00Z", "2026-11-24T10:00:00"),
            // Friday evening, Saturday: Monday.
            ("2026-11-27T19:00:00Z", "2026-11-30T10:00:00"),
            ("2026-11-28T09:00:00Z", "2026-11-30T10:00:00"),
            // Shortly before midnight.
            ("2026-11-23T22:50:00Z", "2026-11-24T10:00:00"),
        ] {
            assert_eq!(
                proposal(at(now), MEI.zone),
                proposed.parse().unwrap(),
                "{now}"
            );
        }
    }

    #[test]
    fn the_zone_one_has_is_always_among_the_choices() {
        let chosen = |name: &str| {
            let all = zones(name);
            let chosen: Vec<_> = all.iter().filter(|choice| choice.chosen).collect();
            assert_eq!(chosen.len(), 1, "{name}");
            assert!(all.len() > 300);
        };
        chosen("Europe/Berlin");
        chosen("UTC");
        chosen("EST5EDT");
    }
}
