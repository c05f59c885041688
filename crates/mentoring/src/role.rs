//! Who may see what and do what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::meeting::Meeting;
use crate::organization::{MemberId, OrganizationId, TrackId};

/// What somebody is in a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Gives.
    Mentor,
    /// Receives.
    Mentee,
    /// Runs the track.
    TrackAdministrator,
}

crate::words!(Role { Mentor = "mentor", Mentee = "mentee", TrackAdministrator = "track_administrator" });

impl Role {
    /// As pages say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Mentor => "Mentor",
            Self::Mentee => "Mentee",
            Self::TrackAdministrator => "Track administrator",
        }
    }
}

/// The roles of one person in one track.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(Vec<Role>);

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        let mut all: Vec<Role> = roles.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }
}

impl Roles {
    /// Whether this is one of them.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether there is none: not enrolled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// As stored: `mentor,track_administrator`.
    pub fn to_text(&self) -> String {
        let words: Vec<&str> = self.iter().map(Role::as_str).collect();
        words.join(",")
    }

    /// Back from what is stored.
    pub fn parse_text(text: &str) -> Option<Self> {
        text.split(',')
            .filter(|word| !word.is_empty())
            .map(Role::parse)
            .collect()
    }
}

/// Who acts, with all that decides what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Their organization: nothing of another one exists for them.
    pub organization: OrganizationId,
    /// Who they are.
    pub member: MemberId,
    /// Their name.
    pub name: String,
    /// Whether they run the organization.
    pub global_administrator: bool,
    /// Their roles, by track.
    pub enrolments: BTreeMap<TrackId, Roles>,
}

/// What an actor may see; every read for a page or an answer begins with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Nothing of another organization.
    pub organization: OrganizationId,
    /// Always themselves and their own meetings.
    pub member: MemberId,
    /// Everything of the organization.
    pub everything: bool,
    /// All meetings of these tracks.
    pub administers: Vec<TrackId>,
    /// These tracks and their people.
    pub enrolled: Vec<TrackId>,
}

impl Actor {
    /// Integrations, members, tracks, the audit log.
    pub fn may_manage_organization(&self) -> bool {
        self.global_administrator
    }

    /// The track's page and its people.
    pub fn may_see_track(&self, track: TrackId) -> bool {
        self.global_administrator || self.enrolments.contains_key(&track)
    }

    /// The track's settings and participants (S15).
    pub fn may_administer_track(&self, track: TrackId) -> bool {
        let runs = |roles: &Roles| roles.contains(Role::TrackAdministrator);
        self.global_administrator || self.enrolments.get(&track).is_some_and(runs)
    }

    /// Only participants meet: a global administrator who is not enrolled does not.
    pub fn may_create_meeting_in(&self, track: TrackId) -> bool {
        self.enrolments.contains_key(&track)
    }

    /// What the actor may see.
    pub fn sight(&self) -> Sight {
        let enrolled: Vec<TrackId> = self.enrolments.keys().copied().collect();
        Sight {
            organization: self.organization,
            member: self.member,
            everything: self.global_administrator,
            administers: enrolled
                .iter()
                .copied()
                .filter(|track| self.may_administer_track(*track))
                .collect(),
            enrolled,
        }
    }
}

/// What an actor may do with one meeting (product, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each right is its own question"
)]
pub struct MeetingRights {
    /// Time, mode, people, how the link stands.
    pub see: bool,
    /// Agenda, notes and the join link as well.
    pub see_content: bool,
    /// Reschedule and cancel.
    pub change: bool,
    /// A change needs a reason that everyone is told: it is not the actor's meeting.
    pub needs_reason: bool,
}

/// What an actor may do with a meeting.
pub fn rights(actor: &Actor, meeting: &Meeting) -> MeetingRights {
    if actor.organization != meeting.organization {
        return MeetingRights {
            see: false,
            see_content: false,
            change: false,
            needs_reason: false,
        };
    }
    let attends = meeting
        .attendees
        .iter()
        .any(|attendee| attendee.member == actor.member);
    let organizes = meeting.organizer == actor.member;
    let administers = actor.may_administer_track(meeting.track);
    MeetingRights {
        see: attends || organizes || administers,
        see_content: attends || organizes,
        change: organizes || administers,
        needs_reason: administers && !organizes,
    }
}
