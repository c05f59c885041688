//! Who opened the join address of a meeting first when: for its people alone, and for a
//! while.

use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::organization::{MeetingId, MemberId};
use mentoring::role::Sight;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{Store, Stored, Tx, instant, millis};

/// Whether the actor opened it already.
pub async fn has_opened(
    store: &Store,
    sight: &Sight,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<bool> {
    let key = (
        sight.organization.0,
        meeting.0,
        original_start.to_string(),
        sight.member.0,
    );
    let row = row::Entity::find_by_id(key).one(store.read()).await?;
    Ok(row.is_some())
}

/// Keeps that the actor opened it. Only the first time counts.
pub async fn insert(
    tx: &Tx,
    sight: &Sight,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<()> {
    let row = row::ActiveModel {
        organization_id: Set(sight.organization.0),
        meeting_id: Set(meeting.0),
        original_start: Set(original_start.to_string()),
        member_id: Set(sight.member.0),
        opened_at: Set(millis(tx.now)),
    };
    let key = [
        row::Column::OrganizationId,
        row::Column::MeetingId,
        row::Column::OriginalStart,
        row::Column::MemberId,
    ];
    row::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// Who opened it when, the first one first. Whoever asks attends the meeting.
pub async fn list(
    store: &Store,
    sight: &Sight,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<Vec<(MemberId, Timestamp)>> {
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MeetingId.eq(meeting.0))
        .filter(row::Column::OriginalStart.eq(original_start.to_string()))
        .order_by_asc(row::Column::OpenedAt)
        .all(store.read())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (MemberId(row.member_id), instant(row.opened_at)))
        .collect())
}

/// Forgets what is older.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::OpenedAt.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "openings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub original_start: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub opened_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
