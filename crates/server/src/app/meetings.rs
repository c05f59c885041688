//! Meetings: made, moved and cancelled by participants; the Teams link follows by itself.

use jiff::Timestamp;
use mentoring::eligibility::{self, Question, Reason};
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::meeting::{self, Context, Draft, Joining, Meeting};
use mentoring::member::MemberState;
use mentoring::organization::{MeetingId, TrackId};
use mentoring::track::{Mode, Track};
use uuid::Uuid;

use super::{Acting, App, AppError, Done, record};
use crate::store::invitations::announce;
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

/// When a meeting is to be, as a form says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The local time.
    pub local_start: jiff::civil::DateTime,
    /// The IANA zone that it is local in.
    pub time_zone: String,
    /// How long.
    pub duration_minutes: u16,
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

    /// Makes a meeting. Sent twice with the same `form_key`, it is made once and the
    /// second answer names the first's meeting.
    pub async fn create_meeting(
        &self,
        acting: &Acting,
        track: TrackId,
        draft: &Draft,
        form_key: Option<Uuid>,
    ) -> Done<MeetingId> {
        let sight = acting.sight();
        if let Some(key) = form_key
            && let Some(made) = meetings::find_by_form(&self.store, &sight, key).await?
        {
            return Ok(made);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let track = tracks::find_in(&tx, organization, track)
            .await?
            .filter(|track| acting.actor.may_create_meeting_in(track.id))
            .ok_or(AppError::NotFound)?;
        let integration = integrations::find_in(&tx, organization).await?;
        let lookup = directory::list_in(&tx, organization, &[acting.actor.member])
            .await?
            .remove(&acting.actor.member)
            .ok_or(AppError::NotFound)?;
        let enrolled = tracks::enrolled_in(&tx, organization, track.id).await?;
        let eligibility = eligibility::decide(&Question {
            integration: &integration.state,
            modes: &track.modes,
            member_state: MemberState::Active,
            finding: &lookup.finding,
        });
        let context = Context {
            track: &track,
            enrolled: &enrolled,
            eligibility,
            now: tx.now,
            id: MeetingId(self.randomness.uuid_v7(tx.now)),
            uid_domain: self.instance.uid_domain(),
        };
        let (meeting, event) =
            meeting::create(&acting.actor, draft, &context).map_err(AppError::Refused)?;
        let stored = StoredMeeting {
            join_code: self.randomness.code(),
            announced_sequence: None,
            meeting,
        };
        let id = stored.meeting.id;
        match meetings::insert(&tx, &stored.meeting, &stored.join_code, form_key).await {
            Err(StoreError::Taken(_)) => {
                drop(tx);
                let key = form_key.unwrap_or_default();
                return meetings::find_by_form(&self.store, &sight, key)
                    .await?
                    .ok_or_else(|| {
                        AppError::Conflict(
                            "This form was sent twice at once. Look at your meetings.".to_owned(),
                        )
                    });
            }
            other => other?,
        }
        if stored.meeting.mode == Mode::Teams {
            let waiting = LinkState::Waiting(WaitingReason::BeingMade);
            links::want(&tx, organization, id, &waiting, integration.generation).await?;
        } else {
            announce(&tx, &self.instance, &self.randomness, None, &stored, None).await?;
        }
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(id)
    }

    async fn changeable(&self, tx: &Tx, acting: &Acting, id: MeetingId) -> Done<StoredMeeting> {
        let stored = meetings::find_in(tx, acting.actor.organization, id)
            .await?
            .ok_or(AppError::NotFound)?;
        if mentoring::role::rights(&acting.actor, &stored.meeting).see {
            Ok(stored)
        } else {
            Err(AppError::NotFound)
        }
    }

    /// Moves a meeting. `revision` is the one that the form was made from: if the
    /// meeting has moved on since, nothing happens.
    pub async fn reschedule_meeting(
        &self,
        acting: &Acting,
        id: MeetingId,
        revision: i64,
        when: &When,
        reason: Option<String>,
    ) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = self.changeable(&tx, acting, id).await?;
        if stored.meeting.revision != revision {
            return Err(StoreError::Stale.into());
        }
        let (after, event) = meeting::reschedule(
            &acting.actor,
            &stored.meeting,
            when.local_start,
            &when.time_zone,
            when.duration_minutes,
            reason,
            tx.now,
        )
        .map_err(AppError::Refused)?;
        self.save_change(&tx, acting, &stored, after, &event)
            .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    /// Calls a meeting off. Its Teams meeting is deleted, its join address closes at once.
    pub async fn cancel_meeting(
        &self,
        acting: &Acting,
        id: MeetingId,
        revision: i64,
        reason: Option<String>,
    ) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = self.changeable(&tx, acting, id).await?;
        if stored.meeting.revision != revision {
            return Err(StoreError::Stale.into());
        }
        let (after, event) = meeting::cancel(&acting.actor, &stored.meeting, reason, tx.now)?;
        self.save_change(&tx, acting, &stored, after, &event)
            .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    /// Saves the next revision, its audit entry, and what it asks of Teams and of the
    /// outbox. People who were never told of the meeting are told once its link works.
    async fn save_change(
        &self,
        tx: &Tx,
        acting: &Acting,
        before: &StoredMeeting,
        after: Meeting,
        event: &mentoring::event::Event,
    ) -> Done<()> {
        meetings::update(tx, &after).await?;
        if after.mode == Mode::Teams {
            if after.state == meeting::MeetingState::Cancelled {
                links::unwant(tx, after.organization, after.id).await?;
            } else {
                links::touch(tx, after.organization, after.id).await?;
            }
        }
        record(tx, acting, event).await?;
        if before.announced_sequence.is_some() {
            let next = StoredMeeting {
                meeting: after,
                ..before.clone()
            };
            announce(
                tx,
                &self.instance,
                &self.randomness,
                Some(&before.meeting),
                &next,
                event.reason(),
            )
            .await?;
        }
        Ok(())
    }
}
