//! Tracks: which meeting modes a program uses, and who changes what about it.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::integration::IntegrationState;
use crate::lobby::LobbyScope;
use crate::member::{Member, MemberState, check_line};
use crate::organization::{OrganizationId, Slug, TrackId};
use crate::refusal::Refusal;
use crate::role::{Actor, Roles};

/// How people meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// At a place.
    InPerson,
    /// By telephone.
    Phone,
    /// By Teams video call.
    Teams,
}

crate::words!(Mode { InPerson = "in_person", Phone = "phone", Teams = "teams" });

impl Mode {
    /// The article's words (S8).
    pub fn label(self) -> &'static str {
        match self {
            Self::InPerson => "In person",
            Self::Phone => "Phone",
            Self::Teams => "Teams video call",
        }
    }
}

/// The modes that a track uses: never none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Mode>", into = "Vec<Mode>")]
pub struct Modes(Vec<Mode>);

impl TryFrom<Vec<Mode>> for Modes {
    type Error = Refusal;

    fn try_from(modes: Vec<Mode>) -> Result<Self, Refusal> {
        Self::from_iter(modes)
    }
}

impl From<Modes> for Vec<Mode> {
    fn from(modes: Modes) -> Self {
        modes.0
    }
}

impl Modes {
    /// Takes at least one.
    #[expect(
        clippy::should_implement_trait,
        reason = "an empty set is refused, which the trait cannot say"
    )]
    pub fn from_iter(modes: impl IntoIterator<Item = Mode>) -> Result<Self, Refusal> {
        let mut all: Vec<Mode> = modes.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() {
            Err(Refusal::NoMode)
        } else {
            Ok(Self(all))
        }
    }

    /// Whether this is one of them.
    pub fn contains(&self, mode: Mode) -> bool {
        self.0.contains(&mode)
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = Mode> + '_ {
        self.0.iter().copied()
    }

    /// With Teams as well.
    #[must_use]
    pub fn with_teams(&self) -> Self {
        let mut all = self.0.clone();
        if !all.contains(&Mode::Teams) {
            all.push(Mode::Teams);
        }
        Self(all)
    }

    /// Without Teams; what is left is never nothing.
    #[must_use]
    pub fn without_teams(&self) -> Self {
        let rest: Vec<Mode> = self.iter().filter(|mode| *mode != Mode::Teams).collect();
        if rest.is_empty() {
            Self(vec![Mode::Phone])
        } else {
            Self(rest)
        }
    }
}

/// A mentoring program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its id.
    pub id: TrackId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Its part of addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The modes that it uses.
    pub modes: Modes,
    /// Who gets into its Teams meetings without waiting.
    pub lobby: LobbyScope,
}

fn may_administer(actor: &Actor, track: &Track) -> Result<(), Refusal> {
    if actor.organization == track.organization && actor.may_administer_track(track.id) {
        Ok(())
    } else {
        Err(Refusal::NotTrackAdministrator)
    }
}

fn check_track_name(name: &str) -> Result<String, Refusal> {
    check_line(name, 120).ok_or(Refusal::NameInvalid)
}

/// Begins a track with meetings in person and by phone.
pub fn create(actor: &Actor, id: TrackId, name: &str) -> Result<(Track, Event), Refusal> {
    if !actor.may_manage_organization() {
        return Err(Refusal::NotGlobalAdministrator);
    }
    let name = check_track_name(name)?;
    let otherwise = format!("track-{}", &id.0.simple().to_string()[24..]);
    let track = Track {
        id,
        organization: actor.organization,
        slug: Slug::of_name(&name, &otherwise).as_str().to_owned(),
        name,
        modes: Modes(vec![Mode::InPerson, Mode::Phone]),
        lobby: LobbyScope::Organization,
    };
    let event = Event::TrackCreated {
        track: id,
        name: track.name.clone(),
    };
    Ok((track, event))
}

/// Gives a track another name. Its address stays, so that links go on working.
pub fn rename(actor: &Actor, track: &Track, name: &str) -> Result<(Track, Event), Refusal> {
    may_administer(actor, track)?;
    let name = check_track_name(name)?;
    let event = Event::TrackRenamed {
        track: track.id,
        before: track.name.clone(),
        after: name.clone(),
    };
    Ok((
        Track {
            name,
            ..track.clone()
        },
        event,
    ))
}

/// Sets a track's modes. Teams may be added only while it is integrated (S8, S11); it may
/// stay while it needs attention, and be taken away at any time.
pub fn change_modes(
    actor: &Actor,
    track: &Track,
    wanted: Modes,
    integration: &IntegrationState,
) -> Result<(Track, Event), Refusal> {
    may_administer(actor, track)?;
    let adds_teams = wanted.contains(Mode::Teams) && !track.modes.contains(Mode::Teams);
    if adds_teams && !integration.offers_teams() {
        return Err(Refusal::TeamsUnavailable(integration.why_not_offered()));
    }
    let event = Event::ModesChanged {
        track: track.id,
        name: track.name.clone(),
        before: track.modes.clone(),
        after: wanted.clone(),
    };
    Ok((
        Track {
            modes: wanted,
            ..track.clone()
        },
        event,
    ))
}

/// The track as it is once the integration is gone.
pub fn without_teams(track: &Track) -> Track {
    Track {
        modes: track.modes.without_teams(),
        ..track.clone()
    }
}

/// The track as it is once the integration is back.
pub fn with_teams(track: &Track) -> Track {
    Track {
        modes: track.modes.with_teams(),
        ..track.clone()
    }
}

/// Chooses who gets into a track's Teams meetings without waiting.
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
    Ok((
        Track {
            lobby,
            ..track.clone()
        },
        event,
    ))
}

/// Gives a member these roles in a track; none ends the enrolment.
pub fn enrol(
    actor: &Actor,
    track: &Track,
    member: &Member,
    roles: &Roles,
) -> Result<Event, Refusal> {
    may_administer(actor, track)?;
    if member.organization != track.organization {
        return Err(Refusal::NotAParticipant);
    }
    if member.state == MemberState::Deactivated && !roles.is_empty() {
        return Err(Refusal::MemberState(member.name()));
    }
    Ok(Event::EnrolmentChanged {
        track: track.id,
        track_name: track.name.clone(),
        member: member.id,
        member_name: member.name(),
        roles: roles.clone(),
    })
}

/// Names the directory account of a participant by hand, where their own address leads to
/// none or to several; nothing goes back to their own address. Answers what is looked up.
///
/// It changes nothing about who they are in Ithaca: an account is what Microsoft knows
/// them by, never how somebody signs in here.
pub fn map_account(
    actor: &Actor,
    track: &Track,
    member: &Member,
    account: &str,
) -> Result<(Option<String>, Event), Refusal> {
    may_administer(actor, track)?;
    let account = match account.trim() {
        "" => None,
        typed => Some(
            check_line(typed, LONGEST_ACCOUNT)
                .filter(|name| is_account_name(name))
                .ok_or(Refusal::AccountInvalid)?,
        ),
    };
    let event = Event::DirectoryAccountMapped {
        member: member.id,
        name: member.name(),
        account: account.clone(),
    };
    Ok((account, event))
}

/// A user principal name or an address, as far as both look alike.
fn is_account_name(name: &str) -> bool {
    !name.chars().any(char::is_whitespace)
        && name.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        })
}

/// The longest address that there can be (RFC 5321, section 4.5.3.1).
const LONGEST_ACCOUNT: usize = 320;
