//! The `claims` of a request: what a client says it can do, and what a
//! challenge wants of the next token.
//!
//! Source: "Claims challenges, claims requests, and client capabilities".

use jiff::Timestamp;
use serde_json::Value;

use crate::entra::Parameters;
use crate::entra::failure::Failure;

/// The largest `claims` that is read, in bytes.
const LARGEST: usize = 8 << 10;

/// What `claims` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// The client takes claims challenges (`xms_cc` holds `CP1`).
    pub(super) understood: bool,
    /// A policy wants a second factor (`capolids`, `acrs`).
    pub(super) step_up: bool,
    /// A token issued before this isn't good enough (`nbf`).
    pub(super) not_before: Option<Timestamp>,
}

/// Reads `claims`, which clients send with authorize and token requests alike.
pub(super) fn read(asked: &Parameters) -> Result<Claims, Failure> {
    let Some(text) = asked.get("claims").filter(|text| !text.is_empty()) else {
        return Ok(Claims::default());
    };
    let malformed = || {
        Failure::new(9_002_313)
            .saying("Invalid request. The 'claims' parameter is malformed or invalid.")
    };
    if text.len() > LARGEST {
        return Err(malformed());
    }
    let claims: Value = serde_json::from_str(text).map_err(|_| malformed())?;
    if !claims.is_object() {
        return Err(malformed());
    }
    let access = &claims["access_token"];
    let wants = |name: &str| !access[name].is_null();
    Ok(Claims {
        understood: is_understood(&access["xms_cc"]),
        step_up: wants("capolids") || wants("acrs"),
        not_before: instant(&access["nbf"]["value"]),
    })
}

fn is_understood(capabilities: &Value) -> bool {
    let listed = capabilities["values"].as_array().into_iter().flatten();
    listed
        .chain([&capabilities["value"]])
        .filter_map(Value::as_str)
        .any(|value| value.eq_ignore_ascii_case("cp1"))
}

/// Seconds, as a text or as a number.
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    Timestamp::from_second(seconds?).ok()
}
