//! The first segment of every address: a tenant, or one of Microsoft's names
//! for many of them.

use crate::entra::failure::Failure;
use crate::ids::TenantId;
use crate::tenant::person::{Person, PersonKind};
use crate::tenant::{PERSONAL_TENANT, State};

/// Whose accounts may sign in at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    Tenant(TenantId),
    /// Any tenant.
    Organizations,
    /// Any tenant, and personal accounts.
    Common,
    /// Personal accounts.
    Consumers,
}

impl Authority {
    /// Reads a segment: GUID, verified domain, or one of the names.
    pub(super) fn parse(state: &State, segment: &str) -> Result<Self, Failure> {
        match segment.to_ascii_lowercase().as_str() {
            "organizations" => return Ok(Self::Organizations),
            "common" => return Ok(Self::Common),
            "consumers" => return Ok(Self::Consumers),
            _ => {}
        }
        if segment.parse() == Ok(PERSONAL_TENANT) {
            return Ok(Self::Consumers);
        }
        match state.find_tenant(segment) {
            Some(tenant) => Ok(Self::Tenant(tenant.id)),
            None => Err(Failure::new(90002).saying(format!(
                "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID \
                 and are signing into the correct cloud. Check with your subscription \
                 administrator, this may happen if there are no active subscriptions for the \
                 tenant."
            ))),
        }
    }

    /// The tenant, where there is only one.
    pub(super) fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Tenant(id) => Some(id),
            Self::Consumers => Some(PERSONAL_TENANT),
            Self::Organizations | Self::Common => None,
        }
    }

    /// Whether a person's account is of a kind that may sign in here.
    pub(super) fn admits(self, person: &Person) -> bool {
        match self {
            Self::Tenant(id) => person.tenant == id,
            Self::Organizations => person.kind != PersonKind::Personal,
            Self::Common => true,
            Self::Consumers => person.kind == PersonKind::Personal,
        }
    }
}
