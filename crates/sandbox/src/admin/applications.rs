//! `/_sandbox/applications`: app registrations, for programs that bring their own; and
//! `/_sandbox/doors`, where everything is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Refusal, Wanted};
use crate::ids::ClientId;
use crate::secret::Secret;
use crate::tenant::app::{AppRegistration, Audience, ClientSecret, Redirect, RedirectKind};
use crate::{Doors, Sandbox};

/// More redirect addresses than this are taken by no registration.
/// Source: "Redirect URI (reply URL) restrictions and limitations", maximum number.
const REDIRECTS: usize = 256;

const TWO_YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.read(|state| {
        let all: Vec<Value> = state.apps.values().map(shown).collect();
        json!({ "applications": all })
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    name: String,
    #[serde(default)]
    publisher: String,
    /// Without it, an app of this name is registered anew if there is none.
    client_id: Option<ClientId>,
    #[serde(default)]
    redirects: Vec<Redirection>,
    #[serde(default)]
    delegated: Vec<String>,
    #[serde(default)]
    application: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirection {
    #[serde(rename = "type")]
    kind: RedirectKind,
    uri: String,
}

/// Registers an app for the accounts of any tenant. Where it is registered already, what is new is
/// added, and its secret and what was approved for it stay.
pub(super) async fn register(
    State(sandbox): State<Sandbox>,
    Wanted(wanted): Wanted<Registration>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (now, random) = (sandbox.now(), sandbox.random().clone());
    if wanted.redirects.len() > REDIRECTS {
        return Err(Refusal::wrong(
            "redirects",
            format!("An app has at most {REDIRECTS} redirect addresses."),
        ));
    }
    sandbox.change(|state| {
        let known = wanted.client_id.or_else(|| {
            let same = state.apps.values().find(|app| app.name == wanted.name);
            same.map(|app| app.client_id)
        });
        let client_id = known.unwrap_or_else(|| ClientId(random.uuid()));
        let status = if state.apps.contains_key(&client_id) {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        let app = state
            .apps
            .entry(client_id)
            .or_insert_with(|| empty(client_id));
        app.name = wanted.name;
        app.publisher = wanted.publisher;
        for redirect in wanted.redirects {
            let redirect = Redirect {
                kind: redirect.kind,
                uri: redirect.uri,
            };
            if !app.redirects.contains(&redirect) {
                app.redirects.push(redirect);
            }
        }
        app.redirects
            .drain(..app.redirects.len().saturating_sub(REDIRECTS));
        app.scopes.extend(wanted.delegated);
        app.roles.extend(wanted.application);
        if app.secrets.iter().all(|secret| secret.expires_at <= now) {
            let mut bytes = [0; 25];
            random.fill(&mut bytes);
            app.secrets.push(ClientSecret {
                id: random.uuid(),
                value: Secret::new(format!("sbx8Q~{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))),
                expires_at: now.saturating_add(TWO_YEARS).unwrap_or(Timestamp::MAX),
            });
        }
        Ok((status, Json(shown(app))))
    })
}

fn empty(client_id: ClientId) -> AppRegistration {
    AppRegistration {
        client_id,
        name: String::new(),
        publisher: String::new(),
        audience: Audience::AnyTenant,
        redirects: Vec::new(),
        secrets: Vec::new(),
        certificates: Vec::new(),
        scopes: std::collections::BTreeSet::new(),
        roles: std::collections::BTreeSet::new(),
    }
}

/// Its secret too: whoever reaches these doors owns the sandbox, and a program has to learn it.
fn shown(app: &AppRegistration) -> Value {
    let redirects: Vec<Value> = app
        .redirects
        .iter()
        .map(|redirect| json!({ "type": redirect.kind, "uri": redirect.uri }))
        .collect();
    json!({
        "client_id": app.client_id,
        "client_secret": app.secrets.last().map(|secret| secret.value.reveal()),
        "name": app.name,
        "publisher": app.publisher,
        "redirects": redirects,
        "delegated": app.scopes,
        "application": app.roles,
    })
}

pub(super) async fn doors(State(sandbox): State<Sandbox>) -> Json<Doors> {
    Json(sandbox.doors())
}
