//! A row on which whoever works panics: it is set aside, and the others go on.

use ithaca::operator::report;
use ithaca::reconcile::stumbling::work_on;
use ithaca::reconcile::{Tools, Trouble};
use ithaca::store::lease::{self, Claim, Work};
use ithaca::store::outbox::{self, Fate, Message};
use ithaca::store::{StoreError, stumbles};
use jiff::SignedDuration;
use uuid::Uuid;

use super::{Office, due, minutes};

/// Messages for Mei that only these tests work on.
async fn messages(office: &Office, tools: &Tools) -> Vec<Uuid> {
    let tx = tools.store.begin(office.id()).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..3 {
        let message = Message {
            id: tools.randomness.uuid_v7(tx.now),
            organization: office.id(),
            member: office.house.world.larkspur.mentee.id,
            meeting: None,
            topic: format!("topic-{number}"),
            content: "{}".to_owned(),
            fate: Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        };
        outbox::put(&tx, &message, tx.now).await.unwrap();
        ids.push(message.id);
    }
    tx.commit().await.unwrap();
    ids
}

async fn finish(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        let tx = tools.store.begin(claim.organization).await?;
        lease::release(&tx, &claim, None).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn f35_a_row_that_always_panics_is_set_aside_and_the_others_go_on() {
    let office = Office::opens().await;
    let tools = office.tools();
    let poison = messages(&office, &tools).await[0];
    let work = move |tools, claims: Vec<Claim>| async move {
        let is_there = claims.iter().any(|claim| claim.id == poison);
        assert!(!is_there, "nobody can read this");
        finish(tools, claims).await
    };
    let mut waits = Vec::new();
    let mut began = office.now();
    loop {
        let claims = due(&tools, Work::Outbox).await;
        let is_first = waits.is_empty();
        assert_eq!(claims.len(), if is_first { 3 } else { 1 }, "{waits:?}");
        let said = work_on(&tools, &claims, work).await.unwrap();
        assert_eq!(said, "a panic: nobody can read this");
        let Some(next) = lease::next_due(&tools.store, Work::Outbox).await.unwrap() else {
            break;
        };
        waits.push(next.duration_since(began).as_secs());
        began = next;
        office
            .house
            .app
            .clock
            .advance(next.duration_since(office.now()));
    }
    assert_eq!(waits, [10, 20, 40, 80]);

    let report = report::read(&tools.store).await.unwrap();
    assert_eq!(report.set_aside.len(), 1, "{:?}", report.set_aside);
    let told = |sentence: &String| sentence.contains("1 rows of outbox are set aside after 5");
    assert!(report.wrong.iter().any(told), "{:?}", report.wrong);

    // A newer Ithaca can read it.
    stumbles::take_up(&tools.store).await.unwrap();
    let claims = due(&tools, Work::Outbox).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(work_on(&tools, &claims, finish).await, None);
    let report = report::read(&tools.store).await.unwrap();
    assert!(report.set_aside.is_empty());
    office.house.app.clock.advance(minutes(60 * 24 * 2));
    assert!(due(&tools, Work::Outbox).await.is_empty(), "it is done");
}

#[tokio::test]
async fn f35_what_the_database_does_sets_nothing_aside() {
    let office = Office::opens().await;
    let tools = office.tools();
    messages(&office, &tools).await;
    for _ in 0..20 {
        let claims = due(&tools, Work::Outbox).await;
        assert_eq!(claims.len(), 3, "all of them wait for their leases to end");
        let said = work_on(&tools, &claims, |_, _| async {
            Err(StoreError::Stale.into())
        })
        .await;
        assert!(said.is_some());
        let lease = super::LEASE + SignedDuration::from_secs(1);
        office.house.app.clock.advance(lease);
    }
}
