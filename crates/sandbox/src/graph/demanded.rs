//! Refusals of Graph that were asked for (see `faults`).

use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::faults::{self, Act, Dress, What};
use crate::graph::answer::{Answer, Failure};
use crate::graph::{Ids, signed};

/// A refusal with this code. The status is that of Microsoft's table where it knows the code.
/// Source: "Microsoft Graph error responses and resource types".
pub(crate) fn refuse(
    sandbox: &Sandbox,
    headers: &HeaderMap,
    code: &str,
    dress: &Dress,
) -> Response {
    let ids = Ids::new(sandbox, headers);
    let answer = failure(code, dress).answer(sandbox, &ids);
    signed(answer, ids)
}

/// The claims challenge of continuous access evaluation.
pub(crate) fn challenge(sandbox: &Sandbox, headers: &HeaderMap) -> Response {
    let ids = Ids::new(sandbox, headers);
    let answer = Failure::claims_challenge(sandbox.now()).answer(sandbox, &ids);
    signed(answer, ids)
}

/// The answer of one part of a batch. `work` does what the part asks for.
///
/// What cuts a connection loses the part's answer: the batch says 504 for it. What makes an answer
/// late makes the whole batch late.
pub(super) fn part(
    sandbox: &Sandbox,
    ids: &Ids,
    act: &Act,
    work: impl FnOnce() -> Answer,
) -> Answer {
    ids.be_late(act.lateness());
    match &act.what {
        What::Nothing | What::Pull(_) | What::Drip(_) => work(),
        What::Answer(other) => dressed(
            json_or_nothing(status(other.status), other.body.clone()),
            &other.headers,
        ),
        What::LoseAnswer | What::CutAfter(_) => {
            work();
            no_answer(sandbox, ids)
        }
        What::LoseRequest => no_answer(sandbox, ids),
        What::Alter(patch) => {
            let mut answer = work();
            if let super::answer::Content::Json(value) = &mut answer.content {
                faults::merge(value, patch);
            }
            answer
        }
        What::Garbage(kind, dress) => dressed(
            json_or_nothing(
                status(dress.status.unwrap_or(200)),
                faults::within_batch(*kind),
            ),
            &dress.headers,
        ),
        What::Redirect(to, dress) => dressed(
            Answer::empty(status(dress.status.unwrap_or(302)))
                .with(axum::http::header::LOCATION, to.as_str()),
            &dress.headers,
        ),
        What::Aadsts(code, dress) => {
            let error = format!("AADSTS{code}");
            dressed(failure(&error, dress).answer(sandbox, ids), &dress.headers)
        }
        What::GraphError(code, dress) => {
            dressed(failure(code, dress).answer(sandbox, ids), &dress.headers)
        }
        What::ClaimsChallenge => Failure::claims_challenge(sandbox.now()).answer(sandbox, ids),
    }
}

fn failure(code: &str, dress: &Dress) -> Failure {
    let usual = match code {
        "InvalidAuthenticationToken" | "AuthenticationError" | "Unauthorized" => 401,
        "Forbidden" | "Authorization_RequestDenied" | "accessDenied" | "General" => 403,
        "NotFound"
        | "Request_ResourceNotFound"
        | "ImageNotFound"
        | "UnknownError"
        | "itemNotFound" => 404,
        "Conflict" | "nameAlreadyExists" => 409,
        "resyncRequired" | "syncStateNotFound" => 410,
        "preconditionFailed" => 412,
        "TooManyRequests" | "activityLimitReached" | "ApplicationThrottled" => 429,
        "InternalServerError" | "generalException" => 500,
        "notImplemented" => 501,
        "BadGateway" => 502,
        "ServiceUnavailable" | "serviceNotAvailable" | "ServerBusy" => 503,
        "GatewayTimeout" => 504,
        _ => 400,
    };
    let message = dress.message.clone().unwrap_or_else(|| match code {
        "TooManyRequests" => "Please retry again later.".to_owned(),
        "Authorization_RequestDenied" => {
            "Insufficient privileges to complete the operation.".to_owned()
        }
        "Forbidden" | "UnknownError" => String::new(),
        _ => "An error has occurred.".to_owned(),
    });
    Failure::new(
        status(dress.status.unwrap_or(usual)),
        code.to_owned(),
        message,
    )
}

fn no_answer(sandbox: &Sandbox, ids: &Ids) -> Answer {
    failure("GatewayTimeout", &Dress::default()).answer(sandbox, ids)
}

fn json_or_nothing(status: StatusCode, body: Value) -> Answer {
    match body {
        Value::Null => Answer::empty(status),
        body => Answer::json(status, json!(body)),
    }
}

fn dressed(answer: Answer, headers: &std::collections::BTreeMap<String, String>) -> Answer {
    headers.iter().fold(answer, |answer, (name, value)| {
        match HeaderName::try_from(name.as_str()) {
            Ok(name) => answer.with(name, value.as_str()),
            Err(_) => answer,
        }
    })
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
