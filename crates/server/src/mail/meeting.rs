//! Letters about a meeting: invitation, update, cancellation.
//!
//! The calendar object beside them tells a calendar program what to do; these
//! tell the reader what happened and what it means.

use askama::Template;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::answer::Answer;
use mentoring::invitation::Change;
use mentoring::meeting::Part;
use mentoring::repetition::Repetition;
use mentoring::track::Mode;
use url::Url;

use super::{Letter, When, repeats, text};

/// What one person is told about one meeting.
#[derive(Clone, Debug)]
pub struct MeetingLetter<'a> {
    pub change: &'a Change,
    /// Why it changed, if whoever changed it said so.
    pub reason: Option<&'a str>,
    pub reader: MeetingReader<'a>,
    pub organization: &'a str,
    pub title: &'a str,
    pub agenda: &'a str,
    /// The person who planned it.
    pub organizer: &'a str,
    /// Everyone expected, the reader and the organizer included.
    pub people: &'a [String],
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub time_zone: &'a str,
    /// How it repeats, and where that begins.
    pub repetition: Option<(Repetition, DateTime)>,
    /// Whether it is about one meeting of a series alone.
    pub alone: bool,
    pub mode: Mode,
    pub location: &'a str,
    /// The meeting's page in Ithaca.
    pub page: &'a Url,
    /// Ithaca's own join address, never Microsoft's.
    pub join_address: Option<&'a Url>,
    /// The Microsoft account that hosts, by its name.
    pub host: Option<&'a str>,
    /// Where the reader answers without signing in.
    pub answer_address: Option<&'a Url>,
}

/// Who reads it.
#[derive(Clone, Copy, Debug)]
pub struct MeetingReader<'a> {
    pub time_zone: &'a str,
    pub language: &'a str,
    /// Whether the reader planned the meeting.
    pub organizing: bool,
}

/// What the templates fill in.
#[derive(Debug)]
struct Words<'a> {
    subject: String,
    organization: String,
    title: String,
    opening: String,
    /// How it was before.
    before: Option<String>,
    reason: Option<String>,
    note: Option<&'static str>,
    when: When,
    /// "Every week, 4 times"
    repeats: Option<String>,
    how: String,
    people: String,
    agenda: String,
    organizer: String,
    organizing: bool,
    page: &'a Url,
    join_address: Option<&'a Url>,
    host: Option<String>,
    answer: Option<AnswerLinks>,
}

/// Each only opens a page with the button that counts.
#[derive(Debug)]
struct AnswerLinks {
    yes: Url,
    no: Url,
    maybe: Url,
}

impl AnswerLinks {
    fn at(address: &Url) -> Self {
        let link = |answer: Answer| {
            let mut link = address.clone();
            link.set_query(Some(&format!("answer={}", answer.as_str())));
            link
        };
        Self {
            yes: link(Answer::Yes),
            no: link(Answer::No),
            maybe: link(Answer::Maybe),
        }
    }
}

impl MeetingLetter<'_> {
    pub fn write(&self) -> Letter {
        let title = text::one_line(self.title);
        match self.change {
            Change::Created => {
                let opening = if self.reader.organizing {
                    "You planned this meeting. Here is its entry for your own calendar.".to_owned()
                } else {
                    format!("{} invites you to a meeting.", text::one_line(self.organizer))
                };
                let words = self.words("Invitation", opening);
                super::letter(&words.subject, &InvitationText { letter: &words }, &InvitationHtml { letter: &words })
            }
            Change::Rescheduled { was, .. } => {
                let back = (was.starts_at, was.ends_at) == (self.starts_at, self.ends_at);
                let was = (was.starts_at, was.ends_at);
                let was = When::new(was, self.reader.time_zone, self.time_zone, self.reader.language);
                let before = format!("It was planned for {}, {} ({}).", was.day, was.hours, was.zone);
                let mut words = self.words("Moved", format!("“{title}” has moved."));
                words.before = Some(before);
                if back && self.repetition.is_none() {
                    words.before = Some(BACK.to_owned());
                }
                if self.alone {
                    words.before = words.before.map(|before| format!("{before} {OTHERS}"));
                }
                update(&words)
            }
            Change::Shortened { from } => {
                let from = (from.starts_at, from.ends_at);
                let from = When::new(from, self.reader.time_zone, self.time_zone, self.reader.language);
                let mut words = self.words("Changed", format!("“{title}” ends earlier than it would have."));
                words.before = Some(format!("From {} on it does not take place.", from.day));
                update(&words)
            }
            Change::Changed { what } => {
                let what: Vec<&str> = what.iter().map(|part| named(*part)).collect();
                let mut words = self.words("Changed", format!("“{title}” has changed."));
                words.before = Some(format!("What is different: {}.", what.join(", ")));
                update(&words)
            }
            Change::ModeChanged { was } => {
                let closed = match was {
                    Mode::Teams => " The join address you were sent is closed.",
                    Mode::InPerson | Mode::Phone => "",
                };
                let opening = format!("“{title}” takes place in another way.");
                let mut words = self.words("Changed", opening);
                words.before = Some(format!("It was planned as: {}.{closed}", was.label()));
                update(&words)
            }
            Change::LinkChanged => {
                let opening = format!("“{title}” has a new Teams meeting.");
                let mut words = self.words("Changed", opening);
                words.before = Some("The join address opens the new one. A link of Microsoft’s that you may have kept does not.".to_owned());
                update(&words)
            }
            Change::Cancelled { reason } if self.alone => {
                let opening = format!("One meeting of “{title}” is cancelled, and its entry leaves your calendar.");
                let mut words = self.words("Cancelled", opening);
                words.reason = said(reason.as_deref());
                words.note = Some(OTHERS);
                cancellation(&words)
            }
            Change::Cancelled { reason } => {
                let opening = format!("“{title}” is cancelled, and its entry leaves your calendar.");
                let mut words = self.words("Cancelled", opening);
                words.reason = said(reason.as_deref());
                words.note = (self.mode == Mode::Teams).then_some(
                    "Ithaca removes its Teams meeting, and the join address is closed already. Whoever kept Microsoft’s own link may still get in there, but nobody is expected.",
                );
                cancellation(&words)
            }
            Change::Removed => cancellation(&self.words(
                "Cancelled for you",
                format!("You are no longer expected at “{title}”. Its entry leaves your calendar; the meeting takes place without you."),
            )),
        }
    }

    fn words(&self, kind: &str, opening: String) -> Words<'_> {
        let when = When::new(
            (self.starts_at, self.ends_at),
            self.reader.time_zone,
            self.time_zone,
            self.reader.language,
        );
        let location = text::one_line(self.location);
        let how = if location.is_empty() {
            self.mode.label().to_owned()
        } else {
            format!("{}: {location}", self.mode.label())
        };
        let title = text::one_line(self.title);
        Words {
            subject: format!("{kind}: {title} · {}", when.short),
            organization: text::one_line(self.organization),
            title,
            opening,
            before: None,
            reason: said(self.reason),
            note: None,
            when,
            repeats: self
                .repetition
                .map(|(rule, first)| repeats(&rule, first, self.reader.language)),
            how,
            people: text::one_line(&self.people.join(", ")),
            agenda: text::lines(self.agenda).trim().to_owned(),
            organizer: text::one_line(self.organizer),
            organizing: self.reader.organizing,
            page: self.page,
            join_address: self.join_address,
            host: self.host.map(text::one_line),
            answer: self.answer_address.map(AnswerLinks::at),
        }
    }
}

const BACK: &str = "It was moved and moved back again: the time is the one you knew.";
const OTHERS: &str = "The other meetings of the series stay as they are.";

const fn named(part: Part) -> &'static str {
    match part {
        Part::Title => "the title",
        Part::Agenda => "the agenda",
        Part::People => "the people",
        Part::Mode => "the way you meet",
        Part::Location => "the place",
        Part::Time => "the time",
        Part::Repetition => "how it repeats",
    }
}

fn said(reason: Option<&str>) -> Option<String> {
    let reason = text::lines(reason?).trim().to_owned();
    (!reason.is_empty()).then_some(reason)
}

fn update(words: &Words<'_>) -> Letter {
    super::letter(
        &words.subject,
        &UpdateText { letter: words },
        &UpdateHtml { letter: words },
    )
}

fn cancellation(words: &Words<'_>) -> Letter {
    super::letter(
        &words.subject,
        &CancellationText { letter: words },
        &CancellationHtml { letter: words },
    )
}

#[derive(Template)]
#[template(path = "mail/invitation.html")]
struct InvitationHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/invitation.txt", whitespace = "preserve")]
struct InvitationText<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/update.html")]
struct UpdateHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/update.txt", whitespace = "preserve")]
struct UpdateText<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/cancellation.html")]
struct CancellationHtml<'a> {
    letter: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "mail/cancellation.txt", whitespace = "preserve")]
struct CancellationText<'a> {
    letter: &'a Words<'a>,
}

#[cfg(test)]
mod tests {
    use mentoring::repetition::{End, Every};
    use mentoring::schedule::Schedule;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A talk of Mei and Luis on Teams, told to Luis in New York.
    struct Told {
        change: Change,
        title: &'static str,
        agenda: &'static str,
        location: &'static str,
        mode: Mode,
        time_zone: &'static str,
        organizing: bool,
        weekly: bool,
        alone: bool,
        people: Vec<String>,
        page: Url,
        join: Url,
        answer: Url,
    }

    fn told(change: Change) -> Told {
        Told {
            change,
            title: "First talk",
            agenda: "Who we are\nWhat we want",
            location: "",
            mode: Mode::Teams,
            time_zone: "America/New_York",
            organizing: false,
            weekly: false,
            alone: false,
            people: vec!["Mei Tanaka".into(), "Luis Ortega".into()],
            page: "https://ithaca.larkspur.example/larkspur/meetings/7"
                .parse()
                .unwrap(),
            join: "https://ithaca.larkspur.example/j/Zm9v".parse().unwrap(),
            answer: "https://ithaca.larkspur.example/a/YmFy".parse().unwrap(),
        }
    }

    impl Told {
        fn letter(&self) -> Letter {
            MeetingLetter {
                reason: None,
                change: &self.change,
                reader: MeetingReader {
                    time_zone: self.time_zone,
                    language: "en",
                    organizing: self.organizing,
                },
                organization: "Larkspur Health",
                title: self.title,
                agenda: self.agenda,
                organizer: "Mei Tanaka",
                people: &self.people,
                starts_at: at("2026-11-24T14:00:00Z"),
                ends_at: at("2026-11-24T14:45:00Z"),
                time_zone: "Europe/Berlin",
                repetition: self.weekly.then(|| {
                    let rule = Repetition {
                        every: Every::Week,
                        end: End::Count(4),
                    };
                    (rule, "2026-11-24T15:00:00".parse().unwrap())
                }),
                alone: self.alone,
                mode: self.mode,
                location: self.location,
                page: &self.page,
                join_address: (self.mode == Mode::Teams).then_some(&self.join),
                host: (self.mode == Mode::Teams).then_some("Teams Scheduler"),
                answer_address: Some(&self.answer),
            }
            .write()
        }
    }

    fn words_of(html: &str) -> String {
        mail_parser::decoders::html::html_to_text(html)
    }

    #[test]
    fn luis_reads_when_how_with_whom_and_where_to_join() {
        let letter = told(Change::Created).letter();
        assert_eq!(letter.subject, "Invitation: First talk · Tue 24 Nov, 09:00");
        assert_eq!(
            letter.text,
            "Mei Tanaka invites you to a meeting.\n\
             \n\
             First talk\n\
             \n\
             When  Tuesday 24 November 2026, 09:00–09:45 (New York time)\n\
             \x20     15:00–15:45 in Berlin\n\
             How   Teams video call\n\
             Who   Mei Tanaka, Luis Ortega\n\
             \n\
             Will you be there?\n\
             Yes    https://ithaca.larkspur.example/a/YmFy?answer=yes\n\
             No     https://ithaca.larkspur.example/a/YmFy?answer=no\n\
             Maybe  https://ithaca.larkspur.example/a/YmFy?answer=maybe\n\
             \n\
             Join Teams meeting\n\
             https://ithaca.larkspur.example/j/Zm9v\n\
             This address opens Teams from 15 minutes before the start until the end.\n\
             \n\
             Agenda\n\
             Who we are\n\
             What we want\n\
             \n\
             The meeting in Ithaca\n\
             https://ithaca.larkspur.example/larkspur/meetings/7\n\
             \n\
             -- \n\
             Hosted by Teams Scheduler, an account of Larkspur Health that never joins.\n\
             Only these links answer: accepting or declining in your calendar program does not reach Ithaca.\n\
             Sent by Ithaca for Larkspur Health."
        );
        for part in [
            "Tuesday 24 November 2026",
            "15:00–15:45 in Berlin",
            "Hosted by Teams Scheduler",
            "What we want",
        ] {
            assert!(
                words_of(&letter.html).contains(part),
                "{part}\n{}",
                letter.html
            );
        }
        assert!(
            letter.html.contains(
                "<a href=\"https://ithaca.larkspur.example/j/Zm9v\">Join Teams meeting</a>"
            )
        );
    }

    #[test]
    fn mei_gets_her_own_entry_and_is_not_invited_by_herself() {
        let mut told = told(Change::Created);
        told.organizing = true;
        let letter = told.letter();
        assert!(letter.text.starts_with("You planned this meeting."));
        assert!(
            !letter.text.contains("invites you") && !letter.text.contains("reply to this mail")
        );
    }

    #[test]
    fn a_meeting_by_phone_has_no_teams_in_its_letter() {
        let mut told = told(Change::Created);
        told.mode = Mode::Phone;
        told.location = "+49 30 901820";
        let letter = told.letter();
        assert!(letter.text.contains("How   Phone: +49 30 901820\n"));
        assert!(
            !letter.text.contains("Teams") && !letter.html.contains("Teams"),
            "{}",
            letter.html
        );
    }

    #[test]
    fn a_move_names_the_time_before_in_the_readers_zone() {
        let letter = told(Change::Rescheduled {
            was: Schedule {
                local_start: "2026-11-23T16:00:00".parse().unwrap(),
                time_zone: "Europe/Berlin".into(),
                duration_minutes: 30,
                starts_at: at("2026-11-23T15:00:00Z"),
                ends_at: at("2026-11-23T15:30:00Z"),
            },
        })
        .letter();
        assert_eq!(letter.subject, "Moved: First talk · Tue 24 Nov, 09:00");
        assert!(
            letter.text.starts_with(
                "“First talk” has moved.\n\
             It was planned for Monday 23 November 2026, 10:00–10:30 (New York time).\n"
            ),
            "{}",
            letter.text
        );
    }

    #[test]
    fn a_cancellation_gives_the_reason_and_says_what_microsofts_link_still_does() {
        let letter = told(Change::Cancelled {
            reason: Some("Mei is ill".into()),
        })
        .letter();
        assert_eq!(letter.subject, "Cancelled: First talk · Tue 24 Nov, 09:00");
        assert!(
            letter.text.contains("The reason given: Mei is ill\n"),
            "{}",
            letter.text
        );
        assert!(
            letter
                .text
                .contains("Whoever kept Microsoft’s own link may still get in")
        );
        assert!(
            !letter.text.contains("/j/") && !letter.html.contains("/j/"),
            "it is closed"
        );
        let mut by_phone = told(Change::Cancelled { reason: None });
        by_phone.mode = Mode::Phone;
        assert!(!by_phone.letter().text.contains("Microsoft"));
    }

    #[test]
    fn who_was_taken_out_is_told_so_and_gets_no_link() {
        let letter = told(Change::Removed).letter();
        assert!(letter.text.contains("no longer expected"));
        assert!(!letter.text.contains("/j/") && !letter.html.contains("/j/"));
    }

    #[test]
    fn another_way_to_meet_names_the_one_before() {
        let mut told = told(Change::ModeChanged { was: Mode::Teams });
        told.mode = Mode::Phone;
        let letter = told.letter();
        assert!(
            letter.text.contains(
                "It was planned as: Teams video call. The join address you were sent is closed.\n"
            ),
            "{}",
            letter.text
        );
        assert!(letter.text.contains("How   Phone\n"));
    }

    #[test]
    fn a_letter_about_one_meeting_of_a_series_says_that_the_others_stay() {
        let mut alone = told(Change::Cancelled { reason: None });
        alone.alone = true;
        let letter = alone.letter();
        assert!(
            letter
                .text
                .starts_with("One meeting of “First talk” is cancelled"),
            "{}",
            letter.text
        );
        assert!(letter.text.contains(OTHERS) && letter.html.contains(OTHERS));
        assert!(!letter.text.contains("Microsoft"), "the link stays open");
        let mut shortened = told(Change::Shortened {
            from: Schedule {
                local_start: "2026-12-08T15:00:00".parse().unwrap(),
                time_zone: "Europe/Berlin".into(),
                duration_minutes: 45,
                starts_at: at("2026-12-08T14:00:00Z"),
                ends_at: at("2026-12-08T14:45:00Z"),
            },
        });
        shortened.weekly = true;
        let letter = shortened.letter();
        for words in [
            "“First talk” ends earlier than it would have.\nFrom Tuesday 8 December 2026 on",
            "\n      Every Tuesday, 4 times\n",
        ] {
            assert!(letter.text.contains(words), "{words}\n{}", letter.text);
        }
        let what = vec![Part::Title, Part::Location];
        let letter = told(Change::Changed { what }).letter();
        assert!(
            letter
                .text
                .contains("What is different: the title, the place.\n"),
            "{}",
            letter.text
        );
    }

    #[test]
    fn e07_what_people_type_stays_text() {
        for change in [
            Change::Created,
            Change::LinkChanged,
            Change::Removed,
            Change::Cancelled {
                reason: Some("<script>alert(1)</script>".into()),
            },
        ] {
            let mut told = told(change);
            told.title = "<img src=x onerror=alert(1)>";
            told.agenda = "</p><a href=\"https://evil.example\">x</a>";
            told.location = "\"><b>";
            told.people = vec!["<i>Luis</i>".into()];
            let html = told.letter().html;
            for tag in ["<img", "<script", "<i>", "<b>", "evil.example\">"] {
                assert!(!html.contains(tag), "{tag}\n{html}");
            }
            let links = html.matches("href=\"").count();
            let ours = html
                .matches("href=\"https://ithaca.larkspur.example/")
                .count();
            assert_eq!(links, ours, "{html}");
        }
    }

    #[test]
    fn e01_a_subject_is_one_line() {
        let mut told = told(Change::Created);
        told.title = "Hi\r\nBCC: x@y";
        assert_eq!(
            told.letter().subject,
            "Invitation: Hi  BCC: x@y · Tue 24 Nov, 09:00"
        );
    }
}
