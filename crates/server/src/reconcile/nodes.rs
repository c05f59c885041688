//! Says now and then that this node is there and how its reconcilers do; sets its clock by
//! the database's; and says goodbye at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{Status, Tools};
use crate::store::nodes::{self, Node};
use crate::store::{StoreError, Stored};
use crate::wake::Reconciler;

const INTERVAL: Duration = Duration::from_secs(10);
/// Who was seen within this shares the work.
const SEEN: SignedDuration = SignedDuration::from_secs(30);
/// Who was not seen for so long has left without a word.
const GONE: SignedDuration = SignedDuration::from_hours(1);

/// How the reconcilers of a node do, by their names.
pub type Statuses = BTreeMap<String, Status>;

/// Says so until `stop`.
pub async fn turn(tools: Tools, stop: CancellationToken) {
    let started_at = tools.clock.now();
    let mut was_told = true;
    loop {
        let told = tell(&tools, started_at).await;
        if let Err(error) = &told
            && was_told
        {
            tracing::warn!(%error, "this node can't say that it is there");
        }
        was_told = told.is_ok();
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    if let Err(error) = leave(&tools, started_at).await {
        tracing::warn!(%error, "this node could not say goodbye");
    }
}

async fn tell(tools: &Tools, started_at: Timestamp) -> Stored<()> {
    tools.store.keep_time().await?;
    let statuses: Statuses = Reconciler::ALL
        .into_iter()
        .map(|one| (one.name().to_owned(), tools.statuses.of(one)))
        .collect();
    let tx = tools.store.begin_unscoped().await?;
    let node = Node {
        id: tools.place.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        seen_at: tx.now,
        reconcilers: serde_json::to_string(&statuses)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?,
    };
    nodes::put(&tx, &node).await?;
    nodes::delete_unseen(&tx, tx.now - GONE).await?;
    let there = tx.now - SEEN;
    tx.commit().await?;
    let all = nodes::list(&tools.store).await?;
    tools
        .peers
        .are(all.iter().filter(|node| node.seen_at >= there).count());
    Ok(())
}

async fn leave(tools: &Tools, started_at: Timestamp) -> Stored<()> {
    let tx = tools.store.begin_unscoped().await?;
    nodes::delete(&tx, &tools.place, started_at).await?;
    tx.commit().await
}

/// The name by which an operator knows a node: its machine and its port.
pub fn place(port: u16) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine: String = machine
        .trim()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'))
        .take(64)
        .collect();
    if machine.is_empty() {
        format!("node:{port}")
    } else {
        format!("{machine}:{port}")
    }
}
