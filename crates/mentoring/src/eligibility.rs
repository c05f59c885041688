//! Who may set up a Teams meeting: matching members to directory accounts, and the one
//! decision that forms, posts and the API all ask.

use uuid::Uuid;

use crate::integration::{Cause, IntegrationState};
use crate::member::{EmailAddress, MemberState};
use crate::track::{Mode, Modes};

/// An account of the tenant, as far as matching needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Survives a changed name or address, so it is what is kept.
    pub object_id: Uuid,
    /// The name that the account signs in with.
    pub user_principal_name: String,
    /// Its e-mail address, if it has one.
    pub mail: Option<String>,
}

impl Account {
    /// Whether it is somebody from elsewhere. With the permissions of S13, `#EXT#` in the
    /// user principal name is all there is to see of that.
    pub fn is_guest(&self) -> bool {
        self.user_principal_name
            .to_ascii_uppercase()
            .contains("#EXT#")
    }
}

/// What the directory says about a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirectoryFinding {
    /// Nobody has asked yet.
    NotLookedUp,
    /// Exactly one account.
    Found {
        /// Its object id.
        object_id: Uuid,
        /// Whether it is a guest's.
        guest: bool,
    },
    /// No account.
    Missing,
    /// More than one account.
    Ambiguous,
}

/// Matches a member to an account: by user principal name first, then by mail.
///
/// `by_upn` and `by_mail` are what Microsoft answered to the two questions. Only accounts
/// that really carry the address count, so that an answer to another question matches
/// nobody, and of two the first is never simply taken (G-18).
pub fn match_accounts<'a>(
    email: &EmailAddress,
    by_upn: &'a [Account],
    by_mail: &'a [Account],
) -> (DirectoryFinding, Option<&'a Account>) {
    let is_theirs = |text: &str| text.eq_ignore_ascii_case(email.as_str());
    let named = by_upn
        .iter()
        .filter(|account| is_theirs(&account.user_principal_name));
    let mailed = by_mail
        .iter()
        .filter(|account| account.mail.as_deref().is_some_and(is_theirs));
    match one_of(named) {
        (DirectoryFinding::Missing, _) => one_of(mailed),
        decided => decided,
    }
}

fn one_of<'a>(
    mut accounts: impl Iterator<Item = &'a Account>,
) -> (DirectoryFinding, Option<&'a Account>) {
    let Some(first) = accounts.next() else {
        return (DirectoryFinding::Missing, None);
    };
    if accounts.any(|other| other.object_id != first.object_id) {
        return (DirectoryFinding::Ambiguous, None);
    }
    let found = DirectoryFinding::Found {
        object_id: first.object_id,
        guest: first.is_guest(),
    };
    (found, Some(first))
}

/// Everything that decides whether a member may choose Teams video call.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// How the organization's connection stands.
    pub integration: &'a IntegrationState,
    /// What the track enables.
    pub modes: &'a Modes,
    /// Whether the member takes part.
    pub member_state: MemberState,
    /// What the directory says about them.
    pub finding: &'a DirectoryFinding,
}

/// One reason why Teams video call is not offered. They are in the order in which a person
/// is told: of several, the first says most.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// There is no live connection.
    NotIntegrated,
    /// The connection is being removed.
    BeingRemoved,
    /// The connection waits for a person to mend it.
    NeedsAttention(Cause),
    /// The track does not enable it.
    ModeOff,
    /// The member is invited or deactivated.
    MemberNotActive,
    /// The member has not been looked up yet.
    BeingChecked,
    /// The tenant has no account with the member's address.
    NotInDirectory,
    /// The account is a guest's.
    Guest,
    /// More than one account has the address.
    Ambiguous,
}

/// Whether Teams is offered: the object id of the member's account, or all the reasons
/// why not (S3, S9, S10, S18). Being signed in to Microsoft is no part of it.
pub fn decide(question: &Question<'_>) -> Result<Uuid, Vec<Reason>> {
    let mut reasons = Vec::new();
    match question.integration {
        IntegrationState::Integrated => {}
        IntegrationState::NeedsAttention(cause) if cause.heals_by_itself() => {}
        IntegrationState::NeedsAttention(cause) => reasons.push(Reason::NeedsAttention(*cause)),
        IntegrationState::Removing => reasons.push(Reason::BeingRemoved),
        IntegrationState::NotIntegrated
        | IntegrationState::Checking
        | IntegrationState::AwaitingConfirmation
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
        } => Ok(*object_id),
        DirectoryFinding::Found { guest: true, .. } => Err(Reason::Guest),
        DirectoryFinding::Missing => Err(Reason::NotInDirectory),
        DirectoryFinding::Ambiguous => Err(Reason::Ambiguous),
        DirectoryFinding::NotLookedUp => Err(Reason::BeingChecked),
    };
    // Without a connection there is no directory, and nobody is being looked up in it.
    let has_directory = !matches!(
        reasons.first(),
        Some(Reason::NotIntegrated | Reason::BeingRemoved)
    );
    match account {
        Ok(object_id) if reasons.is_empty() => return Ok(object_id),
        Err(reason) if has_directory => reasons.push(reason),
        _ => {}
    }
    Err(reasons)
}

impl Reason {
    /// One line for the participant in whose form the mode is missing: why, and what to do.
    pub fn sentence(&self, member_email: &EmailAddress, organization_name: &str) -> String {
        self.tell(&format!("Your address {member_email}"), organization_name)
    }

    /// The same where neither the address nor the organization's name is at hand.
    pub(crate) fn plain_sentence(self) -> String {
        self.tell("Your address", "your organization")
    }

    fn tell(self, address: &str, organization: &str) -> String {
        match self {
            Self::NotIntegrated => {
                format!(
                    "Teams video calls are not set up at {organization}. Choose another way to meet."
                )
            }
            Self::BeingRemoved => format!(
                "Teams video calls are being switched off at {organization}. Choose another way to meet."
            ),
            Self::NeedsAttention(_) => format!(
                "Teams video calls do not work at {organization} at the moment, and the administrators have been told. Try again later, or choose another way to meet."
            ),
            Self::ModeOff => {
                "This track does not use Teams video calls. Choose another way to meet.".to_owned()
            }
            Self::MemberNotActive => format!(
                "Your membership of {organization} is not active, so you can't set up Teams video calls. Ask your administrator."
            ),
            Self::BeingChecked => format!(
                "Ithaca is looking for your account in {organization}'s Microsoft directory. Teams video call appears here when it is found."
            ),
            Self::NotInDirectory => format!(
                "{address} is not in {organization}'s Microsoft directory. Ask your track administrator, or meet by phone."
            ),
            Self::Guest => format!(
                "{address} belongs to a guest in {organization}'s Microsoft directory, and guests can't set up Teams video calls. Ask your track administrator, or meet by phone."
            ),
            Self::Ambiguous => format!(
                "{address} belongs to more than one account in {organization}'s Microsoft directory. Ask your track administrator, or meet by phone."
            ),
        }
    }

    /// One line for an administrator who looks at a participant.
    pub fn for_administrator(
        &self,
        member_email: &EmailAddress,
        organization_name: &str,
    ) -> String {
        match self {
            Self::NotIntegrated => "Microsoft Teams is not integrated.".to_owned(),
            Self::BeingRemoved => "Microsoft Teams is being removed.".to_owned(),
            Self::NeedsAttention(cause) => {
                format!("{} {}", cause.sentence_for_administrator(), cause.remedy())
            }
            Self::ModeOff => {
                "Teams video call is not among the meeting modes of this track.".to_owned()
            }
            Self::MemberNotActive => "This member is not active.".to_owned(),
            Self::BeingChecked => format!(
                "{member_email} is being looked up in {organization_name}'s Microsoft directory."
            ),
            Self::NotInDirectory => format!(
                "No account in {organization_name}'s Microsoft directory has {member_email} as user principal name or e-mail. Correct the address here or there; it is looked up again every day."
            ),
            Self::Guest => format!(
                "{member_email} is a guest in {organization_name}'s Microsoft directory. Only accounts of the directory's own can set up Teams video calls."
            ),
            Self::Ambiguous => format!(
                "More than one account in {organization_name}'s Microsoft directory has {member_email}. Leave the address with one of them; it is looked up again every day."
            ),
        }
    }

    /// Whether it lies with the person rather than with the connection or the track.
    pub const fn is_personal(self) -> bool {
        matches!(
            self,
            Self::MemberNotActive | Self::NotInDirectory | Self::Guest | Self::Ambiguous
        )
    }
}
