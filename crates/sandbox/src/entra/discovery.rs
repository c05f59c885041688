//! The discovery documents: per tenant with its issuer, and for
//! `organizations` and `common` with Microsoft's template in its place.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::Sandbox;
use crate::entra::Parameters;
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(show))
        .route("/common/discovery/instance", get(instance))
}

async fn show(
    State(sandbox): State<Sandbox>,
    Path(segment): Path<String>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
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
    let segment = match authority.tenant() {
        Some(tenant) => tenant.to_string(),
        None => segment.to_ascii_lowercase(),
    };
    Json(json!({
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
    }))
    .into_response()
}

/// Tells clients which hosts are one cloud. The sandbox is a cloud of its own.
async fn instance(State(sandbox): State<Sandbox>, Query(query): Query<Parameters>) -> Response {
    let host = sandbox
        .url()
        .split_once("://")
        .map_or(sandbox.url(), |(_, host)| host)
        .to_owned();
    let Some(asked) = query.get("authorization_endpoint") else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({
                "error": "invalid_request",
                "error_description": "AADSTS900144: The request body must contain the following parameter: 'authorization_endpoint'.",
            })),
        )
            .into_response();
    };
    let tenant = url::Url::parse(asked)
        .ok()
        .and_then(|url| Some(url.path_segments()?.next()?.to_owned()))
        .unwrap_or_else(|| "common".to_owned());
    Json(json!({
        "tenant_discovery_endpoint": format!(
            "{}/{tenant}/v2.0/.well-known/openid-configuration", sandbox.url()
        ),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }))
    .into_response()
}
