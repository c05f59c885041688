//! The sandbox over real HTTP: what Microsoft's own clients check, and what they don't.

mod consent;
mod discovery;
mod sign_in;
mod token;
mod world;
