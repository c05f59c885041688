//! What goes wrong with mail on demand.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that goes wrong with mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub on: On,
    /// How many such moments go well before.
    #[serde(default)]
    pub after: u64,
    /// How many times it still happens; none: until it is called off.
    #[serde(default)]
    pub times: Option<u64>,
    /// How long it may still happen, in seconds of the sandbox's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u32>,
    #[serde(rename = "do")]
    pub act: Act,
}

/// The moment that a fault is about; what is left out fits every message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    pub stage: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// One of the recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the greeting.
    Connect,
    Mail,
    Recipient,
    /// The command DATA, before the message.
    Data,
    /// The end of the message.
    #[default]
    Message,
}

/// What a fault does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Act {
    pub what: What,
    /// How much later the answer is said.
    pub delay: Duration,
}

/// The kinds of things that go wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// The right answer; it is late at most.
    #[default]
    Nothing,
    /// Answers with this code (4xx or 5xx) and text, and takes nothing.
    Refuse { code: u16, text: String },
    /// Does what was asked, a message's delivery included, and cuts the connection before the
    /// answer.
    LoseAnswer,
    /// Cuts the connection, and nothing is done.
    LoseRequest,
}

impl From<What> for Act {
    fn from(what: What) -> Self {
        Self {
            what,
            delay: Duration::ZERO,
        }
    }
}

/// How an act is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    lose_answer: bool,
    #[serde(skip_serializing_if = "is_false")]
    lose_request: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u32>,
}

impl TryFrom<Form> for Act {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let what = match (form.code, form.lose_answer, form.lose_request) {
            (Some(code @ 400..=599), false, false) => What::Refuse {
                code,
                text: form.text.unwrap_or_else(|| usual_text(code).to_owned()),
            },
            (Some(code), false, false) => {
                return Err(format!("{code} is no refusal; those go from 400 to 599"));
            }
            (None, _, _) if form.text.is_some() => {
                return Err("a text belongs to a code".to_owned());
            }
            (None, true, false) => What::LoseAnswer,
            (None, false, true) => What::LoseRequest,
            (None, false, false) if form.delay_ms.is_some() => What::Nothing,
            (None, false, false) => return Err("it says nothing that could go wrong".to_owned()),
            _ => return Err("of code, lose_answer and lose_request one at a time".to_owned()),
        };
        Ok(Self {
            what,
            delay: Duration::from_millis(form.delay_ms.unwrap_or_default().into()),
        })
    }
}

impl From<Act> for Form {
    fn from(act: Act) -> Self {
        let form = match act.what {
            What::Nothing => Self::default(),
            What::Refuse { code, text } => Self {
                code: Some(code),
                text: Some(text),
                ..Self::default()
            },
            What::LoseAnswer => Self {
                lose_answer: true,
                ..Self::default()
            },
            What::LoseRequest => Self {
                lose_request: true,
                ..Self::default()
            },
        };
        let ms = u32::try_from(act.delay.as_millis()).unwrap_or(u32::MAX);
        Self {
            delay_ms: (ms > 0).then_some(ms),
            ..form
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference."
)]
fn is_false(value: &bool) -> bool {
    !value
}

fn usual_text(code: u16) -> &'static str {
    match code {
        421 => "4.3.2 Not taking mail now",
        450 | 451 => "4.7.1 Come back later",
        452 => "4.2.2 The mailbox is full for now",
        550 => "5.1.1 There is no such mailbox",
        552 => "5.2.2 The mailbox is full",
        553 => "5.1.3 That is no address",
        400..500 => "4.0.0 Not now",
        _ => "5.0.0 No",
    }
}

/// What is still to go wrong with mail.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    last: u64,
    queue: Vec<Queued>,
}

/// A fault that waits for its messages.
#[derive(Clone, Debug, Serialize)]
pub struct Queued {
    /// Counts up from 1.
    pub number: u64,
    #[serde(flatten)]
    pub fault: Fault,
    /// How many times it happened.
    pub happened: u64,
    /// When it ends by itself, on the sandbox's clock.
    pub until: Option<Timestamp>,
}

impl Faults {
    pub fn push(&mut self, fault: Fault, now: Timestamp) -> Queued {
        self.last += 1;
        let until = fault.for_seconds.map(|seconds| {
            now.saturating_add(SignedDuration::from_secs(seconds.into()))
                .unwrap_or(Timestamp::MAX)
        });
        let queued = Queued {
            number: self.last,
            fault,
            happened: 0,
            until,
        };
        self.queue.push(queued.clone());
        queued
    }

    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Calls one off. False when there is none with this number.
    pub fn remove(&mut self, number: u64) -> bool {
        let before = self.queue.len();
        self.queue.retain(|queued| queued.number != number);
        self.queue.len() < before
    }

    pub fn list(&mut self, now: Timestamp) -> Vec<Queued> {
        self.queue.retain(|queued| !queued.is_over(now));
        self.queue.clone()
    }

    /// What happens at this stage: the first fault that is about it.
    pub(super) fn take(
        &mut self,
        stage: Stage,
        from: Option<&str>,
        to: &[String],
        now: Timestamp,
    ) -> Option<Act> {
        let mut taken = None;
        for queued in &mut self.queue {
            if queued.is_over(now) || !queued.fault.on.fits(stage, from, to) {
                continue;
            }
            if queued.fault.after > 0 {
                queued.fault.after -= 1;
            } else if taken.is_none() {
                taken = Some(queued.fault.act.clone());
                queued.happened += 1;
                if let Some(times) = &mut queued.fault.times {
                    *times = times.saturating_sub(1);
                }
            }
        }
        self.queue.retain(|queued| !queued.is_over(now));
        taken
    }
}

impl Queued {
    fn is_over(&self, now: Timestamp) -> bool {
        self.fault.times == Some(0) || self.until.is_some_and(|until| until <= now)
    }
}

impl On {
    fn fits(&self, stage: Stage, from: Option<&str>, to: &[String]) -> bool {
        self.stage == stage
            && self
                .from
                .as_deref()
                .is_none_or(|wanted| from.is_some_and(|from| from.eq_ignore_ascii_case(wanted)))
            && self
                .to
                .as_deref()
                .is_none_or(|wanted| to.iter().any(|to| to.eq_ignore_ascii_case(wanted)))
    }
}
