//! Lists of meetings: who finds what in them, and what they are narrowed down to.

use ithaca::store::meetings::{self, Filter, List, Part, Whose};
use jiff::SignedDuration;
use mentoring::meeting::{Attendee, Meeting};
use mentoring::member::Member;
use mentoring::repetition::OccurrenceState;
use mentoring::track::Mode;

use super::sight::{meeting, planned};
use super::{World, on_both};

on_both! {
    a_title_is_found_by_any_letters_of_it_in_any_script,
    a_list_is_narrowed_down_by_mode_state_track_and_person,
    a_track_shows_all_to_who_administers_it_and_their_own_to_the_others,
    a_week_holds_what_begins_before_it_and_ends_in_it,
}

async fn titles(world: &World, member: &Member, list: &List) -> Vec<String> {
    let sight = world.larkspur.sight_of(&world.store, member).await;
    let found = meetings::list(&world.store, &sight, list).await.unwrap();
    found.lines.into_iter().map(|line| line.title).collect()
}

fn coming(world: &World, filter: Filter) -> List {
    List {
        filter,
        ..List::of(Whose::Mine, Part::Coming(world.clock.now()), 50)
    }
}

async fn insert(world: &World, meeting: &Meeting) {
    let tx = world.store.begin(meeting.organization).await.unwrap();
    let code = world.randomness.code();
    meetings::insert(&tx, meeting, &code, None).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_title_is_found_by_any_letters_of_it_in_any_script(world: &World) {
    let larkspur = &world.larkspur;
    for title in [
        "Über 100 % von \\ allem_",
        "Abermals",
        "مرحبا 👋 بالعالم",
        "ΟΔΟΣ",
    ] {
        planned(world, larkspur, title).await;
    }
    for (sought, found) in [
        ("übER", &["Über 100 % von \\ allem_"][..]),
        ("ber", &["Abermals", "Über 100 % von \\ allem_"]),
        ("100 %", &["Über 100 % von \\ allem_"]),
        ("\\", &["Über 100 % von \\ allem_"]),
        ("m_", &["Über 100 % von \\ allem_"]),
        ("👋", &["مرحبا 👋 بالعالم"]),
        ("οδο", &["ΟΔΟΣ"]),
        ("%%", &[]),
        ("' OR 1=1 --", &[]),
        (
            "  ",
            &[
                "Abermals",
                "Über 100 % von \\ allem_",
                "ΟΔΟΣ",
                "مرحبا 👋 بالعالم",
            ],
        ),
    ] {
        let filter = Filter {
            title: sought.to_owned(),
            ..Filter::default()
        };
        let mut seen = titles(world, &larkspur.mentor, &coming(world, filter)).await;
        seen.sort();
        assert_eq!(seen, found, "{sought}");
    }
}

async fn a_list_is_narrowed_down_by_mode_state_track_and_person(world: &World) {
    let larkspur = &world.larkspur;
    let mut by_phone = meeting(world, larkspur, "By phone");
    by_phone.mode = Mode::Phone;
    by_phone.attendees.push(Attendee {
        member: larkspur.administrator.id,
        organizer: false,
        answer: None,
    });
    insert(world, &by_phone).await;
    let mut off = meeting(world, larkspur, "Called off");
    off.mode = Mode::Teams;
    off.occurrences[0].state = OccurrenceState::Cancelled;
    insert(world, &off).await;

    let mei = &larkspur.mentor;
    for (filter, found) in [
        (
            Filter {
                mode: Some(Mode::Phone),
                ..Filter::default()
            },
            &["By phone"][..],
        ),
        (
            Filter {
                state: Some(OccurrenceState::Cancelled),
                ..Filter::default()
            },
            &["Called off"],
        ),
        (
            Filter {
                state: Some(OccurrenceState::Scheduled),
                track: Some(larkspur.track.id),
                ..Filter::default()
            },
            &["By phone"],
        ),
        (
            Filter {
                track: Some(world.quillfield.track.id),
                ..Filter::default()
            },
            &[],
        ),
        (
            Filter {
                person: "mara OKA".to_owned(),
                ..Filter::default()
            },
            &["By phone"],
        ),
        // Every meeting is one with oneself.
        (
            Filter {
                person: "Mei".to_owned(),
                ..Filter::default()
            },
            &[],
        ),
    ] {
        let seen = titles(world, mei, &coming(world, filter.clone())).await;
        assert_eq!(seen, found, "{filter:?}");
    }
}

async fn a_track_shows_all_to_who_administers_it_and_their_own_to_the_others(world: &World) {
    let larkspur = &world.larkspur;
    planned(world, larkspur, "Of both").await;
    let mut own = meeting(world, larkspur, "Mei's own");
    own.attendees
        .retain(|attendee| attendee.member == larkspur.mentor.id);
    insert(world, &own).await;
    planned(world, &world.quillfield, "Elsewhere").await;

    let now = world.clock.now();
    let of_track = List::of(Whose::Track(larkspur.track.id), Part::Coming(now), 50);
    let mut all = titles(world, &larkspur.administrator, &of_track).await;
    all.sort();
    assert_eq!(all, ["Mei's own", "Of both"]);
    assert_eq!(
        titles(world, &larkspur.mentee, &of_track).await,
        ["Of both"]
    );
    // Amara administers everything and attends nothing.
    let mine = coming(world, Filter::default());
    assert!(
        titles(world, &larkspur.administrator, &mine)
            .await
            .is_empty()
    );
}

async fn a_week_holds_what_begins_before_it_and_ends_in_it(world: &World) {
    let larkspur = &world.larkspur;
    let planned = planned(world, larkspur, "Through the night").await;
    let (start, end) = (planned.schedule.starts_at, planned.ends_at());
    let minute = SignedDuration::from_mins(1);
    let day = SignedDuration::from_hours(24);
    for (from, until, is_seen) in [
        (start + minute, end + day, true),
        (end, end + day, false),
        (start - day, start, false),
        (start - day, start + minute, true),
    ] {
        let list = List::of(Whose::Mine, Part::Between(from, until), 50);
        let seen = titles(world, &larkspur.mentor, &list).await;
        assert_eq!(!seen.is_empty(), is_seen, "{from} to {until}");
    }
}
