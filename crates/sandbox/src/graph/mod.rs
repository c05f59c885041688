//! The doors of Microsoft Graph v1.0: a file per endpoint family.
//!
//! Microsoft takes path words in any case, keys in two forms and calls in batches, so a path is
//! read here rather than by the router: `door` makes an `Asked` of a request, `answer` finds what
//! it is for, and `$batch` calls `answer` again for each of its parts.

mod answer;
mod asked;
mod batch;
mod bearer;
mod delta;
mod demanded;
mod filter;
mod limits;
mod online_meetings;
mod organization;
mod photos;
mod portrait;
mod properties;
mod search;
mod users;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::any;
use uuid::Uuid;

use crate::Sandbox;
use crate::calls::Answered;
use answer::{Answer, Failure};
use asked::{Asked, DELTA};
pub(crate) use demanded::{challenge, refuse};

/// The largest request that Graph reads, in bytes. Source: "Microsoft Graph error responses",
/// which knows 413; the size is unverified.
const LARGEST: usize = 4 << 20;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/v1.0", any(door))
        .route("/v1.0/", any(door))
        .route("/v1.0/{*path}", any(door))
        .route("/V1.0/{*path}", any(door))
}

/// Who asks, for the log and for the answer.
struct Ids {
    request: Uuid,
    client: String,
    /// How much later than usual the answer leaves, in milliseconds: parts of a batch may be
    /// held up on demand.
    late_ms: AtomicU64,
}

impl Ids {
    fn new(sandbox: &Sandbox, headers: &HeaderMap) -> Self {
        let request = sandbox.random().uuid();
        Self {
            request,
            client: client_request_id(headers).unwrap_or_else(|| request.to_string()),
            late_ms: AtomicU64::default(),
        }
    }

    fn late(&self) -> Duration {
        Duration::from_millis(self.late_ms.load(Ordering::Relaxed))
    }

    /// The slowest part decides.
    fn be_late(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.late_ms.fetch_max(ms, Ordering::Relaxed);
    }
}

async fn door(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let ids = Ids::new(&sandbox, &parts.headers);
    let mut answered = Answered::default();
    let result = match to_bytes(body, LARGEST).await {
        Ok(body) => serve(&sandbox, parts, body, &ids, &mut answered).await,
        Err(_) => Err(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request is larger than 4 MB.",
        )),
    };
    let late = ids.late();
    let answer = result.unwrap_or_else(|failure| failure.answer(&sandbox, &ids));
    let mut response = signed(answer, ids);
    response.extensions_mut().insert(answered);
    if !late.is_zero() {
        tokio::time::sleep(late).await;
    }
    response
}

/// The response with what every one of Graph's carries.
fn signed(answer: Answer, ids: Ids) -> Response {
    let mut response = answer.response();
    let headers = response.headers_mut();
    for (name, value) in [
        ("request-id", ids.request.to_string()),
        ("client-request-id", ids.client),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(
        "x-ms-ags-diagnostic",
        HeaderValue::from_static(
            r#"{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"SANDBOX"}}"#,
        ),
    );
    response
}

async fn serve(
    sandbox: &Sandbox,
    parts: Parts,
    body: Bytes,
    ids: &Ids,
    answered: &mut Answered,
) -> Result<Answer, Failure> {
    let bearer = bearer::authenticate(sandbox, &parts.headers)?;
    answered.tenant = Some(bearer.tenant);
    let path = parts.uri.path();
    let path = path.trim_start_matches('/').split_once('/');
    let path = path.map_or("", |(_, below)| below);
    let query = parts.uri.query().unwrap_or_default();
    let asked = Asked::new(parts.method, path, query, parts.headers, body, bearer)?;
    answered.route = Some(asked.route());
    let under_way = limits::at_mailbox(sandbox, &asked).await?;
    let answer = answer(sandbox, &asked, ids);
    drop(under_way);
    answer
}

/// Answers a request, or a part of a batch, if the limits let it.
fn answer(sandbox: &Sandbox, asked: &Asked, ids: &Ids) -> Result<Answer, Failure> {
    let cost = limits::spend(sandbox, asked)?;
    find_door(sandbox, asked, ids).map(|answer| cost.on(answer))
}

/// Finds what a request is for.
fn find_door(sandbox: &Sandbox, asked: &Asked, ids: &Ids) -> Result<Answer, Failure> {
    match asked.words().as_slice() {
        ["$batch"] => batch::answer(sandbox, asked, ids),
        ["me", rest @ ..] => below_person(sandbox, asked, None, rest),
        ["users"] => users::list(sandbox, asked),
        ["users", "$count"] => users::count(sandbox, asked),
        ["users", word] if DELTA.contains(word) => delta::answer(sandbox, asked),
        // A dollar sign begins Graph's own words; such a name has to stand in brackets.
        ["users", key, ..] if key.starts_with('$') && !asked.is_keyed() => {
            Err(Failure::no_segment(key))
        }
        ["users", _, rest @ ..] => below_person(sandbox, asked, asked.segment(1), rest),
        ["organization", rest @ ..] => organization::answer(sandbox, asked, rest),
        [] => Err(Failure::no_segment("")),
        [word, ..] => Err(Failure::no_segment(word)),
    }
}

/// `/me/…` (no key) and `/users/{key}/…`.
fn below_person(
    sandbox: &Sandbox,
    asked: &Asked,
    key: Option<&str>,
    rest: &[&str],
) -> Result<Answer, Failure> {
    match rest {
        [] => users::get(sandbox, asked, key),
        ["photo" | "photos", rest @ ..] => photos::answer(sandbox, asked, key, rest),
        ["onlinemeetings", rest @ ..] => online_meetings::answer(sandbox, asked, key, rest.len()),
        [word, ..] => Err(Failure::no_segment(word)),
    }
}

/// What the client calls its request, where that can go back as it came.
fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("client-request-id")?.to_str().ok()?;
    (!id.is_empty() && id.len() <= 128).then(|| id.to_owned())
}
