//! What goes wrong on demand: the next calls to an address are refused, held
//! up, answered with nonsense, or done and their answer lost.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::calls::Answered;
use crate::entra::failure::{Failure, Trace};

/// How large a huge answer is.
const HUGE: usize = 32 << 20;
/// How deep a deep answer is nested.
const DEEP: usize = 100_000;

/// Something that goes wrong, so many times.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub on: On,
    /// How many calls it still happens to.
    #[serde(default = "once")]
    pub times: u32,
    #[serde(rename = "do")]
    pub act: Act,
}

/// The calls that a fault is about; what is left out fits every call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct On {
    pub method: Option<String>,
    /// The beginning of the path, in any case, such as `/v1.0/me/onlineMeetings`.
    pub path_prefix: Option<String>,
    /// Any part of the path, such as `/oauth2/v2.0/token`, whatever the tenant before it.
    pub path_contains: Option<String>,
}

/// What goes wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Act {
    Answer(Answer),
    Delay(Delay),
    Drip(Drip),
    LoseAnswer(LoseAnswer),
    Garbage(Garbage),
    Redirect(Redirect),
    Refuse(Refuse),
}

/// Another answer, and no work done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON, nothing at all as an empty body.
    #[serde(default)]
    pub body: Value,
}

/// The right answer, so much later.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    pub delay_ms: u64,
}

/// The right answer, a byte at a time with so much between two of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    pub drip_ms: u64,
}

/// The work is done, then the connection is cut.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoseAnswer {
    pub lose_answer: Always,
}

/// An answer of status 200 that makes no sense, and no work done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Garbage {
    pub garbage: Nonsense,
}

/// A redirect to somewhere else, and no work done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    pub redirect: String,
}

/// A refusal of Entra ID with this number, and no work done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    pub aadsts: u32,
}

/// Written as `true`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct Always;

impl TryFrom<bool> for Always {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        value.then_some(Self).ok_or("only true makes sense here")
    }
}

impl From<Always> for bool {
    fn from(_: Always) -> Self {
        true
    }
}

/// Kinds of nonsense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonsense {
    /// A page where JSON belongs, as proxies send it.
    Html,
    /// JSON that stops in the middle.
    Truncated,
    /// JSON nested a hundred thousand times.
    Deep,
    /// 32 MiB of JSON.
    Huge,
    /// The known names with values of other types.
    WrongTypes,
}

impl Fault {
    /// A fault for the next call to a path that begins so.
    pub fn once(path_prefix: &str, act: Act) -> Self {
        Self {
            on: On {
                path_prefix: Some(path_prefix.to_owned()),
                ..On::default()
            },
            times: 1,
            act,
        }
    }
}

impl Act {
    /// Another answer with a JSON body.
    pub fn answer(status: u16, body: Value) -> Self {
        Self::Answer(Answer {
            status,
            headers: BTreeMap::new(),
            body,
        })
    }

    /// A refusal of Entra ID.
    pub fn aadsts(code: u32) -> Self {
        Self::Refuse(Refuse { aadsts: code })
    }

    /// The work done and its answer lost.
    pub fn lose_answer() -> Self {
        Self::LoseAnswer(LoseAnswer {
            lose_answer: Always,
        })
    }
}

/// Marks an answer that never arrives. Over HTTP the connection is cut; whoever calls the router
/// directly finds this among the response's extensions, and a body that fails.
#[derive(Clone, Copy, Debug)]
pub struct Lost;

/// What is still to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        self.queue().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.queue().clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.queue().clone()
    }

    /// What happens to this call: the first fault that is about it, once less from now on.
    fn take(&self, method: &Method, path: &str) -> Option<Act> {
        self.take_if(method, path, |_| true)
    }

    /// The other answer that a part of a batch gets. Nothing else can happen to one part alone.
    pub(crate) fn take_answer(&self, method: &Method, path: &str) -> Option<Answer> {
        match self.take_if(method, path, |act| matches!(act, Act::Answer(_)))? {
            Act::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    fn take_if(&self, method: &Method, path: &str, may: impl Fn(&Act) -> bool) -> Option<Act> {
        let mut queue = self.queue();
        let at = queue
            .iter()
            .position(|fault| fault.times > 0 && may(&fault.act) && fault.on.fits(method, path))?;
        let fault = &mut queue[at];
        fault.times -= 1;
        let act = fault.act.clone();
        queue.retain(|fault| fault.times > 0);
        Some(act)
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl On {
    fn fits(&self, method: &Method, path: &str) -> bool {
        let path = path.to_ascii_lowercase();
        let wanted = |text: &Option<String>| text.as_deref().map(str::to_ascii_lowercase);
        self.method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && wanted(&self.path_prefix).is_none_or(|prefix| path.starts_with(&prefix))
            && wanted(&self.path_contains).is_none_or(|part| path.contains(&part))
    }
}

/// The layer around every door.
pub(crate) async fn apply(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let Some(act) = sandbox
        .faults()
        .take(request.method(), request.uri().path())
    else {
        return next.run(request).await;
    };
    let (mut response, name) = match act {
        Act::Answer(answer) => (other(&answer), "other answer"),
        Act::Delay(Delay { delay_ms }) => {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            (next.run(request).await, "delayed")
        }
        Act::Drip(Drip { drip_ms }) => (
            dripping(next.run(request).await, Duration::from_millis(drip_ms)).await,
            "dripping",
        ),
        Act::LoseAnswer(_) => (lost(next.run(request).await), "answer lost"),
        Act::Garbage(Garbage { garbage }) => (nonsense(garbage), "garbage"),
        Act::Redirect(Redirect { redirect }) => (
            (StatusCode::FOUND, [(header::LOCATION, redirect)]).into_response(),
            "redirected",
        ),
        Act::Refuse(Refuse { aadsts }) => {
            let trace = Trace::new(&sandbox, request.headers(), &BTreeMap::new());
            (Failure::new(aadsts).answer(&sandbox, &trace), "refused")
        }
    };
    let mut answered = response
        .extensions_mut()
        .remove::<Answered>()
        .unwrap_or_default();
    answered.fault = Some(name);
    response.extensions_mut().insert(answered);
    response
}

fn other(answer: &Answer) -> Response {
    let mut response = match &answer.body {
        Value::Null => ().into_response(),
        Value::String(text) => text.clone().into_response(),
        body => Json(body).into_response(),
    };
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_str(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The same answer with a body that fails before its first byte, at which the server cuts the
/// connection.
fn lost(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.extensions.insert(Lost);
    Response::from_parts(parts, Body::new(Failing))
}

async fn dripping(response: Response, pause: Duration) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let left = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let drops = Dripping {
        left,
        pause,
        next: Box::pin(tokio::time::sleep(pause)),
    };
    Response::from_parts(parts, Body::new(drops))
}

struct Failing;

impl http_body::Body for Failing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}

struct Dripping {
    left: Bytes,
    pause: Duration,
    next: Pin<Box<tokio::time::Sleep>>,
}

impl http_body::Body for Dripping {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.next.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let again = tokio::time::Instant::now() + self.pause;
        self.next.as_mut().reset(again);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(1)))))
    }
}

fn nonsense(kind: Nonsense) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    match kind {
        Nonsense::Html => (
            [(header::CONTENT_TYPE, "text/html")],
            "<!DOCTYPE html><title>Gateway</title><h1>Please sign in to the network</h1>",
        )
            .into_response(),
        Nonsense::Truncated => (json, r#"{"id":"MSo1N2Y5","subject":"Ment"#).into_response(),
        Nonsense::Deep => (json, "[".repeat(DEEP)).into_response(),
        Nonsense::Huge => (json, format!("{{\"id\":\"{}\"}}", "x".repeat(HUGE))).into_response(),
        Nonsense::WrongTypes => Json(json!({
            "id": ["not", "a", "text"],
            "access_token": {"token": true},
            "expires_in": "soon",
            "id_token": 7,
            "joinWebUrl": false,
            "keys": "none",
            "refresh_token": [],
            "scope": {},
            "startDateTime": 20_260_302,
            "value": "one",
        }))
        .into_response(),
    }
}

fn once() -> u32 {
    1
}
