//! Doorbells: whoever commits work rings, and the reconciler that does it looks at once
//! instead of at its next interval. A lost ring costs time, never work.

use std::sync::Arc;

use tokio::sync::Notify;

/// The background workers that can be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconciler {
    /// Makes, changes and deletes Teams meetings.
    Links,
    /// Looks members up in the directory.
    Directory,
    /// Refreshes tokens.
    Tokens,
    /// Runs the live test of an integration, and takes one down.
    Health,
    /// Compares Teams with what is wanted.
    Drift,
    /// Sends messages.
    Outbox,
    /// Reminds people of their meetings.
    Reminders,
    /// Forgets what is over.
    Retention,
    /// Reminds of times that were offered, and ends them when they have passed.
    Proposals,
}

impl Reconciler {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Links,
        Self::Directory,
        Self::Tokens,
        Self::Health,
        Self::Drift,
        Self::Outbox,
        Self::Reminders,
        Self::Retention,
        Self::Proposals,
    ];

    /// Its name in logs and on the status page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Directory => "directory",
            Self::Tokens => "tokens",
            Self::Health => "health",
            Self::Drift => "drift",
            Self::Outbox => "outbox",
            Self::Reminders => "reminders",
            Self::Retention => "retention",
            Self::Proposals => "proposals",
        }
    }
}

/// The doorbells of one process.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<[Notify; Reconciler::ALL.len()]>);

impl Wake {
    /// Rings.
    pub fn ring(&self, reconciler: Reconciler) {
        self.0[reconciler as usize].notify_one();
    }

    /// Waits for a ring. One that came while nobody waited counts.
    pub async fn rung(&self, reconciler: Reconciler) {
        self.0[reconciler as usize].notified().await;
    }
}
