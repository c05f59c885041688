//! Writes down every call with request and answer, for people who watch. What
//! opens something is masked before it is shown.

mod heard;
mod masked;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use crate::Sandbox;
use crate::ids::TenantId;
use crate::tenant::calls::Call;
use heard::{Heard, Overheard};
pub(crate) use masked::Text;

/// What a call is given where its client left before the answer, as some servers do.
const CLIENT_LEFT: u16 = 499;

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

/// What was said in a call: headers without credentials, and bodies as they passed by.
pub(crate) struct Exchange {
    sent: (HeaderMap, Heard),
    answered: Option<(HeaderMap, Heard)>,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange")
    }
}

impl Exchange {
    /// The request's headers and body, masked.
    pub(crate) fn request(&self) -> (Vec<(String, String)>, Text) {
        let (headers, body) = &self.sent;
        (masked::headers(headers), masked::body(headers, body))
    }

    /// The answer's, if there was one.
    pub(crate) fn answer(&self) -> Option<(Vec<(String, String)>, Text)> {
        let (headers, body) = self.answered.as_ref()?;
        Some((masked::headers(headers), masked::body(headers, body)))
    }
}

/// The outermost layer.
pub(crate) async fn record(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let pattern = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let sent = Heard::default();
    let mut pending = Pending {
        method: request.method().to_string(),
        path: masked::uri(request.uri()),
        pattern,
        sent: Some((masked::without_credentials(request.headers()), sent.clone())),
        sandbox: sandbox.clone(),
    };
    let request = request.map(|body| Body::new(Overheard::new(body, sent)));
    let response = next.run(request).await;
    let answered = Heard::default();
    pending.end(Some((&response, answered.clone())));
    response.map(|body| Body::new(Overheard::new(body, answered)))
}

/// A call whose answer isn't there yet. It is written down too when its client leaves before.
struct Pending {
    sandbox: Sandbox,
    method: String,
    path: String,
    pattern: Option<String>,
    sent: Option<(HeaderMap, Heard)>,
}

impl Pending {
    fn end(&mut self, response: Option<(&Response, Heard)>) {
        let Some(sent) = self.sent.take() else { return };
        let known = response
            .as_ref()
            .and_then(|(response, _)| response.extensions().get::<Answered>().cloned())
            .unwrap_or_default();
        let method = std::mem::take(&mut self.method);
        let route = known.route.unwrap_or_else(|| {
            let pattern = self.pattern.as_deref().unwrap_or("(unknown)");
            format!("{method} {pattern}")
        });
        let call = Call {
            number: 0,
            at: self.sandbox.now(),
            method,
            path: std::mem::take(&mut self.path),
            route,
            status: response
                .as_ref()
                .map_or(CLIENT_LEFT, |(response, _)| response.status().as_u16()),
            tenant: known.tenant,
            request_id: response
                .as_ref()
                .and_then(|(response, _)| request_id(response.headers())),
            fault: known.fault.or_else(|| {
                let has_left = response.is_none();
                has_left.then_some("client left")
            }),
            exchange: Some(Arc::new(Exchange {
                sent,
                answered: response.map(|(response, heard)| {
                    (masked::without_credentials(response.headers()), heard)
                }),
            })),
        };
        self.sandbox.note(|state| state.calls.push(call));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers
        .get("request-id")
        .or_else(|| headers.get("x-ms-request-id"))?;
    Some(value.to_str().ok()?.to_owned())
}
