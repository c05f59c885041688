//! Online meetings, live and deleted, with what their host chose for them.
//!
//! A meeting is known by its thread. Its Graph id, its chat thread, its number and its join URL
//! are written from that. How the others are kept small is in `row`.

mod access;
mod row;

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{ClientId, ObjectId, TenantId};
pub use access::AccessPolicy;
use row::{Hosts, Row};

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

/// What a PATCH gets that carries `@odata.type`. For two days in May 2026 Microsoft refused it
/// (dotnet#3112, java#2589).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeAnnotations {
    #[default]
    Accept,
    Refuse,
}

/// What becomes of somebody who is named with a role and isn't in the directory. Documents and
/// reports contradict each other (docs#17594), so it is a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outsiders {
    /// They are left out without a word, as attendees are.
    #[default]
    Drop,
    /// The call is refused if it gives them another role than attendee.
    Refuse,
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
        let number = self.thread.as_u128() >> NUMBER_SHIFT;
        let digest = Sha256::digest(self.thread);
        let passcode = BASE64_STANDARD_NO_PAD
            .encode(&digest[8..24])
            .replace(['+', '/'], "x");
        (format!("{number:012}"), passcode[..6].to_owned())
    }

    /// When Microsoft forgets the meeting, if nothing changes before.
    pub fn expires_at(&self) -> Timestamp {
        self.end
            .max(self.changed)
            .saturating_add(EXPIRY)
            .unwrap_or(Timestamp::MAX)
    }

    /// Whether nobody has deleted it.
    pub fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }

    /// Whether Graph knows it: neither deleted nor forgotten.
    pub fn is_known_at(&self, now: Timestamp) -> bool {
        self.is_live() && now < self.expires_at()
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

/// All meetings, found by id, by join URL, by number and by the key of `createOrGet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Kept")]
pub struct Meetings {
    pub deleted_links: DeletedLinks,
    pub type_annotations: TypeAnnotations,
    pub outsiders: Outsiders,
    pub access_policies: Vec<AccessPolicy>,
    hosts: Hosts,
    /// In the order they were made.
    rows: Vec<Row>,
    by_thread: BTreeMap<Uuid, u32>,
    by_key: HashMap<Key, u32>,
    made: HashMap<(ObjectId, Month), u32>,
}

/// A digest of the organizer and the external id, for a hundred thousand texts would weigh.
type Key = [u8; 12];

/// Year and month in UTC.
type Month = (i16, i8);

/// A meeting's number is the front of its thread, so that the threads' own order finds it: as many
/// bits as twelve digits can show.
const NUMBER_SHIFT: u32 = 128 - 39;

impl Meetings {
    /// Adds a meeting.
    pub fn insert(&mut self, meeting: OnlineMeeting) {
        let Ok(place) = u32::try_from(self.rows.len()) else {
            return;
        };
        if let Some(external_id) = &meeting.external_id {
            self.by_key
                .insert(key(meeting.organizer, external_id), place);
        }
        *self
            .made
            .entry((meeting.organizer, month(meeting.created)))
            .or_default() += 1;
        self.by_thread.insert(meeting.thread, place);
        self.rows.push(Row::of(meeting, &mut self.hosts));
    }

    /// The meeting with this Graph id, deleted or not.
    pub fn find(&self, id: &str) -> Option<OnlineMeeting> {
        let meeting = self.find_thread(thread_of_id(id)?)?;
        (meeting.id() == id).then_some(meeting)
    }

    pub fn find_thread(&self, thread: Uuid) -> Option<OnlineMeeting> {
        self.at(*self.by_thread.get(&thread)?)
    }

    /// Changes a meeting, and gives it back as it is now.
    pub fn change(
        &mut self,
        thread: Uuid,
        change: impl FnOnce(&mut OnlineMeeting),
    ) -> Option<OnlineMeeting> {
        let place = *self.by_thread.get(&thread)?;
        let mut meeting = self.at(place)?;
        change(&mut meeting);
        let row = Row::of(meeting.clone(), &mut self.hosts);
        *self.rows.get_mut(usize::try_from(place).ok()?)? = row;
        Some(meeting)
    }

    /// The meeting that `createOrGet` last made for this key, deleted or not.
    pub fn find_key(&self, organizer: ObjectId, external_id: &str) -> Option<OnlineMeeting> {
        let place = *self.by_key.get(&key(organizer, external_id))?;
        self.at(place)
            .filter(|meeting| meeting.external_id.as_deref() == Some(external_id))
    }

    /// The meeting behind a join URL, deleted or not. The host in the URL doesn't count.
    pub fn find_join_url(&self, url: &str) -> Option<OnlineMeeting> {
        let path = url.split_once("/l/meetup-join/")?.1;
        let thread = percent_decode_str(path.split('/').next()?)
            .decode_utf8()
            .ok()?;
        self.find_thread(thread_of_name(&thread)?)
    }

    /// The meeting of a tenant with this number, written with spaces or without.
    pub fn find_number(&self, tenant: TenantId, number: &str) -> Option<OnlineMeeting> {
        let digits = number.replace(' ', "");
        let number: u128 = (digits.len() == 12)
            .then(|| digits.parse().ok())?
            .filter(|number| *number < 1 << 39)?;
        let first = Uuid::from_u128(number << NUMBER_SHIFT);
        let last = Uuid::from_u128(((number + 1) << NUMBER_SHIFT).wrapping_sub(1));
        self.by_thread
            .range(first..=last)
            .filter_map(|(_, place)| self.at(*place))
            .find(|meeting| meeting.tenant == tenant)
    }

    /// Every meeting, deleted ones included, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = OnlineMeeting> + ExactSizeIterator {
        self.rows.iter().map(|row| row.meeting(&self.hosts))
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many meetings this person made in the month (UTC) of `at`, deleted ones included.
    pub fn made_in_month(&self, organizer: ObjectId, at: Timestamp) -> u32 {
        self.made
            .get(&(organizer, month(at)))
            .copied()
            .unwrap_or_default()
    }

    /// How many meetings each host made in the month (UTC) of `at`.
    pub fn list_made_in_month(&self, at: Timestamp) -> impl Iterator<Item = (ObjectId, u32)> {
        let wanted = month(at);
        self.made
            .iter()
            .filter(move |((_, month), _)| *month == wanted)
            .map(|((host, _), count)| (*host, *count))
    }

    /// Whether an application may act for this host by itself.
    pub fn is_access_allowed(
        &self,
        tenant: TenantId,
        client_id: ClientId,
        host: ObjectId,
        now: Timestamp,
    ) -> bool {
        access::acting(&self.access_policies, tenant, host, now)
            .is_some_and(|policy| policy.apps.contains(&client_id))
    }

    fn at(&self, place: u32) -> Option<OnlineMeeting> {
        let row = self.rows.get(usize::try_from(place).ok()?)?;
        Some(row.meeting(&self.hosts))
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
    key.copy_from_slice(&digest[..12]);
    key
}

fn month(at: Timestamp) -> Month {
    let date = TimeZone::UTC.to_datetime(at).date();
    (date.year(), date.month())
}

/// How the meetings are kept in the state file.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Kept {
    deleted_links: DeletedLinks,
    type_annotations: TypeAnnotations,
    outsiders: Outsiders,
    access_policies: Vec<AccessPolicy>,
    online_meetings: Vec<OnlineMeeting>,
}

impl From<Kept> for Meetings {
    fn from(mut kept: Kept) -> Self {
        // Of two meetings with one key, the later one is the one that `createOrGet` gets.
        kept.online_meetings.sort_by_key(|meeting| meeting.created);
        let mut meetings = Self {
            deleted_links: kept.deleted_links,
            type_annotations: kept.type_annotations,
            outsiders: kept.outsiders,
            access_policies: kept.access_policies,
            ..Self::default()
        };
        for meeting in kept.online_meetings {
            meetings.insert(meeting);
        }
        meetings
    }
}

/// The same, one meeting after the other, for all of them at once would weigh.
impl Serialize for Meetings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        struct Each<'a>(&'a Meetings);

        impl Serialize for Each<'_> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(self.0.iter())
            }
        }

        let mut kept = to.serialize_struct("Kept", 5)?;
        kept.serialize_field("deleted_links", &self.deleted_links)?;
        kept.serialize_field("type_annotations", &self.type_annotations)?;
        kept.serialize_field("outsiders", &self.outsiders)?;
        kept.serialize_field("access_policies", &self.access_policies)?;
        kept.serialize_field("online_meetings", &Each(self))?;
        kept.end()
    }
}
