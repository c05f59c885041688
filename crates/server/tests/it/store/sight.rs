//! Who sees what: nothing of another organization, and nothing of others' meetings.

use ithaca::store::meetings::{self, List, Part, Whose};
use ithaca::store::{members, organizations, tracks};
use mentoring::answer::Answer;
use mentoring::meeting::{Attendee, Meeting, MeetingState};
use mentoring::organization::MeetingId;
use mentoring::repetition::Occurrence;
use mentoring::schedule::schedule;
use mentoring::track::Mode;

use super::{Company, World, on_both};

on_both! {
    i03_one_organization_finds_nothing_of_another,
    a_meeting_is_seen_by_its_people_and_by_who_runs_the_organization,
    what_people_typed_comes_back_letter_by_letter,
    an_organization_is_found_by_its_slug_alone,
}

pub fn meeting(world: &World, company: &Company, title: &str) -> Meeting {
    let now = world.clock.now();
    let id = MeetingId(world.randomness.uuid_v7(now));
    let start = now
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .tomorrow()
        .expect("there is one")
        .datetime();
    let schedule = schedule(start, "UTC", 45, now).expect("tomorrow is possible");
    Meeting {
        id,
        organization: company.id,
        track: company.track.id,
        organizer: company.mentor.id,
        title: title.to_owned(),
        agenda: "Was zu delegieren ist: 委任 🙂".to_owned(),
        attendees: vec![
            Attendee {
                member: company.mentor.id,
                organizer: true,
                answer: Some(Answer::Yes),
            },
            Attendee {
                member: company.mentee.id,
                organizer: false,
                answer: None,
            },
        ],
        repetition: None,
        occurrences: vec![Occurrence::of(&schedule)],
        schedule,
        mode: Mode::Teams,
        location: String::new(),
        state: MeetingState::Scheduled,
        revision: 1,
        sequence: 0,
        uid: format!("{id}@ithaca.example"),
        cancellation_reason: None,
    }
}

pub async fn planned(world: &World, company: &Company, title: &str) -> Meeting {
    let meeting = meeting(world, company, title);
    let tx = world
        .store
        .begin(company.id)
        .await
        .expect("a change can begin");
    meetings::insert(&tx, &meeting, &world.randomness.code(), None)
        .await
        .expect("it is new");
    tx.commit().await.expect("a change can end");
    meeting
}

async fn i03_one_organization_finds_nothing_of_another(world: &World) {
    let World {
        store,
        larkspur,
        quillfield,
        ..
    } = world;
    let theirs = planned(world, larkspur, "First steps").await;
    let edda = quillfield.sight_of(store, &quillfield.administrator).await;
    assert!(edda.everything);
    assert!(
        meetings::find(store, &edda, theirs.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        members::find(store, &edda, larkspur.mentor.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        tracks::find(store, &edda, larkspur.track.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        tracks::list_participants(store, &edda, larkspur.track.id)
            .await
            .unwrap()
            .is_empty()
    );
    let seen = members::list(store, &edda, "").await.unwrap();
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|member| member.organization == quillfield.id)
    );
    assert_eq!(
        tracks::find_by_slug(store, &edda, "new-managers")
            .await
            .unwrap()
            .unwrap()
            .id,
        quillfield.track.id
    );
}

async fn a_meeting_is_seen_by_its_people_and_by_who_runs_the_organization(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let mut alone = meeting(world, larkspur, "Mei by herself");
    alone.attendees.truncate(1);
    let tx = store.begin(larkspur.id).await.unwrap();
    meetings::insert(&tx, &alone, &world.randomness.code(), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let sees = async |member| {
        let sight = larkspur.sight_of(store, member).await;
        meetings::find(store, &sight, alone.id)
            .await
            .unwrap()
            .is_some()
    };
    assert!(sees(&larkspur.mentor).await);
    assert!(sees(&larkspur.administrator).await);
    assert!(!sees(&larkspur.mentee).await);
}

async fn what_people_typed_comes_back_letter_by_letter(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let written = planned(world, larkspur, "O'Brien \\ \"50 %\" _ — ßÅ\u{1F600}").await;
    let mei = larkspur.sight_of(store, &larkspur.mentor).await;
    let read = meetings::find(store, &mei, written.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.meeting, written);
    let coming = Part::Coming(world.clock.now());
    let list = List::of(Whose::Mine, coming, 10);
    let listed = meetings::list(store, &mei, &list).await.unwrap().lines;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].title, written.title);
}

async fn an_organization_is_found_by_its_slug_alone(world: &World) {
    let found = organizations::find_by_slug(&world.store, "larkspur")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, world.larkspur.id);
    assert!(
        organizations::find_by_slug(&world.store, "larkspu_")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(organizations::list(&world.store).await.unwrap().len(), 2);
}
