//! VTIMEZONE (RFC 5545, section 3.6.5) for an IANA zone, from the transitions
//! around a meeting.
//!
//! A zone that changes by the same two rules every year is written with
//! those rules, which is what calendar programs know best. One that does not
//! (Morocco's Ramadan, Israel's Fridays) is written transition by transition.

use icalendar::Property;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneOffsetInfo, TimeZoneTransition};
use jiff::{Span, Timestamp};

use super::Lines;

/// For so many years the yearly rules must foretell every transition before
/// they are believed.
const YEARS_FORETOLD: i16 = 6;

/// Writes the VTIMEZONE that is right from `start` to `end`.
pub(super) fn write(
    lines: &mut Lines,
    name: &str,
    zone: &TimeZone,
    start: Timestamp,
    end: Timestamp,
) {
    lines.begin("VTIMEZONE");
    lines.push(Property::new("TZID", name));
    for observance in observances(zone, start, end) {
        observance.write(lines);
    }
    lines.end("VTIMEZONE");
}

/// From its onset a zone keeps one offset, until the next observance begins.
#[derive(Debug)]
struct Observance {
    daylight: bool,
    /// Local time by the offset before.
    onset: DateTime,
    before: Offset,
    after: Offset,
    name: String,
    yearly: Option<Yearly>,
}

/// A weekday counted within a month: the second Sunday in March, or with
/// `nth` -1 the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Yearly {
    month: i8,
    nth: i8,
    weekday: Weekday,
}

fn observances(zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Observance> {
    let just_after = start
        .saturating_add(Span::new().nanoseconds(1))
        .unwrap_or(start);
    let two_years_before = start
        .saturating_sub(Span::new().hours(2 * 366 * 24))
        .unwrap_or(start);
    let current = zone
        .preceding(just_after)
        .take_while(|transition| transition.timestamp() > two_years_before)
        .find(|transition| changes(zone, transition));
    let next = following(zone, start).next();

    let Some(current) = current else {
        // No change for years: one observance that has always been so. Then
        // those changes, if any, that a long meeting still sees.
        let mut observances = vec![always(zone, start)];
        observances.extend(listed(zone, start, end));
        return observances;
    };
    let mut first = Observance::of(zone, &current);
    if let Some(mut second) = next.map(|next| Observance::of(zone, &next))
        && let Some((one, other)) = yearly_rules(zone, &first, &second, current.timestamp())
    {
        first.yearly = Some(one);
        second.yearly = Some(other);
        return vec![first, second];
    }
    let mut observances = vec![first];
    observances.extend(listed(zone, start, end));
    observances
}

/// The transitions after `at`, without those that leave the clock as it is:
/// the database has some, where only a name or a flag changes, or nothing.
fn following(zone: &TimeZone, at: Timestamp) -> impl Iterator<Item = TimeZoneTransition<'_>> {
    zone.following(at)
        .filter(|transition| changes(zone, transition))
}

fn changes(zone: &TimeZone, transition: &TimeZoneTransition<'_>) -> bool {
    before(zone, transition.timestamp()).offset() != transition.offset()
}

fn before(zone: &TimeZone, at: Timestamp) -> TimeZoneOffsetInfo<'_> {
    let just_before = at.saturating_sub(Span::new().nanoseconds(1)).unwrap_or(at);
    zone.to_offset_info(just_before)
}

fn always(zone: &TimeZone, at: Timestamp) -> Observance {
    let info = zone.to_offset_info(at);
    Observance {
        daylight: false,
        onset: DateTime::constant(1970, 1, 1, 0, 0, 0, 0),
        before: info.offset(),
        after: info.offset(),
        name: info.abbreviation().to_owned(),
        yearly: None,
    }
}

/// Every transition up to `end`, and the one after, by which a program knows
/// how long the last of them holds.
fn listed(zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Observance> {
    let mut listed = Vec::new();
    for transition in following(zone, start) {
        listed.push(Observance::of(zone, &transition));
        if transition.timestamp() > end {
            break;
        }
    }
    listed
}

/// The two rules by which these observances return every year, when there are
/// such rules and they foretell all transitions of the next years.
fn yearly_rules(
    zone: &TimeZone,
    first: &Observance,
    second: &Observance,
    from: Timestamp,
) -> Option<(Yearly, Yearly)> {
    if first.before != second.after || first.after != second.before {
        return None;
    }
    let last_year = first.onset.year() + YEARS_FORETOLD;
    let real: Vec<(Timestamp, Offset)> = following(zone, from)
        .map(|transition| (transition.timestamp(), transition.offset()))
        .take_while(|(at, _)| Offset::UTC.to_datetime(*at).year() < last_year)
        .collect();
    for one in Yearly::candidates(first.onset) {
        for other in Yearly::candidates(second.onset) {
            let mut foretold: Vec<(Timestamp, Offset)> = (first.onset.year()..=last_year)
                .flat_map(|year| [(one, first, year), (other, second, year)])
                .filter_map(|(rule, observance, year)| {
                    let onset = rule.in_year(year)?.to_datetime(observance.onset.time());
                    let at = observance.before.to_timestamp(onset).ok()?;
                    Some((at, observance.after))
                })
                .filter(|(at, _)| *at > from && Offset::UTC.to_datetime(*at).year() < last_year)
                .collect();
            foretold.sort();
            if foretold == real {
                return Some((one, other));
            }
        }
    }
    None
}

impl Observance {
    fn of(zone: &TimeZone, transition: &TimeZoneTransition<'_>) -> Self {
        let at = transition.timestamp();
        let before = before(zone, at);
        let after = transition.offset();
        Self {
            // By offsets, not by the zone's own flag: Ireland calls its winter
            // the daylight time, and calendar programs do not.
            daylight: before.dst() != transition.dst() && after > before.offset(),
            onset: before.offset().to_datetime(at),
            before: before.offset(),
            after,
            name: transition.abbreviation().to_owned(),
            yearly: None,
        }
    }

    fn write(&self, lines: &mut Lines) {
        let kind = if self.daylight {
            "DAYLIGHT"
        } else {
            "STANDARD"
        };
        lines.begin(kind);
        lines.push(Property::new("DTSTART", super::local(self.onset)));
        lines.push(Property::new("TZOFFSETFROM", offset(self.before)));
        lines.push(Property::new("TZOFFSETTO", offset(self.after)));
        lines.push(Property::new("TZNAME", self.name.as_str()));
        if let Some(yearly) = self.yearly {
            lines.push(Property::new("RRULE", yearly.to_string()));
        }
        lines.end(kind);
    }
}

impl Yearly {
    fn candidates(onset: DateTime) -> Vec<Self> {
        let date = onset.date();
        let (month, weekday) = (date.month(), date.weekday());
        let mut candidates = Vec::with_capacity(2);
        if date.day() + 7 > date.days_in_month() {
            candidates.push(Self {
                month,
                nth: -1,
                weekday,
            });
        }
        if date.day() <= 28 {
            let nth = (date.day() - 1) / 7 + 1;
            candidates.push(Self {
                month,
                nth,
                weekday,
            });
        }
        candidates
    }

    fn in_year(self, year: i16) -> Option<jiff::civil::Date> {
        jiff::civil::Date::new(year, self.month, 1)
            .ok()?
            .nth_weekday_of_month(self.nth, self.weekday)
            .ok()
    }
}

impl std::fmt::Display for Yearly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let day = match self.weekday {
            Weekday::Monday => "MO",
            Weekday::Tuesday => "TU",
            Weekday::Wednesday => "WE",
            Weekday::Thursday => "TH",
            Weekday::Friday => "FR",
            Weekday::Saturday => "SA",
            Weekday::Sunday => "SU",
        };
        write!(
            f,
            "FREQ=YEARLY;BYMONTH={};BYDAY={}{day}",
            self.month, self.nth
        )
    }
}

/// `+0100`, and with seconds only where a zone has them.
fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (
        seconds.abs() / 3600,
        seconds.abs() / 60 % 60,
        seconds.abs() % 60,
    );
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use calcard::icalendar::{
        ICalendar, ICalendarComponentType, ICalendarProperty, ICalendarValue,
    };
    use jiff::SignedDuration;

    use super::*;

    fn berlin_autumn() -> Timestamp {
        "2026-11-24T14:00:00Z".parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn written(name: &str, start: Timestamp, end: Timestamp) -> String {
        let mut lines = Lines::default();
        write(&mut lines, name, &zone(name), start, end);
        lines.into_text()
    }

    /// The onsets that a calendar program reads from a VTIMEZONE, each with its
    /// offset in seconds, expanded by a second library.
    fn onsets(text: &str) -> BTreeMap<Timestamp, i32> {
        let wrapped = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{text}END:VCALENDAR\r\n");
        let calendar = ICalendar::parse(&wrapped).unwrap();
        let mut onsets = BTreeMap::new();
        for component in &calendar.components {
            if !matches!(
                component.component_type,
                ICalendarComponentType::Standard | ICalendarComponentType::Daylight
            ) {
                continue;
            }
            let offset = |property| {
                let value = &component.property(&property).unwrap().values[0];
                let ICalendarValue::PartialDateTime(offset) = value else {
                    panic!("{value:?}");
                };
                let seconds = i32::from(offset.tz_hour.unwrap()) * 3600
                    + i32::from(offset.tz_minute.unwrap()) * 60;
                if offset.tz_minus { -seconds } else { seconds }
            };
            let before = offset(ICalendarProperty::Tzoffsetfrom);
            let after = offset(ICalendarProperty::Tzoffsetto);
            // As an event in UTC, the component's own rule gives its local onsets.
            let mut as_event = component.clone();
            as_event.component_type = ICalendarComponentType::VEvent;
            let events = ICalendar {
                components: vec![as_event],
            };
            let expanded = events.expand_dates(calcard::common::timezone::Tz::UTC, 12);
            assert!(expanded.errors.is_empty(), "{text}\n{:?}", expanded.errors);
            for event in expanded.events {
                let local = Timestamp::from_second(event.timestamps().0).unwrap();
                let at = local - SignedDuration::from_secs(i64::from(before));
                assert_eq!(onsets.insert(at, after), None, "{text}");
            }
        }
        onsets
    }

    fn offset_at(onsets: &BTreeMap<Timestamp, i32>, at: Timestamp) -> i32 {
        *onsets.range(..=at).next_back().expect("an onset before").1
    }

    #[test]
    fn berlin_is_written_by_its_two_yearly_rules() {
        let text = written("Europe/Berlin", berlin_autumn(), berlin_autumn());
        assert_eq!(
            text.replace("\r\n", "\n"),
            "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n\
             BEGIN:STANDARD\nDTSTART:20261025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\n\
             RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n\
             BEGIN:DAYLIGHT\nDTSTART:20270328T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\n\
             RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\n\
             END:VTIMEZONE\n"
        );
    }

    #[test]
    fn a_zone_without_clock_changes_has_one_observance() {
        for (name, offset) in [
            ("Asia/Kathmandu", "+0545"),
            ("UTC", "+0000"),
            ("America/Phoenix", "-0700"),
        ] {
            let text = written(name, berlin_autumn(), berlin_autumn());
            assert_eq!(text.matches("BEGIN:").count(), 2, "{text}");
            assert!(text.contains(&format!("TZOFFSETTO:{offset}\r\n")), "{text}");
            assert!(text.contains("DTSTART:19700101T000000\r\n"), "{text}");
        }
    }

    #[test]
    fn irish_winter_is_not_called_daylight_time() {
        let text = written("Europe/Dublin", berlin_autumn(), berlin_autumn());
        assert!(
            text.contains("BEGIN:STANDARD\r\nDTSTART:20261025T020000"),
            "{text}"
        );
    }

    #[test]
    fn a_zone_that_changes_by_the_moon_is_written_change_by_change() {
        let text = written("Africa/Casablanca", berlin_autumn(), berlin_autumn());
        assert!(!text.contains("RRULE"), "{text}");
    }

    /// Every zone there is, at many moments of the years that meetings can be in.
    #[test]
    fn every_zone_reads_back_with_the_offsets_it_has() {
        let moments = (0..26)
            .map(|number| berlin_autumn() + SignedDuration::from_hours(24 * 29 * number + number));
        let moments: Vec<Timestamp> = moments.collect();
        let names: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .filter(|name| zone(name).is_primary())
            .collect();
        assert!(names.len() > 300, "{}", names.len());
        for name in names {
            let zone = zone(&name);
            for start in &moments {
                let end = *start + SignedDuration::from_hours(24);
                let text = written(&name, *start, end);
                let onsets = onsets(&text);
                for minutes in [0, 1, 45, 600, 1439, 1440] {
                    let at = *start + SignedDuration::from_mins(minutes);
                    assert_eq!(
                        offset_at(&onsets, at),
                        zone.to_offset(at).seconds(),
                        "{name} at {at}\n{text}"
                    );
                }
            }
        }
    }
}
