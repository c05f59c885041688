//! What arrived in a mailbox of the sandbox, read as a mail program reads it.

use std::time::{Duration, Instant};

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty,
};
use mail_parser::{MessageParser, MimeHeaders as _};

use crate::demo::Demo;
use crate::runtime::{GLANCE, PATIENCE};

/// How long a change waits for those that may follow it.
const SETTLING: Duration = Duration::from_secs(30);

/// A message with the calendar object it carries.
#[derive(Debug)]
pub struct Letter {
    pub text: String,
    /// The calendar object as it is written.
    pub calendar: String,
    /// The `method` of the MIME part that carries the calendar object; mail programs look there.
    pub part_method: String,
    /// METHOD of the calendar object itself.
    pub method: String,
    pub uid: String,
    pub sequence: i64,
    pub summary: String,
    pub organizer: String,
    pub attendees: Vec<String>,
}

/// Waits until as many letters have come to this address, and reads them, oldest first.
pub fn waits_for(demo: &Demo, address: &str, count: usize) -> Vec<Letter> {
    // Changes settle before people are told of them.
    let deadline = Instant::now() + SETTLING + PATIENCE;
    loop {
        let mut sources = sources(demo, address);
        sources.retain(|source| is_invitation(source));
        if sources.len() >= count {
            return sources.iter().map(|source| Letter::read(source)).collect();
        }
        assert!(
            Instant::now() < deadline,
            "{address} waits in vain for {count} letters; {} came",
            sources.len()
        );
        std::thread::sleep(GLANCE);
    }
}

/// Waits until somebody has a letter with these words in its text, and answers that text.
pub fn waits_for_words(demo: &Demo, address: &str, words: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let texts = sources(demo, address);
        let texts = texts.iter().filter_map(|source| {
            let message = MessageParser::new().parse(source)?;
            message.body_text(0).map(std::borrow::Cow::into_owned)
        });
        let texts: Vec<String> = texts.collect();
        if let Some(text) = texts.iter().find(|text| text.contains(words)) {
            return text.clone();
        }
        assert!(
            Instant::now() < deadline,
            "{address} waits in vain for “{words}” in:\n{}",
            texts.join("\n\n")
        );
        std::thread::sleep(GLANCE);
    }
}

fn is_invitation(source: &[u8]) -> bool {
    let mark = b"text/calendar";
    source.windows(mark.len()).any(|part| part == mark)
}

impl Letter {
    fn read(source: &[u8]) -> Self {
        let message = MessageParser::new()
            .parse(source)
            .expect("it is a MIME message");
        let carries = |part: &&mail_parser::MessagePart<'_>| {
            part.content_type()
                .is_some_and(|kind| kind.ctype() == "text" && kind.subtype() == Some("calendar"))
        };
        let part = message
            .parts
            .iter()
            .find(carries)
            .expect("it carries a calendar object");
        let kind = part.content_type().expect("it was found by it");
        let text = part.text_contents().expect("a calendar object is text");
        let calendar =
            ICalendar::parse(text).unwrap_or_else(|_| panic!("no valid calendar object:\n{text}"));
        let mut events = calendar
            .components
            .iter()
            .filter(|component| component.component_type == ICalendarComponentType::VEvent);
        let event = events.next().expect("the calendar object has an event");
        let address = |entry: &calcard::icalendar::ICalendarEntry| {
            entry.calendar_address().unwrap_or_default().to_owned()
        };
        Self {
            text: message.body_text(0).unwrap_or_default().into_owned(),
            calendar: text.to_owned(),
            part_method: kind.attribute("method").unwrap_or_default().to_owned(),
            method: text_of(&calendar.components[0], &ICalendarProperty::Method),
            uid: text_of(event, &ICalendarProperty::Uid),
            sequence: event
                .property(&ICalendarProperty::Sequence)
                .and_then(|entry| entry.values.first()?.as_integer())
                .expect("the event has a SEQUENCE"),
            summary: text_of(event, &ICalendarProperty::Summary),
            organizer: event
                .property(&ICalendarProperty::Organizer)
                .map(address)
                .unwrap_or_default(),
            attendees: event
                .properties(&ICalendarProperty::Attendee)
                .map(address)
                .collect(),
        }
    }

    /// It is what calendar programs take for an invitation (or its like), and not for an attachment.
    pub fn is_calendar_mail(&self, method: &str, title: &str) {
        assert_eq!(
            (self.part_method.as_str(), self.method.as_str()),
            (method, method)
        );
        assert_eq!(self.summary, title);
        assert!(!self.uid.is_empty());
    }

    /// Ithaca's own join address, as it stands in the letter.
    pub fn join_address(&self, demo: &Demo) -> String {
        let start = format!("{}/j/", demo.url);
        let found = self
            .text
            .split_whitespace()
            .find(|word| word.starts_with(&start));
        found
            .unwrap_or_else(|| panic!("the letter has no join address:\n{}", self.text))
            .to_owned()
    }
}

fn text_of(component: &ICalendarComponent, property: &ICalendarProperty) -> String {
    let entry = component
        .property(property)
        .and_then(|entry| entry.values.first());
    entry
        .and_then(|value| value.as_text())
        .unwrap_or_default()
        .to_owned()
}

/// The messages of a mailbox as they came through SMTP, oldest first.
fn sources(demo: &Demo, address: &str) -> Vec<Vec<u8>> {
    let all = demo.asks_the_sandbox("mail");
    let messages = all.as_array().expect("a list of messages").iter();
    let ours = messages.filter(|message| {
        message["to"]
            .as_array()
            .is_some_and(|to| to.iter().any(|one| one == address))
    });
    ours.map(|message| {
        message["raw"]
            .as_str()
            .unwrap_or_default()
            .as_bytes()
            .to_vec()
    })
    .collect()
}
