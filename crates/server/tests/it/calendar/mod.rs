//! Invitations, read by calendar programs that know nothing of Ithaca: the Python packages
//! `icalendar` and `vobject` and the npm package `ical.js`, and every rule expanded by
//! `python-dateutil`. `bin/test` installs them; `tests/calendar` says at which versions.

pub mod programs;

use ithaca::mail::{Sender, calendar};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use mentoring::invitation::{CalendarObject, Method, Override, Participation, Recurrence};
use mentoring::repetition::{End, Every, MonthlyBy, Occurrence, Repetition, occurrences};
use mentoring::schedule::{Schedule, schedule};
use serde_json::{Value, json};

use programs::{Chance, Program};

/// Zones whose rules every program here has known for long: each brings its own.
const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Chatham",
    "Africa/Johannesburg",
    "America/St_Johns",
    "UTC",
];

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn repetition(chance: &mut Chance) -> Repetition {
    let every = match chance.below(5) {
        0 => Every::Day,
        1 => Every::Week,
        2 => Every::TwoWeeks,
        3 => Every::Month(MonthlyBy::Day),
        _ => Every::Month(MonthlyBy::Weekday),
    };
    let end = if chance.below(2) == 0 {
        End::Count(1 + u16::try_from(chance.below(18)).unwrap())
    } else {
        let days = i64::try_from(chance.below(100)).unwrap();
        End::Until(day(330 + days))
    };
    Repetition { every, end }
}

fn day(after_new_year: i64) -> Date {
    let first: Date = "2026-01-01".parse().unwrap();
    first
        .checked_add(jiff::Span::new().days(after_new_year))
        .unwrap()
}

/// A series that begins on some day of 2026, and its occurrences.
fn series(chance: &mut Chance) -> (Schedule, Repetition, Vec<Occurrence>) {
    loop {
        let zone = ZONES[usize::try_from(chance.below(12)).unwrap()];
        let date = day(1 + i64::try_from(chance.below(300)).unwrap());
        let hour = i8::try_from(4 + chance.below(19)).unwrap();
        let minute = i8::try_from(chance.below(60)).unwrap();
        let start = date.at(hour, minute, 0, 0);
        let first = schedule(start, zone, 45, now()).expect("no clock changes at this hour");
        let repetition = repetition(chance);
        if let Ok(all) = occurrences(&first, &repetition, now()) {
            return (first, repetition, all);
        }
    }
}

/// An invitation to that series, of which some occurrences were called off and some moved
/// by half an hour.
fn invitation(chance: &mut Chance, number: u64) -> (CalendarObject, Vec<(Timestamp, Timestamp)>) {
    let (first, rule, all) = series(chance);
    let mut excluded = Vec::new();
    let mut overrides = Vec::new();
    let mut instants = Vec::new();
    let later = jiff::SignedDuration::from_mins(30);
    for occurrence in all.iter().skip(1) {
        match chance.below(6) {
            0 => excluded.push(occurrence.original_start),
            1 => {
                overrides.push(Override {
                    original: occurrence.original_start,
                    local_start: occurrence.local_start.checked_add(later).unwrap(),
                    starts_at: occurrence.starts_at + later,
                    ends_at: occurrence.ends_at + later,
                });
                instants.push((occurrence.starts_at + later, occurrence.ends_at + later));
            }
            _ => instants.push((occurrence.starts_at, occurrence.ends_at)),
        }
    }
    instants.push((first.starts_at, first.ends_at));
    instants.sort_unstable();
    let object = CalendarObject {
        method: Method::Request,
        uid: format!("{number}@larkspur.example"),
        sequence: i64::try_from(number % 7).unwrap(),
        summary: SUMMARIES[usize::try_from(number).unwrap() % SUMMARIES.len()].to_owned(),
        description: "What to delegate,\nand to whom; 50% \\ more.".to_owned(),
        location: "Room 4, second floor; ring twice".to_owned(),
        url: None,
        starts_at: first.starts_at,
        ends_at: first.ends_at,
        local_start: first.local_start,
        time_zone: first.time_zone.clone(),
        organizer: ("Mei Tanaka via Ithaca".to_owned(), String::new()),
        attendees: vec![
            (
                "Mei Tanaka".to_owned(),
                "mei@larkspur.example".to_owned(),
                Participation::Accepted,
            ),
            (
                "Ortega, Luis: \"Lu\"".to_owned(),
                "luis@larkspur.example".to_owned(),
                Participation::NeedsAction,
            ),
        ],
        stamp: now(),
        cancelled: false,
        recurrence: Some(Recurrence {
            rule,
            first_local: first.local_start,
            excluded,
            overrides,
        }),
        only: None,
    };
    (object, instants)
}

const SUMMARIES: [&str; 5] = [
    "First steps",
    "Commas, semicolons; and \\ backslashes",
    "ארוחת צהריים 🍎 وقت الغداء",
    "A title that is so long that it has to be folded somewhere, and then once more, because lines of a calendar object end after seventy-five octets",
    "Ünïcödé, \"quoted\": done",
];

fn written(object: &CalendarObject) -> String {
    let sender = Sender::new("ithaca@larkspur.example").unwrap();
    calendar::write(object, &sender).unwrap().text
}

fn spoken(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What each program should have read.
fn meant(object: &CalendarObject, instants: &[(Timestamp, Timestamp)]) -> Value {
    json!({
        "method": "REQUEST",
        "uid": object.uid,
        "sequence": object.sequence,
        "summary": object.summary,
        "description": object.description,
        "location": object.location,
        "attendees": [
            ["Mei Tanaka", "mei@larkspur.example", "ACCEPTED", "TRUE"],
            ["Ortega, Luis: 'Lu'", "luis@larkspur.example", "NEEDS-ACTION", "TRUE"],
        ],
        "instants": instants
            .iter()
            .map(|(start, end)| [spoken(*start), spoken(*end)])
            .collect::<Vec<_>>(),
    })
}

fn every_invitation_is_read_as_it_was_meant(program: Program) {
    let mut chance = Chance::new(20_261_126);
    let invitations: Vec<_> = (0..100)
        .map(|number| invitation(&mut chance, number))
        .collect();
    let texts: Vec<String> = invitations
        .iter()
        .map(|(object, _)| written(object))
        .collect();
    let read = program.reads(&json!(texts));
    assert_eq!(read.len(), invitations.len());
    for (((object, instants), text), read) in invitations.iter().zip(&texts).zip(read) {
        assert_eq!(read, meant(object, instants), "{program:?} read\n{text}");
    }
}

#[test]
fn icalendar_reads_what_was_meant() {
    every_invitation_is_read_as_it_was_meant(Program::ICalendar);
}

#[test]
fn vobject_reads_what_was_meant() {
    every_invitation_is_read_as_it_was_meant(Program::VObject);
}

#[test]
fn ical_js_reads_what_was_meant_by_our_own_time_zones() {
    every_invitation_is_read_as_it_was_meant(Program::IcalJs);
}

#[test]
fn dateutil_expands_a_thousand_rules_as_ithaca_does() {
    let mut chance = Chance::new(1_000);
    let mut asked = Vec::new();
    let mut ours: Vec<Vec<String>> = Vec::new();
    while asked.len() < 1_000 {
        let (first, rule, all) = series(&mut chance);
        let text = written(&CalendarObject {
            recurrence: Some(Recurrence {
                rule,
                first_local: first.local_start,
                excluded: Vec::new(),
                overrides: Vec::new(),
            }),
            starts_at: first.starts_at,
            ends_at: first.ends_at,
            local_start: first.local_start,
            time_zone: first.time_zone.clone(),
            ..invitation(&mut chance, 0).0
        });
        asked.push(json!({
            "first": first.local_start.to_string(),
            "rule": on_the_wall(&text, rule),
        }));
        let walls = all.iter().map(|one| one.original_start.to_string());
        ours.push(walls.collect());
    }
    let theirs = Program::Dateutil.reads(&json!(asked));
    for ((asked, ours), theirs) in asked.iter().zip(&ours).zip(theirs) {
        assert_eq!(theirs, json!(ours), "{asked}");
    }
}

/// The RRULE that was written; its UNTIL, which is in UTC there, as the wall shows it.
fn on_the_wall(text: &str, rule: Repetition) -> String {
    // A time zone has rules as well.
    let (_, event) = text.split_once("BEGIN:VEVENT").expect("there is an event");
    let line = event
        .lines()
        .find_map(|line| line.strip_prefix("RRULE:"))
        .expect("a series has a rule");
    let last: Option<DateTime> = match rule.end {
        End::Until(until) => Some(until.at(23, 59, 59, 0)),
        End::Count(_) => None,
    };
    line.split(';')
        .map(|part| match (part.starts_with("UNTIL="), last) {
            (true, Some(last)) => format!("UNTIL={}", last.strftime("%Y%m%dT%H%M%S")),
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(";")
}
