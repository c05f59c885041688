//! VTIMEZONE (RFC 5545, section 3.6.5) for an IANA zone, from the transitions
//! around a meeting.
//!
//! A zone that changes by the same two rules every year is written with
//! those rules, which is what calendar programs know best. One that does not
//! (Morocco's Ramadan, Israel's Fridays) is written transition by transition.

use icalendar::Property;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{Span, Timestamp};

use super::Lines;

/// For so many years the yearly rules must foretell every transition before
/// they are believed.
const YEARS_FORETOLD: i16 = 6;

/// Writes the VTIMEZONE that is right from `start` to `end`.
pub(super) fn write(lines: &mut Lines, name: &str, zone: &TimeZone, start: Timestamp, end: Timestamp) {
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
    let just_after = start.saturating_add(Span::new().nanoseconds(1)).unwrap_or(start);
    let two_years_before = start.saturating_sub(Span::new().hours(2 * 366 * 24)).unwrap_or(start);
    let current = zone
        .preceding(just_after)
        .next()
        .filter(|transition| transition.timestamp() > two_years_before);
    let next = zone.following(start).next();

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
    for transition in zone.following(start) {
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
    let real: Vec<(Timestamp, Offset)> = zone
        .following(from)
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
        let just_before = at.saturating_sub(Span::new().nanoseconds(1)).unwrap_or(at);
        let before = zone.to_offset_info(just_before);
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
        let kind = if self.daylight { "DAYLIGHT" } else { "STANDARD" };
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
            candidates.push(Self { month, nth: -1, weekday });
        }
        if date.day() <= 28 {
            let nth = (date.day() - 1) / 7 + 1;
            candidates.push(Self { month, nth, weekday });
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
        write!(f, "FREQ=YEARLY;BYMONTH={};BYDAY={}{day}", self.month, self.nth)
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
