//! Online meetings, live and deleted.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ObjectId, TenantId};

/// A Teams meeting as Graph's `onlineMeeting` describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OnlineMeeting {
    pub id: String,
    /// The key that `createOrGet` was called with.
    pub external_id: Option<String>,
    pub tenant: TenantId,
    pub organizer: ObjectId,
    pub subject: Option<String>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub attendees: Vec<Attendee>,
    /// `lobbyBypassSettings.scope`.
    pub lobby_scope: String,
    pub dial_in_bypass: bool,
    pub allowed_presenters: String,
    pub allowed_lobby_admitters: String,
    pub join_url: String,
    pub thread_id: String,
    pub created: Timestamp,
    /// Counts every change, from 1.
    pub revision: u64,
    pub deleted_at: Option<Timestamp>,
}

/// Somebody who is expected in a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    pub upn: Option<String>,
    pub role: String,
    pub object_id: Option<ObjectId>,
}

/// All meetings, found by id and by the key of `createOrGet`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<OnlineMeeting>", into = "Vec<OnlineMeeting>")]
pub struct Meetings {
    by_id: BTreeMap<String, OnlineMeeting>,
    by_key: HashMap<(TenantId, ObjectId, String), String>,
}

impl Meetings {
    /// Adds a meeting, or replaces the one with the same id.
    pub fn put(&mut self, meeting: OnlineMeeting) {
        if let Some(external_id) = &meeting.external_id {
            self.by_key.insert(
                (meeting.tenant, meeting.organizer, external_id.clone()),
                meeting.id.clone(),
            );
        }
        self.by_id.insert(meeting.id.clone(), meeting);
    }

    /// The meeting with this id, deleted or not.
    pub fn find(&self, id: &str) -> Option<&OnlineMeeting> {
        self.by_id.get(id)
    }

    pub fn find_mut(&mut self, id: &str) -> Option<&mut OnlineMeeting> {
        self.by_id.get_mut(id)
    }

    /// The meeting that `createOrGet` last made for this key, deleted or not.
    pub fn find_key(
        &self,
        tenant: TenantId,
        organizer: ObjectId,
        external_id: &str,
    ) -> Option<&OnlineMeeting> {
        let id = self
            .by_key
            .get(&(tenant, organizer, external_id.to_owned()))?;
        self.by_id.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &OnlineMeeting> {
        self.by_id.values()
    }
}

impl From<Vec<OnlineMeeting>> for Meetings {
    fn from(mut list: Vec<OnlineMeeting>) -> Self {
        list.sort_by_key(|meeting| meeting.created);
        let mut meetings = Self::default();
        for meeting in list {
            meetings.put(meeting);
        }
        meetings
    }
}

impl From<Meetings> for Vec<OnlineMeeting> {
    fn from(meetings: Meetings) -> Self {
        meetings.by_id.into_values().collect()
    }
}
