//! How many Teams meetings Ithaca made as which host in which month. Microsoft documents a
//! ceiling and does not say how one stands to it, so we count.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use mentoring::organization::OrganizationId;

use super::{Store, Stored, Tx, millis};

/// Counts one more, and says how many there are now.
pub async fn count(tx: &Tx, organization: OrganizationId, host: Uuid, month: &str) -> Stored<u64> {
    let key = [
        row::Column::OrganizationId,
        row::Column::HostObjectId,
        row::Column::Month,
    ];
    row::Entity::insert(row::ActiveModel {
        organization_id: Set(organization.0),
        host_object_id: Set(host),
        month: Set(month.to_owned()),
        made: Set(1),
        warned_at: Set(None),
    })
    .on_conflict(
        OnConflict::columns(key)
            .value(
                row::Column::Made,
                Expr::col((row::Entity, row::Column::Made)).add(1),
            )
            .to_owned(),
    )
    .exec_without_returning(tx.on())
    .await?;
    made_on(tx.on(), organization, host, month).await
}

/// How many were made in a month.
pub async fn made(
    store: &Store,
    organization: OrganizationId,
    host: Uuid,
    month: &str,
) -> Stored<u64> {
    made_on(store.read(), organization, host, month).await
}

async fn made_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    host: Uuid,
    month: &str,
) -> Stored<u64> {
    let row = row::Entity::find_by_id((organization.0, host, month.to_owned()))
        .one(on)
        .await?;
    Ok(row.map_or(0, |row| u64::try_from(row.made).unwrap_or(0)))
}

/// Notes that a month was warned of. Answers whether this is the first time.
pub async fn warn(tx: &Tx, organization: OrganizationId, host: Uuid, month: &str) -> Stored<bool> {
    let done = row::Entity::update_many()
        .set(row::ActiveModel {
            warned_at: Set(Some(millis(tx.now))),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::HostObjectId.eq(host))
        .filter(row::Column::Month.eq(month))
        .filter(row::Column::WarnedAt.is_null())
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected == 1)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "host_months")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub host_object_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub month: String,
        pub made: i64,
        pub warned_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
