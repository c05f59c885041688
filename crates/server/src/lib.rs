//! The program people run. Everything lives here; `main` only calls it.

pub mod cli;
pub mod clock;
pub mod config;
pub mod mail;
#[cfg(test)]
mod scratch;
pub mod vault;
pub mod web;
