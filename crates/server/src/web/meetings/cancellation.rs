//! Calling a meeting off.

use axum::extract::Path;
use mentoring::meeting::{MeetingState, may_cancel};
use mentoring::role::rights;
use mentoring::track::Mode;

use super::schedule::{allowed, revision, way};
use super::scope::{Named, Scoped};
use super::{others, when, words};
use crate::app::AppError;
use crate::store;
use crate::store::meetings::StoredMeeting;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields, Query};
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::Cancellation;

/// Why.
pub struct Wanted {
    revision: i64,
    scoped: Scoped,
    reason: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: revision(fields)?,
            scoped: Scoped::from_fields(fields)?,
            reason: fields.one("reason")?,
        })
    }
}

/// Before a meeting is called off.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(named): Query<Named>,
) -> Answer {
    let stored = allowed(&signed_in, &id, may_cancel).await?;
    let wanted = Wanted {
        revision: stored.meeting.revision,
        scoped: Scoped::of(named),
        reason: String::new(),
    };
    view(&page(&signed_in, &stored, wanted, Errors::none()).await?)
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: Wanted,
    errors: Errors,
) -> Result<Cancellation, Failed> {
    let meeting = &stored.meeting;
    let people =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let names: Vec<&str> = others(signed_in, meeting, &people)
        .map(|person| person.first_name.as_str())
        .collect();
    let now = signed_in.app.clock.now();
    let occurrence = wanted.scoped.named.of(meeting, now)?;
    let is_proposed = meeting.state == MeetingState::Proposed;
    Ok(Cancellation {
        frame: signed_in.frame(Here::Meetings).await?,
        scope: wanted.scoped.shown(meeting, &occurrence),
        id: meeting.id.to_string(),
        revision: wanted.revision.to_string(),
        title: meeting.title.clone(),
        when: (!is_proposed).then(|| when(signed_in, meeting, &occurrence, &people)),
        told: words::told(&names, "a cancellation"),
        teams: meeting.mode == Mode::Teams && !is_proposed,
        errors,
        reason_required: rights(&signed_in.acting().actor, meeting).needs_reason,
        reason: wanted.reason,
    })
}

/// Calls it off.
pub async fn cancel(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let stored = allowed(&signed_in, &id, may_cancel).await?;
    let meeting = &stored.meeting;
    let occurrence = wanted.scoped.named.of(meeting, signed_in.app.clock.now())?;
    let scope = wanted.scoped.read(&occurrence);
    let cancelled = signed_in
        .app
        .cancel_meeting(
            signed_in.acting(),
            meeting.id,
            wanted.revision,
            scope,
            Some(wanted.reason.clone()),
        )
        .await;
    match cancelled {
        Ok(()) => see_and_say(
            &signed_in.to(&format!("meetings/{}", meeting.id)),
            "The meeting was cancelled.",
        ),
        Err(AppError::Conflict(reason)) => Err(Failed::Conflict {
            reason,
            changes: Vec::new(),
            again: Some(way(&signed_in, meeting)),
        }),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&signed_in, &stored, wanted, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}
