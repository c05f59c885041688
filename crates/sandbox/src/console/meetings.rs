//! The online meetings, live and deleted, newest first.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Fields, Frame, drawn, tenant_name, written};
use crate::Sandbox;
use crate::tenant::State as World;
use crate::tenant::meetings::OnlineMeeting;

/// How many meetings are on a page.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "console/meetings.html")]
struct MeetingsPage {
    frame: Frame,
    meetings: Vec<Row>,
    total: usize,
    page: usize,
    last: usize,
}

struct Row {
    subject: String,
    host: String,
    tenant: String,
    start: String,
    end: String,
    is_live: bool,
    join_url: String,
    facts: Vec<(&'static str, String)>,
}

pub(super) async fn list(State(sandbox): State<Sandbox>, Query(asked): Query<Fields>) -> Response {
    let template = sandbox.read(|state| {
        let total = state.meetings.len();
        let last = total.div_ceil(SHOWN).max(1);
        let page = asked.get("page").and_then(|page| page.parse().ok());
        let page: usize = page.unwrap_or(1).clamp(1, last);
        MeetingsPage {
            frame: Frame::at("/sandbox/meetings"),
            meetings: state
                .meetings
                .iter()
                .rev()
                .skip((page - 1) * SHOWN)
                .take(SHOWN)
                .map(|meeting| row(state, &meeting))
                .collect(),
            total,
            page,
            last,
        }
    });
    drawn(StatusCode::OK, &template)
}

fn row(state: &World, meeting: &OnlineMeeting) -> Row {
    let name = |id| state.people.find(id).map(|person| &person.display_name);
    let attendees: Vec<String> = meeting
        .attendees
        .iter()
        .map(|attendee| {
            let name = name(attendee.person).map_or("somebody deleted", String::as_str);
            format!("{name} ({})", word(&json!(attendee.role)))
        })
        .collect();
    let lobby = &meeting.lobby;
    Row {
        subject: meeting
            .subject
            .as_deref()
            .unwrap_or("(no subject)")
            .to_owned(),
        host: name(meeting.organizer).cloned().unwrap_or_default(),
        tenant: tenant_name(state, meeting.tenant),
        start: written(meeting.start),
        end: written(meeting.end),
        is_live: meeting.is_live(),
        join_url: meeting.join_url(""),
        facts: vec![
            (
                "Attendees",
                if attendees.is_empty() {
                    "nobody".to_owned()
                } else {
                    attendees.join(", ")
                },
            ),
            ("Lobby scope", word(&json!(lobby.scope))),
            ("Presenters", word(&json!(lobby.presenters))),
            ("Admitters", word(&json!(lobby.admitters))),
            (
                "External id",
                meeting.external_id.as_deref().unwrap_or("none").to_owned(),
            ),
            ("Graph id", meeting.id()),
            ("Made", written(meeting.created)),
            ("Revision", meeting.revision.to_string()),
            (
                "Deleted",
                meeting.deleted_at.map_or_else(|| "no".to_owned(), written),
            ),
        ],
    }
}

/// The name that Graph gives a value.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
