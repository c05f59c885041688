//! Work is taken by one at a time, and finished only by whoever still holds it.

use std::collections::BTreeSet;
use std::time::Instant;

use ithaca::store::lease::{self, Claim, Work};
use ithaca::store::outbox::{self, Fate, Message};
use jiff::SignedDuration;

use super::{World, on_both};
use crate::runtime::PATIENCE;

on_both! {
    n07_each_row_is_claimed_once_however_many_ask,
    a_lease_that_has_run_out_can_be_taken_and_the_late_one_finishes_nothing,
    a_row_that_is_given_back_is_due_when_it_says,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn messages(world: &World, count: usize) {
    let tx = world.store.begin(world.larkspur.id).await.unwrap();
    for number in 0..count {
        let message = Message {
            id: world.randomness.uuid_v7(tx.now),
            organization: world.larkspur.id,
            member: world.larkspur.mentee.id,
            meeting: None,
            topic: format!("topic-{number}"),
            content: "{}".to_owned(),
            fate: Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        };
        outbox::put(&tx, &message, tx.now).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn claims(world: &World, owner: &str, most: u32, lease: SignedDuration) -> Vec<Claim> {
    lease::claim(&world.store, Work::Outbox, owner, most, lease)
        .await
        .unwrap()
}

async fn n07_each_row_is_claimed_once_however_many_ask(world: &World) {
    const ROWS: usize = 200;
    messages(world, ROWS).await;
    let owners = [
        "one", "two", "three", "four", "five", "six", "seven", "eight",
    ];
    let works = owners.map(async |owner| {
        let mut mine = Vec::new();
        loop {
            let claimed = claims(world, owner, 10, MINUTE).await;
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.into_iter().map(|claim| claim.id));
        }
    });
    let taken: Vec<_> = futures::future::join_all(works)
        .await
        .into_iter()
        .flatten()
        .collect();
    let different: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), different.len()), (ROWS, ROWS));
}

async fn a_lease_that_has_run_out_can_be_taken_and_the_late_one_finishes_nothing(world: &World) {
    messages(world, 1).await;
    let late = claims(world, "late", 1, SignedDuration::from_millis(30))
        .await
        .remove(0);
    let deadline = Instant::now() + PATIENCE;
    let next = loop {
        if let Some(claim) = claims(world, "next", 1, MINUTE).await.pop() {
            break claim;
        }
        assert!(Instant::now() < deadline, "the lease never runs out");
    };
    assert!(next.fencing > late.fencing);
    let tx = world.store.begin(world.larkspur.id).await.unwrap();
    assert!(!lease::holds(&tx, &late).await.unwrap());
    assert!(!lease::release(&tx, &late, None).await.unwrap());
    assert!(lease::holds(&tx, &next).await.unwrap());
    assert!(lease::release(&tx, &next, None).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(
        lease::next_due(&world.store, Work::Outbox).await.unwrap(),
        None
    );
}

async fn a_row_that_is_given_back_is_due_when_it_says(world: &World) {
    messages(world, 1).await;
    let claim = claims(world, "one", 1, MINUTE).await.remove(0);
    assert!(claims(world, "two", 1, MINUTE).await.is_empty());
    let tx = world.store.begin(world.larkspur.id).await.unwrap();
    let later = tx.now + SignedDuration::from_hours(1);
    assert!(lease::release(&tx, &claim, Some(later)).await.unwrap());
    tx.commit().await.unwrap();
    assert!(claims(world, "two", 1, MINUTE).await.is_empty());
    assert_eq!(
        lease::next_due(&world.store, Work::Outbox).await.unwrap(),
        Some(later)
    );
}
