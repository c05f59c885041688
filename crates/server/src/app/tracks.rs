//! Tracks: which meeting modes they use, who gets in without waiting, who is enrolled.

use mentoring::lobby::LobbyScope;
use mentoring::organization::{MemberId, TrackId};
use mentoring::refusal::Refusal;
use mentoring::role::Roles;
use mentoring::track::{self, Mode, Modes, Track};

use super::{Acting, App, AppError, Done, record};
use crate::store::{StoreError, Tx, directory, integrations, links, meetings, members, tracks};
use crate::wake::Reconciler;

/// What happens to the future Teams meetings of a track that no longer uses Teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamsMeetings {
    /// They keep their links.
    Keep,
    /// They become this mode, and the people are told.
    Become(Mode),
}

/// What came of asking for other modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModesChange {
    /// Saved.
    Saved,
    /// So many future Teams meetings exist: what is to happen to them must be said first.
    AskAboutMeetings(usize),
}

impl App {
    /// Loads a track that the actor may administer. One that they may see but not
    /// administer is refused, one that they may not see does not exist.
    async fn administered(&self, tx: &Tx, acting: &Acting, id: TrackId) -> Done<Track> {
        let track = tracks::find_in(tx, acting.actor.organization, id)
            .await?
            .filter(|track| acting.actor.may_see_track(track.id))
            .ok_or(AppError::NotFound)?;
        if acting.actor.may_administer_track(track.id) {
            Ok(track)
        } else {
            Err(Refusal::NotTrackAdministrator.into())
        }
    }

    /// Begins a track (global administrators).
    pub async fn create_track(&self, acting: &Acting, name: &str) -> Done<Track> {
        self.begin_track(acting, name, None).await
    }

    /// Begins a track with these meeting modes.
    pub async fn create_track_with(
        &self,
        acting: &Acting,
        name: &str,
        modes: Modes,
    ) -> Done<Track> {
        self.begin_track(acting, name, Some(modes)).await
    }

    async fn begin_track(&self, acting: &Acting, name: &str, modes: Option<Modes>) -> Done<Track> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let id = TrackId(self.randomness.uuid_v7(self.clock.now()));
        let (mut track, event) = track::create(&acting.actor, id, name)?;
        let tx = self.store.begin(acting.actor.organization).await?;
        if let Some(modes) = modes {
            let integration = integrations::find_in(&tx, track.organization).await?;
            (track, _) = track::change_modes(&acting.actor, &track, modes, &integration.state)?;
        }
        match tracks::insert(&tx, &track).await {
            Err(StoreError::Taken(_)) => return Err(Refusal::TrackNameTaken.into()),
            other => other?,
        }
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        Ok(track)
    }

    /// Gives a track another name. Its address stays.
    pub async fn rename_track(&self, acting: &Acting, id: TrackId, name: &str) -> Done<()> {
        let tx = self.store.begin(acting.actor.organization).await?;
        let track = self.administered(&tx, acting, id).await?;
        let (track, event) = track::rename(&acting.actor, &track, name)?;
        tracks::update(&tx, &track).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets the meeting modes of a track (S8, S11, S15).
    pub async fn change_modes(
        &self,
        acting: &Acting,
        id: TrackId,
        wanted: Modes,
        teams_meetings: Option<TeamsMeetings>,
    ) -> Done<ModesChange> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let before = self.administered(&tx, acting, id).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        let (after, event) =
            track::change_modes(&acting.actor, &before, wanted, &integration.state)?;
        let ends = before.modes.contains(Mode::Teams) && !after.modes.contains(Mode::Teams);
        let begins = !before.modes.contains(Mode::Teams) && after.modes.contains(Mode::Teams);
        if ends {
            let future = meetings::future_teams_in(&tx, organization, Some(id)).await?;
            match teams_meetings {
                _ if future.is_empty() => {}
                None => return Ok(ModesChange::AskAboutMeetings(future.len())),
                Some(TeamsMeetings::Keep) => {}
                Some(TeamsMeetings::Become(mode)) => {
                    if !after.modes.contains(mode) {
                        return Err(Refusal::ModeNotInTrack.into());
                    }
                    for stored in future {
                        self.become_mode(&tx, acting, &stored, mode).await?;
                    }
                }
            }
        }
        tracks::update(&tx, &after).await?;
        record(&tx, acting, &event).await?;
        if begins {
            directory::want_participants(&tx, organization, id).await?;
        }
        tx.commit().await?;
        self.wake.ring(Reconciler::Directory);
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(ModesChange::Saved)
    }

    /// Turns one Teams meeting into another mode: its Teams meeting goes, its people are
    /// told.
    pub(super) async fn become_mode(
        &self,
        tx: &Tx,
        acting: &Acting,
        stored: &meetings::StoredMeeting,
        mode: Mode,
    ) -> Done<()> {
        let (after, event) = mentoring::meeting::change_mode(&stored.meeting, mode);
        self.save_meeting(tx, acting, stored, after, &event).await
    }

    /// Chooses who gets into a track's Teams meetings without waiting.
    pub async fn change_lobby(&self, acting: &Acting, id: TrackId, lobby: LobbyScope) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let before = self.administered(&tx, acting, id).await?;
        if before.lobby == lobby {
            return Ok(());
        }
        let (after, event) = track::change_lobby(&acting.actor, &before, lobby)?;
        tracks::update(&tx, &after).await?;
        for stored in meetings::future_teams_in(&tx, organization, Some(id)).await? {
            links::touch(&tx, organization, stored.meeting.id).await?;
        }
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        Ok(())
    }

    /// Names the directory account of a participant by hand, or takes that back. It is
    /// looked up before it counts.
    pub async fn map_account(
        &self,
        acting: &Acting,
        id: TrackId,
        member: MemberId,
        account: &str,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let track = self.administered(&tx, acting, id).await?;
        let enrolled = tracks::participants_in(&tx, organization, id).await?;
        let person = enrolled
            .into_iter()
            .map(|participant| participant.member)
            .find(|person| person.id == member)
            .ok_or(AppError::NotFound)?;
        let integration = integrations::find_in(&tx, organization).await?;
        if !integration.state.is_connected() {
            return Err(Refusal::TeamsUnavailable(integration.state.why_not_offered()).into());
        }
        let (account, event) = track::map_account(&acting.actor, &track, &person, account)?;
        directory::map(&tx, organization, member, account.as_deref()).await?;
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Directory);
        Ok(())
    }

    /// Gives a member these roles in a track; none ends the enrolment, and with it their
    /// part in the meetings of the track that lie ahead.
    pub async fn enrol(
        &self,
        acting: &Acting,
        id: TrackId,
        member: MemberId,
        roles: Roles,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let track = self.administered(&tx, acting, id).await?;
        let person = members::find_in(&tx, organization, member)
            .await?
            .ok_or(AppError::NotFound)?;
        let event = track::enrol(&acting.actor, &track, &person, &roles)?;
        tracks::enrol(&tx, organization, id, member, &roles).await?;
        record(&tx, acting, &event).await?;
        if roles.is_empty() {
            let reason = format!("{} has left the track.", person.name());
            self.leave_meetings(&tx, acting, member, Some(id), &reason)
                .await?;
        } else if track.modes.contains(Mode::Teams) {
            self.look_up(&tx, organization, &[member]).await?;
        }
        tx.commit().await?;
        self.wake.ring(Reconciler::Directory);
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }
}
