//! Work is taken by one at a time, and finished only by whoever still holds it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ithaca::clock::Clock;
use ithaca::store::drift::{self, Sweep};
use ithaca::store::integrations::{self, Integration};
use ithaca::store::lease::{self, Claim, Rota, Share, Work};
use ithaca::store::outbox::{self, Fate, Message};
use ithaca::store::{Store, links, sql};
use jiff::SignedDuration;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::organization::MeetingId;
use sea_orm::{ConnectionTrait as _, Statement};

use super::{Company, World, on_both};
use crate::runtime::PATIENCE;

on_both! {
    n07_each_row_is_claimed_once_however_many_ask,
    a_lease_that_has_run_out_can_be_taken_and_the_late_one_finishes_nothing,
    a_row_that_is_given_back_is_due_when_it_says,
    f44_who_has_very_much_to_do_waits_for_the_others_after_every_batch,
    f43_a_hundred_thousand_rows_due_at_once_are_taken_in_turn_and_soon,
    of_one_organization_no_more_are_worked_on_at_once_than_may_be,
    f17_links_a_test_and_a_comparison_share_the_four_places_at_one_host,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

async fn messages(world: &World, count: usize) {
    messages_of(world, &world.larkspur, count).await;
}

async fn messages_of(world: &World, company: &Company, count: usize) {
    let tx = world.store.begin(company.id).await.unwrap();
    for number in 0..count {
        let message = Message {
            id: world.randomness.uuid_v7(tx.now),
            organization: company.id,
            member: company.mentee.id,
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

/// F28: what a node writes down as due now is due now for all others, however wrong its own
/// machine's clock is.
#[tokio::test]
async fn f28_nodes_whose_clocks_are_wrong_keep_the_time_of_the_database() {
    let world = World::on_postgres().await;
    let hour = SignedDuration::from_hours(1);
    for wrong in [hour, -hour] {
        let clock = Clock::watch(world.clock.now() + wrong);
        let store = Store::connect(&world.place, clock.clone()).await.unwrap();
        let tx = store.begin_unscoped().await.unwrap();
        let there = sql::clock(store.read()).await.unwrap().unwrap();
        let off = tx.now.duration_since(there).abs();
        drop(tx);
        assert!(off < SignedDuration::from_secs(2), "{off} off");
        // Its clock is put wrong once more; the next look at the database puts it right.
        clock.set(world.clock.now() + wrong);
        store.keep_time().await.unwrap();
        let off = clock.now().duration_since(there).abs();
        assert!(off < SignedDuration::from_secs(5), "{off} off");
        store.close().await;
    }
}

/// F05: a node that stops in the middle of a change holds its organization's lock, but not
/// for as long as it sleeps.
#[tokio::test]
async fn f05_postgres_ends_a_change_that_nobody_goes_on_with() {
    let world = World::on_postgres().await;
    let on = world.store.read();
    let asked = Statement::from_string(
        on.get_database_backend(),
        "SHOW idle_in_transaction_session_timeout",
    );
    let row = on.query_one_raw(asked).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "20s");
}

/// F26: on one node the clock may jump while somebody holds a row. Whoever finishes it, it is
/// finished once; and what is put there after the jump is done.
#[tokio::test]
async fn f26_a_clock_that_jumps_lets_nobody_finish_a_row_twice() {
    for hours in [-1, 24, 10 * 365 * 24] {
        let noon = "2026-11-23T12:00:00Z".parse().unwrap();
        let world = World::on_sqlite_at(Clock::manual(noon)).await;
        messages(&world, 1).await;
        let first = claims(&world, "one", 1, MINUTE).await.remove(0);
        world.clock.advance(SignedDuration::from_hours(hours));
        let second = claims(&world, "two", 1, MINUTE).await.pop();
        assert_eq!(second.is_some(), hours > 0);
        let mut finished = 0;
        for claim in [Some(first), second].into_iter().flatten() {
            let tx = world.store.begin(world.larkspur.id).await.unwrap();
            finished += usize::from(lease::release(&tx, &claim, None).await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(finished, 1, "after {hours} hours");
        messages_of(&world, &world.quillfield, 1).await;
        assert_eq!(claims(&world, "two", 5, MINUTE).await.len(), 1);
    }
}

/// How many rows of each of the two this claim took.
fn of_each(world: &World, claims: &[Claim]) -> [usize; 2] {
    [&world.larkspur, &world.quillfield].map(|company| {
        let theirs = claims
            .iter()
            .filter(|claim| claim.organization == company.id);
        theirs.count()
    })
}

async fn f44_who_has_very_much_to_do_waits_for_the_others_after_every_batch(world: &World) {
    messages_of(world, &world.larkspur, 60).await;
    messages_of(world, &world.quillfield, 3).await;
    let share = Share {
        batches: 1,
        rows: 1,
        of_one: u32::MAX,
    };
    let mut rota = Rota::default();
    let mut taken = Vec::new();
    for _ in 0..6 {
        let one = lease::claim_in_turn(&world.store, Work::Outbox, "one", share, MINUTE, &mut rota);
        taken.extend(one.await.unwrap());
    }
    assert_eq!(
        of_each(world, &taken),
        [3, 3],
        "what came last and is little is done after six messages, not after sixty"
    );
    let rest = Share {
        batches: 100,
        ..share
    };
    let rest =
        lease::claim_in_turn(&world.store, Work::Outbox, "one", rest, MINUTE, &mut rota).await;
    assert_eq!(of_each(world, &rest.unwrap()), [57, 0]);
}

async fn f43_a_hundred_thousand_rows_due_at_once_are_taken_in_turn_and_soon(world: &World) {
    messages_of(world, &world.larkspur, 1).await;
    messages_of(world, &world.quillfield, 1).await;
    let many = "INSERT INTO outbox (organization_id, id, member_id, about_id, topic, content, \
                  fate, attempts, due_at, fencing, created_at) \
                WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000) \
                SELECT organization_id, ID_OF_N, member_id, about_id, 'term-' || n, content, \
                  fate, attempts, due_at, fencing, created_at \
                FROM outbox, numbers WHERE organization_id = (SELECT id FROM organizations WHERE slug = 'larkspur')";
    let id = match world.place {
        ithaca::store::Place::Postgres(_) => "gen_random_uuid()",
        _ => "randomblob(16)",
    };
    world
        .store
        .read()
        .execute_unprepared(&many.replace("ID_OF_N", id))
        .await
        .unwrap();
    let share = Share {
        batches: 8,
        rows: 1,
        of_one: 4,
    };
    let mut rota = Rota::default();
    let began = Instant::now();
    let claims = async |rota: &mut Rota| {
        lease::claim_in_turn(&world.store, Work::Outbox, "one", share, MINUTE, rota)
            .await
            .unwrap()
    };
    assert_eq!(of_each(world, &claims(&mut rota).await), [4, 1]);
    assert!(
        lease::next_due(&world.store, Work::Outbox)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "asking whose turn it is looks at every row: {:?}",
        began.elapsed()
    );
    assert!(
        claims(&mut rota).await.is_empty(),
        "four at once are enough"
    );
}

async fn of_one_organization_no_more_are_worked_on_at_once_than_may_be(world: &World) {
    messages(world, 40).await;
    let share = Share {
        batches: 32,
        rows: 1,
        of_one: 4,
    };
    let nodes = ["one", "two", "three"].map(async |node| {
        let mut rota = Rota::default();
        let claims =
            lease::claim_in_turn(&world.store, Work::Outbox, node, share, MINUTE, &mut rota);
        claims.await.unwrap()
    });
    let mut taken: Vec<Claim> = futures::future::join_all(nodes)
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(taken.len(), 4, "over all nodes");

    let done = taken.pop().unwrap();
    let tx = world.store.begin(world.larkspur.id).await.unwrap();
    assert!(lease::release(&tx, &done, None).await.unwrap());
    tx.commit().await.unwrap();
    let mut rota = Rota::default();
    let next =
        lease::claim_in_turn(&world.store, Work::Outbox, "two", share, MINUTE, &mut rota).await;
    assert_eq!(next.unwrap().len(), 1);
}

async fn f17_links_a_test_and_a_comparison_share_the_four_places_at_one_host(world: &World) {
    const SHARE: Share = Share {
        batches: 32,
        rows: 1,
        of_one: 4,
    };
    let id = world.larkspur.id;
    let takes = async |work, node| {
        let mut rota = Rota::default();
        let claims = lease::claim_in_turn(&world.store, work, node, SHARE, MINUTE, &mut rota).await;
        claims.unwrap()
    };
    let ends = async |claim: Claim| {
        let tx = world.store.begin(id).await.unwrap();
        assert!(lease::release(&tx, &claim, None).await.unwrap());
        tx.commit().await.unwrap();
    };
    let tx = world.store.begin(id).await.unwrap();
    let waiting = LinkState::Waiting(WaitingReason::BeingMade);
    for _ in 0..20 {
        let meeting = MeetingId(world.randomness.uuid_v7(tx.now));
        links::want(&tx, id, meeting, &waiting, 0).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut at_work = takes(Work::Links, "one").await;
    assert_eq!(at_work.len(), 4);
    assert_eq!(takes(Work::Links, "two").await, []);

    // A test is asked for, and a comparison: there is no room for them yet, nor for more links.
    let tx = world.store.begin(id).await.unwrap();
    let sweep = Sweep {
        begun_at: tx.now,
        asked_at: None,
        finished_at: None,
        looked: 0,
    };
    drift::save(&tx, id, &sweep).await.unwrap();
    drift::due_at(&tx, id, tx.now).await.unwrap();
    let integration = Integration::none(id);
    integrations::save(&tx, &integration, Some(tx.now))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for work in [Work::Integrations, Work::Drift, Work::Links] {
        assert_eq!(takes(work, "two").await, [], "four are at work");
    }
    ends(at_work.pop().unwrap()).await;
    assert_eq!(takes(Work::Links, "two").await, [], "the test is next");
    let test = takes(Work::Integrations, "two").await.remove(0);
    assert_eq!(takes(Work::Drift, "three").await, []);
    ends(at_work.pop().unwrap()).await;
    assert_eq!(takes(Work::Links, "one").await, [], "then the comparison");
    let comparison = takes(Work::Drift, "three").await.remove(0);
    assert_eq!(takes(Work::Links, "one").await, []);
    ends(test).await;
    ends(comparison).await;
    assert_eq!(takes(Work::Links, "one").await.len(), 2);
}
