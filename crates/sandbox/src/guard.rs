//! Who may knock: pages of strangers in somebody's browser may neither pull a
//! lever nor look inside, whatever name they gave this machine.

use std::net::IpAddr;

use axum::http::{HeaderMap, Request, header};
use url::Url;

use crate::Sandbox;

/// Whether the request names this machine, or the address that the sandbox was given. A page
/// elsewhere that points its own name here (DNS rebinding) names neither.
pub(crate) fn names_this_machine<B>(sandbox: &Sandbox, request: &Request<B>) -> bool {
    let sent = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(axum::http::uri::Authority::as_str)
        });
    // Whoever calls the router directly names nobody.
    let Some(sent) = sent else { return true };
    let host = without_port(sent).to_ascii_lowercase();
    let own = Url::parse(sandbox.url())
        .ok()
        .and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    // A name without a dot is nobody's on the internet: a container's, or one of the network here.
    own.as_deref() == Some(&host)
        || !host.contains('.')
        || host.ends_with(".localhost")
        || host.ends_with(".internal")
        || host.parse::<IpAddr>().is_ok()
}

/// Whether a form was sent by a page of the sandbox itself.
pub(crate) fn is_sent_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    match (origin, text("host")) {
        (Some((_, origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox() -> Sandbox {
        Sandbox::new(crate::Settings::new(
            "http://sandbox.lab.example:8081",
            "http://localhost/",
        ))
    }

    #[test]
    fn this_machine_has_many_names_and_a_strangers_is_none_of_them() {
        let sandbox = sandbox();
        for (host, known) in [
            ("localhost:8081", true),
            ("127.0.0.1:8081", true),
            ("[::1]:8081", true),
            ("sandbox:80", true),
            ("one.localhost", true),
            ("host.docker.internal", true),
            ("Sandbox.Lab.Example:8081", true),
            ("evil.example:8081", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
        ] {
            let request = Request::builder().header("host", host).body(()).unwrap();
            assert_eq!(names_this_machine(&sandbox, &request), known, "{host}");
        }
    }

    #[test]
    fn a_form_counts_only_from_a_page_of_our_own() {
        for (sent, counts) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (
                vec![("origin", "http://localhost:1"), ("host", "localhost:1")],
                true,
            ),
            (
                vec![("origin", "http://localhost:2"), ("host", "localhost:1")],
                false,
            ),
            (vec![("origin", "null"), ("host", "localhost:1")], false),
            (vec![("host", "localhost:1")], false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &sent {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_sent_from_here(&headers), counts, "{sent:?}");
        }
    }
}
