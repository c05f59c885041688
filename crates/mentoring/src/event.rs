//! What happened: for the audit log, and for whoever is to be told.
//!
//! An event names people and tracks as they were called at the time. It carries no title,
//! agenda, join link or secret: the audit log is read by people who do not attend.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::integration::Cause;
use crate::lobby::LobbyScope;
use crate::member::EmailAddress;
use crate::organization::{MeetingId, MemberId, TrackId};
use crate::role::{Role, Roles};
use crate::schedule::Schedule;
use crate::track::{Mode, Modes};

/// Something that happened in an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    OrganizationCreated {
        name: String,
    },
    OrganizationDescribed {
        name: String,
    },

    MemberInvited {
        member: MemberId,
        name: String,
        email: EmailAddress,
        global_administrator: bool,
    },
    InvitationAccepted {
        member: MemberId,
    },
    MemberDeactivated {
        member: MemberId,
        name: String,
    },
    MemberReactivated {
        member: MemberId,
        name: String,
    },
    AdministratorChanged {
        member: MemberId,
        name: String,
        global_administrator: bool,
    },
    ProfileChanged {
        member: MemberId,
        time_zone: String,
    },
    PasswordChanged {
        member: MemberId,
    },
    SignedIn {
        member: MemberId,
    },
    /// The member is none where the address belongs to nobody.
    SignInFailed {
        member: Option<MemberId>,
    },
    SignedOut {
        member: MemberId,
    },
    SignedOutEverywhere {
        member: MemberId,
    },

    TrackCreated {
        track: TrackId,
        name: String,
    },
    TrackRenamed {
        track: TrackId,
        before: String,
        after: String,
    },
    ModesChanged {
        track: TrackId,
        name: String,
        before: Modes,
        after: Modes,
    },
    LobbyChanged {
        track: TrackId,
        name: String,
        before: LobbyScope,
        after: LobbyScope,
    },
    Enrolled {
        track: TrackId,
        track_name: String,
        member: MemberId,
        name: String,
        roles: Roles,
    },
    EnrolmentEnded {
        track: TrackId,
        track_name: String,
        member: MemberId,
        name: String,
    },

    ConsentBegun,
    ConsentFailed {
        reason: String,
    },
    TeamsConnected {
        tenant: Uuid,
        host: Uuid,
        host_name: String,
    },
    HostConfirmed {
        host_name: String,
    },
    HostDeclined,
    TeamsIntegrated {
        host_name: String,
    },
    TeamsNeedsAttention {
        cause: Cause,
    },
    TeamsWorksAgain,
    TeamsRemovalBegun {
        keeps_links: bool,
    },
    /// `not_deleted` Teams meetings could not be deleted and are listed for the
    /// administrator.
    TeamsRemoved {
        not_deleted: u64,
    },

    MeetingCreated {
        meeting: MeetingId,
        track: TrackId,
        mode: Mode,
        schedule: Schedule,
        people: usize,
    },
    MeetingRescheduled {
        meeting: MeetingId,
        track: TrackId,
        was: Schedule,
        becomes: Schedule,
        reason: Option<String>,
    },
    MeetingCancelled {
        meeting: MeetingId,
        track: TrackId,
        schedule: Schedule,
        reason: Option<String>,
    },
    MeetingModeChanged {
        meeting: MeetingId,
        track: TrackId,
        was: Mode,
        becomes: Mode,
    },

    /// Somebody tried what they may not do.
    Refused {
        action: String,
        reason: String,
    },
}

impl Event {
    /// What happened, as a word that never changes: `meeting.cancelled`.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "organization.created",
            Self::OrganizationDescribed { .. } => "organization.described",
            Self::MemberInvited { .. } => "member.invited",
            Self::InvitationAccepted { .. } => "member.accepted",
            Self::MemberDeactivated { .. } => "member.deactivated",
            Self::MemberReactivated { .. } => "member.reactivated",
            Self::AdministratorChanged { .. } => "member.administrator_changed",
            Self::ProfileChanged { .. } => "member.profile_changed",
            Self::PasswordChanged { .. } => "member.password_changed",
            Self::SignedIn { .. } => "session.begun",
            Self::SignInFailed { .. } => "session.refused",
            Self::SignedOut { .. } => "session.ended",
            Self::SignedOutEverywhere { .. } => "session.all_ended",
            Self::TrackCreated { .. } => "track.created",
            Self::TrackRenamed { .. } => "track.renamed",
            Self::ModesChanged { .. } => "track.modes_changed",
            Self::LobbyChanged { .. } => "track.lobby_changed",
            Self::Enrolled { .. } => "enrolment.changed",
            Self::EnrolmentEnded { .. } => "enrolment.ended",
            Self::ConsentBegun => "integration.consent_begun",
            Self::ConsentFailed { .. } => "integration.consent_failed",
            Self::TeamsConnected { .. } => "integration.connected",
            Self::HostConfirmed { .. } => "integration.host_confirmed",
            Self::HostDeclined => "integration.host_declined",
            Self::TeamsIntegrated { .. } => "integration.integrated",
            Self::TeamsNeedsAttention { .. } => "integration.needs_attention",
            Self::TeamsWorksAgain => "integration.works_again",
            Self::TeamsRemovalBegun { .. } => "integration.removal_begun",
            Self::TeamsRemoved { .. } => "integration.removed",
            Self::MeetingCreated { .. } => "meeting.created",
            Self::MeetingRescheduled { .. } => "meeting.rescheduled",
            Self::MeetingCancelled { .. } => "meeting.cancelled",
            Self::MeetingModeChanged { .. } => "meeting.mode_changed",
            Self::Refused { .. } => "refused",
        }
    }

    /// What it happened to: a noun and an id. The id is empty where there is one only.
    pub fn subject(&self) -> (&'static str, String) {
        match self {
            Self::OrganizationCreated { .. }
            | Self::OrganizationDescribed { .. }
            | Self::Refused { .. } => ("organization", String::new()),
            Self::SignInFailed { member } => (
                "member",
                member.map(|member| member.to_string()).unwrap_or_default(),
            ),
            Self::MemberInvited { member, .. }
            | Self::InvitationAccepted { member }
            | Self::MemberDeactivated { member, .. }
            | Self::MemberReactivated { member, .. }
            | Self::AdministratorChanged { member, .. }
            | Self::ProfileChanged { member, .. }
            | Self::PasswordChanged { member }
            | Self::SignedIn { member }
            | Self::SignedOut { member }
            | Self::SignedOutEverywhere { member }
            | Self::Enrolled { member, .. }
            | Self::EnrolmentEnded { member, .. } => ("member", member.to_string()),
            Self::TrackCreated { track, .. }
            | Self::TrackRenamed { track, .. }
            | Self::ModesChanged { track, .. }
            | Self::LobbyChanged { track, .. } => ("track", track.to_string()),
            Self::ConsentBegun
            | Self::ConsentFailed { .. }
            | Self::TeamsConnected { .. }
            | Self::HostConfirmed { .. }
            | Self::HostDeclined
            | Self::TeamsIntegrated { .. }
            | Self::TeamsNeedsAttention { .. }
            | Self::TeamsWorksAgain
            | Self::TeamsRemovalBegun { .. }
            | Self::TeamsRemoved { .. } => ("integration", String::new()),
            Self::MeetingCreated { meeting, .. }
            | Self::MeetingRescheduled { meeting, .. }
            | Self::MeetingCancelled { meeting, .. }
            | Self::MeetingModeChanged { meeting, .. } => ("meeting", meeting.to_string()),
        }
    }

    /// What happened, for the audit page, where the author stands before it.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of sentences, read from top to bottom"
    )]
    pub fn sentence(&self) -> String {
        match self {
            Self::OrganizationCreated { name } => format!("Created the organization {name}."),
            Self::OrganizationDescribed { name } => {
                format!("Changed the organization's details; its name is {name}.")
            }
            Self::MemberInvited {
                name,
                email,
                global_administrator: true,
                ..
            } => {
                format!("Invited {name} ({email}) as a global administrator.")
            }
            Self::MemberInvited { name, email, .. } => format!("Invited {name} ({email})."),
            Self::InvitationAccepted { .. } => "Accepted the invitation.".to_owned(),
            Self::MemberDeactivated { name, .. } => format!("Deactivated {name}."),
            Self::MemberReactivated { name, .. } => format!("Reactivated {name}."),
            Self::AdministratorChanged {
                name,
                global_administrator: true,
                ..
            } => {
                format!("Made {name} a global administrator.")
            }
            Self::AdministratorChanged { name, .. } => {
                format!("Ended {name}'s being a global administrator.")
            }
            Self::ProfileChanged { time_zone, .. } => format!("Chose the time zone {time_zone}."),
            Self::PasswordChanged { .. } => "Changed their password.".to_owned(),
            Self::SignedIn { .. } => "Signed in.".to_owned(),
            Self::SignInFailed { member: Some(_) } => "Failed to sign in.".to_owned(),
            Self::SignInFailed { member: None } => {
                "Failed to sign in with an unknown address.".to_owned()
            }
            Self::SignedOut { .. } => "Signed out.".to_owned(),
            Self::SignedOutEverywhere { .. } => "Signed out everywhere.".to_owned(),
            Self::TrackCreated { name, .. } => format!("Created the track {name}."),
            Self::TrackRenamed { before, after, .. } => {
                format!("Renamed the track {before} to {after}.")
            }
            Self::ModesChanged {
                name,
                before,
                after,
                ..
            } => format!(
                "Changed the meeting modes of {name} from {} to {}.",
                before.labels(),
                after.labels()
            ),
            Self::LobbyChanged {
                name,
                before,
                after,
                ..
            } => format!(
                "Changed who walks into the Teams meetings of {name} from “{}” to “{}”.",
                before.label(),
                after.label()
            ),
            Self::Enrolled {
                track_name,
                name,
                roles,
                ..
            } => {
                let labels: Vec<&str> = roles.iter().map(Role::label).collect();
                format!(
                    "Enrolled {name} in {track_name} as {}.",
                    labels.join(", ").to_lowercase()
                )
            }
            Self::EnrolmentEnded {
                track_name, name, ..
            } => format!("Removed {name} from {track_name}."),
            Self::ConsentBegun => "Began to integrate Microsoft Teams.".to_owned(),
            Self::ConsentFailed { reason } => {
                format!("Could not integrate Microsoft Teams: {reason}")
            }
            Self::TeamsConnected {
                tenant, host_name, ..
            } => {
                format!("Connected Microsoft Teams, tenant {tenant}, with {host_name} as host.")
            }
            Self::HostConfirmed { host_name } => {
                format!("Confirmed {host_name} as host of every Teams meeting.")
            }
            Self::HostDeclined => "Declined the host account; nothing stays connected.".to_owned(),
            Self::TeamsIntegrated { host_name } => {
                format!("The check passed: Microsoft Teams is integrated, and {host_name} hosts.")
            }
            Self::TeamsNeedsAttention { cause } => {
                format!(
                    "Microsoft Teams needs attention. {}",
                    cause.sentence_for_administrator()
                )
            }
            Self::TeamsWorksAgain => "Microsoft Teams works again.".to_owned(),
            Self::TeamsRemovalBegun { keeps_links: true } => {
                "Began to remove Microsoft Teams; the links of planned meetings are kept."
                    .to_owned()
            }
            Self::TeamsRemovalBegun { .. } => {
                "Began to remove Microsoft Teams; the Teams meetings ahead are deleted.".to_owned()
            }
            Self::TeamsRemoved { not_deleted: 0 } => {
                "Removed Microsoft Teams; the token and all directory data are erased.".to_owned()
            }
            Self::TeamsRemoved { not_deleted } => format!(
                "Removed Microsoft Teams; the token and all directory data are erased. Not deleted in Teams: {not_deleted}."
            ),
            Self::MeetingCreated {
                mode,
                schedule,
                people,
                ..
            } => {
                format!(
                    "Created a meeting ({}) for {people} people on {}.",
                    mode.label(),
                    schedule.record()
                )
            }
            Self::MeetingRescheduled {
                was,
                becomes,
                reason,
                ..
            } => because(
                format!(
                    "Moved a meeting from {} to {}.",
                    was.record(),
                    becomes.record()
                ),
                reason.as_deref(),
            ),
            Self::MeetingCancelled {
                schedule, reason, ..
            } => because(
                format!("Cancelled the meeting on {}.", schedule.record()),
                reason.as_deref(),
            ),
            Self::MeetingModeChanged { was, becomes, .. } => {
                format!(
                    "Changed a meeting from {} to {}.",
                    was.label(),
                    becomes.label()
                )
            }
            Self::Refused { action, reason } => format!("Was refused: {action}. {reason}"),
        }
    }
}

fn because(sentence: String, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{sentence} The reason given: {reason}"),
        None => sentence,
    }
}
