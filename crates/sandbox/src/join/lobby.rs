//! Who walks into a meeting and who waits.
//!
//! Source: "Control who can bypass the meeting lobby in Microsoft Teams" and "Manage lobby
//! admittance"; that the attendees that Graph knows are not "people who were invited" is the
//! cautious reading of an unsettled question.

use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::meetings::{
    AllowedLobbyAdmitters, AllowedPresenters, LobbyScope, MeetingRole, OnlineMeeting,
};
use crate::tenant::person::{Person, PersonKind};

/// Somebody at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visitor {
    Organizer,
    CoOrganizer,
    /// An account of the tenant.
    Member,
    /// A guest account in the tenant.
    Guest,
    /// An account of another organization.
    Federated,
    /// A personal Microsoft account.
    Personal,
    /// Nobody knows who.
    Anonymous,
}

/// What happens at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    WalksIn,
    /// Until somebody with an account has joined; then the door opens by itself.
    WaitsForCompany,
    /// Until somebody lets them in.
    WaitsForAdmission,
}

impl Visitor {
    /// What an account is to a meeting.
    pub(super) fn of(person: &Person, meeting: &OnlineMeeting) -> Self {
        if person.id == meeting.organizer {
            return Self::Organizer;
        }
        if meeting.role_of(person.id) == Some(MeetingRole::Coorganizer) {
            return Self::CoOrganizer;
        }
        match person.kind {
            PersonKind::Personal => Self::Personal,
            _ if person.tenant != meeting.tenant => Self::Federated,
            PersonKind::Guest => Self::Guest,
            PersonKind::Member => Self::Member,
        }
    }
}

/// What happens to a visitor under a scope.
pub(super) fn entry(scope: LobbyScope, visitor: Visitor) -> Entry {
    use Visitor::{Anonymous, CoOrganizer, Guest, Member, Organizer};
    let walks_in = match scope {
        LobbyScope::Organizer | LobbyScope::Invited => {
            matches!(visitor, Organizer | CoOrganizer)
        }
        LobbyScope::OrganizationExcludingGuests => {
            matches!(visitor, Organizer | CoOrganizer | Member)
        }
        LobbyScope::Organization => matches!(visitor, Organizer | CoOrganizer | Member | Guest),
        // That a personal account belongs to no trusted organization is unverified.
        LobbyScope::OrganizationAndFederated => !matches!(visitor, Anonymous | Visitor::Personal),
        LobbyScope::Everyone => visitor != Anonymous,
    };
    match (walks_in, scope, visitor) {
        (true, ..) => Entry::WalksIn,
        (false, LobbyScope::Everyone, Anonymous) => Entry::WaitsForCompany,
        _ => Entry::WaitsForAdmission,
    }
}

/// Whether somebody in the meeting may let others in. Organizer and co-organizers always may;
/// presenters where the meeting lets them, and who presents is the meeting's choice too.
pub(super) fn may_admit(
    meeting: &OnlineMeeting,
    visitor: Visitor,
    role: Option<MeetingRole>,
) -> bool {
    use Visitor::{CoOrganizer, Guest, Member, Organizer};
    if matches!(visitor, Organizer | CoOrganizer) {
        return true;
    }
    let lobby = &meeting.lobby;
    lobby.admitters == AllowedLobbyAdmitters::OrganizerAndCoOrganizersAndPresenters
        && match lobby.presenters {
            AllowedPresenters::Everyone => true,
            AllowedPresenters::Organization => matches!(visitor, Member | Guest),
            AllowedPresenters::RoleIsPresenter => role == Some(MeetingRole::Presenter),
            AllowedPresenters::Organizer => false,
        }
}

/// Who may let people in, in words that follow "until".
pub(super) fn admitters(state: &State, meeting: &OnlineMeeting) -> String {
    let lobby = &meeting.lobby;
    let by_presenters =
        lobby.admitters == AllowedLobbyAdmitters::OrganizerAndCoOrganizersAndPresenters;
    match lobby.presenters {
        AllowedPresenters::Everyone if by_presenters => {
            return "somebody in the meeting lets them in".to_owned();
        }
        AllowedPresenters::Organization if by_presenters => {
            let organization = state
                .tenants
                .get(&meeting.tenant)
                .map_or("the organization", |tenant| tenant.name.as_str());
            return format!("somebody of {organization} in the meeting lets them in");
        }
        _ => {}
    }
    let with_presenters = by_presenters && lobby.presenters == AllowedPresenters::RoleIsPresenter;
    let may_admit = |role| match role {
        MeetingRole::Coorganizer => true,
        MeetingRole::Presenter => with_presenters,
        MeetingRole::Attendee | MeetingRole::Producer => false,
    };
    let mut names: Vec<&str> = meeting
        .attendees
        .iter()
        .filter(|attendee| may_admit(attendee.role))
        .filter_map(|attendee| display_name(state, attendee.person))
        .collect();
    let Some(last) = names.pop() else {
        let host = display_name(state, meeting.organizer).unwrap_or("the host");
        return format!("{host} lets them in, and nobody else may");
    };
    if names.is_empty() {
        format!("{last} lets them in")
    } else {
        format!("{} or {last} lets them in", names.join(", "))
    }
}

fn display_name(state: &State, person: ObjectId) -> Option<&str> {
    let person = state.people.find(person)?;
    Some(&person.display_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Entry::{WaitsForAdmission, WaitsForCompany, WalksIn};
    use Visitor::{Anonymous, CoOrganizer, Federated, Guest, Member, Organizer};

    #[test]
    fn each_scope_opens_the_door_to_its_own() {
        let visitors = [Member, Guest, Federated, Anonymous];
        let personal = |scope| entry(scope, Visitor::Personal);
        assert_eq!(
            personal(LobbyScope::OrganizationAndFederated),
            WaitsForAdmission
        );
        assert_eq!(personal(LobbyScope::Everyone), WalksIn);
        for (scope, entries) in [
            (LobbyScope::Organizer, [WaitsForAdmission; 4]),
            (LobbyScope::Invited, [WaitsForAdmission; 4]),
            (
                LobbyScope::OrganizationExcludingGuests,
                [
                    WalksIn,
                    WaitsForAdmission,
                    WaitsForAdmission,
                    WaitsForAdmission,
                ],
            ),
            (
                LobbyScope::Organization,
                [WalksIn, WalksIn, WaitsForAdmission, WaitsForAdmission],
            ),
            (
                LobbyScope::OrganizationAndFederated,
                [WalksIn, WalksIn, WalksIn, WaitsForAdmission],
            ),
            (
                LobbyScope::Everyone,
                [WalksIn, WalksIn, WalksIn, WaitsForCompany],
            ),
        ] {
            assert_eq!(
                visitors.map(|visitor| entry(scope, visitor)),
                entries,
                "{scope:?}"
            );
            for host in [Organizer, CoOrganizer] {
                assert_eq!(entry(scope, host), WalksIn, "{scope:?}");
            }
        }
    }
}
