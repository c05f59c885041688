//! Whole meetings in lists, for programs and calendars, and the people and tracks that
//! belong to them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use mentoring::meeting::MeetingState;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::repetition::Occurrence;
use mentoring::role::Sight;
use mentoring::track::Track;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::occurrences::agenda;
use super::{StoredMeeting, complete, local, row, within};
use crate::store::{Store, StoreError, Stored, links, members, millis, tracks};

/// A line of a list of meetings: one occurrence.
#[derive(Clone, Debug)]
pub struct Line {
    /// The meeting.
    pub stored: StoredMeeting,
    /// Which of its occurrences.
    pub occurrence: Occurrence,
    /// How its link stands, if it has one.
    pub link: Option<mentoring::link::LinkState>,
}

impl Line {
    /// Where a list goes on that ends with this line.
    pub fn place(&self) -> After {
        After {
            starts_at: self.occurrence.starts_at,
            meeting: self.stored.meeting.id,
            original_start: self.occurrence.original_start,
        }
    }
}

/// Where a list goes on: after this instant and, among equals, after this meeting and this
/// of its occurrences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// The occurrence's start.
    pub starts_at: Timestamp,
    /// Its meeting.
    pub meeting: MeetingId,
    /// Its original start.
    pub original_start: DateTime,
}

/// No meeting is longer: what began before that is over.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The occurrences of these keys as lines, in their order.
pub(super) async fn lines(
    store: &Store,
    organization: OrganizationId,
    keys: Vec<(Uuid, String)>,
) -> Stored<Vec<Line>> {
    let ids: BTreeSet<Uuid> = keys.iter().map(|(id, _)| *id).collect();
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.is_in(ids.iter().copied()))
        .all(store.read())
        .await?;
    let stored: BTreeMap<Uuid, StoredMeeting> = complete(store.read(), organization, rows)
        .await?
        .into_iter()
        .map(|stored| (stored.meeting.id.0, stored))
        .collect();
    let ids: Vec<MeetingId> = ids.into_iter().map(MeetingId).collect();
    let states = links::states(store, organization, &ids).await?;
    let line = |(id, original): &(Uuid, String)| {
        let stored = stored.get(id)?;
        let original = local(original, "agenda.original_start").ok()?;
        Some(Line {
            occurrence: stored.meeting.occurrence(original)?,
            link: states.get(&stored.meeting.id).copied(),
            stored: stored.clone(),
        })
    };
    Ok(keys.iter().filter_map(line).collect())
}

/// The actor's own meetings of which something is not over at `from`, soonest first and
/// each once, without those that were called off.
pub async fn list_feed(
    store: &Store,
    sight: &Sight,
    from: Timestamp,
    most: u64,
) -> Stored<Vec<StoredMeeting>> {
    let soonest = || Expr::col(agenda::Column::StartsAt).min();
    let keys: Vec<(Uuid, i64)> = agenda::Entity::find()
        .select_only()
        .column(agenda::Column::MeetingId)
        .column_as(soonest(), "soonest")
        .filter(agenda::Column::OrganizationId.eq(sight.organization.0))
        .filter(agenda::Column::MemberId.eq(sight.member.0))
        .filter(agenda::Column::StartsAt.gte(millis(from - LONGEST)))
        .filter(agenda::Column::EndsAt.gt(millis(from)))
        .group_by(agenda::Column::MeetingId)
        .order_by_asc(soonest())
        .order_by_asc(agenda::Column::MeetingId)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Id.is_in(keys.iter().map(|(id, _)| *id)))
        .filter(row::Column::State.ne(MeetingState::Cancelled.as_str()))
        // What was logged afterwards was in nobody's calendar.
        .filter(
            Condition::any()
                .add(row::Column::State.eq(MeetingState::Scheduled.as_str()))
                .add(row::Column::AnnouncedSequence.is_not_null()),
        )
        .all(store.read())
        .await?;
    let mut stored: BTreeMap<Uuid, StoredMeeting> =
        complete(store.read(), sight.organization, rows)
            .await?
            .into_iter()
            .map(|stored| (stored.meeting.id.0, stored))
            .collect();
    Ok(keys
        .iter()
        .filter_map(|(id, _)| stored.remove(id))
        .collect())
}

/// Those of these meetings that the actor may see.
pub async fn list_by_ids(
    store: &Store,
    sight: &Sight,
    ids: &[MeetingId],
) -> Stored<Vec<StoredMeeting>> {
    let rows = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(store.read())
        .await?;
    complete(store.read(), sight.organization, rows).await
}

/// The meetings of a track that the actor may see and that are only proposed.
pub async fn list_proposed(
    store: &Store,
    sight: &Sight,
    track: TrackId,
    most: u64,
) -> Stored<Vec<StoredMeeting>> {
    let rows = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::TrackId.eq(track.0))
        .filter(row::Column::State.eq(MeetingState::Proposed.as_str()))
        .order_by_asc(row::Column::StartsAt)
        .limit(most)
        .all(store.read())
        .await?;
    complete(store.read(), sight.organization, rows).await
}

/// The track of a meeting that was read within this sight, also for who has left it since.
pub async fn track_of(store: &Store, sight: &Sight, stored: &StoredMeeting) -> Stored<Track> {
    tracks::find_on(store.read(), sight.organization, stored.meeting.track)
        .await?
        .ok_or_else(|| StoreError::Unreadable("a meeting without its track".to_owned()))
}

/// The people of meetings that were read within this sight, also those who have left the
/// track since.
pub async fn people_of(
    store: &Store,
    sight: &Sight,
    meetings: impl IntoIterator<Item = &StoredMeeting>,
) -> Stored<BTreeMap<MemberId, Member>> {
    let ids: BTreeSet<MemberId> = meetings
        .into_iter()
        .flat_map(|stored| &stored.meeting.attendees)
        .map(|attendee| attendee.member)
        .collect();
    let ids: Vec<MemberId> = ids.into_iter().collect();
    let people = members::list_by_ids(store.read(), sight.organization, &ids).await?;
    Ok(people
        .into_iter()
        .map(|person| (person.id, person))
        .collect())
}
