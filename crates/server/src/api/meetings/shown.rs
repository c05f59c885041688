//! A meeting as programs see it.

use std::collections::BTreeMap;

use mentoring::answer::Answer;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::meeting::MeetingState;
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::repetition::Repetition;
use mentoring::role::rights;
use mentoring::track::Mode;
use serde::Serialize;
use serde_json::{Value, json};

use super::{answers, fields, occurrences};
use crate::api::{Bearer, schema};
use crate::store::meetings::StoredMeeting;

pub fn schemas() -> Vec<(&'static str, Value)> {
    let states: Vec<&str> = MeetingState::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();
    let modes: Vec<&str> = Mode::ALL.iter().map(|mode| mode.as_str()).collect();
    let meeting = schema::object(&[
        ("id", schema::id("Its id."), true),
        ("track_id", schema::id("Its track."), true),
        ("title", schema::text("Its title."), true),
        (
            "agenda",
            schema::text_or_null("What it is about; null for those who do not attend."),
            true,
        ),
        (
            "organizer",
            schema::about(schema::object(&person()), "Who made it."),
            true,
        ),
        (
            "attendees",
            schema::list(
                &schema::object(&attendee()),
                "Its people, the organizer first.",
            ),
            true,
        ),
        (
            "starts_at",
            schema::instant(
                "The start; of a series that of the first one by its rule, of a meeting that is only proposed the soonest time that was offered last.",
            ),
            true,
        ),
        ("ends_at", schema::instant("The end of that."), true),
        (
            "local_start",
            schema::text("The start on a clock of its zone: `2026-11-24T15:00:00`."),
            true,
        ),
        (
            "time_zone",
            schema::text("The zone (IANA) that its time is kept in."),
            true,
        ),
        (
            "duration_minutes",
            json!({ "type": "integer", "description": "Minutes from start to end." }),
            true,
        ),
        ("mode", schema::word(&modes, "How people meet."), true),
        (
            "location",
            schema::text("Where, for a meeting in person; may be empty."),
            true,
        ),
        ("repetition", fields::repetition(), true),
        (
            "next_occurrence",
            json!({ "anyOf": [schema::reference("Occurrence"), { "type": "null" }], "description": "The time that is under way or comes next; null if none is ahead." }),
            true,
        ),
        (
            "status",
            schema::word(&states, "Where it is in its life."),
            true,
        ),
        (
            "cancellation_reason",
            schema::text_or_null("Why it was cancelled, if a reason was given."),
            true,
        ),
        (
            "revision",
            json!({ "type": "integer", "description": "Rises with every change." }),
            true,
        ),
        (
            "link",
            json!({ "anyOf": [link(), { "type": "null" }], "description": "The Teams link; null for other modes." }),
            true,
        ),
    ]);
    vec![
        ("Meeting", meeting),
        ("MeetingPage", schema::page("Meeting")),
    ]
}

type Property = (&'static str, Value, bool);

fn person() -> Vec<Property> {
    vec![
        ("member_id", schema::id("Their member id."), true),
        ("name", schema::text("First and last name."), true),
        ("email", schema::text("Their address."), true),
    ]
}

fn attendee() -> Vec<Property> {
    let mut attendee = person();
    attendee.push(("answer", answers::said_or_null(), true));
    attendee
}

fn link() -> Value {
    schema::object(&[
        (
            "state",
            schema::word(
                &["waiting", "ready", "failed", "closed"],
                "Whether it works.",
            ),
            true,
        ),
        (
            "join_address",
            schema::text_or_null(
                "Opens the Teams meeting, from 15 minutes before until the end. Only once it works, and only for those who attend.",
            ),
            true,
        ),
        (
            "reason",
            schema::text_or_null("Why one waits, or why there is none."),
            true,
        ),
    ])
}

/// A meeting.
#[derive(Debug, Serialize)]
pub struct Shown {
    id: String,
    track_id: String,
    title: String,
    agenda: Option<String>,
    organizer: Person,
    attendees: Vec<Attendee>,
    starts_at: String,
    ends_at: String,
    local_start: String,
    time_zone: String,
    duration_minutes: u16,
    mode: Mode,
    location: String,
    repetition: Option<Repetition>,
    next_occurrence: Option<occurrences::Shown>,
    status: MeetingState,
    cancellation_reason: Option<String>,
    revision: i64,
    link: Option<Link>,
}

#[derive(Debug, Serialize)]
struct Person {
    member_id: String,
    name: String,
    email: String,
}

#[derive(Debug, Serialize)]
struct Attendee {
    #[serde(flatten)]
    person: Person,
    answer: Option<Answer>,
}

#[derive(Debug, Serialize)]
struct Link {
    state: &'static str,
    join_address: Option<String>,
    reason: Option<String>,
}

/// What the bearer may see of a meeting that they may see.
pub fn shown(
    bearer: &Bearer,
    stored: &StoredMeeting,
    link: Option<LinkState>,
    people: &BTreeMap<MemberId, Member>,
) -> Shown {
    let meeting = &stored.meeting;
    let attends = rights(&bearer.acting().actor, meeting).see_content;
    let person = |id: MemberId| Person {
        member_id: id.to_string(),
        name: people.get(&id).map_or(String::new(), Member::name),
        email: people
            .get(&id)
            .map_or(String::new(), |person| person.email.to_string()),
    };
    let address = || bearer.app.instance.join_address(&stored.join_code);
    Shown {
        id: meeting.id.to_string(),
        track_id: meeting.track.to_string(),
        title: meeting.title.clone(),
        agenda: attends.then(|| meeting.agenda.clone()),
        organizer: person(meeting.organizer),
        attendees: meeting
            .attendees
            .iter()
            .map(|attendee| Attendee {
                person: person(attendee.member),
                answer: attendee.answer,
            })
            .collect(),
        starts_at: meeting.schedule.starts_at.to_string(),
        ends_at: meeting.schedule.ends_at.to_string(),
        local_start: meeting.schedule.local_start.to_string(),
        time_zone: meeting.schedule.time_zone.clone(),
        duration_minutes: meeting.schedule.duration_minutes,
        mode: meeting.mode,
        location: meeting.location.clone(),
        repetition: meeting.repetition,
        next_occurrence: meeting.next(bearer.app.clock.now()).map(Into::into),
        status: meeting.state,
        cancellation_reason: meeting.cancellation_reason.clone(),
        revision: meeting.revision,
        link: link.map(|state| Link {
            state: state.to_columns().0,
            join_address: (attends && state == LinkState::Ready).then(address),
            reason: reason(state),
        }),
    }
}

fn reason(state: LinkState) -> Option<String> {
    match state {
        LinkState::Waiting(WaitingReason::BeingMade) => {
            Some("The Teams meeting is being made.".to_owned())
        }
        LinkState::Waiting(WaitingReason::Because(cause)) | LinkState::Failed(cause) => {
            Some(cause.sentence_for_participant().to_owned())
        }
        LinkState::Ready => None,
        LinkState::Closed => Some("There is no Teams meeting any more.".to_owned()),
    }
}
