//! The rules of mentoring programs whose meetings take place on Microsoft Teams.
//!
//! Pure: what is so and what is wanted go in, the next state and what happened come out, or
//! a refusal in a sentence for people. Nothing here reads a clock, draws a random number,
//! or speaks with a database, a network or a page. Time zones are the one table that is
//! looked up, by name, in jiff's copy of the IANA database.

pub mod eligibility;
pub mod event;
pub mod integration;
pub mod invitation;
pub mod link;
pub mod lobby;
pub mod meeting;
pub mod member;
pub mod organization;
pub mod refusal;
pub mod role;
pub mod schedule;
mod text;
pub mod track;
mod word;

pub use refusal::{Refusal, RefusalKind};
