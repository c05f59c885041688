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
use serde_json::json;
use uuid::Uuid;

use crate::Sandbox;
use crate::graph::answer::{Answer, Failure};
use crate::graph::asked::Asked;
use crate::graph::bearer;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::meetings::{MeetingRole, OnlineMeeting};
use crate::tenant::person::{Person, PersonKind};
use shown::Show;
use wanted::Wanted;

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
        let meeting = wanted.meeting(sandbox, state, &host)?;
        let answer = shown(sandbox, state, asked, &meeting, StatusCode::CREATED);
        state.meetings.insert(meeting);
        Ok(answer)
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
            .filter(|meeting| meeting.is_live())
        {
            return Ok(shown(sandbox, state, asked, meeting, StatusCode::OK));
        }
        let meeting = wanted.meeting(sandbox, state, &host)?;
        let answer = shown(sandbox, state, asked, &meeting, StatusCode::CREATED);
        state.meetings.insert(meeting);
        Ok(answer)
    })
}

fn get(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    sandbox.read(|state| {
        let host = host(sandbox, state, asked, key)?;
        let meeting = find(state, asked, host)?;
        Ok(shown(sandbox, state, asked, meeting, StatusCode::OK))
    })
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
                let number = value.replace(' ', "");
                state
                    .meetings
                    .iter()
                    .filter(|meeting| meeting.tenant == host.tenant)
                    .find(|meeting| meeting.meeting_number().0 == number)
            }
            _ => {
                return Err(Failure::new(
                    StatusCode::BAD_REQUEST,
                    "InvalidArgument",
                    format!("Filtering on '{property}' is not supported."),
                ));
            }
        };
        let found = found.filter(|meeting| meeting.is_live());
        if found.is_some_and(|meeting| meeting.organizer != host.id) {
            return Err(forbidden("An error has occurred."));
        }
        let show = Show::new(sandbox, state, asked);
        let value: Vec<_> = found.into_iter().map(|one| show.meeting(one)).collect();
        let answer = Answer::json(
            StatusCode::OK,
            json!({"@odata.context": show.context(host.id, ""), "value": value}),
        );
        Ok(with_preference(answer, asked))
    })
}

fn update(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    let wanted = Wanted::to_update(&asked.json()?)?;
    sandbox.change(|state| {
        let host = host(sandbox, state, asked, key)?.clone();
        let meeting = find_own(state, asked, &host)?;
        let attendees = wanted.attendees(state, &host)?;
        let now = sandbox.now();
        let meeting = state
            .meetings
            .find_thread_mut(meeting)
            .ok_or_else(not_found)?;
        wanted.apply(meeting, attendees);
        meeting.touch(now);
        let meeting = meeting.clone();
        Ok(shown(sandbox, state, asked, &meeting, StatusCode::OK))
    })
}

fn delete(sandbox: &Sandbox, asked: &Asked, key: Option<&str>) -> Result<Answer, Failure> {
    sandbox.change(|state| {
        let host = host(sandbox, state, asked, key)?.clone();
        let meeting = find_own(state, asked, &host)?;
        let now = sandbox.now();
        if let Some(meeting) = state.meetings.find_thread_mut(meeting) {
            meeting.deleted_at = Some(now);
            meeting.touch(now);
        }
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
fn find<'a>(state: &'a State, asked: &Asked, host: &Person) -> Result<&'a OnlineMeeting, Failure> {
    let id = asked.last_segment();
    let meeting = state
        .meetings
        .find(id)
        .filter(|meeting| meeting.is_live())
        .filter(|meeting| meeting.organizer == host.id || meeting.role_of(host.id).is_some());
    meeting.ok_or_else(not_found)
}

/// The thread of the meeting in the path, for its organizer alone.
fn find_own(state: &State, asked: &Asked, host: &Person) -> Result<Uuid, Failure> {
    let meeting = find(state, asked, host)?;
    if meeting.organizer == host.id {
        Ok(meeting.thread)
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
