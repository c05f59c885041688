//! What a tenant demands of a sign-in beyond the password: Conditional Access,
//! and the switches that administrators find beside it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What Conditional Access decides, for one account or for a whole tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    /// Nobody comes in, and this is why.
    pub block: Option<Block>,
    /// A sign-in counts for so many hours (sign-in frequency).
    pub sign_in_hours: Option<u32>,
    /// A second factor counts for so many hours.
    pub second_factor_hours: Option<u32>,
}

/// Why Conditional Access lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A policy says so.
    Policy,
    /// The device must be compliant.
    CompliantDevice,
    /// The device must be joined to the domain.
    JoinedDevice,
    /// The application must be an approved one.
    ApprovedApplication,
    /// The device must be managed.
    ManagedDevice,
    /// The tenant's security defaults say so.
    SecurityDefaults,
}

impl Block {
    /// The number of its refusal (AADSTS).
    pub fn code(self) -> u32 {
        match self {
            Self::Policy => 53003,
            Self::CompliantDevice => 53000,
            Self::JoinedDevice => 53001,
            Self::ApprovedApplication => 53002,
            Self::ManagedDevice => 530_003,
            Self::SecurityDefaults => 530_032,
        }
    }
}

impl Access {
    /// Both together: what one of them demands is demanded, and the shorter time counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let shorter = |one: Option<u32>, two: Option<u32>| one.into_iter().chain(two).min();
        Self {
            block: self.block.or(other.block),
            sign_in_hours: shorter(self.sign_in_hours, other.sign_in_hours),
            second_factor_hours: shorter(self.second_factor_hours, other.second_factor_hours),
        }
    }
}

/// Whether something that began at `from` and counts for `hours` is over.
pub fn is_over(hours: Option<u32>, from: Timestamp, now: Timestamp) -> bool {
    hours.is_some_and(|hours| {
        now.duration_since(from) >= SignedDuration::from_hours(i64::from(hours))
    })
}

/// How an account stands with its tenant's sign-in, apart from being enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    pub access: Access,
    /// The password is over: whoever signs in is told to change it.
    pub password_expired: bool,
    /// A second factor is demanded and none is set up.
    pub must_enrol: bool,
    /// Access tokens issued before are challenged, though nothing was revoked: something about
    /// the account changed that makes Graph ask again.
    pub challenged_at: Option<Timestamp>,
}

/// A tenant's switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "They are independent switches, as in the pages for administrators."
)]
pub struct Switches {
    pub access: Access,
    /// Everybody needs a second factor.
    pub mfa: bool,
    /// People may ask administrators for what they may not approve themselves.
    pub consent_requests: bool,
    /// So long after it was given, a permission is not in tokens yet, as while Microsoft's
    /// machines tell one another.
    pub consent_delay_seconds: u32,
    /// A refresh token that was used is over, and who uses it again ends all that came of the
    /// same sign-in. Microsoft lets them live.
    pub one_use_refresh_tokens: bool,
    /// A client assertion counts once. Microsoft's own clients send theirs again for ten minutes.
    pub one_use_assertions: bool,
    /// More equal token requests than this in five minutes are a loop.
    pub loop_limit: Option<u32>,
}
