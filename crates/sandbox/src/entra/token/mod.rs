//! `POST /{tenant}/oauth2/v2.0/token`: a code, a refresh token or a client's
//! own credentials become tokens.

mod assertion;
mod client;
mod grants;
mod password;
mod x509;

pub(crate) use x509::read as read_certificate;

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State as Handle};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Sandbox;
use crate::calls::Answered;
use crate::entra::asked::{Posted, Segment};
use crate::entra::authority::Authority;
use crate::entra::authorize::{find_app, one_tenant};
use crate::entra::failure::{Failure, Trace};
use crate::entra::identity::{self, Identity, seconds_between};
use crate::entra::{Parameters, pages, parameters};
use crate::ids::TenantId;
use crate::tenant::State;
use crate::tenant::app::{AppRegistration, RedirectKind};
use crate::tenant::person::Person;
use crate::tenant::token::{AccessToken, Asked, RefreshToken};
use assertion::Arrival;

/// Source: "Refresh tokens in the Microsoft identity platform".
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long equal requests are counted.
const LOOP: SignedDuration = SignedDuration::from_mins(5);
const REFRESH_LIFE_SPA: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/{tenant}/oauth2/v2.0/token",
            post(redeem).get(refuse_get).options(preflight),
        )
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
    Handle(sandbox): Handle<Sandbox>,
    Segment(segment): Segment,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: Posted,
) -> Response {
    // msal-node puts its correlation id in the query, where nothing else counts.
    let query = parameters(&query.unwrap_or_default()).unwrap_or_default();
    let trace = Trace::new(&sandbox, &headers, &query);
    let issue = form
        .parameters()
        .and_then(|form| decide(&sandbox, &segment, &headers, &form));
    let mut response = match issue {
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
    };
    if headers.contains_key(header::ORIGIN) {
        readable(&mut response);
    }
    response
}

/// Pages of any origin may read what the token endpoint answers: it takes no cookie.
fn readable(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A browser asks whether a page may call the token endpoint.
async fn preflight() -> Response {
    let mut response = StatusCode::OK.into_response();
    readable(&mut response);
    response
}

/// Somebody opened the token endpoint in a browser.
async fn refuse_get(Handle(sandbox): Handle<Sandbox>, headers: HeaderMap) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    pages::failure(&Failure::new(900_561), &trace)
}

/// Codes for televisions and the like are for public clients: whoever has a secret to show can't
/// show it here.
async fn refuse_device(
    Handle(sandbox): Handle<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
    form: Posted,
) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let refused = form.parameters().map_or_else(
        |failure| failure,
        |form| {
            let client_id = form.get("client_id");
            let found = sandbox.read(|state| {
                Authority::parse(state, &segment)?;
                let client_id = client_id.ok_or_else(|| Failure::missing("client_id"))?;
                find_app(state, client_id, &segment).map(|_| ())
            });
            found.err().unwrap_or_else(|| Failure::new(7_000_218))
        },
    );
    refused.answer(&sandbox, &trace)
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
        let arrival = Arrival {
            url: sandbox.url(),
            segment,
            authority,
            now,
        };
        let client = client::authenticate(state, headers, form, &arrival)?;
        one_tenant(&client.app, authority)?;
        let issue = match grant_type.as_str() {
            "authorization_code" => grants::code(state, authority, &client, form, now),
            "refresh_token" => grants::refresh(state, authority, &client, form, now),
            "client_credentials" => grants::own(state, authority, &client, form, now),
            "password" => Err(password::refuse(state, authority, form)),
            "urn:ietf:params:oauth:grant-type:device_code" => Err(Failure::new(70018)),
            other => Err(Failure::new(70003).saying(format!(
                "The app requested an unsupported grant type '{other}'."
            ))),
        }?;
        not_in_circles(state, issue.tenant, segment, form, now)?;
        Ok(issue)
    })
}

/// Where the tenant sets a limit: a client that sends the same request again and again has lost
/// its cache. Source: "Microsoft Entra authentication and authorization error codes", 50196.
fn not_in_circles(
    state: &mut State,
    tenant: TenantId,
    segment: &str,
    form: &Parameters,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(limit) = state.switches(tenant).loop_limit else {
        return Ok(());
    };
    let is_recent = |asked: &Asked| now.duration_since(asked.since) < LOOP;
    state.asked.retain(is_recent);
    // An assertion is another one each time, though the request is the same.
    let same: Vec<_> = form
        .iter()
        .filter(|(name, _)| name.as_str() != "client_assertion")
        .collect();
    let key = format!("{segment} {same:?}");
    match state.asked.find_mut(&key) {
        Some(asked) if asked.times >= limit => Err(Failure::new(50196)),
        Some(asked) => {
            asked.times += 1;
            Ok(())
        }
        None => {
            let first = Asked {
                since: now,
                times: 1,
            };
            state.asked.insert(&key, first);
            Ok(())
        }
    }
}

async fn sign(sandbox: &Sandbox, issue: Issue) -> Value {
    let now = sandbox.now();
    let key = sandbox.signing().current().await;
    let life = lifetime(sandbox, issue.understands_claims);
    // Whoever asks in the very moment of a challenge asks after it.
    let challenged_at = issue
        .signed_in
        .as_ref()
        .and_then(|signed_in| signed_in.person.standing.challenged_at);
    let issued_at = challenged_at.map_or(now, |at| now.max(at));
    let access = AccessToken {
        tenant: issue.tenant,
        client_id: issue.app.client_id,
        person: issue
            .signed_in
            .as_ref()
            .map(|signed_in| signed_in.person.id),
        scopes: issue.granted,
        roles: issue.roles,
        issued_at,
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
