//! Times that people offer each other: for a meeting that is only proposed, or to move one.

use ithaca::app::{Acting, App, AppError, Done};
use ithaca::store::meetings::StoredMeeting;
use ithaca::store::proposals;
use mentoring::proposal::{Proposal, ProposalState, Wanted};
use mentoring::schedule::When;

use crate::companies::{self, Company};
use crate::people::ZONE;
use crate::world::World;

/// What somebody does about times.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Propose,
    Offer,
    Accept,
    Answer,
    Decline,
    Withdraw,
}

impl World {
    /// Somebody offers times, or answers those that were offered.
    pub async fn somebody_offers(&mut self) {
        let place = usize::from(self.stage.happens(250));
        let company = self.companies[place].clone();
        let actor = self.some_person(&company);
        let acting = companies::acting(&self.store, company.id, actor).await;
        let (Some(acting), Some(app)) = (acting, self.app()) else {
            return;
        };
        let open = proposals::list_open(&self.store, &acting.sight())
            .await
            .expect("proposals can be read");
        let deed = if open.is_empty() || self.stage.happens(300) {
            let deeds = &[(3, Deed::Propose), (2, Deed::Offer)];
            self.stage.lock().choices.weighed(deeds)
        } else {
            self.stage.lock().choices.weighed(&[
                (6, Deed::Accept),
                (2, Deed::Answer),
                (1, Deed::Decline),
                (1, Deed::Withdraw),
                (1, Deed::Offer),
            ])
        };
        let done = match deed {
            Deed::Propose => self.proposes(&app, &acting, &company).await,
            Deed::Offer => self.offers(&app, &acting, &company).await,
            _ => self.answers(&app, &acting, deed, &open).await,
        };
        let result = match &done {
            Ok(()) => "done".to_owned(),
            Err(AppError::Broken(cause)) => {
                return self.stage.broken(format!("{deed:?}: {cause}"));
            }
            Err(other) => other.to_string(),
        };
        let name = &acting.actor.name;
        self.stage.note(&format!("{name}: {deed:?}: {result}"));
    }

    async fn proposes(&mut self, app: &App, acting: &Acting, company: &Company) -> Done<()> {
        let repeats = self.stage.happens(200);
        let draft = self.draft(company, repeats);
        let times = self.some_times();
        let id = app
            .propose_meeting(acting, company.track, &draft, &times, None)
            .await?;
        self.was_told(company, id).await;
        Ok(())
    }

    async fn offers(&mut self, app: &App, acting: &Acting, company: &Company) -> Done<()> {
        let Some(before) = self.some_meeting(company).await else {
            return Err(AppError::NotFound);
        };
        let wanted = Wanted {
            times: self.some_times(),
            ..Wanted::default()
        };
        let id = before.meeting.id;
        let revision = Some(before.meeting.revision);
        let made = app.offer_times(acting, id, revision, &wanted).await?;
        self.promises.knows(made, ProposalState::Open);
        self.was_told(company, id).await;
        Ok(())
    }

    async fn answers(
        &mut self,
        app: &App,
        acting: &Acting,
        deed: Deed,
        open: &[(StoredMeeting, Vec<Proposal>)],
    ) -> Done<()> {
        let (stored, all) = &open[self.stage.below(open.len())];
        let proposal = &all[self.stage.below(all.len())];
        let time = self.stage.below(proposal.times.len());
        let meeting = &stored.meeting;
        let became = match deed {
            Deed::Accept => {
                app.accept_time(acting, meeting.id, (proposal.id, time), None)
                    .await?;
                ProposalState::Accepted
            }
            Deed::Decline => {
                app.decline_times(acting, meeting.id, proposal.id, "Away.")
                    .await?;
                ProposalState::Declined
            }
            Deed::Withdraw => {
                app.withdraw_times(acting, meeting.id, proposal.id).await?;
                ProposalState::Withdrawn
            }
            _ => {
                app.answer_times(acting, meeting.id, proposal.id, &[time])
                    .await?;
                ProposalState::Open
            }
        };
        self.promises.knows(proposal.id, became);
        let company = self.companies.iter();
        let mut company = company.filter(|company| company.id == meeting.organization);
        if let Some(company) = company.next().cloned() {
            self.was_told(&company, meeting.id).await;
        }
        Ok(())
    }

    fn some_times(&self) -> Vec<When> {
        let times = 1 + self.stage.below(3);
        let times = (0..times).map(|_| When {
            local_start: self.some_time(),
            time_zone: ZONE.to_owned(),
            duration_minutes: 30,
        });
        times.collect()
    }

    /// N5 and N9: what was answered stays so, and what has passed is over.
    pub async fn offers_are_settled(&self) {
        for (id, promised) in self.promises.proposals() {
            let mut found = None;
            for company in &self.companies {
                found = found.or(proposals::find_for_work(&self.store, company.id, *id)
                    .await
                    .expect("proposals can be read"));
            }
            let Some((_, kept)) = found else {
                self.stage.broken(format!("N5: the proposal {id} is gone"));
                continue;
            };
            if *promised != ProposalState::Open && kept.state != *promised {
                self.stage.broken(format!(
                    "N5: the proposal {id} is {:?}, and was {promised:?}",
                    kept.state
                ));
            }
            if kept.is_open() && kept.expires_at <= self.stage.clock.now() {
                self.stage
                    .broken(format!("N9: the proposal {id} has passed and is open"));
            }
        }
    }
}
