//! Outcomes: how an occurrence went, as each of its people says.

use axum::extract::Path;
use mentoring::outcome::{Outcome, Said};
use mentoring::role::rights;
use mentoring::schedule::When;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::occurrences::{self, named};
use super::{fields, find};
use crate::api::body::Fields;
use crate::api::page::Asked;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, Writer, schema};
use crate::app::outcomes::Saying;
use crate::store::meetings::people_of;
use crate::store::outcomes;

pub fn schemas() -> Vec<(&'static str, Value)> {
    let word = || schema::word(&words(), "How it went; `moved` is held at another time.");
    let said = schema::object(&[
        ("member_id", schema::id("Their member id."), true),
        ("name", schema::text("First and last name."), true),
        ("outcome", word(), true),
        (
            "starts_at",
            schema::instant_or_null("When it took place, if at another time than planned."),
            true,
        ),
        ("ends_at", schema::instant_or_null("The end of that."), true),
    ]);
    let own = schema::object(&[
        ("outcome", word(), true),
        ("local_start", fields::local_start(), false),
        ("time_zone", fields::time_zone(), false),
        ("duration_minutes", fields::duration(), false),
    ]);
    vec![
        ("Outcome", said),
        ("OutcomePage", schema::page("Outcome")),
        ("OwnOutcome", own),
    ]
}

fn words() -> Vec<&'static str> {
    Said::ALL.iter().map(|said| said.as_str()).collect()
}

#[derive(Serialize)]
struct Shown {
    member_id: String,
    name: String,
    outcome: Said,
    starts_at: Option<String>,
    ends_at: Option<String>,
}

/// What each said, for those who attend; for others, who see whether it was held, nothing.
pub async fn list(
    bearer: Bearer,
    Path((id, original_start)): Path<(String, String)>,
    mut parameters: Parameters,
) -> Answer {
    let stored = find(&bearer, &id).await?;
    let original = named(&stored, &original_start)?.original_start;
    let list = format!("outcomes {} {original}", stored.meeting.id);
    let asked: Asked<Uuid> = Asked::read(&bearer, &mut parameters, &list)?;
    parameters.end()?;
    let people = people_of(bearer.store(), &bearer.sight, [&stored]).await?;
    let mut all = Vec::new();
    if rights(&bearer.acting().actor, &stored.meeting).see_content {
        let (store, sight) = (bearer.store(), &bearer.sight);
        all = outcomes::list(store, sight, stored.meeting.id, original).await?;
    }
    all.sort_by_key(|(who, _)| *who);
    all.retain(|(who, _)| asked.after.is_none_or(|after| who.0 > after));
    all.truncate(asked.size + 1);
    asked.answer(
        &bearer,
        all,
        |(who, _)| who.0,
        |(who, Outcome { said, at })| Shown {
            member_id: who.to_string(),
            name: people
                .get(&who)
                .map_or(String::new(), mentoring::member::Member::name),
            outcome: said,
            starts_at: at.as_ref().map(|at| at.starts_at.to_string()),
            ends_at: at.as_ref().map(|at| at.ends_at.to_string()),
        },
    )
}

pub async fn say(
    writer: Writer,
    Path((id, original_start)): Path<(String, String)>,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    let stored = find(&writer, &id).await?;
    let occurrence = named(&stored, &original_start)?;
    if !body.has("outcome") {
        body.missing("outcome");
    }
    let said = body.word("outcome", Said::parse, &words());
    let local_start = fields::read_start(&mut body);
    let time_zone = body.text("time_zone");
    let duration_minutes = body.number("duration_minutes");
    if said == Some(Said::Moved) && local_start.is_none() && !body.has("local_start") {
        body.missing("local_start");
    }
    body.end()?;
    let zone = &stored.meeting.schedule.time_zone;
    let saying = Saying {
        original_start: occurrence.original_start,
        said: said.unwrap_or(Said::Held),
        at: local_start.map(|local_start| When {
            local_start,
            time_zone: time_zone.unwrap_or_else(|| zone.clone()),
            duration_minutes: duration_minutes.unwrap_or(occurrence.duration_minutes),
        }),
    };
    writer
        .app
        .say_outcome(writer.acting(), stored.meeting.id, &saying)
        .await?;
    let stored = find(&writer, &id).await?;
    let now = named(&stored, &original_start)?;
    super::json(&occurrences::Shown::from(now))
}
