//! How a meeting is kept, so that a hundred thousand of them stay small: hosts
//! once for all, instants in eight bytes, the usual external id (a UUID) without a text.
//!
//! Nothing else sees a `Row`; the rest of the sandbox works with an `OnlineMeeting`.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{Attendee, Lobby, OnlineMeeting};
use crate::ids::{ObjectId, TenantId};

/// The hosts of meetings, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    list: Vec<(TenantId, ObjectId)>,
    numbers: HashMap<(TenantId, ObjectId), u32>,
}

/// A meeting.
#[derive(Clone, Debug)]
pub(super) struct Row {
    thread: Uuid,
    external_id: ExternalId,
    subject: Option<Box<str>>,
    attendees: Box<[Attendee]>,
    options: Box<[(Box<str>, Value)]>,
    start: Ticks,
    end: Ticks,
    created: Ticks,
    changed: Ticks,
    deleted: Ticks,
    host: u32,
    revision: u32,
    lobby: Lobby,
}

#[derive(Clone, Debug)]
enum ExternalId {
    None,
    Uuid(Uuid),
    Text(Box<str>),
}

/// Tenths of microseconds since 1970, which is as fine as Microsoft keeps them.
type Ticks = i64;

/// Before any year that a meeting can have.
const NEVER: Ticks = Ticks::MIN;

const NANOSECONDS: i128 = 100;

impl Hosts {
    fn number(&mut self, tenant: TenantId, host: ObjectId) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry((tenant, host)).or_insert(next);
        if number == next {
            self.list.push((tenant, host));
        }
        number
    }

    fn at(&self, number: u32) -> (TenantId, ObjectId) {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.list
            .get(at)
            .copied()
            .unwrap_or((TenantId(Uuid::nil()), ObjectId(Uuid::nil())))
    }
}

impl Row {
    pub(super) fn of(meeting: OnlineMeeting, hosts: &mut Hosts) -> Self {
        Self {
            thread: meeting.thread,
            external_id: ExternalId::of(meeting.external_id),
            subject: meeting.subject,
            attendees: meeting.attendees.into(),
            options: meeting.options.into_iter().collect(),
            start: ticks(meeting.start),
            end: ticks(meeting.end),
            created: ticks(meeting.created),
            changed: ticks(meeting.changed),
            deleted: meeting.deleted_at.map_or(NEVER, ticks),
            host: hosts.number(meeting.tenant, meeting.organizer),
            revision: meeting.revision,
            lobby: meeting.lobby,
        }
    }

    pub(super) fn meeting(&self, hosts: &Hosts) -> OnlineMeeting {
        let (tenant, organizer) = hosts.at(self.host);
        OnlineMeeting {
            thread: self.thread,
            external_id: self.external_id.text(),
            tenant,
            organizer,
            subject: self.subject.clone(),
            start: instant(self.start),
            end: instant(self.end),
            attendees: self.attendees.to_vec(),
            lobby: self.lobby,
            options: self.options.iter().cloned().collect(),
            created: instant(self.created),
            changed: instant(self.changed),
            revision: self.revision,
            deleted_at: (self.deleted != NEVER).then(|| instant(self.deleted)),
        }
    }
}

impl ExternalId {
    fn of(text: Option<Box<str>>) -> Self {
        let Some(text) = text else {
            return Self::None;
        };
        match Uuid::try_parse(&text) {
            // Only the usual way of writing it comes back as it was.
            Ok(id) if *id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text => {
                Self::Uuid(id)
            }
            _ => Self::Text(text),
        }
    }

    fn text(&self) -> Option<Box<str>> {
        match self {
            Self::None => None,
            Self::Uuid(id) => Some(id.to_string().into()),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

fn ticks(at: Timestamp) -> Ticks {
    Ticks::try_from(at.as_nanosecond().div_euclid(NANOSECONDS)).unwrap_or(Ticks::MAX)
}

fn instant(ticks: Ticks) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ticks) * NANOSECONDS).unwrap_or(Timestamp::MAX)
}
