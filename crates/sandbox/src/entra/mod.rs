//! The doors of Microsoft Entra ID: a file per endpoint family.

mod keys;

use axum::Router;

use crate::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().merge(keys::router())
}
