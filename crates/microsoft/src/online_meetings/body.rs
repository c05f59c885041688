//! A meeting as Graph writes it ("onlineMeeting resource type"), and the checks
//! that make it believable.

use jiff::Timestamp;
use serde::Deserialize;

use super::{ListedAttendee, OnlineMeeting, Role};
use crate::ObjectId;
use crate::cloud::Cloud;
use crate::failure::{Failure, Kind};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MeetingBody {
    id: String,
    external_id: Option<String>,
    subject: Option<String>,
    start_date_time: String,
    end_date_time: String,
    join_web_url: Option<String>,
    participants: Option<Participants>,
    lobby_bypass_settings: Option<Lobby>,
    allowed_presenters: Option<String>,
    allowed_lobby_admitters: Option<String>,
}

#[derive(Default, Deserialize)]
struct Participants {
    organizer: Option<Participant>,
    attendees: Option<Vec<Participant>>,
}

#[derive(Deserialize)]
struct Participant {
    upn: Option<String>,
    role: Option<String>,
    identity: Option<IdentitySet>,
}

#[derive(Deserialize)]
struct IdentitySet {
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lobby {
    scope: Option<String>,
    is_dial_in_bypass_enabled: Option<bool>,
}

impl Participant {
    fn object_id(&self) -> Option<ObjectId> {
        self.identity
            .as_ref()?
            .user
            .as_ref()?
            .id
            .as_ref()?
            .parse()
            .ok()
    }
}

impl MeetingBody {
    pub fn believed(self, cloud: &Cloud) -> Result<OnlineMeeting, Failure> {
        const LONGEST_ID: usize = 1024;
        if self.id.is_empty() || self.id.len() > LONGEST_ID {
            return Err(Failure::garbage("a meeting without a usable id"));
        }
        let (start, end) = (utc(&self.start_date_time)?, utc(&self.end_date_time)?);
        if end < start {
            return Err(Failure::garbage("a meeting that ends before it starts"));
        }
        let join_web_url = match &self.join_web_url {
            Some(url) => cloud.join_url_accepted(url)?,
            None => {
                return Err(Failure::new(Kind::JoinAddressRefused).detailed("there is none", &[]));
            }
        };
        let participants = self.participants.unwrap_or_default();
        let organizer = match &participants.organizer {
            Some(organizer) => organizer.object_id(),
            None => None,
        };
        let attendees = participants
            .attendees
            .unwrap_or_default()
            .into_iter()
            .map(|one| ListedAttendee {
                object_id: one.object_id(),
                role: one.role.as_deref().map(Role::from),
                upn: one.upn,
            })
            .collect();
        let lobby = self.lobby_bypass_settings;
        Ok(OnlineMeeting {
            id: self.id,
            external_id: self.external_id,
            subject: self.subject,
            start,
            end,
            join_web_url,
            attendees,
            lobby_scope: lobby
                .as_ref()
                .and_then(|lobby| Some(lobby.scope.as_deref()?.into())),
            dial_in_bypass: lobby.and_then(|lobby| lobby.is_dial_in_bypass_enabled),
            allowed_presenters: self.allowed_presenters.map(|word| word.as_str().into()),
            allowed_lobby_admitters: self
                .allowed_lobby_admitters
                .map(|word| word.as_str().into()),
            organizer,
            roles_refused: false,
        })
    }
}

/// An instant; a time without its offset could be any of several.
fn utc(text: &str) -> Result<Timestamp, Failure> {
    text.parse()
        .map_err(|_| Failure::garbage("a time without its offset from UTC, or none at all"))
}
