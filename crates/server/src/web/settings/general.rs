//! Program Settings, General: what the track is called.

use axum::extract::Path;
use mentoring::track::Track;

use super::{address, administered, mark};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::tracks::General;
use crate::web::revision;

/// What the form says.
#[derive(Debug)]
pub struct Named {
    revision: String,
    name: String,
}

impl FromFields for Named {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: fields.one("revision")?,
            name: fields.one("name")?,
        })
    }
}

async fn page(
    actor: &SignedIn,
    track: &Track,
    said: Named,
    errors: Errors,
) -> Result<General, Failed> {
    Ok(General {
        frame: actor.frame(Here::Track(track.slug.clone())).await?,
        track: mark(track),
        revision: said.revision,
        errors,
        name: said.name,
    })
}

/// `/tracks/{track}/settings/general`
pub async fn show(actor: SignedIn, Path((_, slug)): Path<(String, String)>) -> Answer {
    let track = administered(&actor, &slug).await?;
    let said = Named {
        revision: revision::mark(&[&track.name]),
        name: track.name.clone(),
    };
    view(&page(&actor, &track, said, Errors::none()).await?)
}

/// `POST /tracks/{track}/settings/general`
pub async fn rename(
    actor: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Form(said): Form<Named>,
) -> Answer {
    let track = administered(&actor, &slug).await?;
    let here = address(&actor, &track, "general");
    let stored = revision::mark(&[&track.name]);
    let changes = [("Name", track.name.clone(), said.name.clone())];
    revision::check(&said.revision, &stored, changes, &here)?;
    let done = actor
        .app
        .rename_track(actor.acting(), track.id, &said.name)
        .await;
    match done {
        Ok(()) => see_and_say(&here, "Saved."),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&actor, &track, said, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}
