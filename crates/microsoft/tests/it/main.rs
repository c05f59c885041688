//! The client against answers of every kind, mostly lies.
//!
//! A fake Microsoft here is a function from request to response: it knows no
//! rules, so that it can break each of them. Numbers such as G-02 and C-18 are
//! those of the attack list.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod consent;
mod fake;
mod graph;
mod identity;
mod lies;
mod network;
mod online_meetings;
mod secure;
mod token;
mod users;
