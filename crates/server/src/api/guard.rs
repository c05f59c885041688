//! What every request of a program passes and every answer gets: the right host (E-12),
//! strict headers, and a problem where something failed.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::Api;
use super::problem::{Cause, Problem};
use crate::door;

/// Longer than anybody may prefer to wait.
const LONGEST: Duration = Duration::from_secs(30);

/// Puts the headers on every answer.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets nothing end without an answer that a program can read.
pub async fn problems(State(api): State<Api>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(LONGEST, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::broken("a panic").into_response(),
        Err(_) => Problem::broken(format!("no answer within {LONGEST:?}")).into_response(),
    };
    let response = dressed(response);
    let Some(Cause(cause)) = response.extensions().get::<Cause>().cloned() else {
        return response;
    };
    let number = u64::from_be_bytes(api.app.randomness.bytes());
    let number = format!("{number:016x}");
    tracing::error!(number, %method, cause, "a request could not be answered");
    Problem::broken("")
        .with("number", json!(number))
        .into_response()
}

/// What the router refuses by itself has no words.
fn dressed(response: Response) -> Response {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/problem+json");
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => "Use one of the methods that Allow names.",
        StatusCode::NOT_FOUND => return Problem::not_found().into_response(),
        status if status.is_server_error() => {
            return Problem::broken(format!("a bare answer {status}")).into_response();
        }
        _ => "The request does not have the form that the description of this API asks for.",
    };
    let mut problem = Problem::new(status, detail);
    if let Some(methods) = response.headers().get(header::ALLOW) {
        problem = problem.with_header(header::ALLOW, methods.clone());
    }
    problem.into_response()
}

/// Lets in what is meant for this instance.
pub async fn doors(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(host) = door::host(request.uri(), request.headers()) else {
        return Problem::unreadable("Say with one Host header which host you want to reach.")
            .into_response();
    };
    if !door::is_ours(&api.app.instance.public_url, &host) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This Ithaca is reached at another address. Use the one that you were given.",
        )
        .into_response();
    }
    next.run(request).await
}
