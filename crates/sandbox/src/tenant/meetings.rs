//! Online meetings, live and deleted, with what their host chose for them.
//!
//! A meeting is known by its thread. Its Graph id, its chat thread and its join URL are written
//! from that, so that a hundred thousand of them stay small.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{ClientId, ObjectId, TenantId};

/// How many meetings Microsoft allows one person to make in a month.
/// Source: "Microsoft Graph service-specific throttling limits", row "Meeting information", whose
/// reach is unverified.
pub const MEETINGS_A_MONTH: u32 = 2_000;

/// How many co-organizers a meeting may have. Source: "Add co-organizers to a meeting in
/// Microsoft Teams"; that Graph enforces it is unverified.
pub const CO_ORGANIZERS: usize = 10;

/// How long a meeting is kept after its end or its last change.
/// Source: "Meeting expiration in Microsoft Teams".
const EXPIRY: SignedDuration = SignedDuration::from_hours(60 * 24);

/// A Teams meeting as Graph's `onlineMeeting` describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnlineMeeting {
    /// Names the meeting's chat thread, and through it the meeting.
    pub thread: Uuid,
    /// The key that `createOrGet` was called with.
    pub external_id: Option<Box<str>>,
    pub tenant: TenantId,
    pub organizer: ObjectId,
    pub subject: Option<Box<str>>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub attendees: Vec<Attendee>,
    pub lobby: Lobby,
    /// What else was set, by its name in Graph; what is missing has its default.
    pub options: BTreeMap<Box<str>, Value>,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// Counts every change, from 1.
    pub revision: u32,
    pub deleted_at: Option<Timestamp>,
}

/// Somebody who is expected in a meeting. Only accounts of the tenant, its guests included, are
/// ever kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    pub person: ObjectId,
    pub role: MeetingRole,
}

/// `onlineMeetingRole`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeetingRole {
    #[default]
    Attendee,
    Presenter,
    Producer,
    Coorganizer,
}

/// Who waits in the lobby, and who ends the wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lobby {
    pub scope: LobbyScope,
    pub dial_in_bypass: bool,
    pub presenters: AllowedPresenters,
    pub admitters: AllowedLobbyAdmitters,
}

/// `lobbyBypassSettings.scope`: who walks in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LobbyScope {
    Organizer,
    #[default]
    Organization,
    OrganizationAndFederated,
    OrganizationExcludingGuests,
    Invited,
    Everyone,
}

/// `allowedPresenters`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AllowedPresenters {
    #[default]
    Everyone,
    Organization,
    RoleIsPresenter,
    Organizer,
}

/// `allowedLobbyAdmitters`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AllowedLobbyAdmitters {
    #[default]
    OrganizerAndCoOrganizersAndPresenters,
    OrganizerAndCoOrganizers,
}

/// What the link of a deleted meeting does. Reports differ, so it is a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedLinks {
    /// It still opens a meeting.
    #[default]
    Survive,
    /// Opening it brings the meeting back, in Graph too.
    Revive,
    /// It says that the meeting is gone.
    Close,
}

/// `CsApplicationAccessPolicy`: which application may act for which host by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPolicy {
    pub tenant: TenantId,
    pub client_id: ClientId,
    /// None: for everyone in the tenant.
    pub host: Option<ObjectId>,
    /// Changes take up to half an hour to act.
    pub acts_from: Timestamp,
}

impl OnlineMeeting {
    /// The id that Graph gives it: base64 of the organizer and the thread.
    pub fn id(&self) -> String {
        BASE64_STANDARD.encode(format!("1*{}*0**{}", self.organizer, self.thread_id()))
    }

    /// `chatInfo.threadId`.
    pub fn thread_id(&self) -> String {
        format!("19:{}@thread.v2", self.thread_name())
    }

    /// `joinWebUrl`, below the address of the sandbox.
    pub fn join_url(&self, base: &str) -> String {
        format!(
            "{base}/l/meetup-join/19%3a{}%40thread.v2/0?context=\
             %7b%22Tid%22%3a%22{}%22%2c%22Oid%22%3a%22{}%22%7d",
            self.thread_name(),
            self.tenant,
            self.organizer
        )
    }

    /// `joinMeetingIdSettings.joinMeetingId` and its passcode.
    pub fn meeting_number(&self) -> (String, String) {
        let digest = Sha256::digest(self.thread);
        let number = digest[..8]
            .iter()
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let passcode = BASE64_STANDARD_NO_PAD
            .encode(&digest[8..24])
            .replace(['+', '/'], "x");
        (
            format!("{:012}", number % 1_000_000_000_000),
            passcode[..6].to_owned(),
        )
    }

    /// When Microsoft forgets the meeting, if nothing changes before.
    pub fn expires_at(&self) -> Timestamp {
        self.end
            .max(self.changed)
            .saturating_add(EXPIRY)
            .unwrap_or(Timestamp::MAX)
    }

    pub fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// The role of somebody who is on the list of attendees.
    pub fn role_of(&self, person: ObjectId) -> Option<MeetingRole> {
        let attendee = self.attendees.iter().find(|one| one.person == person)?;
        Some(attendee.role)
    }

    /// Notes that something changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.revision += 1;
        self.changed = now;
    }

    fn thread_name(&self) -> String {
        let encoded = BASE64_STANDARD_NO_PAD.encode(self.thread.to_string());
        format!("meeting_{encoded}")
    }
}

/// All meetings, found by id, by join URL and by the key of `createOrGet`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Meetings {
    pub deleted_links: DeletedLinks,
    pub access_policies: Vec<AccessPolicy>,
    by_thread: BTreeMap<Uuid, OnlineMeeting>,
    by_key: HashMap<Key, Uuid>,
    made: HashMap<(ObjectId, Month), u32>,
}

/// A digest of the organizer and the external id, for a hundred thousand texts would weigh.
type Key = [u8; 16];

/// Year and month in UTC.
type Month = (i16, i8);

impl Meetings {
    /// Adds a meeting.
    pub fn insert(&mut self, meeting: OnlineMeeting) {
        if let Some(external_id) = &meeting.external_id {
            self.by_key
                .insert(key(meeting.organizer, external_id), meeting.thread);
        }
        *self
            .made
            .entry((meeting.organizer, month(meeting.created)))
            .or_default() += 1;
        self.by_thread.insert(meeting.thread, meeting);
    }

    /// The meeting with this Graph id, deleted or not.
    pub fn find(&self, id: &str) -> Option<&OnlineMeeting> {
        let meeting = self.by_thread.get(&thread_of_id(id)?)?;
        (meeting.id() == id).then_some(meeting)
    }

    pub fn find_thread(&self, thread: Uuid) -> Option<&OnlineMeeting> {
        self.by_thread.get(&thread)
    }

    pub fn find_thread_mut(&mut self, thread: Uuid) -> Option<&mut OnlineMeeting> {
        self.by_thread.get_mut(&thread)
    }

    /// The meeting that `createOrGet` last made for this key, deleted or not.
    pub fn find_key(&self, organizer: ObjectId, external_id: &str) -> Option<&OnlineMeeting> {
        self.by_thread
            .get(self.by_key.get(&key(organizer, external_id))?)
    }

    /// The meeting behind a join URL, deleted or not. The host in the URL doesn't count.
    pub fn find_join_url(&self, url: &str) -> Option<&OnlineMeeting> {
        let path = url.split_once("/l/meetup-join/")?.1;
        let thread = percent_decode_str(path.split('/').next()?)
            .decode_utf8()
            .ok()?;
        self.by_thread.get(&thread_of_name(&thread)?)
    }

    /// Every meeting, deleted ones included.
    pub fn iter(&self) -> impl Iterator<Item = &OnlineMeeting> {
        self.by_thread.values()
    }

    /// How many meetings this person made in the month (UTC) of `at`, deleted ones included.
    pub fn made_in_month(&self, organizer: ObjectId, at: Timestamp) -> u32 {
        self.made
            .get(&(organizer, month(at)))
            .copied()
            .unwrap_or_default()
    }

    /// Whether an application may act for this host by itself.
    pub fn is_access_allowed(
        &self,
        tenant: TenantId,
        client_id: ClientId,
        host: ObjectId,
        now: Timestamp,
    ) -> bool {
        self.access_policies.iter().any(|policy| {
            policy.tenant == tenant
                && policy.client_id == client_id
                && policy.host.is_none_or(|id| id == host)
                && policy.acts_from <= now
        })
    }
}

/// The thread that a text such as `19:meeting_…@thread.v2` names.
pub fn thread_of_name(name: &str) -> Option<Uuid> {
    let encoded = name
        .strip_prefix("19:meeting_")?
        .strip_suffix("@thread.v2")?;
    let text = BASE64_STANDARD_NO_PAD.decode(encoded).ok()?;
    Uuid::try_parse_ascii(&text).ok()
}

fn thread_of_id(id: &str) -> Option<Uuid> {
    let text = String::from_utf8(BASE64_STANDARD.decode(id).ok()?).ok()?;
    thread_of_name(text.split_once("*0**")?.1)
}

fn key(organizer: ObjectId, external_id: &str) -> Key {
    let digest = Sha256::new()
        .chain_update(organizer.0)
        .chain_update(external_id)
        .finalize();
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}

fn month(at: Timestamp) -> Month {
    let date = TimeZone::UTC.to_datetime(at).date();
    (date.year(), date.month())
}

/// How the meetings are kept in the state file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Kept {
    deleted_links: DeletedLinks,
    access_policies: Vec<AccessPolicy>,
    online_meetings: Vec<OnlineMeeting>,
}

impl From<Kept> for Meetings {
    fn from(mut kept: Kept) -> Self {
        // Of two meetings with one key, the later one is the one that `createOrGet` gets.
        kept.online_meetings.sort_by_key(|meeting| meeting.created);
        let mut meetings = Self {
            deleted_links: kept.deleted_links,
            access_policies: kept.access_policies,
            ..Self::default()
        };
        for meeting in kept.online_meetings {
            meetings.insert(meeting);
        }
        meetings
    }
}

impl From<Meetings> for Kept {
    fn from(meetings: Meetings) -> Self {
        Self {
            deleted_links: meetings.deleted_links,
            access_policies: meetings.access_policies,
            online_meetings: meetings.by_thread.into_values().collect(),
        }
    }
}
