//! Forgets what is over: ended sessions, old tries, consent flows that nobody finished.

use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::Tools;
use crate::store::{
    Stored, api_tokens, attempts, consents, drift, idempotency, left_meetings, openings,
    reconnections, sessions, stumbles,
};
use crate::wake::Reconciler;

/// Who opened a join address when is kept for so long.
const KEPT_OPENINGS: SignedDuration = SignedDuration::from_hours(24 * 90);
const INTERVAL: Duration = Duration::from_mins(10);

/// Cleans up every ten minutes until `stop`.
pub async fn turn(tools: Tools, stop: CancellationToken) {
    loop {
        let now = tools.clock.now();
        let outcome = clean(&tools).await;
        tools.statuses.change(Reconciler::Retention, |status| {
            status.looked_at = Some(now);
            match &outcome {
                Ok(()) => {
                    status.worked_at = Some(now);
                    status.finished += 1;
                }
                Err(error) => {
                    status.failed += 1;
                    status.last_error = Some(error.to_string());
                    status.failed_at = Some(now);
                }
            }
            status.looks_at = now.saturating_add(INTERVAL).ok();
        });
        if let Err(error) = outcome {
            tracing::error!(%error, "what is over could not be forgotten");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
            () = tools.wake.rung(Reconciler::Retention) => {}
        }
    }
}

async fn clean(tools: &Tools) -> Stored<()> {
    let tx = tools.store.begin_unscoped().await?;
    sessions::delete_expired(&tx).await?;
    attempts::delete_old(&tx, SignedDuration::from_hours(2)).await?;
    idempotency::delete_old(&tx).await?;
    // An expired token stays on its member's list for a while, so that they see why.
    api_tokens::delete_expired(&tx, tx.now - SignedDuration::from_hours(24 * 30)).await?;
    // Whether people met is settled by then.
    openings::delete_before(&tx, tx.now - KEPT_OPENINGS).await?;
    consents::delete_before(&tx, tx.now - SignedDuration::from_hours(24)).await?;
    reconnections::delete_before(&tx, tx.now - mentoring::reconnect::LASTS).await?;
    // Microsoft forgets a meeting sixty days after its end.
    left_meetings::delete_before(&tx, tx.now - SignedDuration::from_hours(24 * 60)).await?;
    drift::delete_before(&tx, tx.now - SignedDuration::from_hours(24 * 90)).await?;
    stumbles::delete_before(&tx, tx.now - SignedDuration::from_hours(24)).await?;
    tx.commit().await
}
