//! Reads a calendar part for people: the method and, per event, what a mail
//! program's card shows.
//!
//! Source: RFC 5545 (content lines, text values), RFC 6047 (the `method` of the MIME part).

/// How many events are shown.
const EVENTS: usize = 50;

/// A calendar part.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    pub(super) method: String,
    /// What the MIME part says, where that differs. Mail programs then show an attachment only.
    pub(super) other_method: Option<String>,
    pub(super) events: Vec<Event>,
}

/// One event of it.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) title: String,
    /// Names and values in the order in which they are shown.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) people: Vec<Guest>,
}

/// An attendee.
#[derive(Debug, Default)]
pub(super) struct Guest {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) answer: String,
    pub(super) is_asked: bool,
}

impl Calendar {
    /// What the card is about.
    pub(super) fn title(&self) -> &'static str {
        match self.method.as_str() {
            "REQUEST" => "Invitation",
            "CANCEL" => "Cancellation",
            "REPLY" => "Answer to an invitation",
            _ => "Calendar entry",
        }
    }

    /// `method` is what the MIME part says.
    pub(super) fn parse(text: &str, method: Option<&str>) -> Self {
        let mut calendar = Self::default();
        let mut within: Vec<String> = Vec::new();
        let unfolded = text
            .replace("\r\n", "\n")
            .replace("\n ", "")
            .replace("\n\t", "");
        for line in unfolded.lines() {
            let Some(line) = Line::parse(line) else {
                continue;
            };
            match line.name.as_str() {
                "BEGIN" => {
                    if line.value.eq_ignore_ascii_case("VEVENT") {
                        calendar.events.push(Event::default());
                    }
                    within.push(line.value.to_ascii_uppercase());
                }
                "END" => {
                    within.pop();
                }
                name => match within.last().map(String::as_str) {
                    Some("VCALENDAR") if name == "METHOD" => {
                        calendar.method = line.value.to_ascii_uppercase();
                    }
                    Some("VEVENT") => {
                        if let Some(event) = calendar.events.last_mut() {
                            event.take(&line);
                        }
                    }
                    _ => {}
                },
            }
        }
        calendar.events.truncate(EVENTS);
        calendar.other_method = Some(method.unwrap_or("none").to_owned())
            .filter(|method| !method.eq_ignore_ascii_case(&calendar.method));
        calendar
    }
}

impl Event {
    fn take(&mut self, line: &Line) {
        let name = match line.name.as_str() {
            "SUMMARY" => {
                self.title = line.text();
                return;
            }
            "ATTENDEE" => {
                let address = line.address();
                self.people.push(Guest {
                    name: line.parameter("CN").unwrap_or(&address).to_owned(),
                    answer: match line.parameter("PARTSTAT") {
                        Some("ACCEPTED") => "accepted",
                        Some("DECLINED") => "declined",
                        Some("TENTATIVE") => "maybe",
                        _ => "not answered",
                    }
                    .to_owned(),
                    is_asked: line
                        .parameter("RSVP")
                        .is_some_and(|rsvp| rsvp.eq_ignore_ascii_case("TRUE")),
                    address,
                });
                return;
            }
            "DTSTART" => "Starts",
            "DTEND" => "Ends",
            "DURATION" => "Lasts",
            "RECURRENCE-ID" => "Replaces the occurrence of",
            "EXDATE" => "Except",
            "RRULE" => "Repeats",
            "LOCATION" => "Where",
            "URL" => "Link",
            "ORGANIZER" => "Organizer",
            "DESCRIPTION" => "Description",
            "STATUS" => "Status",
            "UID" => "UID",
            "SEQUENCE" => "SEQUENCE",
            _ => return,
        };
        let value = match line.name.as_str() {
            "DTSTART" | "DTEND" | "RECURRENCE-ID" | "EXDATE" => line.time(),
            "ORGANIZER" => match line.parameter("CN") {
                Some(person) => format!("{person} <{}>", line.address()),
                None => line.address(),
            },
            _ => line.text(),
        };
        self.facts.push((name, value));
    }
}

/// A content line: name, parameters, value.
struct Line {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut is_quoted = false;
        let mut start = 0;
        let mut colon = None;
        for (at, letter) in line.char_indices() {
            match letter {
                '"' => is_quoted = !is_quoted,
                ';' if !is_quoted => {
                    parts.push(&line[start..at]);
                    start = at + 1;
                }
                ':' if !is_quoted => {
                    parts.push(&line[start..at]);
                    colon = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let value = line[colon? + 1..].to_owned();
        let mut parts = parts.into_iter();
        let name = parts.next()?.to_ascii_uppercase();
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| {
                (
                    name.to_ascii_uppercase(),
                    value.trim_matches('"').to_owned(),
                )
            })
            .collect();
        Some(Self {
            name,
            parameters,
            value,
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let (_, value) = self.parameters.iter().find(|(other, _)| other == name)?;
        Some(value)
    }

    /// The value with its escapes undone (RFC 5545, 3.3.11).
    fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut letters = self.value.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some('n' | 'N') => text.push('\n'),
                    Some(other) => text.push(other),
                    None => {}
                },
                letter => text.push(letter),
            }
        }
        text
    }

    fn address(&self) -> String {
        match self.value.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => self.value[7..].to_owned(),
            _ => self.value.clone(),
        }
    }

    /// `20260309T100000` as `2026-03-09 10:00`, with its zone.
    fn time(&self) -> String {
        let written = |time: &str| {
            let (date, clock) = time.split_once('T').unwrap_or((time, ""));
            let date = match (date.get(..4), date.get(4..6), date.get(6..8)) {
                (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
                _ => date.to_owned(),
            };
            match (clock.get(..2), clock.get(2..4)) {
                (Some(hour), Some(minute)) => format!("{date} {hour}:{minute}"),
                _ => date,
            }
        };
        let zone = match self.parameter("TZID") {
            Some(zone) => format!(" {zone}"),
            None if self.value.ends_with('Z') => " UTC".to_owned(),
            None => String::new(),
        };
        let times: Vec<String> = self.value.split(',').map(written).collect();
        format!("{}{zone}", times.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\n\
        TZID:Europe/Stockholm\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nEND:STANDARD\r\n\
        END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:m-1@ithaca\r\nSEQUENCE:2\r\n\
        SUMMARY:First steps\\, carefully\r\n\
        DTSTART;TZID=Europe/Stockholm:20260309T100000\r\nDTEND:20260309T094500Z\r\n\
        ATTENDEE;CN=\"Ortega: Luis\";RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mail\r\n to:luis@larkspur.example\r\n\
        BEGIN:VALARM\r\nDESCRIPTION:Not this one\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn an_invitation_becomes_a_card() {
        let calendar = Calendar::parse(INVITATION, Some("request"));
        assert_eq!(calendar.title(), "Invitation");
        assert_eq!(calendar.other_method, None);
        let [event] = &calendar.events[..] else {
            panic!("one event: {calendar:?}");
        };
        assert_eq!(event.title, "First steps, carefully");
        assert_eq!(
            event.facts,
            [
                ("UID", "m-1@ithaca".to_owned()),
                ("SEQUENCE", "2".to_owned()),
                ("Starts", "2026-03-09 10:00 Europe/Stockholm".to_owned()),
                ("Ends", "2026-03-09 09:45 UTC".to_owned()),
            ]
        );
        assert_eq!(event.people[0].name, "Ortega: Luis");
        assert_eq!(event.people[0].address, "luis@larkspur.example");
        assert!(event.people[0].is_asked);
    }

    #[test]
    fn methods_that_disagree_are_told() {
        let calendar = Calendar::parse(INVITATION, Some("CANCEL"));
        assert_eq!(calendar.other_method.as_deref(), Some("CANCEL"));
        let calendar = Calendar::parse(INVITATION, None);
        assert_eq!(calendar.other_method.as_deref(), Some("none"));
    }

    #[test]
    fn nonsense_is_an_empty_calendar() {
        for text in [
            "",
            "END:VEVENT",
            ":",
            "BEGIN:VEVENT\n\n ;;;\nATTENDEE:\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            let calendar = Calendar::parse(text, None);
            assert_eq!(calendar.title(), "Calendar entry");
            assert!(calendar.events.iter().all(|event| event.facts.is_empty()));
        }
    }
}
