//! `/_sandbox/faults`: what goes wrong with the next calls.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::faults::{Fault, Queued};

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Queued>> {
    Json(sandbox.faults().list(sandbox.now()))
}

pub(super) async fn add(
    State(sandbox): State<Sandbox>,
    Wanted(fault): Wanted<Fault>,
) -> (StatusCode, Json<Queued>) {
    let queued = sandbox.faults().push(fault, sandbox.now());
    (StatusCode::CREATED, Json(queued))
}

pub(super) async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear_faults();
    StatusCode::NO_CONTENT
}

/// Calls one off.
pub(super) async fn remove(
    State(sandbox): State<Sandbox>,
    Path(number): Path<String>,
) -> Result<StatusCode, Refusal> {
    let removed = number
        .parse()
        .is_ok_and(|number| sandbox.faults().remove(number));
    if removed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found("fault", &number))
    }
}
