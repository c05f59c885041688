//! The nodes that share the database: each says now and then that it is there and how its
//! reconcilers do, so that an operator finds all of them in one place.

use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Store, Stored, Tx, instant, millis};

/// A node as it last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its machine and port: a node that starts anew takes its own place again.
    pub id: String,
    /// Which version of Ithaca it runs.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
    /// How its reconcilers do (JSON of the reconcilers' own type).
    pub reconcilers: String,
}

/// Writes down that a node is there.
pub async fn put(tx: &Tx, node: &Node) -> Stored<()> {
    let row = row::ActiveModel {
        id: Set(node.id.clone()),
        version: Set(node.version.clone()),
        started_at: Set(millis(node.started_at)),
        seen_at: Set(millis(node.seen_at)),
        reconcilers: Set(node.reconcilers.clone()),
    };
    let columns = [
        row::Column::Version,
        row::Column::StartedAt,
        row::Column::SeenAt,
        row::Column::Reconcilers,
    ];
    row::Entity::insert(row)
        .on_conflict(
            OnConflict::column(row::Column::Id)
                .update_columns(columns)
                .to_owned(),
        )
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// All of them, by name.
pub async fn list(store: &Store) -> Stored<Vec<Node>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Id)
        .all(store.read())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Node {
            id: row.id,
            version: row.version,
            started_at: instant(row.started_at),
            seen_at: instant(row.seen_at),
            reconcilers: row.reconcilers,
        })
        .collect())
}

/// Forgets a node that says goodbye, unless another has taken its place already.
pub async fn delete(tx: &Tx, id: &str, started_at: Timestamp) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::StartedAt.eq(millis(started_at)))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets nodes that were not seen since.
pub async fn delete_unseen(tx: &Tx, since: Timestamp) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::SeenAt.lt(millis(since)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "nodes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub version: String,
        pub started_at: i64,
        pub seen_at: i64,
        pub reconcilers: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
