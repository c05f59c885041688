//! Mail that arrived, as it came through SMTP.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Every message that was delivered here, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mailboxes {
    pub messages: Vec<Message>,
}

/// A message with its envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Counts up from 1.
    pub number: u64,
    pub from: String,
    pub to: Vec<String>,
    pub at: Timestamp,
    /// The message as it was sent: headers, an empty line, the body.
    pub raw: String,
}
