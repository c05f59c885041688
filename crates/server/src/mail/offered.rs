//! Letters about times that somebody offers, and about what became of them.

use askama::Template;
use mentoring::proposal::Told;
use mentoring::repetition::Repetition;
use mentoring::schedule::Schedule;
use mentoring::track::Mode;
use url::Url;

use super::{Letter, When, repeats, text};

/// What one person is told of a proposal.
#[derive(Clone, Debug)]
pub struct OfferedTimesLetter<'a> {
    pub told: Told,
    pub organization: &'a str,
    /// Who offers.
    pub by: &'a str,
    /// Whether that is the reader.
    pub is_own: bool,
    /// Whether everybody is asked what they can.
    pub is_group: bool,
    /// Whether the reader settles on a time for a group.
    pub settles: bool,
    pub title: &'a str,
    pub agenda: &'a str,
    pub mode: Mode,
    pub location: &'a str,
    pub people: &'a [String],
    pub times: &'a [Schedule],
    /// When the meeting is now, if it is to move.
    pub moving: Option<&'a Schedule>,
    pub repetition: Option<Repetition>,
    /// What was added, or why it ended.
    pub note: &'a str,
    pub page: &'a Url,
    pub time_zone: &'a str,
    pub language: &'a str,
}

/// What the templates fill in.
#[derive(Debug)]
struct Words<'a> {
    subject: String,
    organization: String,
    title: String,
    opening: String,
    times: Vec<String>,
    /// When the meeting is now, if it is to move.
    moving: Option<String>,
    repeats: Option<String>,
    how: String,
    people: String,
    agenda: String,
    note: Option<String>,
    /// What the address of the page does.
    action: &'static str,
    page: &'a Url,
    aside: &'static str,
}

impl OfferedTimesLetter<'_> {
    pub fn write(&self) -> Letter {
        let words = self.words();
        let text = OfferedTimesText { letter: &words };
        super::letter(&words.subject, &text, &OfferedTimesHtml { letter: &words })
    }

    fn words(&self) -> Words<'_> {
        let title = text::one_line(self.title);
        let (kind, opening) = self.opening(&title);
        let is_asked = matches!(self.told, Told::Offered | Told::Reminder);
        let location = text::one_line(self.location);
        let agenda = if is_asked {
            text::lines(self.agenda)
        } else {
            String::new()
        };
        let note = text::lines(self.note).trim().to_owned();
        Words {
            subject: format!("{kind}: {title}"),
            organization: text::one_line(self.organization),
            opening,
            times: self.times.iter().map(|time| self.time(time)).collect(),
            moving: self.moving.map(|time| self.time(time)),
            repeats: self
                .repetition
                .zip(self.times.first())
                .map(|(rule, first)| {
                    format!(
                        "{}, from there on",
                        repeats(&rule, first.local_start, self.language)
                    )
                }),
            how: if location.is_empty() {
                self.mode.label().to_owned()
            } else {
                format!("{}: {location}", self.mode.label())
            },
            people: text::one_line(&self.people.join(", ")),
            agenda: agenda.trim().to_owned(),
            note: (!note.is_empty()).then_some(note),
            action: match self.told {
                Told::Offered | Told::Reminder if self.settles => {
                    "See who can when, and settle on a time"
                }
                Told::Offered | Told::Reminder if self.is_group => {
                    "Say which of these times you can"
                }
                Told::Offered | Told::Reminder => "Accept one of these times, or decline",
                Told::Declined | Told::Withdrawn | Told::Expired | Told::Ended => {
                    "The meeting in Ithaca"
                }
            },
            page: self.page,
            aside: if is_asked {
                "Opening the address changes nothing; only the buttons on it do. It is yours: who has it answers in your name."
            } else if self.moving.is_some() {
                "The meeting stays as it is planned."
            } else {
                "There is no entry of it in your calendar."
            },
            title,
        }
    }

    fn opening(&self, title: &str) -> (&'static str, String) {
        let by = text::one_line(self.by);
        let is_moving = self.moving.is_some();
        match self.told {
            Told::Offered if is_moving => (
                "Another time",
                format!("{by} proposes another time for “{title}”."),
            ),
            Told::Offered if self.settles => (
                "Other times",
                format!("{by} offers other times for “{title}”."),
            ),
            Told::Offered => (
                "Proposal",
                format!("{by} proposes to meet at one of these times."),
            ),
            Told::Reminder if self.settles && self.is_own => (
                "Reminder",
                format!(
                    "Everybody has said when they can meet for “{title}”. No time is settled yet."
                ),
            ),
            Told::Reminder => (
                "Reminder",
                format!("{by} waits for your answer to these times for “{title}”."),
            ),
            Told::Declined => (
                "Declined",
                format!("None of the times that you offered for “{title}” suits."),
            ),
            Told::Withdrawn => (
                "Withdrawn",
                format!("{by} no longer offers times for “{title}”."),
            ),
            Told::Expired if self.is_own => (
                "Not settled",
                format!(
                    "All the times that you offered for “{title}” have passed without an answer."
                ),
            ),
            Told::Expired => (
                "Not settled",
                format!(
                    "All the times that {by} offered for “{title}” have passed without an answer."
                ),
            ),
            Told::Ended => (
                "Called off",
                format!("“{title}” was proposed and will not take place."),
            ),
        }
    }

    fn time(&self, time: &Schedule) -> String {
        let span = (time.starts_at, time.ends_at);
        let when = When::new(span, self.time_zone, &time.time_zone, self.language);
        let elsewhere = when.elsewhere.map(|elsewhere| format!(" · {elsewhere}"));
        format!(
            "{}, {} ({}){}",
            when.day,
            when.hours,
            when.zone,
            elsewhere.unwrap_or_default()
        )
    }
}

#[derive(Template)]
#[template(path = "mail/offered.html")]
struct OfferedTimesHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/offered.txt", whitespace = "preserve")]
struct OfferedTimesText<'a> {
    letter: &'a Words<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(day: i8) -> Schedule {
        mentoring::schedule::schedule(
            jiff::civil::datetime(2026, 11, day, 15, 0, 0, 0),
            "Europe/Berlin",
            45,
            "2026-11-23T09:00:00Z".parse().unwrap(),
        )
        .unwrap()
    }

    fn letter(told: Told, change: impl FnOnce(&mut OfferedTimesLetter<'_>)) -> Letter {
        of(told, false, change)
    }

    fn of(told: Told, is_moving: bool, change: impl FnOnce(&mut OfferedTimesLetter<'_>)) -> Letter {
        let page = "https://ithaca.larkspur.example/a/YmFy/times"
            .parse()
            .unwrap();
        let (times, people) = (
            [schedule(24), schedule(25)],
            ["Mei Tanaka".to_owned(), "Luis Ortega".to_owned()],
        );
        let mut letter = OfferedTimesLetter {
            told,
            organization: "Larkspur Health",
            by: "Mei Tanaka",
            is_own: false,
            is_group: false,
            settles: false,
            title: "First talk",
            agenda: "Who we are",
            mode: Mode::Teams,
            location: "",
            people: &people,
            times: &times,
            moving: is_moving.then_some(&times[0]),
            repetition: None,
            note: "",
            page: &page,
            time_zone: "America/New_York",
            language: "en",
        };
        change(&mut letter);
        letter.write()
    }

    #[test]
    fn luis_reads_the_times_on_his_own_clock_and_where_to_answer() {
        let letter = letter(Told::Offered, |letter| letter.note = "");
        assert_eq!(letter.subject, "Proposal: First talk");
        assert_eq!(
            letter.text,
            "Mei Tanaka proposes to meet at one of these times.\n\
             \n\
             First talk\n\
             \n\
             Tuesday 24 November 2026, 09:00–09:45 (New York time) · 15:00–15:45 in Berlin\n\
             Wednesday 25 November 2026, 09:00–09:45 (New York time) · 15:00–15:45 in Berlin\n\
             \n\
             How  Teams video call\n\
             Who  Mei Tanaka, Luis Ortega\n\
             \n\
             Agenda\n\
             Who we are\n\
             \n\
             Accept one of these times, or decline\n\
             https://ithaca.larkspur.example/a/YmFy/times\n\
             \n\
             -- \n\
             Opening the address changes nothing; only the buttons on it do. It is yours: who has it answers in your name.\n\
             Sent by Ithaca for Larkspur Health."
        );
    }

    #[test]
    fn each_thing_that_happens_has_words_of_its_own() {
        for (told, words) in [
            (Told::Reminder, "Mei Tanaka waits for your answer"),
            (Told::Declined, "None of the times that you offered"),
            (Told::Withdrawn, "Mei Tanaka no longer offers times"),
            (Told::Expired, "All the times that Mei Tanaka offered"),
            (Told::Ended, "was proposed and will not take place"),
        ] {
            let letter = letter(told, |letter| letter.note = "Because.");
            assert!(letter.text.contains(words), "{}", letter.text);
            assert!(letter.text.contains("Because."), "{}", letter.text);
        }
        let moving = of(Told::Offered, true, |letter| letter.note = "");
        assert!(
            moving
                .text
                .contains("proposes another time for “First talk”")
        );
        assert!(moving.text.contains("Planned: Tuesday 24 November"));
        let group = letter(Told::Offered, |letter| letter.is_group = true);
        assert!(group.text.contains("Say which of these times you can"));
    }

    #[test]
    fn e07_what_people_type_stays_text() {
        let html = letter(Told::Offered, |letter| {
            letter.title = "<img src=x onerror=alert(1)>";
            letter.agenda = "</p><a href=\"https://evil.example\">x</a>";
            letter.note = "<script>alert(1)</script>";
            letter.by = "<i>Mei</i>";
        })
        .html;
        for tag in ["<img", "<script", "<i>", "evil.example\">"] {
            assert!(!html.contains(tag), "{tag}\n{html}");
        }
    }
}
