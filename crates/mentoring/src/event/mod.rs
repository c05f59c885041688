//! What happened: for the audit log. An event names who and what, never a secret and
//! never the content of a meeting.

mod sentence;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::answer::Answer;
use crate::api_token::TokenScope;
use crate::lobby::LobbyScope;
use crate::meeting::Part;
use crate::member::EmailAddress;
use crate::organization::{MeetingId, MemberId, ProposalId, TrackId};
use crate::outcome::Said;
use crate::proposal::ProposalState;
use crate::role::Roles;
use crate::track::{Mode, Modes};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "action() and sentence() say what each variant and field is"
)]
pub enum Event {
    OrganizationCreated {
        name: String,
    },
    OrganizationDescribed {
        name: String,
    },
    SignedIn {
        member: MemberId,
    },
    SignedOut {
        member: MemberId,
    },
    SignedOutEverywhere {
        member: MemberId,
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
    PasswordChanged {
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
        administrator: bool,
    },
    ProfileChanged {
        member: MemberId,
        time_zone: String,
    },
    ApiTokenCreated {
        member: MemberId,
        token: Uuid,
        name: String,
        scope: TokenScope,
        expires_at: Timestamp,
    },
    ApiTokenRevoked {
        member: MemberId,
        token: Uuid,
        name: String,
    },
    CalendarAddressMade {
        member: MemberId,
    },
    CalendarAddressEnded {
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
    EnrolmentChanged {
        track: TrackId,
        track_name: String,
        member: MemberId,
        member_name: String,
        roles: Roles,
    },
    DirectoryAccountMapped {
        member: MemberId,
        name: String,
        account: Option<String>,
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
        cause: crate::integration::Cause,
    },
    TeamsRecovered,
    TeamsHostProposed {
        tenant: Uuid,
        host: Uuid,
        host_name: String,
    },
    TeamsHostKept {
        host_name: String,
    },
    TeamsHostChangeBegun {
        host_name: String,
        meetings: usize,
    },
    TeamsHostChanged {
        host_name: String,
        left_at_microsoft: Vec<String>,
    },
    TeamsComparisonAsked,
    TeamsDriftRepaired {
        meeting: MeetingId,
        what: Vec<String>,
    },
    LinkGivenUp {
        meeting: MeetingId,
        cause: crate::integration::Cause,
    },
    LinkAskedForAgain {
        meeting: MeetingId,
        track: TrackId,
    },
    TeamsRemovalBegun {
        keeps_links: bool,
    },
    TeamsRemoved {
        left_at_microsoft: Vec<String>,
    },
    MeetingCreated {
        meeting: MeetingId,
        track: TrackId,
        mode: Mode,
        starts_at: Timestamp,
        people: usize,
    },
    MeetingRescheduled {
        meeting: MeetingId,
        track: TrackId,
        before: Timestamp,
        after: Timestamp,
        reason: Option<String>,
    },
    MeetingCancelled {
        meeting: MeetingId,
        track: TrackId,
        reason: Option<String>,
    },
    OccurrencesCancelled {
        meeting: MeetingId,
        track: TrackId,
        from: Timestamp,
        count: usize,
        reason: Option<String>,
    },
    MeetingChanged {
        meeting: MeetingId,
        track: TrackId,
        what: Vec<Part>,
        reason: Option<String>,
    },
    MeetingLeft {
        meeting: MeetingId,
        track: TrackId,
        member: MemberId,
    },
    MeetingAnswered {
        meeting: MeetingId,
        track: TrackId,
        member: MemberId,
        answer: Answer,
    },
    MeetingModeChanged {
        meeting: MeetingId,
        track: TrackId,
        before: Mode,
        after: Mode,
    },
    MeetingProposed {
        meeting: MeetingId,
        track: TrackId,
        mode: Mode,
        times: usize,
        people: usize,
    },
    TimesOffered {
        meeting: MeetingId,
        track: TrackId,
        proposal: ProposalId,
        times: usize,
    },
    ProposalAnswered {
        meeting: MeetingId,
        track: TrackId,
        proposal: ProposalId,
        member: MemberId,
        times: usize,
    },
    ProposalEnded {
        meeting: MeetingId,
        track: TrackId,
        proposal: ProposalId,
        state: ProposalState,
        starts_at: Option<Timestamp>,
    },
    MeetingLogged {
        meeting: MeetingId,
        track: TrackId,
        mode: Mode,
        starts_at: Timestamp,
        people: usize,
    },
    OutcomeSaid {
        meeting: MeetingId,
        track: TrackId,
        member: MemberId,
        said: Said,
    },
    SharedNotesChanged {
        meeting: MeetingId,
        track: TrackId,
    },
    RemindersChanged {
        member: MemberId,
    },
}

impl Event {
    /// A word for filtering: `meeting.cancelled`.
    pub fn action(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "organization.created",
            Self::OrganizationDescribed { .. } => "organization.described",
            Self::SignedIn { .. } => "session.begun",
            Self::SignedOut { .. } => "session.ended",
            Self::SignedOutEverywhere { .. } => "session.all_ended",
            Self::MemberInvited { .. } => "member.invited",
            Self::InvitationAccepted { .. } => "member.accepted",
            Self::PasswordChanged { .. } => "member.password_changed",
            Self::MemberDeactivated { .. } => "member.deactivated",
            Self::MemberReactivated { .. } => "member.reactivated",
            Self::AdministratorChanged { .. } => "member.administrator_changed",
            Self::ProfileChanged { .. } => "member.profile_changed",
            Self::ApiTokenCreated { .. } => "token.created",
            Self::ApiTokenRevoked { .. } => "token.revoked",
            Self::CalendarAddressMade { .. } => "member.calendar_address_made",
            Self::CalendarAddressEnded { .. } => "member.calendar_address_ended",
            Self::TrackCreated { .. } => "track.created",
            Self::TrackRenamed { .. } => "track.renamed",
            Self::ModesChanged { .. } => "track.modes_changed",
            Self::LobbyChanged { .. } => "track.lobby_changed",
            Self::EnrolmentChanged { .. } => "track.enrolment_changed",
            Self::DirectoryAccountMapped { .. } => "member.account_mapped",
            Self::ConsentBegun => "integration.consent_begun",
            Self::ConsentFailed { .. } => "integration.consent_failed",
            Self::TeamsConnected { .. } => "integration.connected",
            Self::HostConfirmed { .. } => "integration.host_confirmed",
            Self::HostDeclined => "integration.host_declined",
            Self::TeamsIntegrated { .. } => "integration.integrated",
            Self::TeamsNeedsAttention { .. } => "integration.needs_attention",
            Self::TeamsRecovered => "integration.recovered",
            Self::TeamsHostProposed { .. } => "integration.host_proposed",
            Self::TeamsHostKept { .. } => "integration.host_kept",
            Self::TeamsHostChangeBegun { .. } => "integration.host_change_begun",
            Self::TeamsHostChanged { .. } => "integration.host_changed",
            Self::TeamsComparisonAsked => "integration.comparison_asked",
            Self::TeamsDriftRepaired { .. } => "integration.drift_repaired",
            Self::LinkGivenUp { .. } => "meeting.link_given_up",
            Self::LinkAskedForAgain { .. } => "meeting.link_asked_for",
            Self::TeamsRemovalBegun { .. } => "integration.removal_begun",
            Self::TeamsRemoved { .. } => "integration.removed",
            Self::MeetingCreated { .. } => "meeting.created",
            Self::MeetingRescheduled { .. } => "meeting.rescheduled",
            Self::MeetingCancelled { .. } => "meeting.cancelled",
            Self::OccurrencesCancelled { .. } => "meeting.occurrences_cancelled",
            Self::MeetingChanged { .. } => "meeting.changed",
            Self::MeetingLeft { .. } => "meeting.left",
            Self::MeetingAnswered { .. } => "meeting.answered",
            Self::MeetingModeChanged { .. } => "meeting.mode_changed",
            Self::MeetingProposed { .. } => "meeting.proposed",
            Self::TimesOffered { .. } => "meeting.times_offered",
            Self::ProposalAnswered { .. } => "meeting.times_answered",
            Self::ProposalEnded { .. } => "meeting.proposal_ended",
            Self::MeetingLogged { .. } => "meeting.logged",
            Self::OutcomeSaid { .. } => "meeting.outcome_said",
            Self::SharedNotesChanged { .. } => "meeting.notes_changed",
            Self::RemindersChanged { .. } => "member.reminders_changed",
        }
    }

    /// Why a meeting was changed, if that was said: everyone who was invited is told.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::MeetingRescheduled { reason, .. }
            | Self::MeetingChanged { reason, .. }
            | Self::OccurrencesCancelled { reason, .. } => reason.as_deref(),
            _ => None,
        }
    }

    /// What it happened to: a kind and an id.
    pub fn subject(&self) -> (&'static str, String) {
        match self {
            Self::SignedIn { member }
            | Self::SignedOut { member }
            | Self::SignedOutEverywhere { member }
            | Self::MemberInvited { member, .. }
            | Self::InvitationAccepted { member }
            | Self::PasswordChanged { member }
            | Self::MemberDeactivated { member, .. }
            | Self::MemberReactivated { member, .. }
            | Self::AdministratorChanged { member, .. }
            | Self::ProfileChanged { member, .. }
            | Self::CalendarAddressMade { member }
            | Self::CalendarAddressEnded { member }
            | Self::RemindersChanged { member }
            | Self::DirectoryAccountMapped { member, .. }
            | Self::ApiTokenCreated { member, .. }
            | Self::ApiTokenRevoked { member, .. } => ("member", member.to_string()),
            Self::TrackCreated { track, .. }
            | Self::TrackRenamed { track, .. }
            | Self::ModesChanged { track, .. }
            | Self::LobbyChanged { track, .. }
            | Self::EnrolmentChanged { track, .. } => ("track", track.to_string()),
            Self::MeetingCreated { meeting, .. }
            | Self::MeetingRescheduled { meeting, .. }
            | Self::MeetingCancelled { meeting, .. }
            | Self::OccurrencesCancelled { meeting, .. }
            | Self::MeetingChanged { meeting, .. }
            | Self::MeetingLeft { meeting, .. }
            | Self::MeetingAnswered { meeting, .. }
            | Self::MeetingModeChanged { meeting, .. }
            | Self::MeetingProposed { meeting, .. }
            | Self::TimesOffered { meeting, .. }
            | Self::ProposalAnswered { meeting, .. }
            | Self::ProposalEnded { meeting, .. }
            | Self::MeetingLogged { meeting, .. }
            | Self::OutcomeSaid { meeting, .. }
            | Self::LinkGivenUp { meeting, .. }
            | Self::LinkAskedForAgain { meeting, .. }
            | Self::SharedNotesChanged { meeting, .. } => ("meeting", meeting.to_string()),
            Self::OrganizationCreated { .. } | Self::OrganizationDescribed { .. } => {
                ("organization", String::new())
            }
            Self::ConsentBegun
            | Self::ConsentFailed { .. }
            | Self::TeamsConnected { .. }
            | Self::HostConfirmed { .. }
            | Self::HostDeclined
            | Self::TeamsIntegrated { .. }
            | Self::TeamsNeedsAttention { .. }
            | Self::TeamsRecovered
            | Self::TeamsHostProposed { .. }
            | Self::TeamsHostKept { .. }
            | Self::TeamsHostChangeBegun { .. }
            | Self::TeamsHostChanged { .. }
            | Self::TeamsComparisonAsked
            | Self::TeamsDriftRepaired { .. }
            | Self::TeamsRemovalBegun { .. }
            | Self::TeamsRemoved { .. } => ("integration", String::new()),
        }
    }
}
