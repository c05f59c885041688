//! The beginning of a removal: new work stops, and what was planned is settled.

use mentoring::event::Event;
use mentoring::integration::IntegrationState;
use mentoring::link::LinkState;
use mentoring::refusal::Refusal;
use mentoring::track::Mode;

use super::CONFIRMATION;
use crate::app::{Acting, App, AppError, Done, record};
use crate::store::integrations::{self, Integration, Removal};
use crate::store::{Tx, directory, links, meetings, reconnections, tracks};
use crate::wake::Reconciler;

impl App {
    /// Begins the removal (S12): new work stops now; the chosen deletions, then the
    /// erasure, are a reconciler's.
    pub async fn remove_integration(
        &self,
        acting: &Acting,
        choice: Removal,
        typed: &str,
    ) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        if !typed.trim().eq_ignore_ascii_case(CONFIRMATION) {
            return Err(Refusal::RemovalNotConfirmed.into());
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        if integration.state == IntegrationState::Removing {
            return Err(AppError::Conflict(
                "The removal has begun already.".to_owned(),
            ));
        }
        if !integration.state.is_connected() {
            return Err(AppError::Conflict("Teams is not integrated.".to_owned()));
        }
        reconnections::delete(&tx, organization).await?;
        self.settle_meetings(&tx, acting, choice).await?;
        // What was to be deleted before may have been put off for hours.
        links::wake_all(&tx, organization).await?;
        for track in tracks::list_in(&tx, organization).await? {
            if track.modes.contains(Mode::Teams) {
                tracks::remember_teams(&tx, &track, true).await?;
                let without = mentoring::track::without_teams(&track);
                tracks::update(&tx, &without).await?;
            }
        }
        directory::unwant_all(&tx, organization).await?;
        let next = Integration {
            state: IntegrationState::Removing,
            removal: Some(choice),
            ..integration
        };
        integrations::save(&tx, &next, Some(tx.now)).await?;
        record(
            &tx,
            acting,
            &Event::TeamsRemovalBegun {
                keeps_links: choice == Removal::Keep,
            },
        )
        .await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Health);
        self.wake.ring(Reconciler::Outbox);
        Ok(())
    }

    async fn settle_meetings(&self, tx: &Tx, acting: &Acting, choice: Removal) -> Done<()> {
        let organization = acting.actor.organization;
        for stored in meetings::future_teams_in(tx, organization, None).await? {
            match choice {
                Removal::Delete(mode) => self.become_mode(tx, acting, &stored, mode).await?,
                Removal::Keep => {
                    let works = links::find_in(tx, organization, stored.meeting.id)
                        .await?
                        .is_some_and(|link| link.state == LinkState::Ready && !link.moving);
                    if works {
                        links::keep(tx, organization, stored.meeting.id).await?;
                    } else {
                        // Nobody has a link to keep: the meeting stands, by phone.
                        self.become_mode(tx, acting, &stored, Mode::Phone).await?;
                    }
                }
            }
        }
        Ok(())
    }
}
