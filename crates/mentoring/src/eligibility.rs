//! Who may use Teams (S3, S9, S10, S18). One pure decision that answers yes with the
//! directory account, or every reason why not.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::integration::{Cause, IntegrationState};
use crate::member::{EmailAddress, MemberState};
use crate::track::{Mode, Modes};

/// What the directory said about a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryFinding {
    /// Nobody has asked yet.
    NotLookedUp,
    /// One account.
    Found {
        /// What stays the same when names and addresses change.
        object_id: Uuid,
        /// Whether it is a guest of the directory.
        guest: bool,
    },
    /// No account.
    Missing,
    /// More than one account.
    Ambiguous,
}

/// An account as the directory shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its object id.
    pub object_id: Uuid,
    /// Its user principal name.
    pub user_principal_name: String,
    /// Its e-mail address, if it has one.
    pub mail: Option<String>,
}

impl Account {
    /// With the permissions of S13, a guest shows by the mark in the user principal name
    /// alone (Microsoft's "Properties of a Microsoft Entra B2B collaboration user").
    pub fn is_guest(&self) -> bool {
        self.user_principal_name
            .to_ascii_uppercase()
            .contains("#EXT#")
    }

    /// What is found where this is the one account.
    pub fn finding(&self) -> DirectoryFinding {
        DirectoryFinding::Found {
            object_id: self.object_id,
            guest: self.is_guest(),
        }
    }
}

/// Matches a member's verified address, or the account's name that an administrator gave, to
/// the accounts that the directory answered with.
///
/// First as user principal name, then as e-mail. Answers the finding and the index of the
/// account in `accounts`. Two matches are nobody: the first is never picked silently.
pub fn match_accounts(address: &str, accounts: &[Account]) -> (DirectoryFinding, Option<usize>) {
    let same = |text: &str| text.eq_ignore_ascii_case(address);
    let by = |matches: &dyn Fn(&Account) -> bool| -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (index, account) in accounts.iter().enumerate() {
            let known = found
                .iter()
                .any(|other| accounts[*other].object_id == account.object_id);
            if matches(account) && !known {
                found.push(index);
            }
        }
        found
    };
    let by_name = by(&|account| same(&account.user_principal_name));
    let found = if by_name.is_empty() {
        by(&|account| account.mail.as_deref().is_some_and(same))
    } else {
        by_name
    };
    match found[..] {
        [] => (DirectoryFinding::Missing, None),
        [only] => {
            let account = &accounts[only];
            (account.finding(), Some(only))
        }
        _ => (DirectoryFinding::Ambiguous, None),
    }
}

/// What the decision is made from.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// How the integration stands.
    pub integration: &'a IntegrationState,
    /// The modes of the track.
    pub modes: &'a Modes,
    /// Whether the member takes part.
    pub member_state: MemberState,
    /// What the directory said about them.
    pub finding: &'a DirectoryFinding,
}

/// A reason why Teams is not for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The organization has not integrated Teams.
    NotIntegrated,
    /// Teams is being removed.
    BeingRemoved,
    /// Something is wrong that does not heal by itself.
    NeedsAttention(Cause),
    /// The track does not use Teams.
    ModeOff,
    /// The member is not active.
    MemberNotActive,
    /// The directory is being asked.
    BeingChecked,
    /// There is no account with the member's address.
    NotInDirectory,
    /// The account is a guest's.
    Guest,
    /// Two accounts have the member's address.
    Ambiguous,
}

impl Reason {
    /// For the participant: what it means and what to do. The address and the
    /// organization's name make it theirs.
    pub fn sentence(self, email: &EmailAddress, organization: &str) -> String {
        match self {
            Self::NotIntegrated => format!(
                "{organization} does not use Microsoft Teams with Ithaca. Meet in person or by phone."
            ),
            Self::BeingRemoved => format!(
                "{organization} is removing Microsoft Teams from Ithaca. Meet in person or by phone."
            ),
            Self::NeedsAttention(cause) => cause.sentence_for_participant().to_owned(),
            Self::ModeOff => {
                "This track does not use Teams video calls. Meet in another way.".to_owned()
            }
            Self::MemberNotActive => {
                "Your membership is not active. Ask your administrator.".to_owned()
            }
            Self::BeingChecked => format!(
                "Ithaca is looking for your account in {organization}'s Microsoft directory. This takes a moment."
            ),
            Self::NotInDirectory => format!(
                "Your address {email} is not in {organization}'s Microsoft directory. Ask your track administrator, or meet by phone."
            ),
            Self::Guest => format!(
                "Your address {email} belongs to a guest in {organization}'s Microsoft directory, and guests cannot set up Teams meetings. Ask your track administrator, or meet by phone."
            ),
            Self::Ambiguous => format!(
                "More than one account in {organization}'s Microsoft directory has your address {email}. Ask your track administrator to choose yours."
            ),
        }
    }

    /// For an administrator, in a table of people.
    pub fn for_administrator(self) -> &'static str {
        match self {
            Self::NotIntegrated => "Teams is not integrated",
            Self::BeingRemoved => "Teams is being removed",
            Self::NeedsAttention(_) => "The integration needs attention",
            Self::ModeOff => "The track does not use Teams",
            Self::MemberNotActive => "Not active",
            Self::BeingChecked => "Being looked up",
            Self::NotInDirectory => "No account in your organization with this address",
            Self::Guest => "A guest account: guests cannot set up Teams meetings",
            Self::Ambiguous => "More than one account with this address",
        }
    }

    /// Whether it lies with the person: not with the integration, nor with the track.
    pub fn is_personal(self) -> bool {
        matches!(
            self,
            Self::MemberNotActive | Self::NotInDirectory | Self::Guest | Self::Ambiguous
        )
    }

    fn plain(self) -> &'static str {
        match self {
            Self::NotIntegrated => "Your organization does not use Microsoft Teams with Ithaca.",
            Self::BeingRemoved => "Your organization is removing Microsoft Teams from Ithaca.",
            Self::NeedsAttention(cause) => cause.sentence_for_participant(),
            Self::ModeOff => "This track does not use Teams video calls.",
            Self::MemberNotActive => "Your membership is not active.",
            Self::BeingChecked => {
                "Ithaca is still looking for your account in the Microsoft directory."
            }
            Self::NotInDirectory => {
                "Your address is not in your organization's Microsoft directory."
            }
            Self::Guest => {
                "Your account is a guest in the Microsoft directory, and guests cannot set up Teams meetings."
            }
            Self::Ambiguous => "More than one account in the Microsoft directory has your address.",
        }
    }
}

/// The reasons in a row, where neither address nor organization is at hand.
pub fn sentences(reasons: &[Reason]) -> String {
    let all: Vec<&str> = reasons.iter().map(|reason| reason.plain()).collect();
    format!("{} Choose another meeting mode.", all.join(" "))
}

/// Whether Teams is offered to a participant, and as which directory account.
pub fn decide(question: &Question<'_>) -> Result<Uuid, Vec<Reason>> {
    let mut reasons = Vec::new();
    match question.integration {
        IntegrationState::Integrated => {}
        IntegrationState::NeedsAttention(cause) if cause.heals_by_itself() => {}
        IntegrationState::NeedsAttention(cause) => reasons.push(Reason::NeedsAttention(*cause)),
        IntegrationState::Removing => reasons.push(Reason::BeingRemoved),
        IntegrationState::NotIntegrated
        | IntegrationState::AwaitingConfirmation
        | IntegrationState::Checking
        | IntegrationState::Reconnecting
        | IntegrationState::Removed => reasons.push(Reason::NotIntegrated),
    }
    if !question.modes.contains(Mode::Teams) {
        reasons.push(Reason::ModeOff);
    }
    if question.member_state != MemberState::Active {
        reasons.push(Reason::MemberNotActive);
    }
    let account = match question.finding {
        DirectoryFinding::Found {
            object_id,
            guest: false,
        } => Some(*object_id),
        DirectoryFinding::Found { guest: true, .. } => {
            reasons.push(Reason::Guest);
            None
        }
        DirectoryFinding::NotLookedUp => {
            reasons.push(Reason::BeingChecked);
            None
        }
        DirectoryFinding::Missing => {
            reasons.push(Reason::NotInDirectory);
            None
        }
        DirectoryFinding::Ambiguous => {
            reasons.push(Reason::Ambiguous);
            None
        }
    };
    match account {
        Some(account) if reasons.is_empty() => Ok(account),
        _ => Err(reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(number: u128, name: &str, mail: Option<&str>) -> Account {
        Account {
            object_id: Uuid::from_u128(number),
            user_principal_name: name.to_owned(),
            mail: mail.map(str::to_owned),
        }
    }

    fn mei() -> EmailAddress {
        EmailAddress::parse("mei@larkspur.example").unwrap()
    }

    #[test]
    fn s3_the_user_principal_name_counts_before_the_mail() {
        let accounts = [
            account(1, "other@larkspur.example", Some("mei@larkspur.example")),
            account(2, "MEI@larkspur.example", None),
        ];
        let (finding, index) = match_accounts(mei().as_str(), &accounts);
        assert_eq!(
            finding,
            DirectoryFinding::Found {
                object_id: Uuid::from_u128(2),
                guest: false
            }
        );
        assert_eq!(index, Some(1));
    }

    #[test]
    fn s3_two_accounts_with_one_address_are_nobody() {
        let accounts = [
            account(1, "a@larkspur.example", Some("mei@larkspur.example")),
            account(2, "b@larkspur.example", Some("Mei@larkspur.example")),
        ];
        assert_eq!(
            match_accounts(mei().as_str(), &accounts),
            (DirectoryFinding::Ambiguous, None)
        );
        assert_eq!(
            match_accounts(mei().as_str(), &[]),
            (DirectoryFinding::Missing, None)
        );
    }

    #[test]
    fn s3_the_same_account_answered_twice_is_one() {
        let twice = [
            account(1, "mei@larkspur.example", None),
            account(1, "mei@larkspur.example", None),
        ];
        assert!(matches!(
            match_accounts(mei().as_str(), &twice).0,
            DirectoryFinding::Found { .. }
        ));
    }

    #[test]
    fn s10_the_whole_table_of_who_is_offered_teams() {
        let found = DirectoryFinding::Found {
            object_id: Uuid::from_u128(7),
            guest: false,
        };
        let guest = DirectoryFinding::Found {
            object_id: Uuid::from_u128(7),
            guest: true,
        };
        let findings = [
            (found, None),
            (guest, Some(Reason::Guest)),
            (DirectoryFinding::NotLookedUp, Some(Reason::BeingChecked)),
            (DirectoryFinding::Missing, Some(Reason::NotInDirectory)),
            (DirectoryFinding::Ambiguous, Some(Reason::Ambiguous)),
        ];
        let revoked = Cause::TokenRevoked;
        let integrations = [
            (IntegrationState::Integrated, None),
            (IntegrationState::NeedsAttention(Cause::Throttled), None),
            (
                IntegrationState::NeedsAttention(revoked),
                Some(Reason::NeedsAttention(revoked)),
            ),
            (IntegrationState::Checking, Some(Reason::NotIntegrated)),
            (IntegrationState::NotIntegrated, Some(Reason::NotIntegrated)),
            (IntegrationState::Removed, Some(Reason::NotIntegrated)),
            (IntegrationState::Removing, Some(Reason::BeingRemoved)),
        ];
        let on = Modes::from_iter([Mode::Phone, Mode::Teams]).unwrap();
        let off = Modes::from_iter([Mode::Phone]).unwrap();
        for (finding, not_found) in &findings {
            for (integration, not_integrated) in &integrations {
                for (modes, mode_off) in [(&on, None), (&off, Some(Reason::ModeOff))] {
                    for (state, inactive) in [
                        (MemberState::Active, None),
                        (MemberState::Invited, Some(Reason::MemberNotActive)),
                        (MemberState::Deactivated, Some(Reason::MemberNotActive)),
                    ] {
                        let expected: Vec<Reason> =
                            [*not_integrated, mode_off, inactive, *not_found]
                                .into_iter()
                                .flatten()
                                .collect();
                        let decided = decide(&Question {
                            integration,
                            modes,
                            member_state: state,
                            finding,
                        });
                        if expected.is_empty() {
                            assert_eq!(decided, Ok(Uuid::from_u128(7)));
                        } else {
                            assert_eq!(decided, Err(expected));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn priya_reads_which_address_is_missing_where() {
        let priya = EmailAddress::parse("priya@alumni.example").unwrap();
        assert_eq!(
            Reason::NotInDirectory.sentence(&priya, "Larkspur Health"),
            "Your address priya@alumni.example is not in Larkspur Health's Microsoft directory. Ask your track administrator, or meet by phone."
        );
    }
}
