//! One program for everything that is proved from outside: pages, stories, stores, attacks.
//!
//! A folder mirrors what it proves. The files beside this one are what the tests stand on.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod api;
mod attacks;
mod browser;
mod calendar;
mod child;
mod conformance;
mod crashes;
mod demo;
mod health;
mod mailbox;
mod nodes;
mod pages;
mod postgres;
mod proxy;
mod reader;
mod rehearsal;
mod runtime;
mod standalone;
mod store;
mod stories;
mod tidy;
mod visitor;
