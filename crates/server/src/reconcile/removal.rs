//! Takes an integration down, resumable at every step.
//!
//! First the chosen deletions, which
//! are the links' work; then one commit erases the token and everything that came from
//! the directory, and no call is made with it any more (S12, K-10, N8).

use jiff::{SignedDuration, Timestamp};
use mentoring::event::Event;
use mentoring::integration::IntegrationState;
use mentoring::organization::OrganizationId;

use super::{Tools, Trouble};
use crate::store::audit::{self, Author};
use crate::store::integrations::{self, Check, Integration};
use crate::store::lease::{self, Claim, Work};
use crate::store::{Tx, consents, credentials, directory, drift, left_meetings, links};

/// What is under way may be done so soon.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// What is put off is looked at so often all the same, for it may be woken.
const AT_LEAST_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// Looks whether the deletions are done; if so, erases.
pub async fn step(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let waits = links::count_being_deleted(&tx, organization).await? > 0;
    let held_until = held_until(&tx, organization).await?;
    if waits || held_until.is_some() {
        let at = look_again_at(&tx, organization, held_until).await?;
        lease::release(&tx, claim, Some(at)).await?;
        tx.commit().await?;
        return Ok(());
    }
    let left: Vec<String> = links::list_tombstones(&tx, organization)
        .await?
        .into_iter()
        .map(|link| {
            link.observed.online_meeting_id.unwrap_or_else(|| {
                mentoring::link::external_id(link.meeting, link.observed.generation)
            })
        })
        .collect();
    let before = integrations::find_in(&tx, organization).await?;
    credentials::erase(&tx, organization).await?;
    directory::erase(&tx, organization).await?;
    consents::delete_all(&tx, organization).await?;
    left_meetings::erase(&tx, organization).await?;
    drift::erase(&tx, organization).await?;
    links::abandon_all(&tx, organization).await?;
    let removed = Integration {
        state: IntegrationState::Removed,
        generation: before.generation,
        removal: before.removal,
        // What stays at Microsoft is listed for the administrator.
        checks: left
            .iter()
            .map(|id| Check {
                name: id.clone(),
                passed: false,
                reason: "This Teams meeting could not be deleted. Delete it in the host account's calendar or leave it.".to_owned(),
            })
            .collect(),
        ..Integration::none(organization)
    };
    integrations::save(&tx, &removed, None).await?;
    audit::append(
        &tx,
        organization,
        &Author::ithaca(),
        &Event::TeamsRemoved {
            left_at_microsoft: left,
        },
    )
    .await?;
    lease::release(&tx, claim, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Until when at the latest anybody works with the host's token, who finishes first; nobody new
/// begins.
pub(super) async fn held_until(
    tx: &Tx,
    organization: OrganizationId,
) -> Result<Option<Timestamp>, Trouble> {
    let mut until = None;
    for work in [Work::Links, Work::Directory, Work::Credentials, Work::Drift] {
        until = until.max(lease::held_until(tx, work, organization).await?);
    }
    Ok(until)
}

/// When to look again whether everything is deleted and nobody works any more. To ask every
/// second would be in vain while the next deletion is put off for long, or where the one who
/// held a row is gone and its lease has to run out.
pub(super) async fn look_again_at(
    tx: &Tx,
    organization: OrganizationId,
    held_until: Option<Timestamp>,
) -> Result<Timestamp, Trouble> {
    let due = links::next_deletion(tx, organization).await?;
    let until_due = due.map(|due| due.duration_since(tx.now));
    let held_for = held_until.map(|until| super::LEASE - until.duration_since(tx.now));
    let waits = [until_due, held_for.map(|held| held / 4)];
    let wait = waits.into_iter().flatten().min().unwrap_or(SOON);
    Ok(tx.now + wait.clamp(SOON, AT_LEAST_EVERY))
}
