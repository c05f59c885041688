//! `POST /{tenant}/oauth2/v2.0/token`: a code, a refresh token or a client's
//! own credentials become tokens.

mod client;
mod grants;

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Sandbox;
use crate::calls::Answered;
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};
use crate::entra::identity::{self, Identity, seconds_between};
use crate::entra::{Parameters, parameters};
use crate::ids::TenantId;
use crate::tenant::app::{AppRegistration, RedirectKind};
use crate::tenant::person::Person;
use crate::tenant::token::{AccessToken, RefreshToken};

/// Source: "Refresh tokens in the Microsoft identity platform".
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
const REFRESH_LIFE_SPA: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(redeem))
        .route("/{tenant}/oauth2/v2.0/devicecode", post(refuse_device))
}

/// What a grant gives, before it is signed.
struct Issue {
    app: AppRegistration,
    tenant: TenantId,
    /// None where the application acts as itself.
    signed_in: Option<SignedIn>,
    /// Everything that is approved, asked for or not.
    granted: BTreeSet<String>,
    roles: BTreeSet<String>,
    understands_claims: bool,
    wants_client_info: bool,
}

struct SignedIn {
    person: Person,
    /// What this request asks for.
    asked: BTreeSet<String>,
    nonce: Option<String>,
    session: Uuid,
    at: Timestamp,
    second_factor: bool,
    redirect_kind: RedirectKind,
    refreshable: bool,
}

async fn redeem(
    State(sandbox): State<Sandbox>,
    Path(segment): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // msal-node puts its correlation id in the query, where nothing else counts.
    let query = parameters(&query.unwrap_or_default()).unwrap_or_default();
    let trace = Trace::new(&sandbox, &headers, &query);
    let issue = std::str::from_utf8(&body)
        .map_err(|_| Failure::new(9_002_313))
        .and_then(parameters)
        .and_then(|form| decide(&sandbox, &segment, &headers, &form));
    match issue {
        Err(failure) => failure.answer(&sandbox, &trace),
        Ok(issue) => {
            let tenant = issue.tenant;
            let body = sign(&sandbox, issue).await;
            let mut response = (trace.headers(), Json(body)).into_response();
            response
                .extensions_mut()
                .insert(Answered::for_tenant(tenant));
            response
        }
    }
}

/// Codes for televisions and the like are not for applications that ask for calendars.
async fn refuse_device(
    State(sandbox): State<Sandbox>,
    Path(_): Path<String>,
    headers: HeaderMap,
) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    Failure::new(70003)
        .saying("The app requested an unsupported grant type 'device_code'.")
        .answer(&sandbox, &trace)
}

fn decide(
    sandbox: &Sandbox,
    segment: &str,
    headers: &HeaderMap,
    form: &Parameters,
) -> Result<Issue, Failure> {
    let now = sandbox.now();
    sandbox.change(|state| {
        let authority = Authority::parse(state, segment)?;
        let grant_type = form
            .get("grant_type")
            .ok_or_else(|| Failure::missing("grant_type"))?;
        let client = client::authenticate(state, segment, headers, form, now)?;
        match grant_type.as_str() {
            "authorization_code" => grants::code(state, authority, &client, form, now),
            "refresh_token" => grants::refresh(state, authority, &client, form, now),
            "client_credentials" => grants::own(state, authority, &client, form),
            other => Err(Failure::new(70003).saying(format!(
                "The app requested an unsupported grant type '{other}'."
            ))),
        }
    })
}

async fn sign(sandbox: &Sandbox, issue: Issue) -> Value {
    let now = sandbox.now();
    let key = sandbox.signing().current().await;
    let life = lifetime(sandbox, issue.understands_claims);
    let access = AccessToken {
        tenant: issue.tenant,
        client_id: issue.app.client_id,
        person: issue
            .signed_in
            .as_ref()
            .map(|signed_in| signed_in.person.id),
        scopes: issue.granted,
        roles: issue.roles,
        issued_at: now,
        expires_at: now.saturating_add(life).unwrap_or(now),
        understands_claims: issue.understands_claims,
    };
    let person = issue.signed_in.as_ref().map(|signed_in| &signed_in.person);
    let access_text = key.sign(&identity::access_claims(
        sandbox, &issue.app, person, &access,
    ));
    let seconds = seconds_between(now, access.expires_at);
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": access_text,
    });
    let mut refresh = None;
    if let Some(signed_in) = &issue.signed_in {
        body["scope"] = json!(returned_scope(&access.scopes));
        if signed_in.asked.contains("openid") {
            body["id_token"] = json!(key.sign(&identity::id_claims(
                sandbox,
                &Identity {
                    person: &signed_in.person,
                    client_id: issue.app.client_id,
                    scopes: &signed_in.asked,
                    nonce: signed_in.nonce.as_deref(),
                    session: signed_in.session,
                },
            )));
        }
        if signed_in.refreshable {
            let text = refresh_text(sandbox);
            body["refresh_token"] = json!(text);
            refresh = Some((
                text,
                refresh_token(&issue.app, issue.tenant, signed_in, now),
            ));
        }
        if issue.wants_client_info {
            let info = identity::client_info(issue.tenant, signed_in.person.id);
            body["client_info"] = json!(info);
        }
    }
    sandbox.change(|state| {
        state.access_tokens.insert(&access_text, access);
        if let Some((text, token)) = refresh {
            state.refresh_tokens.insert(&text, token);
        }
    });
    body
}

fn refresh_token(
    app: &AppRegistration,
    tenant: TenantId,
    signed_in: &SignedIn,
    now: Timestamp,
) -> RefreshToken {
    let (from, life) = match signed_in.redirect_kind {
        RedirectKind::Web | RedirectKind::Public => (now, REFRESH_LIFE),
        // A page's tokens end a day after the sign-in, however often they are replaced.
        RedirectKind::Spa => (signed_in.at, REFRESH_LIFE_SPA),
    };
    RefreshToken {
        tenant,
        client_id: app.client_id,
        person: signed_in.person.id,
        session: signed_in.session,
        redirect_kind: signed_in.redirect_kind,
        issued_at: now,
        signed_in_at: signed_in.at,
        second_factor: signed_in.second_factor,
        expires_at: from.saturating_add(life).unwrap_or(Timestamp::MAX),
        used: false,
    }
}

/// 60 to 90 minutes; 20 to 28 hours for clients that understand claims challenges.
/// Source: "Configurable token lifetimes", "Continuous access evaluation".
fn lifetime(sandbox: &Sandbox, understands_claims: bool) -> SignedDuration {
    let seconds = if understands_claims {
        72_000 + sandbox.random().below(28_800)
    } else {
        3_599 + sandbox.random().below(1_801)
    };
    SignedDuration::from_secs(i64::from(seconds))
}

/// Opaque, over one kilobyte, and never twice the same length.
fn refresh_text(sandbox: &Sandbox) -> String {
    let bytes = 800 + sandbox.random().below(200) as usize;
    format!("1.AX{}", sandbox.random().text(bytes))
}

/// The scopes as the answer lists them: Graph's first, and `email` whether asked for or not.
fn returned_scope(granted: &BTreeSet<String>) -> String {
    let own = ["openid", "profile", "email", "offline_access"];
    let mut listed: Vec<&str> = granted
        .iter()
        .map(String::as_str)
        .filter(|scope| !own.contains(scope))
        .collect();
    if granted.contains("openid") || granted.contains("profile") {
        listed.extend(["profile", "openid", "email"]);
    }
    listed.join(" ")
}
