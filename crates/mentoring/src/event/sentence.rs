//! What an administrator reads of each event.

use super::Event;
use crate::proposal::ProposalState;
use crate::role::Role;
use crate::track::{Mode, Modes};

fn modes(modes: &Modes) -> String {
    let labels: Vec<&str> = modes.iter().map(Mode::label).collect();
    labels.join(", ")
}

fn because(reason: Option<&String>) -> String {
    reason
        .map(|reason| format!(" Reason given: {reason}"))
        .unwrap_or_default()
}

impl Event {
    /// The line that an administrator reads. Of a meeting it says that and when, not what
    /// it is about.
    #[expect(
        clippy::too_many_lines,
        reason = "one line an event, nothing between them"
    )]
    pub fn sentence(&self) -> String {
        match self {
            Self::OrganizationCreated { name } => format!("Created the organization {name}."),
            Self::OrganizationDescribed { name } => {
                format!("Changed the organization's settings ({name}).")
            }
            Self::SignedIn { .. } => "Signed in.".to_owned(),
            Self::SignedOut { .. } => "Signed out.".to_owned(),
            Self::SignedOutEverywhere { .. } => "Signed out everywhere.".to_owned(),
            Self::MemberInvited {
                name,
                email,
                global_administrator,
                ..
            } => {
                let role = if *global_administrator {
                    " as a global administrator"
                } else {
                    ""
                };
                format!("Invited {name} ({email}){role}.")
            }
            Self::InvitationAccepted { .. } => "Accepted the invitation.".to_owned(),
            Self::PasswordChanged { .. } => "Set a new password.".to_owned(),
            Self::MemberDeactivated { name, .. } => format!("Deactivated {name}."),
            Self::MemberReactivated { name, .. } => format!("Reactivated {name}."),
            Self::AdministratorChanged {
                name,
                administrator: true,
                ..
            } => format!("Made {name} a global administrator."),
            Self::AdministratorChanged { name, .. } => {
                format!("Took the global administration from {name}.")
            }
            Self::ProfileChanged { time_zone, .. } => {
                format!("Changed the own time zone to {time_zone}.")
            }
            Self::ApiTokenCreated { name, scope, .. } => format!(
                "Made the API token “{name}” ({}).",
                scope.label().to_lowercase()
            ),
            Self::ApiTokenRevoked { name, .. } => format!("Revoked the API token “{name}”."),
            Self::CalendarAddressMade { .. } => {
                "Made a new address for the own calendar.".to_owned()
            }
            Self::CalendarAddressEnded { .. } => {
                "Ended the address of the own calendar.".to_owned()
            }
            Self::TrackCreated { name, .. } => format!("Created the track {name}."),
            Self::TrackRenamed { before, after, .. } => {
                format!("Renamed the track {before} to {after}.")
            }
            Self::ModesChanged {
                name,
                before,
                after,
                ..
            } => {
                format!(
                    "Changed the meeting modes of {name} from {} to {}.",
                    modes(before),
                    modes(after)
                )
            }
            Self::LobbyChanged {
                name,
                before,
                after,
                ..
            } => {
                format!(
                    "Changed who gets in without waiting in {name} from “{}” to “{}”.",
                    before.label(),
                    after.label()
                )
            }
            Self::EnrolmentChanged {
                track_name,
                member_name,
                roles,
                ..
            } if roles.is_empty() => {
                format!("Removed {member_name} from {track_name}.")
            }
            Self::EnrolmentChanged {
                track_name,
                member_name,
                roles,
                ..
            } => {
                let labels: Vec<&str> = roles.iter().map(Role::label).collect();
                format!(
                    "Enrolled {member_name} in {track_name} as {}.",
                    labels.join(", ")
                )
            }
            Self::DirectoryAccountMapped {
                name,
                account: Some(account),
                ..
            } => {
                format!("Named {account} as the Microsoft account of {name}.")
            }
            Self::DirectoryAccountMapped { name, .. } => {
                format!("Has the Microsoft account of {name} looked up by their own address again.")
            }
            Self::ConsentBegun => "Began to integrate Microsoft Teams.".to_owned(),
            Self::ConsentFailed { reason } => {
                format!("Integrating Microsoft Teams ended without success: {reason}")
            }
            Self::TeamsConnected {
                host_name, tenant, ..
            } => {
                format!("Connected the Microsoft account {host_name} of the tenant {tenant}.")
            }
            Self::HostConfirmed { host_name } => {
                format!("Confirmed {host_name} as the host of every meeting.")
            }
            Self::HostDeclined => {
                "Declined the connected account as host; it was forgotten.".to_owned()
            }
            Self::TeamsIntegrated { host_name } => {
                format!("Microsoft Teams is integrated; {host_name} hosts every meeting.")
            }
            Self::TeamsNeedsAttention { cause } => {
                format!(
                    "Microsoft Teams needs attention. {}",
                    cause.sentence_for_administrator()
                )
            }
            Self::TeamsRecovered => "Microsoft Teams works again.".to_owned(),
            Self::TeamsHostProposed {
                host_name, tenant, ..
            } => format!(
                "Signed in at Microsoft as {host_name} of the tenant {tenant}, another account than the host."
            ),
            Self::TeamsHostKept { host_name } => format!("Kept {host_name} as the host."),
            Self::TeamsHostChangeBegun {
                host_name,
                meetings,
            } => format!(
                "Began to make {host_name} the host of every meeting; {meetings} planned meetings get a new link."
            ),
            Self::TeamsHostChanged {
                host_name,
                left_at_microsoft,
            } if left_at_microsoft.is_empty() => {
                format!("{host_name} hosts every meeting now.")
            }
            Self::TeamsHostChanged {
                host_name,
                left_at_microsoft,
            } => format!(
                "{host_name} hosts every meeting now. {} Teams meetings of the host before could not be deleted.",
                left_at_microsoft.len()
            ),
            Self::TeamsComparisonAsked => {
                "Asked for Teams to be compared with what is planned.".to_owned()
            }
            Self::TeamsDriftRepaired { what, .. } => {
                format!("Put a Teams meeting right again ({}).", what.join(", "))
            }
            Self::LinkGivenUp { cause, .. } => format!(
                "Gave up making a meeting's Teams link. {}",
                cause.sentence_for_administrator()
            ),
            Self::LinkAskedForAgain { .. } => {
                "Asked once more for a meeting's Teams link.".to_owned()
            }
            Self::TeamsRemovalBegun { keeps_links: true } => {
                "Began to remove Microsoft Teams; existing links are kept.".to_owned()
            }
            Self::TeamsRemovalBegun { .. } => {
                "Began to remove Microsoft Teams and to delete its future meetings.".to_owned()
            }
            Self::TeamsRemoved { left_at_microsoft } if left_at_microsoft.is_empty() => {
                "Microsoft Teams was removed; token and directory data were erased.".to_owned()
            }
            Self::TeamsRemoved { left_at_microsoft } => format!(
                "Microsoft Teams was removed; token and directory data were erased. {} Teams meetings could not be deleted.",
                left_at_microsoft.len()
            ),
            Self::MeetingCreated {
                mode,
                starts_at,
                people,
                ..
            } => {
                format!(
                    "Created a meeting of {people} people ({}) at {starts_at}.",
                    mode.label()
                )
            }
            Self::MeetingRescheduled {
                before,
                after,
                reason,
                ..
            } => {
                format!(
                    "Moved a meeting from {before} to {after}.{}",
                    because(reason.as_ref())
                )
            }
            Self::MeetingCancelled { reason, .. } => {
                format!("Cancelled a meeting.{}", because(reason.as_ref()))
            }
            Self::OccurrencesCancelled {
                from,
                count,
                reason,
                ..
            } => format!(
                "Cancelled {count} of a series' meetings, from {from} on.{}",
                because(reason.as_ref())
            ),
            Self::MeetingChanged { what, reason, .. } => {
                let parts: Vec<&str> = what.iter().map(|part| part.as_str()).collect();
                format!(
                    "Changed a meeting ({}).{}",
                    parts.join(", "),
                    because(reason.as_ref())
                )
            }
            Self::MeetingLeft { .. } => "Took somebody who left out of a meeting.".to_owned(),
            Self::MeetingAnswered { answer, .. } => {
                format!("Answered a meeting: {}.", answer.as_str())
            }
            Self::MeetingModeChanged { before, after, .. } => {
                format!(
                    "Turned a meeting from {} into {}.",
                    before.label(),
                    after.label()
                )
            }
            Self::MeetingProposed {
                mode,
                times,
                people,
                ..
            } => format!(
                "Proposed a meeting of {people} people ({}) at one of {times} times.",
                mode.label()
            ),
            Self::TimesOffered { times, .. } => {
                format!("Offered {times} other times for a meeting.")
            }
            Self::ProposalAnswered { times, .. } => {
                format!("Said that {times} of the times offered for a meeting suit.")
            }
            Self::ProposalEnded {
                state, starts_at, ..
            } => match (state, starts_at) {
                (ProposalState::Accepted, Some(at)) => {
                    format!("Accepted {at} of the times offered for a meeting.")
                }
                _ => format!("Times offered for a meeting are {}.", state.as_str()),
            },
            Self::MeetingLogged {
                mode,
                starts_at,
                people,
                ..
            } => format!(
                "Logged a meeting of {people} people ({}) that took place at {starts_at}.",
                mode.label()
            ),
            Self::OutcomeSaid { said, .. } => {
                format!("Said how a meeting went: {}.", said.as_str())
            }
            Self::SharedNotesChanged { .. } => "Changed the shared notes of a meeting.".to_owned(),
            Self::RemindersChanged { .. } => {
                "Changed when they are reminded of meetings.".to_owned()
            }
        }
    }
}
