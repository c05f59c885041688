use mentoring::event::Event;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::lobby::LobbyScope;
use mentoring::member::{Member, MemberState};
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::role::{Role, Roles};
use mentoring::track::{
    Mode, Modes, Track, change_lobby, change_modes, create, enrol, rename, with_teams,
    without_teams,
};

use crate::people::{
    LUIS, NEW_MANAGERS, QUILLFIELD, WOMEN_IN_ENGINEERING, amara, edda, jonas, luis, mei, member,
    modes, new_managers,
};

const ON: IntegrationState = IntegrationState::Integrated;

fn without() -> Track {
    Track {
        modes: modes(&[Mode::InPerson, Mode::Phone]),
        ..new_managers()
    }
}

/// S8, S11, S15
#[test]
fn s15_track_and_global_administrators_enable_teams_and_nobody_else_does() {
    for (actor, may) in [
        (jonas(), true),
        (amara(), true),
        (mei(), false),
        (luis(), false),
        (edda(), false),
    ] {
        let changed = change_modes(&actor, &without(), modes(Mode::ALL), &ON);
        assert_eq!(changed.is_ok(), may, "{}", actor.name);
        if let Err(refusal) = changed {
            assert_eq!(refusal.kind(), RefusalKind::Forbidden);
        }
    }
}

///
#[test]
fn r02_jonas_changes_nothing_in_a_track_that_is_not_his() {
    let other = Track {
        id: WOMEN_IN_ENGINEERING,
        ..without()
    };
    assert_eq!(
        change_modes(&jonas(), &other, modes(Mode::ALL), &ON).err(),
        Some(Refusal::NotTrackAdministrator)
    );
    let foreign = Track {
        organization: QUILLFIELD,
        ..without()
    };
    assert!(change_modes(&jonas(), &foreign, modes(Mode::ALL), &ON).is_err());
    assert!(rename(&jonas(), &foreign, "Ours").is_err());
    assert!(change_lobby(&jonas(), &foreign, LobbyScope::Everyone).is_err());
}

/// S8: ticked while it works or heals by itself; kept and unticked always.
#[test]
fn s8_teams_can_be_ticked_only_while_it_is_offered_and_unticked_always() {
    let mut states = vec![
        IntegrationState::NotIntegrated,
        IntegrationState::Checking,
        IntegrationState::AwaitingConfirmation,
        IntegrationState::Integrated,
        IntegrationState::Removing,
        IntegrationState::Removed,
    ];
    states.extend(
        Cause::ALL
            .iter()
            .copied()
            .map(IntegrationState::NeedsAttention),
    );
    for state in states {
        let ticked = change_modes(&jonas(), &without(), modes(Mode::ALL), &state);
        assert_eq!(ticked.is_ok(), state.offers_teams(), "{state:?}");
        if let Err(refusal) = ticked {
            assert_eq!(
                (refusal.kind(), refusal.field()),
                (RefusalKind::Conflict, Some("modes"))
            );
            assert!(refusal.to_string().ends_with('.'), "{state:?}: {refusal}");
        }
        assert!(
            change_modes(&jonas(), &new_managers(), modes(Mode::ALL), &state).is_ok(),
            "{state:?}"
        );
        let unticked =
            change_modes(&jonas(), &new_managers(), modes(&[Mode::Phone]), &state).unwrap();
        assert_eq!(unticked.0.modes, modes(&[Mode::Phone]), "{state:?}");
    }
}

#[test]
fn the_event_of_a_change_names_both_sets_and_nothing_else_of_the_track_changes() {
    let (after, event) = change_modes(&jonas(), &without(), modes(Mode::ALL), &ON).unwrap();
    assert_eq!(after, new_managers());
    let expected = Event::ModesChanged {
        track: NEW_MANAGERS,
        name: "New Managers".to_owned(),
        before: modes(&[Mode::InPerson, Mode::Phone]),
        after: modes(Mode::ALL),
    };
    assert_eq!(event, expected);
}

#[test]
fn no_track_is_ever_left_without_a_mode() {
    assert_eq!(Modes::from_iter([]), Err(Refusal::NoMode));
    assert!(serde_json::from_str::<Modes>("[]").is_err());
    let teams_only = Track {
        modes: modes(&[Mode::Teams]),
        ..new_managers()
    };
    assert_eq!(without_teams(&teams_only).modes, modes(&[Mode::Phone]));
}

/// S12, S17: every set of modes, there and back.
#[test]
fn s12_removing_teams_takes_it_from_every_track_and_integrating_again_restores_it() {
    for bits in 1..8_u8 {
        let some = |(place, mode): (usize, &Mode)| (bits & (1 << place) != 0).then_some(*mode);
        let before = Track {
            modes: Modes::from_iter(Mode::ALL.iter().enumerate().filter_map(some)).unwrap(),
            ..new_managers()
        };
        let removed = without_teams(&before);
        assert!(!removed.modes.contains(Mode::Teams), "{bits:03b}");
        assert!(
            with_teams(&removed).modes.contains(Mode::Teams),
            "{bits:03b}"
        );
        if before.modes.contains(Mode::Teams) && before.modes.iter().count() > 1 {
            assert_eq!(with_teams(&removed), before, "{bits:03b}");
        }
    }
}

#[test]
fn only_global_administrators_begin_a_track_and_it_begins_without_teams() {
    let (track, _) = create(&amara(), NEW_MANAGERS, " New Managers ").unwrap();
    assert_eq!(
        (track.name.as_str(), track.slug.as_str()),
        ("New Managers", "new-managers")
    );
    assert!(!track.modes.contains(Mode::Teams));
    assert_eq!(track.lobby, LobbyScope::Organization);
    for actor in [jonas(), mei()] {
        assert_eq!(
            create(&actor, NEW_MANAGERS, "Mine").err(),
            Some(Refusal::NotGlobalAdministrator)
        );
    }
    assert_eq!(
        create(&amara(), NEW_MANAGERS, "").err(),
        Some(Refusal::NameInvalid)
    );
}

#[test]
fn the_address_of_a_track_survives_its_name() {
    let (track, event) = rename(&jonas(), &new_managers(), "Leading for the first time").unwrap();
    assert_eq!(track.slug, "new-managers");
    assert_eq!(track.name, "Leading for the first time");
    assert_eq!(
        event.sentence(),
        "Renamed the track New Managers to Leading for the first time."
    );
}

#[test]
fn a_track_whose_name_has_no_latin_letter_or_is_a_page_gets_an_address_all_the_same() {
    for name in ["研修", "!", "x", "New", "API"] {
        let (track, _) = create(&amara(), NEW_MANAGERS, name).unwrap();
        assert!(
            track.slug.starts_with("track-") && track.slug.len() > 8,
            "{name}: {}",
            track.slug
        );
    }
}

#[test]
fn jonas_enrols_luis_changes_his_roles_and_lets_him_go() {
    let luis_member = member(LUIS, "Luis", "Ortega");
    let both: Roles = [Role::Mentee, Role::Mentor].into_iter().collect();
    let event = enrol(&jonas(), &new_managers(), &luis_member, &both).unwrap();
    assert_eq!(
        event.sentence(),
        "Enrolled Luis Ortega in New Managers as Mentor, Mentee."
    );
    let event = enrol(&jonas(), &new_managers(), &luis_member, &Roles::default()).unwrap();
    assert_eq!(event.sentence(), "Removed Luis Ortega from New Managers.");
}

#[test]
fn r03_nobody_gives_themselves_a_role() {
    let administrator: Roles = [Role::TrackAdministrator].into_iter().collect();
    let luis_member = member(LUIS, "Luis", "Ortega");
    assert_eq!(
        enrol(&luis(), &new_managers(), &luis_member, &administrator).err(),
        Some(Refusal::NotTrackAdministrator)
    );
}

#[test]
fn a_deactivated_member_can_be_let_go_but_not_enrolled() {
    let gone = Member {
        state: MemberState::Deactivated,
        ..member(LUIS, "Luis", "Ortega")
    };
    let mentee: Roles = [Role::Mentee].into_iter().collect();
    assert!(matches!(
        enrol(&jonas(), &new_managers(), &gone, &mentee),
        Err(Refusal::MemberState(_))
    ));
    assert!(enrol(&jonas(), &new_managers(), &gone, &Roles::default()).is_ok());
}

#[test]
fn i04_a_member_of_another_organization_cannot_be_enrolled() {
    let foreign = Member {
        organization: QUILLFIELD,
        ..member(LUIS, "Luis", "Ortega")
    };
    let mentee: Roles = [Role::Mentee].into_iter().collect();
    assert!(enrol(&amara(), &new_managers(), &foreign, &mentee).is_err());
}
