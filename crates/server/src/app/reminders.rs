//! How somebody wants to be reminded of their meetings.

use mentoring::event::Event;
use mentoring::reminder::Setting;

use super::{Acting, App, Done, record};
use crate::store::reminders;
use crate::wake::Reconciler;

impl App {
    /// Keeps how the actor wants to be reminded, from now on.
    pub async fn change_reminders(&self, acting: &Acting, setting: Setting) -> Done<()> {
        let (organization, member) = (acting.actor.organization, acting.actor.member);
        let tx = self.store.begin(organization).await?;
        reminders::save_setting(&tx, organization, member, setting).await?;
        reminders::touch_all_of(&tx, organization, member).await?;
        record(&tx, acting, &Event::RemindersChanged { member }).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Reminders);
        Ok(())
    }
}
