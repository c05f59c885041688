//! What programs see: JSON under `/api/v1`, for whoever holds a member's token.
//!
//! A handler asks for a [`Bearer`] or a [`Writer`], reads with their sight, calls the app,
//! and answers with a described shape or a problem. The description of it all is made of
//! the same table as the routes.

mod bearer;
mod body;
mod document;
mod guard;
mod idempotency;
mod integrations;
mod limit;
mod me;
mod meetings;
mod page;
mod preference;
mod problem;
mod query;
mod schema;
mod tracks;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get};
use http::header;
use serde_json::Value;

use crate::app::App;
use bearer::{Bearer, Writer};
use document::Route;
use problem::Problem;

/// Where the API is.
pub const PLACE: &str = "/api/v1";

/// What a handler answers.
type Answer = Result<Response, Problem>;

/// What all handlers share.
#[derive(Clone, Debug)]
struct Api {
    app: App,
    limiter: Arc<limit::Limiter>,
    document: Arc<Value>,
}

fn routes() -> Vec<Route> {
    [
        me::routes(),
        tracks::routes(),
        meetings::routes(),
        integrations::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The description of the API as `OpenAPI` 3.1 has it.
pub fn document() -> Value {
    document::describe(&routes())
}

/// The API, to be put at [`PLACE`]. Serve it with the connection's `SocketAddr`, or
/// nobody's address is known.
pub fn router(app: App) -> Router {
    let routes = routes();
    let api = Api {
        limiter: Arc::new(limit::Limiter::new(
            app.api_requests_per_minute,
            app.peers.clone(),
        )),
        document: Arc::new(document::describe(&routes)),
        app,
    };
    let mut paths = Router::new().route("/openapi.json", get(openapi));
    for route in routes {
        paths = paths.route(route.path, route.handler);
    }
    paths
        .fallback(async || Problem::not_found())
        .layer(from_fn_with_state(api.clone(), idempotency::once))
        .layer(from_fn_with_state(api.clone(), guard::doors))
        .layer(from_fn_with_state(api.clone(), guard::problems))
        .layer(from_fn(guard::headers))
        .with_state(api)
}

/// What is at [`PLACE`] with a slash behind it, which a nested router leaves to others.
pub fn nothing() -> MethodRouter {
    any(async || Problem::not_found()).layer(from_fn(guard::headers))
}

async fn openapi(State(api): State<Api>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, api.document.to_string()).into_response()
}
