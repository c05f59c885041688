//! `/{tenant}/oauth2/v2.0/logout`: the browser forgets who signed in. Tokens
//! that applications hold go on living, as they do at Microsoft.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Sandbox;
use crate::entra::asked::Sent;
use crate::entra::{pages, sign_in};

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/oauth2/v2.0/logout", get(end).post(end))
}

async fn end(State(sandbox): State<Sandbox>, headers: HeaderMap, Sent(asked): Sent) -> Response {
    let cookie = sign_in::forget(&sandbox, &headers);
    // Only an address that some application registered: no open redirect.
    let back = asked.get("post_logout_redirect_uri").filter(|uri| {
        sandbox.read(|state| {
            state
                .apps
                .values()
                .any(|app| app.find_redirect(uri).is_some())
        })
    });
    match back {
        Some(uri) => (
            StatusCode::FOUND,
            [
                (header::SET_COOKIE, cookie),
                (header::LOCATION, uri.clone()),
            ],
        )
            .into_response(),
        None => ([(header::SET_COOKIE, cookie)], pages::signed_out()).into_response(),
    }
}
