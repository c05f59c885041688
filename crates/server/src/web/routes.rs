//! The one table of what is where. Whoever may not enter is turned away by the
//! extractors that a handler asks for.

use axum::Router;
use axum::routing::get;

use super::assets;
use crate::app::App;

pub(super) fn table() -> Router<App> {
    Router::new()
        // The instance.
        .route(assets::ROUTE, get(assets::serve))
}
