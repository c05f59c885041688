//! The fields of a meeting as programs send them: their shapes, and how they are read.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use mentoring::meeting::Meeting;
use mentoring::member::MemberState;
use mentoring::organization::{MemberId, TrackId};
use mentoring::proposal::MOST_TIMES;
use mentoring::refusal::Refusal;
use mentoring::repetition::{MOST_OCCURRENCES, Repetition, Written};
use mentoring::schedule::When;
use mentoring::track::Mode;
use serde_json::{Value, json};

use crate::api::body::Fields;
use crate::api::problem::Problem;
use crate::api::{Bearer, schema};
use crate::store::meetings::{StoredMeeting, people_of};
use crate::store::tracks::list_participants;

/// More names than this are not looked up.
const MOST_NAMED: usize = 200;
/// More times than this are not read: fewer are too many already.
const MOST_READ: usize = 20;

pub fn title() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "What to call it, on one line.", "examples": ["First steps"] })
}

pub fn agenda() -> Value {
    json!({ "type": "string", "maxLength": 4000, "description": "What it is about.", "examples": ["How did the first week go?"] })
}

pub fn attendees() -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": 49, "items": { "type": "string", "anyOf": [{ "format": "uuid" }, { "format": "email" }] }, "description": "The other people: member ids or e-mail addresses of participants of the track.", "examples": [["luis@larkspur.example"]] })
}

/// A time on the wall.
pub const WALL: &str =
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$";

pub fn local_start() -> Value {
    json!({ "type": "string", "pattern": WALL, "description": "What a clock in the zone shows at the start, between now and two years ahead.", "examples": ["2027-01-14T15:00"] })
}

pub fn time_zone() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 64, "description": "A zone of the IANA database.", "examples": ["Europe/Berlin"] })
}

pub fn duration() -> Value {
    json!({ "type": "integer", "minimum": 5, "maximum": 1440, "description": "Minutes from start to end.", "examples": [45] })
}

pub fn mode() -> Value {
    schema::word(&modes(), "One of the track's meeting modes.")
}

pub fn location() -> Value {
    json!({ "type": "string", "maxLength": 200, "description": "Where, for a meeting in person.", "examples": ["Room 3"] })
}

pub fn repetition() -> Value {
    json!({ "anyOf": [schema::reference("Repetition"), { "type": "null" }], "description": "How it repeats; null for a single meeting." })
}

pub fn reason() -> Value {
    json!({ "type": "string", "maxLength": 500, "description": "Why. Everybody who was invited reads it; needed where the meeting is not your own." })
}

/// The shape of a repetition.
pub fn of_repetition() -> Value {
    let mut shape = schema::object(&[
        (
            "every",
            schema::word(&["day", "week", "two_weeks", "month"], "How often."),
            true,
        ),
        (
            "by",
            schema::word(
                &["day", "weekday"],
                "Of a month: the day (“the 31st”; months without it are left out) or the weekday (“the second Tuesday”) of the first. Nothing means `day`.",
            ),
            false,
        ),
        (
            "count",
            json!({ "type": "integer", "minimum": 1, "maximum": MOST_OCCURRENCES, "description": "So many times, the first included." }),
            false,
        ),
        (
            "until",
            json!({ "type": "string", "format": "date", "description": "The last day, in the meeting's zone." }),
            false,
        ),
    ]);
    shape["description"] = json!("How a meeting repeats: `count` times, or until a day.");
    shape["oneOf"] = json!([{ "required": ["count"] }, { "required": ["until"] }]);
    shape["dependentSchemas"] =
        json!({ "by": { "properties": { "every": { "const": "month" } } } });
    shape
}

/// The times of a proposal, as programs send them.
pub fn offered_times() -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": MOST_TIMES, "items": schema::reference("OfferedTime"), "description": "The times, at most five and each once." })
}

/// The shape of one of them.
pub fn of_offered_time() -> Value {
    schema::object(&[
        ("local_start", local_start(), true),
        ("time_zone", time_zone(), true),
        ("duration_minutes", duration(), true),
    ])
}

/// Reads times that are offered, if the field is there.
pub fn read_offered_times(body: &mut Fields) -> Option<Vec<When>> {
    let mut times = Vec::new();
    let mut is_whole = true;
    for mut fields in body.objects("offered_times")?.into_iter().take(MOST_READ) {
        if !fields.has("local_start") {
            fields.missing("local_start");
        }
        let local_start = read_start(&mut fields);
        let time_zone = fields.needed_text("time_zone");
        let duration_minutes = fields.needed_number("duration_minutes");
        is_whole &= body.absorb(fields);
        if let (Some(local_start), Some(time_zone), Some(duration_minutes)) =
            (local_start, time_zone, duration_minutes)
        {
            times.push(When {
                local_start,
                time_zone,
                duration_minutes,
            });
        }
    }
    is_whole.then_some(times)
}

/// The modes by their words.
pub fn modes() -> Vec<&'static str> {
    Mode::ALL.iter().map(|mode| mode.as_str()).collect()
}

/// Reads how people meet.
pub fn read_mode(body: &mut Fields) -> Option<Mode> {
    body.word("mode", Mode::parse, &modes())
}

/// Reads a time on the wall: without offset, and without fractions of a second.
pub fn read_start(body: &mut Fields) -> Option<DateTime> {
    let text = body.text("local_start")?;
    let parsed = wall(&text);
    if parsed.is_none() {
        body.refuse(
            "local_start",
            "Write what a clock in the zone shows, without an offset, like 2027-01-14T15:00.",
        );
    }
    parsed
}

/// A time on the wall as it is written.
pub fn wall(text: &str) -> Option<DateTime> {
    let shape = |shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, expected)| {
                byte == expected || (expected == b'0' && byte.is_ascii_digit())
            })
    };
    (shape("0000-00-00T00:00") || shape("0000-00-00T00:00:00"))
        .then(|| text.parse().ok())
        .flatten()
}

/// Reads how it repeats, if the field is there and says that it does.
pub fn read_repetition(body: &mut Fields) -> Option<Repetition> {
    let mut fields = body.object("repetition")?;
    let every = fields.needed_text("every").unwrap_or_default();
    let by = fields.text("by");
    let count = fields.number("count");
    let until = fields.text("until").and_then(|text| {
        let date = text.parse().ok().filter(|_| text.len() == 10);
        if date.is_none() {
            fields.refuse("until", "Write a day, like 2027-06-30.");
        }
        date
    });
    let is_whole = body.absorb(fields);
    let written = Written {
        every,
        by,
        count,
        until,
    };
    if !is_whole {
        return None;
    }
    match Repetition::try_from(written) {
        Ok(repetition) => Some(repetition),
        Err(refusal) => {
            body.refuse("repetition", refusal.to_string());
            None
        }
    }
}

/// Reads who is meant, if the field is there: participants of the track, and whoever is of
/// the meeting already.
pub async fn read_people(
    bearer: &Bearer,
    track: TrackId,
    meeting: Option<&StoredMeeting>,
    body: &mut Fields,
) -> Result<Option<Vec<MemberId>>, Problem> {
    let Some(names) = body.texts("attendees") else {
        return Ok(None);
    };
    if names.len() > MOST_NAMED {
        let refusal = Refusal::TooManyPeople(names.len() + 1);
        body.refuse("attendees", refusal.to_string());
        return Ok(None);
    }
    let known = known(bearer, track, meeting).await?;
    let mut attendees = Vec::new();
    for name in &names {
        if let Some(member) = known.get(&name.trim().to_lowercase()) {
            attendees.push(*member);
        } else {
            let name: String = name.chars().take(80).collect();
            body.refuse(
                "attendees",
                format!("“{name}” is not the member id or e-mail address of a participant of this track."),
            );
            return Ok(None);
        }
    }
    Ok(Some(attendees))
}

/// Everybody who may be meant, by id and by address.
async fn known(
    bearer: &Bearer,
    track: TrackId,
    meeting: Option<&StoredMeeting>,
) -> Result<BTreeMap<String, MemberId>, Problem> {
    let participants = list_participants(bearer.store(), &bearer.sight, track).await?;
    let enrolled = participants
        .into_iter()
        .map(|participant| participant.member)
        .filter(|member| member.state == MemberState::Active);
    let attending = people_of(bearer.store(), &bearer.sight, meeting).await?;
    let mut known = BTreeMap::new();
    for member in enrolled.chain(attending.into_values()) {
        known.insert(member.id.to_string(), member.id);
        known.insert(member.email.to_string().to_lowercase(), member.id);
    }
    Ok(known)
}

/// What a program sees of a field that it wanted otherwise.
pub fn now(meeting: &Meeting, shown: &Value, field: &str) -> Value {
    match field {
        "attendees" => {
            let others = meeting.attendees.iter().filter(|one| !one.organizer);
            others.map(|one| json!(one.member.to_string())).collect()
        }
        "reason" => shown["cancellation_reason"].clone(),
        field => shown[field].clone(),
    }
}
