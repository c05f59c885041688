//! Asking once more for a link that was given up.

use mentoring::link;
use mentoring::organization::MeetingId;

use super::{Acting, App, AppError, Done, record};
use crate::store::links;
use crate::wake::Reconciler;

impl App {
    /// Has the Teams meeting of a meeting made after all, from the first attempt on.
    pub async fn ask_for_link_again(&self, acting: &Acting, id: MeetingId) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let stored = self.seen(&tx, acting, id).await?;
        let link = links::find_in(&tx, organization, id)
            .await?
            .ok_or(AppError::NotFound)?;
        let event = link::ask_again(&acting.actor, &stored.meeting, link.state, tx.now)?;
        links::take_up(&tx, organization, id).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        Ok(())
    }
}
