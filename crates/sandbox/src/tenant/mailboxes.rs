//! Mail that arrived, as it came through SMTP.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::smtp::Faults;

/// How much mail is kept, in bytes. The oldest leaves first.
const KEPT: usize = 64 << 20;

/// Every message that was delivered here, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mailboxes {
    messages: VecDeque<Message>,
    last: u64,
    size: usize,
    /// What goes wrong with the next messages.
    #[serde(skip)]
    pub faults: Faults,
}

/// A message with its envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Counts up from 1, over all mailboxes.
    pub number: u64,
    /// Empty for a notice of non-delivery.
    pub from: String,
    pub to: Vec<String>,
    pub at: Timestamp,
    /// The message as it was sent: headers, an empty line, the body.
    #[serde(with = "raw")]
    pub raw: Vec<u8>,
}

impl Mailboxes {
    /// Puts a message into the mailboxes of its recipients.
    pub fn deliver(&mut self, from: String, to: Vec<String>, at: Timestamp, raw: Vec<u8>) -> u64 {
        self.last += 1;
        self.size += raw.len();
        self.messages.push_back(Message {
            number: self.last,
            from,
            to,
            at,
            raw,
        });
        while self.size > KEPT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.size -= oldest.raw.len();
        }
        self.last
    }

    /// Throws every message away. Numbers go on where they were.
    pub fn empty(&mut self) {
        self.messages.clear();
        self.size = 0;
    }

    /// Every message, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> + ExactSizeIterator {
        self.messages.iter()
    }

    /// The messages in one mailbox, newest first.
    pub fn list<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a Message> {
        self.messages
            .iter()
            .rev()
            .filter(move |message| message.is_to(address))
    }

    /// A message of one mailbox.
    pub fn find(&self, address: &str, number: u64) -> Option<&Message> {
        let at = self
            .messages
            .binary_search_by_key(&number, |message| message.number)
            .ok()?;
        let message = self.messages.get(at)?;
        message.is_to(address).then_some(message)
    }
}

impl Message {
    /// Whether it was delivered to this address, in any case.
    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    /// The message as text; bytes that are no UTF-8 show as U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }
}

/// A message is kept as text where it is text, for people who read the state file.
mod raw {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Kept<'a> {
        Text(std::borrow::Cow<'a, str>),
        Bytes { base64: String },
    }

    pub(super) fn serialize<S: Serializer>(raw: &[u8], to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(raw) {
            Ok(text) => Kept::Text(text.into()),
            Err(_) => Kept::Bytes {
                base64: BASE64_STANDARD.encode(raw),
            },
        }
        .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        match Kept::deserialize(from)? {
            Kept::Text(text) => Ok(text.into_owned().into_bytes()),
            Kept::Bytes { base64 } => BASE64_STANDARD.decode(base64).map_err(de::Error::custom),
        }
    }
}
