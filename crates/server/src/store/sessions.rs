//! Signed-in browsers. The cookie's value is never stored, only its SHA-256.

use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use super::{Store, Stored, Tx, instant, millis};

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub key: Vec<u8>,
    /// Whose organization.
    pub organization: OrganizationId,
    /// Who signed in.
    pub member: MemberId,
    /// When it was last seen; written at most once in a while.
    pub seen_at: Timestamp,
    /// When it ends unless it is seen again before.
    pub expires_at: Timestamp,
}

/// Adds a session.
pub async fn insert(tx: &Tx, session: &Session) -> Stored<()> {
    row::ActiveModel {
        id: Set(session.key.clone()),
        organization_id: Set(session.organization.0),
        member_id: Set(session.member.0),
        created_at: Set(millis(tx.now)),
        seen_at: Set(millis(session.seen_at)),
        expires_at: Set(millis(session.expires_at)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// The session with this key, if it has not ended.
pub async fn find(store: &Store, key: &[u8]) -> Stored<Option<Session>> {
    let now = millis(store.clock().now());
    let row = row::Entity::find_by_id(key.to_vec())
        .filter(row::Column::ExpiresAt.gt(now))
        .one(store.read())
        .await?;
    Ok(row.map(|row| Session {
        key: row.id,
        organization: OrganizationId(row.organization_id),
        member: MemberId(row.member_id),
        seen_at: instant(row.seen_at),
        expires_at: instant(row.expires_at),
    }))
}

/// In how many browsers the actor is signed in.
pub async fn count_mine(store: &Store, sight: &Sight) -> Stored<u64> {
    let count = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(sight.member.0))
        .filter(row::Column::ExpiresAt.gt(millis(store.clock().now())))
        .count(store.read())
        .await?;
    Ok(count)
}

/// When a member was last seen, for those who see everybody.
pub async fn last_seen(
    store: &Store,
    sight: &Sight,
    member: MemberId,
) -> Stored<Option<Timestamp>> {
    if !sight.everything {
        return Ok(None);
    }
    let newest = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .order_by_desc(row::Column::SeenAt)
        .one(store.read())
        .await?;
    Ok(newest.map(|row| instant(row.seen_at)))
}

/// Remembers that the session is in use, and lets it live until `expires_at`.
pub async fn touch(tx: &Tx, key: &[u8], expires_at: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::SeenAt, millis(tx.now).into())
        .col_expr(row::Column::ExpiresAt, millis(expires_at).into())
        .filter(row::Column::Id.eq(key.to_vec()))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn delete(tx: &Tx, key: &[u8]) -> Stored<()> {
    row::Entity::delete_by_id(key.to_vec())
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends every session of a member.
pub async fn delete_of_member(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets sessions that have ended.
pub async fn delete_expired(tx: &Tx) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::ExpiresAt.lte(millis(tx.now)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub organization_id: Uuid,
        pub member_id: Uuid,
        pub created_at: i64,
        pub seen_at: i64,
        pub expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
