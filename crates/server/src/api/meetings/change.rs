//! Changing a meeting: only what is sent becomes different.

use axum::extract::Path;
use http::StatusCode;
use mentoring::meeting::{Changes, Meeting, Move, Scope};
use mentoring::refusal::Refusal;
use mentoring::schedule::When;
use serde_json::{Map, Value};

use super::{Seen, answer, fields, find, quicker};
use crate::api::body::Fields;
use crate::api::preference::Wait;
use crate::api::problem::Problem;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, Writer, schema};
use crate::app::{AppError, Done};
use crate::store::meetings::StoredMeeting;

pub fn schema() -> Value {
    schema::object(&[
        ("title", fields::title(), false),
        ("agenda", fields::agenda(), false),
        ("attendees", fields::attendees(), false),
        ("local_start", fields::local_start(), false),
        ("time_zone", fields::time_zone(), false),
        ("duration_minutes", fields::duration(), false),
        ("mode", fields::mode(), false),
        ("location", fields::location(), false),
        ("repetition", fields::repetition(), false),
        ("reason", fields::reason(), false),
    ])
}

pub async fn change(
    writer: Writer,
    Path(id): Path<String>,
    seen: Seen,
    wait: Wait,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let wanted = body.all().clone();
    let wish = Wish::read(&writer, &stored, &mut body).await?;
    body.end()?;
    let deed = Deed::Change(Box::new(move |meeting| Ok(wish.changes(meeting))));
    attempt(&writer, &id, &seen, &wanted, &deed).await?;
    wait.for_link(&writer, stored.meeting.id).await?;
    let stored = find(&writer, &id).await?;
    Ok(wait.applied(answer(&writer, StatusCode::OK, stored).await?))
}

/// What is to become different.
struct Wish {
    changes: Changes,
    local_start: Option<jiff::civil::DateTime>,
    time_zone: Option<String>,
    duration_minutes: Option<u16>,
}

impl Wish {
    async fn read(
        bearer: &Bearer,
        stored: &StoredMeeting,
        body: &mut Fields,
    ) -> Result<Self, Problem> {
        let track = stored.meeting.track;
        Ok(Self {
            changes: Changes {
                title: body.text("title"),
                agenda: body.text("agenda"),
                attendees: fields::read_people(bearer, track, Some(stored), body).await?,
                mode: fields::read_mode(body),
                location: body.text("location"),
                time: None,
                repetition: if body.null("repetition") {
                    Some(None)
                } else {
                    fields::read_repetition(body).map(Some)
                },
                reason: body.text("reason"),
            },
            local_start: fields::read_start(body),
            time_zone: body.text("time_zone"),
            duration_minutes: body.number("duration_minutes"),
        })
    }

    /// What is not sent of the time stays as the meeting has it.
    fn changes(&self, meeting: &Meeting) -> Changes {
        let now = &meeting.schedule;
        let moves = self.local_start.is_some()
            || self.time_zone.is_some()
            || self.duration_minutes.is_some();
        let when = When {
            local_start: self.local_start.unwrap_or(now.local_start),
            time_zone: self
                .time_zone
                .clone()
                .unwrap_or_else(|| now.time_zone.clone()),
            duration_minutes: self.duration_minutes.unwrap_or(now.duration_minutes),
        };
        Changes {
            time: moves.then_some(Move {
                when,
                scope: Scope::All,
            }),
            ..self.changes.clone()
        }
    }
}

/// What is to become different about a meeting as it is.
type Changing = Box<dyn Fn(&Meeting) -> Done<Changes> + Send + Sync>;

/// What is to be done to a meeting, whichever revision of it.
pub(super) enum Deed {
    /// It becomes different.
    Change(Changing),
    /// It is called off, or occurrences of it.
    Cancel(Scope, Option<String>),
}

impl Deed {
    async fn is_done_to(&self, writer: &Writer, meeting: &Meeting) -> Done<()> {
        let (app, acting) = (&writer.app, writer.acting());
        let (id, revision) = (meeting.id, meeting.revision);
        match self {
            Self::Cancel(scope, reason) => {
                app.cancel_meeting(acting, id, revision, *scope, reason.clone())
                    .await
            }
            Self::Change(changes) => {
                let changes = changes(meeting)?;
                match app.change_meeting(acting, id, revision, &changes).await {
                    // To ask for the time that it has is no mistake of a program.
                    Err(AppError::Refused(all)) if all == [Refusal::TimeUnchanged] => Ok(()),
                    other => other,
                }
            }
        }
    }
}

/// Tries a change on the meeting as it is, or as it was seen. Whoever was overtaken and
/// said what they saw is shown what it is now; whoever did not say comes last.
pub(super) async fn attempt(
    writer: &Writer,
    id: &str,
    seen: &Seen,
    wanted: &Map<String, Value>,
    deed: &Deed,
) -> Result<(), Problem> {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        let stored = find(writer, id).await?;
        if !seen.is(stored.meeting.revision) {
            return Err(quicker(writer, &stored, wanted).await);
        }
        match deed.is_done_to(writer, &stored.meeting).await {
            Ok(()) => return Ok(()),
            Err(AppError::Conflict(reason)) => {
                let current = find(writer, id).await?;
                if current.meeting.revision == stored.meeting.revision {
                    return Err(Problem::conflict(reason));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(
        Problem::conflict("Others are changing this meeting at this very moment. Ask again.")
            .later(1),
    )
}
