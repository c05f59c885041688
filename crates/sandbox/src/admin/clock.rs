//! `/_sandbox/clock`: ninety days in no time.

use axum::Json;
use axum::extract::State;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Refusal, Wanted};
use crate::Sandbox;

/// A thousand years, in seconds.
const FARTHEST: u64 = 1_000 * 365 * 24 * 3_600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    advance_seconds: i64,
}

pub(super) async fn move_on(
    State(sandbox): State<Sandbox>,
    Wanted(asked): Wanted<Move>,
) -> Result<Json<Value>, Refusal> {
    if asked.advance_seconds.unsigned_abs() > FARTHEST {
        return Err(Refusal::wrong(
            "advance_seconds",
            "The clock moves by a thousand years at most.",
        ));
    }
    sandbox
        .clock()
        .move_by(SignedDuration::from_secs(asked.advance_seconds));
    // The offset is part of what is kept.
    sandbox.change(|_| {});
    Ok(Json(json!({ "now": sandbox.now() })))
}
