//! What every request passes and every answer gets, whichever page is asked for: the
//! right host (E-12), no request forged by another site (W-03), strict headers (W-02),
//! and a page where something failed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use askama::Template as _;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures::FutureExt as _;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;

use super::actor;
use super::answer::{Failed, LeadsTo};
use super::caller::{self, Caller, Cookies, FLASH, SESSION};
use super::pages::frame::{Frame, Here};
use crate::app::App;
use crate::door;

/// Longer than Microsoft's answer to the one request that waits for it.
const LONGEST: Duration = Duration::from_secs(30);

/// Puts the headers on every answer, whatever it is.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let leads_to = response.extensions_mut().remove::<LeadsTo>();
    let policy = policy(leads_to.as_ref().map(|LeadsTo(origin)| origin.as_str()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    for (name, value) in [
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        // The page behind the Microsoft pop-up may go on knowing whether it is open.
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin-allow-popups",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn policy(leads_to: Option<&str>) -> HeaderValue {
    let further = leads_to.map_or(String::new(), |origin| format!(" {origin}"));
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; form-action 'self'{further}; \
         frame-ancestors 'none'; base-uri 'none'"
    ))
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Lets nothing end without a page: failures, panics, and what takes too long.
pub async fn pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&app, &parts);
    let method = parts.method.clone();
    let path = parts.uri.path().to_owned();
    let answer = next.run(Request::from_parts(parts, body));
    let answer = tokio::time::timeout(LONGEST, AssertUnwindSafe(answer).catch_unwind()).await;
    let mut response = match answer {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Failed::Broken(format!("panic: {}", words(&*panic))).into_response(),
        Err(_) => Failed::Broken(format!("no answer within {LONGEST:?}")).into_response(),
    };
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_page {
        let failed = response
            .extensions_mut()
            .remove::<Arc<Failed>>()
            .unwrap_or_else(|| Arc::new(Failed::of_status(status)));
        return dress(response, &failed, &caller, &method, &path).await;
    }
    if is_page && status.is_success() && caller.cookies.get(FLASH).is_some() {
        response
            .headers_mut()
            .append(header::SET_COOKIE, caller::forget(FLASH));
    }
    response
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

async fn dress(
    bare: Response,
    failed: &Failed,
    caller: &Caller,
    method: &Method,
    path: &str,
) -> Response {
    let number = u64::from_be_bytes(caller.app.randomness.bytes());
    let number = format!("{number:016x}");
    if let Failed::Broken(cause) = failed {
        tracing::error!(number, %method, cause, "a request could not be answered");
    }
    let mut frame = frame(caller, path).await;
    if matches!(failed, Failed::NotFound) {
        // What is not there looks the same whatever was asked for (I-02).
        frame.address = frame.to("");
    }
    let page = failed.page(frame, &number).render().unwrap_or_default();
    let (parts, _) = bare.into_parts();
    let mut response = (parts.status, Html(page)).into_response();
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// The organization's own frame for those who are in it, and a bare one for all others.
async fn frame(caller: &Caller, path: &str) -> Frame {
    let slug = path.split('/').nth(1).unwrap_or_default();
    let signed_in = actor::resolve(caller).await.ok().flatten();
    let signed_in = signed_in.filter(|signed_in| signed_in.session.slug == slug);
    if let Some(signed_in) = signed_in
        && let Ok(frame) = signed_in.frame(Here::Elsewhere).await
    {
        return Frame {
            flash: None,
            ..frame
        };
    }
    Frame {
        flash: None,
        ..caller.frame(None)
    }
}

/// Lets in what is meant for this instance and comes from its own pages.
pub async fn doors(State(app): State<App>, request: Request, next: Next) -> Response {
    // Nothing here has a NUL in its name, and PostgreSQL can't even be asked for it.
    if request.uri().path().contains("%00") {
        return Failed::NotFound.into_response();
    }
    match refusal(&app.instance.public_url, &request) {
        Some((status, reason)) => Failed::Refused(status, reason.to_owned()).into_response(),
        None => next.run(request).await,
    }
}

fn refusal(public_url: &Url, request: &Request) -> Option<(StatusCode, &'static str)> {
    let headers = request.headers();
    // Whoever asks whether we live does so by the machine's address.
    if request.uri().path().starts_with("/health/") {
        return None;
    }
    let Some(host) = door::host(request.uri(), headers) else {
        return Some((
            StatusCode::BAD_REQUEST,
            "Your browser did not say which host it wants to reach.",
        ));
    };
    if !door::is_ours(public_url, &host) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "This Ithaca is reached at another address. Use the one that you were given.",
        ));
    }
    let cookies = Cookies::of(headers);
    if cookies.repeats(SESSION) {
        return Some((
            StatusCode::BAD_REQUEST,
            "Your browser sent two sessions at once. Delete the cookies of this site, then sign in again.",
        ));
    }
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if !safe && is_forged(public_url, &host, headers, &cookies) {
        return Some((
            StatusCode::FORBIDDEN,
            "The request did not come from a page of Ithaca.",
        ));
    }
    None
}

/// `Origin` and `Sec-Fetch-Site` are the browser's word. A request that has neither is
/// believed only if it carries no cookie either, so that there is nothing to misuse.
fn is_forged(public_url: &Url, host: &Authority, headers: &HeaderMap, cookies: &Cookies) -> bool {
    let own = format!("{}://{host}", public_url.scheme());
    let origin = headers.get(header::ORIGIN);
    let foreign =
        origin.is_some_and(|origin| !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match site {
        Some(b"same-origin" | b"none") => foreign,
        Some(_) => true,
        None => foreign || (origin.is_none() && !cookies.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forged(headers: &[(&'static str, &'static str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        is_forged(
            &Url::parse("https://ithaca.example").unwrap(),
            &Authority::from_static("ithaca.example"),
            &headers,
            &Cookies::of(&headers),
        )
    }

    #[test]
    fn a_form_of_ours_is_no_forgery() {
        assert!(!forged(&[("sec-fetch-site", "same-origin")]));
        assert!(!forged(&[("origin", "https://ithaca.example")]));
        assert!(!forged(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://ithaca.example"),
            ("cookie", "a=b")
        ]));
        assert!(!forged(&[]));
    }

    #[test]
    fn what_another_site_sends_is_a_forgery() {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
            ],
            &[("origin", "https://evil.example")],
            &[("origin", "http://ithaca.example")],
            &[("origin", "null")],
            &[("cookie", "a=b")],
        ] {
            assert!(forged(headers), "{headers:?}");
        }
    }
}
