//! The organization's own name, zone and language.

use super::actor::GlobalAdministrator;
use super::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use super::form::{Fields, Form, FromFields};
use super::pages::frame::Here;
use super::pages::organization::Organization;
use super::pages::{Choice, Errors};
use super::{revision, times};
use crate::app::members::LANGUAGES;
use crate::store::organizations;

/// What the form says.
#[derive(Debug)]
pub struct Described {
    revision: String,
    name: String,
    zone: String,
    language: String,
}

impl FromFields for Described {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: fields.one("revision")?,
            name: fields.one("name")?,
            zone: fields.one("zone")?,
            language: fields.one("language")?,
        })
    }
}

async fn stored(admin: &GlobalAdministrator) -> Result<Described, Failed> {
    let organization = organizations::find(&admin.app.store, admin.sight.organization)
        .await?
        .ok_or(Failed::NotFound)?;
    Ok(Described {
        revision: revision::mark(&[
            &organization.name,
            &organization.time_zone,
            &organization.language,
        ]),
        name: organization.name,
        zone: organization.time_zone,
        language: organization.language,
    })
}

async fn page(
    admin: &GlobalAdministrator,
    said: Described,
    errors: Errors,
) -> Result<Organization, Failed> {
    Ok(Organization {
        frame: admin.frame(Here::Manage).await?,
        revision: said.revision,
        errors,
        name: said.name,
        zones: times::zones(&said.zone),
        languages: LANGUAGES
            .iter()
            .map(|(tag, name)| Choice::new(*tag, *name, *tag == said.language))
            .collect(),
    })
}

/// `/manage/organization`
pub async fn show(admin: GlobalAdministrator) -> Answer {
    let said = stored(&admin).await?;
    view(&page(&admin, said, Errors::none()).await?)
}

/// `POST /manage/organization`
pub async fn describe(admin: GlobalAdministrator, Form(said): Form<Described>) -> Answer {
    let before = stored(&admin).await?;
    let address = admin.to("manage/organization");
    let changes = [
        ("Name", before.name, said.name.clone()),
        ("Time zone", before.zone, said.zone.clone()),
        ("Language", before.language, said.language.clone()),
    ];
    revision::check(&said.revision, &before.revision, changes, &address)?;
    let mut errors = Errors::none();
    if !LANGUAGES.iter().any(|(tag, _)| *tag == said.language) {
        errors.push("language", "Choose a language from the list.");
        return view_as(
            http::StatusCode::UNPROCESSABLE_ENTITY,
            &page(&admin, said, errors).await?,
        );
    }
    let done = admin
        .app
        .describe_organization(admin.acting(), &said.name, &said.zone, &said.language)
        .await;
    match done {
        Ok(()) => see_and_say(&address, "Saved."),
        Err(error) => {
            let refused = refused(error)?;
            view_as(refused.status, &page(&admin, said, refused.errors).await?)
        }
    }
}
