//! Application access policies: for which hosts an application may act by
//! itself. Teams keeps them, not Entra ID.
//!
//! Source: "Configure application access to online meetings or virtual events".

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, ObjectId, TenantId};

/// A `CsApplicationAccessPolicy` as it was given to a host or to a whole tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPolicy {
    pub tenant: TenantId,
    /// The applications that it names (`AppIds`).
    pub apps: BTreeSet<ClientId>,
    /// None: for everyone in the tenant who has no policy of their own (`-Global`).
    pub host: Option<ObjectId>,
    /// Changes take up to half an hour to act.
    pub acts_from: Timestamp,
}

/// The one policy that counts for a host: of those that act, the last that was given to the host,
/// else the last that was given to everyone. A later one replaces an earlier one whole.
pub(super) fn acting(
    policies: &[AccessPolicy],
    tenant: TenantId,
    host: ObjectId,
    now: Timestamp,
) -> Option<&AccessPolicy> {
    let last = |given_to: Option<ObjectId>| {
        policies
            .iter()
            .filter(|policy| policy.tenant == tenant && policy.host == given_to)
            .filter(|policy| policy.acts_from <= now)
            .max_by_key(|policy| policy.acts_from)
    };
    last(Some(host)).or_else(|| last(None))
}
