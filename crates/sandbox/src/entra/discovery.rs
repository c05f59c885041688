//! The discovery documents: per tenant with its issuer, and for
//! `organizations` and `common` with Microsoft's template in its place.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use url::Url;

use crate::Sandbox;
use crate::entra::asked::{Segment, Sent};
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(show))
        .route("/{tenant}/discovery/instance", get(instance))
}

async fn show(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
    Sent(query): Sent,
) -> Response {
    let found = sandbox.read(|state| {
        let authority = Authority::parse(state, &segment)?;
        let region = authority
            .tenant()
            .and_then(|id| state.tenants.get(&id))
            .map(|tenant| tenant.country.clone());
        Ok::<_, Failure>((authority, region))
    });
    let (authority, region) = match found {
        Ok(found) => found,
        Err(failure) => {
            return failure.answer(&sandbox, &Trace::new(&sandbox, &headers, &query));
        }
    };
    let url = sandbox.url();
    let issuer = match authority.tenant() {
        Some(tenant) => format!("{url}/{tenant}/v2.0"),
        None => format!("{url}/{{tenantid}}/v2.0"),
    };
    // Asked by domain, Microsoft answers with the tenant's GUID in every address.
    let segment = match authority {
        Authority::Tenant(tenant) => tenant.to_string(),
        Authority::Organizations | Authority::Common | Authority::Consumers => {
            segment.to_ascii_lowercase()
        }
    };
    let document = Json(json!({
        "token_endpoint": format!("{url}/{segment}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "private_key_jwt", "client_secret_basic",
        ],
        "jwks_uri": format!("{url}/{segment}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{url}/oidc/userinfo"),
        "authorization_endpoint": format!("{url}/{segment}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{url}/{segment}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{url}/{segment}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name",
            "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr",
            "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email",
        ],
        "kerberos_endpoint": format!("{url}/{segment}/kerberos"),
        "tenant_region_scope": region,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }));
    (published(), document).into_response()
}

/// What may be kept for a day, and read by pages of other origins.
pub(super) fn published() -> [(HeaderName, &'static str); 3] {
    [
        (header::CACHE_CONTROL, "max-age=86400, private"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, OPTIONS"),
    ]
}

/// Tells clients which hosts are one cloud. The sandbox is a cloud of its own, and knows no other.
async fn instance(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    Sent(query): Sent,
) -> Response {
    let refuse =
        |failure: Failure| failure.answer(&sandbox, &Trace::new(&sandbox, &headers, &query));
    let Some(asked) = query.get("authorization_endpoint") else {
        return refuse(Failure::missing("authorization_endpoint"));
    };
    let Some((host, tenant)) = endpoint(&sandbox, asked) else {
        return refuse(Failure::new(50049));
    };
    let found = Json(json!({
        "tenant_discovery_endpoint": format!(
            "{}/{tenant}/v2.0/.well-known/openid-configuration", sandbox.url()
        ),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }));
    (published(), found).into_response()
}

/// Host and tenant of an endpoint, where it is at this sandbox. A sandbox has several addresses,
/// which differ in their ports.
fn endpoint(sandbox: &Sandbox, asked: &str) -> Option<(String, String)> {
    let own = Url::parse(sandbox.url()).ok()?;
    let asked = Url::parse(asked).ok()?;
    if asked.host_str()? != own.host_str()? {
        return None;
    }
    let host = match asked.port() {
        Some(port) => format!("{}:{port}", asked.host_str()?),
        None => asked.host_str()?.to_owned(),
    };
    let tenant = asked.path_segments()?.find(|segment| !segment.is_empty());
    Some((host, tenant.unwrap_or("common").to_owned()))
}
