//! The sandbox over real HTTP: what Microsoft's own clients check, and what they don't.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod access;
mod admin;
mod assertion;
mod catalogue;
mod clients;
mod consent;
mod console;
mod described;
mod discovery;
mod documented;
mod faults;
mod graph_batch;
mod graph_delta;
mod graph_directory;
mod graph_limits;
mod graph_meeting_life;
mod graph_meetings;
mod graph_odd;
mod graph_users;
mod graph_world;
mod join;
mod mail;
mod random;
mod random_requests;
mod refusals;
mod sign_in;
mod token;
mod world;
