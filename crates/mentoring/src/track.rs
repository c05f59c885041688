//! Tracks: the mentoring programs of an organization, their meeting modes and their people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::integration::IntegrationState;
use crate::lobby::LobbyScope;
use crate::member::{Member, MemberState};
use crate::organization::{OrganizationId, TrackId, check_name_at};
use crate::refusal::Refusal;
use crate::role::{Actor, Roles};
use crate::word::words;

/// How people meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// At a place.
    InPerson,
    /// By phone.
    Phone,
    /// On Microsoft Teams, hosted by the dedicated account (S4).
    Teams,
}

words!(Mode {
    InPerson => "in_person",
    Phone => "phone",
    Teams => "teams",
});

impl Mode {
    /// As it stands on every page; the last one is the article's own wording (S8).
    pub const fn label(self) -> &'static str {
        match self {
            Self::InPerson => "In person",
            Self::Phone => "Phone",
            Self::Teams => "Teams video call",
        }
    }
}

/// The meeting modes that a track enables: never none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Mode>", into = "BTreeSet<Mode>")]
pub struct Modes(BTreeSet<Mode>);

impl Modes {
    /// Collects modes; refuses when there is none.
    #[expect(
        clippy::should_implement_trait,
        reason = "the trait has no way to refuse the empty set"
    )]
    pub fn from_iter(modes: impl IntoIterator<Item = Mode>) -> Result<Self, Refusal> {
        Self::try_from(modes.into_iter().collect::<BTreeSet<_>>())
    }

    /// Whether the mode is enabled.
    pub fn contains(&self, mode: Mode) -> bool {
        self.0.contains(&mode)
    }

    /// The modes in the order in which forms show them.
    pub fn iter(&self) -> impl Iterator<Item = Mode> + '_ {
        self.0.iter().copied()
    }

    /// With this mode as well.
    #[must_use]
    pub fn with(&self, mode: Mode) -> Self {
        let mut modes = self.0.clone();
        modes.insert(mode);
        Self(modes)
    }

    /// Without this mode, unless that leaves none.
    pub fn without(&self, mode: Mode) -> Option<Self> {
        Self::from_iter(self.iter().filter(|each| *each != mode)).ok()
    }

    /// "In person, Phone"
    pub fn labels(&self) -> String {
        let labels: Vec<&str> = self.iter().map(Mode::label).collect();
        labels.join(", ")
    }
}

impl TryFrom<BTreeSet<Mode>> for Modes {
    type Error = Refusal;

    fn try_from(modes: BTreeSet<Mode>) -> Result<Self, Refusal> {
        if modes.is_empty() {
            return Err(Refusal::ModesMissing);
        }
        Ok(Self(modes))
    }
}

impl From<Modes> for BTreeSet<Mode> {
    fn from(modes: Modes) -> Self {
        modes.0
    }
}

/// A mentoring program of an organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// Which.
    pub id: TrackId,
    /// Whose.
    pub organization: OrganizationId,
    /// Its place in addresses; it stays when the name changes.
    pub slug: String,
    /// "New Managers"
    pub name: String,
    /// How its people may meet.
    pub modes: Modes,
    /// Who gets into its Teams meetings without waiting.
    pub lobby: LobbyScope,
}

/// Begins a track (global administrators). It starts with the modes that need no
/// integration; its slug is made from the name.
pub fn create(actor: &Actor, id: TrackId, name: &str) -> Result<(Track, Event), Refusal> {
    if !actor.may_manage_organization() {
        return Err(Refusal::NotGlobalAdministrator);
    }
    let name = check_name_at(name, "name")?;
    let track = Track {
        id,
        organization: actor.organization,
        slug: slug_for(&name, id),
        name,
        modes: Modes([Mode::InPerson, Mode::Phone].into()),
        lobby: LobbyScope::default(),
    };
    let event = Event::TrackCreated {
        track: id,
        name: track.name.clone(),
    };
    Ok((track, event))
}

/// `new-managers` of "New Managers". A name without a Latin letter or digit to make a slug
/// of gets one from the track's id.
fn slug_for(name: &str, id: TrackId) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') && letter != '\'' && letter != '’' {
            slug.push('-');
        }
    }
    slug.truncate(40);
    let slug = slug.trim_end_matches('-');
    // `new` is the form that makes a track.
    if slug.len() < 2 || slug == "new" {
        let id = id.0.simple().to_string();
        return format!("track-{}", &id[id.len() - 8..]);
    }
    slug.to_owned()
}

/// Gives a track another name.
pub fn rename(actor: &Actor, track: &Track, name: &str) -> Result<(Track, Event), Refusal> {
    may_administer(actor, track)?;
    let after = Track {
        name: check_name_at(name, "name")?,
        ..track.clone()
    };
    let event = Event::TrackRenamed {
        track: track.id,
        before: track.name.clone(),
        after: after.name.clone(),
    };
    Ok((after, event))
}

/// Enables and disables meeting modes (S8, S11, S15). Teams can be ticked only while it is
/// offered in the organization; it can stay ticked, and be unticked, at any time.
pub fn change_modes(
    actor: &Actor,
    track: &Track,
    wanted: Modes,
    integration: &IntegrationState,
) -> Result<(Track, Event), Refusal> {
    may_administer(actor, track)?;
    let ticks_teams = wanted.contains(Mode::Teams) && !track.modes.contains(Mode::Teams);
    if ticks_teams && !integration.offers_teams() {
        return Err(Refusal::TeamsUnavailable {
            integration: *integration,
        });
    }
    let event = Event::ModesChanged {
        track: track.id,
        name: track.name.clone(),
        before: track.modes.clone(),
        after: wanted.clone(),
    };
    let after = Track {
        modes: wanted,
        ..track.clone()
    };
    Ok((after, event))
}

/// The track once the integration is removed (S12). Who met on Teams alone can meet by
/// phone: a track is never left without a way to meet.
#[must_use]
pub fn without_teams(track: &Track) -> Track {
    let modes = track.modes.without(Mode::Teams);
    Track {
        modes: modes.unwrap_or_else(|| Modes([Mode::Phone].into())),
        ..track.clone()
    }
}

/// The track once Teams is integrated again, for a track that used it before.
#[must_use]
pub fn with_teams(track: &Track) -> Track {
    Track {
        modes: track.modes.with(Mode::Teams),
        ..track.clone()
    }
}

/// Chooses who gets into the track's Teams meetings without waiting.
pub fn change_lobby(
    actor: &Actor,
    track: &Track,
    lobby: LobbyScope,
) -> Result<(Track, Event), Refusal> {
    may_administer(actor, track)?;
    let event = Event::LobbyChanged {
        track: track.id,
        name: track.name.clone(),
        before: track.lobby,
        after: lobby,
    };
    let after = Track {
        lobby,
        ..track.clone()
    };
    Ok((after, event))
}

/// Gives a member these roles in the track; none ends the enrolment, which is also the one
/// thing that can be done with a deactivated member.
pub fn enrol(
    actor: &Actor,
    track: &Track,
    member: &Member,
    roles: &Roles,
) -> Result<Event, Refusal> {
    may_administer(actor, track)?;
    if member.organization != track.organization {
        return Err(Refusal::PeopleNotHere);
    }
    if roles.is_empty() {
        return Ok(Event::EnrolmentEnded {
            track: track.id,
            track_name: track.name.clone(),
            member: member.id,
            name: member.name(),
        });
    }
    if member.state == MemberState::Deactivated {
        return Err(Refusal::AlreadyDeactivated);
    }
    Ok(Event::Enrolled {
        track: track.id,
        track_name: track.name.clone(),
        member: member.id,
        name: member.name(),
        roles: roles.clone(),
    })
}

fn may_administer(actor: &Actor, track: &Track) -> Result<(), Refusal> {
    if actor.organization == track.organization && actor.may_administer_track(track.id) {
        Ok(())
    } else {
        Err(Refusal::NotTrackAdministrator)
    }
}
