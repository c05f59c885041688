//! `/_sandbox/mail`: every message that arrived, and what goes wrong with the
//! next ones.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::smtp::{Fault, Queued};

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

/// Empties every mailbox.
pub(super) async fn empty(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.change(|state| state.mailboxes.empty());
    StatusCode::NO_CONTENT
}

pub(super) async fn list_faults(State(sandbox): State<Sandbox>) -> Json<Vec<Queued>> {
    let now = sandbox.now();
    let mut found = Vec::new();
    sandbox.note(|state| found = state.mailboxes.faults.list(now));
    Json(found)
}

pub(super) async fn add_fault(
    State(sandbox): State<Sandbox>,
    Wanted(fault): Wanted<Fault>,
) -> Result<(StatusCode, Json<Queued>), Refusal> {
    if fault.times == Some(0) {
        return Err(Refusal::wrong("times", "A fault happens once at least."));
    }
    let now = sandbox.now();
    let queued = sandbox.change(|state| state.mailboxes.faults.push(fault, now));
    Ok((StatusCode::CREATED, Json(queued)))
}

pub(super) async fn clear_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.note(|state| state.mailboxes.faults.clear());
    StatusCode::NO_CONTENT
}

/// Calls one off.
pub(super) async fn remove_fault(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
) -> Result<StatusCode, Refusal> {
    let mut removed = false;
    if let Ok(number) = number.parse() {
        sandbox.note(|state| removed = state.mailboxes.faults.remove(number));
    }
    if removed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found("mail fault", &number))
    }
}
