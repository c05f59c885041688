//! A meeting at one of several times, which the others choose from.

use axum::extract::Path;
use mentoring::meeting::Draft;
use mentoring::organization::MemberId;
use mentoring::refusal::Refusal;
use mentoring::schedule::When;
use mentoring::track::{Mode, Track};
use uuid::Uuid;

use super::typed::Typed;
use crate::app::AppError;
use crate::app::meetings::Offer;
use crate::web::actor::SignedIn;
use crate::web::answer::{self, Answer, Failed, Refused, refused, see, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::meetings::{new, repetition};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::proposals::NewProposal;
use crate::web::times;
use crate::web::tracks::show::{find, mark};

const MINUTES: u16 = 45;

/// What the form says.
#[derive(Default)]
pub struct Wanted {
    once: String,
    title: String,
    agenda: String,
    people: Vec<String>,
    times: Typed,
    repetition: repetition::Typed,
    mode: String,
    location: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            once: fields.one("once")?,
            title: fields.one("title")?,
            agenda: fields.one("agenda")?,
            people: fields.several("people"),
            times: Typed::from_fields(fields)?,
            repetition: repetition::Typed::from_fields(fields)?,
            mode: fields.one("mode")?,
            location: fields.one("location")?,
        })
    }
}

impl Wanted {
    fn draft(&self) -> Result<(Draft, Vec<When>), Vec<Refusal>> {
        let mut refusals = Vec::new();
        let times = self.times.read().map_err(|all| refusals.extend(all));
        let repetition = self.repetition.read().map_err(|one| refusals.push(one));
        let people: Result<Vec<MemberId>, _> = self
            .people
            .iter()
            .map(|id| Uuid::try_parse(id).map(MemberId))
            .collect();
        let people = people.map_err(|_| refusals.push(Refusal::NotAParticipant));
        let mode = Mode::parse(&self.mode).ok_or_else(|| refusals.push(Refusal::ModeOff));
        let (Ok(times), Ok(repetition), Ok(attendees), Ok(mode)) =
            (times, repetition, people, mode)
        else {
            return Err(refusals);
        };
        let first = times
            .first()
            .cloned()
            .ok_or_else(|| vec![Refusal::NoTimes])?;
        let draft = Draft {
            title: self.title.clone(),
            agenda: self.agenda.clone(),
            attendees,
            local_start: first.local_start,
            time_zone: first.time_zone,
            duration_minutes: first.duration_minutes,
            mode,
            location: self.location.clone(),
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
    let first = if offer.teams.is_ok() {
        Some(Mode::Teams)
    } else {
        track.modes.iter().find(|mode| *mode != Mode::Teams)
    };
    let wanted = Wanted {
        once: signed_in.app.randomness.uuid_v7(now).to_string(),
        times: Typed::of(times::proposal(now, zone), zone, MINUTES),
        mode: first.map_or(String::new(), |mode| mode.as_str().to_owned()),
        ..Wanted::default()
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
        once: wanted.once.clone(),
        title: wanted.title.clone(),
        agenda: wanted.agenda.clone(),
        people: new::people(signed_in, offer, me, &[], &wanted.people).await?,
        times: wanted.times.shown(&errors),
        repetition: wanted.repetition.shown(),
        modes: new::modes(
            signed_in,
            offer,
            address(signed_in, track),
            &wanted.mode,
            &wanted.location,
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
    let form_key = match wanted.once.as_str() {
        "" => None,
        once => Some(answer::id(once)?),
    };
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
