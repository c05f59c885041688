//! The console: what is in the sandbox, what was asked of it, and its levers,
//! for people. It pulls the same levers as programs do, at the same doors.

mod calls;
mod consents;
mod faults;
mod limits;
mod meetings;
mod overview;
mod people;
mod tenants;

use askama::Template;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::Sandbox;
use crate::ids::TenantId;
use crate::pages::page;
use crate::tenant::State as World;
use crate::{admin, guard};

/// The largest answer of a lever that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// Every place of the console, the mailboxes among them.
const PLACES: [(&str, &str); 8] = [
    ("/", "Overview"),
    ("/sandbox/people", "People"),
    ("/sandbox/consents", "Consents"),
    ("/sandbox/meetings", "Meetings"),
    ("/mail", "Mailboxes"),
    ("/sandbox/calls", "Calls"),
    ("/sandbox/faults", "Faults"),
    ("/sandbox/limits", "Limits"),
];

pub(crate) fn router(sandbox: &Sandbox) -> Router<Sandbox> {
    Router::new()
        .route("/", get(overview::show))
        .route("/sandbox/clock", post(overview::change_clock))
        .route("/sandbox/reset", post(overview::reset))
        .route(
            "/sandbox/tenants/{tenant}",
            get(tenants::show).post(overview::change_tenant),
        )
        .route("/sandbox/tenants/{tenant}/demands", post(tenants::demand))
        .route(
            "/sandbox/tenants/{tenant}/access-policies",
            post(tenants::give_access),
        )
        .route("/sandbox/limits", get(limits::show).post(limits::change))
        .route("/sandbox/keys", post(overview::rotate_keys))
        .route("/sandbox/people", get(people::list))
        .route(
            "/sandbox/people/{id}",
            get(people::show).post(people::change),
        )
        .route("/sandbox/consents", get(consents::list))
        .route("/sandbox/consents/{tenant}", post(consents::take_back))
        .route("/sandbox/meetings", get(meetings::list))
        .route("/sandbox/calls", get(calls::list))
        .route("/sandbox/calls/rows", get(calls::rows))
        .route("/sandbox/calls/{number}", get(calls::show))
        .route("/sandbox/faults", get(faults::list).post(faults::change))
        .merge(crate::mail::router())
        .layer(middleware::from_fn_with_state(sandbox.clone(), guard))
        .route(
            "/sandbox-console.css",
            get(async || asset("text/css", include_str!("../../assets/console.css"))),
        )
        .route(
            "/sandbox-console.js",
            get(async || asset("text/javascript", include_str!("../../assets/console.js"))),
        )
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "max-age=300"),
        ],
        text,
    )
}

/// What a page knows besides its own matter.
pub(crate) struct Frame {
    /// The place in the navigation that is lit.
    pub(crate) here: &'static str,
    pub(crate) problem: Option<String>,
    pub(crate) places: [(&'static str, &'static str); 8],
}

impl Frame {
    pub(crate) fn at(here: &'static str) -> Self {
        Self {
            here,
            problem: None,
            places: PLACES,
        }
    }

    fn with_problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }
}

async fn guard(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let is_known = guard::names_this_machine(&sandbox, &request);
    let is_look = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_known && (is_look || guard::is_sent_from_here(request.headers())) {
        return next.run(request).await;
    }
    let text = "This page is for people on this machine, and its forms are for its own pages.";
    refused(StatusCode::FORBIDDEN, "Not from here", text)
}

/// A page of the console, which may ask the sandbox again.
fn drawn(status: StatusCode, template: &impl Template) -> Response {
    let mut response = page(status, template, &[]);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    // Forms say where they come from, which the guard asks for.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// The page with what went well or wrong before.
fn status_of(frame: &Frame) -> StatusCode {
    if frame.problem.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused {
    heading: &'static str,
    text: &'static str,
}

/// A page that says why there is nothing to see.
pub(crate) fn refused(status: StatusCode, heading: &'static str, text: &'static str) -> Response {
    page(status, &Refused { heading, text }, &[])
}

fn back_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Pulls a lever at the admin doors, as a program would; in words why not.
async fn pull(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let broken = || "The lever could not be pulled.".to_owned();
    let request = Request::builder()
        .method(method)
        .uri(format!("/_sandbox/{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(|_| broken())?;
    let answer = admin::router(sandbox)
        .oneshot(request)
        .await
        .map_err(|_| broken())?;
    let status = answer.status();
    let body = to_bytes(answer.into_body(), LARGEST)
        .await
        .map_err(|_| broken())?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let told = body.pointer("/error/message").and_then(Value::as_str);
    Err(told.map_or_else(broken, str::to_owned))
}

/// A form's fields, each by its last value.
type Fields = std::collections::BTreeMap<String, String>;

/// A number that was typed; null for an empty field, and the words themselves for the lever to
/// refuse where they are no number.
fn number_or_none(fields: &Fields, name: &str) -> Value {
    let typed = fields.get(name).map_or("", |text| text.trim());
    match typed.parse::<u64>() {
        Ok(number) => number.into(),
        Err(_) if typed.is_empty() => Value::Null,
        Err(_) => typed.into(),
    }
}

fn tenant_name(state: &World, id: TenantId) -> String {
    state.tenants.get(&id).map_or_else(
        || "Personal accounts".to_owned(),
        |tenant| tenant.name.clone(),
    )
}

fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn time_of_day(at: Timestamp) -> String {
    TimeZone::UTC
        .to_datetime(at)
        .strftime("%H:%M:%S")
        .to_string()
}
