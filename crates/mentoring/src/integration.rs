//! The organization's connection to Microsoft Teams: its states, what a failure makes of
//! them, and what everyone is told.

use serde::{Deserialize, Serialize};

use crate::word::words;

/// How the connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntegrationState {
    /// Never connected, or declined before it went live.
    NotIntegrated,
    /// Connected; the live test has not passed yet.
    Checking,
    /// The host account is an ordinary member's own: an administrator is asked once
    /// whether that is meant. No call is made before.
    AwaitingConfirmation,
    /// Works.
    Integrated,
    /// A call failed, and none has worked since.
    NeedsAttention(Cause),
    /// Being removed: nothing new begins, the chosen deletions run.
    Removing,
    /// Removed; token and directory data are erased.
    Removed,
}

/// Why the integration, or one link, needs attention.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Microsoft asks for fewer calls.
    Throttled,
    /// Microsoft does not answer, or says that it is unwell.
    Unreachable,
    /// The host account's sign-in was revoked.
    TokenRevoked,
    /// The host account's sign-in has expired.
    TokenExpired,
    /// The permission was taken back, or the enterprise application deleted.
    ConsentRemoved,
    /// The host account is blocked.
    HostDisabled,
    /// The host account was deleted.
    HostMissing,
    /// The host account has no Teams licence, or a policy forbids it to schedule.
    HostMayNotSchedule,
    /// A permission is missing among those granted.
    PermissionMissing,
    /// A sign-in rule of the tenant stands in the way.
    ConditionalAccess,
    /// The secret or certificate of the app registration is wrong or has expired.
    ApplicationSecret,
    /// The app registration is set up wrongly.
    RegistrationWrong,
    /// Microsoft answered something that makes no sense.
    WrongAnswer,
}

words!(Cause {
    Throttled => "throttled",
    Unreachable => "unreachable",
    TokenRevoked => "token_revoked",
    TokenExpired => "token_expired",
    ConsentRemoved => "consent_removed",
    HostDisabled => "host_disabled",
    HostMissing => "host_missing",
    HostMayNotSchedule => "host_may_not_schedule",
    PermissionMissing => "permission_missing",
    ConditionalAccess => "conditional_access",
    ApplicationSecret => "application_secret",
    RegistrationWrong => "registration_wrong",
    WrongAnswer => "wrong_answer",
});

impl Cause {
    /// Whether waiting is all it takes. The mode stays on offer meanwhile.
    pub const fn heals_by_itself(self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable)
    }

    /// What happened, and what it means for the meetings.
    pub const fn sentence_for_administrator(self) -> &'static str {
        match self {
            Self::Throttled => {
                "Microsoft asks Ithaca to slow down. New links take longer than usual, and none is lost."
            }
            Self::Unreachable => {
                "Microsoft is not answering. Meetings are kept, and their links follow when it does."
            }
            Self::TokenRevoked => {
                "Microsoft has ended the host account's sign-in, for example after a new password. New meetings get no link; links made so far go on working."
            }
            Self::TokenExpired => {
                "The host account's sign-in has expired. New meetings get no link; links made so far go on working."
            }
            Self::ConsentRemoved => {
                "The permission for Ithaca is gone from your Microsoft tenant. New meetings get no link, and existing ones can't be changed in Teams."
            }
            Self::HostDisabled => {
                "The host account is blocked in your Microsoft tenant. New meetings get no link, and links made so far can stop working."
            }
            Self::HostMissing => {
                "The host account no longer exists in your Microsoft tenant. New meetings get no link, and links made so far can stop working."
            }
            Self::HostMayNotSchedule => {
                "The host account may not schedule Teams meetings. New meetings get no link, and links made so far can stop working."
            }
            Self::PermissionMissing => {
                "Microsoft did not grant every permission that Ithaca needs. New meetings get no link."
            }
            Self::ConditionalAccess => {
                "A sign-in rule of your Microsoft tenant stops the host account. New meetings get no link; links made so far go on working."
            }
            Self::ApplicationSecret => {
                "Microsoft does not accept this Ithaca's own secret. No organization here can make new links; links made so far go on working."
            }
            Self::RegistrationWrong => {
                "This Ithaca is not registered with Microsoft as it should be. New meetings get no link."
            }
            Self::WrongAnswer => {
                "Microsoft gave an answer that Ithaca does not understand. Nobody was sent a link that may be wrong."
            }
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Throttled | Self::Unreachable => {
                "You need do nothing: Ithaca tries again by itself. If it lasts for hours, look at the service health page of the Microsoft 365 admin center."
            }
            Self::TokenRevoked | Self::TokenExpired => {
                "Press Reconnect and sign in with the host account."
            }
            Self::ConsentRemoved => {
                "Press Reconnect and accept the permissions. If Microsoft asks for approval, use Ask a Microsoft administrator first."
            }
            Self::HostDisabled => {
                "Unblock the account in the Microsoft 365 admin center (Users, Active users), then press Check again. To use another account, remove the integration and integrate anew."
            }
            Self::HostMissing => {
                "Restore the account in the Microsoft 365 admin center (Users, Deleted users), which works for 30 days, then press Reconnect. Otherwise remove the integration and integrate with another account."
            }
            Self::HostMayNotSchedule => {
                "Give the account a licence with Teams in the Microsoft 365 admin center, and a meeting policy with private meeting scheduling in the Teams admin center, then press Check again. Such a change can take a day."
            }
            Self::PermissionMissing => "Press Reconnect and accept the whole list of permissions.",
            Self::ConditionalAccess => {
                "Exclude the host account from the rule that stops it (Microsoft Entra admin center, Conditional Access; the sign-in logs name the rule), then press Reconnect."
            }
            Self::ApplicationSecret => {
                "Ask the operator of this Ithaca to make a new client secret for the app registration and to put its value, not its id, into the configuration."
            }
            Self::RegistrationWrong => {
                "Ask the operator of this Ithaca to compare the app registration with the steps in the documentation, the redirect address first."
            }
            Self::WrongAnswer => {
                "Press Check again. If it repeats, tell the operator of this Ithaca, who finds the answer in the log."
            }
        }
    }

    /// What a participant reads beside a meeting without a link. Never Microsoft's words.
    pub const fn sentence_for_participant(self) -> &'static str {
        if self.heals_by_itself() {
            "Microsoft Teams is slow to answer at the moment. Your meeting stands, and its link follows by itself."
        } else {
            "Teams links can't be made at the moment. Your meeting stands, and your administrators have been told."
        }
    }
}

impl IntegrationState {
    /// Whether people may plan new Teams meetings: while it works, or is about to work
    /// again by itself.
    pub const fn offers_teams(self) -> bool {
        match self {
            Self::Integrated => true,
            Self::NeedsAttention(cause) => cause.heals_by_itself(),
            _ => false,
        }
    }

    /// Whether there is a tenant and a host: from the consent until the removal begins.
    pub const fn is_connected(self) -> bool {
        matches!(
            self,
            Self::Checking
                | Self::AwaitingConfirmation
                | Self::Integrated
                | Self::NeedsAttention(_)
        )
    }

    /// How it stands, in a word or two: "Integrated".
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotIntegrated => "Not integrated",
            Self::Checking => "Checking",
            Self::AwaitingConfirmation => "Waiting for your confirmation",
            Self::Integrated => "Integrated",
            Self::NeedsAttention(_) => "Needs attention",
            Self::Removing => "Removing",
            Self::Removed => "Removed",
        }
    }

    /// Why Teams video call can't be ticked in a track; nothing where it can.
    pub const fn why_not(self) -> Option<&'static str> {
        match self {
            Self::Integrated => None,
            Self::NeedsAttention(cause) if cause.heals_by_itself() => None,
            Self::NotIntegrated | Self::Removed => Some(
                "Microsoft Teams is not integrated. A global administrator can do that under Manage, Integrations.",
            ),
            Self::Checking => {
                Some("Microsoft Teams is being checked just now. Try again in a minute.")
            }
            Self::AwaitingConfirmation => Some(
                "Microsoft Teams is connected but not live: a global administrator has to confirm the host account first.",
            ),
            Self::NeedsAttention(_) => Some(
                "Microsoft Teams needs attention. A global administrator finds the reason and the remedy under Manage, Integrations.",
            ),
            Self::Removing => Some("Microsoft Teams is being removed."),
        }
    }

    /// The state's two columns: its word and, where it has one, the cause's.
    pub const fn to_columns(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::NotIntegrated => ("not_integrated", None),
            Self::Checking => ("checking", None),
            Self::AwaitingConfirmation => ("awaiting_confirmation", None),
            Self::Integrated => ("integrated", None),
            Self::NeedsAttention(cause) => ("needs_attention", Some(cause.as_str())),
            Self::Removing => ("removing", None),
            Self::Removed => ("removed", None),
        }
    }

    /// Reads the two columns.
    pub fn from_columns(state: &str, cause: Option<&str>) -> Option<Self> {
        match (state, cause) {
            ("not_integrated", None) => Some(Self::NotIntegrated),
            ("checking", None) => Some(Self::Checking),
            ("awaiting_confirmation", None) => Some(Self::AwaitingConfirmation),
            ("integrated", None) => Some(Self::Integrated),
            ("needs_attention", Some(cause)) => Cause::parse(cause).map(Self::NeedsAttention),
            ("removing", None) => Some(Self::Removing),
            ("removed", None) => Some(Self::Removed),
            _ => None,
        }
    }
}

/// The state after a call failed for a reason that concerns the whole connection.
///
/// A cause that waits for a person is never covered by one that heals: a slow minute must
/// not put the mode back on offer. The live test goes on through a slow minute, and what is
/// not connected has nothing to fail.
pub const fn after_failure(state: IntegrationState, cause: Cause) -> IntegrationState {
    use IntegrationState::{Checking, Integrated, NeedsAttention};
    match state {
        Checking if cause.heals_by_itself() => Checking,
        NeedsAttention(standing) if cause.heals_by_itself() && !standing.heals_by_itself() => state,
        Checking | Integrated | NeedsAttention(_) => NeedsAttention(cause),
        _ => state,
    }
}

/// The state after the whole live test passed: nothing is wrong any more.
pub const fn after_success(state: IntegrationState) -> IntegrationState {
    use IntegrationState::{Checking, Integrated, NeedsAttention};
    match state {
        Checking | Integrated | NeedsAttention(_) => Integrated,
        _ => state,
    }
}

/// The state after one ordinary call worked. It proves that Microsoft answers, and no
/// more: an access token outlives the sign-in that it came from by an hour.
pub const fn after_call(state: IntegrationState) -> IntegrationState {
    match state {
        IntegrationState::NeedsAttention(cause) if cause.heals_by_itself() => {
            IntegrationState::Integrated
        }
        _ => state,
    }
}
