//! Other times for a meeting: in place of those that were offered, or to move it.

use axum::extract::Path;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::proposal::{self, Wanted as Offered, is_group};
use mentoring::repetition::Occurrence;

use super::typed::Typed;
use crate::app::AppError;
use crate::store::meetings::{StoredMeeting, people_of};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, Refused, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields, Query};
use crate::web::meetings::schedule::{revision, way};
use crate::web::meetings::scope::Named;
use crate::web::meetings::{find, when, words};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::proposals::OtherTimes;
use crate::web::times;

/// What the form says.
pub struct Wanted {
    revision: i64,
    named: Named,
    times: Typed,
    note: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: revision(fields)?,
            named: Named::from_fields(fields)?,
            times: Typed::from_fields(fields)?,
            note: fields.one("note")?,
        })
    }
}

/// A meeting for which the actor may offer times, or why they may not.
async fn offerable(signed_in: &SignedIn, id: &str) -> Result<StoredMeeting, Failed> {
    let stored = find(signed_in, id).await?;
    let now = signed_in.app.clock.now();
    match proposal::may_offer(signed_in.member().id, &stored.meeting, now) {
        Ok(()) => Ok(stored),
        Err(refusal) => match AppError::from(refusal) {
            AppError::Conflict(reason) => Err(Failed::Conflict {
                reason,
                changes: Vec::new(),
                again: Some(way(signed_in, &stored.meeting)),
            }),
            other => Err(other.into()),
        },
    }
}

fn occurrence(signed_in: &SignedIn, meeting: &Meeting, named: Named) -> Result<Occurrence, Failed> {
    named.of(meeting, signed_in.app.clock.now())
}

/// The form.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(named): Query<Named>,
) -> Answer {
    let stored = offerable(&signed_in, &id).await?;
    let zone = &signed_in.member().time_zone;
    let minutes = occurrence(&signed_in, &stored.meeting, named)?.duration_minutes;
    let now = signed_in.app.clock.now();
    let wanted = Wanted {
        revision: stored.meeting.revision,
        named,
        times: Typed::of(times::proposal(now, zone), zone, minutes),
        note: String::new(),
    };
    view(&page(&signed_in, &stored, &wanted, None).await?)
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: &Wanted,
    refused: Option<Refused>,
) -> Result<OtherTimes, Failed> {
    let meeting = &stored.meeting;
    let people = people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let errors = refused.map_or_else(Errors::none, |refused| refused.errors);
    let occurrence = occurrence(signed_in, meeting, wanted.named)?;
    let is_planned = meeting.state == MeetingState::Scheduled;
    let is_own = meeting.organizer == signed_in.member().id;
    let organizer = people.get(&meeting.organizer);
    let organizer = organizer.map_or("The organizer", |person| person.first_name.as_str());
    let told = if is_own || (!is_planned && !is_group(meeting)) {
        let others: Vec<&str> = people
            .values()
            .filter(|person| person.id != signed_in.member().id)
            .filter(|person| meeting.is_attended_by(person.id))
            .map(|person| person.first_name.as_str())
            .collect();
        words::told(&others, "these times in place of the earlier ones")
    } else if is_planned {
        format!("{organizer} decides. Until then the meeting stays as it is planned.")
    } else {
        format!("{organizer} settles on one of all the times that are offered.")
    };
    let mut frame = signed_in.frame(Here::Meetings).await?;
    frame.address = signed_in.to(&format!("meetings/{}/proposals", meeting.id));
    Ok(OtherTimes {
        frame,
        id: meeting.id.to_string(),
        revision: wanted.revision.to_string(),
        occurrence: if is_planned {
            occurrence.original_start.to_string()
        } else {
            String::new()
        },
        title: meeting.title.clone(),
        planned: is_planned.then(|| when(signed_in, meeting, &occurrence, &people)),
        told,
        times: wanted.times.shown(&errors),
        errors,
        note: wanted.note.clone(),
    })
}

/// Offers them.
pub async fn offer(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let stored = offerable(&signed_in, &id).await?;
    let meeting = &stored.meeting;
    let about = if meeting.state == MeetingState::Scheduled {
        Some(occurrence(&signed_in, meeting, wanted.named)?.original_start)
    } else {
        None
    };
    let offered = match wanted.times.read() {
        Err(refusals) => Err(AppError::Refused(refusals)),
        Ok(times) => {
            let note = wanted.note.clone();
            let offered = Offered { about, times, note };
            let (acting, revision) = (signed_in.acting(), Some(wanted.revision));
            let app = &signed_in.app;
            app.offer_times(acting, meeting.id, revision, &offered)
                .await
        }
    };
    let address = signed_in.to(&format!("meetings/{}", meeting.id));
    match offered {
        Ok(_) => see_and_say(&address, "The times are offered."),
        Err(AppError::Conflict(reason)) => Err(Failed::Conflict {
            reason,
            changes: Vec::new(),
            again: Some(way(&signed_in, meeting)),
        }),
        Err(error) => {
            let refused = refused(error)?;
            let status = refused.status;
            view_as(
                status,
                &page(&signed_in, &stored, &wanted, Some(refused)).await?,
            )
        }
    }
}
