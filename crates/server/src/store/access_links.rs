//! Links that let somebody set a password: an invitation or a reset. Only the SHA-256 of
//! the secret in the link is stored, and it works once.

use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Store, Stored, Tx, millis};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first password of an invited member.
    Invitation,
    /// A new password for one who forgot theirs.
    Reset,
}

impl Purpose {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }
}

/// Adds a link for a member and makes every earlier one of the same purpose void.
pub async fn insert(
    tx: &Tx,
    key: &[u8],
    organization: OrganizationId,
    member: MemberId,
    purpose: Purpose,
    expires_at: Timestamp,
) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .filter(row::Column::Purpose.eq(purpose.as_str()))
        .exec(tx.on())
        .await?;
    row::ActiveModel {
        id: Set(key.to_vec()),
        organization_id: Set(organization.0),
        member_id: Set(member.0),
        purpose: Set(purpose.as_str().to_owned()),
        expires_at: Set(millis(expires_at)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Whom the link is for, if it still works in this organization.
pub async fn find(
    store: &Store,
    organization: OrganizationId,
    key: &[u8],
    purpose: Purpose,
) -> Stored<Option<MemberId>> {
    let row = row::Entity::find_by_id(key.to_vec())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Purpose.eq(purpose.as_str()))
        .filter(row::Column::ExpiresAt.gt(millis(store.clock().now())))
        .one(store.read())
        .await?;
    Ok(row.map(|row| MemberId(row.member_id)))
}

/// Uses the link up. Answers whether it still worked: of two at once, one wins.
pub async fn take(
    tx: &Tx,
    organization: OrganizationId,
    key: &[u8],
    purpose: Purpose,
) -> Stored<bool> {
    let done = row::Entity::delete_many()
        .filter(row::Column::Id.eq(key.to_vec()))
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Purpose.eq(purpose.as_str()))
        .filter(row::Column::ExpiresAt.gt(millis(tx.now)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Makes every link of a member void.
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

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub organization_id: Uuid,
        pub member_id: Uuid,
        pub purpose: String,
        pub expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
