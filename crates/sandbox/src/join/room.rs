//! The room behind a join page: who is in, who waits before it, and what
//! happens when somebody comes, lets another in, or leaves.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use uuid::Uuid;

use super::lobby::{self, Entry, Visitor};
use super::{Asked, Claimed, Inside, claimed, enter, gone};
use crate::console::refused;
use crate::tenant::State as World;
use crate::tenant::meetings::OnlineMeeting;
use crate::tenant::person::Person;
use crate::tenant::rooms::{Present, Who};
use crate::{Sandbox, guard};

/// What somebody does at the door.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    #[serde(flatten)]
    asked: Asked,
    /// Lets this one in.
    admit: Option<u32>,
    /// Lets this one go.
    leave: Option<u32>,
}

pub(super) async fn change(
    State(sandbox): State<Sandbox>,
    Path((thread, message)): Path<(String, String)>,
    headers: HeaderMap,
    Form(step): Form<Step>,
) -> Response {
    if !guard::is_sent_from_here(&headers) {
        return refused(
            StatusCode::FORBIDDEN,
            "Not from here",
            "This form is for the sandbox’s own pages.",
        );
    }
    let Some(meeting) = enter(&sandbox, &thread) else {
        return gone();
    };
    sandbox.note(|state| {
        match (step.admit, step.leave) {
            (Some(number), _) => admit(state, &meeting, number),
            (None, Some(number)) => state.rooms.open(meeting.thread).leave(number),
            (None, None) => come(state, &meeting, &step.asked),
        }
        open_doors(state, &meeting);
    });
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut back = format!(
        "/l/meetup-join/{}/{}?context={}",
        encoded(&thread),
        encoded(&message),
        encoded(&step.asked.context)
    );
    for (name, value) in [("address", &step.asked.address), ("name", &step.asked.name)] {
        if let Some(value) = value {
            back = format!("{back}&{name}={}", encoded(value));
        }
    }
    Redirect::to(&back).into_response()
}

fn come(state: &mut World, meeting: &OnlineMeeting, asked: &Asked) {
    let (who, visitor) = match claimed(state, meeting, asked) {
        Some(Claimed::Account(person)) if person.enabled => {
            (Who::Account(person.id), Visitor::of(person, meeting))
        }
        Some(Claimed::Named(name)) => (Who::Named(name), Visitor::Anonymous),
        _ => return,
    };
    let walks_in = lobby::entry(meeting.lobby.scope, visitor) == Entry::WalksIn;
    state.rooms.open(meeting.thread).come(who, walks_in);
}

/// Lets somebody in, if anybody inside may.
fn admit(state: &mut World, meeting: &OnlineMeeting, number: u32) {
    if admitter(state, meeting).is_none() {
        return;
    }
    let room = state.rooms.open(meeting.thread);
    if let Some(waiting) = room.people.iter_mut().find(|one| one.number == number) {
        waiting.is_in = true;
    }
}

/// Whoever waits for company goes in when there is some.
fn open_doors(state: &mut World, meeting: &OnlineMeeting) {
    let people = state.rooms.find(meeting.thread).map(|room| &room.people);
    let has_company = people
        .into_iter()
        .flatten()
        .any(|present| present.is_in && visitor(state, meeting, present) != Visitor::Anonymous);
    if !has_company {
        return;
    }
    let entering: Vec<u32> = waiting_for_company(state, meeting).collect();
    for present in &mut state.rooms.open(meeting.thread).people {
        present.is_in |= entering.contains(&present.number);
    }
}

fn waiting_for_company(state: &World, meeting: &OnlineMeeting) -> impl Iterator<Item = u32> {
    let scope = meeting.lobby.scope;
    people(state, meeting.thread)
        .iter()
        .filter(move |one| {
            lobby::entry(scope, visitor(state, meeting, one)) == Entry::WaitsForCompany
        })
        .map(|one| one.number)
}

/// Whether this person is in, waits, or isn't there.
pub(super) fn place(
    state: &World,
    meeting: &OnlineMeeting,
    person: Option<&Person>,
    name: &str,
) -> Option<bool> {
    let who = person.map_or_else(
        || Who::Named(name.to_owned()),
        |person| Who::Account(person.id),
    );
    let present = people(state, meeting.thread)
        .iter()
        .find(|present| present.who == who)?;
    Some(present.is_in)
}

/// Who of those inside lets others in: the first who may.
pub(super) fn admitter(state: &World, meeting: &OnlineMeeting) -> Option<String> {
    let may = |present: &&Present| {
        let role = match &present.who {
            Who::Account(id) => meeting.role_of(*id),
            Who::Named(_) => None,
        };
        present.is_in && lobby::may_admit(meeting, visitor(state, meeting, present), role)
    };
    let found = people(state, meeting.thread).iter().find(may)?;
    Some(name(state, &found.who))
}

/// Everyone in the room, and everyone before it.
pub(super) fn inside(state: &World, meeting: &OnlineMeeting) -> (Vec<Inside>, Vec<Inside>) {
    let (room, lobby): (Vec<&Present>, Vec<&Present>) = people(state, meeting.thread)
        .iter()
        .partition(|present| present.is_in);
    let shown = |present: &Present| Inside {
        number: present.number,
        name: name(state, &present.who),
        note: note(visitor(state, meeting, present)).to_owned(),
    };
    (
        room.into_iter().map(shown).collect(),
        lobby.into_iter().map(shown).collect(),
    )
}

fn people(state: &World, thread: Uuid) -> &[Present] {
    state
        .rooms
        .find(thread)
        .map_or(&[], |room| room.people.as_slice())
}

/// Somebody whose account was deleted meanwhile is nobody known.
fn visitor(state: &World, meeting: &OnlineMeeting, present: &Present) -> Visitor {
    match &present.who {
        Who::Account(id) => state
            .people
            .find(*id)
            .map_or(Visitor::Anonymous, |person| Visitor::of(person, meeting)),
        Who::Named(_) => Visitor::Anonymous,
    }
}

fn name(state: &World, who: &Who) -> String {
    match who {
        Who::Account(id) => state
            .people
            .find(*id)
            .map_or_else(|| id.to_string(), |person| person.display_name.clone()),
        Who::Named(name) => name.clone(),
    }
}

fn note(visitor: Visitor) -> &'static str {
    match visitor {
        Visitor::Organizer => "host",
        Visitor::CoOrganizer => "co-organizer",
        Visitor::Member => "member",
        Visitor::Guest => "guest",
        Visitor::Federated => "of another organization",
        Visitor::Personal => "with a personal account",
        Visitor::Anonymous => "without an account",
    }
}
