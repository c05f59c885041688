//! Puts what people are to be told of a meeting into the outbox, in the same commit as
//! what happened.

use std::collections::BTreeMap;

use mentoring::invitation::{self, CalendarObject, Method};
use mentoring::meeting::Meeting;
use mentoring::member::{Member, MemberState};
use mentoring::organization::MemberId;
use mentoring::track::Mode;

use super::{
    StoreError, Stored, Tx, integrations, meetings, meetings::StoredMeeting, members, outbox,
    tracks,
};
use crate::clock::Randomness;
use crate::content::{Content, Invitation};
use crate::instance::Instance;

/// Tells everyone concerned that a meeting changed from `before` to `after`.
///
/// Remembers that they were told. A `reason` that was given is told to all; a person who
/// left the organization is told nothing.
pub async fn announce(
    tx: &Tx,
    instance: &Instance,
    randomness: &Randomness,
    before: Option<&Meeting>,
    after: &StoredMeeting,
    reason: Option<&str>,
) -> Stored<()> {
    let meeting = &after.meeting;
    let mut ids: Vec<MemberId> = meeting
        .attendees
        .iter()
        .map(|attendee| attendee.member)
        .collect();
    ids.extend(
        before
            .iter()
            .flat_map(|before| before.attendees.iter().map(|attendee| attendee.member)),
    );
    let people: BTreeMap<MemberId, Member> =
        members::list_by_ids(tx.on(), meeting.organization, &ids)
            .await?
            .into_iter()
            .map(|member| (member.id, member))
            .collect();
    let track = tracks::find_in(tx, meeting.organization, meeting.track)
        .await?
        .ok_or_else(|| StoreError::Unreadable("a meeting without its track".to_owned()))?;
    let organizer = people
        .get(&meeting.organizer)
        .ok_or_else(|| StoreError::Unreadable("a meeting without its organizer".to_owned()))?;
    let organization = super::organizations::find_on(tx.on(), meeting.organization).await?;
    let slug = organization
        .map(|organization| organization.slug)
        .unwrap_or_default();
    let host = if meeting.mode == Mode::Teams {
        integrations::find_in(tx, meeting.organization)
            .await?
            .host
            .map(|host| host.name)
    } else {
        None
    };
    let join_address =
        (meeting.mode == Mode::Teams).then(|| instance.join_address(&after.join_code));

    for notice in invitation::notices_because(before, meeting, reason) {
        let Some(reader) = people.get(&notice.to) else {
            continue;
        };
        if reader.state != MemberState::Active {
            continue;
        }
        let content = Content::Invitation(Box::new(Invitation {
            change: notice.change.clone(),
            reason: notice.reason.clone(),
            calendar: calendar(
                tx,
                instance,
                meeting,
                organizer,
                &people,
                notice.method,
                notice.sequence,
                join_address.as_deref(),
            ),
            mode: meeting.mode,
            organizer: meeting.organizer,
            organizer_name: organizer.name(),
            organizer_email: organizer.email.as_str().to_owned(),
            track: track.name.clone(),
            page: instance.address(&format!("/{slug}/meetings/{}", meeting.id)),
            join_address: join_address.clone(),
            host: host.clone(),
        }));
        outbox::drop_waiting(tx, meeting.organization, meeting.id, reader.id).await?;
        put(tx, randomness, meeting, reader, &notice, &content).await?;
    }
    meetings::announce(tx, meeting.organization, meeting.id, meeting.sequence).await
}

async fn put(
    tx: &Tx,
    randomness: &Randomness,
    meeting: &Meeting,
    reader: &Member,
    notice: &invitation::Notice,
    content: &Content,
) -> Stored<()> {
    let method = match notice.method {
        Method::Request => "request",
        Method::Cancel => "cancel",
    };
    let message = outbox::Message {
        id: randomness.uuid_v7(tx.now),
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
    };
    outbox::put(tx, &message, tx.now).await
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is a different part of the calendar object"
)]
fn calendar(
    tx: &Tx,
    instance: &Instance,
    meeting: &Meeting,
    organizer: &Member,
    people: &BTreeMap<MemberId, Member>,
    method: Method,
    sequence: i64,
    join_address: Option<&str>,
) -> CalendarObject {
    CalendarObject {
        method,
        uid: meeting.uid.clone(),
        sequence,
        summary: meeting.title.clone(),
        description: meeting.agenda.clone(),
        location: join_address.map_or_else(|| meeting.location.clone(), str::to_owned),
        url: join_address.map(str::to_owned),
        starts_at: meeting.schedule.starts_at,
        ends_at: meeting.schedule.ends_at,
        local_start: meeting.schedule.local_start,
        time_zone: meeting.schedule.time_zone.clone(),
        organizer: (organizer.name(), instance.mail_from.clone()),
        attendees: meeting
            .attendees
            .iter()
            .filter_map(|attendee| people.get(&attendee.member))
            .map(|member| {
                (
                    member.name(),
                    member.email.as_str().to_owned(),
                    invitation::Participation::NeedsAction,
                )
            })
            .collect(),
        stamp: tx.now,
        cancelled: method == Method::Cancel,
    }
}
