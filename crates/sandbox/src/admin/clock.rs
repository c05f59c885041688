//! `/_sandbox/clock`: ninety days in no time.

use std::fmt;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::answer::{Refusal, Wanted};
use crate::Sandbox;

/// A thousand years, in seconds.
const FARTHEST: u64 = 1_000 * 365 * 24 * 3_600;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Change {
    /// Where the clock is put first.
    set: Option<Timestamp>,
    advance_seconds: Option<i64>,
    advance: Option<Duration>,
    /// Whether it stands from now on.
    frozen: Option<bool>,
}

/// Seconds, or a text such as `90d`, `2h 30m` or `P90D`.
struct Duration(SignedDuration);

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(shown(&sandbox))
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Wanted(change): Wanted<Change>,
) -> Result<Json<Value>, Refusal> {
    let clock = sandbox.clock();
    let by = match (change.advance_seconds, change.advance) {
        (Some(_), Some(_)) => {
            return Err(Refusal::wrong(
                "advance",
                "advance and advance_seconds say the same; send one of them.",
            ));
        }
        (Some(seconds), None) => Some(("advance_seconds", SignedDuration::from_secs(seconds))),
        (None, Some(Duration(by))) => Some(("advance", by)),
        (None, None) => None,
    };
    if let Some((field, by)) = by
        && by.as_secs().unsigned_abs() > FARTHEST
    {
        return Err(Refusal::wrong(
            field,
            "The clock moves by a thousand years at most.",
        ));
    }
    if by.is_none() && change.set.is_none() && change.frozen.is_none() {
        return Err(Refusal::missing(
            "advance_seconds",
            "Say advance_seconds, advance, set or frozen.",
        ));
    }
    if let Some(to) = change.set {
        clock.set(to);
    }
    if let Some((_, by)) = by {
        clock.move_by(by);
    }
    if let Some(frozen) = change.frozen {
        clock.freeze(frozen);
    }
    // The offset is part of what is kept.
    sandbox.change(|_| {});
    Ok(Json(shown(&sandbox)))
}

fn shown(sandbox: &Sandbox) -> Value {
    let clock = sandbox.clock();
    json!({
        "now": clock.now(),
        "frozen": clock.is_frozen(),
        "ahead_seconds": clock.offset().as_secs(),
    })
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds, or a duration such as \"90d\"")
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
                Ok(Duration(SignedDuration::from_secs(seconds)))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                self.visit_i64(seconds)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                let span: Span = text.parse().map_err(E::custom)?;
                span.to_duration(SpanRelativeTo::days_are_24_hours())
                    .map(Duration)
                    .map_err(E::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}
