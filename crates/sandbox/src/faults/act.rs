//! What a fault does.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nonsense::Nonsense;

/// What goes wrong with a call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    pub what: What,
    /// How much later the call arrives at its door, whether or not the client still waits.
    pub delay: Duration,
    /// The same on the sandbox's clock.
    pub hold: SignedDuration,
    /// How much later the answer leaves, the work being done at once.
    pub late: Duration,
}

/// The kinds of things that go wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum What {
    /// The right answer; it is late at most.
    #[default]
    Nothing,
    /// Another answer, and no work done.
    Answer(Answer),
    /// The work is done, then the connection is cut.
    LoseAnswer,
    /// The connection is cut, and no work done.
    LoseRequest,
    /// The work is done; the connection is cut after so many bytes of the answer's body.
    CutAfter(usize),
    /// The work is done and its JSON answer is changed (RFC 7396: null takes a member away).
    Alter(Value),
    /// An answer that makes no sense, and no work done.
    Garbage(Nonsense, Dress),
    /// The right answer, a few bytes at a time.
    Drip(Drip),
    /// A redirect to somewhere else, and no work done.
    Redirect(String, Dress),
    /// A refusal of Entra ID with this number, and no work done.
    Aadsts(u32, Dress),
    /// A refusal of Graph with this code, and no work done.
    GraphError(String, Dress),
    /// Graph asks for a newer token (continuous access evaluation), and no work is done.
    ClaimsChallenge,
    /// Another of these levers is pulled; then the call goes on undisturbed.
    Pull(Pull),
}

/// Another answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON, nothing at all as an empty body.
    pub body: Value,
}

/// What may be added to an answer whose kind decides the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dress {
    pub status: Option<u16>,
    pub headers: BTreeMap<String, String>,
    pub message: Option<String>,
}

/// How an answer drips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drip {
    pub every_ms: u64,
    pub bytes: usize,
}

impl Default for Drip {
    /// A byte a second.
    fn default() -> Self {
        Self {
            every_ms: 1_000,
            bytes: 1,
        }
    }
}

/// A request to the admin doors, made when the call arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pull {
    pub method: String,
    /// With or without `/_sandbox/` before it.
    pub path: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

impl Act {
    /// Another answer with a JSON body.
    pub fn answer(status: u16, body: Value) -> Self {
        What::Answer(Answer {
            status,
            headers: BTreeMap::new(),
            body,
        })
        .into()
    }

    /// A refusal of Entra ID.
    pub fn aadsts(code: u32) -> Self {
        What::Aadsts(code, Dress::default()).into()
    }

    /// The work done and its answer lost.
    pub fn lose_answer() -> Self {
        What::LoseAnswer.into()
    }

    /// How late a part of a batch makes it. The sandbox's clock doesn't count there.
    pub(crate) fn lateness(&self) -> Duration {
        self.delay.saturating_add(self.late)
    }

    /// Whether the work waits for something.
    pub(super) fn is_held(&self) -> bool {
        !self.delay.is_zero() || self.hold.is_positive()
    }
}

impl From<What> for Act {
    fn from(what: What) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }
}
