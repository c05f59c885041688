//! The Teams meeting of a meeting: what is wanted of it, what was last seen of it, and
//! who works on it. The row stays until a deletion is confirmed (a tombstone).

mod deleting;
mod given_up;
mod upkeep;

use std::collections::BTreeMap;

use jiff::Timestamp;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, Observed, WaitingReason};
use mentoring::lobby::Difference;
use mentoring::organization::{MeetingId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, meetings, millis, word};

pub use deleting::{
    count_being_deleted, count_tombstones, give_up_deleting, list_tombstones, next_deletion,
};
pub use given_up::{GivenUp, give_up, list_given_up, others_got_through, take_up, wake_given_up};
pub use upkeep::{abandon_tombstones, list_moving, list_to_look_at, looked, move_away, put_off};

/// The Teams meeting of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose.
    pub organization: OrganizationId,
    /// Whether a Teams meeting is wanted; otherwise it is to be deleted.
    pub wanted: bool,
    /// Rises whenever something that Teams should know changes.
    pub version: i64,
    /// How it stands, for people.
    pub state: LinkState,
    /// What was last seen of it at Microsoft.
    pub observed: Observed,
    /// What Teams read back otherwise than it was set.
    pub differences: Vec<Difference>,
    /// Which connection of the organization made it.
    pub integration_generation: i64,
    /// Failed tries since the last success.
    pub attempts: i64,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// It is to be looked at if that was not done since then.
    pub check_since: Option<Timestamp>,
    /// Whether Ithaca let go of it: it works on in Teams but is no longer changed.
    pub kept: bool,
    /// The account under which it was made.
    pub host: Option<Uuid>,
    /// Whether it is being deleted there to be made anew under another host.
    pub moving: bool,
    /// Which Teams meeting of the meeting people were told of.
    pub told_generation: Option<i64>,
    /// Until when a call to make it, whose answer never came, may still arrive at Microsoft.
    pub late_until: Option<Timestamp>,
}

fn link(row: row::Model) -> Stored<Link> {
    Ok(Link {
        meeting: MeetingId(row.id),
        organization: OrganizationId(row.organization_id),
        wanted: row.wanted,
        version: row.version,
        state: word(
            LinkState::from_columns(&row.state, row.reason.as_deref()),
            "meeting_links.state",
            &row.state,
        )?,
        observed: Observed {
            generation: row.generation,
            online_meeting_id: row.online_meeting_id,
            join_url: row.join_url,
            applied_revision: row.applied_version,
            applied_start: row.applied_start.map(instant),
            checked_at: row.checked_at.map(instant),
            ever_called: row.ever_called,
            deleted_confirmed: row.deleted_confirmed,
        },
        differences: row
            .lobby_difference
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| {
                StoreError::Unreadable(format!("meeting_links.lobby_difference: {error}"))
            })?
            .unwrap_or_default(),
        integration_generation: row.integration_generation,
        attempts: row.attempts,
        failing_since: row.failing_since.map(instant),
        check_since: row.check_since.map(instant),
        kept: row.kept,
        host: row.host_object_id,
        moving: row.moving,
        told_generation: row.told_generation,
        late_until: row.late_until.map(instant),
    })
}

/// Asks for a Teams meeting, for the first time or anew after a deletion. `generation`
/// makes a new external id; only this decision raises it (reliability: the mechanism).
///
/// One that is not deleted yet, or that a late call may still make, is wanted again: under
/// another external id nobody would know of it any more.
pub async fn want(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    waiting: &LinkState,
    integration_generation: i64,
) -> Stored<()> {
    let (state, reason) = waiting.to_columns();
    let previous = row::Entity::find_by_id((organization.0, meeting.0))
        .one(tx.on())
        .await?;
    let again = previous.as_ref().filter(|row| {
        may_be_there(row, tx.now) && row.integration_generation == integration_generation
    });
    let there = again.filter(|row| !row.deleted_confirmed);
    let generation = match (again, &previous) {
        (Some(row), _) => row.generation,
        (None, Some(row)) => row.generation + 1,
        (None, None) => 1,
    };
    let fresh = row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(meeting.0),
        wanted: Set(true),
        version: Set(previous.as_ref().map_or(1, |row| row.version + 1)),
        state: Set(state.to_owned()),
        reason: Set(reason.map(str::to_owned)),
        generation: Set(generation),
        online_meeting_id: Set(there.and_then(|row| row.online_meeting_id.clone())),
        join_url: Set(there.and_then(|row| row.join_url.clone())),
        applied_version: Set(None),
        applied_start: Set(None),
        checked_at: Set(None),
        ever_called: Set(again.is_some()),
        deleted_confirmed: Set(false),
        late_until: Set(again.and_then(|row| row.late_until)),
        lobby_difference: Set(None),
        integration_generation: Set(integration_generation),
        kept: Set(false),
        host_object_id: Set(there.and_then(|row| row.host_object_id)),
        moving: Set(false),
        looked_at: Set(None),
        attempts: Set(0),
        failing_since: Set(None),
        due_at: Set(Some(millis(tx.now))),
        ..Default::default()
    };
    if previous.is_some() {
        fresh.update(tx.on()).await?;
    } else {
        let mut fresh = fresh;
        fresh.lease_owner = Set(None);
        fresh.lease_until = Set(None);
        fresh.fencing = Set(0);
        fresh.insert(tx.on()).await?;
    }
    Ok(())
}

/// Whether something may be at Microsoft that is no longer wanted.
fn may_be_there(row: &row::Model, now: Timestamp) -> bool {
    let is_late = row.late_until.is_some_and(|until| until > millis(now));
    !row.wanted && !row.kept && row.ever_called && (!row.deleted_confirmed || is_late)
}

/// Says that something of the meeting changed that Teams should know.
pub async fn touch(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .col_expr(row::Column::Attempts, 0i64.into())
        .col_expr(row::Column::FailingSince, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::Kept.eq(false))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Asks for the link to be looked at, unless that was done since this instant.
pub async fn check(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    since: Timestamp,
) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::CheckSince, Some(millis(since)).into())
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::Kept.eq(false))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Turns the link into a tombstone: closed for people at once, deleted at Microsoft by
/// the reconciler.
pub async fn unwant(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    let (state, reason) = LinkState::Closed.to_columns();
    row::Entity::update_many()
        .col_expr(row::Column::Wanted, false.into())
        .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
        .col_expr(row::Column::State, state.into())
        .col_expr(row::Column::Reason, reason.map(str::to_owned).into())
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .col_expr(row::Column::Attempts, 0i64.into())
        .col_expr(row::Column::FailingSince, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .filter(row::Column::Kept.eq(false))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Lets go of a link: people go on using it, nobody changes it any more.
pub async fn keep(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::Kept, true.into())
        .col_expr(row::Column::DueAt, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Records, before a call to Microsoft leaves that may make a Teams meeting, that one may
/// exist from now on, and until when the call may arrive.
pub async fn mark_called(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    late_until: Timestamp,
) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::EverCalled, true.into())
        .col_expr(row::Column::LateUntil, Some(millis(late_until)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Writes what a reconciler learned. `applied_revision` in `observed` is the version
/// that the calls were made for.
pub async fn save(tx: &Tx, link: &Link) -> Stored<()> {
    let (state, reason) = link.state.to_columns();
    let differences = (!link.differences.is_empty())
        .then(|| serde_json::to_string(&link.differences))
        .transpose()
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    row::Entity::update_many()
        .set(row::ActiveModel {
            state: Set(state.to_owned()),
            reason: Set(reason.map(str::to_owned)),
            online_meeting_id: Set(link.observed.online_meeting_id.clone()),
            join_url: Set(link.observed.join_url.clone()),
            applied_version: Set(link.observed.applied_revision),
            applied_start: Set(link.observed.applied_start.map(millis)),
            checked_at: Set(link.observed.checked_at.map(millis)),
            ever_called: Set(link.observed.ever_called),
            deleted_confirmed: Set(link.observed.deleted_confirmed),
            lobby_difference: Set(differences),
            attempts: Set(link.attempts),
            failing_since: Set(link.failing_since.map(millis)),
            host_object_id: Set(link.host),
            late_until: Set(link.late_until.map(millis)),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(link.organization.0))
        .filter(row::Column::Id.eq(link.meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Records that people were told of this Teams meeting of their meeting.
pub async fn mark_told(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    generation: i64,
) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::ToldGeneration, Some(generation).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// The link of a meeting where no person asks.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Stored<Option<Link>> {
    row::Entity::find_by_id((organization.0, meeting.0))
        .one(store.read())
        .await?
        .map(link)
        .transpose()
}

/// The link of a meeting inside a change.
pub async fn find_in(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Stored<Option<Link>> {
    row::Entity::find_by_id((organization.0, meeting.0))
        .one(tx.on())
        .await?
        .map(link)
        .transpose()
}

/// The link of a meeting within sight.
pub async fn find(store: &Store, sight: &Sight, meeting: MeetingId) -> Stored<Option<Link>> {
    if meetings::find(store, sight, meeting).await?.is_none() {
        return Ok(None);
    }
    find_for_work(store, sight.organization, meeting).await
}

/// How the links of these meetings stand.
pub(in crate::store) async fn states(
    store: &Store,
    organization: OrganizationId,
    ids: &[MeetingId],
) -> Stored<BTreeMap<MeetingId, LinkState>> {
    let rows: Vec<(Uuid, String, Option<String>)> = row::Entity::find()
        .select_only()
        .columns([row::Column::Id, row::Column::State, row::Column::Reason])
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(store.read())
        .await?;
    rows.into_iter()
        .map(|(id, state, reason)| {
            let link = LinkState::from_columns(&state, reason.as_deref()).ok_or_else(|| {
                StoreError::Unreadable(format!("meeting_links.state = {state:?}"))
            })?;
            Ok((MeetingId(id), link))
        })
        .collect()
}

/// Makes every waiting or failed link due now: the host works again.
pub async fn wake_all(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Kept.eq(false))
        .filter(
            row::Column::DueAt
                .is_not_null()
                .or(row::Column::State.is_in(["waiting", "failed"])),
        )
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Lets links that wait look again now, but for those that Microsoft asked to wait: all of
/// them at once would only be refused again.
pub async fn wake_waiting(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    let throttled = LinkState::Waiting(WaitingReason::Because(Cause::Throttled));
    let (waiting, reason) = throttled.to_columns();
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Kept.eq(false))
        .filter(row::Column::State.eq(waiting))
        .filter(
            row::Column::Reason
                .is_null()
                .or(row::Column::Reason.ne(reason)),
        )
        .exec(tx.on())
        .await?;
    Ok(())
}

/// How many links that are wanted do not work.
pub async fn count_without_link(tx: &Tx, organization: OrganizationId) -> Stored<u64> {
    Ok(row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::State.is_in(["waiting", "failed"]))
        .count(tx.on())
        .await?)
}

/// Ends all work on an organization's links: the credentials are gone.
pub async fn abandon_all(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::Kept, true.into())
        .col_expr(row::Column::DueAt, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Says that the lobby choice of a track changed for these meetings.
pub async fn touch_all(tx: &Tx, organization: OrganizationId, ids: &[MeetingId]) -> Stored<()> {
    for id in ids {
        touch(tx, organization, *id).await?;
    }
    Ok(())
}

/// When the row is due next, for a test that waits for a retry.
pub async fn due_at(
    store: &Store,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Stored<Option<Timestamp>> {
    let due: Option<Option<i64>> = row::Entity::find_by_id((organization.0, meeting.0))
        .select_only()
        .column(row::Column::DueAt)
        .into_tuple()
        .one(store.read())
        .await?;
    Ok(due.flatten().map(instant))
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[expect(clippy::struct_excessive_bools, reason = "each is its own column")]
    #[sea_orm(table_name = "meeting_links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub wanted: bool,
        pub version: i64,
        pub state: String,
        pub reason: Option<String>,
        pub generation: i64,
        pub online_meeting_id: Option<String>,
        pub join_url: Option<String>,
        pub applied_version: Option<i64>,
        pub applied_start: Option<i64>,
        pub checked_at: Option<i64>,
        pub check_since: Option<i64>,
        pub ever_called: bool,
        pub deleted_confirmed: bool,
        pub lobby_difference: Option<String>,
        pub integration_generation: i64,
        pub kept: bool,
        pub host_object_id: Option<Uuid>,
        pub moving: bool,
        pub told_generation: Option<i64>,
        pub looked_at: Option<i64>,
        pub late_until: Option<i64>,
        pub attempts: i64,
        pub failing_since: Option<i64>,
        pub due_at: Option<i64>,
        pub lease_owner: Option<String>,
        pub lease_until: Option<i64>,
        pub fencing: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
