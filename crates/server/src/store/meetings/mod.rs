//! Meetings and who attends them.

mod list;

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use mentoring::meeting::{Attendee, Meeting, MeetingState};
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::role::Sight;
use mentoring::schedule::Schedule;
use mentoring::track::Mode;
use sea_orm::sea_query::{Condition, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis, word};

pub use list::{After, Line, list_mine, list_mine_past, list_of_track, people_of, track_of};

/// A meeting with what the store knows beside the rules.
#[derive(Clone, Debug)]
pub struct StoredMeeting {
    /// The meeting.
    pub meeting: Meeting,
    /// The secret part of its join address.
    pub join_code: String,
    /// The SEQUENCE that people were last told of; none if nobody was told of the meeting.
    pub announced_sequence: Option<i64>,
}

fn meeting(row: row::Model, attendees: Vec<Attendee>) -> Stored<StoredMeeting> {
    let local_start: DateTime = row.local_start.parse().map_err(|_| {
        StoreError::Unreadable(format!("meetings.local_start = {:?}", row.local_start))
    })?;
    let meeting = Meeting {
        id: MeetingId(row.id),
        organization: OrganizationId(row.organization_id),
        track: TrackId(row.track_id),
        organizer: MemberId(row.organizer_id),
        title: row.title,
        agenda: row.agenda,
        attendees,
        schedule: Schedule {
            local_start,
            time_zone: row.time_zone,
            duration_minutes: u16::try_from(row.duration_minutes)
                .map_err(|_| StoreError::Unreadable("meetings.duration_minutes".to_owned()))?,
            starts_at: instant(row.starts_at),
            ends_at: instant(row.ends_at),
        },
        mode: word(Mode::parse(&row.mode), "meetings.mode", &row.mode)?,
        location: row.location,
        state: word(
            MeetingState::parse(&row.state),
            "meetings.state",
            &row.state,
        )?,
        revision: row.revision,
        sequence: row.sequence,
        uid: row.uid,
        cancellation_reason: row.cancellation_reason,
    };
    Ok(StoredMeeting {
        meeting,
        join_code: row.join_code,
        announced_sequence: row.announced_sequence,
    })
}

fn columns(meeting: &Meeting) -> row::ActiveModel {
    row::ActiveModel {
        organization_id: Set(meeting.organization.0),
        id: Set(meeting.id.0),
        track_id: Set(meeting.track.0),
        organizer_id: Set(meeting.organizer.0),
        title: Set(meeting.title.clone()),
        agenda: Set(meeting.agenda.clone()),
        local_start: Set(meeting.schedule.local_start.to_string()),
        time_zone: Set(meeting.schedule.time_zone.clone()),
        duration_minutes: Set(i32::from(meeting.schedule.duration_minutes)),
        starts_at: Set(millis(meeting.schedule.starts_at)),
        ends_at: Set(millis(meeting.schedule.ends_at)),
        mode: Set(meeting.mode.as_str().to_owned()),
        location: Set(meeting.location.clone()),
        state: Set(meeting.state.as_str().to_owned()),
        revision: Set(meeting.revision),
        sequence: Set(meeting.sequence),
        uid: Set(meeting.uid.clone()),
        cancellation_reason: Set(meeting.cancellation_reason.clone()),
        ..Default::default()
    }
}

async fn insert_attendees(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let rows = meeting
        .attendees
        .iter()
        .map(|attendee| attendee::ActiveModel {
            organization_id: Set(meeting.organization.0),
            member_id: Set(attendee.member.0),
            meeting_id: Set(meeting.id.0),
            organizer: Set(attendee.organizer),
            starts_at: Set(millis(meeting.schedule.starts_at)),
        });
    attendee::Entity::insert_many(rows)
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// Adds a meeting. `form_key` is the one that its form carried, so that a double click
/// makes one meeting: the second is [`StoreError::Taken`].
pub async fn insert(
    tx: &Tx,
    meeting: &Meeting,
    join_code: &str,
    form_key: Option<Uuid>,
) -> Stored<()> {
    let mut row = columns(meeting);
    row.join_code = Set(join_code.to_owned());
    row.announced_sequence = Set(None);
    row.form_key = Set(form_key);
    row.created_at = Set(millis(tx.now));
    row.insert(tx.on()).await?;
    insert_attendees(tx, meeting).await
}

/// Writes the next revision of a meeting, if the stored one is still the one before it.
pub async fn update(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let done = row::Entity::update_many()
        .set(columns(meeting))
        .filter(row::Column::OrganizationId.eq(meeting.organization.0))
        .filter(row::Column::Id.eq(meeting.id.0))
        .filter(row::Column::Revision.eq(meeting.revision - 1))
        .exec(tx.on())
        .await?;
    if done.rows_affected != 1 {
        return Err(StoreError::Stale);
    }
    attendee::Entity::delete_many()
        .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
        .filter(attendee::Column::MeetingId.eq(meeting.id.0))
        .exec(tx.on())
        .await?;
    insert_attendees(tx, meeting).await
}

/// Records which SEQUENCE people have been told of.
pub async fn announce(
    tx: &Tx,
    organization: OrganizationId,
    id: MeetingId,
    sequence: i64,
) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::AnnouncedSequence, Some(sequence).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

async fn attendees_of(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Stored<BTreeMap<Uuid, Vec<Attendee>>> {
    let rows = attendee::Entity::find()
        .filter(attendee::Column::OrganizationId.eq(organization.0))
        .filter(attendee::Column::MeetingId.is_in(ids.iter().copied()))
        .all(on)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<Attendee>> = BTreeMap::new();
    for row in rows {
        found.entry(row.meeting_id).or_default().push(Attendee {
            member: MemberId(row.member_id),
            organizer: row.organizer,
        });
    }
    for attendees in found.values_mut() {
        attendees.sort_by_key(|attendee| (!attendee.organizer, attendee.member));
    }
    Ok(found)
}

async fn complete(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    rows: Vec<row::Model>,
) -> Stored<Vec<StoredMeeting>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut attendees = attendees_of(on, organization, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let people = attendees.remove(&row.id).unwrap_or_default();
            meeting(row, people)
        })
        .collect()
}

async fn find_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    id: MeetingId,
) -> Stored<Option<StoredMeeting>> {
    let rows = row::Entity::find_by_id((organization.0, id.0))
        .all(on)
        .await?;
    Ok(complete(on, organization, rows).await?.pop())
}

/// A meeting inside a change, whoever asks: the rules decide what may be done.
pub async fn find_in(
    tx: &Tx,
    organization: OrganizationId,
    id: MeetingId,
) -> Stored<Option<StoredMeeting>> {
    find_on(tx.on(), organization, id).await
}

/// A meeting where no person asks.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    id: MeetingId,
) -> Stored<Option<StoredMeeting>> {
    find_on(store.read(), organization, id).await
}

/// What the actor may see: the meetings that they attend, those of the tracks that they
/// administer, or all.
fn within(sight: &Sight) -> Condition {
    let mine = Condition::all().add(row::Column::OrganizationId.eq(sight.organization.0));
    if sight.everything {
        return mine;
    }
    mine.add(
        Condition::any()
            .add(row::Column::TrackId.is_in(sight.administers.iter().map(|id| id.0)))
            .add(
                row::Column::Id.in_subquery(
                    Query::select()
                        .column(attendee::Column::MeetingId)
                        .from(attendee::Entity)
                        .and_where(attendee::Column::OrganizationId.eq(sight.organization.0))
                        .and_where(attendee::Column::MemberId.eq(sight.member.0))
                        .take(),
                ),
            ),
    )
}

/// A meeting within sight.
pub async fn find(store: &Store, sight: &Sight, id: MeetingId) -> Stored<Option<StoredMeeting>> {
    let rows = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.eq(id.0))
        .all(store.read())
        .await?;
    Ok(complete(store.read(), sight.organization, rows)
        .await?
        .pop())
}

/// The meeting that the actor made with this form, if the form was sent before.
pub async fn find_by_form(
    store: &Store,
    sight: &Sight,
    form_key: Uuid,
) -> Stored<Option<MeetingId>> {
    let id: Option<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(within(sight))
        .filter(row::Column::OrganizerId.eq(sight.member.0))
        .filter(row::Column::FormKey.eq(form_key))
        .into_tuple()
        .one(store.read())
        .await?;
    Ok(id.map(MeetingId))
}

/// The meeting behind a join address. Whoever has the address may open it: the code is
/// 128 random bits, and it is all that the holder proves.
pub async fn find_by_join_code(store: &Store, code: &str) -> Stored<Option<StoredMeeting>> {
    let rows = row::Entity::find()
        .filter(row::Column::JoinCode.eq(code))
        .all(store.read())
        .await?;
    let Some(organization) = rows.first().map(|row| OrganizationId(row.organization_id)) else {
        return Ok(None);
    };
    Ok(complete(store.read(), organization, rows).await?.pop())
}

/// Scheduled meetings with a Teams link that are not over yet: of a track, or of all.
pub async fn future_teams_in(
    tx: &Tx,
    organization: OrganizationId,
    track: Option<TrackId>,
) -> Stored<Vec<StoredMeeting>> {
    let mut query = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Mode.eq(Mode::Teams.as_str()))
        .filter(row::Column::State.eq(MeetingState::Scheduled.as_str()))
        .filter(row::Column::EndsAt.gt(millis(tx.now)));
    if let Some(track) = track {
        query = query.filter(row::Column::TrackId.eq(track.0));
    }
    let rows = query
        .order_by_asc(row::Column::StartsAt)
        .all(tx.on())
        .await?;
    complete(tx.on(), organization, rows).await
}

/// How many scheduled Teams meetings lie ahead, by track, among the tracks within sight.
pub async fn count_future_teams(store: &Store, sight: &Sight) -> Stored<BTreeMap<TrackId, u64>> {
    let mut query = row::Entity::find()
        .select_only()
        .column(row::Column::TrackId)
        .column_as(row::Column::Id.count(), "meetings")
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Mode.eq(Mode::Teams.as_str()))
        .filter(row::Column::State.eq(MeetingState::Scheduled.as_str()))
        .filter(row::Column::EndsAt.gt(millis(store.clock().now())));
    if !sight.everything {
        query = query.filter(row::Column::TrackId.is_in(sight.administers.iter().map(|id| id.0)));
    }
    let counts: Vec<(Uuid, i64)> = query
        .group_by(row::Column::TrackId)
        .into_tuple()
        .all(store.read())
        .await?;
    Ok(counts
        .into_iter()
        .map(|(track, count)| (TrackId(track), u64::try_from(count).unwrap_or(0)))
        .collect())
}

/// How many scheduled meetings of a member lie ahead, among those within sight.
pub async fn count_future_of(store: &Store, sight: &Sight, member: MemberId) -> Stored<u64> {
    let theirs = Query::select()
        .column(attendee::Column::MeetingId)
        .from(attendee::Entity)
        .and_where(attendee::Column::OrganizationId.eq(sight.organization.0))
        .and_where(attendee::Column::MemberId.eq(member.0))
        .take();
    let count = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.in_subquery(theirs))
        .filter(row::Column::State.eq(MeetingState::Scheduled.as_str()))
        .filter(row::Column::EndsAt.gt(millis(store.clock().now())))
        .count(store.read())
        .await?;
    Ok(count)
}

/// How many meetings there are in all, for the operator.
pub async fn count(store: &Store) -> Stored<u64> {
    Ok(row::Entity::find().count(store.read()).await?)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "meetings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub track_id: Uuid,
        pub organizer_id: Uuid,
        pub title: String,
        pub agenda: String,
        pub local_start: String,
        pub time_zone: String,
        pub duration_minutes: i32,
        pub starts_at: i64,
        pub ends_at: i64,
        pub mode: String,
        pub location: String,
        pub state: String,
        pub revision: i64,
        pub sequence: i64,
        pub announced_sequence: Option<i64>,
        pub uid: String,
        pub join_code: String,
        pub form_key: Option<Uuid>,
        pub cancellation_reason: Option<String>,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod attendee {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attendees")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        pub organizer: bool,
        pub starts_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
