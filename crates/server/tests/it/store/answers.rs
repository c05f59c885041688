//! What people answered, and the addresses of their calendars, as they are kept.

use ithaca::store::{calendar_feeds, meetings};
use jiff::SignedDuration;
use mentoring::answer::{Answer, Reply};

use super::sight::planned;
use super::{World, on_both};

on_both! {
    an_answer_outlives_other_changes_and_ends_when_it_is_asked_again,
    a_code_is_made_once_and_leads_to_its_person,
    a_calendar_has_one_address_and_the_meetings_of_its_owner,
}

async fn an_answer_outlives_other_changes_and_ends_when_it_is_asked_again(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let luis = larkspur.mentee.id;
    let reply = Reply {
        answer: Answer::Maybe,
        note: "Später vielleicht 🙂, \\; ש".to_owned(),
    };
    let tx = store.begin(larkspur.id).await.unwrap();
    meetings::save_reply(&tx, &meeting, luis, &reply)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let sight = larkspur.sight_of(store, &larkspur.mentor).await;
    let replies = async || meetings::replies(store, &sight, meeting.id).await.unwrap();
    assert_eq!(replies().await.get(&luis), Some(&reply));

    let tx = store.begin(larkspur.id).await.unwrap();
    let mut stored = meetings::find_in(&tx, larkspur.id, meeting.id).await;
    let mut after = stored.as_mut().unwrap().take().unwrap().meeting;
    after.title.push_str(", again");
    after.revision += 1;
    meetings::update(&tx, &after).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(replies().await.get(&luis), Some(&reply));

    let tx = store.begin(larkspur.id).await.unwrap();
    for attendee in &mut after.attendees {
        if attendee.member == luis {
            attendee.answer = None;
        }
    }
    after.revision += 1;
    meetings::update(&tx, &after).await.unwrap();
    tx.commit().await.unwrap();
    let left = replies().await;
    assert_eq!(left.get(&luis), None);
    let mei = left.get(&larkspur.mentor.id).map(|reply| reply.answer);
    assert_eq!(mei, Some(Answer::Yes), "she is not asked again");
}

async fn a_code_is_made_once_and_leads_to_its_person(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let luis = larkspur.mentee.id;
    let tx = store.begin(larkspur.id).await.unwrap();
    let make = || world.randomness.code();
    let first = meetings::answer_code(&tx, &meeting, luis, make)
        .await
        .unwrap();
    let again = meetings::answer_code(&tx, &meeting, luis, make)
        .await
        .unwrap();
    assert_eq!(first, again);
    let nobody = larkspur.administrator.id;
    let none = meetings::answer_code(&tx, &meeting, nobody, make)
        .await
        .unwrap();
    assert_eq!(none, None, "she is not of it");
    tx.commit().await.unwrap();
    let asked = meetings::find_asked(store, &first.unwrap()).await.unwrap();
    let asked = asked.unwrap();
    assert_eq!(
        (asked.organization, asked.meeting, asked.member),
        (larkspur.id, meeting.id, luis)
    );
    assert!(asked.reply.is_none());
    assert!(meetings::find_asked(store, "").await.unwrap().is_none());
}

async fn a_calendar_has_one_address_and_the_meetings_of_its_owner(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let luis = larkspur.mentee.id;
    for key in [b"one", b"two"] {
        let tx = store.begin(larkspur.id).await.unwrap();
        calendar_feeds::replace(&tx, key, larkspur.id, luis)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    let found = async |key: &[u8]| calendar_feeds::find(store, key).await.unwrap();
    assert_eq!(found(b"one").await, None, "the earlier one has ended");
    assert_eq!(found(b"two").await, Some((larkspur.id, luis)));

    let meeting = planned(world, larkspur, "First steps").await;
    let now = world.clock.now();
    let listed = async |member, from| {
        let sight = larkspur.sight_of(store, member).await;
        let found = meetings::list_feed(store, &sight, from, 10).await.unwrap();
        let ids: Vec<_> = found.iter().map(|stored| stored.meeting.id).collect();
        ids
    };
    assert_eq!(listed(&larkspur.mentee, now).await, [meeting.id]);
    assert!(listed(&larkspur.administrator, now).await.is_empty());
    let long_after = now + SignedDuration::from_hours(24 * 40);
    assert!(listed(&larkspur.mentee, long_after).await.is_empty());
}
