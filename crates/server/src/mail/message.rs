//! A mail as a value, and its MIME form.
//!
//! From is always the instance's own address, named for the person on whose
//! behalf it speaks; answers go to that person. Two attempts at one message
//! are byte for byte the same mail, but for the Date.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Address;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::text;

/// A name with an address, as it stands after To, From and Reply-To.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correspondent {
    pub name: String,
    pub email: String,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The calendar part of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarPart {
    /// The calendar object's METHOD: "REQUEST" or "CANCEL". The MIME part
    /// repeats it, and a mail program believes neither if they differ
    /// (RFC 6047, section 2.4).
    pub method: &'static str,
    pub text: String,
}

/// One mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub to: Correspondent,
    /// Who speaks: names the sender ("Mei Tanaka via Ithaca") and receives
    /// the replies. Without one the instance speaks for itself.
    pub on_behalf_of: Option<Correspondent>,
    pub letter: Letter,
    pub calendar: Option<CalendarPart>,
    pub id: MessageId,
    pub date: Timestamp,
}

/// The Message-ID of an outbox row: the same for each attempt, so that a
/// mailbox that got the mail twice can tell (N3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(String);

impl MessageId {
    pub fn of_row(row: Uuid, sender: &Sender) -> Self {
        Self(format!("<{row}@{}>", sender.address.domain()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The instance as a sender: one address for every mail and every calendar object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    address: Address,
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MessageError {
    #[error("“{0}” is not one plain e-mail address")]
    Address(String),
}

impl Sender {
    pub fn new(email: &str) -> Result<Self, MessageError> {
        Ok(Self {
            address: address(email)?,
        })
    }

    pub fn email(&self) -> &str {
        self.address.as_ref()
    }

    /// "Mei Tanaka via Ithaca": the name in From and in ORGANIZER.
    pub fn name_for(person: &str) -> String {
        format!("{} via Ithaca", text::one_line(person))
    }
}

impl Message {
    /// The MIME message: text and HTML as alternatives, and the calendar
    /// object as a third, which is how mail programs know an invitation.
    pub fn compose(&self, sender: &Sender) -> Result<lettre::Message, MessageError> {
        let from = match &self.on_behalf_of {
            Some(person) => Sender::name_for(&person.name),
            None => "Ithaca".to_owned(),
        };
        let mut message = lettre::Message::builder()
            .from(Mailbox::new(Some(from), sender.address.clone()))
            .to(mailbox(&self.to)?)
            .subject(text::one_line(&self.letter.subject))
            .message_id(Some(self.id.0.clone()))
            .date(system_time(self.date))
            .header(AutoSubmitted);
        if let Some(person) = &self.on_behalf_of {
            message = message.reply_to(mailbox(person)?);
        }
        let mut parts = MultiPart::alternative()
            .boundary(self.boundary())
            .singlepart(SinglePart::plain(text::lines(&self.letter.text)))
            .singlepart(SinglePart::html(self.letter.html.clone()));
        if let Some(calendar) = &self.calendar {
            let content_type = ContentType::parse(&format!(
                "text/calendar; method={}; charset=utf-8",
                calendar.method
            ))
            .expect("a calendar method is one word");
            parts = parts.singlepart(
                SinglePart::builder()
                    .header(content_type)
                    .body(calendar.text.clone()),
            );
        }
        Ok(message
            .multipart(parts)
            .expect("From and To are there, and nothing else is missed"))
    }

    /// Derived from what it divides, so that nothing in a part can be made to
    /// look like it, and a second attempt looks like the first.
    fn boundary(&self) -> String {
        use base64::Engine as _;
        let mut hash = Sha256::new();
        let calendar = self.calendar.as_ref().map_or("", |part| &part.text);
        for part in [&self.id.0, &self.letter.text, &self.letter.html, calendar] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.finalize()[..24])
    }
}

/// Says that no person wrote this by hand, so that absence notes stay away (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// One ASCII addr-spec without a quoted part; anything else is refused, for it
/// might be read as two addresses.
pub(super) fn address(email: &str) -> Result<Address, MessageError> {
    let refused = || MessageError::Address(text::one_line(email));
    let plain = email.is_ascii()
        && email.len() <= 254
        && !email
            .bytes()
            .any(|byte| byte.is_ascii_control() || b" \"(),:;<>[]\\".contains(&byte));
    if plain {
        email.parse().map_err(|_| refused())
    } else {
        Err(refused())
    }
}

fn mailbox(person: &Correspondent) -> Result<Mailbox, MessageError> {
    let name = text::one_line(&person.name);
    Ok(Mailbox::new(
        (!name.is_empty()).then_some(name),
        address(&person.email)?,
    ))
}

fn system_time(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders as _, PartType};

    use super::*;

    fn sender() -> Sender {
        Sender::new("ithaca@larkspur.example").unwrap()
    }

    fn invitation() -> Message {
        Message {
            to: Correspondent {
                name: "Luis Ortega".into(),
                email: "luis@larkspur.example".into(),
            },
            on_behalf_of: Some(Correspondent {
                name: "Mei Tanaka".into(),
                email: "mei@larkspur.example".into(),
            }),
            letter: Letter {
                subject: "Invitation: Fünf Fragen · Tue 24 Nov, 15:00".into(),
                text: "Mei Tanaka invites you.\n.\nä\n".into(),
                html: "<p>Mei Tanaka invites you.</p>".into(),
            },
            calendar: Some(CalendarPart {
                method: "REQUEST",
                text: "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nX:ü\r\nEND:VCALENDAR\r\n".into(),
            }),
            id: MessageId::of_row(Uuid::from_u128(7), &sender()),
            date: "2026-11-23T09:30:00Z".parse().unwrap(),
        }
    }

    fn composed(message: &Message) -> Vec<u8> {
        message.compose(&sender()).unwrap().formatted()
    }

    fn header_names(bytes: &[u8]) -> Vec<String> {
        let parsed = MessageParser::new().parse(bytes).unwrap();
        let names = parsed.headers().iter();
        names.map(|header| header.name().to_owned()).collect()
    }

    #[test]
    fn an_invitation_is_sent_by_the_instance_and_answered_to_the_person() {
        let bytes = composed(&invitation());
        let parsed = MessageParser::new().parse(&bytes).unwrap();
        let from = parsed.from().unwrap().first().unwrap();
        assert_eq!(from.name(), Some("Mei Tanaka via Ithaca"));
        assert_eq!(from.address(), Some("ithaca@larkspur.example"));
        let reply = parsed.reply_to().unwrap().first().unwrap();
        assert_eq!(reply.address(), Some("mei@larkspur.example"));
        let to = parsed.to().unwrap().first().unwrap();
        assert_eq!(
            (to.name(), to.address()),
            (Some("Luis Ortega"), Some("luis@larkspur.example"))
        );
        assert_eq!(
            parsed.subject(),
            Some("Invitation: Fünf Fragen · Tue 24 Nov, 15:00")
        );
        assert_eq!(
            parsed.message_id(),
            Some("00000000-0000-0000-0000-000000000007@larkspur.example")
        );
        assert_eq!(
            parsed.header_raw("Auto-Submitted").unwrap().trim(),
            "auto-generated"
        );
        assert_eq!(parsed.date().unwrap().to_rfc3339(), "2026-11-23T09:30:00Z");
        assert!(
            !header_names(&bytes)
                .iter()
                .any(|name| name.to_lowercase().starts_with("list-"))
        );
    }

    #[test]
    fn its_three_forms_are_alternatives_and_the_calendar_names_its_method() {
        let bytes = composed(&invitation());
        let parsed = MessageParser::new().parse(&bytes).unwrap();
        let root = parsed.root_part().content_type().unwrap();
        assert_eq!(
            (root.ctype(), root.subtype()),
            ("multipart", Some("alternative"))
        );
        let types: Vec<_> = parsed.parts[1..]
            .iter()
            .map(|part| part.content_type().unwrap())
            .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap()))
            .collect();
        assert_eq!(types, ["text/plain", "text/html", "text/calendar"]);
        let calendar = &parsed.parts[3];
        let kind = calendar.content_type().unwrap();
        assert_eq!(kind.attribute("method"), Some("REQUEST"));
        assert_eq!(kind.attribute("charset"), Some("utf-8"));
        assert!(
            calendar.content_disposition().is_none(),
            "or it is an attachment"
        );
        let PartType::Text(text) = &calendar.body else {
            panic!("{:?}", calendar.body);
        };
        assert_eq!(*text, invitation().calendar.unwrap().text);
        assert_eq!(
            parsed.body_text(0).unwrap().trim_end(),
            "Mei Tanaka invites you.\r\n.\r\nä"
        );
    }

    #[test]
    fn a_notice_without_a_person_comes_from_ithaca_itself() {
        let mut notice = invitation();
        notice.on_behalf_of = None;
        notice.calendar = None;
        let bytes = composed(&notice);
        let parsed = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(
            parsed.from().unwrap().first().unwrap().name(),
            Some("Ithaca")
        );
        assert!(parsed.reply_to().is_none());
        assert_eq!(parsed.parts.len(), 3);
    }

    #[test]
    fn f31_a_second_attempt_is_the_same_mail() {
        assert_eq!(composed(&invitation()), composed(&invitation()));
    }

    #[test]
    fn e01_no_header_is_added_by_what_people_typed() {
        let plain = header_names(&composed(&invitation()));
        for typed in [
            "Hi\r\nBCC: x@y",
            "Hi\rBcc: x@y",
            "Hi\nBcc: x@y",
            "Hi\u{2028}Bcc: x@y",
            "Hi\0Bcc: x@y",
            "\" <x@y>, \"",
            "x@y, z@w",
            "=?utf-8?Q?=0D=0ABcc:_x@y?=",
            "a\\\"b",
            &"very ".repeat(200),
        ] {
            let mut message = invitation();
            message.letter.subject = typed.into();
            message.to.name = typed.into();
            message.on_behalf_of.as_mut().unwrap().name = typed.into();
            let bytes = composed(&message);
            assert_eq!(header_names(&bytes), plain, "{typed:?}");
            let parsed = MessageParser::new().parse(&bytes).unwrap();
            for addresses in [parsed.from(), parsed.to(), parsed.reply_to()] {
                assert_eq!(addresses.unwrap().iter().count(), 1, "{typed:?}");
            }
            assert_eq!(
                parsed.to().unwrap().first().unwrap().address(),
                Some("luis@larkspur.example"),
                "{typed:?}"
            );
            assert!(bytes.is_ascii());
        }
    }

    #[test]
    fn e04_a_message_goes_to_one_plain_address() {
        for email in [
            "a@b,c@d",
            "a@b?cc=c@d",
            "\"a@b\"<c@d>",
            "<a@b>",
            "luis@lаrkspur.example",
            "luis@larkspur.example\r\nRCPT TO:<x@y>",
            "luis",
            "@larkspur.example",
            "",
        ] {
            let mut message = invitation();
            message.to.email = email.into();
            // A question mark is a letter like any other outside of mailto.
            let plain = email == "a@b?cc=c@d";
            let refused = message.compose(&sender());
            assert!(refused.is_err(), "{email} {plain}");
        }
        assert!(address("o'brien+notes@larkspur.example").is_ok());
    }
}
