//! `/_sandbox/mail`: every message that arrived, and what goes wrong with the
//! next ones.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Wanted;
use crate::{Sandbox, smtp};

/// Every message, oldest first.
pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.read(|state| {
        state
            .mailboxes
            .iter()
            .map(|message| {
                json!({
                    "to": message.to,
                    "from": message.from,
                    "at": message.at,
                    "raw": message.text(),
                })
            })
            .collect()
    }))
}

pub(super) async fn add_fault(
    State(sandbox): State<Sandbox>,
    Wanted(fault): Wanted<smtp::Fault>,
) -> StatusCode {
    sandbox.note(|state| state.mailboxes.faults.push(fault));
    StatusCode::NO_CONTENT
}
