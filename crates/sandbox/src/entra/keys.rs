//! The published signing keys (JWKS).

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::entra::Parameters;
use crate::entra::asked::Segment;
use crate::entra::authority::Authority;
use crate::entra::discovery::published;
use crate::entra::failure::Trace;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/discovery/v2.0/keys", get(list))
}

async fn list(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
) -> Response {
    if let Err(failure) = sandbox.read(|state| Authority::parse(state, &segment)) {
        let trace = Trace::new(&sandbox, &headers, &Parameters::new());
        return failure.answer(&sandbox, &trace);
    }
    let keys: Vec<Value> = sandbox
        .signing()
        .published()
        .await
        .iter()
        .map(|key| {
            let (n, e) = key.public_parts();
            json!({
                "kty": "RSA",
                "use": "sig",
                "kid": key.kid(),
                "x5t": key.kid(),
                "x5c": [key.certificate()],
                "n": n,
                "e": e,
                "cloud_instance_name": "microsoftonline.com",
                // The braces are Microsoft's: whoever checks puts the token's `tid` there.
                "issuer": format!("{}/{{tenantid}}/v2.0", sandbox.url()),
            })
        })
        .collect();
    (published(), Json(json!({ "keys": keys }))).into_response()
}
