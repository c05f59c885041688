//! Before Teams is removed: what it touches, what becomes of it, and a typed word (S12).

use std::collections::BTreeMap;

use http::StatusCode;
use mentoring::integration::IntegrationState;
use mentoring::organization::TrackId;
use mentoring::refusal::Refusal;
use mentoring::track::Mode;

use super::Integrator;
use crate::app::integration::CONFIRMATION;
use crate::store::{integrations, meetings, tracks};
use crate::web::answer::{Answer, Failed, refused, see, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::frame::Here;
use crate::web::pages::integrations::Removal;
use crate::web::pages::{Choice, Errors};

/// What the form says.
#[derive(Debug, Default)]
pub struct Said {
    links: String,
    replacement: String,
    confirmation: String,
}

impl FromFields for Said {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            links: fields.one("links")?,
            replacement: fields.one("replacement")?,
            confirmation: fields.one("confirmation")?,
        })
    }
}

/// What planned meetings can become.
const REPLACEMENTS: [Mode; 2] = [Mode::InPerson, Mode::Phone];

async fn planned(actor: &Integrator) -> Result<BTreeMap<TrackId, usize>, Failed> {
    let counts = meetings::count_future_teams(&actor.app.store, &actor.sight).await?;
    Ok(counts
        .into_iter()
        .map(|(track, count)| (track, usize::try_from(count).unwrap_or(usize::MAX)))
        .collect())
}

async fn page(
    actor: &Integrator,
    planned: &BTreeMap<TrackId, usize>,
    said: Said,
    errors: Errors,
) -> Result<Removal, Failed> {
    let tracks = tracks::list(&actor.app.store, &actor.sight).await?;
    Ok(Removal {
        frame: actor.frame(Here::Manage).await?,
        errors,
        count: planned.values().sum(),
        tracks: tracks
            .into_iter()
            .filter_map(|track| Some((track.name, *planned.get(&track.id)?)))
            .collect(),
        links: said.links,
        replacements: REPLACEMENTS
            .iter()
            .map(|mode| {
                let chosen = mode.as_str() == said.replacement;
                Choice::new(mode.as_str(), mode.label(), chosen)
            })
            .collect(),
        word: CONFIRMATION.to_owned(),
        confirmation: said.confirmation,
    })
}

async fn can_be_removed(actor: &Integrator) -> Result<bool, Failed> {
    let integration = integrations::find(&actor.app.store, &actor.sight).await?;
    Ok(integration.state.is_connected() && integration.state != IntegrationState::Removing)
}

/// `/manage/integrations/teams/removal`
pub async fn ask(actor: Integrator) -> Answer {
    if !can_be_removed(&actor).await? {
        return see(&actor.teams());
    }
    let planned = planned(&actor).await?;
    view(&page(&actor, &planned, Said::default(), Errors::none()).await?)
}

/// `POST /manage/integrations/teams/removal`
pub async fn remove(actor: Integrator, Form(said): Form<Said>) -> Answer {
    let planned = planned(&actor).await?;
    let mut errors = Errors::none();
    let replacement = REPLACEMENTS
        .into_iter()
        .find(|mode| mode.as_str() == said.replacement);
    let choice = match (said.links.as_str(), replacement) {
        ("keep", _) => Some(integrations::Removal::Keep),
        ("delete", Some(mode)) => Some(integrations::Removal::Delete(mode)),
        ("delete", None) => {
            errors.push("replacement", "Choose what they become.");
            None
        }
        _ if planned.is_empty() => Some(integrations::Removal::Keep),
        _ => {
            errors.push("links", "Choose what happens to the planned meetings.");
            None
        }
    };
    if !said.confirmation.trim().eq_ignore_ascii_case(CONFIRMATION) {
        errors.push("confirmation", Refusal::RemovalNotConfirmed.to_string());
    }
    let Some(choice) = choice.filter(|_| errors.is_empty()) else {
        let page = page(&actor, &planned, said, errors).await?;
        return view_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let acting = actor.acting();
    let begun = actor
        .app
        .remove_integration(acting, choice, &said.confirmation)
        .await;
    match begun {
        Ok(()) => see(&actor.teams()),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&actor, &planned, said, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}
