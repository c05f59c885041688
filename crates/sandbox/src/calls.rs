//! Writes down every call, with what is secret in its address masked.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::Response;

use crate::Sandbox;
use crate::ids::TenantId;
use crate::tenant::calls::Call;

/// Query parameters that open something, or that tell one person's visit from another's.
const SECRET: [&str; 10] = [
    "access_token",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "ctx",
    "id_token",
    "nonce",
    "refresh_token",
    "state",
];

/// What an answer knows about itself: a response carries it as an extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answered {
    /// The route, where the router's own pattern says too little.
    pub(crate) route: Option<String>,
    /// For which organization the work was done.
    pub(crate) tenant: Option<TenantId>,
    /// What was done to the answer on demand.
    pub(crate) fault: Option<&'static str>,
}

impl Answered {
    pub(crate) fn for_tenant(tenant: TenantId) -> Self {
        Self {
            tenant: Some(tenant),
            ..Self::default()
        }
    }
}

/// The outermost layer.
pub(crate) async fn record(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().to_string();
    let path = masked(request.uri());
    let pattern = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let at = sandbox.now();
    let response = next.run(request).await;
    let answered = response
        .extensions()
        .get::<Answered>()
        .cloned()
        .unwrap_or_default();
    let route = answered.route.unwrap_or_else(|| {
        let pattern = pattern.as_deref().unwrap_or("(unknown)");
        format!("{method} {pattern}")
    });
    let call = Call {
        at,
        method,
        path,
        route,
        status: response.status().as_u16(),
        tenant: answered.tenant,
        request_id: request_id(response.headers()),
        fault: answered.fault,
    };
    sandbox.note(|state| state.calls.push(call));
    response
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get("request-id")
        .or_else(|| headers.get("x-ms-request-id"))?;
    Some(value.to_str().ok()?.to_owned())
}

fn masked(uri: &Uri) -> String {
    let Some(query) = uri.query() else {
        return uri.path().to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRET.contains(&name) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", uri.path(), pairs.join("&"))
}
