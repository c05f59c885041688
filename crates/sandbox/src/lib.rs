//! A pretend Microsoft: Entra ID, Graph, Teams join pages and mailboxes that
//! answer as the real ones do, as far as their documentation says.
//!
//! It shares no code and no reading with Ithaca's own client, or one misreading
//! would sit on both sides and cancel out.

mod address;
mod admin;
mod calls;
mod certificate;
pub mod clock;
mod console;
mod door;
mod entra;
pub mod faults;
mod graph;
mod guard;
pub mod ids;
mod join;
mod listing;
mod mail;
mod pages;
pub mod random;
mod sandbox;
mod secret;
mod seed;
mod self_signed;
mod signing;
pub mod smtp;
pub mod tenant;

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::Response;
use tower::ServiceExt as _;

pub use certificate::{CertificateError, PrivateKey, ServerCertificate};
pub use listing::{AppListing, Doors, PersonListing, TenantListing};
pub use sandbox::{Sandbox, Settings};
pub use secret::Secret;
pub use seed::{Seed, SeedError};
pub use signing::SigningKey;

/// Every door of the sandbox.
fn router(sandbox: &Sandbox) -> Router {
    let microsoft = Router::new()
        .merge(entra::router())
        .merge(graph::router())
        .merge(join::router())
        .fallback(pages::unknown)
        .layer(middleware::from_fn(refuse_unreadable))
        .layer(middleware::from_fn_with_state(
            sandbox.clone(),
            faults::apply,
        ))
        .layer(middleware::from_fn_with_state(
            sandbox.clone(),
            calls::record,
        ));
    // What people look with is neither written down nor does it go wrong.
    let lookouts = Router::new()
        .merge(console::router(sandbox))
        .merge(pages::router())
        .layer(middleware::from_fn(refuse_unreadable));
    let doors = microsoft
        .merge(lookouts)
        .method_not_allowed_fallback(pages::not_allowed)
        .with_state(sandbox.clone());
    // Addresses are put right before a route is chosen.
    Router::new().fallback_service(doors.map_request(|mut request: Request| {
        if let Some(uri) = address::normalized(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    }))
}

/// What can't be read is refused on a page, as every refusal is that no door has words for.
async fn refuse_unreadable(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    // The library's own refusals are plain text.
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if is_plain && response.status().is_client_error() {
        return pages::unreadable();
    }
    response
}
