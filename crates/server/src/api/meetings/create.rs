//! Making a meeting.

use axum::extract::{FromRequestParts, Path};
use http::{StatusCode, header};
use mentoring::meeting::Draft;
use mentoring::refusal::Refusal;
use mentoring::schedule::When;
use mentoring::track::{Mode, Track};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, fields, find, put};
use crate::api::body::Fields;
use crate::api::idempotency::Once;
use crate::api::preference::Wait;
use crate::api::problem::Problem;
use crate::api::query::Parameters;
use crate::api::{Answer, Api, Bearer, PLACE, Writer, schema, tracks};

pub fn schema() -> Value {
    let mut draft = schema::object(&[
        ("title", fields::title(), true),
        ("agenda", fields::agenda(), false),
        ("attendees", fields::attendees(), true),
        ("local_start", fields::local_start(), false),
        ("time_zone", fields::time_zone(), false),
        ("duration_minutes", fields::duration(), false),
        ("offered_times", fields::offered_times(), false),
        ("mode", fields::mode(), true),
        ("location", fields::location(), false),
        ("repetition", fields::repetition(), false),
    ]);
    let time = json!({ "required": TIME });
    let any = TIME.map(|field| json!({ "required": [field] }));
    draft["oneOf"] = json!([
        time,
        { "required": ["offered_times"], "not": { "anyOf": any } },
    ]);
    draft["description"] = json!(
        "A meeting at one time, or with `offered_times` in its place one that is proposed at several."
    );
    draft
}

/// What says when a meeting is.
const TIME: [&str; 3] = ["local_start", "time_zone", "duration_minutes"];

/// The mark of a request that may be sent again.
pub struct FormKey(Option<Uuid>);

impl FromRequestParts<Api> for FormKey {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        _: &Api,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(Once::of(parts)))
    }
}

pub async fn create(
    writer: Writer,
    Path(id): Path<String>,
    wait: Wait,
    FormKey(form_key): FormKey,
    parameters: Parameters,
    body: Fields,
) -> Answer {
    parameters.end()?;
    let track = tracks::find(&writer, &id).await?;
    if !writer.acting().actor.may_create_meeting_in(track.id) {
        return Err(Refusal::NotEnrolled.into());
    }
    let (draft, offered) = draft(&writer, &track, body).await?;
    let (app, acting) = (&writer.app, writer.acting());
    let made = match offered {
        None => {
            app.create_meeting(acting, track.id, &draft, form_key)
                .await?
        }
        Some(times) => {
            app.propose_meeting(acting, track.id, &draft, &times, form_key)
                .await?
        }
    };
    wait.for_link(&writer, made).await?;
    let stored = find(&writer, &made.to_string()).await?;
    let mut response = answer(&writer, StatusCode::CREATED, stored).await?;
    put(
        &mut response,
        header::LOCATION,
        &format!("{PLACE}/meetings/{made}"),
    )?;
    Ok(wait.applied(response))
}

/// What is asked for; with the times that are offered in place of the one of the draft.
async fn draft(
    bearer: &Bearer,
    track: &Track,
    mut body: Fields,
) -> Result<(Draft, Option<Vec<When>>), Problem> {
    let is_offered = body.has("offered_times");
    let needed = if is_offered { &[][..] } else { &TIME };
    for needed in ["attendees", "mode"].iter().chain(needed) {
        if !body.has(needed) {
            body.missing(needed);
        }
    }
    if is_offered && TIME.iter().any(|field| body.has(field)) {
        body.refuse(
            "offered_times",
            "Send either `offered_times` or one `local_start` with its zone and duration.",
        );
    }
    let title = body.needed_text("title").unwrap_or_default();
    let agenda = body.text("agenda").unwrap_or_default();
    let attendees = fields::read_people(bearer, track.id, None, &mut body).await?;
    let local_start = fields::read_start(&mut body);
    let time_zone = body.text("time_zone").unwrap_or_default();
    let duration_minutes = body.number("duration_minutes").unwrap_or_default();
    let offered = fields::read_offered_times(&mut body);
    let mode = fields::read_mode(&mut body);
    let location = body.text("location").unwrap_or_default();
    let repetition = if body.null("repetition") {
        None
    } else {
        fields::read_repetition(&mut body)
    };
    body.end()?;
    let draft = Draft {
        title,
        agenda,
        attendees: attendees.unwrap_or_default(),
        local_start: local_start.unwrap_or_default(),
        time_zone,
        duration_minutes,
        mode: mode.unwrap_or(Mode::Phone),
        location,
        repetition,
    };
    Ok((draft, offered.filter(|_| is_offered)))
}
