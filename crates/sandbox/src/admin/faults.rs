//! `/_sandbox/faults`: what goes wrong with the next calls.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::answer::Wanted;
use crate::Sandbox;
use crate::faults::Fault;

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Vec<Fault>> {
    Json(sandbox.faults().list())
}

pub(super) async fn add(
    State(sandbox): State<Sandbox>,
    Wanted(fault): Wanted<Fault>,
) -> StatusCode {
    sandbox.fault(fault);
    StatusCode::NO_CONTENT
}

pub(super) async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear_faults();
    StatusCode::NO_CONTENT
}
