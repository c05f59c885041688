//! Who opened the join address when, as far as it can be told honestly: by people of the
//! meeting who are signed in.

use super::{Acting, App, Done};
use crate::store::meetings::StoredMeeting;
use crate::store::openings;

impl App {
    /// Keeps that the actor opened the join address of a meeting, if they are of it. Only
    /// the first time counts, for each time that its people meet.
    pub async fn keep_opening(&self, acting: &Acting, stored: &StoredMeeting) -> Done<()> {
        let meeting = &stored.meeting;
        let sight = acting.sight();
        if sight.organization != meeting.organization || !meeting.is_attended_by(sight.member) {
            return Ok(());
        }
        let Some(next) = meeting.next(self.clock.now()) else {
            return Ok(());
        };
        let original = next.original_start;
        if openings::has_opened(&self.store, &sight, meeting.id, original).await? {
            return Ok(());
        }
        let tx = self.store.begin(sight.organization).await?;
        openings::insert(&tx, &sight, meeting.id, original).await?;
        Ok(tx.commit().await?)
    }
}
