//! The host's online meetings: made once, changed in place, deleted.
//!
//! `createOrGet` is keyed by our external id, so that it can be repeated after
//! an answer was lost. It takes the people and the times alone; lobby and
//! presenters need a change afterwards, and so does whatever differs when it
//! *found* a meeting, since it changes nothing then.

mod body;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::ObjectId;
use crate::client::Client;
use crate::failure::{About, Failure, Kind};
use crate::graph::{Call, escaped, unexpected};
use crate::token::AccessToken;
use crate::transport::Answer;
use body::MeetingBody;

/// Subjects are kept to this many characters.
pub const LONGEST_SUBJECT: usize = 250;

/// The subject as it is sent: on one line and not too long. Compare with this
/// before calling it changed.
pub fn subject_as_sent(subject: &str) -> String {
    let line: String = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_SUBJECT)
        .collect();
    line.trim().to_owned()
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word that came later than this program.
            Unknown(String),
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Unknown(other.chars().take(100).collect()),
                }
            }
        }
    };
}

words! {
    /// What somebody may do in a meeting.
    Role {
        Attendee = "attendee",
        Presenter = "presenter",
        /// Walks in past every lobby and admits others; at most ten, all of them
        /// in the tenant ("Add co-organizers to a meeting in Microsoft Teams").
        CoOrganizer = "coorganizer",
        Producer = "producer",
    }
}

words! {
    /// Who walks in past the lobby ("lobbyBypassSettings resource type").
    LobbyScope {
        Organizer = "organizer",
        Organization = "organization",
        OrganizationAndFederated = "organizationAndFederated",
        Everyone = "everyone",
        Invited = "invited",
        OrganizationExcludingGuests = "organizationExcludingGuests",
    }
}

words! {
    /// Who presents ("onlineMeetingPresenters values").
    AllowedPresenters {
        Everyone = "everyone",
        Organization = "organization",
        RoleIsPresenter = "roleIsPresenter",
        Organizer = "organizer",
    }
}

words! {
    /// Who lets others in from the lobby ("allowedLobbyAdmitterRoles values").
    AllowedLobbyAdmitters {
        OrganizerAndCoOrganizersAndPresenters = "organizerAndCoOrganizersAndPresenters",
        OrganizerAndCoOrganizers = "organizerAndCoOrganizers",
    }
}

/// Somebody to be listed. The object id is for comparing; Microsoft is given
/// the user principal name, without which it has answered with a fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attendee {
    pub upn: String,
    pub role: Role,
    pub object_id: Option<ObjectId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOnlineMeeting {
    /// Ours, one per meeting that is ever wanted.
    pub external_id: String,
    pub subject: String,
    pub start: Timestamp,
    pub end: Timestamp,
    pub attendees: Vec<Attendee>,
}

/// What is to become different; what is `None` isn't sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub subject: Option<String>,
    /// Start and end: one is refused without the other.
    pub times: Option<(Timestamp, Timestamp)>,
    /// All of them, also those that stay.
    pub attendees: Option<Vec<Attendee>>,
    pub lobby_scope: Option<LobbyScope>,
    pub dial_in_bypass: Option<bool>,
    pub allowed_presenters: Option<AllowedPresenters>,
    pub allowed_lobby_admitters: Option<AllowedLobbyAdmitters>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A meeting as Microsoft has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineMeeting {
    /// Opaque.
    pub id: String,
    pub external_id: Option<String>,
    pub subject: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    /// On an accepted host; opaque otherwise.
    pub join_web_url: Url,
    /// Microsoft leaves out whom it doesn't know.
    pub attendees: Vec<ListedAttendee>,
    pub lobby_scope: Option<LobbyScope>,
    pub dial_in_bypass: Option<bool>,
    pub allowed_presenters: Option<AllowedPresenters>,
    pub allowed_lobby_admitters: Option<AllowedLobbyAdmitters>,
    /// Never another than the token's host.
    pub organizer: Option<ObjectId>,
    /// The roles asked for in this call were refused, and all were listed as
    /// attendees instead.
    pub roles_refused: bool,
}

/// Somebody who is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAttendee {
    pub upn: Option<String>,
    pub role: Option<Role>,
    pub object_id: Option<ObjectId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Made,
    /// It was there already, and nothing of what was asked has been applied.
    Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Gone,
    WasGone,
}

/// The calls about meetings, with one token.
#[derive(Debug)]
pub struct OnlineMeetings<'a> {
    client: &'a Client,
    token: &'a AccessToken,
}

impl Client {
    pub fn online_meetings<'a>(&'a self, token: &'a AccessToken) -> OnlineMeetings<'a> {
        OnlineMeetings {
            client: self,
            token,
        }
    }
}

impl OnlineMeetings<'_> {
    /// "onlineMeeting: createOrGet".
    pub async fn create_or_get(
        &self,
        wanted: &NewOnlineMeeting,
    ) -> Result<(OnlineMeeting, Created), Failure> {
        let (answer, roles_refused) = self
            .sending_roles(&wanted.attendees, |attendees| {
                let mut call = meeting_call(
                    "createOrGet",
                    Method::POST,
                    "/me/onlineMeetings/createOrGet",
                );
                call.body = Some(json!({
                    "externalId": wanted.external_id,
                    "subject": subject_as_sent(&wanted.subject),
                    "startDateTime": wanted.start.to_string(),
                    "endDateTime": wanted.end.to_string(),
                    "participants": { "attendees": attendees },
                }));
                call
            })
            .await
            // There is no meeting yet that could be missing: the host is.
            .map_err(|mut failure| {
                if failure.kind == Kind::NotFound {
                    failure.kind = Kind::HostMayNotMeet;
                }
                failure
            })?;
        let created = match answer.status {
            StatusCode::CREATED => Created::Made,
            StatusCode::OK => Created::Found,
            _ => return Err(unexpected(&answer)),
        };
        let mut meeting = self.read(&answer)?;
        meeting.roles_refused = roles_refused;
        match &meeting.external_id {
            Some(id) if *id != wanted.external_id => {
                Err(Failure::garbage("a meeting of another external id"))
            }
            _ => Ok((meeting, created)),
        }
    }

    /// "Get onlineMeeting"; nothing where it is gone.
    pub async fn get(&self, id: &str) -> Result<Option<OnlineMeeting>, Failure> {
        let path = path(id);
        let call = meeting_call("get meeting", Method::GET, &path);
        match self.client.call(self.token, call).await {
            Ok(answer) => self.read_same(&answer, id).map(Some),
            Err(failure) if failure.kind == Kind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// "Update onlineMeeting": only what changes is sent, since Microsoft
    /// refuses a request for a single property that it doesn't let change.
    pub async fn update(&self, id: &str, changes: &Changes) -> Result<OnlineMeeting, Failure> {
        let path = path(id);
        let listed = changes.attendees.as_deref().unwrap_or_default();
        let (answer, roles_refused) = self
            .sending_roles(listed, |attendees| {
                let mut call = meeting_call("update meeting", Method::PATCH, &path);
                call.body = Some(changes_body(changes, &attendees));
                call
            })
            .await?;
        let mut meeting = self.read_same(&answer, id)?;
        meeting.roles_refused = roles_refused;
        Ok(meeting)
    }

    /// "Delete onlineMeeting". Nobody is told, and the join URL may live on.
    pub async fn delete(&self, id: &str) -> Result<Deleted, Failure> {
        let path = path(id);
        let call = meeting_call("delete meeting", Method::DELETE, &path);
        match self.client.call(self.token, call).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT => Ok(Deleted::Gone),
            Ok(answer) => Err(unexpected(&answer)),
            Err(failure) if failure.kind == Kind::NotFound => Ok(Deleted::WasGone),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a list of people; where Microsoft refuses it and there are roles
    /// in it, once more with everybody as attendee. The documents contradict
    /// each other about whose roles are refused and whose are ignored.
    async fn sending_roles<'c>(
        &self,
        attendees: &[Attendee],
        call: impl Fn(Value) -> Call<'c>,
    ) -> Result<(Answer, bool), Failure> {
        let list = |role: Option<&Role>| {
            let one = |one: &Attendee| {
                let role = role.unwrap_or(&one.role);
                json!({ "upn": one.upn, "role": role.as_str() })
            };
            attendees.iter().map(one).collect::<Value>()
        };
        let has_roles = attendees.iter().any(|one| one.role != Role::Attendee);
        match self.client.call(self.token, call(list(None))).await {
            Err(failure) if failure.status == Some(400) && has_roles => {
                let call = call(list(Some(&Role::Attendee)));
                let answer = self.client.call(self.token, call).await?;
                Ok((answer, true))
            }
            answer => Ok((answer?, false)),
        }
    }

    fn read(&self, answer: &Answer) -> Result<OnlineMeeting, Failure> {
        let ids = |failure: Failure| failure.with_status(answer.status).with_ids(&answer.headers);
        let meeting = answer
            .json::<MeetingBody>()?
            .believed(self.client.cloud())
            .map_err(ids)?;
        match meeting.organizer {
            Some(organizer) if organizer != self.token.host() => {
                Err(ids(Failure::new(Kind::OtherOrganizer)))
            }
            _ => Ok(meeting),
        }
    }

    fn read_same(&self, answer: &Answer, id: &str) -> Result<OnlineMeeting, Failure> {
        if answer.status != StatusCode::OK {
            return Err(unexpected(answer));
        }
        let meeting = self.read(answer)?;
        if meeting.id == id {
            Ok(meeting)
        } else {
            Err(Failure::garbage("another meeting than asked for"))
        }
    }
}

fn meeting_call<'a>(name: &'static str, method: Method, path: &'a str) -> Call<'a> {
    let mut call = Call::new(name, method, path);
    call.about = About::Meetings;
    call
}

fn path(id: &str) -> String {
    format!("/me/onlineMeetings/{}", escaped(id))
}

fn changes_body(changes: &Changes, attendees: &Value) -> Value {
    let mut body = serde_json::Map::new();
    if let Some(subject) = &changes.subject {
        body.insert("subject".into(), subject_as_sent(subject).into());
    }
    if let Some((start, end)) = changes.times {
        body.insert("startDateTime".into(), start.to_string().into());
        body.insert("endDateTime".into(), end.to_string().into());
    }
    if changes.attendees.is_some() {
        body.insert("participants".into(), json!({ "attendees": attendees }));
    }
    let mut lobby = serde_json::Map::new();
    if let Some(scope) = &changes.lobby_scope {
        lobby.insert("scope".into(), scope.as_str().into());
    }
    if let Some(bypass) = changes.dial_in_bypass {
        lobby.insert("isDialInBypassEnabled".into(), bypass.into());
    }
    if !lobby.is_empty() {
        body.insert("lobbyBypassSettings".into(), lobby.into());
    }
    if let Some(presenters) = &changes.allowed_presenters {
        body.insert("allowedPresenters".into(), presenters.as_str().into());
    }
    if let Some(admitters) = &changes.allowed_lobby_admitters {
        body.insert("allowedLobbyAdmitters".into(), admitters.as_str().into());
    }
    body.into()
}
