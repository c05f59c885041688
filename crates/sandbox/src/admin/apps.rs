//! `/_sandbox/apps/{client_id}/certificates`: what the owner of an app
//! registration does.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::answer::{Refusal, Wanted};
use crate::Sandbox;
use crate::entra::read_certificate;
use crate::ids::ClientId;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCertificate {
    /// In PEM.
    certificate: String,
}

/// Registers a certificate beside those that are there.
pub(super) async fn add_certificate(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    Wanted(wanted): Wanted<NewCertificate>,
) -> Result<StatusCode, Refusal> {
    let certificate = read_certificate(&wanted.certificate).ok_or_else(|| {
        Refusal::wrong(
            "certificate",
            "certificate: it has to be a certificate in PEM with an RSA key.",
        )
    })?;
    sandbox.change(|state| {
        let app = name
            .parse()
            .ok()
            .and_then(|id: ClientId| state.apps.get_mut(&id))
            .ok_or_else(|| Refusal::not_found("application", &name))?;
        app.certificates.push(certificate);
        Ok(StatusCode::NO_CONTENT)
    })
}
