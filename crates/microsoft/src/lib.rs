//! Entra ID and Microsoft Graph, as far as a host of Teams meetings needs them.
//!
//! One client, two addresses, one seam: every request leaves through a
//! [`Transport`]. There is no "current" account here: an [`AccessToken`] is a
//! value that says whose it is, and each call takes one. Nothing is tried again
//! in here (another client secret and a refused role aside); when to try again
//! is decided where it is known what the call was for.
//!
//! Whatever Microsoft answers is a stranger's input: bounded in size, time and
//! depth, and checked before it is believed.

mod client;
pub mod cloud;
pub mod consent;
pub mod failure;
pub mod graph;
pub mod identity;
pub mod online_meetings;
mod pace;
mod secret;
pub mod token;
pub mod transport;
pub mod users;

pub use client::{Application, Client, Clock, Randomness, Told};
pub use cloud::Cloud;
pub use consent::{Attempt, Callback, CallbackError, SCOPES, admin_consent_url, authorize_url};
pub use failure::{Failure, Group, Kind};
pub use identity::Identity;
pub use online_meetings::{Changes, Created, Deleted, NewOnlineMeeting, OnlineMeeting};
pub use token::{AccessToken, ClaimsChallenge, Grant, missing_scopes, unexpected_scopes};
pub use transport::{NetworkSettings, Transport};
pub use users::{DirectoryAccount, DirectoryOrganization, KnownAccount, Lookup, Photo};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A tenant: an organization's Microsoft directory.
    TenantId
}
id! {
    /// An account in one tenant. The same person has another one in every
    /// tenant where they are a guest.
    ObjectId
}
id! {
    /// Whose a token is, in the words of whoever uses this crate: a token is
    /// never used for anybody else.
    Holder
}

/// The part of Microsoft's login addresses that says whose directory is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenant {
    /// Any work or school account: the first time, when the tenant isn't known.
    Organizations,
    /// The tenant that is bound already.
    Id(TenantId),
}

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Organizations => f.write_str("organizations"),
            Self::Id(id) => id.fmt(f),
        }
    }
}
