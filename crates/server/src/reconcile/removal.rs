//! Takes an integration down, resumable at every step.
//!
//! First the chosen deletions, which
//! are the links' work; then one commit erases the token and everything that came from
//! the directory, and no call is made with it any more (S12, K-10, N8).

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::integration::IntegrationState;

use super::{Tools, Trouble};
use crate::store::audit::{self, Author};
use crate::store::integrations::{self, Check, Integration};
use crate::store::lease::{self, Claim, Work};
use crate::store::{consents, credentials, directory, drift, left_meetings, links};

const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// Looks whether the deletions are done; if so, erases.
pub async fn step(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let mut waits = links::count_being_deleted(&tx, organization).await? > 0;
    // Whoever still works with the token finishes first; nobody new begins.
    for work in [Work::Links, Work::Directory, Work::Credentials, Work::Drift] {
        waits |= lease::count_held(&tx, work, organization).await? > 0;
    }
    if waits {
        lease::release(&tx, claim, Some(tx.now + LOOK_AGAIN)).await?;
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
