//! `/oidc/userinfo`, which Microsoft serves at Graph's host: who the bearer of
//! an access token is.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::Sandbox;
use crate::entra::identity::subject;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/oidc/userinfo", get(show).post(show))
}

async fn show(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let now = sandbox.now();
    let claims = sandbox.read(|state| {
        let access = state.find_bearer(token?, now).ok()?;
        if !access.scopes.contains("openid") {
            return None;
        }
        let person = state.people.find(access.person?)?;
        Some(json!({
            "sub": subject(person.id, access.client_id),
            "name": person.display_name,
            "given_name": person.given_name,
            "family_name": person.surname,
            "email": person.mail,
            "picture": format!("{}/v1.0/me/photo/$value", sandbox.url()),
        }))
    });
    match claims {
        Some(claims) => Json(claims).into_response(),
        None => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
            Json(json!({
                "error": {
                    "code": "InvalidAuthenticationToken",
                    "message": "Access token validation failure.",
                },
            })),
        )
            .into_response(),
    }
}
