//! Letters that remind of a meeting, and the one afterwards that asks how it went. They
//! carry no calendar object: the entry is in everybody's calendar already.

use askama::Template;
use jiff::Timestamp;
use mentoring::outcome::Said;
use mentoring::track::Mode;
use url::Url;

use super::{Letter, When, text};

/// What one person is reminded of.
#[derive(Clone, Copy, Debug)]
pub struct ReminderLetter<'a> {
    /// The reader's zone.
    pub time_zone: &'a str,
    /// The reader's language.
    pub language: &'a str,
    pub organization: &'a str,
    pub title: &'a str,
    pub track: &'a str,
    /// Everyone of the meeting, the reader included.
    pub people: &'a [String],
    pub span: (Timestamp, Timestamp),
    pub meeting_zone: &'a str,
    pub mode: Mode,
    pub location: &'a str,
    /// The meeting's page in Ithaca.
    pub page: &'a Url,
    /// Ithaca's own join address, if there is something to open behind it.
    pub join_address: Option<&'a Url>,
    /// Why there is none, where there should be one.
    pub trouble: Option<&'a str>,
    /// Where the reader says how it went; only of the letter afterwards.
    pub outcome_address: Option<&'a Url>,
}

struct Words<'a> {
    subject: String,
    organization: String,
    title: String,
    track: String,
    when: When,
    how: String,
    people: String,
    page: &'a Url,
    join_address: Option<&'a Url>,
    trouble: Option<String>,
    outcome: Option<OutcomeLinks>,
}

/// Each only opens a page with the button that counts.
struct OutcomeLinks {
    held: Url,
    missed: Url,
    moved: Url,
}

impl OutcomeLinks {
    fn at(address: &Url) -> Self {
        let link = |said: Said| {
            let mut link = address.clone();
            link.query_pairs_mut().append_pair("said", said.as_str());
            link
        };
        Self {
            held: link(Said::Held),
            missed: link(Said::Missed),
            moved: link(Said::Moved),
        }
    }
}

impl ReminderLetter<'_> {
    pub fn write(&self) -> Letter {
        let when = When::new(self.span, self.time_zone, self.meeting_zone, self.language);
        let title = text::one_line(self.title);
        let location = text::one_line(self.location);
        let kind = if self.outcome_address.is_some() {
            "Did you meet?"
        } else {
            "Reminder:"
        };
        let words = Words {
            subject: format!("{kind} {title} · {}", when.short),
            organization: text::one_line(self.organization),
            title,
            track: text::one_line(self.track),
            when,
            how: if location.is_empty() {
                self.mode.label().to_owned()
            } else {
                format!("{}: {location}", self.mode.label())
            },
            people: text::one_line(&self.people.join(", ")),
            page: self.page,
            join_address: self.join_address,
            trouble: self.trouble.map(text::one_line),
            outcome: self.outcome_address.map(OutcomeLinks::at),
        };
        super::letter(
            &words.subject,
            &ReminderText { letter: &words },
            &ReminderHtml { letter: &words },
        )
    }
}

#[derive(Template)]
#[template(path = "mail/reminder.html")]
struct ReminderHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/reminder.txt", whitespace = "preserve")]
struct ReminderText<'a> {
    letter: &'a Words<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(asks: bool, change: impl FnOnce(&mut ReminderLetter<'_>)) -> Letter {
        let address = |path: &str| -> Url {
            let address = format!("https://ithaca.larkspur.example/{path}");
            address.parse().unwrap()
        };
        let (page, join, outcome) = (
            address("larkspur/meetings/7"),
            address("j/Zm9v"),
            address("a/YmFy/outcome?occurrence=2026-11-24T15:00:00"),
        );
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut letter = ReminderLetter {
            time_zone: "America/New_York",
            language: "en",
            organization: "Larkspur Health",
            title: "First talk",
            track: "New Managers",
            people: &["Mei Tanaka".to_owned(), "Luis Ortega".to_owned()],
            span: (at("2026-11-24T14:00:00Z"), at("2026-11-24T14:45:00Z")),
            meeting_zone: "Europe/Berlin",
            mode: Mode::Teams,
            location: "",
            page: &page,
            join_address: (!asks).then_some(&join),
            trouble: None,
            outcome_address: asks.then_some(&outcome),
        };
        change(&mut letter);
        letter.write()
    }

    #[test]
    fn luis_is_reminded_in_his_own_time_with_the_way_in() {
        let letter = written(false, |_| ());
        assert_eq!(letter.subject, "Reminder: First talk · Tue 24 Nov, 09:00");
        assert_eq!(
            letter.text,
            "First talk\n\
             \n\
             When  Tuesday 24 November 2026, 09:00–09:45 (New York time)\n\
             \x20     15:00–15:45 in Berlin\n\
             How   Teams video call\n\
             Who   Mei Tanaka, Luis Ortega\n\
             \n\
             Join Teams meeting\n\
             https://ithaca.larkspur.example/j/Zm9v\n\
             This address opens Teams from 15 minutes before the start until the end.\n\
             \n\
             The meeting in Ithaca\n\
             https://ithaca.larkspur.example/larkspur/meetings/7\n\
             \n\
             -- \n\
             You choose in your profile when you are reminded.\n\
             Sent by Ithaca for Larkspur Health, New Managers."
        );
        assert!(letter.html.contains(">Join Teams meeting</a>"));
    }

    #[test]
    fn without_a_link_the_reminder_says_so_and_carries_no_address() {
        let letter = written(false, |letter| {
            letter.join_address = None;
            letter.trouble = Some("Microsoft Teams is out of reach.");
        });
        for text in [&letter.text, &letter.html] {
            assert!(text.contains("no working Teams link"), "{text}");
            assert!(text.contains("Microsoft Teams is out of reach."));
            assert!(!text.contains("/j/"));
        }
    }

    #[test]
    fn the_letter_afterwards_asks_how_it_went() {
        let letter = written(true, |_| ());
        assert_eq!(
            letter.subject,
            "Did you meet? First talk · Tue 24 Nov, 09:00"
        );
        let held = "outcome?occurrence=2026-11-24T15:00:00&said=held";
        assert!(letter.text.contains(held), "{}", letter.text);
        assert!(letter.text.contains("&said=missed") && letter.text.contains("&said=moved"));
        assert!(!letter.text.contains("Join"));
    }

    #[test]
    fn e07_what_people_type_stays_text() {
        let letter = written(false, |letter| {
            letter.title = "<img src=x>\r\nBCC: x@y";
            letter.location = "\"><b>";
            letter.mode = Mode::InPerson;
        });
        assert!(!letter.subject.contains(['\r', '\n']));
        assert!(!letter.html.contains("<img") && !letter.html.contains("<b>"));
    }
}
