//! What the operator of an instance sees: a page, metrics, and whether it is well. It is
//! served at an address of its own, never at the public one, and answers for all
//! organizations without naming any.

mod metrics;
mod page;
pub mod report;
pub mod table;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::phase::Phase;
use crate::program::Program;
use crate::reconcile::Tools;
use crate::web::assets;

/// What the operator's door shows.
#[derive(Clone, Debug)]
struct Shown {
    tools: Tools,
    phase: Phase,
    /// The digest of what whoever comes has to know, if anything.
    secret: Option<[u8; 32]>,
}

/// The operator's door.
pub fn router(program: &Program, secret: Option<&SecretString>) -> Router {
    let shown = Shown {
        tools: program.tools.clone(),
        phase: program.app.phase.clone(),
        secret: secret.map(|secret| digest(secret.expose_secret())),
    };
    Router::new()
        .route("/", get(page::show))
        .route("/status.json", get(status))
        .route("/metrics", get(metrics::show))
        .route(assets::ROUTE, get(assets::serve))
        .layer(from_fn_with_state(shown.clone(), guarded))
        .route("/health/live", get(async || "alive\n"))
        .route("/health/ready", get(ready))
        .with_state(shown)
}

async fn ready(State(shown): State<Shown>) -> Response {
    shown.phase.readiness(&shown.tools.store).await
}

async fn status(State(shown): State<Shown>) -> Response {
    match report::read(&shown.tools.store).await {
        Ok(report) => Json(report).into_response(),
        Err(error) => broken(&error),
    }
}

fn broken(error: &crate::store::StoreError) -> Response {
    tracing::error!(%error, "the operator could not be shown how the instance does");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "The database does not answer. The log says more.\n",
    )
        .into_response()
}

/// Lets in who knows the secret: a program as a bearer, a person by a browser's own
/// question, in which any name will do.
async fn guarded(State(shown): State<Shown>, request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let knows = match &shown.secret {
        None => true,
        Some(secret) => authorization
            .and_then(|value| value.to_str().ok())
            .and_then(given)
            .is_some_and(|given| bool::from(digest(&given).ct_eq(secret))),
    };
    let mut response = if knows {
        next.run(request).await
    } else {
        let challenge = [(
            header::WWW_AUTHENTICATE,
            "Basic realm=\"Ithaca's operator\"",
        )];
        (StatusCode::UNAUTHORIZED, challenge, "Say the secret.\n").into_response()
    };
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ] {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn given(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let rest = rest.trim_start();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// How long something lasts, in the one unit that says most.
pub(crate) fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_said_by_programs_and_by_browsers() {
        assert_eq!(given("Bearer open sesame").as_deref(), Some("open sesame"));
        assert_eq!(
            given("basic b3A6b3BlbiBzZXNhbWU=").as_deref(),
            Some("open sesame")
        );
        assert_eq!(given("Basic ???"), None);
        assert_eq!(given("Digest x"), None);
        assert_eq!(given("Bearer"), None);
    }

    #[test]
    fn a_span_is_said_in_one_unit() {
        for (seconds, words) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (7_199, "119 min"),
            (7_200, "2 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), words);
        }
    }
}
