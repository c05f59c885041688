//! Turns a reconciler: at its interval, when it is woken, and when a row falls due.
//!
//! A reconciler takes no input. It claims the rows that are due, works on each outside of
//! any transaction, and writes a result that counts only while its lease holds. Nothing
//! is tried again inside: a row that failed carries the time of its next activation, so
//! the path after a crash is the everyday path. Each activation leaves a status.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::{Empty, display};

use mentoring::organization::OrganizationId;

use super::{Tools, stumbling};
use crate::store::StoreError;
use crate::store::lease::{self, Claim, Rota, Share, Work};
use crate::wake::Reconciler;

/// How a reconciler is turned.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// Which doorbell it hears.
    pub reconciler: Reconciler,
    /// Which table's rows it claims.
    pub work: Work,
    /// How long it sleeps at the most.
    pub interval: Duration,
    /// How many batches it works on at once.
    pub at_once: usize,
    /// How many rows of one organization make a batch.
    pub batch: usize,
    /// How many rows of one organization are worked on at once, over all nodes.
    pub of_one: u32,
    /// How long a row is its own: longer than the longest call it makes.
    pub lease: SignedDuration,
}

/// What an operator can read of a reconciler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// When it last looked.
    pub looked_at: Option<Timestamp>,
    /// When it looks again at the latest.
    pub looks_at: Option<Timestamp>,
    /// Batches that it works on.
    pub running: usize,
    /// When it last finished a row.
    pub worked_at: Option<Timestamp>,
    /// Batches finished since the start.
    pub finished: u64,
    /// Batches that ended in an error or a panic since the start.
    pub failed: u64,
    /// The last error, for the log's reader.
    pub last_error: Option<String>,
    /// When that was.
    pub failed_at: Option<Timestamp>,
}

/// The statuses of one process.
#[derive(Clone, Debug, Default)]
pub struct Statuses(Arc<Mutex<[Status; Reconciler::ALL.len()]>>);

impl Statuses {
    /// The status of one reconciler.
    pub fn of(&self, reconciler: Reconciler) -> Status {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all[reconciler as usize].clone()
    }

    pub(super) fn change(&self, reconciler: Reconciler, change: impl FnOnce(&mut Status)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all[reconciler as usize]);
    }
}

/// Why a row could not be worked on. If that has to do with the row itself, it is tried a
/// few times and then set aside; otherwise it stays leased and becomes due again when the
/// lease ends.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Turns a reconciler until `stop`. `work` is called with the claimed rows of one
/// organization, at most `batch` of them; it releases each claim itself, in the commit of
/// its result.
pub async fn turn<F, Fut>(tools: Tools, rhythm: Rhythm, stop: CancellationToken, work: F)
where
    F: Fn(Tools, Vec<Claim>) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Trouble>> + Send + 'static,
{
    // Tasks of their own: while this one waits for a connection, the one that holds it
    // has to get on.
    let mut running = JoinSet::new();
    let mut rota = Rota::default();
    loop {
        let room = rhythm.at_once.saturating_sub(running.len());
        if room > 0 && !stop.is_cancelled() {
            for batch in batches(claim(&tools, rhythm, room, &mut rota).await, rhythm.batch) {
                let span = span(rhythm, &batch);
                let tools = tools.clone();
                let one = async move {
                    let outcome = stumbling::work_on(&tools, &batch, work).await;
                    (batch, outcome)
                };
                running.spawn(one.instrument(span));
            }
        }
        // Asked once a round: what is cancelled later in it ends the wait below.
        let stopping = stop.is_cancelled();
        if stopping && running.is_empty() {
            return;
        }
        let has_room = running.len() < rhythm.at_once;
        let sleep = if has_room {
            sleep_until_due(&tools, rhythm).await
        } else {
            rhythm.interval
        };
        let looks_at = has_room.then(|| tools.clock.now().saturating_add(sleep).ok());
        tools.statuses.change(rhythm.reconciler, |status| {
            status.running = running.len();
            status.looks_at = looks_at.flatten();
        });
        tokio::select! {
            Some(Ok((batch, outcome))) = running.join_next(), if !running.is_empty() => note(&tools, rhythm, &batch, outcome),
            () = tools.wake.rung(rhythm.reconciler), if has_room => {}
            () = tokio::time::sleep(sleep), if has_room => {}
            () = stop.cancelled(), if !stopping => {}
        }
    }
}

/// What every line says that is logged while a batch is worked on.
fn span(rhythm: Rhythm, batch: &[Claim]) -> tracing::Span {
    let span = tracing::info_span!(
        "work",
        reconciler = rhythm.reconciler.name(),
        organization.id = Empty,
        row.id = Empty,
        meeting.id = Empty,
    );
    if let Some(first) = batch.first() {
        span.record("organization.id", display(first.organization));
    }
    if let [only] = batch {
        let field = match rhythm.work {
            Work::Links => "meeting.id",
            _ => "row.id",
        };
        span.record(field, display(only.id));
    }
    span
}

/// Groups claimed rows by organization: a call is made in the name of one alone.
fn batches(claims: Vec<Claim>, most: usize) -> Vec<Vec<Claim>> {
    let mut by_organization: BTreeMap<OrganizationId, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        by_organization
            .entry(claim.organization)
            .or_default()
            .push(claim);
    }
    by_organization
        .into_values()
        .flat_map(|claims| {
            claims
                .chunks(most)
                .map(<[Claim]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect()
}

async fn claim(tools: &Tools, rhythm: Rhythm, room: usize, rota: &mut Rota) -> Vec<Claim> {
    let now = tools.clock.now();
    tools
        .statuses
        .change(rhythm.reconciler, |status| status.looked_at = Some(now));
    let result = async {
        let due = lease::next_due(&tools.store, rhythm.work).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let share = Share {
            batches: u32::try_from(room).unwrap_or(u32::MAX),
            rows: u32::try_from(rhythm.batch).unwrap_or(u32::MAX),
            of_one: rhythm.of_one,
        };
        let (store, node) = (&tools.store, &tools.node);
        lease::claim_in_turn(store, rhythm.work, node, share, rhythm.lease, rota).await
    }
    .await;
    result.unwrap_or_else(|error: StoreError| {
        tracing::error!(reconciler = rhythm.reconciler.name(), %error, "due rows could not be claimed");
        Vec::new()
    })
}

async fn sleep_until_due(tools: &Tools, rhythm: Rhythm) -> Duration {
    let Ok(Some(due)) = lease::next_due(&tools.store, rhythm.work).await else {
        return rhythm.interval;
    };
    let until = due.duration_since(tools.clock.now());
    // What is due and was not taken is worked on elsewhere, or its organization has its
    // share: the next of it is taken when one of that is done.
    let least = if until.is_positive() {
        Duration::from_millis(20)
    } else {
        Duration::from_millis(100)
    };
    Duration::try_from(until)
        .unwrap_or(Duration::ZERO)
        .clamp(least, rhythm.interval)
}

fn note(tools: &Tools, rhythm: Rhythm, batch: &[Claim], error: Option<String>) {
    let now = tools.clock.now();
    if let (Some(error), Some(first)) = (&error, batch.first()) {
        tracing::error!(
            reconciler = rhythm.reconciler.name(),
            organization.id = %first.organization,
            row.id = %first.id,
            rows = batch.len(),
            error,
            "rows could not be worked on"
        );
    }
    tools.statuses.change(rhythm.reconciler, |status| {
        status.worked_at = Some(now);
        if error.is_some() {
            status.failed += 1;
            status.last_error = error;
            status.failed_at = Some(now);
        } else {
            status.finished += 1;
        }
    });
}
