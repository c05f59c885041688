//! The addresses where an administrator consents, and what comes back from
//! there in the browser.
//!
//! What comes back is typed by whoever holds the browser: it proves nothing but
//! that its `state` is known. A tenant is bound from a verified ID token alone.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::client::Application;
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::{Tenant, TenantId};

/// Everything that is asked for, ever (S13): to sign in and stay signed in, to
/// see names, e-mail addresses and photos, to make and change the host's meetings.
pub const SCOPES: &[&str] = &[
    "openid",
    "profile",
    "offline_access",
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];

pub(crate) fn scopes() -> String {
    SCOPES.join(" ")
}

/// What ties a callback to the request that it answers.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub state: SecretString,
    /// Comes back inside the ID token.
    pub nonce: SecretString,
    /// Never leaves but to the token endpoint (PKCE, RFC 7636).
    pub verifier: SecretString,
}

impl Attempt {
    /// From 96 random bytes: three values of 256 bits, 43 characters each.
    pub fn from_random(bytes: &[u8; 96]) -> Self {
        let part = |n: usize| {
            SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(&bytes[32 * n..32 * (n + 1)]))
        };
        Self {
            state: part(0),
            nonce: part(1),
            verifier: part(2),
        }
    }

    fn challenge(&self) -> String {
        let hash = digest::digest(&digest::SHA256, self.verifier.expose_secret().as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(hash)
    }
}

/// Where the browser is sent to sign in and consent.
///
/// `prompt=select_account`, so that an administrator who is signed in already
/// does not become the host by accident.
pub fn authorize_url(
    cloud: &Cloud,
    application: &Application,
    attempt: &Attempt,
    tenant: Tenant,
    login_hint: Option<&str>,
) -> Url {
    let mut url = cloud.authorize(tenant);
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &application.client_id.to_string())
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", application.redirect_uri.as_str())
            .append_pair("response_mode", "query")
            .append_pair("scope", &scopes())
            .append_pair("state", attempt.state.expose_secret())
            .append_pair("nonce", attempt.nonce.expose_secret())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "select_account");
        if let Some(hint) = login_hint {
            query.append_pair("login_hint", hint);
        }
    }
    url
}

/// A link that any administrator of the tenant may open to consent for the
/// whole organization, where the host account itself may not.
pub fn admin_consent_url(
    cloud: &Cloud,
    application: &Application,
    tenant: Tenant,
    state: &SecretString,
) -> Url {
    let mut url = cloud.admin_consent(tenant);
    url.query_pairs_mut()
        .append_pair("client_id", &application.client_id.to_string())
        .append_pair("scope", &scopes())
        .append_pair("redirect_uri", application.redirect_uri.as_str())
        .append_pair("state", state.expose_secret());
    url
}

/// What the browser brought back to the redirect URI.
#[derive(Clone, Debug)]
pub enum Callback {
    Code {
        code: SecretString,
        state: SecretString,
    },
    Refused(Refusal),
    /// An administrator opened the admin-consent link and accepted. The tenant
    /// is claimed, not proven.
    AdminConsent {
        state: SecretString,
        claimed_tenant: Option<TenantId>,
    },
}

impl Callback {
    pub fn state(&self) -> &SecretString {
        match self {
            Self::Code { state, .. } | Self::AdminConsent { state, .. } => state,
            Self::Refused(refusal) => &refusal.state,
        }
    }
}

/// Microsoft, or the person in front of it, said no.
#[derive(Clone)]
pub struct Refusal {
    pub state: SecretString,
    /// OAuth's code, such as `access_denied`.
    pub error: String,
    /// `cancel` where the person pressed Cancel.
    pub subcode: Option<String>,
    /// Microsoft's text, at most 500 characters: for logs, never for a page.
    pub description: Option<Box<str>>,
    pub is_admin_consent: bool,
}

impl Refusal {
    /// The same, in the words of the one table of failures.
    pub fn failure(&self) -> Failure {
        Failure::of_refusal(
            &self.error,
            self.subcode.as_deref(),
            self.description.as_deref().unwrap_or_default(),
        )
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("error", &self.error)
            .field("subcode", &self.subcode)
            .field("description", &self.description)
            .field("is_admin_consent", &self.is_admin_consent)
            .finish_non_exhaustive()
    }
}

/// A callback that Microsoft didn't send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    #[error("The answer is too long.")]
    TooLong,
    #[error("The answer names the same thing twice.")]
    Duplicate,
    #[error("The answer is empty where it must say something.")]
    Empty,
    #[error("The answer doesn't say which request it answers.")]
    NoState,
    #[error("The answer says neither yes nor no.")]
    Neither,
    #[error("The answer was given by somebody else than the one that was asked.")]
    OtherIssuer,
}

impl Callback {
    /// Reads the query of the redirect URI (`response_mode=query`).
    ///
    /// `error` is looked at first: Microsoft sends `admin_consent=True` with
    /// errors too ("Request permissions through admin consent").
    pub fn parse(cloud: &Cloud, query: &str) -> Result<Self, CallbackError> {
        const LONGEST_QUERY: usize = 32 * 1024;
        const LONGEST_STATE: usize = 512;
        if query.len() > LONGEST_QUERY {
            return Err(CallbackError::TooLong);
        }
        let mut seen = BTreeSet::new();
        let mut read = Parameters::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !seen.insert(name.clone().into_owned()) {
                return Err(CallbackError::Duplicate);
            }
            if let Some(place) = read.place(&name) {
                match (value.is_empty(), &*name) {
                    (false, _) => *place = Some(value.into_owned()),
                    (true, "error_description" | "error_subcode") => {}
                    (true, _) => return Err(CallbackError::Empty),
                }
            }
        }
        let state = read.state.ok_or(CallbackError::NoState)?;
        if state.len() > LONGEST_STATE {
            return Err(CallbackError::TooLong);
        }
        let state = SecretString::from(state);
        if let Some(issuer) = &read.iss {
            // RFC 9207; Microsoft doesn't send it, so where it is there it must fit.
            let ours = Url::parse(issuer).is_ok_and(|issuer| cloud.is_at_login(&issuer));
            if !ours {
                return Err(CallbackError::OtherIssuer);
            }
        }
        if let Some(error) = read.error {
            let short = |text: String| text.chars().take(100).collect::<String>();
            return Ok(Self::Refused(Refusal {
                state,
                error: short(error),
                subcode: read.error_subcode.map(short),
                description: read
                    .error_description
                    .map(|text| crate::secret::presentable(&text, &[])),
                is_admin_consent: read.admin_consent.is_some(),
            }));
        }
        match (read.code, read.admin_consent) {
            (Some(code), None) => Ok(Self::Code {
                code: code.into(),
                state,
            }),
            (None, Some(given)) if given.eq_ignore_ascii_case("true") => Ok(Self::AdminConsent {
                state,
                claimed_tenant: read.tenant.and_then(|tenant| tenant.parse().ok()),
            }),
            _ => Err(CallbackError::Neither),
        }
    }
}

#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_subcode: Option<String>,
    error_description: Option<String>,
    admin_consent: Option<String>,
    tenant: Option<String>,
    iss: Option<String>,
}

impl Parameters {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "code" => &mut self.code,
            "state" => &mut self.state,
            "error" => &mut self.error,
            "error_subcode" => &mut self.error_subcode,
            "error_description" => &mut self.error_description,
            "admin_consent" => &mut self.admin_consent,
            "tenant" => &mut self.tenant,
            "iss" => &mut self.iss,
            _ => return None,
        })
    }
}
