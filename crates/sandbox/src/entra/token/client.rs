//! Is it the application? Its secret, in the form or in a Basic header, or an
//! assertion that it signed.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::assertion::{self, Arrival};
use crate::entra::Parameters;
use crate::entra::authorize::find_app;
use crate::entra::failure::Failure;
use crate::tenant::State;
use crate::tenant::app::{AppRegistration, RedirectKind};

/// An application, and whether it has shown that it is itself.
pub(super) struct Client {
    pub(super) app: AppRegistration,
    pub(super) proven: bool,
    /// The page that asks, where a browser's script does.
    pub(super) origin: Option<String>,
}

impl Client {
    /// Whether this client may redeem what was given to a redirect address of this kind.
    pub(super) fn may_redeem(&self, kind: RedirectKind) -> Result<(), Failure> {
        match (kind, &self.origin) {
            (RedirectKind::Web, Some(origin)) => Err(Failure::new(9_002_326).saying(format!(
                "Cross-origin token redemption is permitted only for the 'Single-Page \
                 Application' client-type. Request origin: '{origin}'."
            ))),
            (RedirectKind::Web, None) if !self.proven => Err(Failure::new(7_000_218)),
            (RedirectKind::Spa, None) => Err(Failure::new(9_002_327)),
            (RedirectKind::Public, _) if self.proven => Err(Failure::new(700_025)),
            _ => Ok(()),
        }
    }
}

/// Finds the application and checks its credentials.
pub(super) fn authenticate(
    state: &mut State,
    headers: &HeaderMap,
    form: &Parameters,
    arrival: &Arrival<'_>,
) -> Result<Client, Failure> {
    let basic = basic(headers);
    let client_id = form
        .get("client_id")
        .or_else(|| basic.as_ref().map(|(id, _)| id))
        .ok_or_else(|| Failure::missing("client_id"))?;
    let app = find_app(state, client_id, arrival.segment)?.clone();
    let given = |name: &str| form.get(name).filter(|text| !text.is_empty());
    let assertion = given("client_assertion");
    let secret = given("client_secret")
        .or_else(|| basic.as_ref().map(|(_, secret)| secret))
        .filter(|secret| !secret.is_empty());
    let proven = match (assertion, secret) {
        (Some(_), _) | (_, Some(_)) if app.is_public() => {
            return Err(Failure::new(700_025).saying(format!(
                "Client '{}'({}) is public so neither 'client_assertion' nor 'client_secret' \
                 should be presented.",
                app.client_id, app.name
            )));
        }
        (Some(text), _) => {
            assertion::check(state, &app, text, form, arrival)?;
            true
        }
        (None, Some(secret)) => {
            check_secret(&app, secret, arrival.now)?;
            true
        }
        (None, None)
            if app
                .redirects
                .iter()
                .any(|one| one.kind != RedirectKind::Web) =>
        {
            false
        }
        (None, None) => return Err(Failure::new(7_000_218)),
    };
    Ok(Client {
        app,
        proven,
        origin: headers
            .get(header::ORIGIN)
            .and_then(|origin| origin.to_str().ok())
            .map(str::to_owned),
    })
}

fn check_secret(app: &AppRegistration, secret: &str, now: Timestamp) -> Result<(), Failure> {
    let kept = app
        .secrets
        .iter()
        .filter(|kept| kept.value.matches(secret))
        .max_by_key(|kept| kept.expires_at);
    match kept {
        None => Err(Failure::new(7_000_215).saying(format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{}'.",
            app.client_id
        ))),
        Some(kept) if kept.expires_at <= now => Err(Failure::new(7_000_222).saying(format!(
            "The provided client secret keys for app '{}' are expired. Visit the Azure portal to \
             create new keys for your app: https://aka.ms/NewClientSecret, or consider using \
             certificate credentials for added security: https://aka.ms/certCreds.",
            app.client_id
        ))),
        Some(_) => Ok(()),
    }
}

/// RFC 6749, 2.3.1: id and secret are form-encoded, then joined and put in base64.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| Some(percent_decode_str(part).decode_utf8().ok()?.into_owned());
    Some((decode(id)?, decode(secret)?))
}
