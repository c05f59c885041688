//! Meetings and who attends them.

mod attendees;
mod counts;
mod list;
mod listed;
mod occurrences;
mod page;
mod teams;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::meeting::{Attendee, Meeting, MeetingState};
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::repetition::{Occurrence, OccurrenceState};
use mentoring::role::Sight;
use mentoring::schedule::Schedule;
use mentoring::track::Mode;
use sea_orm::sea_query::Condition;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis, reminders, word};

pub(super) use attendees::attended_by;
pub use attendees::{Asked, answer_code, find_asked, replies, save_reply};
pub use counts::{Count, Counts, count_of_track};
pub use list::{After, Line, list_by_ids, list_feed, list_proposed, people_of, track_of};
pub use listed::{Attending, Filter, Found, List, Listed, Part, Whose, list};
pub use occurrences::{settle, was_of};
pub use page::{Window, page_mine, page_of_track};
pub use teams::{next_teams_start_in, raise_sequence};

/// A meeting with what the store knows beside the rules.
#[derive(Clone, Debug)]
pub struct StoredMeeting {
    /// The meeting.
    pub meeting: Meeting,
    /// The secret part of its join address.
    pub join_code: String,
    /// The SEQUENCE that people were last told of; none if nobody was told of the meeting.
    pub announced_sequence: Option<i64>,
    /// The mode that people were last told of.
    pub announced_mode: Option<Mode>,
    /// When it was last written.
    pub changed_at: Timestamp,
}

impl StoredMeeting {
    /// One that nobody was told of yet.
    pub fn unannounced(meeting: Meeting, join_code: String) -> Self {
        Self {
            meeting,
            join_code,
            announced_sequence: None,
            announced_mode: None,
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Whether it was written down once it was over, without having been planned.
    pub fn is_logged(&self) -> bool {
        self.meeting.revision == 1 && self.changed_at >= self.meeting.ends_at()
    }

    /// The meeting as people know it while what they are to be told still waits for its
    /// link; none if they know all.
    pub fn known(&self) -> Option<Meeting> {
        let sequence = self.announced_sequence?;
        (sequence < self.meeting.sequence).then(|| Meeting {
            sequence,
            mode: self.announced_mode.unwrap_or(self.meeting.mode),
            ..self.meeting.clone()
        })
    }
}

/// A local time as it is stored.
pub(in crate::store) fn local(text: &str, column: &str) -> Stored<DateTime> {
    text.parse()
        .map_err(|_| StoreError::Unreadable(format!("{column} = {text:?}")))
}

fn minutes(minutes: i32, column: &str) -> Stored<u16> {
    u16::try_from(minutes).map_err(|_| StoreError::Unreadable(column.to_owned()))
}

fn meeting(
    row: row::Model,
    attendees: Vec<Attendee>,
    occurrences: Vec<Occurrence>,
) -> Stored<StoredMeeting> {
    let local_start = local(&row.local_start, "meetings.local_start")?;
    let repetition = row
        .repetition
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| StoreError::Unreadable(format!("meetings.repetition: {error}")))?;
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
            duration_minutes: minutes(row.duration_minutes, "meetings.duration_minutes")?,
            starts_at: instant(row.starts_at),
            ends_at: instant(row.ends_at),
        },
        repetition,
        occurrences,
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
        announced_mode: row.announced_mode.as_deref().and_then(Mode::parse),
        changed_at: instant(row.changed_at),
    })
}

fn columns(meeting: &Meeting) -> Stored<row::ActiveModel> {
    let repetition = meeting
        .repetition
        .map(|repetition| serde_json::to_string(&repetition))
        .transpose()
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let takes_place = |one: &&Occurrence| one.state != OccurrenceState::Cancelled;
    let last_end = meeting.occurrences.iter().filter(takes_place);
    let last_end = last_end.map(|one| one.ends_at).max();
    Ok(row::ActiveModel {
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
        repetition: Set(repetition),
        last_ends_at: Set(millis(last_end.unwrap_or_else(|| meeting.ends_at()))),
        mode: Set(meeting.mode.as_str().to_owned()),
        location: Set(meeting.location.clone()),
        state: Set(meeting.state.as_str().to_owned()),
        revision: Set(meeting.revision),
        sequence: Set(meeting.sequence),
        uid: Set(meeting.uid.clone()),
        cancellation_reason: Set(meeting.cancellation_reason.clone()),
        ..Default::default()
    })
}

/// Adds a meeting. `form_key` is the one that its form carried, by which
/// [`find_by_form_in`] knows a form that is sent again.
pub async fn insert(
    tx: &Tx,
    meeting: &Meeting,
    join_code: &str,
    form_key: Option<Uuid>,
) -> Stored<()> {
    let mut row = columns(meeting)?;
    row.join_code = Set(join_code.to_owned());
    row.announced_sequence = Set(None);
    row.form_key = Set(form_key);
    row.created_at = Set(millis(tx.now));
    row.changed_at = Set(millis(tx.now));
    row::Entity::insert(row)
        .exec_without_returning(tx.on())
        .await?;
    let people = meeting.attendees.iter().copied();
    attendees::insert(tx, meeting, people, 0).await?;
    occurrences::insert(tx, meeting, &meeting.occurrences).await?;
    occurrences::insert_agenda(tx, meeting).await?;
    reminders::begin(tx, meeting).await
}

/// Writes the next revision of a meeting, if the stored one is still the one before it.
pub async fn update(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let mut row = columns(meeting)?;
    row.changed_at = Set(millis(tx.now));
    let done = row::Entity::update_many()
        .set(row)
        .filter(row::Column::OrganizationId.eq(meeting.organization.0))
        .filter(row::Column::Id.eq(meeting.id.0))
        .filter(row::Column::Revision.eq(meeting.revision - 1))
        .exec(tx.on())
        .await?;
    if done.rows_affected != 1 {
        return Err(StoreError::Stale);
    }
    let others = attendees::keep(tx, meeting).await?;
    let times = occurrences::keep(tx, meeting).await?;
    if others || times {
        occurrences::write_agenda(tx, meeting).await?;
    }
    reminders::touch(tx, meeting).await
}

/// Records what people have been told of: this revision.
pub async fn announce(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let mode = meeting.mode.as_str();
    row::Entity::update_many()
        .col_expr(
            row::Column::AnnouncedSequence,
            Some(meeting.sequence).into(),
        )
        .col_expr(row::Column::AnnouncedMode, Some(mode).into())
        .filter(row::Column::OrganizationId.eq(meeting.organization.0))
        .filter(row::Column::Id.eq(meeting.id.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

async fn complete(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    rows: Vec<row::Model>,
) -> Stored<Vec<StoredMeeting>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut people = attendees::of(on, organization, &ids).await?;
    let mut occurrences = occurrences::of(on, organization, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let people = people.remove(&row.id).unwrap_or_default();
            let times = occurrences.remove(&row.id).unwrap_or_default();
            meeting(row, people, times)
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
            .add(attendees::is_attended(
                sight,
                (row::Entity, row::Column::Id),
            )),
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

/// The meeting that this organizer made with this form, if the form was sent before.
pub async fn find_by_form_in(
    tx: &Tx,
    organization: OrganizationId,
    organizer: MemberId,
    form_key: Uuid,
) -> Stored<Option<MeetingId>> {
    let id: Option<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::OrganizerId.eq(organizer.0))
        .filter(row::Column::FormKey.eq(form_key))
        .into_tuple()
        .one(tx.on())
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
        .filter(row::Column::LastEndsAt.gt(millis(tx.now)));
    if let Some(track) = track {
        query = query.filter(row::Column::TrackId.eq(track.0));
    }
    let rows = query
        .order_by_asc(row::Column::StartsAt)
        .all(tx.on())
        .await?;
    complete(tx.on(), organization, rows).await
}

/// Meetings of a member that are scheduled and not over yet, or proposed: in a track, or in
/// all.
pub async fn future_of_in(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
    track: Option<TrackId>,
) -> Stored<Vec<StoredMeeting>> {
    let mut query = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.in_subquery(attended_by(organization, member)))
        .filter(
            Condition::any()
                .add(row::Column::State.eq(MeetingState::Proposed.as_str()))
                .add(
                    Condition::all()
                        .add(row::Column::State.eq(MeetingState::Scheduled.as_str()))
                        .add(row::Column::LastEndsAt.gt(millis(tx.now))),
                ),
        );
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
        .filter(row::Column::LastEndsAt.gt(millis(store.clock().now())));
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
    let theirs = attended_by(sight.organization, member);
    let count = row::Entity::find()
        .filter(within(sight))
        .filter(row::Column::Id.in_subquery(theirs))
        .filter(row::Column::State.eq(MeetingState::Scheduled.as_str()))
        .filter(row::Column::LastEndsAt.gt(millis(store.clock().now())))
        .count(store.read())
        .await?;
    Ok(count)
}

/// How many meetings there are in all, for the operator.
pub async fn count(store: &Store) -> Stored<u64> {
    Ok(row::Entity::find().count(store.read()).await?)
}

pub(in crate::store) mod row {
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
        pub repetition: Option<String>,
        /// When the last of its occurrences ends that takes place.
        pub last_ends_at: i64,
        pub mode: String,
        pub location: String,
        pub state: String,
        pub revision: i64,
        pub sequence: i64,
        pub announced_sequence: Option<i64>,
        pub announced_mode: Option<String>,
        pub uid: String,
        pub join_code: String,
        pub form_key: Option<Uuid>,
        pub cancellation_reason: Option<String>,
        pub created_at: i64,
        pub changed_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
