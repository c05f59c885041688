//! The pretended Teams page behind a join URL: which meeting it is, who walks
//! in and who waits in the lobby. Nobody really joins.

mod lobby;
mod room;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::Sandbox;
use crate::pages::page;
use crate::tenant::State as World;
use crate::tenant::meetings::{DeletedLinks, MeetingRole, OnlineMeeting, thread_of_name};
use crate::tenant::person::Person;
use lobby::{Entry, Visitor};

/// The longest name that is taken, in letters.
const LONGEST_NAME: usize = 200;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/l/meetup-join/{thread}", get(unknown))
        .route(
            "/l/meetup-join/{thread}/{message}",
            get(open).post(room::change),
        )
}

/// Who somebody says they are, besides the context that the URL carries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    context: String,
    /// An account.
    address: Option<String>,
    /// No account, only a name.
    name: Option<String>,
}

#[derive(Template)]
#[template(path = "join/meeting.html")]
struct MeetingPage<'a> {
    subject: String,
    organization: String,
    host: String,
    start: String,
    end: String,
    note: Option<String>,
    people: Vec<Row>,
    others: Vec<Row>,
    answer: Option<Answer>,
    room: Vec<Inside>,
    lobby: Vec<Inside>,
    admitted_by: Option<String>,
    asked: &'a Asked,
}

struct Row {
    name: String,
    address: String,
    part: &'static str,
    outcome: String,
}

/// Somebody in the room or in the lobby.
struct Inside {
    number: u32,
    name: String,
    /// What they are to the meeting, and what they wait for.
    note: String,
}

enum Answer {
    Outcome { name: String, outcome: String },
    NoAccount(String),
}

async fn open(
    State(sandbox): State<Sandbox>,
    Path((thread, _)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(meeting) = enter(&sandbox, &thread) else {
        return gone();
    };
    sandbox.read(|state| {
        let organization = state
            .tenants
            .get(&meeting.tenant)
            .map(|tenant| tenant.name.clone())
            .unwrap_or_default();
        let host = state
            .people
            .find(meeting.organizer)
            .map_or("an account that was deleted", |host| &host.display_name);
        let (room, lobby) = room::inside(state, &meeting);
        let template = MeetingPage {
            subject: meeting.subject.as_deref().unwrap_or("Meeting").to_owned(),
            host: host.to_owned(),
            start: written(meeting.start),
            end: written(meeting.end),
            note: meeting.deleted_at.map(|at| {
                format!(
                    "This meeting was deleted at {}. Its link still works, as Microsoft's often do.",
                    written(at)
                )
            }),
            people: invited(state, &meeting),
            others: others(state, &meeting, &organization),
            answer: answer(state, &meeting, &asked),
            room,
            lobby,
            admitted_by: room::admitter(state, &meeting),
            asked: &asked,
            organization,
        };
        drawn(StatusCode::OK, &template)
    })
}

/// The meeting behind a thread, if its link still opens one.
fn enter(sandbox: &Sandbox, thread: &str) -> Option<OnlineMeeting> {
    let thread = thread_of_name(thread)?;
    let (meeting, deleted_links) = sandbox.read(|state| {
        let meeting = state.meetings.find_thread(thread)?;
        Some((meeting, state.meetings.deleted_links))
    })?;
    if meeting.is_live() {
        return Some(meeting);
    }
    match deleted_links {
        DeletedLinks::Close => None,
        DeletedLinks::Survive => Some(meeting),
        DeletedLinks::Revive => {
            let now = sandbox.now();
            sandbox.change(|state| {
                state.meetings.change(thread, |meeting| {
                    if meeting.deleted_at.take().is_some() {
                        meeting.touch(now);
                    }
                })
            })
        }
    }
}

/// The host and everyone on the list.
fn invited(state: &World, meeting: &OnlineMeeting) -> Vec<Row> {
    let host = state.people.find(meeting.organizer);
    let attendees = meeting
        .attendees
        .iter()
        .filter_map(|attendee| Some((state.people.find(attendee.person)?, part(attendee.role))));
    host.map(|host| (host, "Host"))
        .into_iter()
        .chain(attendees)
        .map(|(person, part)| Row {
            name: person.display_name.clone(),
            address: person.upn.clone(),
            part,
            outcome: outcome(state, meeting, Some(person)),
        })
        .collect()
}

/// People who hold the link and are on no list.
fn others(state: &World, meeting: &OnlineMeeting, organization: &str) -> Vec<Row> {
    [
        (format!("Somebody else of {organization}"), Visitor::Member),
        (format!("A guest of {organization}"), Visitor::Guest),
        (
            "Somebody outside, with an account elsewhere".to_owned(),
            Visitor::Federated,
        ),
        (
            "Somebody outside, without an account".to_owned(),
            Visitor::Anonymous,
        ),
    ]
    .into_iter()
    .map(|(name, visitor)| Row {
        name,
        address: String::new(),
        part: "Not on the list",
        outcome: spoken(state, meeting, visitor),
    })
    .collect()
}

/// Who somebody says they are; an address that no account has comes back.
enum Claimed<'a> {
    Account(&'a Person),
    Named(String),
    Unknown(String),
}

fn claimed<'a>(state: &'a World, meeting: &OnlineMeeting, asked: &Asked) -> Option<Claimed<'a>> {
    let typed = |text: &Option<String>| {
        let text: String = text.as_deref()?.trim().chars().take(LONGEST_NAME).collect();
        (!text.is_empty()).then_some(text)
    };
    if let Some(address) = typed(&asked.address) {
        let in_tenant = state.people.find_upn(meeting.tenant, &address);
        let person = in_tenant
            .or_else(|| state.people.list_mail(meeting.tenant, &address).next())
            .or_else(|| state.people.find_anywhere(&address));
        return Some(match person {
            Some(person) => Claimed::Account(person),
            None => Claimed::Unknown(address),
        });
    }
    typed(&asked.name).map(Claimed::Named)
}

fn answer(state: &World, meeting: &OnlineMeeting, asked: &Asked) -> Option<Answer> {
    let (name, person) = match claimed(state, meeting, asked)? {
        Claimed::Unknown(address) => return Some(Answer::NoAccount(address)),
        Claimed::Account(person) => (person.display_name.clone(), Some(person)),
        Claimed::Named(name) => (name, None),
    };
    let outcome = match room::place(state, meeting, person, &name) {
        Some(true) => "is in the meeting".to_owned(),
        _ => outcome(state, meeting, person),
    };
    Some(Answer::Outcome { name, outcome })
}

/// What happens to an account, or to somebody without one.
fn outcome(state: &World, meeting: &OnlineMeeting, person: Option<&Person>) -> String {
    match person {
        Some(person) if !person.enabled => "can’t sign in, the account is disabled".to_owned(),
        Some(person) => spoken(state, meeting, Visitor::of(person, meeting)),
        None => spoken(state, meeting, Visitor::Anonymous),
    }
}

fn spoken(state: &World, meeting: &OnlineMeeting, visitor: Visitor) -> String {
    match lobby::entry(meeting.lobby.scope, visitor) {
        Entry::WalksIn => "walks in".to_owned(),
        Entry::WaitsForCompany => {
            "waits in the lobby until somebody with an account has joined".to_owned()
        }
        Entry::WaitsForAdmission => format!(
            "waits in the lobby until {}",
            lobby::admitters(state, meeting)
        ),
    }
}

fn part(role: MeetingRole) -> &'static str {
    match role {
        MeetingRole::Attendee => "Attendee",
        MeetingRole::Presenter => "Presenter",
        MeetingRole::Producer => "Producer",
        MeetingRole::Coorganizer => "Co-organizer",
    }
}

#[derive(Template)]
#[template(path = "join/gone.html")]
struct Gone;

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, &Gone, &[])
}

/// A page whose forms say where they come from.
fn drawn(status: StatusCode, template: &impl Template) -> Response {
    let mut response = page(status, template, &[]);
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

async fn unknown() -> Response {
    gone()
}

fn written(at: Timestamp) -> String {
    TimeZone::UTC
        .to_datetime(at)
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}
