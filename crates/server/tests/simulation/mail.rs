//! The seam to the mail server, and everybody's mailbox.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use ithaca::mail::{Delivery, Smtp};
use mail_parser::{MessageParser, MimeHeaders as _};

use crate::stage::Stage;

/// The mail server.
#[derive(Clone)]
pub struct Mail {
    stage: Stage,
    boxes: Arc<Mutex<BTreeMap<String, Vec<Received>>>>,
    refused: Arc<Mutex<Vec<Received>>>,
}

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub message_id: String,
    /// What it does to the reader's calendar.
    pub calendar: Option<Calendar>,
}

/// A calendar object, as far as it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub method: String,
    pub uid: String,
    pub sequence: i64,
    /// The one occurrence that it is about.
    pub only: Option<String>,
    pub starts: String,
    /// What was called off of a series, by its original start.
    pub excluded: BTreeSet<String>,
    /// What was moved of a series, from its original start to another.
    pub moved: BTreeMap<String, String>,
    pub summary: String,
    /// Everything else, to compare what was sent twice.
    pub text: String,
}

/// What the mail server does with a message.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Refuse,
    NotNow,
    LoseAnswer,
}

impl Mail {
    pub fn new(stage: Stage) -> Self {
        Self {
            stage,
            boxes: Arc::default(),
            refused: Arc::default(),
        }
    }

    /// The way to it for one node.
    pub fn smtp(&self) -> Smtp {
        let mail = self.clone();
        Smtp::service(move |message| {
            let mail = mail.clone();
            async move { mail.take(&message).await }
        })
    }

    async fn take(&self, message: &lettre::Message) -> Delivery {
        self.stage.boundary("a mail leaves").await;
        let to = message.envelope().to().first().map(ToString::to_string);
        let to = to.unwrap_or_default();
        let fault = self.fault();
        if let Some(fault) = fault {
            self.stage.note(&format!("mail to {to}: {fault:?}"));
        }
        let received = read(&message.formatted());
        match fault {
            Some(Fault::Refuse) => {
                self.refused
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(received);
                return Delivery::Refused("550 not wanted".to_owned());
            }
            Some(Fault::NotNow) => return Delivery::TryAgain("451 not now".to_owned()),
            Some(Fault::LoseAnswer) | None => {}
        }
        self.stage.note(&match &received.calendar {
            Some(one) => format!(
                "mail to {to}: {} {} of {}{}",
                one.method,
                one.sequence,
                one.summary,
                one.only
                    .as_ref()
                    .map_or(String::new(), |only| format!(", {only}"))
            ),
            None => format!("mail to {to}"),
        });
        self.boxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(to)
            .or_default()
            .push(received);
        self.stage.boundary("a mail is taken").await;
        match fault {
            Some(_) => Delivery::Unknown("the connection was reset".to_owned()),
            None => Delivery::Delivered,
        }
    }

    fn fault(&self) -> Option<Fault> {
        let mut inner = self.stage.lock();
        if inner.weather.is_calm {
            return None;
        }
        if inner.weather.mail_is_down {
            return Some(Fault::NotNow);
        }
        let often = inner.weather.mails_fail;
        if !inner.choices.happens(often) {
            return None;
        }
        Some(inner.choices.one(&[
            Fault::NotNow,
            Fault::NotNow,
            Fault::LoseAnswer,
            Fault::LoseAnswer,
            Fault::Refuse,
        ]))
    }

    /// Everybody's mail, in the order in which it arrived.
    pub fn boxes(&self) -> BTreeMap<String, Vec<Received>> {
        self.boxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What the mail server will never take.
    pub fn refused(&self) -> Vec<Received> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn read(bytes: &[u8]) -> Received {
    let message = MessageParser::new().parse(bytes).expect("it is a message");
    let calendar = message
        .parts
        .iter()
        .find(|part| {
            part.content_type()
                .is_some_and(|kind| kind.subtype() == Some("calendar"))
        })
        .and_then(|part| part.text_contents())
        .map(calendar);
    Received {
        message_id: message.message_id().unwrap_or_default().to_owned(),
        calendar,
    }
}

fn calendar(text: &str) -> Calendar {
    let unfolded = text.replace("\r\n ", "").replace("\n ", "");
    // The first is the meeting, or the one occurrence that the message is about; those of a
    // series that were moved follow it.
    let mut events = unfolded.split("BEGIN:VEVENT").skip(1);
    let event = events.next().unwrap_or_default();
    let value = |from: &str, name: &str| {
        from.lines()
            .find(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with([':', ';']))
            })
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    Calendar {
        method: value(&unfolded, "METHOD").unwrap_or_default(),
        uid: value(event, "UID").unwrap_or_default(),
        sequence: value(event, "SEQUENCE")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        only: value(event, "RECURRENCE-ID"),
        starts: value(event, "DTSTART").unwrap_or_default(),
        excluded: event
            .lines()
            .filter(|line| line.starts_with("EXDATE"))
            .filter_map(|line| line.split_once(':'))
            .map(|(_, original)| original.trim().to_owned())
            .collect(),
        moved: events
            .filter_map(|moved| Some((value(moved, "RECURRENCE-ID")?, value(moved, "DTSTART")?)))
            .collect(),
        summary: value(event, "SUMMARY").unwrap_or_default(),
        text: unfolded
            .lines()
            .filter(|line| !line.starts_with("DTSTAMP"))
            .collect(),
    }
}
