//! Answers: whether people will be there, and one's own.

use std::collections::BTreeMap;

use axum::extract::Path;
use http::StatusCode;
use mentoring::answer::{Answer as Said, Reply};
use mentoring::meeting::Attendee;
use mentoring::organization::MemberId;
use mentoring::role::rights;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, find};
use crate::api::body::Fields;
use crate::api::page::Asked;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, Writer, schema};
use crate::store::meetings::{people_of, replies};

pub fn schemas() -> Vec<(&'static str, Value)> {
    let given = schema::object(&[
        ("member_id", schema::id("Their member id."), true),
        ("name", schema::text("First and last name."), true),
        ("answer", said_or_null(), true),
        (
            "note",
            schema::text_or_null(
                "What they add, if they do; null for those who do not attend as well.",
            ),
            true,
        ),
    ]);
    let own = schema::object(&[
        (
            "answer",
            schema::word(&words(), "Whether you will be there."),
            true,
        ),
        (
            "note",
            json!({ "type": "string", "maxLength": 500, "description": "What you add for the people of the meeting." }),
            false,
        ),
    ]);
    vec![
        ("Answer", given),
        ("AnswerPage", schema::page("Answer")),
        ("OwnAnswer", own),
    ]
}

fn words() -> Vec<&'static str> {
    Said::ALL.iter().map(|said| said.as_str()).collect()
}

/// What somebody answered, if they did.
pub fn said_or_null() -> Value {
    let words = words().into_iter().map(Value::from).chain([Value::Null]);
    json!({ "enum": words.collect::<Vec<_>>(), "description": "What they answered, if they did." })
}

#[derive(Serialize)]
struct Shown {
    member_id: String,
    name: String,
    answer: Option<Said>,
    note: Option<String>,
}

pub async fn list(bearer: Bearer, Path(id): Path<String>, mut parameters: Parameters) -> Answer {
    let stored = find(&bearer, &id).await?;
    let list = format!("answers {}", stored.meeting.id);
    let asked: Asked<(bool, Uuid)> = Asked::read(&bearer, &mut parameters, &list)?;
    parameters.end()?;
    let people = people_of(bearer.store(), &bearer.sight, [&stored]).await?;
    let replies: BTreeMap<MemberId, Reply> =
        replies(bearer.store(), &bearer.sight, stored.meeting.id).await?;
    let attends = rights(&bearer.acting().actor, &stored.meeting).see_content;
    let cursor = |attendee: &Attendee| (!attendee.organizer, attendee.member.0);
    let mut all = stored.meeting.attendees;
    all.sort_by_key(cursor);
    all.retain(|one| asked.after.is_none_or(|after| cursor(one) > after));
    all.truncate(asked.size + 1);
    asked.answer(&bearer, all, cursor, |attendee| {
        let reply = replies.get(&attendee.member);
        let note = reply.map(|reply| reply.note.clone());
        Shown {
            member_id: attendee.member.to_string(),
            name: people
                .get(&attendee.member)
                .map_or(String::new(), mentoring::member::Member::name),
            answer: attendee.answer,
            note: note.filter(|note| attends && !note.is_empty()),
        }
    })
}

pub async fn give(
    writer: Writer,
    Path(id): Path<String>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    if !body.has("answer") {
        body.missing("answer");
    }
    let said = body.word("answer", Said::parse, &words());
    let note = body.text("note").unwrap_or_default();
    body.end()?;
    let said = said.unwrap_or(Said::Maybe);
    writer
        .app
        .answer(writer.acting(), stored.meeting.id, said, &note)
        .await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}
