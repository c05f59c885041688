//! Who asks: the access token, and what it may be used for.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::Sandbox;
use crate::graph::answer::Failure;
use crate::tenant::BearerRefusal;
use crate::tenant::token::AccessToken;

/// Microsoft Graph's own application id, and its address: the two audiences it takes.
const AUDIENCES: [&str; 2] = [
    "00000003-0000-0000-c000-000000000000",
    "https://graph.microsoft.com",
];

/// The token of a request, as Entra ID issued it.
pub(super) fn authenticate(sandbox: &Sandbox, headers: &HeaderMap) -> Result<AccessToken, Failure> {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Failure::unauthenticated("Access token is empty."))?;
    let now = sandbox.now();
    sandbox
        .read(|state| state.find_bearer(token, now).cloned())
        .map_err(|refusal| match refusal {
            BearerRefusal::Expired => {
                Failure::unauthenticated("Access token has expired or is not yet valid.")
            }
            BearerRefusal::Revoked => Failure::claims_challenge(now),
            BearerRefusal::Invalid => Failure::unauthenticated(reason(token)),
        })
}

/// Whether the bearer holds one of these delegated permissions or, acting as an application, one
/// of these application permissions.
pub(super) fn may(bearer: &AccessToken, scopes: &[&str], roles: &[&str]) -> bool {
    let (held, wanted) = match bearer.person {
        Some(_) => (&bearer.scopes, scopes),
        None => (&bearer.roles, roles),
    };
    wanted.iter().any(|name| held.contains(*name))
}

/// Why a token that isn't ours is refused.
fn reason(token: &str) -> &'static str {
    let Some(payload) = token.split('.').nth(1) else {
        return "IDX14100: JWT is not well formed, there are no dots (.).";
    };
    let claims: Option<Value> = BASE64_URL_SAFE_NO_PAD
        .decode(payload)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let audience = claims.as_ref().and_then(|claims| claims["aud"].as_str());
    match audience {
        None => "IDX14100: JWT is not well formed.",
        Some(audience) if AUDIENCES.contains(&audience.trim_end_matches('/')) => {
            "Signature is invalid."
        }
        Some(_) => "Access token validation failure. Invalid audience.",
    }
}
