//! A site of a few pages on which the tools of the tests are tried before they are trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::RawForm;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::runtime::{alongside, wait_for};

const FRONT: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rehearsal</title>
<link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script>
</head>
<body>
<main>
<h1>Rehearsal</h1>
<p id="scripts">Scripts are off.</p>
<p><a href="/elsewhere">Go elsewhere</a></p>
<p><a href="/window" id="open">Open a window</a></p>
<form method="post" action="/meetings">
<p><label for="title">Title</label> <input id="title" name="title" type="text" autocomplete="off"></p>
<p><label for="agenda">Agenda</label> <textarea id="agenda" name="agenda" rows="3" cols="20">As always</textarea></p>
<p><label for="date">Date</label> <input id="date" name="date" type="date" value="2030-11-24"></p>
<p><label for="zone">Time zone</label> <select id="zone" name="zone"><option>Europe/Berlin</option><option value="Asia/Tokyo">Tokyo</option></select></p>
<fieldset><legend>People</legend>
<label><input type="checkbox" name="people" value="luis"> Luis Ortega</label>
<label><input type="checkbox" name="people" value="priya" checked> Priya Nair</label></fieldset>
<fieldset><legend>Meeting mode</legend>
<label><input type="radio" name="mode" value="phone" checked> Phone</label>
<label><input type="radio" name="mode" value="teams"> Teams video call</label>
<label><input type="radio" name="mode" value="in_person" disabled> In person</label></fieldset>
<button type="submit" name="then" value="show">Create meeting</button>
</form>
</main>
</body>
</html>
"#;

const SCRIPT: &str = r#"
document.getElementById("scripts").textContent = "Scripts are on.";
const link = document.getElementById("open");
link.addEventListener("click", (event) => {
  event.preventDefault();
  window.open(link.href, "window", "popup,width=500,height=600");
});
setTimeout(() => {
  const late = document.createElement("p");
  late.textContent = "The link is ready.";
  document.querySelector("main").append(late);
}, 150);
"#;

const STYLE: &str = "body { color: #111; background: #fff } label, a { display: inline-block; min-height: 24px; margin: 2px }
@media (prefers-color-scheme: dark) { body { color: #777; background: #666 } a { color: #fff } }";

/// Starts the site and says where it is. It lives as long as the test run.
pub fn opens() -> String {
    let visits = Arc::new(AtomicU32::new(0));
    let site = Router::new()
        .route("/", get(|| async { page(FRONT) }))
        .route(
            "/script.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }),
        )
        .route(
            "/style.css",
            get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }),
        )
        .route(
            "/elsewhere",
            get(move || {
                let visit = visits.fetch_add(1, Ordering::Relaxed) + 1;
                async move {
                    short(
                        "Elsewhere",
                        &format!("<p>You are elsewhere. Visit {visit}.</p>"),
                    )
                }
            }),
        )
        .route(
            "/window",
            get(|| async {
                short(
                    "Window",
                    r#"<form action="/closing"><button type="submit">Accept</button></form>"#,
                )
            }),
        )
        .route(
            "/closing",
            get(|| async {
                short(
                    "Closing",
                    r#"<p>Done.</p><script src="/closing.js"></script>"#,
                )
            }),
        )
        .route(
            "/closing.js",
            get(|| async {
                (
                    [(header::CONTENT_TYPE, "text/javascript")],
                    "window.close();",
                )
            }),
        )
        .route("/meetings", get(kept).post(keep));
    wait_for(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        alongside(async move {
            axum::serve(listener, site)
                .await
                .expect("it serves until the end");
        });
        format!("http://{address}")
    })
}

// As a form of Ithaca does: keep it, then show it at an address that can be reloaded.
async fn keep(headers: HeaderMap, RawForm(form): RawForm) -> Response {
    let from_here = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "same-origin");
    if !from_here {
        return (
            axum::http::StatusCode::FORBIDDEN,
            short("Refused", "<p>Not from here.</p>"),
        )
            .into_response();
    }
    let form = String::from_utf8_lossy(&form).replace('&', "+");
    (
        [(header::SET_COOKIE, format!("form={form}; Path=/; HttpOnly"))],
        Redirect::to("/meetings"),
    )
        .into_response()
}

async fn kept(headers: HeaderMap) -> Response {
    let cookies = headers
        .get(header::COOKIE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("none");
    short(
        "Meetings",
        &format!("<p>{}</p>", cookies.trim_start_matches("form=")),
    )
    .into_response()
}

fn short(title: &str, content: &str) -> Response {
    page(&format!(
        r#"<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body><main><h1>{title}</h1>{content}</main></body></html>"#
    ))
}

fn page(html: &str) -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'";
    (
        [(header::CONTENT_SECURITY_POLICY, policy)],
        Html(html.to_owned()),
    )
        .into_response()
}
