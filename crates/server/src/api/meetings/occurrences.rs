//! The occurrences of a meeting: listed, moved and called off one by one, or one with all
//! that follow. Each is named by its original start, which never changes.

use axum::extract::Path;
use http::StatusCode;
use jiff::civil::DateTime;
use mentoring::meeting::{Changes, Move, Scope};
use mentoring::repetition::{Occurrence, OccurrenceState};
use mentoring::schedule::When;
use serde::Serialize;
use serde_json::{Value, json};

use super::change::{Deed, attempt};
use super::{Seen, answer, fields, find};
use crate::api::body::Fields;
use crate::api::page::Asked;
use crate::api::problem::Problem;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, Writer, schema};
use crate::app::AppError;
use crate::store::meetings::StoredMeeting;

pub fn schemas() -> Vec<(&'static str, Value)> {
    let states: Vec<&str> = OccurrenceState::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();
    let scope = || {
        schema::word(
            &["this", "following"],
            "Only this one, or this one and all that follow. Nothing means `this`.",
        )
    };
    vec![
        (
            "Occurrence",
            schema::object(&[
                (
                    "original_start",
                    schema::text(
                        "Where the rule puts it, on a clock of the meeting's zone. It stays where the occurrence is moved, and is its name.",
                    ),
                    true,
                ),
                (
                    "local_start",
                    schema::text("The start on a clock of the meeting's zone."),
                    true,
                ),
                ("starts_at", schema::instant("The start."), true),
                ("ends_at", schema::instant("The end."), true),
                (
                    "duration_minutes",
                    json!({ "type": "integer", "description": "Minutes from start to end." }),
                    true,
                ),
                (
                    "status",
                    schema::word(&states, "Whether it takes place."),
                    true,
                ),
            ]),
        ),
        ("OccurrencePage", schema::page("Occurrence")),
        (
            "OccurrenceChanges",
            schema::object(&[
                ("local_start", fields::local_start(), false),
                ("time_zone", fields::time_zone(), false),
                ("duration_minutes", fields::duration(), false),
                ("scope", scope(), false),
                ("reason", fields::reason(), false),
            ]),
        ),
        (
            "OccurrenceCancellation",
            schema::object(&[
                ("scope", scope(), false),
                ("reason", fields::reason(), false),
            ]),
        ),
    ]
}

/// An occurrence.
#[derive(Debug, Serialize)]
pub struct Shown {
    original_start: String,
    local_start: String,
    starts_at: String,
    ends_at: String,
    duration_minutes: u16,
    status: OccurrenceState,
}

impl From<Occurrence> for Shown {
    fn from(one: Occurrence) -> Self {
        Self {
            original_start: one.original_start.to_string(),
            local_start: one.local_start.to_string(),
            starts_at: one.starts_at.to_string(),
            ends_at: one.ends_at.to_string(),
            duration_minutes: one.duration_minutes,
            status: one.state,
        }
    }
}

pub async fn list(bearer: Bearer, Path(id): Path<String>, mut parameters: Parameters) -> Answer {
    let stored = find(&bearer, &id).await?;
    let list = format!("occurrences {}", stored.meeting.id);
    let asked: Asked<(i64, String)> = Asked::read(&bearer, &mut parameters, &list)?;
    parameters.end()?;
    let cursor = |one: &Occurrence| {
        (
            one.starts_at.as_millisecond(),
            one.original_start.to_string(),
        )
    };
    let mut all = stored.meeting.occurrences;
    all.retain(|one| {
        asked
            .after
            .as_ref()
            .is_none_or(|after| cursor(one) > *after)
    });
    all.truncate(asked.size + 1);
    asked.answer(&bearer, all, cursor, Shown::from)
}

/// The occurrence of an address; one that is none is not found.
pub(super) fn named(stored: &StoredMeeting, original_start: &str) -> Result<Occurrence, Problem> {
    fields::wall(original_start)
        .and_then(|original| stored.meeting.occurrence(original))
        .ok_or_else(Problem::not_found)
}

fn scope(body: &mut Fields, original: DateTime) -> Scope {
    let scope = body.word(
        "scope",
        |word| match word {
            "this" => Some(Scope::This(original)),
            "following" => Some(Scope::Following(original)),
            _ => None,
        },
        &["this", "following"],
    );
    scope.unwrap_or(Scope::This(original))
}

pub async fn change(
    writer: Writer,
    Path((id, original_start)): Path<(String, String)>,
    seen: Seen,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let original = named(&stored, &original_start)?.original_start;
    let wanted = body.all().clone();
    let scope = scope(&mut body, original);
    let local_start = fields::read_start(&mut body);
    let time_zone = body.text("time_zone");
    let duration_minutes = body.number("duration_minutes");
    let reason = body.text("reason");
    body.end()?;
    if local_start.is_none() && time_zone.is_none() && duration_minutes.is_none() {
        return answer(&writer, StatusCode::OK, stored).await;
    }
    let deed = Deed::Change(Box::new(move |meeting| {
        let now = meeting.occurrence(original).ok_or(AppError::NotFound)?;
        let zone = time_zone.as_ref().unwrap_or(&meeting.schedule.time_zone);
        let when = When {
            local_start: local_start.unwrap_or(now.local_start),
            time_zone: zone.clone(),
            duration_minutes: duration_minutes.unwrap_or(now.duration_minutes),
        };
        Ok(Changes {
            time: Some(Move { when, scope }),
            reason: reason.clone(),
            ..Changes::default()
        })
    }));
    attempt(&writer, &id, &seen, &wanted, &deed).await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}

pub async fn cancel(
    writer: Writer,
    Path((id, original_start)): Path<(String, String)>,
    seen: Seen,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let original = named(&stored, &original_start)?.original_start;
    let wanted = body.all().clone();
    let scope = scope(&mut body, original);
    let reason = body.text("reason");
    body.end()?;
    let deed = Deed::Cancel(scope, reason);
    attempt(&writer, &id, &seen, &wanted, &deed).await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}
