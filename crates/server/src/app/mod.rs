//! What can be done with Ithaca.
//!
//! Load within the actor's sight, ask the rules, save the
//! change with its audit entry and the work it asks for in one commit, wake whoever does
//! that work. Pages and the API both enter here.

pub mod access_links;
pub mod answers;
pub mod api_tokens;
pub mod calendar_feeds;
pub mod integration;
pub mod links;
pub mod meetings;
pub mod members;
pub mod notes;
pub mod openings;
pub mod organizations;
pub mod outcomes;
pub mod passwords;
mod planning;
pub mod proposals;
pub mod reminders;
pub mod sessions;
pub mod tracks;

use std::sync::Arc;

use mentoring::event::Event;
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::role::{Actor, Sight};

use crate::clock::{Clock, Randomness};
use crate::figures::Figures;
use crate::instance::Instance;
use crate::phase::{Peers, Phase};
use crate::store::audit::{self, Author};
use crate::store::{Store, StoreError, Stored, Tx};
use crate::vault::{Vault, VaultError};
use crate::wake::Wake;

/// Everything that a change needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Where things are kept.
    pub store: Store,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and codes.
    pub randomness: Randomness,
    /// Rings the reconcilers.
    pub wake: Wake,
    /// What this instance knows of itself.
    pub instance: Arc<Instance>,
    /// Speaks with Microsoft; used here to redeem a consent's code and nothing else.
    pub microsoft: microsoft::Client,
    /// Hashes passwords, a few at a time.
    pub passwords: passwords::Hasher,
    /// Failed sign-ins that an account may have within a quarter of an hour.
    pub sign_in_failures: u16,
    /// Requests that an API token may send within a minute, over all nodes.
    pub api_requests_per_minute: u16,
    /// How many nodes share the work.
    pub peers: Peers,
    /// What this process has counted.
    pub figures: Figures,
    /// Where it stands between its start and its end.
    pub phase: Phase,
}

/// Who acts, and from where.
#[derive(Clone, Debug)]
pub struct Acting {
    /// The member with what they may do.
    pub actor: Actor,
    /// The network address of the request.
    pub address: String,
}

impl Acting {
    /// What the actor may see.
    pub fn sight(&self) -> Sight {
        self.actor.sight()
    }

    /// How the actor stands in the audit log.
    pub fn author(&self) -> Author {
        Author {
            member: Some(self.actor.member),
            name: self.actor.name.clone(),
            address: self.address.clone(),
        }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// It does not exist, or the actor may not know that it does.
    #[error("not found")]
    NotFound,
    /// The rules refuse, each reason at its field.
    #[error("refused: {}", sentences(.0))]
    Refused(Vec<Refusal>),
    /// Somebody else was quicker, or the state of things does not allow it now.
    #[error("{0}")]
    Conflict(String),
    /// Too many tries; come back after so many seconds.
    #[error("too many tries")]
    TooMany(u64),
    /// Nothing can be changed for the time being, and why.
    #[error("{}", .0.sentence())]
    ReadOnly(ReadOnly),
    /// Something is broken on our side. Logged once, at the edge.
    #[error("broken: {0}")]
    Broken(String),
}

/// Why nothing can be changed for the time being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// It may be a copy of an Ithaca that is in use.
    Fenced,
    /// Nothing fits on the disk any more.
    Full,
    /// Somebody else holds the database for long.
    Busy,
}

impl ReadOnly {
    /// In how many seconds it is worth trying again.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Fenced | Self::Full => 60,
            Self::Busy => 2,
        }
    }

    /// What it means for whoever wanted to change something.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Fenced => {
                "This Ithaca was restored from a backup. You can look, but nothing can be changed until whoever runs it confirms that it is the only one."
            }
            Self::Full => {
                "Ithaca has no room left to save anything. Nothing of yours was saved; what is here can be read, and saving works again as soon as there is room."
            }
            Self::Busy => {
                "Somebody else keeps the database busy. Nothing of yours was saved; try again in a moment."
            }
        }
    }
}

fn sentences(refusals: &[Refusal]) -> String {
    let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    all.join(" ")
}

impl AppError {
    /// Whether the actor may see the thing but not do this to it.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(refusals) if refusals.iter().any(|refusal| refusal.kind() == RefusalKind::Forbidden))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Conflict(
                "Somebody else changed this in the meantime. Look at it again before you change it.".to_owned(),
            ),
            StoreError::Fenced => Self::ReadOnly(ReadOnly::Fenced),
            StoreError::Full(cause) => {
                tracing::error!(%cause, "nothing can be saved: the disk is full");
                Self::ReadOnly(ReadOnly::Full)
            }
            StoreError::Busy(cause) => {
                tracing::warn!(%cause, "a change waited too long for the database");
                Self::ReadOnly(ReadOnly::Busy)
            }
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        if refusal.kind() == RefusalKind::Conflict {
            Self::Conflict(refusal.to_string())
        } else {
            Self::Refused(vec![refusal])
        }
    }
}

impl From<VaultError> for AppError {
    fn from(error: VaultError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The answer of whatever can be done.
pub type Done<T> = std::result::Result<T, AppError>;

/// Adds what happened to the audit log.
pub(crate) async fn record(tx: &Tx, acting: &Acting, event: &Event) -> Stored<()> {
    audit::append(tx, acting.actor.organization, &acting.author(), event).await
}
