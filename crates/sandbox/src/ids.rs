//! The identifiers that Microsoft gives to tenants, directory objects and
//! applications. All are UUIDs; the newtypes keep them from being mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A Microsoft Entra tenant (`tid`).
    TenantId
);
id!(
    /// A directory object, mostly a person (`oid`). A guest has another one in each tenant.
    ObjectId
);
id!(
    /// An app registration (`client_id`, also called application id).
    ClientId
);
