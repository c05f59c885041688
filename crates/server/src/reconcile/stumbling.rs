//! Rows that stand in their own way: whoever works on one panics, or meets something that
//! nobody can read. They are counted, tried again ever later, and set aside (F35); the rest
//! of the queue goes on.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use mentoring::organization::MeetingId;
use mentoring::stumble::{self, Next};

use super::{Tools, Trouble, links};
use crate::store::StoreError;
use crate::store::lease::{self, Claim, Work};
use crate::store::stumbles::{self, Stumble};

/// Longer reasons are cut: they may quote what they stumbled over.
const LONGEST_REASON: usize = 300;

/// Why work came to no end.
struct Fault {
    said: String,
    /// Whether it has to do with the rows and not with what is around them.
    is_theirs: bool,
}

/// Works on the rows of a batch. Answers what went wrong, if anything; that is dealt with.
pub async fn work_on<F, Fut>(tools: &Tools, batch: &[Claim], work: F) -> Option<String>
where
    F: Fn(Tools, Vec<Claim>) -> Fut,
    Fut: Future<Output = Result<(), Trouble>>,
{
    let first = caught(work(tools.clone(), batch.to_vec())).await;
    let fault = match first {
        Ok(()) => {
            forgive(tools, batch).await;
            return None;
        }
        Err(fault) if !fault.is_theirs => return Some(fault.said),
        Err(fault) => fault,
    };
    if let [only] = batch {
        stumbles(tools, only, &fault).await;
        return Some(fault.said);
    }
    // One of them spoils it for the others: each by itself.
    for claim in batch {
        match caught(work(tools.clone(), vec![*claim])).await {
            Ok(()) => forgive(tools, &[*claim]).await,
            Err(fault) if fault.is_theirs => stumbles(tools, claim, &fault).await,
            Err(_) => {}
        }
    }
    Some(fault.said)
}

async fn caught(work: impl Future<Output = Result<(), Trouble>>) -> Result<(), Fault> {
    let fault = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(trouble)) => Fault {
            is_theirs: is_theirs(&trouble),
            said: trouble.to_string(),
        },
        Err(panic) => Fault {
            is_theirs: true,
            said: format!("a panic: {}", words(&*panic)),
        },
    };
    let said = fault.said.chars().take(LONGEST_REASON).collect();
    Err(Fault { said, ..fault })
}

/// What the database does is not the row's fault, but for what it gives back and nobody can
/// read.
fn is_theirs(trouble: &Trouble) -> bool {
    match trouble.downcast_ref::<StoreError>() {
        Some(StoreError::Unreadable(_)) | None => true,
        Some(_) => false,
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

async fn forgive(tools: &Tools, claims: &[Claim]) {
    if let Err(error) = stumbles::forgive(&tools.store, claims).await {
        tracing::warn!(%error, "rows whose work came to its end still count as stumbling");
    }
}

async fn stumbles(tools: &Tools, claim: &Claim, fault: &Fault) {
    match note(tools, claim, fault).await {
        Ok(Next::At(_)) => {}
        Ok(Next::SetAside) => tracing::error!(
            organization.id = %claim.organization,
            row.id = %claim.id,
            rows = claim.work.table(),
            reason = fault.said,
            "a row was set aside; it is tried once more when Ithaca is started again"
        ),
        Err(error) => {
            tracing::error!(%error, "a row that stumbles could not be noted; it is due again when its lease ends");
        }
    }
}

async fn note(tools: &Tools, claim: &Claim, fault: &Fault) -> Result<Next, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let before = stumbles::find_in(&tx, claim).await?;
    let times = stumble::count(before.map(|before| (before.times, before.at)), tx.now);
    let next = stumble::next(times, tx.now);
    let due_at = match next {
        Next::At(at) => Some(at),
        Next::SetAside => None,
    };
    if lease::release(&tx, claim, due_at).await? {
        let stumble = Stumble {
            times,
            reason: fault.said.clone(),
            at: tx.now,
            set_aside: next == Next::SetAside,
        };
        stumbles::put(&tx, claim, &stumble).await?;
        if stumble.set_aside && claim.work == Work::Links {
            links::set_aside(tools, &tx, claim.organization, MeetingId(claim.id)).await?;
        }
    }
    tx.commit().await?;
    Ok(next)
}
