//! The pages as plain values: what a page shows, already put into words.
//!
//! A view holds strings, flags and lists, never a row or a rule, so that a
//! handler has to say what it wants shown and a template has nothing to work
//! out. One file per noun, one template per view.

pub mod agenda;
pub mod answer;
pub mod audit;
pub mod failure;
pub mod form;
pub mod frame;
pub mod home;
pub mod integrations;
pub mod join;
pub mod manage;
pub mod meetings;
pub mod members;
pub mod notes;
pub mod organization;
pub mod outcomes;
pub mod profile;
pub mod proposals;
pub mod reference;
pub mod shown;
pub mod sign_in;
pub mod tracks;

pub use form::{Choice, Errors};
pub use frame::{Frame, Here, Theme};
pub use shown::{Face, Mode, Tag, Way, When};

#[cfg(test)]
mod tests;
