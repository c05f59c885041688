//! Meetings: made, moved and cancelled by participants; the Teams link follows by itself.

use jiff::Timestamp;
use mentoring::eligibility::{self, Question, Reason};
use mentoring::event::Event;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::meeting::{self, Changes, Draft, Joining, Meeting, MeetingState, Scope};
use mentoring::member::MemberState;
use mentoring::organization::{MeetingId, MemberId, TrackId};
use mentoring::role::rights;
use mentoring::track::{Mode, Track};
use uuid::Uuid;

use super::planning::{Begun, Ground};
use super::{Acting, App, AppError, Done, record};
use crate::store::invitations::Telling;
use crate::store::meetings::StoredMeeting;
use crate::store::{StoreError, Tx, directory, integrations, links, meetings, tracks};
use crate::wake::Reconciler;

/// A finding older than this is looked up again when its member opens the form.
const FRESH: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// What the form for a new meeting may offer the actor.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The track.
    pub track: Track,
    /// Whether the actor may use Teams here; if not, every reason.
    pub teams: std::result::Result<Uuid, Vec<Reason>>,
}

/// Why the join address of a meeting opens nothing just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It opens then by itself, and now for who insists.
    Early(Timestamp),
    /// The meeting has ended.
    Over,
    /// It was called off.
    Cancelled,
    /// It takes place in another way.
    Moved,
    /// The link is not there yet.
    Waiting(WaitingReason),
    /// There is no link.
    Failed(Cause),
}

impl App {
    /// What a join address opens. Whoever has it may open it; it never leads anywhere but
    /// to an address of Teams that is verified anew each time.
    pub async fn join(
        &self,
        code: &str,
        insists: bool,
    ) -> Done<(StoredMeeting, std::result::Result<String, Closed>)> {
        let stored = meetings::find_by_join_code(&self.store, code)
            .await?
            .ok_or(AppError::NotFound)?;
        let meeting = &stored.meeting;
        let link = links::find_for_work(&self.store, meeting.organization, meeting.id).await?;
        let opened = self.opened(meeting, link, insists);
        Ok((stored, opened))
    }

    fn opened(
        &self,
        meeting: &Meeting,
        link: Option<links::Link>,
        insists: bool,
    ) -> std::result::Result<String, Closed> {
        let state = link
            .as_ref()
            .map_or(LinkState::Waiting(WaitingReason::BeingMade), |link| {
                link.state
            });
        match meeting::joining(meeting, state, self.clock.now()) {
            Joining::Cancelled => Err(Closed::Cancelled),
            Joining::Over => Err(Closed::Over),
            Joining::OtherMode(_) | Joining::NoLink(LinkState::Closed) => Err(Closed::Moved),
            Joining::NoLink(LinkState::Failed(cause)) => Err(Closed::Failed(cause)),
            Joining::NoLink(LinkState::Waiting(reason)) => Err(Closed::Waiting(reason)),
            Joining::Early { opens_at } if !insists => Err(Closed::Early(opens_at)),
            Joining::NoLink(LinkState::Ready) | Joining::Early { .. } | Joining::Open => link
                .and_then(|link| link.observed.join_url)
                .and_then(|address| self.microsoft.cloud().join_url_accepted(&address).ok())
                .map(String::from)
                .ok_or(Closed::Failed(Cause::WrongAnswer)),
        }
    }

    /// What the actor may choose in a new meeting of this track. A finding that is old is
    /// asked for again, behind the page's back.
    pub async fn offer(&self, acting: &Acting, track: TrackId) -> Done<Offer> {
        let sight = acting.sight();
        let track = tracks::find(&self.store, &sight, track)
            .await?
            .ok_or(AppError::NotFound)?;
        if !acting.actor.may_create_meeting_in(track.id) {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let integration = integrations::find(&self.store, &sight).await?;
        let lookup = directory::list(&self.store, &sight, &[acting.actor.member])
            .await?
            .remove(&acting.actor.member)
            .ok_or(AppError::NotFound)?;
        let asks = integration.state.offers_teams() && track.modes.contains(Mode::Teams);
        let old = lookup
            .looked_up_at
            .is_none_or(|at| self.clock.now().duration_since(at) > FRESH);
        if asks && old {
            let tx = self.store.begin(organization).await?;
            directory::want(&tx, organization, &[acting.actor.member]).await?;
            tx.commit().await?;
            self.wake.ring(Reconciler::Directory);
        }
        let teams = eligibility::decide(&Question {
            integration: &integration.state,
            modes: &track.modes,
            member_state: MemberState::Active,
            finding: &lookup.finding,
        });
        Ok(Offer { track, teams })
    }

    /// What may be chosen in a change of this meeting: whoever changes it, Teams is its
    /// organizer's to use.
    pub async fn offer_of(&self, acting: &Acting, stored: &StoredMeeting) -> Done<Offer> {
        let sight = acting.sight();
        let track = meetings::track_of(&self.store, &sight, stored).await?;
        let organizer = stored.meeting.organizer;
        let integration = integrations::find(&self.store, &sight).await?;
        let lookup = directory::list(&self.store, &sight, &[organizer])
            .await?
            .remove(&organizer)
            .ok_or(AppError::NotFound)?;
        let teams = eligibility::decide(&Question {
            integration: &integration.state,
            modes: &track.modes,
            member_state: MemberState::Active,
            finding: &lookup.finding,
        });
        Ok(Offer { track, teams })
    }

    /// Makes a meeting. Sent twice with the same `form_key`, it is made once and the
    /// second answer names the first's meeting.
    pub async fn create_meeting(
        &self,
        acting: &Acting,
        track: TrackId,
        draft: &Draft,
        form_key: Option<Uuid>,
    ) -> Done<MeetingId> {
        let begun = match self.begin_meeting(acting, track, form_key).await? {
            Begun::Before(made) => return Ok(made),
            Begun::Now(begun) => begun,
        };
        let (context, domain) = (begun.ground.context(), self.instance.uid_domain());
        let (meeting, event) = meeting::create(&acting.actor, draft, &context, begun.id, domain)
            .map_err(AppError::Refused)?;
        let stored = begun.insert(meeting).await?;
        let tx = begun.tx;
        if wants_link(&stored.meeting) {
            want_link(&tx, &stored.meeting).await?;
        } else {
            let tell = Telling {
                tx: &tx,
                instance: &self.instance,
                randomness: &self.randomness,
                before: None,
                after: &stored,
                reason: None,
            };
            tell.everyone().await?;
        }
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(stored.meeting.id)
    }

    /// A meeting inside a change, within sight of the actor.
    pub(super) async fn seen(
        &self,
        tx: &Tx,
        acting: &Acting,
        id: MeetingId,
    ) -> Done<StoredMeeting> {
        meetings::find_in(tx, acting.actor.organization, id)
            .await?
            .filter(|stored| rights(&acting.actor, &stored.meeting).see)
            .ok_or(AppError::NotFound)
    }

    async fn changeable(
        &self,
        tx: &Tx,
        acting: &Acting,
        id: MeetingId,
        revision: i64,
    ) -> Done<StoredMeeting> {
        let stored = self.seen(tx, acting, id).await?;
        if stored.meeting.revision != revision {
            return Err(StoreError::Stale.into());
        }
        Ok(stored)
    }

    /// Changes a meeting. `revision` is the one that the form was made from: if the
    /// meeting has moved on since, nothing happens.
    pub async fn change_meeting(
        &self,
        acting: &Acting,
        id: MeetingId,
        revision: i64,
        changes: &Changes,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let stored = self.changeable(&tx, acting, id, revision).await?;
        let before = &stored.meeting;
        let ground = Ground::of(&tx, organization, before.track, before.organizer).await?;
        let context = ground.context();
        let next = meeting::change(&acting.actor, &stored.meeting, changes, &context)
            .map_err(AppError::Refused)?;
        if let Some((after, event)) = next {
            self.save_meeting(&tx, acting, &stored, after, &event)
                .await?;
            tx.commit().await?;
            self.wake.ring(Reconciler::Links);
            self.wake.ring(Reconciler::Outbox);
        }
        Ok(())
    }

    /// Calls a meeting off, or occurrences of it. The Teams meeting of a meeting that is
    /// called off is deleted, its join address closes at once.
    pub async fn cancel_meeting(
        &self,
        acting: &Acting,
        id: MeetingId,
        revision: i64,
        scope: Scope,
        reason: Option<String>,
    ) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = self.changeable(&tx, acting, id, revision).await?;
        let (after, event) =
            meeting::cancel(&acting.actor, &stored.meeting, scope, reason, tx.now)?;
        self.save_meeting(&tx, acting, &stored, after, &event)
            .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    /// Takes somebody who leaves the track, or the organization where none is named, out
    /// of all that they would still attend (F16).
    pub(super) async fn leave_meetings(
        &self,
        tx: &Tx,
        acting: &Acting,
        member: MemberId,
        track: Option<TrackId>,
        reason: &str,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        for stored in meetings::future_of_in(tx, organization, member, track).await? {
            let left = meeting::leave(&stored.meeting, member, reason, tx.now);
            if let Some((after, event)) = left {
                self.save_meeting(tx, acting, &stored, after, &event)
                    .await?;
            }
        }
        Ok(())
    }

    /// Saves the next revision of a meeting, its audit entry, and what it asks of Teams and
    /// of the outbox: whatever changes a meeting ends here.
    ///
    /// People are told of a Teams meeting once its link works, so those who know of none
    /// yet wait for it; who is no longer of the meeting doesn't.
    pub(super) async fn save_meeting(
        &self,
        tx: &Tx,
        acting: &Acting,
        before: &StoredMeeting,
        after: Meeting,
        event: &Event,
    ) -> Done<()> {
        meetings::update(tx, &after).await?;
        match (wants_link(&before.meeting), wants_link(&after)) {
            (true, true) => links::touch(tx, after.organization, after.id).await?,
            (true, false) => links::unwant(tx, after.organization, after.id).await?,
            (false, true) => want_link(tx, &after).await?,
            (false, false) => {}
        }
        record(tx, acting, event).await?;
        self.end_outlived(tx, acting, &before.meeting, &after)
            .await?;
        // What is only proposed is in nobody's calendar.
        if before.meeting.state == MeetingState::Proposed && after.state != MeetingState::Scheduled
        {
            return Ok(());
        }
        let waits = wants_link(&after) && before.announced_mode != Some(Mode::Teams);
        let known = before.announced_sequence.is_some();
        let known = known.then(|| before.known().unwrap_or_else(|| before.meeting.clone()));
        let next = StoredMeeting {
            meeting: after,
            ..before.clone()
        };
        let tell = Telling {
            tx,
            instance: &self.instance,
            randomness: &self.randomness,
            before: known.as_ref(),
            after: &next,
            reason: event.reason(),
        };
        if waits {
            tell.who_is_gone().await?;
        } else {
            tell.everyone().await?;
        }
        Ok(())
    }
}

/// Whether a meeting is to have a Teams meeting.
fn wants_link(meeting: &Meeting) -> bool {
    meeting.mode == Mode::Teams && meeting.state == MeetingState::Scheduled
}

async fn want_link(tx: &Tx, meeting: &Meeting) -> Done<()> {
    let generation = integrations::find_in(tx, meeting.organization)
        .await?
        .generation;
    let waiting = LinkState::Waiting(WaitingReason::BeingMade);
    links::want(tx, meeting.organization, meeting.id, &waiting, generation).await?;
    Ok(())
}
