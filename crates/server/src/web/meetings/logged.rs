//! A meeting that took place without having been planned is written down.

use axum::extract::Path;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use mentoring::meeting::Record;
use mentoring::track::{Mode, Track};

use super::about::About;
use super::new;
use super::schedule::Typed;
use crate::app::AppError;
use crate::app::meetings::Offer;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, Refused, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::form::{Choice, Errors};
use crate::web::pages::frame::Here;
use crate::web::pages::outcomes::Logged;
use crate::web::tracks::show::{find, mark};

/// Long enough for a conversation that nobody planned.
const MINUTES: u16 = 30;

/// What the form says.
pub struct Wanted {
    about: About,
    when: Typed,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            about: About::from_fields(fields)?,
            when: Typed::from_fields(fields)?,
        })
    }
}

impl Wanted {
    fn read(&self) -> Result<Record, AppError> {
        let about = &self.about;
        match (self.when.read(), about.read()) {
            (Ok(when), Some((attendees, mode))) => Ok(Record {
                title: about.title.clone(),
                attendees,
                local_start: when.local_start,
                time_zone: when.time_zone,
                duration_minutes: when.duration_minutes,
                mode,
                location: about.location.clone(),
            }),
            (when, _) => {
                let mut refusals = when.err().unwrap_or_default();
                refusals.extend(about.refusals(""));
                Err(AppError::Refused(refusals))
            }
        }
    }
}

/// The track, for who is enrolled in it.
async fn own(signed_in: &SignedIn, slug: &str) -> Result<Track, Failed> {
    let track = find(signed_in, slug).await?;
    if signed_in.acting().actor.may_create_meeting_in(track.id) {
        Ok(track)
    } else {
        Err(Failed::NotFound)
    }
}

/// The form.
pub async fn show(signed_in: SignedIn, Path((_, track)): Path<(String, String)>) -> Answer {
    let track = own(&signed_in, &track).await?;
    let zone = &signed_in.member().time_zone;
    let now = signed_in.app.clock.now();
    let here = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    // An hour that is over, so that half an hour from its beginning is.
    let hour = here.to_datetime(now).saturating_sub(1.hour());
    let start = hour.date().at(hour.hour(), 0, 0, 0);
    let wanted = Wanted {
        about: About::fresh(&signed_in, Some(Mode::InPerson)),
        when: Typed::of(start, zone, MINUTES),
    };
    view(&page(&signed_in, track, &wanted, None).await?)
}

async fn page(
    signed_in: &SignedIn,
    track: Track,
    wanted: &Wanted,
    refused: Option<Refused>,
) -> Result<Logged, Failed> {
    let (errors, refusals) = refused.map_or((Errors::none(), Vec::new()), |refused| {
        (refused.errors, refused.refusals)
    });
    // Nobody waits in the lobby of a meeting that took place.
    let offer = Offer {
        track,
        teams: Err(Vec::new()),
    };
    let me = signed_in.member().id;
    let choice = |mode: &Mode| {
        let chosen = mode.as_str() == wanted.about.mode;
        Choice::new(mode.as_str(), mode.label(), chosen)
    };
    Ok(Logged {
        frame: signed_in
            .frame(Here::Track(offer.track.slug.clone()))
            .await?,
        track: mark(&offer.track),
        once: wanted.about.once.clone(),
        title: wanted.about.title.clone(),
        people: new::people(signed_in, &offer, me, &[], &wanted.about.people).await?,
        schedule: wanted.when.shown(&refusals),
        modes: Mode::ALL.iter().map(choice).collect(),
        location: wanted.about.location.clone(),
        errors,
    })
}

/// Writes it down. The same form sent twice makes one.
pub async fn log(
    signed_in: SignedIn,
    Path((_, track)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let track = own(&signed_in, &track).await?;
    let form_key = wanted.about.form_key()?;
    let logged = match wanted.read() {
        Ok(taken) => {
            let acting = signed_in.acting();
            let app = &signed_in.app;
            app.log_meeting(acting, track.id, &taken, form_key).await
        }
        Err(error) => Err(error),
    };
    match logged {
        Ok(id) => see_and_say(
            &signed_in.to(&format!("meetings/{id}")),
            "The meeting is logged. Nobody gets a mail about it.",
        ),
        Err(error) => {
            let refused = refused(error)?;
            let status = refused.status;
            let page = page(&signed_in, track, &wanted, Some(refused)).await?;
            view_as(status, &page)
        }
    }
}
