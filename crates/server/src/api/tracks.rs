//! Tracks for programs: which there are, who is in them, and how people meet in them.

use axum::extract::Path;
use axum::routing::{get, put};
use mentoring::organization::TrackId;
use mentoring::role::Role;
use mentoring::track::{Mode, Modes, Track};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::Fields;
use super::document::{Answered, Route, in_path, of_pages};
use super::meetings::json;
use super::page::Asked;
use super::problem::{FieldError, Problem};
use super::query::Parameters;
use super::{Answer, Bearer, Writer, me, schema};
use crate::app::AppError;
use crate::app::tracks::{ModesChange, TeamsMeetings};
use crate::store::tracks;
use crate::store::tracks::Participant;

pub fn routes() -> Vec<Route> {
    let the_track = || in_path("id", "The track.");
    let mut of_participants = vec![the_track()];
    of_participants.extend(of_pages());
    vec![
        Route {
            method: "get",
            path: "/tracks",
            handler: get(list),
            id: "listTracks",
            noun: "Tracks",
            summary: "List the tracks",
            detail: "Those that you are enrolled in or administer, by name; for global administrators all.",
            parameters: of_pages(),
            body: None,
            answer: answered("TrackPage", "A part of the list."),
            refusals: &[],
        },
        Route {
            method: "get",
            path: "/tracks/{id}",
            handler: get(show),
            id: "getTrack",
            noun: "Tracks",
            summary: "Read a track",
            detail: "",
            parameters: vec![the_track()],
            body: None,
            answer: answered("Track", "The track."),
            refusals: &[],
        },
        Route {
            method: "put",
            path: "/tracks/{id}/meeting-modes",
            handler: put(change_modes),
            id: "setMeetingModes",
            noun: "Tracks",
            summary: "Set the meeting modes of a track",
            detail: "For those who administer the track. Teams can be among them only while it is integrated. If it is taken away while Teams meetings lie ahead, `teams_meetings` says what becomes of them; without it the answer is 409.",
            parameters: vec![the_track()],
            body: Some(("MeetingModes", true)),
            answer: answered("Track", "The track as it is now."),
            refusals: &[],
        },
        Route {
            method: "get",
            path: "/tracks/{id}/participants",
            handler: get(participants),
            id: "listParticipants",
            noun: "Tracks",
            summary: "List the people of a track",
            detail: "Everybody who is enrolled and active, by name.",
            parameters: of_participants,
            body: None,
            answer: answered("ParticipantPage", "A part of the list."),
            refusals: &[],
        },
    ]
}

fn answered(shape: &'static str, description: &'static str) -> Answered {
    Answered {
        status: 200,
        shape,
        description,
        headers: &[],
    }
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let modes = json!({ "type": "array", "items": { "type": "string", "enum": words() }, "minItems": 1, "description": "How people may meet: `in_person`, `phone`, `teams`." });
    let track = schema::object(&[
        ("id", schema::id("Its id."), true),
        ("slug", schema::text("Its part of addresses."), true),
        ("name", schema::text("Its name."), true),
        ("meeting_modes", modes.clone(), true),
        (
            "roles",
            schema::about(me::roles(), "Your roles in it."),
            true,
        ),
    ]);
    let wanted = schema::object(&[
        ("modes", modes, true),
        (
            "teams_meetings",
            schema::word(
                &["keep", "in_person", "phone"],
                "What becomes of the Teams meetings that lie ahead once `teams` is taken away: they keep their links, or become this.",
            ),
            false,
        ),
    ]);
    let participant = schema::object(&[
        ("member_id", schema::id("Their member id."), true),
        ("name", schema::text("First and last name."), true),
        ("first_name", schema::text("The first name."), true),
        ("last_name", schema::text("The last name."), true),
        ("email", schema::text("Their address."), true),
        ("roles", me::roles(), true),
    ]);
    vec![
        ("Track", track),
        ("TrackPage", schema::page("Track")),
        ("MeetingModes", wanted),
        ("Participant", participant),
        ("ParticipantPage", schema::page("Participant")),
    ]
}

fn words() -> Vec<&'static str> {
    Mode::ALL.iter().map(|mode| mode.as_str()).collect()
}

#[derive(Serialize)]
struct ShownTrack {
    id: String,
    slug: String,
    name: String,
    meeting_modes: Vec<Mode>,
    roles: Vec<Role>,
}

fn shown(bearer: &Bearer, track: Track) -> ShownTrack {
    let roles = bearer.acting().actor.enrolments.get(&track.id);
    ShownTrack {
        id: track.id.to_string(),
        meeting_modes: track.modes.iter().collect(),
        roles: roles.map_or(Vec::new(), |roles| roles.iter().collect()),
        slug: track.slug,
        name: track.name,
    }
}

/// The track of an address, within sight.
pub async fn find(bearer: &Bearer, id: &str) -> Result<Track, Problem> {
    let id = Uuid::try_parse(id).map_err(|_| Problem::not_found())?;
    tracks::find(bearer.store(), &bearer.sight, TrackId(id))
        .await?
        .ok_or_else(Problem::not_found)
}

/// Where a list that is read as a whole ended: a name, and an id among equals.
type ByName = (String, Uuid);

/// What comes after the cursor, one more than asked for.
fn part<T>(asked: &Asked<ByName>, all: Vec<T>, cursor: impl Fn(&T) -> ByName) -> Vec<T> {
    let mut all = all;
    all.sort_by_cached_key(&cursor);
    all.into_iter()
        .skip_while(|item| {
            asked
                .after
                .as_ref()
                .is_some_and(|after| cursor(item) <= *after)
        })
        .take(asked.size + 1)
        .collect()
}

async fn list(bearer: Bearer, mut parameters: Parameters) -> Answer {
    let asked = Asked::read(&bearer, &mut parameters, "tracks")?;
    parameters.end()?;
    let all = tracks::list(bearer.store(), &bearer.sight).await?;
    let cursor = |track: &Track| (track.name.clone(), track.id.0);
    let part = part(&asked, all, cursor);
    asked.answer(&bearer, part, cursor, |track| shown(&bearer, track))
}

async fn show(bearer: Bearer, Path(id): Path<String>, parameters: Parameters) -> Answer {
    parameters.end()?;
    let track = find(&bearer, &id).await?;
    json(&shown(&bearer, track))
}

async fn change_modes(
    writer: Writer,
    Path(id): Path<String>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let track = find(&writer, &id).await?;
    if !body.has("modes") {
        body.missing("modes");
    }
    let wanted = body.texts("modes").unwrap_or_default();
    let meetings = body.word(
        "teams_meetings",
        |word| match word {
            "keep" => Some(TeamsMeetings::Keep),
            "in_person" => Some(TeamsMeetings::Become(Mode::InPerson)),
            "phone" => Some(TeamsMeetings::Become(Mode::Phone)),
            _ => None,
        },
        &["keep", "in_person", "phone"],
    );
    let modes: Option<Vec<Mode>> = wanted.iter().map(|word| Mode::parse(word)).collect();
    if modes.is_none() {
        body.refuse(
            "modes",
            format!("`modes` has some of: {}.", words().join(", ")),
        );
    }
    body.end()?;
    let modes = Modes::from_iter(modes.unwrap_or_default())?;
    let changed = writer
        .app
        .change_modes(writer.acting(), track.id, modes, meetings)
        .await
        .map_err(|error| match error {
            AppError::Conflict(reason) => {
                let errors = json!([FieldError::new("modes", reason.clone())]);
                Problem::conflict(reason).with("errors", errors)
            }
            error => error.into(),
        })?;
    if let ModesChange::AskAboutMeetings(count) = changed {
        let detail = format!(
            "{count} Teams meetings lie ahead in this track. Say in `teams_meetings` what becomes of them: keep, in_person or phone."
        );
        let error = FieldError::new("teams_meetings", detail.clone());
        return Err(Problem::conflict(detail).with("errors", json!([error])));
    }
    let track = find(&writer, &id).await?;
    json(&shown(&writer, track))
}

#[derive(Serialize)]
struct ShownParticipant {
    member_id: String,
    name: String,
    first_name: String,
    last_name: String,
    email: String,
    roles: Vec<Role>,
}

async fn participants(
    bearer: Bearer,
    Path(id): Path<String>,
    mut parameters: Parameters,
) -> Answer {
    let track = find(&bearer, &id).await?;
    let asked = Asked::read(
        &bearer,
        &mut parameters,
        &format!("participants {}", track.id),
    )?;
    parameters.end()?;
    let mut all = tracks::list_participants(bearer.store(), &bearer.sight, track.id).await?;
    all.retain(|participant| participant.member.state == mentoring::member::MemberState::Active);
    let cursor = |participant: &Participant| (participant.member.name(), participant.member.id.0);
    let part = part(&asked, all, cursor);
    asked.answer(&bearer, part, cursor, |participant| ShownParticipant {
        member_id: participant.member.id.to_string(),
        name: participant.member.name(),
        email: participant.member.email.to_string(),
        roles: participant.roles.iter().collect(),
        first_name: participant.member.first_name,
        last_name: participant.member.last_name,
    })
}
