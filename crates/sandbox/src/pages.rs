//! What all pages of the sandbox have in common: the stylesheet, and headers
//! that let nothing foreign in.

use askama::Template;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/sandbox.css",
            get(async || asset("text/css", include_str!("../assets/sandbox.css"))),
        )
        .route(
            "/sandbox-submit.js",
            get(async || asset("text/javascript", include_str!("../assets/submit.js"))),
        )
}

#[derive(Template)]
#[template(path = "entra/notice.html")]
struct Notice {
    heading: &'static str,
    text: &'static str,
}

/// There is no such door.
pub(crate) async fn unknown() -> Response {
    page(
        StatusCode::NOT_FOUND,
        &Notice {
            heading: "There is nothing here",
            text: "The sandbox has no page and no endpoint at this address.",
        },
        &[],
    )
}

/// The request can't be read.
pub(crate) fn unreadable() -> Response {
    page(
        StatusCode::BAD_REQUEST,
        &Notice {
            heading: "Bad request",
            text: "This request can't be read.",
        },
        &[],
    )
}

/// The door is there and opens another way.
pub(crate) async fn not_allowed() -> Response {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        &Notice {
            heading: "Not in this way",
            text: "This address takes no requests with such a method.",
        },
        &[],
    )
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        text,
    )
}

/// A page. Its forms may lead to the sandbox itself and to `origins`.
pub(crate) fn page(status: StatusCode, template: &impl Template, origins: &[String]) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "A page of the sandbox could not be drawn.");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
         form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        origins.join(" ")
    );
    (
        status,
        [
            (header::CONTENT_SECURITY_POLICY, policy.as_str()),
            (header::CACHE_CONTROL, "no-store, no-cache"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        Html(text),
    )
        .into_response()
}
