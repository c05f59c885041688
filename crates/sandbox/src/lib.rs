//! A pretend Microsoft: Entra ID, Graph, Teams join pages and mailboxes that
//! answer as the real ones do, as far as their documentation says.
//!
//! It shares no code and no reading with Ithaca's own client, or one misreading
//! would sit on both sides and cancel out.

pub mod clock;
mod entra;
pub mod ids;
pub mod random;
mod sandbox;
mod secret;
mod seed;
mod signing;
pub mod smtp;
pub mod tenant;

use axum::Router;

pub use sandbox::{Sandbox, Settings};
pub use secret::Secret;
pub use signing::SigningKey;

/// Every door of the sandbox.
fn router(sandbox: &Sandbox) -> Router {
    Router::new()
        .merge(entra::router())
        .with_state(sandbox.clone())
}
