//! What machines ask: do we live, are we ready, may we be searched?

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::answer::{Answer, see};
use super::assets;
use crate::app::App;

/// Whether the program runs.
pub async fn live() -> &'static str {
    "alive\n"
}

/// Whether it can answer pages: its database is there.
pub async fn ready(State(app): State<App>) -> Response {
    if app.store.is_reachable().await {
        return "ready\n".into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(http::header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "the database does not answer\n",
    )
        .into_response()
}

/// Nothing here is for search engines.
pub async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// For browsers that ask before they have read a page.
pub async fn icon() -> Answer {
    see(&assets::address("ithaca.svg"))
}
