//! What a call wants of a meeting: read from its body, checked, applied.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::options::Rule;
use crate::Sandbox;
use crate::graph::answer::Failure;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::meetings::{
    AllowedLobbyAdmitters, AllowedPresenters, Attendee, CO_ORGANIZERS, Lobby, LobbyScope,
    MeetingRole, OnlineMeeting, Outsiders, TypeAnnotations,
};
use crate::tenant::person::Person;
use axum::http::StatusCode;

/// How long a meeting is whose end nobody named. Source: "onlineMeeting: createOrGet".
const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What every meeting has and nobody can set. A create call that names them is not refused for
/// it, since a client may send back what it got.
const READ_ONLY: [&str; 15] = [
    "attendeeReport",
    "audioConferencing",
    "chatInfo",
    "chatRestrictions",
    "creationDateTime",
    "expiryDateTime",
    "id",
    "isBroadcast",
    "joinInformation",
    "joinMeetingIdSettings",
    "joinWebUrl",
    "meetingOptionsWebUrl",
    "meetingSpokenLanguageTag",
    "meetingType",
    "videoTeleconferenceId",
];

/// What is to be set; what is missing stays as it is.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) external_id: Option<Box<str>>,
    subject: Option<Box<str>>,
    forgets_subject: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    attendees: Option<Vec<Named>>,
    scope: Option<LobbyScope>,
    dial_in_bypass: Option<bool>,
    presenters: Option<AllowedPresenters>,
    admitters: Option<AllowedLobbyAdmitters>,
    options: Vec<(Box<str>, Value)>,
}

/// An attendee as the call names them.
#[derive(Debug)]
struct Named {
    upn: String,
    id: Option<ObjectId>,
    role: MeetingRole,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LobbyBypass {
    scope: Option<LobbyScope>,
    is_dial_in_bypass_enabled: Option<bool>,
}

impl Wanted {
    /// The body of a plain create.
    pub(super) fn to_create(body: &Map<String, Value>) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        for (name, value) in set(body) {
            match name {
                // The words are unverified; that it is refused is reported (dotnet#1121).
                "externalId" => {
                    return Err(Failure::bad_request(
                        "externalId can only be set with createOrGet.",
                    ));
                }
                _ if READ_ONLY.contains(&name) => {}
                _ => wanted.read(name, value)?,
            }
        }
        wanted.check_times()?;
        Ok(wanted)
    }

    /// The body of createOrGet: five properties count, the others are ignored (dotnet#1121).
    pub(super) fn to_create_or_get(body: &Map<String, Value>) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        for (name, value) in set(body) {
            match name {
                "externalId" => {
                    let id = value.as_str().ok_or_else(|| invalid(name))?;
                    wanted.external_id = Some(id.into());
                }
                "subject" | "startDateTime" | "endDateTime" | "participants" => {
                    wanted.read(name, value)?;
                }
                _ => {}
            }
        }
        if wanted.external_id.as_deref().is_none_or(str::is_empty) {
            return Err(Failure::bad_request("externalId is required."));
        }
        wanted.check_times()?;
        Ok(wanted)
    }

    /// The body of an update: a closed list. Source: "Update onlineMeeting" (2024-08).
    pub(super) fn to_update(
        body: &Map<String, Value>,
        annotations: TypeAnnotations,
    ) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        if annotations == TypeAnnotations::Refuse && has_type(body) {
            return Err(not_updatable());
        }
        for (name, value) in set(body) {
            match name {
                "meetingType" => {
                    return Err(invalid_argument("Updating meeting type is not supported."));
                }
                "participants" if set_organizer(value) => return Err(not_updatable()),
                "subject"
                | "startDateTime"
                | "endDateTime"
                | "participants"
                | "lobbyBypassSettings"
                | "allowedPresenters"
                | "allowedLobbyAdmitters" => {
                    wanted.read(name, value)?;
                }
                _ if Rule::find(name).is_some_and(|rule| rule.may_be_updated) => {
                    wanted.read(name, value)?;
                }
                _ => return Err(not_updatable()),
            }
        }
        wanted.forgets_subject = body.get("subject") == Some(&Value::Null);
        // "startDateTime and endDateTime must be updated together"; the refusal is unverified.
        if wanted.start.is_some() != wanted.end.is_some() {
            return Err(invalid_argument(
                "startDateTime and endDateTime must be updated together.",
            ));
        }
        wanted.check_times()?;
        Ok(wanted)
    }

    /// The meeting that a create call makes.
    pub(super) fn meeting(
        &self,
        sandbox: &Sandbox,
        state: &State,
        host: &Person,
    ) -> Result<OnlineMeeting, Failure> {
        let now = tenths_of_microseconds(sandbox.now());
        let start = self.start.unwrap_or(now);
        let end = match self.end {
            Some(end) => end,
            None => start.saturating_add(AN_HOUR).unwrap_or(start),
        };
        let mut meeting = OnlineMeeting {
            thread: sandbox.random().uuid(),
            external_id: self.external_id.clone(),
            tenant: host.tenant,
            organizer: host.id,
            subject: None,
            start,
            end,
            attendees: Vec::new(),
            lobby: Lobby::default(),
            options: std::collections::BTreeMap::new(),
            created: now,
            changed: now,
            revision: 1,
            deleted_at: None,
        };
        self.apply(&mut meeting, self.attendees(state, host)?);
        Ok(meeting)
    }

    /// The attendees who can be found; the others are left out without a word (docs#9217).
    /// None where the call names none.
    pub(super) fn attendees(
        &self,
        state: &State,
        host: &Person,
    ) -> Result<Option<Vec<Attendee>>, Failure> {
        let Some(named) = &self.attendees else {
            return Ok(None);
        };
        let mut attendees: Vec<Attendee> = Vec::new();
        let mut places: HashMap<ObjectId, usize> = HashMap::new();
        for one in named {
            let found = state.people.find_upn(host.tenant, &one.upn).or_else(|| {
                let person = state.people.find(one.id?)?;
                (person.tenant == host.tenant).then_some(person)
            });
            if found.is_none()
                && one.role != MeetingRole::Attendee
                && state.meetings.outsiders == Outsiders::Refuse
            {
                return Err(Failure::bad_request(format!(
                    "The user '{}' can't have the role '{}': it isn't in the directory.",
                    one.upn,
                    super::role_name(one.role)
                )));
            }
            let Some(person) = found.filter(|person| person.id != host.id) else {
                continue;
            };
            let attendee = Attendee {
                person: person.id,
                role: one.role,
            };
            if let Some(place) = places.get(&person.id) {
                attendees[*place] = attendee;
            } else {
                places.insert(person.id, attendees.len());
                attendees.push(attendee);
            }
        }
        let co_organizers = attendees
            .iter()
            .filter(|attendee| attendee.role == MeetingRole::Coorganizer)
            .count();
        if co_organizers > CO_ORGANIZERS {
            return Err(Failure::bad_request(format!(
                "A meeting can have at most {CO_ORGANIZERS} co-organizers."
            )));
        }
        Ok(Some(attendees))
    }

    /// Whether the change may be made to this meeting as it is. Source: "Update onlineMeeting": once
    /// attendees are anonymous, a change can't end it; the words are unverified.
    pub(super) fn check_change(&self, meeting: &OnlineMeeting) -> Result<(), Failure> {
        let hides = |roles: &Value| {
            let roles = roles.as_array().map(Vec::as_slice).unwrap_or_default();
            roles.iter().any(|role| role == "attendee")
        };
        let hidden = "anonymizeIdentityForRoles";
        let wanted = self.options.iter().find(|(name, _)| **name == *hidden);
        match (meeting.options.get(hidden), wanted) {
            (Some(now), Some((_, wanted))) if hides(now) && !hides(wanted) => {
                Err(invalid_argument(
                    "The value 'attendee' can't be removed from anonymizeIdentityForRoles.",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Sets what is wanted.
    pub(super) fn apply(&self, meeting: &mut OnlineMeeting, attendees: Option<Vec<Attendee>>) {
        if self.subject.is_some() || self.forgets_subject {
            meeting.subject.clone_from(&self.subject);
        }
        if let (Some(start), Some(end)) = (self.start, self.end) {
            meeting.start = start;
            meeting.end = end;
        }
        if let Some(attendees) = attendees {
            meeting.attendees = attendees;
        }
        let lobby = &mut meeting.lobby;
        lobby.scope = self.scope.unwrap_or(lobby.scope);
        lobby.dial_in_bypass = self.dial_in_bypass.unwrap_or(lobby.dial_in_bypass);
        lobby.presenters = self.presenters.unwrap_or(lobby.presenters);
        lobby.admitters = self.admitters.unwrap_or(lobby.admitters);
        for (name, value) in &self.options {
            meeting.options.insert(name.clone(), value.clone());
        }
    }

    fn read(&mut self, name: &str, value: &Value) -> Result<(), Failure> {
        match name {
            "subject" => {
                let subject = value.as_str().ok_or_else(|| invalid(name))?;
                self.subject = Some(subject.into());
            }
            "startDateTime" => self.start = Some(time(name, value)?),
            "endDateTime" => self.end = Some(time(name, value)?),
            "participants" => self.attendees = attendees(value)?,
            "lobbyBypassSettings" => {
                let lobby: LobbyBypass = parse(name, value)?;
                self.scope = lobby.scope;
                self.dial_in_bypass = lobby.is_dial_in_bypass_enabled;
            }
            "allowedPresenters" => self.presenters = Some(parse(name, value)?),
            "allowedLobbyAdmitters" => self.admitters = Some(parse(name, value)?),
            _ => match Rule::find(name) {
                Some(rule) if rule.takes(value) => {
                    self.options.push((rule.name.into(), value.clone()));
                }
                _ => return Err(invalid(name)),
            },
        }
        Ok(())
    }

    /// Source: "onlineMeeting: createOrGet".
    fn check_times(&self) -> Result<(), Failure> {
        match (self.start, self.end) {
            (None, Some(_)) => Err(Failure::bad_request(
                "startDateTime is required when endDateTime is given.",
            )),
            (Some(start), Some(end)) if end < start => Err(Failure::bad_request(
                "endDateTime must not be before startDateTime.",
            )),
            _ => Ok(()),
        }
    }
}

/// The properties that are set: no annotations, which Microsoft's own clients always send, and no
/// nulls.
fn set(body: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    body.iter()
        .filter(|(name, value)| !name.contains('@') && !value.is_null())
        .map(|(name, value)| (name.as_str(), value))
}

/// Whether `@odata.type` stands anywhere in it.
fn has_type(body: &Map<String, Value>) -> bool {
    body.iter().any(|(name, value)| {
        name == "@odata.type"
            || match value {
                Value::Object(inner) => has_type(inner),
                Value::Array(list) => list.iter().filter_map(Value::as_object).any(has_type),
                _ => false,
            }
    })
}

fn set_organizer(participants: &Value) -> bool {
    participants
        .get("organizer")
        .is_some_and(|organizer| !organizer.is_null())
}

fn attendees(participants: &Value) -> Result<Option<Vec<Named>>, Failure> {
    let participants = participants
        .as_object()
        .ok_or_else(|| invalid("participants"))?;
    let list = match participants.get("attendees") {
        None | Some(Value::Null) => return Ok(None),
        Some(list) => list
            .as_array()
            .ok_or_else(|| invalid("participants.attendees"))?,
    };
    list.iter().map(named).collect::<Result<_, _>>().map(Some)
}

fn named(attendee: &Value) -> Result<Named, Failure> {
    let role = match attendee.get("role") {
        None | Some(Value::Null) => MeetingRole::default(),
        Some(role) => parse("role", role)?,
    };
    let id = attendee
        .pointer("/identity/user/id")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok());
    let upn = match attendee.get("upn") {
        Some(Value::String(upn)) => upn.clone(),
        // An id alone has made Microsoft stumble (docs#9483).
        None | Some(Value::Null) if id.is_some() => {
            return Err(Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerError",
                "An internal server error has occurred.",
            ));
        }
        _ => return Err(invalid("participants.attendees.upn")),
    };
    Ok(Named { upn, id, role })
}

/// ISO 8601 with an offset, kept in tenths of microseconds as Microsoft does.
fn time(name: &str, value: &Value) -> Result<Timestamp, Failure> {
    value
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok())
        .map(tenths_of_microseconds)
        .filter(|time| (EARLIEST..LATEST).contains(&time.as_second()))
        .ok_or_else(|| invalid(name))
}

/// The years 1 to 9999, which .NET's `DateTimeOffset` knows, in seconds.
const EARLIEST: i64 = -62_135_596_800;
const LATEST: i64 = 253_402_300_800 - 86_400;

fn tenths_of_microseconds(time: Timestamp) -> Timestamp {
    let nanoseconds = time.as_nanosecond();
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(100)).unwrap_or(time)
}

fn parse<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Failure> {
    T::deserialize(value).map_err(|_| invalid(name))
}

fn invalid(name: &str) -> Failure {
    Failure::bad_request(format!(
        "Invalid value specified for property '{name}' of resource 'onlineMeeting'."
    ))
}

fn not_updatable() -> Failure {
    invalid_argument(
        "One or more properties do not support updating. Please refer to Microsoft Graph \
         documentation for more information.",
    )
}

fn invalid_argument(message: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
}
