//! What concerns the instance as a whole and not one organization: told to its operator
//! once, whichever organization meets it first.

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder};

use super::{Store, Stored, Tx, instant, millis};

/// Microsoft does not accept the application's secret (F12).
pub const CLIENT_SECRET: &str = "client_secret";

/// Something that the operator must mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What it is about.
    pub name: String,
    /// What happened and what to do, in sentences.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// Raises an alarm. Answers whether it is a new one.
pub async fn raise(tx: &Tx, name: &str, detail: &str) -> Stored<bool> {
    let added = row::Entity::insert(row::ActiveModel {
        name: Set(name.to_owned()),
        detail: Set(detail.to_owned()),
        since: Set(millis(tx.now)),
    })
    .on_conflict(
        OnConflict::column(row::Column::Name)
            .do_nothing()
            .to_owned(),
    )
    .exec_without_returning(tx.on())
    .await?;
    Ok(added == 1)
}

/// Ends an alarm. Answers whether there was one.
pub async fn end(tx: &Tx, name: &str) -> Stored<bool> {
    let ended = row::Entity::delete_by_id(name.to_owned())
        .exec(tx.on())
        .await?;
    Ok(ended.rows_affected == 1)
}

/// The alarms of the instance, for its operator.
pub async fn list(store: &Store) -> Stored<Vec<Alarm>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Since)
        .all(store.read())
        .await?;
    let alarm = |row: row::Model| Alarm {
        name: row.name,
        detail: row.detail,
        since: instant(row.since),
    };
    Ok(rows.into_iter().map(alarm).collect())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "instance_alarms")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub detail: String,
        pub since: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
