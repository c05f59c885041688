//! The host's tokens: refreshed by one at a time, and never replaced by older ones (N6).

use ithaca::store::credentials::{self, Credentials};
use ithaca::store::lease::{self, Claim, Work};
use jiff::SignedDuration;
use uuid::Uuid;

use super::{World, on_both};

on_both! {
    n06_a_token_is_refreshed_by_one_at_a_time_however_many_nodes_ask,
    n06_the_newest_token_is_never_replaced_by_one_made_from_an_older,
}

const OWNERS: [&str; 8] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight",
];

/// The tokens of Larkspur's host, due to be refreshed now.
async fn tokens(world: &World) -> Credentials {
    let tx = world.store.begin(world.larkspur.id).await.unwrap();
    let first = Credentials {
        organization: world.larkspur.id,
        tenant_id: Uuid::from_u128(1),
        host_object_id: Uuid::from_u128(2),
        refresh_token: b"first".to_vec(),
        access_token: None,
        version: 7,
        refreshed_at: tx.now,
        attempts: 0,
        challenge: None,
    };
    credentials::put(&tx, &first, tx.now).await.unwrap();
    tx.commit().await.unwrap();
    first
}

async fn everyone_asks(world: &World, lease: SignedDuration) -> Vec<Claim> {
    let asks = OWNERS.map(|owner| lease::claim(&world.store, Work::Credentials, owner, 10, lease));
    let claimed = futures::future::join_all(asks).await;
    claimed.into_iter().flat_map(Result::unwrap).collect()
}

async fn n06_a_token_is_refreshed_by_one_at_a_time_however_many_nodes_ask(world: &World) {
    tokens(world).await;
    let claimed = everyone_asks(world, SignedDuration::from_mins(1)).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    let again = everyone_asks(world, SignedDuration::from_mins(1)).await;
    assert!(again.is_empty(), "{again:?}");
}

async fn n06_the_newest_token_is_never_replaced_by_one_made_from_an_older(world: &World) {
    let first = tokens(world).await;
    let brought = |token: &[u8]| Credentials {
        refresh_token: token.to_vec(),
        ..first.clone()
    };
    for (token, is_kept) in [(&b"second"[..], true), (b"late", false)] {
        let tx = world.store.begin(world.larkspur.id).await.unwrap();
        let kept = credentials::replace(&tx, &brought(token), first.version)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept, is_kept);
    }
    let stored = credentials::find(&world.store, world.larkspur.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.refresh_token, b"second");
    assert_eq!(stored.version, first.version + 1);
}
