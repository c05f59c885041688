//! Teams meetings that are to be deleted: how many are left, and which.

use jiff::Timestamp;
use mentoring::organization::OrganizationId;
use mentoring::role::Sight;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Link, link, row};
use crate::store::{Store, Stored, Tx, instant};

/// How many Teams meetings are still being deleted, or may still be made by a late call and
/// are to be deleted then; those given up are not among them.
pub async fn count_being_deleted(tx: &Tx, organization: OrganizationId) -> Stored<u64> {
    let being = tombstones(organization).filter(row::Column::DueAt.is_not_null());
    Ok(being.count(tx.on()).await? + late(organization).count(tx.on()).await?)
}

/// When the next of them is tried.
pub async fn next_deletion(tx: &Tx, organization: OrganizationId) -> Stored<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for rows in [tombstones(organization), late(organization)] {
        let due: Option<Option<i64>> = rows
            .filter(row::Column::DueAt.is_not_null())
            .select_only()
            .column(row::Column::DueAt)
            .order_by_asc(row::Column::DueAt)
            .into_tuple()
            .one(tx.on())
            .await?;
        let due = due.flatten().map(instant);
        next = next.into_iter().chain(due).min();
    }
    Ok(next)
}

fn late(organization: OrganizationId) -> sea_orm::Select<row::Entity> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Wanted.eq(false))
        .filter(row::Column::DeletedConfirmed.eq(true))
        .filter(row::Column::LateUntil.is_not_null())
        .filter(row::Column::DueAt.is_not_null())
        .filter(row::Column::Kept.eq(false))
}

/// How many Teams meetings are still to be deleted, for the page that shows the progress.
pub async fn count_tombstones(store: &Store, sight: &Sight) -> Stored<u64> {
    Ok(tombstones(sight.organization).count(store.read()).await?)
}

fn tombstones(organization: OrganizationId) -> sea_orm::Select<row::Entity> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(
            row::Column::Wanted
                .eq(false)
                .or(row::Column::Moving.eq(true)),
        )
        .filter(row::Column::EverCalled.eq(true))
        .filter(row::Column::DeletedConfirmed.eq(false))
        .filter(row::Column::Kept.eq(false))
}

/// Stops the deletions that are under way: the host's sign-in is refused for good.
pub async fn give_up_deleting(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Option::<i64>::None.into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(
            row::Column::Wanted
                .eq(false)
                .or(row::Column::Moving.eq(true)),
        )
        .exec(tx.on())
        .await?;
    Ok(())
}

/// The Teams meetings that could not be deleted, with their ids at Microsoft.
pub async fn list_tombstones(tx: &Tx, organization: OrganizationId) -> Stored<Vec<Link>> {
    tombstones(organization)
        .all(tx.on())
        .await?
        .into_iter()
        .map(link)
        .collect()
}
