//! What browsers see: pages, the assets they load, and nothing that decides.
//!
//! A handler loads what the actor may see, calls the app, and answers with a view or the
//! way to one.

pub mod actor;
pub mod answer;
mod answers;
pub mod assets;
pub mod audit;
mod calendar;
pub mod caller;
mod csv;
pub mod form;
mod guard;
mod health;
mod home;
pub mod integrations;
mod join;
pub mod local;
pub mod manage;
mod meetings;
pub mod members;
pub mod organization;
mod outcomes;
pub mod pages;
mod profile;
mod proposals;
mod reference;
mod reminders;
mod revision;
mod routes;
pub mod settings;
mod sign_in;
pub mod times;
mod tokens;
mod tracks;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};

use serde_json::Value;

use crate::app::App;

/// All pages, one of them about what `api` describes. Serve it with the connection's
/// `SocketAddr`, or nobody's address is known.
pub fn router(app: App, api: Arc<Value>) -> Router {
    routes::table()
        .layer(Extension(reference::Described(api)))
        .layer(from_fn_with_state(app.clone(), guard::doors))
        .layer(from_fn_with_state(app.clone(), guard::pages))
        .layer(from_fn(guard::headers))
        .with_state(app)
}
