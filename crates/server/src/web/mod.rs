//! What browsers see: pages, the assets they load, and nothing that decides.
//!
//! A handler loads what the actor may see, calls the app, and answers with a view or the
//! way to one.

pub mod actor;
pub mod answer;
pub mod assets;
pub mod audit;
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
pub mod pages;
mod profile;
mod revision;
mod routes;
pub mod settings;
mod sign_in;
pub mod times;
mod tracks;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::app::App;

/// All pages. Serve it with the connection's `SocketAddr`, or nobody's address is known.
pub fn router(app: App) -> Router {
    routes::table()
        .layer(from_fn_with_state(app.clone(), guard::doors))
        .layer(from_fn_with_state(app.clone(), guard::pages))
        .layer(from_fn(guard::headers))
        .with_state(app)
}
