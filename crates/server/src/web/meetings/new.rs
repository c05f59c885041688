//! A meeting is planned in half a minute: only a title and people have to be said.

use axum::extract::Path;
use axum::response::IntoResponse as _;
use http::StatusCode;
use mentoring::lobby::{self, Person};
use mentoring::meeting::Draft;
use mentoring::member::{Member, MemberState};
use mentoring::organization::{MeetingId, MemberId};
use mentoring::refusal::Refusal;
use mentoring::role::{Role, Roles};
use mentoring::track::{Mode, Track};

use super::about::{About, first_mode};
use super::schedule::Typed;
use super::{mode, repetition, words};
use crate::app::AppError;
use crate::app::meetings::Offer;
use crate::store::tracks::Participant;
use crate::store::{directory, tracks};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, Refused, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields, Query};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::{Forecast, ModeOffer, Modes, NewMeeting, PersonChoice};
use crate::web::times;
use crate::web::tracks::show::{find, mark};

/// Long enough for a conversation, short enough for a calendar.
const MINUTES: u16 = 45;

/// What the form says.
pub struct Wanted {
    about: About,
    agenda: String,
    when: Typed,
    repetition: repetition::Typed,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            about: About::from_fields(fields)?,
            agenda: fields.one("agenda")?,
            when: Typed::from_fields(fields)?,
            repetition: repetition::Typed::from_fields(fields)?,
        })
    }
}

impl Wanted {
    fn draft(&self) -> Result<Draft, Vec<Refusal>> {
        let about = &self.about;
        match (self.when.read(), self.repetition.read(), about.read()) {
            (Ok(when), Ok(repetition), Some((attendees, mode))) => Ok(Draft {
                title: about.title.clone(),
                agenda: self.agenda.clone(),
                attendees,
                local_start: when.local_start,
                time_zone: when.time_zone,
                duration_minutes: when.duration_minutes,
                mode,
                location: about.location.clone(),
                repetition,
            }),
            (when, repetition, _) => {
                let mut refusals = when.err().unwrap_or_default();
                refusals.extend(repetition.err());
                refusals.extend(about.refusals(&self.agenda));
                Err(refusals)
            }
        }
    }
}

async fn offer(signed_in: &SignedIn, track: &Track) -> Result<Offer, Failed> {
    Ok(signed_in.app.offer(signed_in.acting(), track.id).await?)
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
        when: Typed::of(times::proposal(now, zone), zone, MINUTES),
        repetition: repetition::Typed::default(),
    };
    view(&page(&signed_in, &offer, &wanted, None).await?)
}

async fn page(
    signed_in: &SignedIn,
    offer: &Offer,
    wanted: &Wanted,
    refused: Option<Refused>,
) -> Result<NewMeeting, Failed> {
    let (errors, refusals) = refused.map_or((Errors::none(), Vec::new()), |refused| {
        (refused.errors, refused.refusals)
    });
    let track = &offer.track;
    let mut frame = signed_in.frame(Here::Track(track.slug.clone())).await?;
    frame.address = address(signed_in, track);
    Ok(NewMeeting {
        frame,
        track: mark(track),
        once: wanted.about.once.clone(),
        title: wanted.about.title.clone(),
        agenda: wanted.agenda.clone(),
        people: people(
            signed_in,
            offer,
            signed_in.member().id,
            &[],
            &wanted.about.people,
        )
        .await?,
        schedule: wanted.when.shown(&refusals),
        repetition: wanted.repetition.shown(),
        modes: modes(
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

fn address(signed_in: &SignedIn, track: &Track) -> String {
    signed_in.to(&format!("tracks/{}/meetings/new", track.slug))
}

/// Whom the organizer may meet, with what the lobby would make of each; also those who are
/// of the meeting already and have left the track.
pub(in crate::web) async fn people(
    signed_in: &SignedIn,
    offer: &Offer,
    organizer: MemberId,
    gone: &[&Member],
    chosen: &[String],
) -> Result<Vec<PersonChoice>, Failed> {
    let store = &signed_in.app.store;
    let mut participants: Vec<Participant> =
        tracks::list_participants(store, &signed_in.sight, offer.track.id)
            .await?
            .into_iter()
            .filter(|each| each.member.state == MemberState::Active)
            .filter(|each| each.member.id != organizer)
            .collect();
    for member in gone {
        if participants.iter().all(|each| each.member.id != member.id) {
            participants.push(Participant {
                member: (*member).clone(),
                roles: Roles::default(),
            });
        }
    }
    let members: Vec<&Member> = participants.iter().map(|each| &each.member).collect();
    let faces = signed_in.faces(&members).await?;
    let ids: Vec<MemberId> = members.iter().map(|member| member.id).collect();
    let found = match offer.teams {
        Ok(_) => directory::list(store, &signed_in.sight, &ids).await?,
        Err(_) => std::collections::BTreeMap::new(),
    };
    let own = Person {
        member: organizer,
        organizer: true,
        mentor: false,
        object_id: offer.teams.as_ref().ok().copied(),
        guest: false,
    };
    let forecast = |participant: &Participant| -> Option<Forecast> {
        let lookup = found.get(&participant.member.id)?;
        let guest = Person {
            member: participant.member.id,
            organizer: false,
            mentor: participant.roles.contains(Role::Mentor),
            object_id: lookup.object_id(),
            guest: lookup.is_guest(),
        };
        let forecast = lobby::forecast(offer.track.lobby, &[own.clone(), guest]);
        forecast
            .people
            .last()
            .map(|(_, entry)| words::forecast(*entry))
    };
    Ok(participants
        .iter()
        .zip(faces)
        .map(|(participant, face)| {
            let id = participant.member.id.to_string();
            let labels: Vec<&str> = participant.roles.iter().map(Role::label).collect();
            PersonChoice {
                chosen: chosen.contains(&id),
                id,
                face,
                role: if labels.is_empty() {
                    "No longer in this track".to_owned()
                } else {
                    labels.join(", ")
                },
                forecast: forecast(participant),
            }
        })
        .collect())
}

pub(in crate::web) fn modes(
    signed_in: &SignedIn,
    offer: &Offer,
    address: String,
    chosen: &str,
    location: &str,
    errors: Errors,
) -> Modes {
    let reasons = offer.teams.as_ref().err();
    Modes {
        poll: reasons
            .is_some_and(|reasons| words::is_being_checked(reasons))
            .then(|| format!("{address}/modes?shown=checking")),
        offered: offer
            .track
            .modes
            .iter()
            .filter(|mode| *mode != Mode::Teams || reasons.is_none())
            .map(|offered| ModeOffer {
                mode: mode(offered),
                help: None,
                chosen: offered.as_str() == chosen,
            })
            .collect(),
        absent: reasons.and_then(|reasons| {
            words::absent(
                reasons,
                &signed_in.member().email,
                &signed_in.session.organization_name,
            )
        }),
        why: signed_in.to(&format!("tracks/{}/teams", offer.track.slug)),
        refresh: address,
        location: location.to_owned(),
        errors,
    }
}

/// What the form shows of the modes already.
pub struct Shown {
    state: String,
    mode: String,
    location: String,
}

impl FromFields for Shown {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            state: fields.one("shown")?,
            mode: fields.one("mode")?,
            location: fields.one("location")?,
        })
    }
}

/// The modes anew, while the actor is looked up; nothing while nothing has changed.
pub async fn show_modes(
    signed_in: SignedIn,
    Path((_, track)): Path<(String, String)>,
    Query(form): Query<Shown>,
) -> Answer {
    let track = find(&signed_in, &track).await?;
    let offer = offer(&signed_in, &track).await?;
    let checking = offer
        .teams
        .as_ref()
        .is_err_and(|reasons| words::is_being_checked(reasons));
    if checking && form.state == "checking" {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    view(&modes(
        &signed_in,
        &offer,
        address(&signed_in, &track),
        &form.mode,
        &form.location,
        Errors::none(),
    ))
}

/// Makes the meeting. The same form sent twice makes one.
pub async fn create(
    signed_in: SignedIn,
    Path((_, track)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let track = find(&signed_in, &track).await?;
    let form_key = wanted.about.form_key()?;
    let created = match wanted.draft() {
        Err(refusals) => Err(AppError::Refused(refusals)),
        Ok(draft) => signed_in
            .app
            .create_meeting(signed_in.acting(), track.id, &draft, form_key)
            .await
            .map(|id| (id, draft.mode)),
    };
    match created {
        Ok((id, mode)) => planned(&signed_in, id, mode),
        Err(error) => {
            let refused = refused(error)?;
            let status = refused.status;
            let offer = offer(&signed_in, &track).await?;
            let page = page(&signed_in, &offer, &wanted, Some(refused)).await?;
            view_as(status, &page)
        }
    }
}

fn planned(signed_in: &SignedIn, id: MeetingId, mode: Mode) -> Answer {
    let sentence = if mode == Mode::Teams {
        "The meeting is planned. Everyone is invited by mail as soon as its Teams link is there."
    } else {
        "The meeting is planned. Everyone is invited by mail."
    };
    see_and_say(&signed_in.to(&format!("meetings/{id}")), sentence)
}
