//! Who somebody is in the organization and its tracks, and what that lets them see and do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::meeting::Meeting;
use crate::organization::{MemberId, OrganizationId, TrackId};
use crate::word::words;

/// What a participant is in a track.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Gives advice.
    Mentor,
    /// Takes it.
    Mentee,
    /// Runs the track.
    TrackAdministrator,
}

words!(Role {
    Mentor => "mentor",
    Mentee => "mentee",
    TrackAdministrator => "track_administrator",
});

impl Role {
    /// "Track administrator"
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mentor => "Mentor",
            Self::Mentee => "Mentee",
            Self::TrackAdministrator => "Track administrator",
        }
    }
}

/// The roles of one member in one track.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether the role is among them.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether there is none: the member is not enrolled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The roles, mentor first.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// As they are stored: `mentor,track_administrator`.
    pub fn to_text(&self) -> String {
        let words: Vec<&str> = self.iter().map(Role::as_str).collect();
        words.join(",")
    }

    /// Reads stored roles; the empty text is no role.
    pub fn parse_text(text: &str) -> Option<Self> {
        text.split(',')
            .filter(|word| !word.is_empty())
            .map(Role::parse)
            .collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

/// An active member who asks for something, with what decides whether they get it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// Their organization; they act in no other.
    pub organization: OrganizationId,
    /// Who they are.
    pub member: MemberId,
    /// How they stand in the audit log.
    pub name: String,
    /// Whether they run the organization.
    pub global_administrator: bool,
    /// Their roles by track.
    pub enrolments: BTreeMap<TrackId, Roles>,
}

impl Actor {
    /// Integrations, members, tracks, administrators, the audit log (S5, S11).
    pub const fn may_manage_organization(&self) -> bool {
        self.global_administrator
    }

    /// Whether the track exists for them.
    pub fn may_see_track(&self, track: TrackId) -> bool {
        self.global_administrator || self.is_enrolled(track)
    }

    /// Program Settings: modes, lobby, participants (S15).
    pub fn may_administer_track(&self, track: TrackId) -> bool {
        let administers = |roles: &Roles| roles.contains(Role::TrackAdministrator);
        self.global_administrator || self.enrolments.get(&track).is_some_and(administers)
    }

    /// Whether they may plan a meeting there: participants alone, administrators included
    /// only where they are enrolled.
    pub fn may_create_meeting_in(&self, track: TrackId) -> bool {
        self.is_enrolled(track)
    }

    /// What the store may show them.
    pub fn sight(&self) -> Sight {
        let enrolled = || {
            self.enrolments
                .keys()
                .copied()
                .filter(|track| self.is_enrolled(*track))
        };
        let administers =
            |track: &TrackId| self.enrolments[track].contains(Role::TrackAdministrator);
        Sight {
            organization: self.organization,
            member: self.member,
            everything: self.global_administrator,
            administers: enrolled().filter(administers).collect(),
            enrolled: enrolled().collect(),
        }
    }

    fn is_enrolled(&self, track: TrackId) -> bool {
        self.enrolments
            .get(&track)
            .is_some_and(|roles| !roles.is_empty())
    }
}

/// What the store may show somebody: the first argument of every read for a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// Nothing of another organization, ever.
    pub organization: OrganizationId,
    /// Whose own things are in sight.
    pub member: MemberId,
    /// A global administrator sees the whole organization.
    pub everything: bool,
    /// The tracks whose meetings are in sight.
    pub administers: Vec<TrackId>,
    /// The tracks that are in sight.
    pub enrolled: Vec<TrackId>,
}

/// What somebody may do to one meeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers to four questions about one meeting"
)]
pub struct MeetingRights {
    /// Its time, mode, people and link state. Who may not see it is told that it does not
    /// exist.
    pub see: bool,
    /// Its agenda and join link: for those who attend, nobody else.
    pub see_content: bool,
    /// Reschedule and cancel it.
    pub change: bool,
    /// Whether a change needs a reason that all are told, for it is not their meeting.
    pub needs_reason: bool,
}

/// What the actor may do to a meeting.
pub fn rights(actor: &Actor, meeting: &Meeting) -> MeetingRights {
    let here = actor.organization == meeting.organization;
    let organizes = here && actor.member == meeting.organizer;
    let attends = here
        && meeting
            .attendees
            .iter()
            .any(|attendee| attendee.member == actor.member);
    let administers = here && actor.may_administer_track(meeting.track);
    MeetingRights {
        see: organizes || attends || administers,
        see_content: organizes || attends,
        change: organizes || administers,
        needs_reason: administers && !organizes,
    }
}
