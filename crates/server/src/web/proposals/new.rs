//! A meeting at one of several times, which the others choose from.

use axum::extract::Path;
use mentoring::meeting::Draft;
use mentoring::refusal::Refusal;
use mentoring::schedule::When;
use mentoring::track::Track;

use super::typed::Typed;
use crate::app::AppError;
use crate::app::meetings::Offer;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, Refused, refused, see, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::meetings::about::{About, first_mode};
use crate::web::meetings::{new, repetition};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::proposals::NewProposal;
use crate::web::times;
use crate::web::tracks::show::{find, mark};

const MINUTES: u16 = 45;

/// What the form says.
pub struct Wanted {
    about: About,
    agenda: String,
    times: Typed,
    repetition: repetition::Typed,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            about: About::from_fields(fields)?,
            agenda: fields.one("agenda")?,
            times: Typed::from_fields(fields)?,
            repetition: repetition::Typed::from_fields(fields)?,
        })
    }
}

impl Wanted {
    fn draft(&self) -> Result<(Draft, Vec<When>), Vec<Refusal>> {
        let about = &self.about;
        let (times, repetition) = (self.times.read(), self.repetition.read());
        let (times, repetition, (attendees, mode)) = match (times, repetition, about.read()) {
            (Ok(times), Ok(repetition), Some(who)) => (times, repetition, who),
            (times, repetition, _) => {
                let mut refusals = times.err().unwrap_or_default();
                refusals.extend(repetition.err());
                refusals.extend(about.refusals(&self.agenda));
                return Err(refusals);
            }
        };
        let first = times
            .first()
            .cloned()
            .ok_or_else(|| vec![Refusal::NoTimes])?;
        let draft = Draft {
            title: about.title.clone(),
            agenda: self.agenda.clone(),
            attendees,
            local_start: first.local_start,
            time_zone: first.time_zone,
            duration_minutes: first.duration_minutes,
            mode,
            location: about.location.clone(),
            repetition,
        };
        Ok((draft, times))
    }
}

async fn offer(signed_in: &SignedIn, track: &Track) -> Result<Offer, Failed> {
    Ok(signed_in.app.offer(signed_in.acting(), track.id).await?)
}

fn address(signed_in: &SignedIn, track: &Track) -> String {
    signed_in.to(&format!("tracks/{}/proposals/new", track.slug))
}

/// The form.
pub async fn show(signed_in: SignedIn, Path((_, track)): Path<(String, String)>) -> Answer {
    let track = find(&signed_in, &track).await?;
    let offer = offer(&signed_in, &track).await?;
    let zone = &signed_in.member().time_zone;
    let now = signed_in.app.clock.now();
    let wanted = Wanted {
        about: About::fresh(&signed_in, first_mode(&offer)),
        agenda: String::new(),
        times: Typed::of(times::proposal(now, zone), zone, MINUTES),
        repetition: repetition::Typed::default(),
    };
    view(&page(&signed_in, &offer, &wanted, None).await?)
}

async fn page(
    signed_in: &SignedIn,
    offer: &Offer,
    wanted: &Wanted,
    refused: Option<Refused>,
) -> Result<NewProposal, Failed> {
    let errors = refused.map_or_else(Errors::none, |refused| refused.errors);
    let track = &offer.track;
    let mut frame = signed_in.frame(Here::Track(track.slug.clone())).await?;
    frame.address = address(signed_in, track);
    let me = signed_in.member().id;
    Ok(NewProposal {
        frame,
        track: mark(track),
        once: wanted.about.once.clone(),
        title: wanted.about.title.clone(),
        agenda: wanted.agenda.clone(),
        people: new::people(signed_in, offer, me, &[], &wanted.about.people).await?,
        times: wanted.times.shown(&errors),
        repetition: wanted.repetition.shown(),
        modes: new::modes(
            signed_in,
            offer,
            address(signed_in, track),
            &wanted.about.mode,
            &wanted.about.location,
            errors.clone(),
        ),
        errors,
    })
}

/// Who asks for the address of a refused form gets a fresh one.
pub async fn again(signed_in: SignedIn, Path((_, track)): Path<(String, String)>) -> Answer {
    let track = find(&signed_in, &track).await?;
    see(&address(&signed_in, &track))
}

/// Proposes the meeting. The same form sent twice makes one.
pub async fn propose(
    signed_in: SignedIn,
    Path((_, track)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let track = find(&signed_in, &track).await?;
    let form_key = wanted.about.form_key()?;
    let proposed = match wanted.draft() {
        Err(refusals) => Err(AppError::Refused(refusals)),
        Ok((draft, times)) => {
            let acting = signed_in.acting();
            let app = &signed_in.app;
            app.propose_meeting(acting, track.id, &draft, &times, form_key)
                .await
        }
    };
    match proposed {
        Ok(id) => see_and_say(
            &signed_in.to(&format!("meetings/{id}")),
            "The times are offered. The others are asked by mail.",
        ),
        Err(error) => {
            let refused = refused(error)?;
            let status = refused.status;
            let offer = offer(&signed_in, &track).await?;
            let page = page(&signed_in, &offer, &wanted, Some(refused)).await?;
            view_as(status, &page)
        }
    }
}
