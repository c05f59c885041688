//! Another title, another agenda, other people: everything of a meeting but its time.

use std::collections::BTreeMap;

use axum::extract::Path;
use jiff::Timestamp;
use mentoring::meeting::{Changes, Meeting};
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::refusal::Refusal;
use mentoring::role::rights;
use mentoring::track::Mode;
use uuid::Uuid;

use super::new::{modes, people};
use super::schedule::{changeable, revision};
use super::{mode, others, repetition, words};
use crate::app::AppError;
use crate::app::meetings::Offer;
use crate::store;
use crate::store::meetings::StoredMeeting;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::pages::failure::Change;
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::{Details, ModeOffer, Modes};
use crate::web::pages::shown::Way;

/// What the form says.
pub struct Wanted {
    revision: i64,
    title: String,
    agenda: Option<String>,
    people: Vec<String>,
    repetition: repetition::Typed,
    mode: String,
    location: String,
    reason: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: revision(fields)?,
            title: fields.one("title")?,
            agenda: fields.optional("agenda")?,
            people: fields.several("people"),
            repetition: repetition::Typed::from_fields(fields)?,
            mode: fields.one("mode")?,
            location: fields.one("location")?,
            reason: fields.one("reason")?,
        })
    }
}

impl Wanted {
    fn of(meeting: &Meeting, reads_agenda: bool, now: Timestamp) -> Self {
        Self {
            revision: meeting.revision,
            title: meeting.title.clone(),
            agenda: reads_agenda.then(|| meeting.agenda.clone()),
            people: meeting
                .attendees
                .iter()
                .filter(|attendee| !attendee.organizer)
                .map(|attendee| attendee.member.to_string())
                .collect(),
            repetition: repetition::Typed::of(meeting, now),
            mode: meeting.mode.as_str().to_owned(),
            location: meeting.location.clone(),
            reason: String::new(),
        }
    }

    /// What is meant to be different; what was left as the form showed it stays.
    fn changes(&self, meeting: &Meeting, now: Timestamp) -> Result<Changes, Vec<Refusal>> {
        let people: Result<Vec<MemberId>, _> = self
            .people
            .iter()
            .map(|id| Uuid::try_parse(id).map(MemberId))
            .collect();
        let is_repeated = self.repetition != repetition::Typed::of(meeting, now);
        match (people, Mode::parse(&self.mode), self.repetition.read()) {
            (Ok(people), Some(mode), Ok(rule)) => Ok(Changes {
                title: Some(self.title.clone()),
                agenda: self.agenda.clone(),
                attendees: Some(people),
                mode: Some(mode),
                location: Some(self.location.clone()),
                time: None,
                repetition: is_repeated.then_some(rule),
                reason: Some(self.reason.clone()),
            }),
            (people, mode, rule) => {
                let mut refusals: Vec<Refusal> = rule.err().into_iter().collect();
                if people.is_err() {
                    refusals.push(Refusal::NotAParticipant);
                }
                if mode.is_none() {
                    refusals.push(Refusal::ModeOff);
                }
                Err(refusals)
            }
        }
    }
}

/// The form.
pub async fn show(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let stored = changeable(&signed_in, &id).await?;
    let meeting = &stored.meeting;
    let reads = rights(&signed_in.acting().actor, meeting).see_content;
    let wanted = Wanted::of(meeting, reads, signed_in.app.clock.now());
    view(&page(&signed_in, &stored, &wanted, Errors::none()).await?)
}

fn address(signed_in: &SignedIn, meeting: &Meeting) -> String {
    signed_in.to(&format!("meetings/{}", meeting.id))
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: &Wanted,
    errors: Errors,
) -> Result<Details, Failed> {
    let meeting = &stored.meeting;
    let known =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let names: Vec<&str> = others(signed_in, meeting, &known)
        .map(|person| person.first_name.as_str())
        .collect();
    let gone: Vec<&Member> = meeting
        .attendees
        .iter()
        .filter(|attendee| !attendee.organizer)
        .filter_map(|attendee| known.get(&attendee.member))
        .collect();
    let offer = signed_in.app.offer_of(signed_in.acting(), stored).await?;
    let mut frame = signed_in.frame(Here::Meetings).await?;
    frame.address = format!("{}/details", address(signed_in, meeting));
    Ok(Details {
        frame,
        id: meeting.id.to_string(),
        revision: wanted.revision.to_string(),
        shown: meeting.title.clone(),
        title: wanted.title.clone(),
        agenda: wanted.agenda.clone(),
        people: people(signed_in, &offer, meeting.organizer, &gone, &wanted.people).await?,
        repetition: wanted.repetition.shown(),
        modes: offered(signed_in, meeting, &offer, wanted, &errors),
        told: words::told(&names, "an update"),
        errors,
        reason_required: rights(&signed_in.acting().actor, meeting).needs_reason,
        reason: wanted.reason.clone(),
    })
}

/// The modes that it may become, and the one that it has, whatever became of the track.
/// Nobody is looked up for a change, so there is nothing to ask again for.
fn offered(
    signed_in: &SignedIn,
    meeting: &Meeting,
    offer: &Offer,
    wanted: &Wanted,
    errors: &Errors,
) -> Modes {
    let form = format!("{}/details", address(signed_in, meeting));
    let (chosen, location) = (&wanted.mode, &wanted.location);
    let mut shown = modes(signed_in, offer, form, chosen, location, errors.clone());
    shown.poll = None;
    let own = mode(meeting.mode);
    if shown.offered.iter().all(|offered| offered.mode != own) {
        shown.offered.push(ModeOffer {
            mode: own,
            help: None,
            chosen: chosen == meeting.mode.as_str(),
        });
    }
    if meeting.mode == Mode::Teams || meeting.organizer != signed_in.member().id {
        shown.absent = None;
    }
    shown
}

/// Changes the meeting.
pub async fn change(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let stored = changeable(&signed_in, &id).await?;
    let meeting = &stored.meeting;
    let now = signed_in.app.clock.now();
    let saved = match wanted.changes(meeting, now) {
        Err(refusals) => Err(AppError::Refused(refusals)),
        Ok(changes) => {
            signed_in
                .app
                .change_meeting(signed_in.acting(), meeting.id, wanted.revision, &changes)
                .await
        }
    };
    let address = address(&signed_in, meeting);
    match saved {
        Ok(()) => see_and_say(&address, "The meeting was changed."),
        Err(AppError::Conflict(reason)) => Err(Failed::Conflict {
            reason,
            changes: differences(&signed_in, &stored, &wanted, now).await?,
            again: Some(Way::new("Look at it again", format!("{address}/details"))),
        }),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&signed_in, &stored, &wanted, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

/// What somebody else made of it while one was typing, field by field.
async fn differences(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Vec<Change>, Failed> {
    let meeting = &stored.meeting;
    let known =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let offer = signed_in.app.offer_of(signed_in.acting(), stored).await?;
    let theirs = Wanted::of(meeting, wanted.agenda.is_some(), now);
    let everyone = people(signed_in, &offer, meeting.organizer, &[], &[]).await?;
    let mut names: BTreeMap<String, String> = known
        .values()
        .map(|member| (member.id.to_string(), member.name()))
        .collect();
    names.extend(everyone.into_iter().map(|each| (each.id, each.face.name)));
    let people_of = |ids: &[String]| {
        let mut all: Vec<&str> = ids
            .iter()
            .filter_map(|id| names.get(id))
            .map(String::as_str)
            .collect();
        all.sort_unstable();
        all.join(", ")
    };
    let way = |word: &str| Mode::parse(word).map_or("", Mode::label).to_owned();
    let agenda = |wanted: &Wanted| wanted.agenda.clone().unwrap_or_default();
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    let fields = [
        ("Title", plain(&theirs.title), plain(&wanted.title)),
        ("Agenda", plain(&agenda(&theirs)), plain(&agenda(wanted))),
        (
            "People",
            people_of(&theirs.people),
            people_of(&wanted.people),
        ),
        (
            "Repetition",
            theirs.repetition.to_string(),
            wanted.repetition.to_string(),
        ),
        ("Meeting mode", way(&theirs.mode), way(&wanted.mode)),
        ("Location", plain(&theirs.location), plain(&wanted.location)),
    ];
    Ok(fields
        .into_iter()
        .filter(|(_, theirs, yours)| theirs != yours)
        .map(|(field, theirs, yours)| Change {
            field: field.to_owned(),
            theirs,
            yours,
        })
        .collect())
}
