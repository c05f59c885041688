//! Lists of meetings as pages show them, and the people and tracks that belong to them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::role::Sight;
use mentoring::track::Track;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{StoredMeeting, attendee, complete, row, within};
use crate::store::{Store, StoreError, Stored, links, members, millis, tracks};

/// A line of a list of meetings.
#[derive(Clone, Debug)]
pub struct Line {
    /// The meeting.
    pub stored: StoredMeeting,
    /// How its link stands, if it has one.
    pub link: Option<mentoring::link::LinkState>,
}

/// Where a list goes on: after this instant and, among equals, after this meeting.
pub type After = (Timestamp, MeetingId);

async fn lines(
    store: &Store,
    organization: OrganizationId,
    rows: Vec<row::Model>,
) -> Stored<Vec<Line>> {
    let stored = complete(store.read(), organization, rows).await?;
    let ids: Vec<MeetingId> = stored.iter().map(|stored| stored.meeting.id).collect();
    let mut states = links::states(store, organization, &ids).await?;
    Ok(stored
        .into_iter()
        .map(|stored| {
            let link = states.remove(&stored.meeting.id);
            Line { stored, link }
        })
        .collect())
}

/// The actor's own meetings that start at or after `from`, soonest first.
pub async fn list_mine(
    store: &Store,
    sight: &Sight,
    from: Timestamp,
    after: Option<After>,
    most: u64,
) -> Stored<Vec<Line>> {
    let mut query = attendee::Entity::find()
        .select_only()
        .column(attendee::Column::MeetingId)
        .filter(attendee::Column::OrganizationId.eq(sight.organization.0))
        .filter(attendee::Column::MemberId.eq(sight.member.0))
        .filter(attendee::Column::StartsAt.gte(millis(from)));
    if let Some((at, id)) = after {
        query = query.filter(
            Condition::any()
                .add(attendee::Column::StartsAt.gt(millis(at)))
                .add(
                    Condition::all()
                        .add(attendee::Column::StartsAt.eq(millis(at)))
                        .add(attendee::Column::MeetingId.gt(id.0)),
                ),
        );
    }
    let ids: Vec<Uuid> = query
        .order_by_asc(attendee::Column::StartsAt)
        .order_by_asc(attendee::Column::MeetingId)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Id.is_in(ids))
        .order_by_asc(row::Column::StartsAt)
        .order_by_asc(row::Column::Id)
        .all(store.read())
        .await?;
    lines(store, sight.organization, rows).await
}

/// The actor's own meetings that started before `until`, latest first; goes on before
/// the meeting in `before`.
pub async fn list_mine_past(
    store: &Store,
    sight: &Sight,
    until: Timestamp,
    before: Option<After>,
    most: u64,
) -> Stored<Vec<Line>> {
    let mut query = attendee::Entity::find()
        .select_only()
        .column(attendee::Column::MeetingId)
        .filter(attendee::Column::OrganizationId.eq(sight.organization.0))
        .filter(attendee::Column::MemberId.eq(sight.member.0))
        .filter(attendee::Column::StartsAt.lt(millis(until)));
    if let Some((at, id)) = before {
        query = query.filter(
            Condition::any()
                .add(attendee::Column::StartsAt.lt(millis(at)))
                .add(
                    Condition::all()
                        .add(attendee::Column::StartsAt.eq(millis(at)))
                        .add(attendee::Column::MeetingId.lt(id.0)),
                ),
        );
    }
    let ids: Vec<Uuid> = query
        .order_by_desc(attendee::Column::StartsAt)
        .order_by_desc(attendee::Column::MeetingId)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Id.is_in(ids))
        .order_by_desc(row::Column::StartsAt)
        .order_by_desc(row::Column::Id)
        .all(store.read())
        .await?;
    lines(store, sight.organization, rows).await
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

/// The meetings of a track that the actor may see, from `from` on, soonest first.
pub async fn list_of_track(
    store: &Store,
    sight: &Sight,
    track: TrackId,
    from: Timestamp,
    most: u64,
) -> Stored<Vec<Line>> {
    let rows = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::TrackId.eq(track.0))
        .filter(row::Column::StartsAt.gte(millis(from)))
        .order_by_asc(row::Column::StartsAt)
        .order_by_asc(row::Column::Id)
        .limit(most)
        .all(store.read())
        .await?;
    lines(store, sight.organization, rows).await
}
