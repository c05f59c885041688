//! Tokens: how they are asked for, and whose they are.
//!
//! The address of a refresh is built from the bound tenant alone and the scopes
//! are fixed, so a stored token can't be used for another tenant or resource.
//! Microsoft leaves old refresh tokens alive; the newest is stored by whoever
//! calls, before it is used.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::client::Client;
use crate::consent::{SCOPES, scopes};
use crate::failure::{Failure, Kind, TokenError};
use crate::transport::Answer;
use crate::{Holder, ObjectId, Tenant, TenantId};

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Grant {
    pub access_token: SecretString,
    /// Absent where Microsoft gave no new one: the old one stays good.
    pub refresh_token: Option<SecretString>,
    pub id_token: Option<SecretString>,
    /// Without the resource's prefix: `User.Read`.
    pub scopes: BTreeSet<String>,
    /// From the moment of asking.
    pub expires_in: Duration,
}

/// The right to call Graph as one host of one holder, for about an hour.
#[derive(Clone)]
pub struct AccessToken {
    secret: SecretString,
    holder: Holder,
    host: ObjectId,
    expires_at: Timestamp,
    scopes: BTreeSet<String>,
}

impl AccessToken {
    /// `asked_at` is when the grant was asked for.
    pub fn new(holder: Holder, host: ObjectId, grant: &Grant, asked_at: Timestamp) -> Self {
        let lifetime = SignedDuration::try_from(grant.expires_in).unwrap_or(SignedDuration::ZERO);
        Self {
            secret: grant.access_token.clone(),
            holder,
            host,
            expires_at: asked_at.saturating_add(lifetime).unwrap_or(asked_at),
            scopes: grant.scopes.clone(),
        }
    }

    pub fn holder(&self) -> Holder {
        self.holder
    }

    pub fn host(&self) -> ObjectId {
        self.host
    }

    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    pub fn scopes(&self) -> &BTreeSet<String> {
        &self.scopes
    }

    /// Whether it outlives a call that begins now, with minutes to spare.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires_at.duration_since(now) > SignedDuration::from_mins(5)
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("holder", &self.holder)
            .field("host", &self.host)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What Graph or Entra ID wants of the next token: handed back as it came
/// (continuous access evaluation).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsChallenge(Box<str>);

impl ClaimsChallenge {
    const LONGEST: usize = 4096;

    /// From an error of the token endpoint, or as [`Self::as_json`] gave it.
    pub fn from_json(text: &str) -> Option<Self> {
        if text.len() > Self::LONGEST {
            return None;
        }
        let claims: serde_json::Value = serde_json::from_str(text).ok()?;
        claims.is_object().then(|| Self(text.into()))
    }

    /// As it came, to be kept until the next refresh.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// From `WWW-Authenticate`: JSON in base64, of either alphabet.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        if text.len() > 2 * Self::LONGEST {
            return None;
        }
        let text = text.trim_end_matches('=');
        let json = BASE64_STANDARD_NO_PAD
            .decode(text)
            .or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text))
            .ok()?;
        Self::from_json(std::str::from_utf8(&json).ok()?)
    }
}

/// The `claims` parameter: that we understand challenges (CP1), and the one
/// that is being answered.
fn claims(challenge: Option<&ClaimsChallenge>) -> String {
    let mut claims = challenge
        .and_then(|challenge| serde_json::from_str::<serde_json::Value>(&challenge.0).ok())
        .filter(serde_json::Value::is_object)
        .unwrap_or_else(|| serde_json::json!({}));
    if !claims["access_token"].is_object() {
        claims["access_token"] = serde_json::json!({});
    }
    claims["access_token"]["xms_cc"] = serde_json::json!({ "values": ["CP1"] });
    claims.to_string()
}

impl Client {
    /// Turns the code of a callback into tokens, at the tenant where the code
    /// was asked for (a code is good there alone, AADSTS700005).
    pub async fn redeem(
        &self,
        tenant: Tenant,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Grant, Failure> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", self.application().redirect_uri.as_str()),
            ("code_verifier", verifier.expose_secret()),
        ];
        self.ask(tenant, &form, None, &[code, verifier])
            .await
            .map_err(|mut failure| {
                // One code for two things; here it can only be the code's age.
                if failure.kind == Kind::GrantExpired {
                    failure.kind = Kind::SignInStale;
                }
                failure
            })
    }

    pub async fn refresh(
        &self,
        tenant: TenantId,
        refresh_token: &SecretString,
    ) -> Result<Grant, Failure> {
        self.refresh_with(tenant, refresh_token, None).await
    }

    /// A refresh that answers a challenge, once; a failure that needs a person
    /// then means: reconnect.
    pub async fn refresh_answering(
        &self,
        tenant: TenantId,
        refresh_token: &SecretString,
        challenge: &ClaimsChallenge,
    ) -> Result<Grant, Failure> {
        self.refresh_with(tenant, refresh_token, Some(challenge))
            .await
    }

    async fn refresh_with(
        &self,
        tenant: TenantId,
        refresh_token: &SecretString,
        challenge: Option<&ClaimsChallenge>,
    ) -> Result<Grant, Failure> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
        ];
        self.ask(Tenant::Id(tenant), &form, challenge, &[refresh_token])
            .await
    }

    /// Asks with the client secret that was taken last, at first the newest, and where
    /// that one is refused with each of the others.
    async fn ask(
        &self,
        tenant: Tenant,
        form: &[(&str, &str)],
        challenge: Option<&ClaimsChallenge>,
        secrets: &[&SecretString],
    ) -> Result<Grant, Failure> {
        let claims = claims(challenge);
        let scopes = scopes();
        let client_id = self.application().client_id.to_string();
        let known = &self.application().client_secrets;
        let taken = &self.parts().taken_secret;
        let first = taken.load(Ordering::Relaxed);
        let others = (0..known.len()).filter(|place| *place != first);
        let mut refused = None;
        for place in std::iter::once(first).chain(others) {
            let Some(client_secret) = known.get(place) else {
                continue;
            };
            let mut whole = vec![
                ("client_id", client_id.as_str()),
                ("client_secret", client_secret.expose_secret()),
                ("scope", &scopes),
                ("claims", &claims),
            ];
            whole.extend_from_slice(form);
            let mut sent = vec![client_secret];
            sent.extend_from_slice(secrets);
            match self.post(tenant, &whole, &sent).await {
                Err(failure) if failure.kind.is_about_the_client_secret() => {
                    // What is said is of the newest, which is the one that should do.
                    if place == 0 || refused.is_none() {
                        refused = Some(failure);
                    }
                }
                Ok(grant) => {
                    taken.store(place, Ordering::Relaxed);
                    return Ok(grant);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(refused.unwrap_or_else(|| {
            Failure::new(Kind::ClientRefused).detailed("no client secret is configured", &[])
        }))
    }

    async fn post(
        &self,
        tenant: Tenant,
        form: &[(&str, &str)],
        sent: &[&SecretString],
    ) -> Result<Grant, Failure> {
        let parts = self.parts();
        let body =
            serde_urlencoded::to_string(form).map_err(|_| Failure::new(Kind::RequestWrong))?;
        let request_id = parts.randomness.uuid().to_string();
        let request = Request::builder()
            .method(Method::POST)
            .uri(parts.cloud.token(tenant).as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header("client-request-id", &request_id)
            .header("return-client-request-id", HeaderValue::from_static("true"))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Failure::new(Kind::RequestWrong))?;
        let began = Instant::now();
        let answered = parts.transport.exchange(request, sent).await;
        let granted = answered.and_then(|answer| {
            if answer.status == http::StatusCode::OK {
                self.grant(&answer)
            } else {
                Err(TokenError::read(&answer, sent, parts.clock.now()))
            }
        });
        let granted = granted.map_err(|failure| failure.sent_as(&request_id));
        self.called("token", &granted, began);
        granted
    }

    fn grant(&self, answer: &Answer) -> Result<Grant, Failure> {
        const LONGEST_TOKEN: usize = 64 * 1024;
        const LONGEST_LIFE: u64 = 48 * 60 * 60;
        let read: GrantBody = answer.json()?;
        let tokens = [
            Some(&read.access_token),
            read.refresh_token.as_ref(),
            read.id_token.as_ref(),
        ];
        let sound = tokens.into_iter().flatten().all(|token| {
            let token = token.expose_secret();
            !token.is_empty()
                && token.len() <= LONGEST_TOKEN
                && token.bytes().all(|byte| byte.is_ascii_graphic())
        });
        if !sound || !read.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Failure::garbage("a token answer without a usable token"));
        }
        let prefix = self.cloud().graph().as_str();
        Ok(Grant {
            access_token: read.access_token,
            refresh_token: read.refresh_token,
            id_token: read.id_token,
            scopes: read
                .scope
                .split_ascii_whitespace()
                .map(|scope| scope.strip_prefix(prefix).unwrap_or(scope).to_owned())
                .collect(),
            expires_in: Duration::from_secs(read.expires_in.min(LONGEST_LIFE)),
        })
    }
}

#[derive(Deserialize)]
struct GrantBody {
    token_type: String,
    scope: String,
    expires_in: u64,
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(default, deserialize_with = "maybe_secret")]
    refresh_token: Option<SecretString>,
    #[serde(default, deserialize_with = "maybe_secret")]
    id_token: Option<SecretString>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn maybe_secret<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// What was asked for and not granted: an administrator may grant less.
///
/// `openid`, `profile` and `offline_access` show in what the answer holds (an
/// ID token with its claims, a refresh token), not among its scopes.
pub fn missing_scopes(granted: &BTreeSet<String>) -> Vec<&'static str> {
    let has = |wanted: &str| {
        granted
            .iter()
            .any(|scope| scope.eq_ignore_ascii_case(wanted))
    };
    graph_scopes().filter(|wanted| !has(wanted)).collect()
}

/// What was granted and never asked for: more than was promised.
pub fn unexpected_scopes(granted: &BTreeSet<String>) -> Vec<&str> {
    let asked = |scope: &str| {
        scope.eq_ignore_ascii_case("email")
            || SCOPES
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(scope))
    };
    granted
        .iter()
        .map(String::as_str)
        .filter(|scope| !asked(scope))
        .collect()
}

fn graph_scopes() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().copied().filter(|scope| scope.contains('.'))
}
