//! Who walks into a Teams meeting and who waits. The host never joins, so nobody may be
//! left waiting for it.

use serde::{Deserialize, Serialize};

use crate::organization::MemberId;
use crate::word::words;

/// Who gets in without waiting, as a track chooses it.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LobbyScope {
    /// People with an account in the organization's tenant, guests included.
    #[default]
    Organization,
    /// Whoever Microsoft counts as invited, which is surely the co-organizers alone.
    Invited,
    /// Everyone, once the first colleague is there.
    Everyone,
}

words!(LobbyScope {
    Organization => "organization",
    Invited => "invited",
    Everyone => "everyone",
});

impl LobbyScope {
    /// "People in the organization"
    pub const fn label(self) -> &'static str {
        match self {
            Self::Organization => "People in the organization",
            Self::Invited => "People invited",
            Self::Everyone => "Everyone",
        }
    }

    /// What the choice means, no more than Microsoft documents ("Configure the Microsoft
    /// Teams meeting lobby for sensitive meetings").
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Organization => {
                "Colleagues with a Microsoft account of your organization walk in. Others wait until someone lets them in."
            }
            Self::Invited => {
                "Up to ten people of a meeting, the organizer and mentors first, walk in. Others may have to wait until someone lets them in."
            }
            Self::Everyone => {
                "Colleagues walk in. Others wait until the first colleague is there, then walk in too."
            }
        }
    }
}

/// A person of a meeting, as the lobby sees them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// Whether the meeting is theirs.
    pub organizer: bool,
    /// Whether they are a mentor in the track.
    pub mentor: bool,
    /// Their account in the tenant; none for guests and outsiders.
    pub object_id: Option<uuid::Uuid>,
}

/// As many co-organizers as Microsoft documents for one meeting.
const MOST_COORGANIZERS: usize = 10;

/// Who becomes a co-organizer, walks in always, and can let others in: of those with an
/// account the organizer, then mentors, then the others in their order, at most ten.
pub fn coorganizers(people: &[Person]) -> Vec<MemberId> {
    let mut with_account: Vec<&Person> = people
        .iter()
        .filter(|person| person.object_id.is_some())
        .collect();
    with_account.sort_by_key(|person| (!person.organizer, !person.mentor));
    with_account
        .into_iter()
        .map(|person| person.member)
        .take(MOST_COORGANIZERS)
        .collect()
}

/// What will surely happen to a person at the door.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// Gets in at once.
    WalksIn,
    /// Waits, or may have to.
    Waits(Wait),
}

/// Why somebody waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wait {
    /// No account in the tenant.
    Outside,
    /// Not surely among those whom Microsoft counts as invited.
    PerhapsNotInvited,
    /// Nobody with an account is there yet; after that they walk in.
    FirstColleague,
}

impl Entry {
    /// "walks in", or what they wait for.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::WalksIn => "walks in",
            Self::Waits(Wait::Outside) => "waits until someone lets them in",
            Self::Waits(Wait::PerhapsNotInvited) => "may wait until someone lets them in",
            Self::Waits(Wait::FirstColleague) => "waits until the first colleague is there",
        }
    }
}

/// What the lobby will make of the people of a meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forecast {
    /// Each person, in the order given.
    pub people: Vec<(MemberId, Entry)>,
    /// Somebody would wait, and nobody who is invited could let them in.
    pub nobody_to_admit: bool,
}

impl Forecast {
    /// The warning on the form, where there is need of one.
    pub const fn warning(&self) -> Option<&'static str> {
        if self.nobody_to_admit {
            Some(
                "Nobody you invite has a Microsoft account of your organization, so nobody could let people in from the lobby. Invite a colleague who has one, or meet by phone.",
            )
        } else {
            None
        }
    }
}

/// Says who walks in and who waits. Any colleague who is present can let people in, for
/// Ithaca sets presenters to the organization's people and lets presenters admit.
pub fn forecast(scope: LobbyScope, people: &[Person]) -> Forecast {
    let coorganizers = coorganizers(people);
    let entry = |person: &Person| {
        if coorganizers.contains(&person.member) {
            return Entry::WalksIn;
        }
        match (scope, person.object_id) {
            (LobbyScope::Organization | LobbyScope::Everyone, Some(_)) => Entry::WalksIn,
            (LobbyScope::Organization, None) => Entry::Waits(Wait::Outside),
            (LobbyScope::Everyone, None) => Entry::Waits(Wait::FirstColleague),
            (LobbyScope::Invited, _) => Entry::Waits(Wait::PerhapsNotInvited),
        }
    };
    let people: Vec<(MemberId, Entry)> = people
        .iter()
        .map(|person| (person.member, entry(person)))
        .collect();
    let someone_waits = people.iter().any(|(_, entry)| *entry != Entry::WalksIn);
    Forecast {
        nobody_to_admit: someone_waits && coorganizers.is_empty(),
        people,
    }
}
