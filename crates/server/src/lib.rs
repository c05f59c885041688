//! The program people run. Everything lives here; `main` only calls it.

pub mod clock;
pub mod vault;
pub mod web;
