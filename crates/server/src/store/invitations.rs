//! Puts what people are to be told of a meeting into the outbox, in the same commit as
//! what happened.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mentoring::invitation::{self, CalendarObject, Change, Entry, Method, Notice};
use mentoring::meeting::Meeting;
use mentoring::member::{Member, MemberState};
use mentoring::organization::MemberId;
use mentoring::schedule::Schedule;
use mentoring::settle::{self, Unsent};
use mentoring::track::Mode;

use super::{
    StoreError, Stored, Tx, integrations, meetings, meetings::StoredMeeting, members, outbox,
    tracks,
};
use crate::clock::Randomness;
use crate::content::{Content, Invitation};
use crate::instance::Instance;

/// How long a change waits for those that may follow it (F33).
const SETTLE: SignedDuration = SignedDuration::from_secs(30);

/// What is to be told: a meeting changed from what people knew of it, `before`, to what it
/// is.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The change that it is part of.
    pub tx: &'a Tx,
    /// Whose addresses are told.
    pub instance: &'a Instance,
    /// Makes the messages' ids.
    pub randomness: &'a Randomness,
    /// The meeting as people knew it; none if nobody did.
    pub before: Option<&'a Meeting>,
    /// The meeting.
    pub after: &'a StoredMeeting,
    /// Why, if that was said: all are told.
    pub reason: Option<&'a str>,
}

impl Telling<'_> {
    /// Tells everyone concerned, and remembers that they were told.
    pub async fn everyone(self) -> Stored<()> {
        self.tell(|_| true).await?;
        meetings::announce(self.tx, &self.after.meeting).await
    }

    /// Tells only those who are no longer of it; the others are told later.
    pub async fn who_is_gone(self) -> Stored<()> {
        self.tell(|notice| notice.change == Change::Removed).await
    }

    async fn tell(self, is_told: impl Fn(&Notice) -> bool) -> Stored<()> {
        let (tx, meeting) = (self.tx, &self.after.meeting);
        let notices = invitation::notices_because(self.before, meeting, self.reason);
        let before = self.before.iter().flat_map(|before| &before.attendees);
        let ids: Vec<MemberId> = before
            .chain(&meeting.attendees)
            .map(|attendee| attendee.member)
            .collect();
        let people: BTreeMap<MemberId, Member> =
            members::list_by_ids(tx.on(), meeting.organization, &ids)
                .await?
                .into_iter()
                .map(|member| (member.id, member))
                .collect();
        let setting = self.setting(&people).await?;
        for notice in notices.into_iter().filter(is_told) {
            let Some(reader) = people.get(&notice.to) else {
                continue;
            };
            // Whoever leaves the organization is told what leaves their calendar with it,
            // and nothing else.
            let reads = match reader.state {
                MemberState::Active => true,
                MemberState::Deactivated => notice.method == Method::Cancel,
                MemberState::Invited => false,
            };
            if !reads {
                continue;
            }
            let dropped =
                outbox::drop_waiting(tx, meeting.organization, meeting.id, reader.id).await?;
            let Some((notice, due_at)) = settled(notice, &dropped, tx.now)? else {
                continue;
            };
            let code = match notice.method {
                Method::Request => {
                    let make = || self.randomness.code();
                    meetings::answer_code(tx, meeting, reader.id, make).await?
                }
                Method::Cancel => None,
            };
            let content = Content::Invitation(Box::new(Invitation {
                change: notice.change.clone(),
                reason: notice.reason.clone(),
                calendar: self.calendar(&setting, &people, &notice),
                next: self.next(&notice),
                mode: meeting.mode,
                organizer: meeting.organizer,
                organizer_name: setting.organizer.name(),
                organizer_email: setting.organizer.email.as_str().to_owned(),
                track: setting.track.clone(),
                page: setting.page.clone(),
                join_address: setting.join_address.clone(),
                host: setting.host.clone(),
                answer_address: code.map(|code| self.instance.answer_address(&code)),
            }));
            let message = outbox::Message {
                attempts: may_be_heard(&dropped)?,
                ..self.message(reader, &notice, &content)?
            };
            outbox::put(tx, &message, due_at).await?;
        }
        Ok(())
    }

    async fn setting(&self, people: &BTreeMap<MemberId, Member>) -> Stored<Setting> {
        let (tx, meeting) = (self.tx, &self.after.meeting);
        let without = |what: &str| StoreError::Unreadable(format!("a meeting without its {what}"));
        let track = tracks::find_in(tx, meeting.organization, meeting.track)
            .await?
            .ok_or_else(|| without("track"))?;
        let organizer = people
            .get(&meeting.organizer)
            .ok_or_else(|| without("organizer"))?;
        let organization = super::organizations::find_on(tx.on(), meeting.organization).await?;
        let slug = organization
            .map(|organization| organization.slug)
            .unwrap_or_default();
        let is_on_teams = meeting.mode == Mode::Teams;
        let host = if is_on_teams {
            integrations::find_in(tx, meeting.organization)
                .await?
                .host
                .map(|host| host.name)
        } else {
            None
        };
        Ok(Setting {
            track: track.name,
            organizer: organizer.clone(),
            page: self
                .instance
                .address(&format!("/{slug}/meetings/{}", meeting.id)),
            join_address: is_on_teams.then(|| self.instance.join_address(&self.after.join_code)),
            host,
        })
    }

    /// The occurrence that a letter about a series names: the next one, of a cancellation
    /// the one that would have been.
    fn next(&self, notice: &Notice) -> Option<Schedule> {
        let meeting = match (notice.method, self.before) {
            (Method::Cancel, Some(before)) => before,
            _ => &self.after.meeting,
        };
        if notice.only.is_some() || meeting.repetition.is_none() {
            return None;
        }
        let current = meeting.current(self.tx.now);
        Some(current.schedule(&meeting.schedule.time_zone))
    }

    fn message(
        &self,
        reader: &Member,
        notice: &Notice,
        content: &Content,
    ) -> Stored<outbox::Message> {
        let (tx, meeting) = (self.tx, &self.after.meeting);
        let method = match notice.method {
            Method::Request => "request",
            Method::Cancel => "cancel",
        };
        Ok(outbox::Message {
            id: self.randomness.uuid_v7(tx.now),
            organization: meeting.organization,
            member: reader.id,
            meeting: Some(meeting.id),
            topic: format!("{method}:{}", notice.sequence),
            content: serde_json::to_string(content)
                .map_err(|error| StoreError::Unreadable(error.to_string()))?,
            fate: outbox::Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        })
    }

    fn calendar(
        &self,
        setting: &Setting,
        people: &BTreeMap<MemberId, Member>,
        notice: &Notice,
    ) -> CalendarObject {
        let entry = Entry {
            method: notice.method,
            sequence: notice.sequence,
            only: notice.only,
            join_address: setting.join_address.as_deref(),
            organizer: (setting.organizer.name(), self.instance.mail_from.clone()),
            stamp: self.tx.now,
        };
        CalendarObject::of(&self.after.meeting, entry, |member| {
            let member = people.get(&member)?;
            Some((member.name(), member.email.as_str().to_owned()))
        })
    }
}

/// What all messages about a meeting name alike.
struct Setting {
    track: String,
    organizer: Member,
    page: String,
    join_address: Option<String>,
    host: Option<String>,
}

/// The tries that a message begins with which takes the place of these: whoever may have had
/// one of them, or had one before them, has to hear of a cancellation.
fn may_be_heard(dropped: &[outbox::Dropped]) -> Stored<i64> {
    let mut tries = 0;
    for outbox::Dropped { message, .. } in dropped {
        let knew = match outbox::content(message)? {
            Content::Invitation(unsent) => unsent.change != Change::Created,
            _ => false,
        };
        tries = tries.max(message.attempts).max(i64::from(knew));
    }
    Ok(tries)
}

/// What is said in place of these messages, which were not sent, and when. Who reads of
/// several changes in one message reads it when they would have read of the first.
fn settled(
    notice: Notice,
    dropped: &[outbox::Dropped],
    now: Timestamp,
) -> Stored<Option<(Notice, Timestamp)>> {
    let mut notice = notice;
    let mut due_at = now + SETTLE;
    for outbox::Dropped {
        message,
        due_at: was_due,
    } in dropped
    {
        let Content::Invitation(unsent) = outbox::content(message)? else {
            continue;
        };
        let unsent = Unsent {
            change: &unsent.change,
            only: unsent.calendar.only,
            was_tried: message.attempts > 0,
        };
        let Some(instead) = settle::instead(unsent, notice) else {
            return Ok(None);
        };
        notice = instead;
        due_at = was_due.map_or(due_at, |was_due| due_at.min(was_due.max(now)));
    }
    if !settle::settles(&notice) {
        due_at = now;
    }
    Ok(Some((notice, due_at)))
}
