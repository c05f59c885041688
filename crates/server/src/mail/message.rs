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
