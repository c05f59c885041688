//! Meetings for programs: read, made, changed, called off.

mod answers;
mod cancellation;
mod change;
mod create;
mod fields;
mod list;
mod occurrences;
mod outcomes;
mod proposals;
mod seen;
mod shown;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, patch, post};
use http::{HeaderName, HeaderValue, StatusCode, header};
use mentoring::organization::MeetingId;
use serde::Serialize;
use serde_json::{Map, Value, json as shape};
use uuid::Uuid;

use super::document::{Answered, Route, if_match, in_path, in_query, of_pages, prefer};
use super::preference::Wait;
use super::problem::Problem;
use super::query::Parameters;
use super::{Answer, Bearer, schema};
use crate::store::links;
use crate::store::meetings::{self, StoredMeeting};
use seen::Seen;

pub fn routes() -> Vec<Route> {
    let the_meeting = || in_path("id", "The meeting.");
    let mut windowed = vec![
        in_query(
            "from",
            &schema::instant("An instant."),
            "Only meetings with an occurrence that starts at or after it.",
        ),
        in_query(
            "to",
            &schema::instant("An instant."),
            "Only meetings with an occurrence that starts before it.",
        ),
    ];
    windowed.extend(of_pages());
    let mut of_track = vec![in_path("id", "The track.")];
    of_track.extend(windowed.clone());
    vec![
        Route {
            method: "get",
            path: "/meetings",
            handler: get(list::mine),
            id: "listMeetings",
            noun: "Meetings",
            summary: "List your meetings",
            detail: "The meetings that you attend, the soonest first, cancelled ones too. A series stands in it once, at the first of its occurrences between `from` and `to`.",
            parameters: windowed,
            body: None,
            answer: answered(200, "MeetingPage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "get",
            path: "/tracks/{id}/meetings",
            handler: get(list::of_track),
            id: "listTrackMeetings",
            noun: "Meetings",
            summary: "List the meetings of a track",
            detail: "Those of them that you may see: your own, and for those who administer the track all.",
            parameters: of_track,
            body: None,
            answer: answered(200, "MeetingPage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/tracks/{id}/meetings",
            handler: post(create::create),
            id: "createMeeting",
            noun: "Meetings",
            summary: "Make a meeting",
            detail: "You are its organizer and attend it; `attendees` are the others. The meeting is saved at once; a Teams link follows by itself, in the normal case within a second or two: `Prefer: wait=10` answers once it is there.",
            parameters: vec![in_path("id", "The track."), prefer()],
            body: Some(("MeetingDraft", true)),
            answer: answered(201, "Meeting", "The meeting.", &["ETag", "Location"]),
            refusals: &[],
        },
        Route {
            method: "get",
            path: "/meetings/{id}",
            handler: get(show),
            id: "getMeeting",
            noun: "Meetings",
            summary: "Read a meeting",
            detail: "Whoever administers the track sees when, how and who, but neither the agenda nor the join address.",
            parameters: vec![the_meeting(), prefer()],
            body: None,
            answer: answered(200, "Meeting", "The meeting.", &["ETag"]),
            refusals: &[],
        },
        Route {
            method: "patch",
            path: "/meetings/{id}",
            handler: patch(change::change),
            id: "changeMeeting",
            noun: "Meetings",
            summary: "Change a meeting",
            detail: "Only what you send becomes different, and the link stays. For its organizer, and for those who administer its track with a reason that everybody is told. A new time moves the whole of a series that is not over: `local_start` is where its first one goes, and the others go as far. Everybody who knows of the meeting is told, of all but the agenda.",
            parameters: vec![the_meeting(), if_match(), prefer()],
            body: Some(("MeetingChanges", true)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[412],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/cancellation",
            handler: post(cancellation::cancel),
            id: "cancelMeeting",
            noun: "Meetings",
            summary: "Call a meeting off",
            detail: "For its organizer, and for those who administer its track with a reason that everybody is told. Its Teams meeting is deleted, and its join address closes at once.",
            parameters: vec![the_meeting(), if_match()],
            body: Some(("Cancellation", false)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[412],
        },
    ]
    .into_iter()
    .chain(further())
    .collect()
}

/// What belongs to a meeting and has addresses of its own.
fn further() -> impl Iterator<Item = Route> {
    [
        of_occurrences(),
        of_answers(),
        of_outcomes(),
        proposals::routes(),
    ]
    .into_iter()
    .flatten()
}

fn of_occurrences() -> Vec<Route> {
    let the_meeting = || in_path("id", "The meeting.");
    let the_occurrence = || {
        vec![
            the_meeting(),
            shape!({ "name": "original_start", "in": "path", "required": true, "description": "The occurrence, by its `original_start`.", "schema": { "type": "string", "pattern": fields::WALL } }),
            if_match(),
        ]
    };
    let mut in_parts = vec![the_meeting()];
    in_parts.extend(of_pages());
    vec![
        Route {
            method: "get",
            path: "/meetings/{id}/occurrences",
            handler: get(occurrences::list),
            id: "listOccurrences",
            noun: "Occurrences",
            summary: "List the occurrences of a meeting",
            detail: "Each time that its people meet, the soonest first. A meeting that does not repeat has one.",
            parameters: in_parts,
            body: None,
            answer: answered(200, "OccurrencePage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "patch",
            path: "/meetings/{id}/occurrences/{original_start}",
            handler: patch(occurrences::change),
            id: "changeOccurrence",
            noun: "Occurrences",
            summary: "Move one occurrence, or one and all that follow",
            detail: "An occurrence may be moved past the next one. Everybody is told once.",
            parameters: the_occurrence(),
            body: Some(("OccurrenceChanges", true)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[412],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/occurrences/{original_start}/cancellation",
            handler: post(occurrences::cancel),
            id: "cancelOccurrence",
            noun: "Occurrences",
            summary: "Call off one occurrence, or one and all that follow",
            detail: "Calling off the last that is left calls off the meeting.",
            parameters: the_occurrence(),
            body: Some(("OccurrenceCancellation", false)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[412],
        },
    ]
}

fn of_answers() -> Vec<Route> {
    let the_meeting = || in_path("id", "The meeting.");
    let mut in_parts = vec![the_meeting()];
    in_parts.extend(of_pages());
    vec![
        Route {
            method: "get",
            path: "/meetings/{id}/answers",
            handler: get(answers::list),
            id: "listAnswers",
            noun: "Answers",
            summary: "List who will be there",
            detail: "Everybody of the meeting, the organizer first, with what they answered. Notes are for those who attend.",
            parameters: in_parts,
            body: None,
            answer: answered(200, "AnswerPage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/answers",
            handler: post(answers::give),
            id: "answer",
            noun: "Answers",
            summary: "Say whether you will be there",
            detail: "For those who attend, as long as something of the meeting lies ahead; of a series it is for all that does. A later answer takes the place of an earlier one. The revision stays.",
            parameters: vec![the_meeting()],
            body: Some(("OwnAnswer", true)),
            answer: answered(200, "Meeting", "The meeting as it is now.", &["ETag"]),
            refusals: &[],
        },
    ]
}

fn of_outcomes() -> Vec<Route> {
    let the_occurrence = || {
        vec![
            in_path("id", "The meeting."),
            shape!({ "name": "original_start", "in": "path", "required": true, "description": "The occurrence, by its `original_start`.", "schema": { "type": "string", "pattern": fields::WALL } }),
        ]
    };
    let mut in_parts = the_occurrence();
    in_parts.extend(of_pages());
    vec![
        Route {
            method: "get",
            path: "/meetings/{id}/occurrences/{original_start}/outcomes",
            handler: get(outcomes::list),
            id: "listOutcomes",
            noun: "Outcomes",
            summary: "List what people say of how an occurrence went",
            detail: "For those who attend. Others see by its `status` whether it was held or missed: it was held if anybody who was to be there says so.",
            parameters: in_parts,
            body: None,
            answer: answered(200, "OutcomePage", "A part of the list.", &[]),
            refusals: &[],
        },
        Route {
            method: "post",
            path: "/meetings/{id}/occurrences/{original_start}/outcomes",
            handler: post(outcomes::say),
            id: "sayOutcome",
            noun: "Outcomes",
            summary: "Say how an occurrence went",
            detail: "For those who attend, once it is over and for a year. `moved` needs the `local_start` at which it took place. A later word takes the place of an earlier one. The meeting's revision stays.",
            parameters: the_occurrence(),
            body: Some(("OwnOutcome", true)),
            answer: answered(200, "Occurrence", "The occurrence as it is now.", &[]),
            refusals: &[],
        },
    ]
}

fn answered(
    status: u16,
    shape: &'static str,
    description: &'static str,
    headers: &'static [&'static str],
) -> Answered {
    Answered {
        status,
        shape,
        description,
        headers,
    }
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = shown::schemas();
    schemas.extend(occurrences::schemas());
    schemas.extend(answers::schemas());
    schemas.extend(outcomes::schemas());
    schemas.extend(proposals::schemas());
    schemas.extend([
        ("MeetingDraft", create::schema()),
        ("MeetingChanges", change::schema()),
        ("Cancellation", cancellation::schema()),
        ("Repetition", fields::of_repetition()),
        ("OfferedTime", fields::of_offered_time()),
    ]);
    schemas
}

/// An answer in JSON.
pub fn json(value: &impl Serialize) -> Answer {
    let text = serde_json::to_string(value).map_err(|error| Problem::broken(error.to_string()))?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kind, text).into_response())
}

/// The meeting of an address, within sight.
async fn find(bearer: &Bearer, id: &str) -> Result<StoredMeeting, Problem> {
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found())?;
    meetings::find(bearer.store(), &bearer.sight, MeetingId(id))
        .await?
        .ok_or_else(Problem::not_found)
}

/// Answers with a meeting and its revision.
async fn answer(bearer: &Bearer, status: StatusCode, stored: StoredMeeting) -> Answer {
    let revision = stored.meeting.revision;
    let link = links::find(bearer.store(), &bearer.sight, stored.meeting.id).await?;
    let people = meetings::people_of(bearer.store(), &bearer.sight, [&stored]).await?;
    let mut response = json(&shown::shown(
        bearer,
        &stored,
        link.map(|link| link.state),
        &people,
    ))?;
    *response.status_mut() = status;
    put(&mut response, header::ETAG, &format!("\"{revision}\""))?;
    Ok(response)
}

fn put(response: &mut Response, name: HeaderName, value: &str) -> Result<(), Problem> {
    let value = HeaderValue::try_from(value).map_err(|error| Problem::broken(error.to_string()))?;
    response.headers_mut().insert(name, value);
    Ok(())
}

async fn show(
    bearer: Bearer,
    Path(id): Path<String>,
    wait: Wait,
    parameters: Parameters,
) -> Answer {
    parameters.end()?;
    let stored = find(&bearer, &id).await?;
    wait.for_link(&bearer, stored.meeting.id).await?;
    let stored = find(&bearer, &id).await?;
    Ok(wait.applied(answer(&bearer, StatusCode::OK, stored).await?))
}

/// Somebody else was quicker: what the meeting is now, and where that differs from what
/// was asked for.
async fn quicker(bearer: &Bearer, stored: &StoredMeeting, wanted: &Map<String, Value>) -> Problem {
    let current = match shown_now(bearer, stored).await {
        Ok(current) => current,
        Err(problem) => return problem,
    };
    let mut changes = Vec::new();
    for (field, yours) in wanted {
        let now = fields::now(&stored.meeting, &current, field);
        if now != *yours {
            changes.push(shape!({ "field": field, "now": now, "yours": yours }));
        }
    }
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "Somebody else changed this meeting in the meantime. `current` is what it is now.",
    )
    .with("current", current)
    .with("changes", Value::Array(changes))
}

async fn shown_now(bearer: &Bearer, stored: &StoredMeeting) -> Result<Value, Problem> {
    let link = links::find(bearer.store(), &bearer.sight, stored.meeting.id).await?;
    let people = meetings::people_of(bearer.store(), &bearer.sight, [stored]).await?;
    let shown = shown::shown(bearer, stored, link.map(|link| link.state), &people);
    serde_json::to_value(&shown).map_err(|error| Problem::broken(error.to_string()))
}
