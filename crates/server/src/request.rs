//! What is known of every request before anybody answers it: an id that its log lines carry,
//! and how long the answer took.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName};
use tracing::Instrument as _;
use tracing::field::{Empty, display};
use uuid::Uuid;

use crate::api;
use crate::app::App;
use crate::door;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Answers a request under an id, and counts it. Addresses are not logged, for some are
/// secrets; the route is.
pub async fn observed(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = id(&app, &request);
    let path = request.uri().path();
    let door = door_of(path);
    let route = request.extensions().get::<MatchedPath>();
    let span = tracing::info_span!(
        "request",
        request.id = id,
        method = %request.method(),
        route = route.map_or("", MatchedPath::as_str),
        organization.id = Empty,
        meeting.id = Empty,
    );
    if let Some(meeting) = meeting_in(path) {
        span.record("meeting.id", display(meeting));
    }
    let response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.figures.request(door, status, took);
    span.in_scope(|| tracing::debug!(status, ?took, "a request was answered"));
    response
}

/// Notes in the log lines of the request under way whose it is.
pub fn belongs_to(organization: mentoring::organization::OrganizationId) {
    tracing::Span::current().record("organization.id", display(organization));
}

/// The id that one of our own proxies gave the request, or a new one.
fn id(app: &App, request: &Request) -> String {
    let given = door::comes_from(request.extensions(), &app.instance.trusted_proxies)
        .then(|| given(request.headers()))
        .flatten();
    given.map_or_else(
        || format!("{:032x}", u128::from_be_bytes(app.randomness.bytes())),
        str::to_owned,
    )
}

/// The trace that a request belongs to (W3C Trace Context, section 3.2), or the id that a
/// proxy made.
fn given(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let trace = text(&TRACE_PARENT)
        .and_then(|parent| parent.split('-').nth(1))
        .filter(|trace| trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()));
    trace.or_else(|| {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        text(&REQUEST_ID).filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(is_plain))
    })
}

/// Which of a few doors an address belongs to.
fn door_of(path: &str) -> &'static str {
    if path.starts_with(api::PLACE) {
        return "api";
    }
    match path.split('/').nth(1).unwrap_or_default() {
        "assets" => "assets",
        "health" => "health",
        "j" | "a" => "links",
        "calendar" => "calendar",
        _ => "pages",
    }
}

/// The meeting that an address is about.
fn meeting_in(path: &str) -> Option<Uuid> {
    let mut parts = path.split('/');
    parts.find(|part| *part == "meetings")?;
    Uuid::try_parse(parts.next()?).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn an_id_is_taken_over_only_in_the_shape_of_one() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (pairs, expected) in [
            (
                &[("traceparent", trace)][..],
                Some("0af7651916cd43dd8448eb211c80319c"),
            ),
            (&[("x-request-id", "edge-7.1")], Some("edge-7.1")),
            (&[("x-request-id", "a b")], None),
            (&[("x-request-id", "")], None),
            (
                &[("traceparent", "00-zz-1-1"), ("x-request-id", "x")],
                Some("x"),
            ),
            (&[], None),
        ] {
            assert_eq!(given(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn an_address_says_which_door_and_which_meeting() {
        let meeting = "/larkspur/meetings/01890a5d-ac96-774b-bcce-b302099a8057/schedule";
        assert_eq!(door_of(meeting), "pages");
        assert!(meeting_in(meeting).is_some());
        assert_eq!(meeting_in("/larkspur/meetings/new"), None);
        assert_eq!(meeting_in("/j/01890a5d-ac96-774b-bcce-b302099a8057"), None);
        assert_eq!(door_of("/api/v1/me"), "api");
        assert_eq!(door_of("/api"), "pages");
        assert_eq!(door_of("/j/code"), "links");
        assert_eq!(door_of("/health/live"), "health");
    }
}
