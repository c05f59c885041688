//! Organizations: begun by the operator, described by their administrators.

use mentoring::event::Event;
use mentoring::organization::{OrganizationId, Slug};
use mentoring::refusal::Refusal;

use super::{Acting, App, AppError, Done};
use crate::store::StoreError;
use crate::store::audit::{self, Author};
use crate::store::organizations::{self, Organization};

impl App {
    /// Begins an organization (the operator's command).
    pub async fn create_organization(
        &self,
        name: &str,
        slug: &str,
        time_zone: &str,
    ) -> Done<Organization> {
        let name = mentoring::organization::check_organization_name(name)?;
        let slug = Slug::parse(slug)?;
        let time_zone = mentoring::schedule::check_time_zone(time_zone)?;
        let organization = Organization {
            id: OrganizationId(self.randomness.uuid_v7(self.clock.now())),
            slug: slug.as_str().to_owned(),
            name,
            time_zone,
            language: "en".to_owned(),
            changes: 0,
        };
        let tx = self.store.begin_unscoped().await?;
        match organizations::insert(&tx, &organization).await {
            Err(StoreError::Taken(_)) => return Err(Refusal::SlugTaken.into()),
            other => other?,
        }
        let event = Event::OrganizationCreated {
            name: organization.name.clone(),
        };
        audit::append(&tx, organization.id, &Author::operator(), &event).await?;
        tx.commit().await?;
        Ok(organization)
    }

    /// Changes an organization's name, and the zone and language that new members begin with.
    pub async fn describe_organization(
        &self,
        acting: &Acting,
        name: &str,
        time_zone: &str,
        language: &str,
    ) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let mut refusals = Vec::new();
        let name = mentoring::organization::check_organization_name(name)
            .map_err(|refusal| refusals.push(refusal))
            .ok();
        let time_zone = mentoring::schedule::check_time_zone(time_zone)
            .map_err(|refusal| refusals.push(refusal))
            .ok();
        let (Some(name), Some(time_zone)) = (name, time_zone) else {
            return Err(AppError::Refused(refusals));
        };
        let id = acting.actor.organization;
        let before = organizations::find(&self.store, id)
            .await?
            .ok_or(AppError::NotFound)?;
        let tx = self.store.begin(id).await?;
        organizations::update(
            &tx,
            &Organization {
                name: name.clone(),
                time_zone,
                language: language.to_owned(),
                ..before
            },
        )
        .await?;
        super::record(&tx, acting, &Event::OrganizationDescribed { name }).await?;
        tx.commit().await?;
        Ok(())
    }
}
