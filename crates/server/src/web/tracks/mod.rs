//! Tracks: who is here, what is planned?

pub mod show;
pub mod teams;
