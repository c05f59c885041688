//! Notes of meetings: read and written by the people who meet, sealed in between.

use jiff::Timestamp;
use mentoring::event::Event;
use mentoring::meeting::Meeting;
use mentoring::note::{self, Audience};
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{Acting, App, AppError, Done, record};
use crate::store::notes::{self, Note};
use crate::store::{StoreError, meetings};
use crate::vault::Place;

/// Notes as their readers see them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// What they say.
    pub text: String,
    /// Rises with every change; none were written yet at 0.
    pub revision: i64,
    /// Who changed them last, and when.
    pub changed: Option<(MemberId, Timestamp)>,
}

fn place(organization: OrganizationId, id: Uuid) -> Place {
    Place {
        table: "notes",
        column: "text",
        organization: organization.0,
        row: id,
    }
}

impl App {
    /// The shared notes of a meeting, or the actor's own. Whoever does not attend it finds
    /// none, not even those who run the organization.
    pub async fn notes(
        &self,
        acting: &Acting,
        meeting: &Meeting,
        audience: Audience,
    ) -> Done<Notes> {
        let sight = acting.sight();
        let is_theirs = sight.organization == meeting.organization;
        if !is_theirs || !note::may_write(sight.member, meeting) {
            return Err(AppError::NotFound);
        }
        let note = notes::find(&self.store, &sight, meeting.id, audience).await?;
        note.map_or(Ok(Notes::default()), |note| {
            self.unsealed(sight.organization, &note)
        })
    }

    fn unsealed(&self, organization: OrganizationId, note: &Note) -> Done<Notes> {
        let text = self
            .vault
            .open_text(place(organization, note.id), &note.sealed)?;
        Ok(Notes {
            text: text.expose_secret().to_owned(),
            revision: note.revision,
            changed: Some((note.changed_by, note.changed_at)),
        })
    }

    /// Changes notes. `revision` is the one that the form was made from: if somebody was
    /// quicker, nothing happens. That somebody keeps notes for themselves is nobody's
    /// business, so only shared ones leave a trace in the audit log.
    pub async fn change_notes(
        &self,
        acting: &Acting,
        id: MeetingId,
        audience: Audience,
        revision: i64,
        text: &str,
    ) -> Done<()> {
        let sight = acting.sight();
        let tx = self.store.begin(sight.organization).await?;
        let meeting = meetings::find_in(&tx, sight.organization, id)
            .await?
            .map(|stored| stored.meeting)
            .filter(|meeting| note::may_write(sight.member, meeting))
            .ok_or(AppError::NotFound)?;
        let text = note::check(text)?;
        let known = notes::find_in(&tx, &sight, id, audience).await?;
        if known.as_ref().map_or(0, |note| note.revision) != revision {
            return Err(StoreError::Stale.into());
        }
        let row = known.map_or_else(|| self.randomness.uuid_v7(tx.now), |note| note.id);
        let note = Note {
            id: row,
            sealed: self
                .vault
                .seal(place(sight.organization, row), text.as_bytes()),
            revision: revision + 1,
            changed_by: sight.member,
            changed_at: tx.now,
        };
        notes::save(&tx, &sight, id, audience, &note).await?;
        if audience == Audience::Shared {
            let event = Event::SharedNotesChanged {
                meeting: id,
                track: meeting.track,
            };
            record(&tx, acting, &event).await?;
        }
        Ok(tx.commit().await?)
    }
}
