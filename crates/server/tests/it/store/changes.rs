//! A change is one commit, waits for the one before it, and leaves its trace.

use std::time::Duration;

use ithaca::clock::Clock;
use ithaca::store::audit::{self, Author, Filter, Part};
use ithaca::store::{Store, StoreError, members, tracks};
use mentoring::event::Event;
use sea_orm::ConnectionTrait;

use super::{World, on_both};

on_both! {
    a_change_that_is_dropped_never_happened,
    i11_what_must_be_unique_is_so_on_insert_and_on_update,
    two_changes_of_one_organization_wait_for_each_other,
    two_organizations_have_logs_of_their_own,
    n11_an_altered_audit_entry_shows,
    an_opened_database_is_opened_again_as_it_was,
    a_database_of_a_newer_version_is_refused_and_left_alone,
}

async fn a_change_that_is_dropped_never_happened(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let mut mei = larkspur.mentor.clone();
    "May".clone_into(&mut mei.first_name);
    let tx = store.begin(larkspur.id).await.unwrap();
    members::update(&tx, &mei).await.unwrap();
    drop(tx);
    let sight = larkspur.sight_of(store, &larkspur.mentor).await;
    let read = members::find(store, &sight, mei.id).await.unwrap().unwrap();
    assert_eq!(read.first_name, "Mei");
}

async fn i11_what_must_be_unique_is_so_on_insert_and_on_update(world: &World) {
    let World {
        store,
        larkspur,
        quillfield,
        ..
    } = world;
    let tx = store.begin(larkspur.id).await.unwrap();
    let mut twin = larkspur.track.clone();
    twin.id = mentoring::organization::TrackId(world.randomness.uuid_v7(world.clock.now()));
    assert!(matches!(
        tracks::insert(&tx, &twin).await,
        Err(StoreError::Taken(_))
    ));
    drop(tx);

    let tx = store.begin(larkspur.id).await.unwrap();
    let mut luis = larkspur.mentee.clone();
    luis.email = larkspur.mentor.email.clone();
    assert!(matches!(
        members::update(&tx, &luis).await,
        Err(StoreError::Taken(_))
    ));
    drop(tx);

    // What is taken in one organization is free in another.
    let tx = store.begin(quillfield.id).await.unwrap();
    let mut luis = quillfield.mentee.clone();
    luis.email = larkspur.mentor.email.clone();
    members::update(&tx, &luis).await.unwrap();
    tx.commit().await.unwrap();
}

async fn two_changes_of_one_organization_wait_for_each_other(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    let first = store.begin(larkspur.id).await.unwrap();
    let begins = store.begin(larkspur.id);
    tokio::pin!(begins);
    let waits = tokio::time::timeout(Duration::from_millis(100), &mut begins).await;
    assert!(
        waits.is_err(),
        "the second change began while the first was open"
    );
    audit::append(&first, larkspur.id, &Author::operator(), &signed_in(world))
        .await
        .unwrap();
    first.commit().await.unwrap();
    let second = begins.await.unwrap();
    audit::append(&second, larkspur.id, &Author::operator(), &signed_in(world))
        .await
        .unwrap();
    second.commit().await.unwrap();
    assert_eq!(numbers(world).await, [2, 1]);
}

async fn two_organizations_have_logs_of_their_own(world: &World) {
    for company in [&world.larkspur, &world.quillfield] {
        let tx = world.store.begin(company.id).await.unwrap();
        audit::append(&tx, company.id, &Author::operator(), &signed_in(world))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(numbers(world).await, [1]);
}

async fn n11_an_altered_audit_entry_shows(world: &World) {
    let World {
        store, larkspur, ..
    } = world;
    for _ in 0..3 {
        let tx = store.begin(larkspur.id).await.unwrap();
        audit::append(&tx, larkspur.id, &Author::operator(), &signed_in(world))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(audit::first_break(store, larkspur.id).await.unwrap(), None);
    let forged = "UPDATE audit_entries SET author = 'Nobody' WHERE number = 2";
    store.read().execute_unprepared(forged).await.unwrap();
    assert_eq!(
        audit::first_break(store, larkspur.id).await.unwrap(),
        Some(2)
    );
}

async fn an_opened_database_is_opened_again_as_it_was(world: &World) {
    let again = Store::open(&world.place, Clock::system()).await.unwrap();
    let sight = world
        .larkspur
        .sight_of(&again, &world.larkspur.mentor)
        .await;
    assert_eq!(
        members::find(&again, &sight, world.larkspur.mentor.id)
            .await
            .unwrap()
            .as_ref(),
        Some(&world.larkspur.mentor)
    );
    again.close().await;
}

async fn a_database_of_a_newer_version_is_refused_and_left_alone(world: &World) {
    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    world.store.read().execute_unprepared(later).await.unwrap();
    let refused = Store::open(&world.place, Clock::system()).await;
    assert!(matches!(refused, Err(StoreError::Newer(step)) if step == "m9999_later"));
    let sight = world
        .larkspur
        .sight_of(&world.store, &world.larkspur.administrator)
        .await;
    assert_eq!(
        members::list(&world.store, &sight, "").await.unwrap().len(),
        3
    );
}

fn signed_in(world: &World) -> Event {
    Event::SignedIn {
        member: world.larkspur.mentor.id,
    }
}

async fn numbers(world: &World) -> Vec<i64> {
    let sight = world
        .larkspur
        .sight_of(&world.store, &world.larkspur.administrator)
        .await;
    let entries = audit::list(&world.store, &sight, &Filter::default(), Part::Newest, 10)
        .await
        .unwrap();
    entries.iter().map(|entry| entry.number).collect()
}
