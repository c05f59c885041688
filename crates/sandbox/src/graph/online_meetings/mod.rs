//! `onlineMeetings` of a host: create, createOrGet, get, find by link, update,
//! delete.
//!
//! Source: the pages "Create onlineMeeting", "onlineMeeting: createOrGet", "Get onlineMeeting",
//! "Update onlineMeeting", "Delete onlineMeeting". The refusals of bad input have no document;
//! their codes and words are from public reports or unverified.

mod options;
mod shown;
mod wanted;

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::bearer;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::limits::{Limit, OverTheMonth};
use crate::tenant::meetings::{MeetingRole, OnlineMeeting};
use crate::tenant::person::{Person, PersonKind};
use shown::Show;
use wanted::Wanted;

/// When to come back after the last meeting of a month, in seconds. Microsoft's own value is
/// unverified.
const AN_HOUR: u32 = 60 * 60;

/// `depth` counts what stands after `onlineMeetings` in the path.
pub(super) fn answer(
    sandbox: &Sandbox,
    asked: &Asked,
    key: Option<&str>,
    depth: usize,
) -> Result<Answer, Failure> {
    let words = asked.words();
    let is_create_or_get = matches!(
        words.last(),
        Some(&("createorget" | "microsoft.graph.createorget"))
    );
    match (depth, asked.method.as_str()) {
        (0, "GET") => find_by_filter(sandbox, asked, key),
        (0, "POST") => create(sandbox, asked, key),
        (1, "POST") if is_create_or_get => create_or_get(sandbox, asked, key),
        (1, _) if is_create_or_get => Err(Failure::not_allowed()),
        (1, "GET") => get(sandbox, asked, key),
        (1, "PATCH") => update(sandbox, asked, key),
        (1, "DELETE") => delete(sandbox, asked, key),
        (0 | 1, _) => Err(Failure::not_allowed()),
        _ => Err(Failure::no_segment(words.last().copied().unwrap_or(""))),
    }
}

fn create(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    let wanted = Wanted::to_create(&asked.json()?)?;
    sandbox.change(|state| {
        let host = host(sandbox, state, asked, key)?.clone();
        made(sandbox, state, asked, &wanted, &host)
    })
}

/// The one call that is safe to repeat. On the second time nothing that was sent is applied
/// (one reporter's reading in docs-contrib#465, unconfirmed).
fn create_or_get(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    let wanted = Wanted::to_create_or_get(&asked.json()?)?;
    sandbox.change(|state| {
        let host = host(sandbox, state, asked, key)?.clone();
        let external_id = wanted.external_id.as_deref().unwrap_or_default();
        // Whether the key of a deleted meeting finds it again is unverified. Here it doesn't.
        if let Some(meeting) = state
            .meetings
            .find_key(host.id, external_id)
            .filter(|meeting| meeting.is_known_at(sandbox.now()))
        {
            return Ok(shown(sandbox, state, asked, &meeting, StatusCode::OK));
        }
        made(sandbox, state, asked, &wanted, &host)
    })
}

/// Makes the meeting, if the month has room for one more.
fn made(
    sandbox: &Sandbox,
    state: &mut State,
    asked: &Asked,
    wanted: &Wanted,
    host: &Person,
) -> Result<Answer, Failure> {
    let limits = &mut state.limits;
    if limits.over_the_month == OverTheMonth::Refuse
        && state.meetings.made_in_month(host.id, sandbox.now()) >= limits.meetings_a_month
    {
        limits.usage.note_refusal(Limit::MeetingsAMonth);
        return Err(Failure::too_many(AN_HOUR));
    }
    let meeting = wanted.meeting(sandbox, state, host)?;
    let answer = shown(sandbox, state, asked, &meeting, StatusCode::CREATED);
    state.meetings.insert(meeting);
    Ok(answer)
}

fn get(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    sandbox.read(|state| {
        let host = host(sandbox, state, asked, key)?;
        let meeting = find(sandbox, state, asked, host)?;
        let show = Show::new(sandbox, state, asked);
        let entity = selected(asked, show.entity(&meeting))?;
        Ok(with_preference(Answer::json(StatusCode::OK, entity), asked))
    })
}

/// What `$select` leaves of a meeting.
fn selected(asked: &Asked, entity: Value) -> Result<Value, Failure> {
    let names = asked.selected();
    let Value::Object(mut entity) = entity else {
        return Ok(entity);
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !entity.keys().any(|key| key.eq_ignore_ascii_case(name)))
    {
        return Err(Failure::bad_request(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{unknown}' \
             on type 'microsoft.graph.onlineMeeting'."
        )));
    }
    if !names.is_empty() {
        entity.retain(|key, _| {
            key.starts_with('@') || names.iter().any(|name| name.eq_ignore_ascii_case(key))
        });
    }
    Ok(Value::Object(entity))
}

/// `?$filter=JoinWebUrl eq '…'` or `joinMeetingIdSettings/joinMeetingId eq '…'`. There is no
/// plain list.
fn find_by_filter(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    let filter = asked.option("filter").unwrap_or_default();
    let (property, value) = parse_filter(filter).ok_or_else(|| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            "Filter expression expected - /onlineMeetings?$filter=JoinWebUrl eq '{joinWebUrl}'.",
        )
    })?;
    sandbox.read(|state| {
        let host = host(sandbox, state, asked, key)?;
        let found = match property.to_ascii_lowercase().as_str() {
            // The host in the address doesn't count, for the sandbox may move.
            "joinweburl" => state.meetings.find_join_url(&value).filter(|meeting| {
                let url = meeting.join_url(sandbox.pages_url());
                url.split_once("/l/").map(|parts| parts.1)
                    == value.split_once("/l/").map(|parts| parts.1)
            }),
            "joinmeetingidsettings/joinmeetingid" => {
                state.meetings.find_number(host.tenant, &value)
            }
            _ => {
                return Err(Failure::new(
                    StatusCode::BAD_REQUEST,
                    "InvalidArgument",
                    format!("Filtering on '{property}' is not supported."),
                ));
            }
        };
        let found = found.filter(|meeting| meeting.is_known_at(sandbox.now()));
        if found
            .as_ref()
            .is_some_and(|meeting| meeting.organizer != host.id)
        {
            return Err(forbidden("An error has occurred."));
        }
        let show = Show::new(sandbox, state, asked);
        let value: Vec<_> = found.iter().map(|one| show.meeting(one)).collect();
        let answer = Answer::json(
            StatusCode::OK,
            json!({"@odata.context": show.context(host.id, ""), "value": value}),
        );
        Ok(with_preference(answer, asked))
    })
}

fn update(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    let body = asked.json()?;
    sandbox.change(|state| {
        let wanted = Wanted::to_update(&body, state.meetings.type_annotations)?;
        let host = host(sandbox, state, asked, key)?.clone();
        let meeting = find_own(sandbox, state, asked, &host)?;
        wanted.check_change(&meeting)?;
        let attendees = wanted.attendees(state, &host)?;
        let change = |meeting: &mut OnlineMeeting| {
            wanted.apply(meeting, attendees);
            meeting.touch(sandbox.now());
        };
        let meeting = state
            .meetings
            .change(meeting.thread, change)
            .ok_or_else(not_found)?;
        Ok(shown(sandbox, state, asked, &meeting, StatusCode::OK))
    })
}

fn delete(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    sandbox.change(|state| {
        let host = host(sandbox, state, asked, key)?.clone();
        let meeting = find_own(sandbox, state, asked, &host)?;
        let now = sandbox.now();
        state.meetings.change(meeting.thread, |meeting| {
            meeting.deleted_at = Some(now);
            meeting.touch(now);
        });
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Whose meetings the call is about, if the token and the host's account allow it.
fn host<'a>(
    sandbox: &Sandbox,
    state: &'a State,
    asked: &Asked,
    key: Option<&str>,
) -> Result<&'a Person, Failure> {
    let bearer = &asked.bearer;
    let id = match key {
        None => bearer.person.ok_or_else(Failure::no_me)?,
        // A user principal name is not taken here (dotnet#1215, docs#12301).
        Some(key) => key.parse::<ObjectId>().map_err(|_| unknown())?,
    };
    let is_allowed = if asked.method == Method::GET {
        bearer::may(
            bearer,
            &["OnlineMeetings.Read", "OnlineMeetings.ReadWrite"],
            &["OnlineMeetings.Read.All", "OnlineMeetings.ReadWrite.All"],
        )
    } else {
        bearer::may(
            bearer,
            &["OnlineMeetings.ReadWrite"],
            &["OnlineMeetings.ReadWrite.All"],
        )
    };
    if !is_allowed || bearer.person.is_some_and(|own| own != id) {
        return Err(forbidden(""));
    }
    let person = state
        .people
        .find(id)
        .filter(|person| person.tenant == bearer.tenant)
        .ok_or_else(unknown)?;
    let is_by_itself = bearer.person.is_none();
    if is_by_itself
        && !state
            .meetings
            .is_access_allowed(bearer.tenant, bearer.client_id, id, sandbox.now())
    {
        return Err(forbidden(
            "No application access policy found for this app.",
        ));
    }
    match person.kind {
        PersonKind::Personal => Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "AuthenticationError",
            "Error authenticating with resource",
        )),
        PersonKind::Guest => Err(forbidden("")),
        PersonKind::Member if !person.enabled || !person.teams_licensed => Err(forbidden("")),
        PersonKind::Member => Ok(person),
    }
}

/// The meeting in the path, for its organizer or one of its attendees.
fn find(
    sandbox: &Sandbox,
    state: &State,
    asked: &Asked,
    host: &Person,
) -> Result<OnlineMeeting, Failure> {
    state
        .meetings
        .find(asked.last_segment())
        .filter(|meeting| meeting.is_known_at(sandbox.now()))
        .filter(|meeting| meeting.organizer == host.id || meeting.role_of(host.id).is_some())
        .ok_or_else(not_found)
}

/// The meeting in the path, for its organizer alone.
fn find_own(
    sandbox: &Sandbox,
    state: &State,
    asked: &Asked,
    host: &Person,
) -> Result<OnlineMeeting, Failure> {
    let meeting = find(sandbox, state, asked, host)?;
    if meeting.organizer == host.id {
        Ok(meeting)
    } else {
        Err(forbidden(""))
    }
}

fn shown(
    sandbox: &Sandbox,
    state: &State,
    asked: &Asked,
    meeting: &OnlineMeeting,
    status: StatusCode,
) -> Answer {
    let show = Show::new(sandbox, state, asked);
    with_preference(Answer::json(status, show.entity(meeting)), asked)
}

fn with_preference(answer: Answer, asked: &Asked) -> Answer {
    if shown::knows_all_members(asked) {
        answer.with(
            axum::http::HeaderName::from_static("preference-applied"),
            HeaderValue::from_static(shown::ALL_MEMBERS),
        )
    } else {
        answer
    }
}

/// `property eq 'value'`.
fn parse_filter(filter: &str) -> Option<(&str, String)> {
    let (property, rest) = filter.trim().split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    operator
        .eq_ignore_ascii_case("eq")
        .then(|| (property, value.replace("''", "'")))
}

fn not_found() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        "The online meeting was not found.",
    )
}

/// What a user principal name gets here, and a person who isn't there.
fn unknown() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "UnknownError", "")
}

fn forbidden(message: &str) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "Forbidden", message)
}

/// The names of roles as Graph writes them.
fn role_name(role: MeetingRole) -> &'static str {
    match role {
        MeetingRole::Attendee => "attendee",
        MeetingRole::Presenter => "presenter",
        MeetingRole::Producer => "producer",
        MeetingRole::Coorganizer => "coorganizer",
    }
}
