//! The doors of Microsoft Entra ID: a file per endpoint family.
//!
//! A sign-in in the browser is an `Attempt`: `authorize` and `approval` begin one, `sign_in`
//! and `consent` carry it on, `step` decides what comes next, `pages` draws it.

mod approval;
mod asked;
mod authority;
mod authorize;
mod claims;
mod consent;
mod discovery;
pub(crate) mod failure;
mod identity;
mod keys;
mod logout;
mod pages;
mod permissions;
mod reply;
mod requests;
mod sign_in;
mod step;
mod token;
mod userinfo;

pub(crate) use token::read_certificate;

use std::collections::BTreeMap;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::Sandbox;

/// A refusal that was asked for (see `faults`): a page where people stand before pages, otherwise
/// the answer of the token endpoint.
pub(crate) fn refuse(
    sandbox: &Sandbox,
    path: &str,
    headers: &HeaderMap,
    code: u32,
    message: Option<&str>,
) -> Response {
    let trace = failure::Trace::new(sandbox, headers, &Parameters::new());
    let failure = failure::Failure::new(code);
    let failure = match message {
        Some(message) => failure.saying(message),
        None => failure,
    };
    let path = path.to_ascii_lowercase();
    if path.ends_with("/authorize") || path.ends_with("/adminconsent") {
        pages::failure(&failure, &trace)
    } else {
        failure.answer(sandbox, &trace)
    }
}

/// The parameters of a query or a form, each once.
type Parameters = BTreeMap<String, String>;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .merge(approval::router())
        .merge(authorize::router())
        .merge(consent::router())
        .merge(discovery::router())
        .merge(keys::router())
        .merge(logout::router())
        .merge(requests::router())
        .merge(sign_in::router())
        .merge(token::router())
        .merge(userinfo::router())
}

/// Reads parameters, refusing one that is there twice.
fn parameters(encoded: &str) -> Result<Parameters, failure::Failure> {
    let mut parameters = Parameters::new();
    for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()) {
        if parameters.contains_key(name.as_ref()) {
            return Err(failure::Failure::new(9_000_411).saying(format!(
                "The request is not properly formatted. The parameter '{name}' is duplicated."
            )));
        }
        parameters.insert(name.into_owned(), value.into_owned());
    }
    Ok(parameters)
}
