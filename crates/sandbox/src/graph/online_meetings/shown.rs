//! How Graph shows a meeting.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::options::RULES;
use super::role_name;
use crate::Sandbox;
use crate::graph::asked::Asked;
use crate::ids::ObjectId;
use crate::tenant::State;
use crate::tenant::meetings::{LobbyScope, MeetingRole, OnlineMeeting};

/// The preference without which newer members of enumerations show as `unknownFutureValue`.
/// Source: "Handling future members in evolvable enumerations".
pub(super) const ALL_MEMBERS: &str = "include-unknown-enum-members";

const UNKNOWN: &str = "unknownFutureValue";

/// Whether the client said that it knows newer members of enumerations.
pub(super) fn knows_all_members(asked: &Asked) -> bool {
    asked.says("Prefer", ALL_MEMBERS)
}

/// Shows meetings to one client.
pub(super) struct Show<'a> {
    sandbox: &'a Sandbox,
    state: &'a State,
    knows_all_members: bool,
}

impl<'a> Show<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, state: &'a State, asked: &Asked) -> Self {
        Self {
            sandbox,
            state,
            knows_all_members: knows_all_members(asked),
        }
    }

    pub(super) fn context(&self, host: ObjectId, tail: &str) -> String {
        format!(
            "{}/v1.0/$metadata#users('{host}')/onlineMeetings{tail}",
            self.sandbox.url()
        )
    }

    /// A meeting that is the whole answer.
    pub(super) fn entity(&self, meeting: &OnlineMeeting) -> Value {
        let mut shown = Map::new();
        shown.insert(
            "@odata.context".to_owned(),
            json!(self.context(meeting.organizer, "/$entity")),
        );
        shown.extend(self.properties(meeting));
        Value::Object(shown)
    }

    /// A meeting in a list.
    pub(super) fn meeting(&self, meeting: &OnlineMeeting) -> Value {
        Value::Object(self.properties(meeting))
    }

    fn properties(&self, meeting: &OnlineMeeting) -> Map<String, Value> {
        let url = meeting.join_url(self.sandbox.pages_url());
        let (number, passcode) = meeting.meeting_number();
        let attendees: Vec<Value> = meeting
            .attendees
            .iter()
            .map(|attendee| self.participant(attendee.person, self.role(attendee.role)))
            .collect();
        let Value::Object(mut shown) = json!({
            "id": meeting.id(),
            "creationDateTime": written(meeting.created),
            "startDateTime": written(meeting.start),
            "endDateTime": written(meeting.end),
            "expiryDateTime": written(meeting.expires_at()),
            "externalId": meeting.external_id,
            "subject": meeting.subject,
            "joinWebUrl": url,
            "joinInformation": {"content": invitation(meeting, &url), "contentType": "html"},
            "joinMeetingIdSettings": {
                "isPasscodeRequired": true,
                "joinMeetingId": number,
                "passcode": passcode,
            },
            "isBroadcast": false,
            "meetingType": null,
            "meetingSpokenLanguageTag": null,
            "videoTeleconferenceId": null,
            "audioConferencing": null,
            "chatRestrictions": null,
            "chatInfo": {
                "threadId": meeting.thread_id(),
                "messageId": "0",
                "replyChainMessageId": null,
            },
            "lobbyBypassSettings": {
                "scope": self.scope(meeting.lobby.scope),
                "isDialInBypassEnabled": meeting.lobby.dial_in_bypass,
            },
            "allowedPresenters": meeting.lobby.presenters,
            "allowedLobbyAdmitters": meeting.lobby.admitters,
            "participants": {
                "organizer": self.participant(meeting.organizer, "presenter"),
                "attendees": attendees,
            },
        }) else {
            return Map::new();
        };
        for rule in &RULES {
            let value = meeting
                .options
                .get(rule.name)
                .cloned()
                .unwrap_or_else(|| rule.default());
            shown.insert(rule.name.to_owned(), value);
        }
        shown
    }

    fn participant(&self, id: ObjectId, role: &str) -> Value {
        let person = self.state.people.find(id);
        json!({
            "upn": person.map(|person| &person.upn),
            "role": role,
            "identity": {
                "application": null,
                "device": null,
                "user": {
                    "id": id,
                    "displayName": null,
                    "tenantId": person.map(|person| person.tenant),
                    "identityProvider": "AAD",
                },
            },
        })
    }

    fn role(&self, role: MeetingRole) -> &'static str {
        match role {
            MeetingRole::Coorganizer if !self.knows_all_members => UNKNOWN,
            role => role_name(role),
        }
    }

    fn scope(&self, scope: LobbyScope) -> Value {
        match scope {
            LobbyScope::Invited | LobbyScope::OrganizationExcludingGuests
                if !self.knows_all_members =>
            {
                json!(UNKNOWN)
            }
            scope => json!(scope),
        }
    }
}

/// UTC with seven decimals.
fn written(time: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(time);
    format!(
        "{}.{:07}Z",
        at.strftime("%Y-%m-%dT%H:%M:%S"),
        at.subsec_nanosecond() / 100
    )
}

/// `joinInformation`: a page for pasting into a message.
fn invitation(meeting: &OnlineMeeting, url: &str) -> String {
    let (number, passcode) = meeting.meeting_number();
    let page = format!(
        "<div><p><b>Microsoft Teams meeting</b></p><p><a href=\"{}\">Join the meeting now</a></p>\
         <p>Meeting ID: {number}</p><p>Passcode: {passcode}</p></div>",
        url.replace('&', "&amp;")
    );
    format!(
        "data:text/html,{}",
        utf8_percent_encode(&page, NON_ALPHANUMERIC)
    )
}
