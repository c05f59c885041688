//! How an act is written down: an object with one thing that goes wrong and,
//! if wanted, how late.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::act::{Act, Answer, Dress, Drip, Pull, What};
use super::nonsense::Nonsense;

/// How an act is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_answer_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lose_answer: Option<Always>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lose_request: Option<Always>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_after: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alter: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    garbage: Option<Nonsense>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "drip_ms")]
    drip: Option<DripForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        alias = "aadsts_code",
        alias = "AADSTS"
    )]
    aadsts: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    graph_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_challenge: Option<Always>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull: Option<Pull>,
}

impl Form {
    fn read(self) -> Result<Act, String> {
        for (name, value) in [
            ("delay_ms", self.delay_ms),
            ("delay_answer_ms", self.delay_answer_ms),
        ] {
            if value.is_some_and(|ms| ms > LONGEST_MS) {
                return Err(format!("{name} is a day at most"));
            }
        }
        let is_late = self.delay_ms.is_some()
            || self.hold_seconds.is_some()
            || self.delay_answer_ms.is_some();
        let (delay, hold, late) = (
            Duration::from_millis(self.delay_ms.unwrap_or_default()),
            SignedDuration::from_secs(self.hold_seconds.unwrap_or_default().into()),
            Duration::from_millis(self.delay_answer_ms.unwrap_or_default()),
        );
        let what = self.what()?;
        if what == What::Nothing && !is_late {
            return Err("it says nothing that could go wrong".to_owned());
        }
        Ok(Act {
            what,
            delay,
            hold,
            late,
        })
    }

    fn what(self) -> Result<What, String> {
        let dress = Dress {
            status: self.status,
            headers: self
                .headers
                .into_iter()
                .map(|(name, Text(value))| (name, value))
                .collect(),
            message: self.message,
        };
        if let Some(status) = dress.status.filter(|status| !(200..=599).contains(status)) {
            return Err(format!("{status} is no status from 200 to 599"));
        }
        let is_dressed = dress != Dress::default();
        let has_message = dress.message.is_some();
        let mut found: Vec<(&str, What)> = Vec::new();
        found.extend(self.lose_answer.map(|_| ("lose_answer", What::LoseAnswer)));
        found.extend(
            self.lose_request
                .map(|_| ("lose_request", What::LoseRequest)),
        );
        found.extend(
            self.cut_after
                .map(|bytes| ("cut_after", What::CutAfter(bytes))),
        );
        found.extend(self.alter.map(|patch| ("alter", What::Alter(patch))));
        found.extend(self.drip.map(|DripForm(drip)| ("drip", What::Drip(drip))));
        found.extend(
            self.claims_challenge
                .map(|_| ("claims_challenge", What::ClaimsChallenge)),
        );
        found.extend(self.pull.map(|pull| ("pull", What::Pull(pull))));
        let is_plain = !found.is_empty();
        let mut dressed: Vec<(&str, What)> = Vec::new();
        dressed.extend(
            self.garbage
                .map(|kind| ("garbage", What::Garbage(kind, dress.clone()))),
        );
        dressed.extend(
            self.redirect
                .map(|to| ("redirect", What::Redirect(to, dress.clone()))),
        );
        dressed.extend(
            self.aadsts
                .map(|Number(code)| ("aadsts", What::Aadsts(code, dress.clone()))),
        );
        dressed.extend(
            self.graph_error
                .map(|code| ("graph_error", What::GraphError(code, dress.clone()))),
        );
        let takes_message = dressed
            .iter()
            .any(|(name, _)| matches!(*name, "aadsts" | "graph_error"));
        found.extend(dressed);
        if has_message && !takes_message {
            return Err("a message belongs to aadsts or graph_error".to_owned());
        }
        if found.len() > 1 {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            return Err(format!("{} are two things", names.join(" and ")));
        }
        let Some((name, what)) = found.pop() else {
            return Ok(if is_dressed || self.body.is_some() {
                What::Answer(Answer {
                    status: dress.status.unwrap_or(200),
                    headers: dress.headers,
                    body: self.body.unwrap_or_default(),
                })
            } else {
                What::Nothing
            });
        };
        if self.body.is_some() || (is_plain && is_dressed) {
            return Err(format!("{name} takes no answer of yours beside it"));
        }
        Ok(what)
    }
}

/// The longest delay in real time: a day.
const LONGEST_MS: u64 = 24 * 3_600 * 1_000;

impl From<&Act> for Form {
    fn from(act: &Act) -> Self {
        let ms = |duration: Duration| {
            (!duration.is_zero()).then(|| u64::try_from(duration.as_millis()).unwrap_or(LONGEST_MS))
        };
        let dressed = |dress: &Dress| Self {
            status: dress.status,
            headers: texts(&dress.headers),
            message: dress.message.clone(),
            ..Self::default()
        };
        let form = match act.what.clone() {
            What::Nothing => Self::default(),
            What::Answer(answer) => Self {
                status: Some(answer.status),
                headers: texts(&answer.headers),
                body: Some(answer.body).filter(|body| !body.is_null()),
                ..Self::default()
            },
            What::LoseAnswer => Self {
                lose_answer: Some(Always),
                ..Self::default()
            },
            What::LoseRequest => Self {
                lose_request: Some(Always),
                ..Self::default()
            },
            What::CutAfter(bytes) => Self {
                cut_after: Some(bytes),
                ..Self::default()
            },
            What::Alter(patch) => Self {
                alter: Some(patch),
                ..Self::default()
            },
            What::Garbage(kind, dress) => Self {
                garbage: Some(kind),
                ..dressed(&dress)
            },
            What::Drip(drip) => Self {
                drip: Some(DripForm(drip)),
                ..Self::default()
            },
            What::Redirect(to, dress) => Self {
                redirect: Some(to),
                ..dressed(&dress)
            },
            What::Aadsts(code, dress) => Self {
                aadsts: Some(Number(code)),
                ..dressed(&dress)
            },
            What::GraphError(code, dress) => Self {
                graph_error: Some(code),
                ..dressed(&dress)
            },
            What::ClaimsChallenge => Self {
                claims_challenge: Some(Always),
                ..Self::default()
            },
            What::Pull(pull) => Self {
                pull: Some(pull),
                ..Self::default()
            },
        };
        Self {
            delay_ms: ms(act.delay),
            hold_seconds: u32::try_from(act.hold.as_secs())
                .ok()
                .filter(|seconds| *seconds > 0),
            delay_answer_ms: ms(act.late),
            ..form
        }
    }
}

fn texts(headers: &BTreeMap<String, String>) -> BTreeMap<String, Text> {
    headers
        .iter()
        .map(|(name, value)| (name.clone(), Text(value.clone())))
        .collect()
}

impl Serialize for Act {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Form::from(self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Act {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ActVisitor)
    }
}

struct ActVisitor;

impl<'de> Visitor<'de> for ActVisitor {
    type Value = Act;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that says what goes wrong")
    }

    /// What needs no more than a word may be written as one.
    fn visit_str<E: de::Error>(self, word: &str) -> Result<Act, E> {
        match word {
            "lose_answer" => Ok(What::LoseAnswer.into()),
            "lose_request" => Ok(What::LoseRequest.into()),
            "claims_challenge" => Ok(What::ClaimsChallenge.into()),
            "drip" => Ok(What::Drip(Drip::default()).into()),
            other => other
                .parse()
                .map(|kind| What::Garbage(kind, Dress::default()).into())
                .map_err(|_| E::custom(format!("`{other}` is nothing that could go wrong"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Act, A::Error> {
        Form::deserialize(MapAccessDeserializer::new(map))?
            .read()
            .map_err(de::Error::custom)
    }
}

/// Written as `true`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
struct Always;

impl TryFrom<bool> for Always {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        value.then_some(Self).ok_or("only true makes sense here")
    }
}

impl From<Always> for bool {
    fn from(_: Always) -> Self {
        true
    }
}

/// A text; numbers are taken too, for `Retry-After` is one.
#[derive(Clone, Debug, Serialize)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(de::Error::custom("a header is a text")),
        }
    }
}

/// The number of an error: `50173`, `"50173"` or `"AADSTS50173"`.
#[derive(Clone, Copy, Debug, Serialize)]
struct Number(u32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(from)? {
            Value::Number(number) => number.as_u64().and_then(|code| u32::try_from(code).ok()),
            Value::String(text) => text
                .strip_prefix("AADSTS")
                .unwrap_or(&text)
                .trim()
                .parse()
                .ok(),
            _ => None,
        };
        number
            .map(Self)
            .ok_or_else(|| de::Error::custom("that is no AADSTS number"))
    }
}

/// `true`, a pause in milliseconds, or both pause and portion.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
struct DripForm(Drip);

impl<'de> Deserialize<'de> for DripForm {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let drip = match Value::deserialize(from)? {
            Value::Bool(true) => Drip::default(),
            Value::Number(number) => Drip {
                every_ms: number
                    .as_u64()
                    .ok_or_else(|| de::Error::custom("the pause is a number of milliseconds"))?,
                ..Drip::default()
            },
            object @ Value::Object(_) => Drip::deserialize(object).map_err(de::Error::custom)?,
            _ => return Err(de::Error::custom("it drips, or it doesn't")),
        };
        if drip.bytes == 0 {
            return Err(de::Error::custom("at least one byte at a time"));
        }
        Ok(Self(drip))
    }
}
