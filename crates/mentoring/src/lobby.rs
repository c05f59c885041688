//! Who gets into a Teams meeting without waiting, and who may let others in. The host
//! never joins, so nobody may be left waiting for it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::organization::MemberId;

/// Who gets in without waiting, by the track's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LobbyScope {
    /// Everyone with an account in the organization's directory, its guests too.
    #[default]
    Organization,
    /// Those whom Microsoft counts as invited: only co-organizers surely do.
    Invited,
    /// Everyone; outsiders wait until the first colleague is there.
    Everyone,
}

crate::words!(LobbyScope { Organization = "organization", Invited = "invited", Everyone = "everyone" });

impl LobbyScope {
    /// As pages say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Organization => "People in the organization",
            Self::Invited => "People invited",
            Self::Everyone => "Everyone",
        }
    }

    /// What choosing it means.
    pub fn help(self) -> &'static str {
        match self {
            Self::Organization => {
                "Everyone with an account in your organization walks in. Others wait until someone lets them in."
            }
            Self::Invited => {
                "The organizer and up to nine others walk in. Everyone else waits until someone lets them in."
            }
            Self::Everyone => {
                "Everyone walks in. People from outside wait until the first colleague is there."
            }
        }
    }
}

/// Microsoft lets a meeting have ten co-organizers ("Add co-organizers to a meeting in
/// Microsoft Teams"). They walk in always, and can admit.
pub const MOST_COORGANIZERS: usize = 10;

/// A person of a meeting, as far as the lobby is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// Whether they made the meeting.
    pub organizer: bool,
    /// Whether they are a mentor in the track.
    pub mentor: bool,
    /// Their directory account; none for somebody from outside.
    pub object_id: Option<Uuid>,
    /// Whether that account is a guest's: it counts as of the organization at the door, but
    /// is never made co-organizer, for Microsoft's documents disagree on whether it can be.
    pub guest: bool,
}

/// Who is made co-organizer: the organizer, then mentors, then others, as far as they
/// have a directory account that is not a guest's.
pub fn coorganizers(people: &[Person]) -> Vec<MemberId> {
    let mut ranked: Vec<&Person> = people
        .iter()
        .filter(|person| person.object_id.is_some() && !person.guest)
        .collect();
    ranked.sort_by_key(|person| (!person.organizer, !person.mentor, person.member));
    ranked
        .into_iter()
        .take(MOST_COORGANIZERS)
        .map(|person| person.member)
        .collect()
}

/// How somebody gets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// At once.
    WalksIn,
    /// Once somebody who may admit lets them in.
    Waits,
    /// Once the first colleague is there.
    WaitsForColleague,
}

impl Entry {
    /// As the form says it.
    pub fn label(self) -> &'static str {
        match self {
            Self::WalksIn => "walks in",
            Self::Waits => "waits until someone lets them in",
            Self::WaitsForColleague => "waits until the first colleague is there",
        }
    }
}

/// How everyone gets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Each person.
    pub people: Vec<(MemberId, Entry)>,
    /// Somebody would wait, and nobody who comes could let them in.
    pub nobody_to_admit: bool,
    /// Who surely may let others in.
    pub admits: Vec<MemberId>,
    /// Who may present: colleagues, who may let others in as well while they are there.
    pub presents: Vec<MemberId>,
}

/// How everyone gets in, promising no more than Microsoft documents ("Who can bypass the
/// lobby").
pub fn forecast(scope: LobbyScope, people: &[Person]) -> Forecast {
    let coorganizers = coorganizers(people);
    let present: Vec<MemberId> = people
        .iter()
        .filter(|person| person.object_id.is_some() && !person.guest)
        .map(|person| person.member)
        .collect();
    let entries: Vec<(MemberId, Entry)> = people
        .iter()
        .map(|person| {
            let has_account = person.object_id.is_some();
            let entry = match scope {
                _ if coorganizers.contains(&person.member) => Entry::WalksIn,
                LobbyScope::Organization | LobbyScope::Everyone if has_account => Entry::WalksIn,
                LobbyScope::Everyone => Entry::WaitsForColleague,
                LobbyScope::Organization | LobbyScope::Invited => Entry::Waits,
            };
            (person.member, entry)
        })
        .collect();
    let someone_waits = entries.iter().any(|(_, entry)| *entry != Entry::WalksIn);
    Forecast {
        people: entries,
        nobody_to_admit: someone_waits && coorganizers.is_empty(),
        admits: coorganizers,
        presents: present,
    }
}

/// A setting of a Teams meeting that Ithaca sets and reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Who gets in without waiting.
    Lobby,
    /// Who presents.
    Presenters,
    /// Who lets others in.
    Admitters,
    /// Who is co-organizer.
    CoOrganizers,
}

/// What Teams kept otherwise than it was set: a policy of the organization stands above
/// what a program asks for ("Configure the Microsoft Teams meeting lobby").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which setting.
    pub setting: Setting,
    /// Microsoft's own word for what it is.
    pub teams: String,
}

impl Difference {
    /// For those who meet.
    pub fn sentence(&self) -> String {
        match self.setting {
            Setting::Lobby => format!(
                "Your organization's Teams decides itself who waits in the lobby: {}.",
                scope_in_words(&self.teams)
            ),
            Setting::Presenters => {
                "Your organization's Teams decides itself who may present.".to_owned()
            }
            Setting::Admitters => {
                "Your organization's Teams decides itself who may let others in: co-organizers alone."
                    .to_owned()
            }
            Setting::CoOrganizers => {
                "Teams did not take everyone as co-organizer who should be: some may have to wait in the lobby."
                    .to_owned()
            }
        }
    }
}

fn scope_in_words(word: &str) -> &'static str {
    match word {
        "organizer" => "everyone but co-organizers",
        "organization" => "people from outside",
        "organizationExcludingGuests" => "guests and people from outside",
        "organizationAndFederated" => "people from outside whom it does not trust",
        "everyone" => "nobody but people from outside, until the first colleague is there",
        _ => "perhaps everyone but co-organizers",
    }
}

/// How strict the door really is: as the track chose, unless Teams kept something else.
/// Where it kept a setting that Ithaca never chooses, only co-organizers surely walk in.
pub fn effective(chosen: LobbyScope, differences: &[Difference]) -> LobbyScope {
    differences
        .iter()
        .find(|difference| difference.setting == Setting::Lobby)
        .map_or(chosen, |difference| {
            LobbyScope::parse(&difference.teams).unwrap_or(LobbyScope::Invited)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128, organizer: bool, mentor: bool, account: bool) -> Person {
        Person {
            member: MemberId(Uuid::from_u128(number)),
            organizer,
            mentor,
            object_id: account.then(|| Uuid::from_u128(1_000 + number)),
            guest: false,
        }
    }

    #[test]
    fn the_organizer_then_mentors_then_others_become_coorganizers_at_most_ten() {
        let mut people: Vec<Person> = (1..=12)
            .map(|number| person(number, false, false, true))
            .collect();
        people[11].organizer = true;
        people[10].mentor = true;
        people[0].object_id = None;
        let chosen = coorganizers(&people);
        assert_eq!(chosen.len(), MOST_COORGANIZERS);
        assert_eq!(chosen[0], people[11].member);
        assert_eq!(chosen[1], people[10].member);
        assert!(!chosen.contains(&people[0].member));
    }

    #[test]
    fn who_walks_in_by_every_scope() {
        use Entry::{Waits, WaitsForColleague, WalksIn};
        let mut people: Vec<Person> = (1..=11)
            .map(|number| person(number, number == 1, false, true))
            .collect();
        people.push(person(12, false, false, false));
        for (scope, eleventh, outsider) in [
            (LobbyScope::Organization, WalksIn, Waits),
            (LobbyScope::Invited, Waits, Waits),
            (LobbyScope::Everyone, WalksIn, WaitsForColleague),
        ] {
            let forecast = forecast(scope, &people);
            assert_eq!(forecast.people[0].1, WalksIn, "{scope:?}");
            assert_eq!(forecast.people[10].1, eleventh, "{scope:?}");
            assert_eq!(forecast.people[11].1, outsider, "{scope:?}");
            assert!(!forecast.nobody_to_admit);
        }
    }

    #[test]
    fn two_outsiders_alone_are_warned_that_nobody_can_admit_them() {
        let people = [person(1, true, false, false), person(2, false, true, false)];
        assert!(forecast(LobbyScope::Organization, &people).nobody_to_admit);
        assert!(forecast(LobbyScope::Everyone, &people).nobody_to_admit);
    }

    #[test]
    fn a_guest_walks_in_with_the_organization_but_is_never_made_coorganizer() {
        let mut people = [person(1, true, false, true), person(2, false, true, true)];
        people[1].guest = true;
        assert_eq!(coorganizers(&people), [people[0].member]);
        for (scope, entry) in [
            (LobbyScope::Organization, Entry::WalksIn),
            (LobbyScope::Invited, Entry::Waits),
            (LobbyScope::Everyone, Entry::WalksIn),
        ] {
            assert_eq!(forecast(scope, &people).people[1].1, entry, "{scope:?}");
        }
    }

    #[test]
    fn what_teams_kept_otherwise_is_what_the_forecast_goes_by() {
        let kept = |word: &str| {
            [Difference {
                setting: Setting::Lobby,
                teams: word.to_owned(),
            }]
        };
        let chosen = LobbyScope::Everyone;
        assert_eq!(effective(chosen, &[]), LobbyScope::Everyone);
        assert_eq!(
            effective(chosen, &kept("organization")),
            LobbyScope::Organization
        );
        assert_eq!(effective(chosen, &kept("organizer")), LobbyScope::Invited);
        assert!(
            kept("organizer")[0]
                .sentence()
                .contains("everyone but co-organizers")
        );
    }
}
