//! A door that is known under several addresses, of which each client used one.
//!
//! The Host header chooses among the addresses that the door has; it never becomes one.

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use tower::{ServiceExt as _, service_fn};

use crate::Sandbox;

/// Answers as the sandbox that has the address asked for, else as the first one.
pub(crate) fn router(seen: impl Iterator<Item = Sandbox>) -> Router {
    let doors: Vec<(String, Router)> = seen
        .map(|sandbox| (authority(sandbox.url()), crate::router(&sandbox)))
        .collect();
    let Some((_, first)) = doors.first().cloned() else {
        return Router::new();
    };
    Router::new().fallback_service(service_fn(move |request: Request| {
        let asked = host(&request);
        let door = doors
            .iter()
            .find(|(authority, _)| asked.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
            .map_or(&first, |(_, door)| door)
            .clone();
        door.oneshot(request)
    }))
}

/// Host and port that a client asked for: in the address with HTTP/2, in a header with HTTP/1.1.
fn host(request: &Request) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(header::HOST)?.to_str().ok(),
    }
}

fn authority(address: &str) -> String {
    let (_, authority) = address.split_once("://").unwrap_or(("", address));
    authority.to_owned()
}
