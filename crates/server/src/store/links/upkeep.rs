//! What the upkeep of Teams asks of links: moved to another host, or looked at.

use jiff::Timestamp;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::organization::{MeetingId, OrganizationId};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{Link, link, row};
use crate::store::{Stored, Tx, meetings, millis};

/// Has the Teams meetings of these meetings deleted under their host, to be made anew under
/// another. Those that were never made are made there in the first place.
pub async fn move_away(
    tx: &Tx,
    organization: OrganizationId,
    meetings: &[MeetingId],
) -> Stored<()> {
    let (state, reason) = LinkState::Waiting(WaitingReason::BeingMade).to_columns();
    for part in meetings.chunks(500) {
        row::Entity::update_many()
            .col_expr(row::Column::Moving, true.into())
            .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
            .col_expr(row::Column::State, state.into())
            .col_expr(row::Column::Reason, reason.map(str::to_owned).into())
            .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
            .col_expr(row::Column::Attempts, 0i64.into())
            .col_expr(row::Column::FailingSince, Option::<i64>::None.into())
            .filter(row::Column::OrganizationId.eq(organization.0))
            .filter(row::Column::Id.is_in(part.iter().map(|id| id.0)))
            .filter(row::Column::Kept.eq(false))
            .exec(tx.on())
            .await?;
    }
    Ok(())
}

/// Lets everything of an organization rest until then that is due sooner and that nobody
/// works on.
pub async fn put_off(tx: &Tx, organization: OrganizationId, until: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Some(millis(until)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::DueAt.lt(millis(until)))
        .filter(row::Column::LeaseOwner.is_null())
        .exec(tx.on())
        .await?;
    Ok(())
}

/// The links that wait to be made anew under another host.
pub async fn list_moving(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Link>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Moving.eq(true))
        .all(tx.on())
        .await?
        .into_iter()
        .map(link)
        .collect()
}

/// Lets go of the tombstones that could not be deleted: their host is not asked any more.
pub async fn abandon_tombstones(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::Kept, true.into())
        .col_expr(row::Column::DueAt, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Wanted.eq(false))
        .filter(row::Column::DeletedConfirmed.eq(false))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// The Teams meetings of this host that lie ahead and that nobody looked at since: those
/// that are wanted, and those that were deleted and could be revived.
pub async fn list_to_look_at(
    tx: &Tx,
    organization: OrganizationId,
    host: Uuid,
    since: Timestamp,
    most: u64,
) -> Stored<Vec<Link>> {
    let now = millis(tx.now);
    let ahead = Query::select()
        .column(meetings::row::Column::Id)
        .from(meetings::row::Entity)
        .and_where(meetings::row::Column::OrganizationId.eq(organization.0))
        .and_where(meetings::row::Column::LastEndsAt.gt(now))
        .take();
    let is_wanted = row::Column::Wanted
        .eq(true)
        .and(row::Column::State.eq("ready"))
        .and(row::Column::Id.in_subquery(ahead));
    let was_deleted = row::Column::DeletedConfirmed
        .eq(true)
        .and(row::Column::AppliedStart.gt(now));
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::HostObjectId.eq(host))
        .filter(row::Column::Kept.eq(false))
        .filter(row::Column::Moving.eq(false))
        .filter(row::Column::OnlineMeetingId.is_not_null())
        .filter(is_wanted.or(was_deleted))
        .filter(
            row::Column::LookedAt
                .is_null()
                .or(row::Column::LookedAt.lt(millis(since))),
        )
        .order_by_asc(row::Column::Id)
        .limit(most)
        .all(tx.on())
        .await?
        .into_iter()
        .map(link)
        .collect()
}

/// Notes that somebody looked at it.
pub async fn looked(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::LookedAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}
