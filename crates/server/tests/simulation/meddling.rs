//! What others do to Teams meetings behind Ithaca's back, in the host's calendar, through
//! Graph, or by opening the link of one that was deleted.

use std::collections::{BTreeMap, BTreeSet};

use ithaca::store::links;
use jiff::SignedDuration;
use mentoring::integration::IntegrationState;
use mentoring::organization::{MeetingId, OrganizationId};
use sandbox::tenant::meetings::{LobbyScope, MeetingRole, OnlineMeeting};
use uuid::Uuid;

use crate::companies::{self, Company};
use crate::world::World;

/// What is remembered of it, for the checker.
#[derive(Default)]
pub struct Meddled {
    /// Whose Teams meetings somebody changed.
    companies: BTreeSet<OrganizationId>,
    /// Teams meetings that were deleted and that somebody brought back.
    revived: BTreeSet<Uuid>,
    /// Teams meetings of which somebody took out everyone, with whom.
    emptied: BTreeMap<Uuid, Vec<sandbox::ids::ObjectId>>,
}

impl Meddled {
    pub fn is_revived(&self, meeting: &OnlineMeeting) -> bool {
        self.revived.contains(&meeting.thread)
    }

    /// Whoever ran the Teams meeting before somebody took out everyone.
    pub fn taken_out_of(&self, meeting: &OnlineMeeting) -> &[sandbox::ids::ObjectId] {
        self.emptied.get(&meeting.thread).map_or(&[], Vec::as_slice)
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Rename,
    Move,
    OpenTheLobby,
    TakeOutEveryone,
    Delete,
    Revive,
}

impl World {
    /// Somebody who isn't Ithaca does something to one of its Teams meetings.
    pub async fn somebody_meddles(&mut self) {
        let company = self.companies[usize::from(self.stage.happens(250))].clone();
        let tenant = self.microsoft.tenant(company.id);
        let now = self.microsoft.sandbox.now();
        let ahead: Vec<OnlineMeeting> = self.microsoft.sandbox.read(|state| {
            let all = state.meetings.iter();
            all.filter(|one| one.tenant == tenant && one.start > now && !is_trial(one))
                .collect()
        });
        let deed = self.stage.lock().choices.weighed(&[
            (3, Deed::Rename),
            (3, Deed::Move),
            (2, Deed::OpenTheLobby),
            (2, Deed::TakeOutEveryone),
            (4, Deed::Delete),
            (2, Deed::Revive),
        ]);
        let live = !matches!(deed, Deed::Revive);
        let mut those: Vec<&OnlineMeeting> = Vec::new();
        for one in ahead.iter().filter(|one| one.is_live() == live) {
            let external_id = one.external_id.as_deref().unwrap_or_default();
            let may_be = match deed {
                // A create that is on its way would make another one, of which nobody knows.
                Deed::Delete => !self.microsoft.is_on_its_way(external_id),
                // Who opens an old link was told of it once.
                Deed::Revive => is_newest(&ahead, one) && self.was_told_of(&company, one).await,
                _ => true,
            };
            if may_be {
                those.push(one);
            }
        }
        if those.is_empty() {
            return;
        }
        let meeting = those[self.stage.below(those.len())].clone();
        let number = self.stage.below(100_000);
        self.microsoft.sandbox.change(|state| {
            state.meetings.change(meeting.thread, |one| {
                match deed {
                    Deed::Rename => one.subject = Some(format!("Hijacked {number}").into()),
                    Deed::Move => {
                        one.start += SignedDuration::from_hours(3);
                        one.end += SignedDuration::from_hours(3);
                    }
                    Deed::OpenTheLobby => one.lobby.scope = LobbyScope::OrganizationAndFederated,
                    Deed::TakeOutEveryone => one.attendees.clear(),
                    Deed::Delete => one.deleted_at = Some(now),
                    Deed::Revive => one.deleted_at = None,
                }
                one.touch(now);
            })
        });
        match deed {
            Deed::TakeOutEveryone => {
                let ran = meeting.attendees.iter();
                let ran = ran.filter(|one| one.role == MeetingRole::Coorganizer);
                let ran = ran.map(|one| one.person).collect();
                self.meddled.emptied.entry(meeting.thread).or_insert(ran);
            }
            Deed::Revive => {
                self.meddled.revived.insert(meeting.thread);
            }
            _ => {}
        }
        self.meddled.companies.insert(company.id);
        let id = meeting.external_id.as_deref().unwrap_or_default();
        self.stage
            .note(&format!("Microsoft: somebody else does {deed:?} to {id}"));
    }

    /// Whether anybody may have the link of this Teams meeting.
    async fn was_told_of(&self, company: &Company, teams: &OnlineMeeting) -> bool {
        let external_id = teams.external_id.as_deref().unwrap_or_default();
        let Some((meeting, generation)) = external_id.split_once(':') else {
            return false;
        };
        let (Ok(meeting), Ok(generation)) = (meeting.parse(), generation.parse::<i64>()) else {
            return false;
        };
        let link = links::find_for_work(&self.store, company.id, MeetingId(meeting))
            .await
            .expect("links can be read");
        link.is_some_and(|link| link.told_generation >= Some(generation))
    }

    /// Administrators have Teams compared where somebody meddled since, which goes by itself
    /// each night. Answers whether there was anything to compare.
    pub async fn teams_is_compared(&mut self) -> bool {
        let mut compared = false;
        for place in 0..self.companies.len() {
            let company = self.companies[place].clone();
            if !self.meddled.companies.contains(&company.id) {
                continue;
            }
            let state = self.integration(place).await.state;
            if state != IntegrationState::Integrated {
                continue;
            }
            let administrator = company.administrator();
            let acting = companies::acting(&self.store, company.id, administrator).await;
            let (Some(acting), Some(app)) = (acting, self.app()) else {
                continue;
            };
            compared = true;
            let asked = app.compare_with_teams(&acting).await;
            if asked.is_err() {
                // Somebody asked for it within this hour.
                let until = self.stage.clock.now() + SignedDuration::from_hours(1);
                self.goes_on_until(until).await;
                if app.compare_with_teams(&acting).await.is_err() {
                    // Meanwhile its sign-in turned out to be dead; once it is mended.
                    continue;
                }
            }
            self.meddled.companies.remove(&company.id);
            self.stage
                .note(&format!("{} has Teams compared", company.domain));
        }
        compared
    }
}

/// Whether nobody made another one under the same external id since.
fn is_newest(all: &[OnlineMeeting], one: &OnlineMeeting) -> bool {
    let mut others = all
        .iter()
        .filter(|other| other.external_id == one.external_id);
    others.all(|other| other.created <= one.created && (other.is_live() == one.is_live()))
}

/// Whether it is a live test's own.
pub fn is_trial(meeting: &OnlineMeeting) -> bool {
    let external_id = meeting.external_id.as_deref();
    external_id.is_some_and(|id| id.starts_with("trial:"))
}
