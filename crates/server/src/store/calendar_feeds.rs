//! The secret addresses of people's calendars: one a member. Only the SHA-256 of the
//! secret is stored.

use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Store, Stored, Tx, instant, millis};

/// Adds an address for a member; the earlier one ends.
pub async fn replace(
    tx: &Tx,
    key: &[u8],
    organization: OrganizationId,
    member: MemberId,
) -> Stored<()> {
    delete_of_member(tx, organization, member).await?;
    row::ActiveModel {
        id: Set(key.to_vec()),
        organization_id: Set(organization.0),
        member_id: Set(member.0),
        created_at: Set(millis(tx.now)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Whose calendar is at this address.
pub async fn find(store: &Store, key: &[u8]) -> Stored<Option<(OrganizationId, MemberId)>> {
    let row = row::Entity::find_by_id(key.to_vec())
        .one(store.read())
        .await?;
    Ok(row.map(|row| (OrganizationId(row.organization_id), MemberId(row.member_id))))
}

/// Since when the actor's own calendar has its address, if it has one.
pub async fn find_mine(store: &Store, sight: &Sight) -> Stored<Option<Timestamp>> {
    let row = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(sight.member.0))
        .one(store.read())
        .await?;
    Ok(row.map(|row| instant(row.created_at)))
}

/// Ends the address of a member's calendar, and says whether there was one.
pub async fn delete_of_member(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<bool> {
    let done = row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected > 0)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendar_feeds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub organization_id: Uuid,
        pub member_id: Uuid,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
