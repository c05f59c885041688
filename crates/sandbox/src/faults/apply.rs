//! The layer around the doors of Entra ID, Graph and the join pages, and the
//! same for one part of a batch.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tower::ServiceExt as _;

use super::act::{Act, Answer, Dress, Pull, What};
use super::queue::Caller;
use super::{nonsense, slow};
use crate::Sandbox;
use crate::calls::Answered;
use crate::{admin, entra, graph};

/// The largest request that is held, and the largest answer that is changed, in bytes.
const LARGEST: usize = 8 << 20;

/// How often a held call looks at the sandbox's clock, which may be moved meanwhile.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) async fn apply(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let caller = || caller(&sandbox, request.headers(), path);
    let taken = sandbox
        .faults()
        .take(&sandbox, request.method(), path, caller);
    for pull in &taken.pulls {
        pull_lever(&sandbox, pull).await;
    }
    let Some(act) = taken.act else {
        return next.run(request).await;
    };
    let name = name(&act);
    let mut response = if act.is_held() {
        held(sandbox, act, request, next).await
    } else {
        carry_out(&sandbox, &act, request, next).await
    };
    let mut answered = response
        .extensions_mut()
        .remove::<Answered>()
        .unwrap_or_default();
    answered.fault = Some(name);
    response.extensions_mut().insert(answered);
    response
}

/// Lets the call wait. It goes on by itself when the client has left: a proxy in between may hold
/// a request for minutes and deliver it when nobody waits any more.
async fn held(sandbox: Sandbox, act: Act, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request::from_parts(parts, Body::from(body));
    let work = tokio::spawn(async move {
        wait(&sandbox, &act).await;
        carry_out(&sandbox, &act, request, next).await
    });
    work.await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Waits as long as the act says, or until everything is called off.
async fn wait(sandbox: &Sandbox, act: &Act) {
    let mut cleared = sandbox.faults().subscribe();
    let now = sandbox.now();
    let due = now.saturating_add(act.hold).unwrap_or(now);
    let patience = async {
        tokio::time::sleep(act.delay).await;
        while sandbox.now() < due {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = patience => {}
        _ = cleared.changed() => {}
    }
}

async fn carry_out(sandbox: &Sandbox, act: &Act, request: Request, next: Next) -> Response {
    let response = match &act.what {
        What::Nothing | What::Pull(_) => next.run(request).await,
        What::Answer(answer) => other(answer),
        What::LoseAnswer => slow::cut(next.run(request).await, 0).await,
        What::LoseRequest => slow::cut(StatusCode::OK.into_response(), 0).await,
        What::CutAfter(bytes) => slow::cut(next.run(request).await, *bytes).await,
        What::Alter(patch) => altered(next.run(request).await, patch).await,
        What::Garbage(kind, dress) => dressed(nonsense::answer(*kind), dress),
        What::Drip(drip) => slow::drip(next.run(request).await, *drip).await,
        What::Redirect(to, dress) => dressed(
            (StatusCode::FOUND, [(header::LOCATION, to.as_str())]).into_response(),
            dress,
        ),
        What::Aadsts(code, dress) => {
            let (path, headers) = (request.uri().path(), request.headers());
            let message = dress.message.as_deref();
            dressed(entra::refuse(sandbox, path, headers, *code, message), dress)
        }
        What::GraphError(code, dress) => dressed(
            graph::refuse(sandbox, request.headers(), code, dress),
            dress,
        ),
        What::ClaimsChallenge => graph::challenge(sandbox, request.headers()),
    };
    if !act.late.is_zero() {
        tokio::time::sleep(act.late).await;
    }
    response
}

/// What happens to one part of a batch, each having its own fate. What cuts a connection loses the
/// answer of the part; what makes it late makes the whole batch late.
pub(crate) fn to_part(
    sandbox: &Sandbox,
    method: &Method,
    path: &str,
    bearer: &crate::tenant::token::AccessToken,
) -> Option<Act> {
    let caller = || Caller {
        tenant: Some(bearer.tenant),
        person: bearer.person,
    };
    let taken = sandbox.faults().take(sandbox, method, path, caller);
    for pull in &taken.pulls {
        pull_lever_now(sandbox, pull);
    }
    taken.act
}

/// Asks the admin doors, as a program would.
async fn pull_lever(sandbox: &Sandbox, pull: &Pull) {
    let path = pull.path.trim_start_matches('/');
    let path = path.strip_prefix("_sandbox/").unwrap_or(path);
    let request = Request::builder()
        .method(pull.method.to_ascii_uppercase().as_str())
        .uri(format!("/_sandbox/{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(match &pull.body {
            Value::Null => String::new(),
            body => body.to_string(),
        }));
    let status = match request {
        Ok(request) => {
            let answer = admin::router(sandbox).oneshot(request).await;
            answer.map_or(StatusCode::INTERNAL_SERVER_ERROR, |answer| answer.status())
        }
        Err(_) => StatusCode::BAD_REQUEST,
    };
    if !status.is_success() {
        tracing::warn!(%status, path, "A lever could not be pulled by a fault.");
    }
}

/// The same where nobody can wait. Levers answer at once; what doesn't goes on by itself.
fn pull_lever_now(sandbox: &Sandbox, pull: &Pull) {
    let (sandbox, pull) = (sandbox.clone(), pull.clone());
    let mut pulled = Box::pin(async move { pull_lever(&sandbox, &pull).await });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    if pulled.as_mut().poll(&mut context).is_pending() {
        tokio::spawn(pulled);
    }
}

/// Whose call it is: by its access token, else by the tenant in its path.
fn caller(sandbox: &Sandbox, headers: &HeaderMap, path: &str) -> Caller {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    let now = sandbox.now();
    sandbox.read(|state| {
        if let Some((_, token)) = bearer
            && let Ok(access) = state.find_bearer(token.trim(), now)
        {
            return Caller {
                tenant: Some(access.tenant),
                person: access.person,
            };
        }
        let segment = path.split('/').nth(1).unwrap_or_default();
        Caller {
            tenant: state.find_tenant(segment).map(|tenant| tenant.id),
            person: None,
        }
    })
}

fn other(answer: &Answer) -> Response {
    let mut response = match &answer.body {
        Value::Null => ().into_response(),
        Value::String(text) => text.clone().into_response(),
        body => Json(body).into_response(),
    };
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    put(response.headers_mut(), &answer.headers);
    response
}

fn dressed(mut response: Response, dress: &Dress) -> Response {
    if let Some(status) = dress
        .status
        .and_then(|status| StatusCode::from_u16(status).ok())
    {
        *response.status_mut() = status;
    }
    put(response.headers_mut(), &dress.headers);
    response
}

/// Puts headers in place of others. A value may hold any byte that a header can.
fn put(into: &mut HeaderMap, headers: &BTreeMap<String, String>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            into.insert(name, value);
        }
    }
}

async fn altered(response: Response, patch: &Value) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    merge(&mut value, patch);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Bytes::from(value.to_string())))
}

/// RFC 7396.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = into else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// How the log of calls names it.
fn name(act: &Act) -> &'static str {
    match &act.what {
        What::Nothing if act.is_held() => "held up",
        What::Nothing | What::Pull(_) => "answered late",
        What::Answer(_) => "other answer",
        What::LoseAnswer => "answer lost",
        What::LoseRequest => "request lost",
        What::CutAfter(_) => "answer cut",
        What::Alter(_) => "answer changed",
        What::Garbage(..) => "garbage",
        What::Drip(_) => "dripping",
        What::Redirect(..) => "redirected",
        What::Aadsts(..) | What::GraphError(..) => "refused",
        What::ClaimsChallenge => "challenged",
    }
}
