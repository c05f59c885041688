//! Organizations, and the write lock that each of them is.

use mentoring::organization::OrganizationId;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder,
};

use super::{Store, StoreError, Stored, Tx, fence, millis};

/// An organization as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its part of every address.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The zone that new members begin with (IANA name).
    pub time_zone: String,
    /// The language that new members begin with (BCP 47 tag).
    pub language: String,
    /// How often anything in it was changed: the same number, the same everything.
    pub changes: i64,
}

impl From<row::Model> for Organization {
    fn from(row: row::Model) -> Self {
        Self {
            id: OrganizationId(row.id),
            slug: row.slug,
            name: row.name,
            time_zone: row.time_zone,
            language: row.language,
            changes: row.changes,
        }
    }
}

/// Takes the organization's write lock until the end of the transaction, unless the
/// database is fenced.
pub(super) async fn lock(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    if take(tx, organization, Expr::cust(fence::OPEN)).await? {
        return Ok(());
    }
    match fence::find(tx.on()).await? {
        Some(_) => Err(StoreError::Fenced),
        None => Err(missing(organization)),
    }
}

/// The same, whether or not it is fenced.
pub(super) async fn lock_at_the_door(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    if take(tx, organization, Expr::val(true)).await? {
        Ok(())
    } else {
        Err(missing(organization))
    }
}

async fn take(tx: &Tx, organization: OrganizationId, may: Expr) -> Stored<bool> {
    let done = row::Entity::update_many()
        .col_expr(row::Column::Changes, Expr::col(row::Column::Changes).add(1))
        .filter(row::Column::Id.eq(organization.0))
        .filter(may)
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected == 1)
}

fn missing(organization: OrganizationId) -> StoreError {
    StoreError::Unreadable(format!("no organization {organization}"))
}

/// Adds an organization.
pub async fn insert(tx: &Tx, organization: &Organization) -> Stored<()> {
    row::ActiveModel {
        id: Set(organization.id.0),
        slug: Set(organization.slug.clone()),
        name: Set(organization.name.clone()),
        time_zone: Set(organization.time_zone.clone()),
        language: Set(organization.language.clone()),
        changes: Set(organization.changes),
        created_at: Set(millis(tx.now)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Changes name, zone and language.
pub async fn update(tx: &Tx, organization: &Organization) -> Stored<()> {
    row::ActiveModel {
        id: Set(organization.id.0),
        name: Set(organization.name.clone()),
        time_zone: Set(organization.time_zone.clone()),
        language: Set(organization.language.clone()),
        ..Default::default()
    }
    .update(tx.on())
    .await?;
    Ok(())
}

/// The organization with this slug. Public knowledge: the slug is in every address.
pub async fn find_by_slug(store: &Store, slug: &str) -> Stored<Option<Organization>> {
    let row = row::Entity::find()
        .filter(row::Column::Slug.eq(slug))
        .one(store.read())
        .await?;
    Ok(row.map(Into::into))
}

/// The organization with this id.
pub async fn find(store: &Store, id: OrganizationId) -> Stored<Option<Organization>> {
    find_on(store.read(), id).await
}

pub(crate) async fn find_on(
    on: &impl ConnectionTrait,
    id: OrganizationId,
) -> Stored<Option<Organization>> {
    let row = row::Entity::find_by_id(id.0).one(on).await?;
    Ok(row.map(Into::into))
}

/// All organizations of the instance by name: for the operator and the demo's first page.
pub async fn list(store: &Store) -> Stored<Vec<Organization>> {
    let rows = row::Entity::find()
        .order_by_asc(row::Column::Name)
        .all(store.read())
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "organizations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub slug: String,
        pub name: String,
        pub time_zone: String,
        pub language: String,
        pub changes: i64,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
