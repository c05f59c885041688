//! Microsoft is generous about addresses: a doubled slash near the front and,
//! at Entra ID, upper case lead to the same place.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Parts that only Entra ID's paths have. Graph's are left alone, for its ids are case-sensitive.
const ENTRA: [&str; 4] = [
    "/oauth2/",
    "/discovery/",
    "/.well-known/openid-configuration",
    "/adminconsent",
];

/// The address as the routes are written; none where it is that already.
pub(crate) fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let mut lower = path.to_ascii_lowercase();
    while lower.contains("//") {
        lower = lower.replace("//", "/");
    }
    let is_entra = ENTRA.iter().any(|part| lower.contains(part));
    // Python's clients write `/v1.0//users`. Further on, a doubled slash may be part of an id.
    let head = path.trim_start_matches('/');
    let (first, rest) = head.split_once('/').unwrap_or((head, ""));
    let mut single = format!("/{first}");
    if !rest.is_empty() || head.ends_with('/') {
        single = format!("{single}/{}", rest.trim_start_matches('/'));
    }
    if is_entra {
        single = lower;
    }
    if single == path {
        return None;
    }
    let text = match uri.query() {
        Some(query) => format!("{single}?{query}"),
        None => single,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}
