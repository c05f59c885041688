//! Is it the application? Its secret, in the form or in a Basic header.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::entra::Parameters;
use crate::entra::authorize::find_app;
use crate::entra::failure::Failure;
use crate::tenant::State;
use crate::tenant::app::{AppRegistration, RedirectKind};

/// An application, and whether it has shown that it is itself.
pub(super) struct Client {
    pub(super) app: AppRegistration,
    pub(super) proven: bool,
}

/// Finds the application and checks its credentials.
pub(super) fn authenticate(
    state: &State,
    segment: &str,
    headers: &HeaderMap,
    form: &Parameters,
    now: Timestamp,
) -> Result<Client, Failure> {
    let basic = basic(headers);
    let client_id = form
        .get("client_id")
        .or_else(|| basic.as_ref().map(|(id, _)| id))
        .ok_or_else(|| Failure::missing("client_id"))?;
    let app = find_app(state, client_id, segment)?;
    if form.contains_key("client_assertion") {
        // No registered certificate has this key.
        return Err(Failure::new(700_027));
    }
    let secret = form
        .get("client_secret")
        .or_else(|| basic.as_ref().map(|(_, secret)| secret))
        .filter(|secret| !secret.is_empty());
    let Some(secret) = secret else {
        let is_page = app
            .redirects
            .iter()
            .any(|redirect| redirect.kind == RedirectKind::Spa);
        return if is_page {
            Ok(Client {
                app: app.clone(),
                proven: false,
            })
        } else {
            Err(Failure::new(7_000_218))
        };
    };
    let Some(kept) = app
        .secrets
        .iter()
        .filter(|kept| kept.value.matches(secret))
        .max_by_key(|kept| kept.expires_at)
    else {
        return Err(Failure::new(7_000_215).saying(format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{}'.",
            app.client_id
        )));
    };
    if kept.expires_at <= now {
        return Err(Failure::new(7_000_222).saying(format!(
            "The provided client secret keys for app '{}' are expired. Visit the Azure portal to \
             create new keys for your app: https://aka.ms/NewClientSecret, or consider using \
             certificate credentials for added security: https://aka.ms/certCreds.",
            app.client_id
        )));
    }
    Ok(Client {
        app: app.clone(),
        proven: true,
    })
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
