//! The published signing keys (JWKS).

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Sandbox;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/discovery/v2.0/keys", get(list))
}

async fn list(State(sandbox): State<Sandbox>) -> Json<Value> {
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
                "n": n,
                "e": e,
                "cloud_instance_name": "microsoftonline.com",
                // The braces are Microsoft's: whoever checks puts the token's `tid` there.
                "issuer": format!("{}/{{tenantid}}/v2.0", sandbox.url()),
            })
        })
        .collect();
    Json(json!({ "keys": keys }))
}
