//! Reminds people of times that were offered to them, and ends what has passed.
//!
//! A proposal is due when it is to be mentioned once more, and when its last time begins.
//! What it becomes, the meeting that ends with it and the mails about it are one commit
//! under the claim, so that nobody is told twice.

use mentoring::organization::ProposalId;
use mentoring::proposal;

use super::{Tools, Trouble};
use crate::store::audit::Author;
use crate::store::lease::{self, Claim};
use crate::store::meetings;
use crate::store::proposals::{self, Taking};
use crate::wake::Reconciler;

/// Does what is due of each.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let id = ProposalId(claim.id);
    let organization = claim.organization;
    let Some((meeting, _)) = proposals::find_for_work(&tools.store, organization, id).await? else {
        return Ok(());
    };
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let all = proposals::list_in(&tx, organization, meeting).await?;
    let stored = meetings::find_in(&tx, organization, meeting).await?;
    let found = all.iter().find(|proposal| proposal.id == id);
    let (Some(stored), Some(found)) = (stored, found) else {
        lease::release(&tx, claim, None).await?;
        tx.commit().await?;
        return Ok(());
    };
    let mut due_at = found.due_at();
    if let Some(step) = proposal::overdue(&stored.meeting, &all, found, tx.now) {
        let is_this = |proposal: &&proposal::Proposal| proposal.id == id;
        let next = step.proposals.iter().find(is_this);
        due_at = next.and_then(proposal::Proposal::due_at);
        if let Some(after) = &step.meeting {
            meetings::update(&tx, after).await?;
        }
        let author = Author::ithaca();
        let taking = Taking {
            tx: &tx,
            instance: &tools.instance,
            randomness: &tools.randomness,
            author: &author,
        };
        let after = step.meeting.as_ref().unwrap_or(&stored.meeting);
        taking.take(after, &step).await?;
    }
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Outbox);
    Ok(())
}
