use mentoring::lobby::{Entry, LobbyScope, MOST_COORGANIZERS, Person, coorganizers, forecast};
use mentoring::organization::MemberId;
use uuid::Uuid;

use crate::people::{LUIS, MEI, PRIYA};

fn person(member: MemberId, organizer: bool, mentor: bool, has_account: bool) -> Person {
    Person {
        member,
        organizer,
        mentor,
        object_id: has_account.then_some(member.0),
        guest: false,
    }
}

/// Mei (mentor, organizer), Luis and Priya, with and without accounts: every combination
/// under every scope.
#[test]
fn the_forecast_of_every_small_meeting() {
    use Entry::{Waits, WaitsForColleague, WalksIn};
    for scope in LobbyScope::ALL.iter().copied() {
        for bits in 0..8_u8 {
            let has = |bit: u8| bits & (1 << bit) != 0;
            let people = [
                person(MEI, true, true, has(0)),
                person(LUIS, false, false, has(1)),
                person(PRIYA, false, false, has(2)),
            ];
            let forecast = forecast(scope, &people);
            for (place, (member, entry)) in forecast.people.iter().enumerate() {
                // With at most ten people each one who has an account is a co-organizer.
                let expected = match (people[place].object_id, scope) {
                    (Some(_), _) => WalksIn,
                    (None, LobbyScope::Everyone) => WaitsForColleague,
                    (None, _) => Waits,
                };
                assert_eq!(
                    (*member, *entry),
                    (people[place].member, expected),
                    "{scope:?} {bits:03b}"
                );
            }
            assert_eq!(forecast.nobody_to_admit, bits == 0, "{scope:?} {bits:03b}");
        }
    }
}

#[test]
fn whoever_walks_in_always_is_at_most_ten_and_the_organizer_is_never_left_out() {
    let member = |number: u32| MemberId(Uuid::from_u128(u128::from(number)));
    for count in 1..=50_u32 {
        let people: Vec<Person> = (1..=count)
            .map(|number| person(member(number), number == count, number % 3 == 0, true))
            .collect();
        let chosen = coorganizers(&people);
        assert_eq!(chosen.len(), MOST_COORGANIZERS.min(count as usize));
        assert_eq!(chosen[0], member(count), "the organizer comes first");
        let is_mentor = |id: &MemberId| {
            people
                .iter()
                .any(|person| person.member == *id && person.mentor)
        };
        let first_other = chosen
            .iter()
            .skip(1)
            .position(|id| !is_mentor(id))
            .unwrap_or(chosen.len());
        assert!(
            chosen.iter().skip(1 + first_other).all(|id| !is_mentor(id)),
            "mentors before others"
        );
    }
}

/// Regenerate and compare: the same people in another order are the same co-organizers, or
/// Teams would be told again and again.
#[test]
fn the_order_in_which_people_are_listed_changes_no_coorganizer() {
    let member = |number: u128| MemberId(Uuid::from_u128(number));
    let mut people: Vec<Person> = (1..=14)
        .map(|number| person(member(number), number == 9, number % 4 == 0, true))
        .collect();
    let expected = coorganizers(&people);
    for _ in 0..people.len() {
        people.rotate_left(1);
        assert_eq!(coorganizers(&people), expected);
    }
}

#[test]
fn with_people_invited_only_coorganizers_surely_walk_in() {
    let member = |number: u128| MemberId(Uuid::from_u128(number));
    let people: Vec<Person> = (1..=14)
        .map(|number| person(member(number), number == 1, false, true))
        .collect();
    let walk = |scope| {
        forecast(scope, &people)
            .people
            .iter()
            .filter(|(_, entry)| *entry == Entry::WalksIn)
            .count()
    };
    assert_eq!(walk(LobbyScope::Invited), 10);
    assert_eq!(walk(LobbyScope::Organization), 14);
    assert_eq!(walk(LobbyScope::Everyone), 14);
}

#[test]
fn the_word_of_each_scope_is_kept() {
    for scope in LobbyScope::ALL {
        assert_eq!(LobbyScope::parse(scope.as_str()), Some(*scope));
    }
    assert_eq!(LobbyScope::default(), LobbyScope::Organization);
}
