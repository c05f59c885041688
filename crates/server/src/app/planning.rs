//! What every plan of a meeting begins with: the ground that the rules judge it on, and a
//! form that makes one meeting however often it is sent.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mentoring::eligibility::{self, Question, Reason};
use mentoring::meeting::{Context, Meeting};
use mentoring::member::MemberState;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::track::Track;
use uuid::Uuid;

use super::{Acting, App, AppError, Done};
use crate::store::meetings::StoredMeeting;
use crate::store::{Tx, directory, integrations, meetings, tracks};

/// What the rules look at beside the meeting itself.
pub(super) struct Ground {
    track: Track,
    enrolled: BTreeSet<MemberId>,
    eligibility: Result<Uuid, Vec<Reason>>,
    now: Timestamp,
}

impl Ground {
    /// The ground of a meeting in this track with this organizer.
    pub async fn of(
        tx: &Tx,
        organization: OrganizationId,
        track: TrackId,
        organizer: MemberId,
    ) -> Done<Self> {
        let track = tracks::find_in(tx, organization, track)
            .await?
            .ok_or(AppError::NotFound)?;
        Ok(Self {
            enrolled: tracks::enrolled_in(tx, organization, track.id).await?,
            eligibility: eligibility_in(tx, &track, organizer).await?,
            now: tx.now,
            track,
        })
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            track: &self.track,
            enrolled: &self.enrolled,
            eligibility: self.eligibility.clone(),
            now: self.now,
        }
    }
}

/// Whether a member may use Teams in a track, and as which account.
async fn eligibility_in(
    tx: &Tx,
    track: &Track,
    member: MemberId,
) -> Done<Result<Uuid, Vec<Reason>>> {
    let integration = integrations::find_in(tx, track.organization).await?;
    let lookup = directory::list_in(tx, track.organization, &[member])
        .await?
        .remove(&member)
        .ok_or(AppError::NotFound)?;
    Ok(eligibility::decide(&Question {
        integration: &integration.state,
        modes: &track.modes,
        member_state: MemberState::Active,
        finding: &lookup.finding,
    }))
}

/// A form for a new meeting, inside the change that it asks for.
pub(super) enum Begun {
    /// It was sent before, and made this meeting.
    Before(MeetingId),
    /// It makes one now.
    Now(Box<Beginning>),
}

/// A meeting that is about to be made.
pub(super) struct Beginning {
    pub tx: Tx,
    pub ground: Ground,
    pub id: MeetingId,
    join_code: String,
    form_key: Option<Uuid>,
}

impl Beginning {
    /// Adds the meeting that the rules made of it.
    pub async fn insert(&self, meeting: Meeting) -> Done<StoredMeeting> {
        meetings::insert(&self.tx, &meeting, &self.join_code, self.form_key).await?;
        Ok(StoredMeeting::unannounced(meeting, self.join_code.clone()))
    }
}

impl App {
    /// Begins to make a meeting of the actor's. Forms are told apart by their key inside the
    /// change, so one that is sent twice at once makes one meeting, too.
    pub(super) async fn begin_meeting(
        &self,
        acting: &Acting,
        track: TrackId,
        form_key: Option<Uuid>,
    ) -> Done<Begun> {
        let (organization, member) = (acting.actor.organization, acting.actor.member);
        let tx = self.store.begin(organization).await?;
        if let Some(key) = form_key
            && let Some(made) = meetings::find_by_form_in(&tx, organization, member, key).await?
        {
            return Ok(Begun::Before(made));
        }
        if !acting.actor.may_create_meeting_in(track) {
            return Err(AppError::NotFound);
        }
        Ok(Begun::Now(Box::new(Beginning {
            ground: Ground::of(&tx, organization, track, member).await?,
            id: MeetingId(self.randomness.uuid_v7(tx.now)),
            join_code: self.randomness.code(),
            form_key,
            tx,
        })))
    }
}
