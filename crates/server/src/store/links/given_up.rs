//! Links that were given up: which they are, and what becomes of them.

use jiff::Timestamp;
use mentoring::integration::Cause;
use mentoring::link::{LinkState, WaitingReason};
use mentoring::organization::{MeetingId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::row;
use crate::store::{Store, StoreError, Stored, Tx, instant, meetings, millis};

/// A meeting that lies ahead and whose link was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Which.
    pub meeting: MeetingId,
    /// Its title.
    pub title: String,
    /// When it ends for the last time.
    pub until: Timestamp,
    /// Why there is no link.
    pub cause: Cause,
}

/// Gives a link up that waits, whatever else its row holds. Answers whether it did wait:
/// one that works stays as it is.
pub async fn give_up(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    cause: Cause,
) -> Stored<bool> {
    let (state, reason) = LinkState::Failed(cause).to_columns();
    let changed = row::Entity::update_many()
        .col_expr(row::Column::State, state.into())
        .col_expr(row::Column::Reason, reason.map(str::to_owned).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::State.eq("waiting"))
        .exec(tx.on())
        .await?;
    Ok(changed.rows_affected > 0)
}

/// Whether Microsoft did what was asked for another meeting of the organization then.
pub async fn others_got_through(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    from: Timestamp,
    to: Timestamp,
) -> Stored<bool> {
    let others = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.ne(meeting.0))
        .filter(row::Column::CheckedAt.between(millis(from), millis(to)))
        .count(tx.on())
        .await?;
    Ok(others > 0)
}

/// Has a link made after all that was given up.
pub async fn take_up(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    let (state, reason) = LinkState::Waiting(WaitingReason::BeingMade).to_columns();
    row::Entity::update_many()
        .col_expr(row::Column::State, state.into())
        .col_expr(row::Column::Reason, reason.map(str::to_owned).into())
        .col_expr(row::Column::Version, Expr::col(row::Column::Version).add(1))
        .col_expr(row::Column::Attempts, 0i64.into())
        .col_expr(row::Column::FailingSince, Option::<i64>::None.into())
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .filter(row::Column::Kept.eq(false))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Tries every link once more that was given up.
pub async fn wake_given_up(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Some(millis(tx.now)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::Kept.eq(false))
        .filter(row::Column::State.eq("failed"))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Those whose meetings lie ahead, for the page that lists them.
pub async fn list_given_up(store: &Store, sight: &Sight) -> Stored<Vec<GivenUp>> {
    let organization = sight.organization.0;
    let failed: Vec<(uuid::Uuid, Option<String>)> = row::Entity::find()
        .select_only()
        .columns([row::Column::Id, row::Column::Reason])
        .filter(row::Column::OrganizationId.eq(organization))
        .filter(row::Column::Wanted.eq(true))
        .filter(row::Column::State.eq("failed"))
        .into_tuple()
        .all(store.read())
        .await?;
    let causes: std::collections::BTreeMap<_, _> = failed.into_iter().collect();
    let ahead = meetings::row::Entity::find()
        .filter(meetings::row::Column::OrganizationId.eq(organization))
        .filter(meetings::row::Column::Id.is_in(causes.keys().copied()))
        .filter(meetings::row::Column::LastEndsAt.gt(millis(store.clock().now())))
        .order_by_asc(meetings::row::Column::StartsAt)
        .limit(100)
        .all(store.read())
        .await?;
    ahead
        .into_iter()
        .map(|row| {
            let reason = causes.get(&row.id).cloned().flatten().unwrap_or_default();
            let cause = Cause::parse(&reason).ok_or_else(|| {
                StoreError::Unreadable(format!("meeting_links.reason = {reason:?}"))
            })?;
            Ok(GivenUp {
                meeting: MeetingId(row.id),
                title: row.title,
                until: instant(row.last_ends_at),
                cause,
            })
        })
        .collect()
}
