//! What lets a program act as a member. The secret is never stored, only its SHA-256: of
//! 256 random bits that is enough, and finding it by an index tells nobody anything.

use jiff::Timestamp;
use mentoring::api_token::{ApiToken, TokenScope};
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use super::{Store, Stored, Tx, instant, millis, word};

fn token(row: row::Model) -> Stored<ApiToken> {
    Ok(ApiToken {
        id: row.id,
        member: MemberId(row.member_id),
        name: row.name,
        scope: word(
            TokenScope::parse(&row.scope),
            "api_tokens.scope",
            &row.scope,
        )?,
        created_at: instant(row.created_at),
        expires_at: instant(row.expires_at),
        last_used_at: row.last_used_at.map(instant),
    })
}

/// Adds a token, known by the hash of its secret.
pub async fn insert(
    tx: &Tx,
    organization: OrganizationId,
    token: &ApiToken,
    hash: &[u8],
) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(token.id),
        member_id: Set(token.member.0),
        name: Set(token.name.clone()),
        hash: Set(hash.to_vec()),
        scope: Set(token.scope.as_str().to_owned()),
        created_at: Set(millis(token.created_at)),
        expires_at: Set(millis(token.expires_at)),
        last_used_at: Set(None),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Whose token has this hash, if it has not expired.
pub async fn find(store: &Store, hash: &[u8]) -> Stored<Option<(OrganizationId, ApiToken)>> {
    row::Entity::find()
        .filter(row::Column::Hash.eq(hash.to_vec()))
        .filter(row::Column::ExpiresAt.gt(millis(store.clock().now())))
        .one(store.read())
        .await?
        .map(|row| Ok((OrganizationId(row.organization_id), token(row)?)))
        .transpose()
}

/// The actor's own tokens, the newest first, also those that have expired.
pub async fn list_mine(store: &Store, sight: &Sight) -> Stored<Vec<ApiToken>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(sight.member.0))
        .order_by_desc(row::Column::CreatedAt)
        .order_by_desc(row::Column::Id)
        .all(store.read())
        .await?
        .into_iter()
        .map(token)
        .collect()
}

/// How many tokens a member has.
pub async fn count_in(tx: &Tx, organization: OrganizationId, member: MemberId) -> Stored<u64> {
    Ok(row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .count(tx.on())
        .await?)
}

/// A member's token inside a change.
pub async fn find_in(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
    id: Uuid,
) -> Stored<Option<ApiToken>> {
    row::Entity::find_by_id((organization.0, id))
        .filter(row::Column::MemberId.eq(member.0))
        .one(tx.on())
        .await?
        .map(token)
        .transpose()
}

/// Remembers when a token was used.
pub async fn touch(tx: &Tx, organization: OrganizationId, id: Uuid, at: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::LastUsedAt, Some(millis(at)).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends a token.
pub async fn delete(tx: &Tx, organization: OrganizationId, id: Uuid) -> Stored<()> {
    row::Entity::delete_by_id((organization.0, id))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends every token of a member.
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

/// Forgets tokens that expired before this instant.
pub async fn delete_expired(tx: &Tx, before: Timestamp) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::ExpiresAt.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub member_id: Uuid,
        pub name: String,
        pub hash: Vec<u8>,
        pub scope: String,
        pub created_at: i64,
        pub expires_at: i64,
        pub last_used_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
