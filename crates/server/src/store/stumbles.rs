//! Rows whose work came to no end: how often, why, and whether they were set aside.

use jiff::Timestamp;
use mentoring::stumble::MOST_TRIES;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    Statement,
};
use uuid::Uuid;

use super::lease::{Claim, Work};
use super::{Store, Stored, Tx, instant, millis};

/// A row that stumbled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stumble {
    /// How often, of late.
    pub times: u32,
    /// Over what, for the log's reader.
    pub reason: String,
    /// When it last did.
    pub at: Timestamp,
    /// Whether it is not tried again by itself.
    pub set_aside: bool,
}

/// How a row stumbled before, if it did.
pub async fn find_in(tx: &Tx, claim: &Claim) -> Stored<Option<Stumble>> {
    let key = key(claim);
    let row = row::Entity::find_by_id(key).one(tx.on()).await?;
    Ok(row.map(|row| Stumble {
        times: u32::try_from(row.times).unwrap_or(u32::MAX),
        reason: row.reason,
        at: instant(row.at),
        set_aside: row.set_aside,
    }))
}

fn key(claim: &Claim) -> (Uuid, String, Uuid) {
    let work = claim.work.table().to_owned();
    (claim.organization.0, work, claim.id)
}

/// Keeps how a row stumbled, in place of what was known of it.
pub async fn put(tx: &Tx, claim: &Claim, stumble: &Stumble) -> Stored<()> {
    let (organization, work, id) = key(claim);
    row::Entity::insert(row::ActiveModel {
        organization_id: Set(organization),
        work: Set(work),
        id: Set(id),
        times: Set(i64::from(stumble.times)),
        reason: Set(stumble.reason.clone()),
        at: Set(millis(stumble.at)),
        set_aside: Set(stumble.set_aside),
    })
    .on_conflict(
        OnConflict::columns([
            row::Column::OrganizationId,
            row::Column::Work,
            row::Column::Id,
        ])
        .update_columns([
            row::Column::Times,
            row::Column::Reason,
            row::Column::At,
            row::Column::SetAside,
        ])
        .to_owned(),
    )
    .exec_without_returning(tx.on())
    .await?;
    Ok(())
}

/// Forgets that these rows stumbled: their work came to its end.
pub async fn forgive(store: &Store, claims: &[Claim]) -> Stored<()> {
    let Some(first) = claims.first() else {
        return Ok(());
    };
    let known = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(first.organization.0))
        .filter(row::Column::Work.eq(first.work.table()))
        .filter(row::Column::Id.is_in(claims.iter().map(|claim| claim.id)))
        .all(store.read())
        .await?;
    if known.is_empty() {
        return Ok(());
    }
    let tx = store.begin(first.organization).await?;
    for row in known {
        row::Entity::delete_by_id((row.organization_id, row.work, row.id))
            .exec(tx.on())
            .await?;
    }
    tx.commit().await
}

/// Rows of one kind that are set aside.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Aside {
    /// Their table.
    pub work: String,
    /// How many.
    pub rows: i64,
    /// Over what one of them stumbled.
    pub reason: String,
}

/// What is set aside, over all organizations: for the operator.
pub async fn list_aside(store: &Store) -> Stored<Vec<Aside>> {
    let on = store.read();
    let text = "SELECT work, COUNT(*) AS rows, MAX(reason) AS reason FROM stumbles \
         WHERE set_aside GROUP BY work ORDER BY work";
    let statement = Statement::from_string(on.get_database_backend(), text);
    Ok(Aside::find_by_statement(statement).all(on).await?)
}

/// Tries once more what was set aside: a program that starts may be a newer one, which does
/// better.
pub async fn take_up(store: &Store) -> Stored<()> {
    let tx = store.begin_unscoped().await?;
    for work in Work::ALL {
        let table = work.table();
        let text = format!(
            "UPDATE {table} SET due_at = $1 WHERE due_at IS NULL AND (organization_id, id) IN \
             (SELECT organization_id, id FROM stumbles WHERE set_aside AND work = $2)"
        );
        let backend = tx.on().get_database_backend();
        let values = [millis(tx.now).into(), table.into()];
        let statement = Statement::from_sql_and_values(backend, text, values);
        tx.on().execute_raw(statement).await?;
    }
    row::Entity::update_many()
        .set(row::ActiveModel {
            times: Set(i64::from(MOST_TRIES) - 1),
            at: Set(millis(tx.now)),
            set_aside: Set(false),
            ..Default::default()
        })
        .filter(row::Column::SetAside.eq(true))
        .exec(tx.on())
        .await?;
    tx.commit().await
}

/// Forgets rows that stumbled before then and are not set aside.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::SetAside.eq(false))
        .filter(row::Column::At.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "stumbles")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub work: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub times: i64,
        pub reason: String,
        pub at: i64,
        pub set_aside: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
