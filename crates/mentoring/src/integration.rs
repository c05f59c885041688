//! The organization's connection to Microsoft Teams: its states, and what a failure does
//! to them.

use serde::{Deserialize, Serialize};

/// Why something with Teams does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Microsoft asks us to wait.
    Throttled,
    /// Microsoft cannot be reached, or answers that it is broken.
    Unreachable,
    /// The sign-in of the host was revoked.
    TokenRevoked,
    /// The sign-in of the host ended.
    TokenExpired,
    /// The organization took its consent back, or deleted the application.
    ConsentRemoved,
    /// The host account is disabled.
    HostDisabled,
    /// The host account is gone.
    HostMissing,
    /// The host account may not schedule Teams meetings.
    HostMayNotSchedule,
    /// A permission is missing.
    PermissionMissing,
    /// A policy of the organization asks for something a service cannot give.
    ConditionalAccess,
    /// The application's secret is wrong or out of date: the operator's to mend.
    ApplicationSecret,
    /// The application is registered in a way that cannot work: the operator's to mend.
    RegistrationWrong,
    /// Microsoft answered something that cannot be understood.
    WrongAnswer,
    /// Ithaca itself stumbles over this one meeting, every time.
    OwnFault,
}

crate::words!(Cause {
    Throttled = "throttled",
    Unreachable = "unreachable",
    TokenRevoked = "token_revoked",
    TokenExpired = "token_expired",
    ConsentRemoved = "consent_removed",
    HostDisabled = "host_disabled",
    HostMissing = "host_missing",
    HostMayNotSchedule = "host_may_not_schedule",
    PermissionMissing = "permission_missing",
    ConditionalAccess = "conditional_access",
    ApplicationSecret = "application_secret",
    RegistrationWrong = "registration_wrong",
    WrongAnswer = "wrong_answer",
    OwnFault = "own_fault",
});

impl Cause {
    /// Whether nobody has to do anything.
    pub fn heals_by_itself(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::Unreachable | Self::WrongAnswer
        )
    }

    /// Whether a new token would show that it is over; of the rest, only the live test can
    /// tell.
    pub fn is_about_sign_in(self) -> bool {
        matches!(
            self,
            Self::TokenRevoked
                | Self::TokenExpired
                | Self::ConsentRemoved
                | Self::HostDisabled
                | Self::HostMissing
                | Self::ConditionalAccess
                | Self::ApplicationSecret
                | Self::RegistrationWrong
        )
    }

    /// Whether it concerns the host's connection as a whole, so that every meeting of the
    /// organization meets it, and not this one call.
    pub fn concerns_everything(self) -> bool {
        !matches!(self, Self::WrongAnswer | Self::OwnFault)
    }

    /// What happened, for an administrator.
    pub fn sentence_for_administrator(self) -> &'static str {
        match self {
            Self::Throttled => "Microsoft is asking Ithaca to slow down.",
            Self::Unreachable => "Microsoft Teams cannot be reached just now.",
            Self::TokenRevoked => "The host account was signed out at Microsoft.",
            Self::TokenExpired => "The host account's sign-in at Microsoft has ended.",
            Self::ConsentRemoved => {
                "Your organization's approval of Ithaca was taken back at Microsoft."
            }
            Self::HostDisabled => "The host account is disabled at Microsoft.",
            Self::HostMissing => "The host account no longer exists at Microsoft.",
            Self::HostMayNotSchedule => "The host account may not schedule Teams meetings.",
            Self::PermissionMissing => "Ithaca lacks a permission that it needs at Microsoft.",
            Self::ConditionalAccess => {
                "A sign-in policy of your organization stops the host account."
            }
            Self::ApplicationSecret => "Microsoft does not accept this instance's client secret.",
            Self::RegistrationWrong => {
                "This instance's app registration at Microsoft does not fit."
            }
            Self::WrongAnswer => "Microsoft answered something that Ithaca could not use.",
            Self::OwnFault => "Ithaca itself stumbled over a meeting, several times.",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Throttled | Self::Unreachable => {
                "There is nothing to do: Ithaca tries again by itself."
            }
            Self::TokenRevoked | Self::TokenExpired => {
                "Press Reconnect and sign in with the host account."
            }
            Self::ConsentRemoved => "Press Reconnect and accept the permissions again.",
            Self::HostDisabled => {
                "Enable the account in Microsoft Entra, then press Reconnect; or integrate with another account."
            }
            Self::HostMissing => {
                "Restore the account in Microsoft Entra, then press Reconnect; or integrate with another account."
            }
            Self::HostMayNotSchedule => {
                "Give the account a Teams licence and a meeting policy that allows private scheduling, then press Reconnect."
            }
            Self::PermissionMissing => "Press Reconnect and accept the whole list of permissions.",
            Self::ConditionalAccess => {
                "Exclude the host account from sign-in frequency, device and multi-factor policies, or add this server's address to the trusted locations; then press Reconnect."
            }
            Self::ApplicationSecret => {
                "Ask whoever runs this Ithaca to renew the client secret in its configuration."
            }
            Self::RegistrationWrong => {
                "Ask whoever runs this Ithaca to compare the app registration with the guide docs/entra-app.md."
            }
            Self::WrongAnswer => {
                "Ithaca tries again by itself. If it lasts, ask whoever runs this Ithaca to look into its log."
            }
            Self::OwnFault => {
                "Ask whoever runs this Ithaca: `ithaca status` and its log say over what. A newer Ithaca tries again when it starts."
            }
        }
    }

    /// What it means for somebody who only wants to meet.
    pub fn sentence_for_participant(self) -> &'static str {
        if self == Self::OwnFault {
            "Ithaca could not get the link of this meeting. Your administrators know; you can choose another way to meet."
        } else if self.heals_by_itself() {
            "Microsoft Teams is slow to answer just now. The link comes by itself; you need not wait here."
        } else {
            "Your organization's connection to Microsoft Teams needs attention. Your administrators know; the link comes once they have mended it."
        }
    }
}

/// How an organization's integration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationState {
    /// Never, or not any more.
    NotIntegrated,
    /// Connected to what looks like an ordinary member's account: a person must say yes.
    AwaitingConfirmation,
    /// Connected, and the live test runs.
    Checking,
    /// Works.
    Integrated,
    /// Connected, but something is wrong.
    NeedsAttention(Cause),
    /// Another account is about to host: what lives under the old one is being deleted.
    Reconnecting,
    /// Being taken down.
    Removing,
    /// Taken down.
    Removed,
}

impl IntegrationState {
    /// Whether participants may be offered Teams: only while it works, or while what is
    /// wrong heals by itself (product, section 5).
    pub fn offers_teams(&self) -> bool {
        match self {
            Self::Integrated => true,
            Self::NeedsAttention(cause) => cause.heals_by_itself(),
            _ => false,
        }
    }

    /// Whether Microsoft may be asked about meetings and people.
    pub fn may_call(&self) -> bool {
        matches!(
            self,
            Self::Checking
                | Self::Integrated
                | Self::NeedsAttention(_)
                | Self::Reconnecting
                | Self::Removing
        )
    }

    /// Whether there is a tenant and a host.
    pub fn is_connected(&self) -> bool {
        matches!(
            self,
            Self::AwaitingConfirmation
                | Self::Checking
                | Self::Integrated
                | Self::NeedsAttention(_)
                | Self::Reconnecting
                | Self::Removing
        )
    }

    /// Whether what is deleted now is deleted in order to end something, so that it is
    /// given up and listed rather than tried for days.
    pub fn is_ending(&self) -> bool {
        matches!(self, Self::Reconnecting | Self::Removing)
    }

    /// Why Teams cannot be switched on, for an administrator.
    pub fn why_not_offered(&self) -> String {
        match self {
            Self::NotIntegrated | Self::Removed => {
                "Microsoft Teams is not integrated yet. A global administrator does this under Manage, Integrations.".to_owned()
            }
            Self::AwaitingConfirmation => "Somebody must first confirm the account that will host every meeting.".to_owned(),
            Self::Checking => "The connection to Microsoft Teams is being checked. Try again in a moment.".to_owned(),
            Self::NeedsAttention(cause) => format!("{} {}", cause.sentence_for_administrator(), cause.remedy()),
            Self::Reconnecting => "Another account is taking over as the host of every meeting. Try again in a moment.".to_owned(),
            Self::Removing => "Microsoft Teams is being removed.".to_owned(),
            Self::Integrated => String::new(),
        }
    }

    /// As stored: a state, and a cause where it needs attention.
    pub fn to_columns(&self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::NotIntegrated => ("not_integrated", None),
            Self::AwaitingConfirmation => ("awaiting_confirmation", None),
            Self::Checking => ("checking", None),
            Self::Integrated => ("integrated", None),
            Self::NeedsAttention(cause) => ("needs_attention", Some(cause.as_str())),
            Self::Reconnecting => ("reconnecting", None),
            Self::Removing => ("removing", None),
            Self::Removed => ("removed", None),
        }
    }

    /// Back from what is stored.
    pub fn from_columns(state: &str, cause: Option<&str>) -> Option<Self> {
        Some(match (state, cause) {
            ("not_integrated", None) => Self::NotIntegrated,
            ("awaiting_confirmation", None) => Self::AwaitingConfirmation,
            ("checking", None) => Self::Checking,
            ("integrated", None) => Self::Integrated,
            ("needs_attention", Some(cause)) => Self::NeedsAttention(Cause::parse(cause)?),
            ("reconnecting", None) => Self::Reconnecting,
            ("removing", None) => Self::Removing,
            ("removed", None) => Self::Removed,
            _ => return None,
        })
    }

    /// What a failure of a call does to the state. A failure that heals by itself never
    /// hides one that does not, nor ends the live test, for Teams would be offered before
    /// it ever worked; and a removal goes on whatever fails.
    #[must_use]
    pub fn after_failure(self, cause: Cause) -> Self {
        match self {
            Self::NeedsAttention(known) if !known.heals_by_itself() && cause.heals_by_itself() => {
                self
            }
            Self::Checking if cause.heals_by_itself() => self,
            Self::Checking | Self::Integrated | Self::NeedsAttention(_) => {
                Self::NeedsAttention(cause)
            }
            other => other,
        }
    }

    /// What the success of one call does to the state. It proves that Microsoft answers and
    /// no more: an access token outlives the sign-in that it came from.
    #[must_use]
    pub fn after_success(self) -> Self {
        match self {
            Self::NeedsAttention(cause) if cause.heals_by_itself() => Self::Integrated,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_back_from_its_columns() {
        let mut states = vec![
            IntegrationState::NotIntegrated,
            IntegrationState::AwaitingConfirmation,
            IntegrationState::Checking,
            IntegrationState::Integrated,
            IntegrationState::Reconnecting,
            IntegrationState::Removing,
            IntegrationState::Removed,
        ];
        states.extend(
            Cause::ALL
                .iter()
                .map(|cause| IntegrationState::NeedsAttention(*cause)),
        );
        for state in states {
            let (word, cause) = state.to_columns();
            assert_eq!(IntegrationState::from_columns(word, cause), Some(state));
        }
    }

    #[test]
    fn a_slow_moment_does_not_hide_a_revoked_token() {
        let broken = IntegrationState::NeedsAttention(Cause::TokenRevoked);
        assert_eq!(broken.after_failure(Cause::Throttled), broken);
        assert_eq!(broken.after_success(), broken);
        let slow = IntegrationState::Integrated.after_failure(Cause::Throttled);
        assert!(slow.offers_teams());
        assert_eq!(slow.after_success(), IntegrationState::Integrated);
        assert_eq!(
            IntegrationState::Removing.after_failure(Cause::TokenRevoked),
            IntegrationState::Removing
        );
    }
}
