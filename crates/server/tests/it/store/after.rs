//! Reminders, outcomes, openings, notes and counts, as they are kept.

use ithaca::store::lease::{self, Work};
use ithaca::store::notes::{self, Note};
use ithaca::store::reminders::{self, Looked};
use ithaca::store::{StoreError, meetings, openings, outcomes};
use jiff::SignedDuration;
use mentoring::note::Audience;
use mentoring::outcome::{Outcome, Said, settled};
use mentoring::reminder::Setting;
use mentoring::repetition::OccurrenceState;
use uuid::Uuid;

use super::sight::planned;
use super::{World, on_both};

on_both! {
    a_meeting_is_thought_of_again_in_the_commit_that_changes_it,
    what_people_chose_about_reminders_comes_back,
    what_was_said_settles_the_meeting_and_is_counted,
    an_opening_counts_once_and_is_forgotten_in_time,
    notes_have_one_version_and_each_their_own_reader,
}

async fn a_meeting_is_thought_of_again_in_the_commit_that_changes_it(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let minute = SignedDuration::from_mins(1);
    let claim = async || {
        let mut all = lease::claim(store, Work::Reminders, "one", 5, minute)
            .await
            .unwrap();
        all.pop()
    };
    let due = lease::next_due(store, Work::Reminders).await.unwrap();
    let start = meeting.occurrences[0].starts_at;
    let day_before = (start - SignedDuration::from_hours(24)).max(world.clock.now() - minute);
    assert!(due.unwrap() >= day_before);

    let rests = async |looked: Looked| {
        if let Some(claim) = claim().await {
            let tx = store.begin(larkspur.id).await.unwrap();
            reminders::save(&tx, larkspur.id, meeting.id, looked)
                .await
                .unwrap();
            lease::release(&tx, &claim, None).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    let long_ago = world.clock.now() - SignedDuration::from_hours(5);
    let done = Looked {
        at: Some(long_ago),
        waits_since: None,
    };
    let mut after = meeting.clone();
    let mut changes = async || {
        after.revision += 1;
        let tx = store.begin(larkspur.id).await.unwrap();
        meetings::update(&tx, &after).await.unwrap();
        let looked = reminders::find_in(&tx, larkspur.id, meeting.id)
            .await
            .unwrap();
        let now = tx.now;
        tx.commit().await.unwrap();
        (looked.unwrap(), now)
    };
    changes().await;
    rests(done).await;
    // Everything until now was said: what the change brings is said of nothing before it.
    let (looked, now) = changes().await;
    assert_eq!(looked.at, Some(now));
    assert!(claim().await.is_some(), "it is due at once");
}

async fn what_people_chose_about_reminders_comes_back(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    planned(world, larkspur, "First steps").await;
    let luis = larkspur.mentee.id;
    let sight = larkspur.sight_of(store, &larkspur.mentee).await;
    let default = reminders::find_setting(store, &sight).await.unwrap();
    assert_eq!(default, Setting::default());
    for minutes_before in [Some(60), None] {
        let chosen = Setting {
            day_before: false,
            minutes_before,
            after: true,
        };
        let tx = store.begin(larkspur.id).await.unwrap();
        reminders::save_setting(&tx, larkspur.id, luis, chosen)
            .await
            .unwrap();
        reminders::touch_all_of(&tx, larkspur.id, luis)
            .await
            .unwrap();
        let ids = [luis, larkspur.mentor.id];
        let all = reminders::settings_in(&tx, larkspur.id, &ids)
            .await
            .unwrap();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [(luis, chosen)]);
        tx.commit().await.unwrap();
        let found = reminders::find_setting(store, &sight).await.unwrap();
        assert_eq!(found, chosen);
    }
    let due = lease::next_due(store, Work::Reminders).await.unwrap();
    assert!(
        due.unwrap() <= world.clock.now(),
        "what Luis attends is thought of again"
    );
}

async fn what_was_said_settles_the_meeting_and_is_counted(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let original = meeting.occurrences[0].original_start;
    let (mei, luis) = (larkspur.mentor.id, larkspur.mentee.id);
    let end = meeting.ends_at();
    let tx = store.begin(larkspur.id).await.unwrap();
    for (member, said) in [(mei, Said::Missed), (luis, Said::Missed), (mei, Said::Held)] {
        let at = (said == Said::Held).then(|| meeting.schedule.clone());
        outcomes::save(&tx, &meeting, original, member, &Outcome { said, at })
            .await
            .unwrap();
    }
    let said = outcomes::list_in(&tx, larkspur.id, meeting.id, original)
        .await
        .unwrap();
    assert_eq!(
        said.len(),
        2,
        "the later word takes the place of the earlier"
    );
    let words = said.iter().map(|(_, outcome)| outcome.said);
    let after = settled(&meeting, original, words, end);
    meetings::settle(&tx, &after, original).await.unwrap();
    let nobody = larkspur.administrator.id;
    assert!(
        meetings::was_of(&tx, &meeting, luis, original)
            .await
            .unwrap()
    );
    assert!(
        !meetings::was_of(&tx, &meeting, nobody, original)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let sight = larkspur.sight_of(store, &larkspur.mentee).await;
    let found = meetings::find(store, &sight, meeting.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.meeting.occurrences[0].state, OccurrenceState::Held);
    assert_eq!(found.meeting.revision, meeting.revision);
    let listed = outcomes::list(store, &sight, meeting.id, original)
        .await
        .unwrap();
    let of_mei = listed.iter().find(|(who, _)| *who == mei).unwrap();
    assert_eq!(of_mei.1.at.as_ref(), Some(&meeting.schedule));

    planned(world, larkspur, "Second steps").await;
    planned(world, &world.quillfield, "Elsewhere").await;
    let counts = async |member| {
        let sight = larkspur.sight_of(store, member).await;
        meetings::count_of_track(store, &sight, larkspur.track.id)
            .await
            .unwrap()
    };
    let counted = counts(&larkspur.administrator).await;
    assert_eq!((counted.total.planned, counted.total.held), (1, 1));
    assert_eq!(counted.people[&luis], counted.total);
    assert_eq!(
        counted.pairs[&(mei.min(luis), mei.max(luis))],
        counted.total
    );
    let nothing = counts(&larkspur.mentor).await;
    assert_eq!(
        nothing,
        meetings::Counts::default(),
        "she administers nothing"
    );
}

async fn an_opening_counts_once_and_is_forgotten_in_time(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let original = meeting.occurrences[0].original_start;
    let sight = larkspur.sight_of(store, &larkspur.mentee).await;
    let mut first = None;
    for _ in 0..2 {
        let tx = store.begin(larkspur.id).await.unwrap();
        first = first.or(Some(tx.now));
        openings::insert(&tx, &sight, meeting.id, original)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    let first = first.unwrap();
    let listed = async || {
        openings::list(store, &sight, meeting.id, original)
            .await
            .unwrap()
    };
    assert_eq!(listed().await, [(larkspur.mentee.id, first)]);
    assert!(
        openings::has_opened(store, &sight, meeting.id, original)
            .await
            .unwrap()
    );
    let theirs = larkspur.sight_of(store, &larkspur.mentor).await;
    assert!(
        !openings::has_opened(store, &theirs, meeting.id, original)
            .await
            .unwrap()
    );
    for (before, left) in [(first, 1), (first + SignedDuration::from_secs(1), 0)] {
        let tx = store.begin_unscoped().await.unwrap();
        openings::delete_before(&tx, before).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(listed().await.len(), left);
    }
}

async fn notes_have_one_version_and_each_their_own_reader(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let meeting = planned(world, larkspur, "First steps").await;
    let luis = larkspur.sight_of(store, &larkspur.mentee).await;
    let mei = larkspur.sight_of(store, &larkspur.mentor).await;
    let note = |id: u128, revision: i64, text: &str| Note {
        id: Uuid::from_u128(id),
        sealed: text.as_bytes().to_vec(),
        revision,
        changed_by: larkspur.mentee.id,
        changed_at: world.clock.now(),
    };
    let tx = store.begin(larkspur.id).await.unwrap();
    for (audience, note) in [
        (Audience::Shared, note(1, 1, "shared")),
        (Audience::Private, note(2, 1, "private")),
        (Audience::Shared, note(1, 2, "shared again")),
    ] {
        notes::save(&tx, &luis, meeting.id, audience, &note)
            .await
            .unwrap();
    }
    let stale = notes::save(
        &tx,
        &luis,
        meeting.id,
        Audience::Shared,
        &note(1, 2, "late"),
    )
    .await;
    assert!(matches!(stale, Err(StoreError::Stale)));
    tx.commit().await.unwrap();
    let text = async |sight, audience| {
        let note = notes::find(store, sight, meeting.id, audience)
            .await
            .unwrap();
        note.map(|note| String::from_utf8(note.sealed).unwrap())
    };
    let shared = Some("shared again".to_owned());
    assert_eq!(text(&luis, Audience::Shared).await, shared);
    assert_eq!(text(&mei, Audience::Shared).await, shared);
    assert_eq!(
        text(&luis, Audience::Private).await.as_deref(),
        Some("private")
    );
    assert_eq!(text(&mei, Audience::Private).await, None);
}
