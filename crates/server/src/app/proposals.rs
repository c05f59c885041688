//! Times that people offer each other: for a meeting that is only proposed, or to move one
//! that is scheduled.

use jiff::SignedDuration;
use mentoring::answer::Reply;
use mentoring::meeting::{Draft, Meeting, MeetingState};
use mentoring::member::Member;
use mentoring::organization::{MeetingId, ProposalId, TrackId};
use mentoring::proposal::{self, Proposal, Step, Wanted};
use mentoring::refusal::Refusal;
use mentoring::role::Actor;
use mentoring::schedule::When;

use super::planning::{Begun, Ground};
use super::sessions::key_of;
use super::{Acting, App, AppError, Done};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::proposals::{self, Taking};
use crate::store::{StoreError, Tx, attempts, audit};
use crate::wake::Reconciler;

/// Whoever has the link of a mail acts by it so often within an hour.
const MOST_BY_LINK: i64 = 30;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// A meeting inside a change, with its proposals and the one that it is about.
struct Found {
    stored: StoredMeeting,
    all: Vec<Proposal>,
    proposal: Proposal,
}

impl App {
    /// Proposes a meeting at one of several times. Sent twice with the same `form_key`, it
    /// is made once and the second answer names the first's meeting.
    pub async fn propose_meeting(
        &self,
        acting: &Acting,
        track: TrackId,
        draft: &Draft,
        times: &[When],
        form_key: Option<uuid::Uuid>,
    ) -> Done<MeetingId> {
        let begun = match self.begin_meeting(acting, track, form_key).await? {
            Begun::Before(made) => return Ok(made),
            Begun::Now(begun) => begun,
        };
        let (context, domain) = (begun.ground.context(), self.instance.uid_domain());
        let ids = (begun.id, ProposalId(self.randomness.uuid_v7(begun.tx.now)));
        let (meeting, step) = proposal::propose(&acting.actor, draft, times, &context, ids, domain)
            .map_err(AppError::Refused)?;
        let meeting = begun.insert(meeting).await?.meeting;
        let tx = begun.tx;
        self.taking(&tx, &acting.author())
            .take(&meeting, &step)
            .await?;
        tx.commit().await?;
        self.ring();
        Ok(meeting.id)
    }

    /// Offers times: others for a meeting that is only proposed, or to move one that is
    /// scheduled. With a revision, only of the meeting that had it.
    pub async fn offer_times(
        &self,
        acting: &Acting,
        id: MeetingId,
        revision: Option<i64>,
        wanted: &Wanted,
    ) -> Done<ProposalId> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let stored = self.seen(&tx, acting, id).await?;
        let all = proposals::list_in(&tx, acting.actor.organization, id).await?;
        if revision.is_some_and(|revision| revision != stored.meeting.revision) {
            return Err(StoreError::Stale.into());
        }
        let made = ProposalId(self.randomness.uuid_v7(tx.now));
        let member = acting.actor.member;
        let step = proposal::offer(member, &stored.meeting, &all, wanted, made, tx.now)
            .map_err(refused)?;
        self.take(&tx, acting, &stored, step).await?;
        tx.commit().await?;
        self.ring();
        Ok(made)
    }

    /// Settles on one of the times of a proposal. A meeting that was only proposed is then
    /// told and made as one that is new; one that was scheduled moves.
    pub async fn accept_time(
        &self,
        acting: &Acting,
        id: MeetingId,
        (proposal, place): (ProposalId, usize),
        revision: Option<i64>,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let found = self.found(&tx, acting, id, proposal).await?;
        let (meeting, proposal) = (&found.stored.meeting, &found.proposal);
        let is_stale = revision.is_some_and(|revision| revision != meeting.revision);
        // That a proposal is closed says more than that something changed.
        if is_stale && proposal.is_open() {
            return Err(StoreError::Stale.into());
        }
        let ground = Ground::of(&tx, organization, meeting.track, meeting.organizer).await?;
        let context = ground.context();
        let actor = &acting.actor;
        let step = proposal::accept(actor, meeting, &found.all, proposal, place, &context)
            .map_err(refused)?;
        self.take(&tx, acting, &found.stored, step).await?;
        tx.commit().await?;
        self.ring();
        Ok(())
    }

    /// Says which times of a proposal the actor can.
    pub async fn answer_times(
        &self,
        acting: &Acting,
        id: MeetingId,
        proposal: ProposalId,
        can: &[usize],
    ) -> Done<()> {
        let member = acting.actor.member;
        self.change_proposal(acting, id, proposal, |found| {
            proposal::answer(member, &found.stored.meeting, &found.proposal, can)
        })
        .await
    }

    /// Declines what somebody else offers.
    pub async fn decline_times(
        &self,
        acting: &Acting,
        id: MeetingId,
        proposal: ProposalId,
        note: &str,
    ) -> Done<()> {
        let member = acting.actor.member;
        self.change_proposal(acting, id, proposal, |found| {
            proposal::decline(member, &found.stored.meeting, &found.proposal, note)
        })
        .await
    }

    /// Takes back what the actor offered.
    pub async fn withdraw_times(
        &self,
        acting: &Acting,
        id: MeetingId,
        proposal: ProposalId,
    ) -> Done<()> {
        let member = acting.actor.member;
        self.change_proposal(acting, id, proposal, |found| {
            proposal::withdraw(member, &found.stored.meeting, &found.all, &found.proposal)
        })
        .await
    }

    /// Who acts by the link of a mail, and about which meeting: as the person whom it was
    /// for, and as nothing more than one of that meeting's people.
    pub async fn find_by_link(
        &self,
        code: &str,
        address: &str,
    ) -> Done<(Acting, Member, StoredMeeting)> {
        let asked = meetings::find_asked(&self.store, code)
            .await?
            .ok_or(AppError::NotFound)?;
        let (acting, member, _) = self
            .active(asked.organization, asked.member, address)
            .await?
            .ok_or(AppError::NotFound)?;
        let stored = meetings::find_for_work(&self.store, asked.organization, asked.meeting)
            .await?
            .ok_or(AppError::NotFound)?;
        let acting = Acting {
            actor: Actor {
                global_administrator: false,
                enrolments: std::collections::BTreeMap::new(),
                ..acting.actor
            },
            ..acting
        };
        Ok((acting, member, stored))
    }

    /// Counts what is done by the link of a mail.
    pub async fn count_by_link(&self, code: &str) -> Done<()> {
        let tx = self.store.begin_unscoped().await?;
        let key = key_of(&format!("times:{code}"));
        if attempts::count(&tx, &key, WINDOW).await? > MOST_BY_LINK {
            return Err(AppError::TooMany(WINDOW.as_secs().unsigned_abs()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Ends what a change of a meeting leaves nothing of.
    pub(super) async fn end_outlived(
        &self,
        tx: &Tx,
        acting: &Acting,
        before: &Meeting,
        after: &Meeting,
    ) -> Done<()> {
        let all = proposals::list_in(tx, after.organization, after.id).await?;
        let step = proposal::outlived(before, after, &all, acting.actor.member);
        self.taking(tx, &acting.author()).take(after, &step).await?;
        Ok(())
    }

    async fn change_proposal(
        &self,
        acting: &Acting,
        id: MeetingId,
        proposal: ProposalId,
        change: impl FnOnce(&Found) -> Result<Step, Refusal>,
    ) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let found = self.found(&tx, acting, id, proposal).await?;
        let step = change(&found)?;
        self.take(&tx, acting, &found.stored, step).await?;
        tx.commit().await?;
        self.ring();
        Ok(())
    }

    async fn found(
        &self,
        tx: &Tx,
        acting: &Acting,
        id: MeetingId,
        proposal: ProposalId,
    ) -> Done<Found> {
        let stored = self.seen(tx, acting, id).await?;
        let all = proposals::list_in(tx, acting.actor.organization, id).await?;
        let about = all.iter().find(|known| known.id == proposal);
        let proposal = about.cloned().ok_or(AppError::NotFound)?;
        Ok(Found {
            stored,
            all,
            proposal,
        })
    }

    /// Saves what a step makes of the meeting and its proposals, and tells of it.
    async fn take(
        &self,
        tx: &Tx,
        acting: &Acting,
        before: &StoredMeeting,
        mut step: Step,
    ) -> Done<()> {
        let author = acting.author();
        let Some(after) = step.meeting.take() else {
            self.taking(tx, &author)
                .take(&before.meeting, &step)
                .await?;
            return Ok(());
        };
        let first = (!step.events.is_empty()).then(|| step.events.remove(0));
        self.taking(tx, &author).take(&after, &step).await?;
        if let Some(event) = first {
            self.save_meeting(tx, acting, before, after.clone(), &event)
                .await?;
        }
        let was_proposed = before.meeting.state == MeetingState::Proposed;
        for attendee in after.attendees.iter().filter(|_| was_proposed) {
            let known = before.meeting.attendees.iter();
            let mut known = known.filter(|known| known.member == attendee.member);
            if let Some(answer) = attendee.answer
                && known.all(|known| known.answer.is_none())
            {
                let note = String::new();
                let reply = Reply { answer, note };
                meetings::save_reply(tx, &after, attendee.member, &reply).await?;
            }
        }
        Ok(())
    }

    fn taking<'a>(&'a self, tx: &'a Tx, author: &'a audit::Author) -> Taking<'a> {
        Taking {
            tx,
            instance: &self.instance,
            randomness: &self.randomness,
            author,
        }
    }

    fn ring(&self) {
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        self.wake.ring(Reconciler::Proposals);
    }
}

/// Refusals as what they mean: what was overtaken is a conflict and not a mistake.
fn refused(mut refusals: Vec<Refusal>) -> AppError {
    if refusals.len() == 1 {
        refusals.swap_remove(0).into()
    } else {
        AppError::Refused(refusals)
    }
}
