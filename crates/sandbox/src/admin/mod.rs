//! The doors for tests: what is true inside, and levers to change it; a file
//! per noun. Unknown fields are refused, so that a misspelt lever doesn't pass
//! for a pulled one.

mod answer;
mod applications;
mod apps;
mod clock;
mod faults;
mod limits;
mod mail;
mod meetings;
mod tenants;
mod truth;
mod users;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::{Sandbox, guard};
use answer::{Nothing, Refusal, Wanted};

pub(crate) fn router(sandbox: &Sandbox) -> Router {
    Router::new()
        .route("/_sandbox/openapi.json", get(describe))
        .route("/_sandbox/truth", get(truth::show))
        .route("/_sandbox/mail", get(mail::list).delete(mail::empty))
        .route(
            "/_sandbox/mail/faults",
            get(mail::list_faults)
                .post(mail::add_fault)
                .delete(mail::clear_faults),
        )
        .route("/_sandbox/mail/faults/{number}", delete(mail::remove_fault))
        .route(
            "/_sandbox/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/_sandbox/faults/{number}", delete(faults::remove))
        .route("/_sandbox/clock", get(clock::show).post(clock::change))
        .route(
            "/_sandbox/users/{upn}",
            patch(users::change).delete(users::delete),
        )
        .route("/_sandbox/tenants/{tenant}", patch(tenants::change))
        .route("/_sandbox/grants/{tenant}", delete(tenants::delete_grants))
        .route("/_sandbox/doors", get(applications::doors))
        .route(
            "/_sandbox/applications",
            get(applications::list).post(applications::register),
        )
        .route(
            "/_sandbox/applications/{tenant}",
            delete(tenants::delete_applications),
        )
        .route("/_sandbox/limits", get(limits::show).patch(limits::change))
        .route(
            "/_sandbox/meetings",
            get(meetings::show).patch(meetings::change),
        )
        .route("/_sandbox/access-policies", post(meetings::give_access))
        .route(
            "/_sandbox/apps/{client_id}/certificates",
            post(apps::add_certificate),
        )
        .route("/_sandbox/keys/rotate", post(rotate_keys))
        .route("/_sandbox/reset", post(reset))
        .fallback(answer::unknown)
        .method_not_allowed_fallback(answer::not_allowed)
        .layer(middleware::from_fn(refuse_unreadable))
        .layer(middleware::from_fn_with_state(
            sandbox.clone(),
            refuse_browsers,
        ))
        .with_state(sandbox.clone())
}

/// What can't be read is refused in the shape of every refusal here; the library's own are plain
/// text.
async fn refuse_unreadable(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !is_plain || !response.status().is_client_error() {
        return response;
    }
    Refusal::new(
        response.status(),
        "unreadable",
        "The address of this request or its query can't be read.",
    )
    .into_response()
}

/// A page in somebody's browser must not pull these levers.
async fn refuse_browsers(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN)
        || headers.contains_key("sec-fetch-site")
        || !guard::names_this_machine(&sandbox, &request)
    {
        return Refusal::new(
            StatusCode::FORBIDDEN,
            "for_programs",
            "These doors are for programs, not for pages.",
        )
        .into_response();
    }
    next.run(request).await
}

/// What these doors are, in the words of `OpenAPI` 3.1.
async fn describe() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        include_str!("../../assets/openapi.json"),
    )
}

/// Answers when the new key is there.
async fn rotate_keys(
    State(sandbox): State<Sandbox>,
    Wanted(Nothing {}): Wanted<Nothing>,
) -> Json<Value> {
    Json(json!({ "kid": sandbox.rotate_keys_and_wait().await }))
}

async fn reset(State(sandbox): State<Sandbox>, Wanted(Nothing {}): Wanted<Nothing>) -> StatusCode {
    sandbox.reset();
    StatusCode::NO_CONTENT
}
