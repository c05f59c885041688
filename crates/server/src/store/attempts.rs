//! Tries at guessing something, counted over all nodes: a key (an account or an address,
//! hashed) has so many tries in a window.

use jiff::SignedDuration;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Stored, Tx, millis};

/// Counts one more try and answers how many there were in the running window, this one
/// included.
pub async fn count(tx: &Tx, key: &[u8], window: SignedDuration) -> Stored<i64> {
    let now = millis(tx.now);
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let found = row::Entity::find_by_id(key.to_vec()).one(tx.on()).await?;
    let (tries, started_at) = match &found {
        Some(row) if now - row.started_at < window => (row.tries + 1, row.started_at),
        _ => (1, now),
    };
    let next = row::ActiveModel {
        id: Set(key.to_vec()),
        tries: Set(tries),
        started_at: Set(started_at),
    };
    if found.is_some() {
        next.update(tx.on()).await?;
    } else {
        next.insert(tx.on()).await?;
    }
    Ok(tries)
}

/// Forgets the tries of a key: somebody proved who they are.
pub async fn forget(tx: &Tx, key: &[u8]) -> Stored<()> {
    row::Entity::delete_by_id(key.to_vec())
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets windows that are long over, so that random keys cannot fill the table.
pub async fn delete_old(tx: &Tx, window: SignedDuration) -> Stored<u64> {
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let done = row::Entity::delete_many()
        .filter(row::Column::StartedAt.lt(millis(tx.now) - window))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attempts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub tries: i64,
        pub started_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
