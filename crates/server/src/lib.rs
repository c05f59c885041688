//! The program people run. Everything lives here; `main` only calls it.

pub mod api;
pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod demo;
pub mod door;
pub mod failpoints;
pub mod figures;
pub mod instance;
pub mod mail;
pub mod migrations;
pub mod operator;
pub mod phase;
pub mod program;
pub mod reconcile;
pub mod request;
#[cfg(test)]
mod scratch;
pub mod serve;
pub mod server;
pub mod sink;
pub mod standalone;
pub mod store;
pub mod vault;
pub mod wake;
pub mod web;
