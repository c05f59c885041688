//! When a meeting is to be: the fields that say so, and the form that moves a meeting.

use axum::extract::Path;
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::meeting::{Changes, Meeting, Move, Scope, may_change};
use mentoring::refusal::Refusal;
use mentoring::repetition::Occurrence;
use mentoring::role::{Actor, rights};
use mentoring::schedule::{When, read_local};
use mentoring::track::Mode;

use super::scope::{Named, Scoped};
use super::{others, when, words};
use crate::app::AppError;
use crate::store;
use crate::store::meetings::StoredMeeting;
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, Refused, refused, see_and_say, view, view_as};
use crate::web::form::{Fields, Form, FromFields, Query};
use crate::web::pages::failure::Change;
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::{self as pages, Reschedule};
use crate::web::pages::shown::Way;
use crate::web::times;

/// When, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub date: String,
    pub time: String,
    pub zone: String,
    pub duration: String,
    /// One of the times offered instead; it counts before date and time.
    pub neighbour: Option<String>,
}

impl FromFields for Typed {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            date: fields.one("date")?,
            time: fields.one("time")?,
            zone: fields.one("zone")?,
            duration: fields.one("duration")?,
            neighbour: fields.optional("neighbour")?,
        }
        .settled())
    }
}

impl Typed {
    /// A form that begins with this.
    pub fn of(local: DateTime, zone: &str, minutes: u16) -> Self {
        Self {
            date: local.strftime("%Y-%m-%d").to_string(),
            time: local.strftime("%H:%M").to_string(),
            zone: zone.to_owned(),
            duration: minutes.to_string(),
            neighbour: None,
        }
    }

    fn settled(self) -> Self {
        let chosen = self
            .neighbour
            .as_deref()
            .and_then(|chosen| chosen.parse::<DateTime>().ok());
        match chosen {
            Some(local) => Self {
                duration: self.duration,
                ..Self::of(local, &self.zone, 0)
            },
            None => self,
        }
    }

    /// What was meant, or what of it can't be read.
    pub fn read(&self) -> Result<When, Vec<Refusal>> {
        let local = read_local(&self.date, &self.time);
        let duration: Option<u16> = self.duration.trim().parse().ok();
        match (local, duration) {
            (Ok(local_start), Some(duration_minutes)) => Ok(When {
                local_start,
                time_zone: self.zone.trim().to_owned(),
                duration_minutes,
            }),
            (local, duration) => {
                let mut refusals = local.err().unwrap_or_default();
                if duration.is_none() {
                    refusals.push(Refusal::DurationInvalid);
                }
                Err(refusals)
            }
        }
    }

    /// The fields again.
    pub fn shown(&self, refusals: &[Refusal]) -> pages::Schedule {
        pages::Schedule {
            date: self.date.clone(),
            time: self.time.clone(),
            zones: times::zones(&self.zone),
            duration: self.duration.clone(),
            neighbours: words::neighbours(refusals),
        }
    }
}

/// A meeting that the actor may still change, or why they may not.
pub(super) async fn changeable(signed_in: &SignedIn, id: &str) -> Result<StoredMeeting, Failed> {
    allowed(signed_in, id, may_change).await
}

/// A meeting with which the actor may do what this rule allows, or why they may not.
pub(super) async fn allowed(
    signed_in: &SignedIn,
    id: &str,
    rule: fn(&Actor, &Meeting, Timestamp) -> Result<(), Refusal>,
) -> Result<StoredMeeting, Failed> {
    let stored = super::find(signed_in, id).await?;
    let meeting = &stored.meeting;
    let now = signed_in.app.clock.now();
    match rule(&signed_in.acting().actor, meeting, now) {
        Ok(()) => Ok(stored),
        Err(Refusal::NotYourMeeting) => Err(AppError::from(Refusal::NotYourMeeting).into()),
        Err(refusal) => Err(Failed::Conflict {
            reason: refusal.to_string(),
            changes: Vec::new(),
            again: Some(way(signed_in, meeting)),
        }),
    }
}

pub(in crate::web) fn way(signed_in: &SignedIn, meeting: &Meeting) -> Way {
    Way::new(
        "Look at the meeting",
        signed_in.to(&format!("meetings/{}", meeting.id)),
    )
}

/// The revision that a form was made from.
pub(in crate::web) fn revision(fields: &mut Fields) -> Result<i64, Failed> {
    fields.one("revision")?.parse().map_err(|_| {
        Failed::Refused(
            StatusCode::BAD_REQUEST,
            "The form does not say what it was made from.".to_owned(),
        )
    })
}

/// Another time, and why.
pub struct Wanted {
    revision: i64,
    scoped: Scoped,
    when: Typed,
    reason: String,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            revision: revision(fields)?,
            scoped: Scoped::from_fields(fields)?,
            when: Typed::from_fields(fields)?,
            reason: fields.one("reason")?,
        })
    }
}

/// The form that moves a meeting.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(named): Query<Named>,
) -> Answer {
    let stored = changeable(&signed_in, &id).await?;
    let occurrence = named.of(&stored.meeting, signed_in.app.clock.now())?;
    let wanted = Wanted {
        revision: stored.meeting.revision,
        scoped: Scoped::of(named),
        when: Typed::of(
            occurrence.local_start,
            &stored.meeting.schedule.time_zone,
            occurrence.duration_minutes,
        ),
        reason: String::new(),
    };
    view(&page(&signed_in, &stored, &wanted, None).await?)
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: &Wanted,
    refused: Option<Refused>,
) -> Result<Reschedule, Failed> {
    let meeting = &stored.meeting;
    let people =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let names: Vec<&str> = others(signed_in, meeting, &people)
        .map(|person| person.first_name.as_str())
        .collect();
    let mut told = words::told(&names, "an update");
    if meeting.mode == Mode::Teams {
        told.push_str(" The Teams link stays the same.");
    }
    let (errors, refusals) = refused.map_or((Errors::none(), Vec::new()), |refused| {
        (refused.errors, refused.refusals)
    });
    let mut frame = signed_in.frame(Here::Meetings).await?;
    frame.address = signed_in.to(&format!("meetings/{}/schedule", meeting.id));
    let now = signed_in.app.clock.now();
    let occurrence = wanted.scoped.named.of(meeting, now)?;
    Ok(Reschedule {
        scope: wanted.scoped.shown(meeting, &occurrence),
        frame,
        id: meeting.id.to_string(),
        revision: wanted.revision.to_string(),
        title: meeting.title.clone(),
        when: when(signed_in, meeting, &occurrence, &people),
        told,
        errors,
        schedule: wanted.when.shown(&refusals),
        reason_required: rights(&signed_in.acting().actor, meeting).needs_reason,
        reason: wanted.reason.clone(),
    })
}

/// Moves a meeting.
pub async fn change(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(wanted): Form<Wanted>,
) -> Answer {
    let stored = changeable(&signed_in, &id).await?;
    let meeting = &stored.meeting;
    let reason = Some(wanted.reason.clone());
    let occurrence = wanted.scoped.named.of(meeting, signed_in.app.clock.now())?;
    let scope = wanted.scoped.read(&occurrence);
    let changed = match wanted.when.read() {
        Err(refusals) => Err(AppError::Refused(refusals)),
        Ok(when) => {
            let changes = Changes {
                time: Some(Move {
                    when: of_first(meeting, &occurrence, scope, when),
                    scope,
                }),
                reason,
                ..Changes::default()
            };
            signed_in
                .app
                .change_meeting(signed_in.acting(), meeting.id, wanted.revision, &changes)
                .await
        }
    };
    let address = signed_in.to(&format!("meetings/{}", meeting.id));
    match changed {
        Ok(()) => see_and_say(&address, "The meeting was moved."),
        Err(AppError::Conflict(reason)) => Err(Failed::Conflict {
            reason,
            changes: vec![moved(&signed_in, &stored, &wanted).await?],
            again: Some(Way::new("Look at it again", format!("{address}/schedule"))),
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

/// What was typed for one occurrence, as what all go by: the first start.
fn of_first(meeting: &Meeting, occurrence: &Occurrence, scope: Scope, when: When) -> When {
    if scope != Scope::All || meeting.repetition.is_none() {
        return when;
    }
    let typed = when.local_start;
    let days = occurrence.original_start.date().until(typed.date());
    let first = meeting.schedule.local_start.date();
    let date = first.saturating_add(days.unwrap_or_default());
    When {
        local_start: date.to_datetime(typed.time()),
        ..when
    }
}

/// What somebody else made of it while one was typing.
async fn moved(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    wanted: &Wanted,
) -> Result<Change, Failed> {
    let people =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let occurrence = wanted
        .scoped
        .named
        .of(&stored.meeting, signed_in.app.clock.now())?;
    let now = when(signed_in, &stored.meeting, &occurrence, &people);
    let typed = &wanted.when;
    Ok(Change {
        field: "Time".to_owned(),
        theirs: format!("{}, {}", now.day, now.hours),
        yours: format!(
            "{} {}, {} minutes ({})",
            typed.date, typed.time, typed.duration, typed.zone
        ),
    })
}
