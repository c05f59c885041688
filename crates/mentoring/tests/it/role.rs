use mentoring::meeting::{Attendee, Meeting};
use mentoring::organization::TrackId;
use mentoring::role::{Actor, Role, Roles, rights};
use uuid::Uuid;

use crate::people::{
    JONAS, LARKSPUR, MEI, NEW_MANAGERS, QUILLFIELD, WOMEN_IN_ENGINEERING, amara, edda, jonas, luis,
    meeting, mei, priya,
};

/// product.md, section 3: the table, row by row. Columns: see, content, change, reason.
#[test]
fn who_may_do_what_to_a_meeting_that_mei_made_with_luis() {
    for (actor, expected) in [
        (mei(), (true, true, true, false)),
        (luis(), (true, true, false, false)),
        (priya(), (false, false, false, false)),
        (jonas(), (true, false, true, true)),
        (amara(), (true, false, true, true)),
        (edda(), (false, false, false, false)),
    ] {
        let rights = rights(&actor, &meeting());
        let have = (
            rights.see,
            rights.see_content,
            rights.change,
            rights.needs_reason,
        );
        assert_eq!(have, expected, "{}", actor.name);
    }
}

#[test]
fn an_administrator_who_attends_reads_the_agenda_and_still_says_why_they_change_it() {
    let mut with_jonas = meeting();
    with_jonas.attendees.push(Attendee {
        member: JONAS,
        organizer: false,
        answer: None,
    });
    let rights = rights(&jonas(), &with_jonas);
    assert!(rights.see_content && rights.change && rights.needs_reason);
}

#[test]
fn an_administrator_needs_no_reason_for_a_meeting_of_their_own() {
    let own = Meeting {
        organizer: JONAS,
        ..meeting()
    };
    assert!(!rights(&jonas(), &own).needs_reason);
}

#[test]
fn the_administrator_of_one_track_sees_nothing_of_another() {
    let elsewhere = Meeting {
        track: WOMEN_IN_ENGINEERING,
        ..meeting()
    };
    assert!(!rights(&jonas(), &elsewhere).see);
}

/// I-02: the same ids in another organization are somebody else's.
#[test]
fn nobody_sees_a_meeting_of_another_organization_even_with_equal_ids() {
    let foreign = Meeting {
        organization: QUILLFIELD,
        ..meeting()
    };
    for actor in [mei(), luis(), jonas(), amara()] {
        let rights = rights(&actor, &foreign);
        assert!(
            !rights.see && !rights.see_content && !rights.change,
            "{}",
            actor.name
        );
    }
}

/// Columns: see the track, administer it, create a meeting in it.
#[test]
fn who_may_do_what_in_new_managers() {
    for (actor, expected) in [
        (amara(), (true, true, false)),
        (jonas(), (true, true, true)),
        (mei(), (true, false, true)),
        (priya(), (true, false, true)),
    ] {
        let have = (
            actor.may_see_track(NEW_MANAGERS),
            actor.may_administer_track(NEW_MANAGERS),
            actor.may_create_meeting_in(NEW_MANAGERS),
        );
        assert_eq!(have, expected, "{}", actor.name);
    }
    let outsider = Actor {
        enrolments: [].into(),
        ..priya()
    };
    assert!(!outsider.may_see_track(NEW_MANAGERS) && !outsider.may_create_meeting_in(NEW_MANAGERS));
}

#[test]
fn r01_only_global_administrators_manage_the_organization() {
    let managers: Vec<bool> = [amara(), jonas(), mei(), luis()]
        .iter()
        .map(Actor::may_manage_organization)
        .collect();
    assert_eq!(managers, [true, false, false, false]);
}

#[test]
fn sight_follows_from_who_one_is() {
    let sight = jonas().sight();
    assert_eq!(
        (sight.organization, sight.member, sight.everything),
        (LARKSPUR, JONAS, false)
    );
    assert_eq!(sight.administers, [NEW_MANAGERS]);
    assert_eq!(sight.enrolled, [NEW_MANAGERS]);

    let sight = mei().sight();
    assert_eq!((sight.member, sight.everything), (MEI, false));
    assert!(sight.administers.is_empty());
    assert_eq!(sight.enrolled, [NEW_MANAGERS, WOMEN_IN_ENGINEERING]);

    assert!(amara().sight().everything);
    assert!(amara().sight().enrolled.is_empty());
}

#[test]
fn roles_come_back_from_their_text_in_one_order_and_once_each() {
    for bits in 0..8_u8 {
        let some = |bit: u8| {
            Role::ALL
                .get(usize::from(bit))
                .copied()
                .filter(|_| bits & (1 << bit) != 0)
        };
        let roles: Roles = (0..3).rev().chain(0..3).filter_map(some).collect();
        assert_eq!(
            Roles::parse_text(&roles.to_text()),
            Some(roles.clone()),
            "{bits:03b}"
        );
        assert_eq!(roles.is_empty(), bits == 0);
        assert_eq!(roles.iter().count(), bits.count_ones() as usize);
    }
    let both: Roles = [Role::TrackAdministrator, Role::Mentor]
        .into_iter()
        .collect();
    assert_eq!(both.to_text(), "mentor,track_administrator");
    assert_eq!(Roles::parse_text("mentor,king"), None);
}

#[test]
fn ids_come_back_from_their_text() {
    let id = TrackId(Uuid::from_u128(0x1234));
    assert_eq!(id.to_string().parse::<TrackId>().unwrap(), id);
    assert!("new".parse::<TrackId>().is_err());
}
