//! Lists of meetings as pages show them, and the people and tracks that belong to them.

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
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    Statement, Value,
};
use uuid::Uuid;

use super::occurrences::{agenda, occurrence};
use super::{StoredMeeting, attended_by, complete, local, row};
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

/// The actor's own meetings that are not over at `from`, soonest first.
pub async fn list_mine(
    store: &Store,
    sight: &Sight,
    from: Timestamp,
    after: Option<After>,
    most: u64,
) -> Stored<Vec<Line>> {
    let mut query = mine(sight)
        .filter(agenda::Column::StartsAt.gte(millis(from - LONGEST)))
        .filter(agenda::Column::EndsAt.gt(millis(from)));
    if let Some(after) = after {
        let place = Expr::tuple(place());
        query = query.filter(place.gt(Expr::tuple(values(after))));
    }
    let keys = query
        .order_by_asc(agenda::Column::StartsAt)
        .order_by_asc(agenda::Column::MeetingId)
        .order_by_asc(agenda::Column::OriginalStart)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    lines(store, sight.organization, keys).await
}

/// The actor's own meetings that were over at `until`, latest first; goes on before the
/// one in `before`.
pub async fn list_mine_past(
    store: &Store,
    sight: &Sight,
    until: Timestamp,
    before: Option<After>,
    most: u64,
) -> Stored<Vec<Line>> {
    let mut query = mine(sight)
        .filter(agenda::Column::StartsAt.lt(millis(until)))
        .filter(agenda::Column::EndsAt.lte(millis(until)));
    if let Some(before) = before {
        let place = Expr::tuple(place());
        query = query.filter(place.lt(Expr::tuple(values(before))));
    }
    let keys = query
        .order_by_desc(agenda::Column::StartsAt)
        .order_by_desc(agenda::Column::MeetingId)
        .order_by_desc(agenda::Column::OriginalStart)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    lines(store, sight.organization, keys).await
}

/// The actor's own meetings that ended between these two instants and of which they have
/// not said how they went, the latest first.
pub async fn list_unanswered(
    store: &Store,
    sight: &Sight,
    (from, until): (Timestamp, Timestamp),
    most: u64,
) -> Stored<Vec<Line>> {
    let on = store.read();
    let text = format!(
        "SELECT g.meeting_id, g.original_start FROM agenda g \
         JOIN occurrences o ON o.organization_id = g.organization_id \
         AND o.meeting_id = g.meeting_id AND o.original_start = g.original_start \
         JOIN meetings m ON m.organization_id = g.organization_id AND m.id = g.meeting_id \
         WHERE g.organization_id = $1 AND g.member_id = $2 AND g.starts_at > $3 \
         AND g.starts_at <= $4 AND g.ends_at <= $4 AND o.state <> 'cancelled' \
         AND m.state IN ('scheduled', 'held', 'missed') \
         AND NOT EXISTS (SELECT 1 FROM outcomes s WHERE s.organization_id = g.organization_id \
         AND s.meeting_id = g.meeting_id AND s.original_start = g.original_start \
         AND s.member_id = g.member_id) \
         ORDER BY g.starts_at DESC, g.meeting_id LIMIT {most}"
    );
    let values: [Value; 4] = [
        sight.organization.0.into(),
        sight.member.0.into(),
        millis(from).into(),
        millis(until).into(),
    ];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    let mut keys = Vec::new();
    for row in on.query_all_raw(statement).await? {
        keys.push((
            row.try_get("", "meeting_id")?,
            row.try_get("", "original_start")?,
        ));
    }
    lines(store, sight.organization, keys).await
}

fn mine(sight: &Sight) -> Select<agenda::Entity> {
    agenda::Entity::find()
        .select_only()
        .columns([agenda::Column::MeetingId, agenda::Column::OriginalStart])
        .filter(agenda::Column::OrganizationId.eq(sight.organization.0))
        .filter(agenda::Column::MemberId.eq(sight.member.0))
}

fn place() -> [Expr; 3] {
    [
        Expr::col(agenda::Column::StartsAt),
        Expr::col(agenda::Column::MeetingId),
        Expr::col(agenda::Column::OriginalStart),
    ]
}

fn values(after: After) -> [Expr; 3] {
    [
        millis(after.starts_at).into(),
        after.meeting.0.into(),
        after.original_start.to_string().into(),
    ]
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

/// The meetings of a track that the actor may see and that are not over at `from`, soonest
/// first.
pub async fn list_of_track(
    store: &Store,
    sight: &Sight,
    track: TrackId,
    from: Timestamp,
    most: u64,
) -> Stored<Vec<Line>> {
    let mut query = occurrence::Entity::find()
        .select_only()
        .columns([
            occurrence::Column::MeetingId,
            occurrence::Column::OriginalStart,
        ])
        .filter(occurrence::Column::OrganizationId.eq(sight.organization.0))
        .filter(occurrence::Column::TrackId.eq(track.0))
        .filter(occurrence::Column::StartsAt.gte(millis(from - LONGEST)))
        .filter(occurrence::Column::EndsAt.gt(millis(from)));
    if !sight.everything && !sight.administers.contains(&track) {
        let own = attended_by(sight.organization, sight.member);
        query = query.filter(occurrence::Column::MeetingId.in_subquery(own));
    }
    let keys = query
        .order_by_asc(occurrence::Column::StartsAt)
        .order_by_asc(occurrence::Column::MeetingId)
        .order_by_asc(occurrence::Column::OriginalStart)
        .limit(most)
        .into_tuple()
        .all(store.read())
        .await?;
    lines(store, sight.organization, keys).await
}
