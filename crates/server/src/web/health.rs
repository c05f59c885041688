//! What machines ask: do we live, are we ready, may we be searched?

use axum::extract::State;
use axum::response::Response;

use super::answer::{Answer, see};
use super::assets;
use crate::app::App;

/// Whether the program runs.
pub async fn live() -> &'static str {
    "alive\n"
}

/// Whether it can answer pages: its database is there, and it is not about to end.
pub async fn ready(State(app): State<App>) -> Response {
    app.phase.readiness(&app.store).await
}

/// Nothing here is for search engines.
pub async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// For browsers that ask before they have read a page.
pub async fn icon() -> Answer {
    see(&assets::address("ithaca.svg"))
}
