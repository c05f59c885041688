//! A calendar object in iCalendar's words (RFC 5545, sent by RFC 5546).
//!
//! ORGANIZER is the instance's own address, named for the person: an answer
//! to the Teams host would go where nobody may read, and a mail whose
//! recipient is its own ORGANIZER vanishes in Outlook. There is no SENT-BY, no
//! alarm, no attachment and nothing proprietary: what people type can't ask a
//! calendar program for anything.

mod lines;
mod zone;

use std::collections::BTreeMap;

use icalendar::Property;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use mentoring::invitation::{CalendarObject, Method, Participation, Recurrence};
use mentoring::repetition::{End, Every, MonthlyBy, Repetition};
use thiserror::Error;
use url::Url;

use super::message::{self, CalendarPart, MessageError, Sender};
use super::text;
use lines::Lines;

const PRODUCT: &str = concat!("-//Ithaca//Ithaca ", env!("CARGO_PKG_VERSION"), "//EN");

/// Why an object can't be written.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CalendarError {
    #[error("“{0}” is not a time zone that is known here")]
    Zone(String),
    #[error("“{0}” is not an address that a calendar may open")]
    Url(String),
    #[error(transparent)]
    Address(#[from] MessageError),
}

/// Writes the object as the calendar part of a mail from this instance.
///
/// The address of ORGANIZER is the sender's, whatever the object says: a mail
/// whose From differs from it is not believed. Its name is the object's, which
/// [`Sender::name_for`] makes.
pub fn write(object: &CalendarObject, sender: &Sender) -> Result<CalendarPart, CalendarError> {
    let zone = zone_of(&object.time_zone)?;
    let method = match object.method {
        Method::Request => "REQUEST",
        Method::Cancel => "CANCEL",
    };
    let mut lines = begun();
    lines.push(Property::new("METHOD", method));
    let place = Place {
        object,
        zone: &zone,
        sender,
    };
    let (first, last) = place.span();
    zone::write(&mut lines, &object.time_zone, &zone, first, last);
    place.events(&mut lines)?;
    lines.end("VCALENDAR");
    Ok(CalendarPart {
        method,
        text: lines.into_text(),
    })
}

fn zone_of(name: &str) -> Result<TimeZone, CalendarError> {
    TimeZone::get(name).map_err(|_| CalendarError::Zone(text::one_line(name)))
}

fn begun() -> Lines {
    let mut lines = Lines::default();
    lines.begin("VCALENDAR");
    lines.push(Property::new("PRODID", PRODUCT));
    lines.push(Property::new("VERSION", "2.0"));
    lines.push(Property::new("CALSCALE", "GREGORIAN"));
    lines
}

/// Writes all meetings of a person as a calendar that programs subscribe to. It has no
/// METHOD: nobody is asked for anything.
///
/// `name` is what the calendar is called (RFC 7986, section 5.1, and the property that
/// programs read which are older than it), `zone` the one that its reader's clock shows:
/// programs that know no better show it in that one.
pub fn write_feed(
    name: &str,
    zone: &str,
    objects: &[CalendarObject],
    sender: &Sender,
) -> Result<String, CalendarError> {
    let mut lines = begun();
    lines.push(Property::new("NAME", text::one_line(name)));
    lines.push(Property::new("X-WR-CALNAME", text::one_line(name)));
    lines.push(Property::new("X-WR-TIMEZONE", text::one_line(zone)));
    let mut often = Property::new("REFRESH-INTERVAL", "PT1H");
    often.add_parameter("VALUE", "DURATION");
    lines.push(often);
    let zones: BTreeMap<&str, TimeZone> = objects
        .iter()
        .map(|object| Ok((object.time_zone.as_str(), zone_of(&object.time_zone)?)))
        .collect::<Result<_, CalendarError>>()?;
    let mut spans: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for object in objects {
        let name = object.time_zone.as_str();
        let place = Place {
            object,
            zone: &zones[name],
            sender,
        };
        let (first, last) = place.span();
        let span = spans.entry(name).or_insert((first, last));
        *span = (span.0.min(first), span.1.max(last));
    }
    for (name, (first, last)) in spans {
        zone::write(&mut lines, name, &zones[name], first, last);
    }
    for object in objects {
        let place = Place {
            object,
            zone: &zones[object.time_zone.as_str()],
            sender,
        };
        place.events(&mut lines)?;
    }
    lines.end("VCALENDAR");
    Ok(lines.into_text())
}

/// What every VEVENT of one object shares.
struct Place<'a> {
    object: &'a CalendarObject,
    zone: &'a TimeZone,
    sender: &'a Sender,
}

impl Place<'_> {
    /// From the first start to an end that no occurrence is after.
    fn span(&self) -> (Timestamp, Timestamp) {
        let object = self.object;
        let Some(recurrence) = &object.recurrence else {
            return (object.starts_at, object.ends_at);
        };
        let moved = recurrence.overrides.iter();
        let first = moved.clone().map(|one| one.starts_at).min();
        let last = moved.map(|one| one.ends_at).max();
        // A series reaches two years at most.
        let by_rule = object.ends_at + SignedDuration::from_hours(24 * 366 * 2);
        (
            first.map_or(object.starts_at, |first| first.min(object.starts_at)),
            last.map_or(by_rule, |last| last.max(by_rule)),
        )
    }

    /// The meeting or the one occurrence, and what deviates from the rule.
    fn events(&self, lines: &mut Lines) -> Result<(), CalendarError> {
        let object = self.object;
        self.event(lines, (object.starts_at, object.ends_at), object.only)?;
        for moved in object.recurrence.iter().flat_map(|all| &all.overrides) {
            let times = (moved.starts_at, moved.ends_at);
            self.event(lines, times, Some(moved.original))?;
        }
        Ok(())
    }

    fn event(
        &self,
        lines: &mut Lines,
        (starts_at, ends_at): (Timestamp, Timestamp),
        recurrence_id: Option<DateTime>,
    ) -> Result<(), CalendarError> {
        let (object, zone) = (self.object, self.zone);
        lines.begin("VEVENT");
        lines.push(Property::new("UID", text::one_line(&object.uid)));
        lines.push(Property::new("SEQUENCE", object.sequence.to_string()));
        lines.push(Property::new("DTSTAMP", utc(object.stamp)));
        if let Some(original) = recurrence_id {
            lines.push(on_wall("RECURRENCE-ID", original, &object.time_zone));
        }
        match &object.recurrence {
            Some(recurrence) if recurrence_id.is_none() => {
                lines.push(on_wall(
                    "DTSTART",
                    recurrence.first_local,
                    &object.time_zone,
                ));
                lines.push(time("DTEND", ends_at, zone, &object.time_zone));
                lines.push(Property::new("RRULE", rule(recurrence, zone)));
                for excluded in &recurrence.excluded {
                    lines.push(on_wall("EXDATE", *excluded, &object.time_zone));
                }
            }
            _ => {
                lines.push(time("DTSTART", starts_at, zone, &object.time_zone));
                lines.push(time("DTEND", ends_at, zone, &object.time_zone));
            }
        }
        lines.push(Property::new("SUMMARY", text::one_line(&object.summary)));
        if !object.description.is_empty() {
            lines.push(Property::new(
                "DESCRIPTION",
                text::lines(&object.description),
            ));
        }
        if !object.location.is_empty() {
            lines.push(Property::new("LOCATION", text::one_line(&object.location)));
        }
        if let Some(url) = &object.url {
            lines.push(Property::new("URL", opened(url)?));
        }
        let mut organizer = Property::new("ORGANIZER", mailto(self.sender.email())?);
        organizer.add_parameter("CN", &quotable(&object.organizer.0));
        lines.push(organizer);
        for (name, email, participation) in &object.attendees {
            let mut attendee = Property::new("ATTENDEE", mailto(email)?);
            attendee
                .add_parameter("CN", &quotable(name))
                .add_parameter("CUTYPE", "INDIVIDUAL")
                .add_parameter("PARTSTAT", partstat(*participation))
                .add_parameter("ROLE", "REQ-PARTICIPANT")
                .add_parameter("RSVP", "TRUE");
            lines.push(attendee);
        }
        let status = if object.cancelled {
            "CANCELLED"
        } else {
            "CONFIRMED"
        };
        lines.push(Property::new("STATUS", status));
        lines.push(Property::new("TRANSP", "OPAQUE"));
        lines.end("VEVENT");
        Ok(())
    }
}

/// A time that a rule names, which is always one on the wall.
fn on_wall(name: &str, at: DateTime, tzid: &str) -> Property {
    let mut property = Property::new(name, local(at));
    property.add_parameter("TZID", tzid);
    property
}

/// RRULE (RFC 5545, section 3.3.10); its UNTIL is in UTC where DTSTART has a zone.
fn rule(recurrence: &Recurrence, zone: &TimeZone) -> String {
    let Repetition { every, end } = recurrence.rule;
    let first = recurrence.first_local;
    let every = match every {
        Every::Day => "FREQ=DAILY".to_owned(),
        Every::Week => "FREQ=WEEKLY".to_owned(),
        Every::TwoWeeks => "FREQ=WEEKLY;INTERVAL=2".to_owned(),
        Every::Month(MonthlyBy::Day) => format!("FREQ=MONTHLY;BYMONTHDAY={}", first.day()),
        Every::Month(MonthlyBy::Weekday) => {
            let nth = (first.day() - 1) / 7 + 1;
            format!("FREQ=MONTHLY;BYDAY={nth}{}", weekday(first.weekday()))
        }
    };
    match end {
        End::Count(count) => format!("{every};COUNT={count}"),
        End::Until(until) => {
            let last = zone.to_ambiguous_timestamp(until.at(23, 59, 59, 0)).later();
            format!("{every};UNTIL={}", utc(last.unwrap_or_default()))
        }
    }
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "MO",
        Weekday::Tuesday => "TU",
        Weekday::Wednesday => "WE",
        Weekday::Thursday => "TH",
        Weekday::Friday => "FR",
        Weekday::Saturday => "SA",
        Weekday::Sunday => "SU",
    }
}

const fn partstat(participation: Participation) -> &'static str {
    match participation {
        Participation::NeedsAction => "NEEDS-ACTION",
        Participation::Accepted => "ACCEPTED",
        Participation::Tentative => "TENTATIVE",
        Participation::Declined => "DECLINED",
    }
}

/// A time in the meeting's zone; in UTC where the local clock shows it twice.
/// A calendar program would take the first (RFC 5545, section 3.3.5) or none.
fn time(name: &str, at: Timestamp, zone: &TimeZone, tzid: &str) -> Property {
    let shown = zone.to_datetime(at);
    if zone.to_ambiguous_timestamp(shown).is_ambiguous() {
        return Property::new(name, utc(at));
    }
    let mut property = Property::new(name, local(shown));
    property.add_parameter("TZID", tzid);
    property
}

fn local(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(at: Timestamp) -> String {
    format!("{}Z", local(Offset::UTC.to_datetime(at)))
}

/// A name as a parameter may carry it: a quotation mark can't be written
/// there (RFC 5545, section 3.1), and few programs read the escape for it
/// (RFC 6868), so it becomes an apostrophe.
fn quotable(name: &str) -> String {
    text::one_line(name).replace('"', "'")
}

fn mailto(email: &str) -> Result<String, CalendarError> {
    let address = message::address(email)?;
    // What would end or change a mailto address (RFC 6068, section 2).
    let escaped = AsRef::<str>::as_ref(&address)
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23")
        .replace('&', "%26")
        .replace('/', "%2F");
    Ok(format!("mailto:{escaped}"))
}

fn opened(url: &str) -> Result<String, CalendarError> {
    match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "https" | "http") => Ok(parsed.into()),
        _ => Err(CalendarError::Url(text::one_line(url))),
    }
}

#[cfg(test)]
mod tests {
    use calcard::icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarParameterName,
        ICalendarProperty,
    };

    use mentoring::invitation::Override;

    use super::*;
    use crate::clock::Randomness;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn larkspur() -> Sender {
        Sender::new("ithaca@larkspur.example").unwrap()
    }

    fn first_talk() -> CalendarObject {
        CalendarObject {
            method: Method::Request,
            uid: "0197f3c2-0000-7000-8000-000000000007@larkspur.example".into(),
            sequence: 0,
            summary: "First talk".into(),
            description: "Who we are\nWhat we want".into(),
            location: String::new(),
            url: Some("https://ithaca.larkspur.example/j/Zm9vYmFyYmF6cXV1eHF1eA".into()),
            starts_at: at("2026-11-24T14:00:00Z"),
            ends_at: at("2026-11-24T14:45:00Z"),
            local_start: "2026-11-24T15:00:00".parse().unwrap(),
            time_zone: "Europe/Berlin".into(),
            organizer: (
                Sender::name_for("Mei Tanaka"),
                "ithaca@larkspur.example".into(),
            ),
            attendees: vec![
                (
                    "Mei Tanaka".into(),
                    "mei@larkspur.example".into(),
                    Participation::Accepted,
                ),
                (
                    "Luis Ortega".into(),
                    "luis@larkspur.example".into(),
                    Participation::NeedsAction,
                ),
            ],
            stamp: at("2026-11-23T09:30:00Z"),
            cancelled: false,
            recurrence: None,
            only: None,
        }
    }

    fn written(object: &CalendarObject) -> String {
        write(object, &larkspur()).unwrap().text
    }

    fn parsed(text: &str) -> ICalendar {
        ICalendar::parse(text).unwrap()
    }

    fn event(calendar: &ICalendar) -> &ICalendarComponent {
        let mut events = calendar
            .components
            .iter()
            .filter(|component| component.component_type == ICalendarComponentType::VEvent);
        let event = events.next().unwrap();
        assert!(events.next().is_none());
        event
    }

    fn text_of(component: &ICalendarComponent, property: &ICalendarProperty) -> String {
        let mut entries = component.properties(property);
        let entry = entries.next().unwrap_or_else(|| panic!("no {property:?}"));
        assert!(entries.next().is_none(), "two of {property:?}");
        assert_eq!(entry.values.len(), 1, "{property:?}");
        entry.values[0].as_text().unwrap().to_owned()
    }

    fn instants(text: &str) -> (Timestamp, Timestamp) {
        let expanded = parsed(text).expand_dates(calcard::common::timezone::Tz::UTC, 10);
        assert!(expanded.errors.is_empty(), "{:?}", expanded.errors);
        assert_eq!(expanded.events.len(), 1);
        let (start, end) = expanded.events[0].timestamps();
        (
            Timestamp::from_second(start).unwrap(),
            Timestamp::from_second(end).unwrap(),
        )
    }

    #[test]
    fn an_invitation_reads_back_as_it_was_meant() {
        let object = first_talk();
        let part = write(&object, &larkspur()).unwrap();
        assert_eq!(part.method, "REQUEST");
        let calendar = parsed(&part.text);
        let root = &calendar.components[0];
        assert_eq!(text_of(root, &ICalendarProperty::Method), "REQUEST");
        assert_eq!(text_of(root, &ICalendarProperty::Version), "2.0");
        let event = event(&calendar);
        assert_eq!(event.uid(), Some(object.uid.as_str()));
        assert_eq!(text_of(event, &ICalendarProperty::Summary), object.summary);
        assert_eq!(
            text_of(event, &ICalendarProperty::Description),
            object.description
        );
        assert_eq!(
            text_of(event, &ICalendarProperty::Url),
            object.url.clone().unwrap()
        );
        assert_eq!(text_of(event, &ICalendarProperty::Status), "CONFIRMED");
        assert_eq!(text_of(event, &ICalendarProperty::Transp), "OPAQUE");
        assert_eq!(
            event.property(&ICalendarProperty::Sequence).unwrap().values[0].as_integer(),
            Some(0)
        );
        assert_eq!(instants(&part.text), (object.starts_at, object.ends_at));
    }

    /// Tuesdays at three from 24 November on; the third is called off, the second moved.
    #[test]
    fn a_series_expands_to_what_takes_place() {
        let mut object = first_talk();
        object.recurrence = Some(Recurrence {
            rule: Repetition {
                every: Every::Week,
                end: End::Count(4),
            },
            first_local: object.local_start,
            excluded: vec!["2026-12-08T15:00:00".parse().unwrap()],
            overrides: vec![Override {
                original: "2026-12-01T15:00:00".parse().unwrap(),
                local_start: "2026-12-02T09:00:00".parse().unwrap(),
                starts_at: at("2026-12-02T08:00:00Z"),
                ends_at: at("2026-12-02T08:45:00Z"),
            }],
        });
        let text = written(&object);
        for line in [
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Berlin:20261208T150000",
            "RECURRENCE-ID;TZID=Europe/Berlin:20261201T150000",
        ] {
            assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}\n{text}");
        }
        let expanded = parsed(&text).expand_dates(calcard::common::timezone::Tz::UTC, 20);
        assert!(expanded.errors.is_empty(), "{:?}", expanded.errors);
        let mut starts: Vec<Timestamp> = expanded
            .events
            .iter()
            .map(|event| Timestamp::from_second(event.timestamps().0).unwrap())
            .collect();
        starts.sort_unstable();
        assert_eq!(
            starts,
            [
                at("2026-11-24T14:00:00Z"),
                at("2026-12-02T08:00:00Z"),
                at("2026-12-15T14:00:00Z")
            ]
        );
    }

    #[test]
    fn one_occurrence_alone_names_itself_and_no_rule() {
        let mut object = first_talk();
        object.only = Some(object.local_start);
        object.method = Method::Cancel;
        object.cancelled = true;
        let text = written(&object);
        assert!(text.contains("\r\nRECURRENCE-ID;TZID=Europe/Berlin:20261124T150000\r\n"));
        let (_, event) = text.split_once("BEGIN:VEVENT").unwrap();
        assert!(!event.contains("RRULE") && event.contains("\r\nSTATUS:CANCELLED\r\n"));
    }

    #[test]
    fn a_rule_is_written_as_rfc_5545_has_it() {
        let first_local: DateTime = "2026-11-24T15:00:00".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let until = End::Until("2027-06-30".parse().unwrap());
        for (every, end, expected) in [
            (Every::Day, End::Count(5), "FREQ=DAILY;COUNT=5"),
            (
                Every::TwoWeeks,
                until,
                "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270630T215959Z",
            ),
            (
                Every::Month(MonthlyBy::Day),
                End::Count(3),
                "FREQ=MONTHLY;BYMONTHDAY=24;COUNT=3",
            ),
            (
                Every::Month(MonthlyBy::Weekday),
                End::Count(3),
                "FREQ=MONTHLY;BYDAY=4TU;COUNT=3",
            ),
        ] {
            let recurrence = Recurrence {
                rule: Repetition { every, end },
                first_local,
                excluded: Vec::new(),
                overrides: Vec::new(),
            };
            assert_eq!(rule(&recurrence, &berlin), expected);
        }
    }

    #[test]
    fn everyone_is_an_attendee_and_the_instance_is_the_organizer() {
        let text = written(&first_talk());
        let calendar = parsed(&text);
        let event = event(&calendar);
        let organizer = event.property(&ICalendarProperty::Organizer).unwrap();
        assert_eq!(
            organizer.calendar_address(),
            Some("ithaca@larkspur.example")
        );
        let named = |entry: &calcard::icalendar::ICalendarEntry, name| {
            entry
                .parameter(&name)
                .and_then(|value| value.as_text())
                .map(str::to_owned)
        };
        assert_eq!(
            named(organizer, ICalendarParameterName::Cn).as_deref(),
            Some("Mei Tanaka via Ithaca")
        );
        assert!(!organizer.has_parameter(&ICalendarParameterName::SentBy));
        let attendees: Vec<_> = event
            .properties(&ICalendarProperty::Attendee)
            .map(|entry| {
                assert_eq!(
                    named(entry, ICalendarParameterName::Rsvp).as_deref(),
                    Some("TRUE")
                );
                assert_eq!(
                    named(entry, ICalendarParameterName::Role).as_deref(),
                    Some("REQ-PARTICIPANT")
                );
                (
                    named(entry, ICalendarParameterName::Cn).unwrap(),
                    entry.calendar_address().unwrap().to_owned(),
                    named(entry, ICalendarParameterName::Partstat).unwrap(),
                )
            })
            .collect();
        let expected = [
            ("Mei Tanaka", "mei@larkspur.example", "ACCEPTED"),
            ("Luis Ortega", "luis@larkspur.example", "NEEDS-ACTION"),
        ]
        .map(|(name, email, answer)| (name.to_owned(), email.to_owned(), answer.to_owned()));
        assert_eq!(attendees, expected);
    }

    #[test]
    fn e06_a_cancellation_has_the_same_uid_a_higher_sequence_and_says_so() {
        let invitation = first_talk();
        let cancellation = CalendarObject {
            method: Method::Cancel,
            sequence: 3,
            cancelled: true,
            ..invitation.clone()
        };
        let part = write(&cancellation, &larkspur()).unwrap();
        assert_eq!(part.method, "CANCEL");
        let calendar = parsed(&part.text);
        assert_eq!(
            text_of(&calendar.components[0], &ICalendarProperty::Method),
            "CANCEL"
        );
        let event = event(&calendar);
        assert_eq!(event.uid(), Some(invitation.uid.as_str()));
        assert_eq!(text_of(event, &ICalendarProperty::Status), "CANCELLED");
        assert!(part.text.contains("\r\nSEQUENCE:3\r\n"));
    }

    /// What people type comes in every place that takes text.
    fn typed_everywhere(typed: &str) -> CalendarObject {
        let mut object = first_talk();
        object.summary = typed.into();
        object.description = typed.into();
        object.location = typed.into();
        object.organizer.0 = typed.into();
        object.attendees[1].0 = typed.into();
        object
    }

    #[test]
    fn e02_e05_nothing_typed_becomes_a_property_of_its_own() {
        let plain = parsed(&written(&typed_everywhere("x")));
        let names = |calendar: &ICalendar| -> Vec<String> {
            calendar
                .components
                .iter()
                .flat_map(|component| &component.entries)
                .map(|entry| entry.name.as_str().to_owned())
                .collect()
        };
        for typed in [
            "Hi\r\nATTENDEE:mailto:evil@example",
            "Hi\nATTACH:file:///etc/passwd",
            "Hi\rX-EVIL:1",
            "Hi\u{2028}BEGIN:VALARM\u{85}ACTION:EMAIL",
            "Hi\r\n ATTENDEE:mailto:evil@example",
            "Hi\r\nEND:VEVENT\r\nBEGIN:VEVENT",
            "\":mailto:evil@example\r\nX-EVIL:1",
            "\";SENT-BY=\"mailto:evil@example\"",
            "x\";SENT-BY=\"mailto:evil@example",
            "a:b;c,d=e\\f\\ng",
            "x\0\u{1}\u{7f}",
            "^n^'^^",
        ] {
            let object = typed_everywhere(typed);
            let text = written(&object);
            let calendar = parsed(&text);
            assert_eq!(names(&calendar), names(&plain), "{typed:?}\n{text}");
            let event = event(&calendar);
            assert_eq!(
                text_of(event, &ICalendarProperty::Summary),
                text::one_line(typed)
            );
            assert_eq!(
                text_of(event, &ICalendarProperty::Description),
                text::lines(typed)
            );
            let attendee = event
                .properties(&ICalendarProperty::Attendee)
                .nth(1)
                .unwrap();
            assert_eq!(attendee.params.len(), 5, "{typed:?}\n{text}");
            assert_eq!(attendee.calendar_address(), Some("luis@larkspur.example"));
        }
    }

    /// E-02, E-03: arbitrary text comes back as it was, and every line fits.
    #[test]
    fn e02_any_text_reads_back_the_same() {
        let randomness = Randomness::seeded(20_261_124);
        let alphabet: Vec<char> = "ab :;,\\\"=\r\n\t^'\u{85}\u{2028}\0üß漢🧭שלוםمرحبا\u{202e}n"
            .chars()
            .collect();
        for _ in 0..400 {
            let [length, rest @ ..] = randomness.bytes::<250>();
            let typed: String = rest[..usize::from(length) % 250]
                .iter()
                .map(|byte| alphabet[usize::from(*byte) % alphabet.len()])
                .collect();
            let object = typed_everywhere(&format!("a{typed}z"));
            let text = written(&object);
            for line in text.split("\r\n") {
                assert!(line.len() <= 75, "{line}");
            }
            let controls = |typed: char| typed.is_control() && !"\r\n\t".contains(typed);
            assert!(!text.contains(controls), "{text:?}");
            let calendar = parsed(&text);
            let event = event(&calendar);
            let name = text::one_line(&object.summary);
            assert_eq!(text_of(event, &ICalendarProperty::Summary), name);
            assert_eq!(text_of(event, &ICalendarProperty::Location), name);
            assert_eq!(
                text_of(event, &ICalendarProperty::Description),
                text::lines(&object.description)
            );
            assert_eq!(event.properties(&ICalendarProperty::Attendee).count(), 2);
        }
    }

    #[test]
    fn e03_names_with_commas_and_quotes_stay_one_parameter() {
        let mut object = first_talk();
        object.attendees[1].0 = "Ortega, Luis; \"El Profe\": él".into();
        let calendar = parsed(&written(&object));
        let attendee = event(&calendar)
            .properties(&ICalendarProperty::Attendee)
            .nth(1)
            .unwrap();
        let name = attendee.parameter(&ICalendarParameterName::Cn).unwrap();
        assert_eq!(name.as_text(), Some("Ortega, Luis; 'El Profe': él"));
    }

    #[test]
    fn e04_what_is_not_one_address_is_refused() {
        for email in [
            "a@b?cc=c@d",
            "a@b,c@d",
            "\"a@b\"<c@d>",
            "mei@lаrkspur.example",
            "mei",
            "",
            "a@b\r\nX: y",
            "a b@c",
        ] {
            let mut object = first_talk();
            object.attendees[1].1 = email.into();
            let error = write(&object, &larkspur());
            assert!(
                matches!(error, Err(CalendarError::Address(_))),
                "{email}: {error:?}"
            );
        }
        let mut object = first_talk();
        object.attendees[1].1 = "o'brien+50%&x/y?@larkspur.example".into();
        assert!(
            written(&object)
                .replace("\r\n ", "")
                .contains("mailto:o'brien+50%25%26x%2Fy%3F@larkspur.example")
        );
    }

    #[test]
    fn e07_a_calendar_opens_web_addresses_only() {
        for url in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "j/abc",
        ] {
            let mut object = first_talk();
            object.url = Some(url.into());
            assert_eq!(
                write(&object, &larkspur()),
                Err(CalendarError::Url(url.to_owned()))
            );
        }
        let mut object = first_talk();
        object.url = Some("https://ithaca.larkspur.example/j/x\r\nX-EVIL:1".into());
        assert!(!written(&object).contains("\r\nX-EVIL"));
    }

    #[test]
    fn a_meeting_around_a_clock_change_keeps_its_instants() {
        for (zone, starts_at, minutes) in [
            // From before the change until after it, in both directions.
            ("Europe/Berlin", "2026-10-25T00:30:00Z", 90),
            ("Europe/Berlin", "2027-03-28T00:30:00Z", 60),
            // Ends within the hour that comes twice, the second time round.
            ("Europe/Berlin", "2026-10-24T22:00:00Z", 210),
            ("Europe/Berlin", "2026-10-24T22:00:00Z", 150),
            ("America/New_York", "2026-11-01T04:00:00Z", 150),
            ("Australia/Lord_Howe", "2027-04-03T14:00:00Z", 75),
            ("Pacific/Chatham", "2026-09-26T13:00:00Z", 120),
            ("Asia/Kathmandu", "2026-11-24T04:00:00Z", 45),
            ("UTC", "2026-11-24T04:00:00Z", 45),
        ] {
            let mut object = first_talk();
            object.time_zone = zone.into();
            object.starts_at = at(starts_at);
            object.ends_at = object.starts_at + jiff::SignedDuration::from_mins(minutes);
            let text = written(&object);
            assert_eq!(
                instants(&text),
                (object.starts_at, object.ends_at),
                "{text}"
            );
        }
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        let mut object = first_talk();
        object.time_zone = "Mars/Olympus".into();
        assert_eq!(
            write(&object, &larkspur()),
            Err(CalendarError::Zone("Mars/Olympus".into()))
        );
    }

    #[test]
    fn a_resend_is_the_same_to_the_letter() {
        assert_eq!(written(&first_talk()), written(&first_talk()));
        let expected = include_str!("first_talk.ics").replace('\n', "\r\n");
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            written(&first_talk()),
            expected.replace("{version}", version)
        );
    }
}
