//! What people said of how a meeting went: a row a person and occurrence.

use jiff::civil::DateTime;
use mentoring::meeting::Meeting;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::outcome::{Outcome, Said};
use mentoring::role::Sight;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use super::{Store, StoreError, Stored, Tx, millis, word};

/// What was said of an occurrence, in the order in which it was said first.
pub async fn list(
    store: &Store,
    sight: &Sight,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<Vec<(MemberId, Outcome)>> {
    on(store.read(), sight.organization, meeting, original_start).await
}

/// The same inside a change.
pub async fn list_in(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<Vec<(MemberId, Outcome)>> {
    on(tx.on(), organization, meeting, original_start).await
}

/// The same where no person asks.
pub async fn list_for_work(
    store: &Store,
    organization: OrganizationId,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<Vec<(MemberId, Outcome)>> {
    on(store.read(), organization, meeting, original_start).await
}

async fn on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    meeting: MeetingId,
    original_start: DateTime,
) -> Stored<Vec<(MemberId, Outcome)>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MeetingId.eq(meeting.0))
        .filter(row::Column::OriginalStart.eq(original_start.to_string()))
        .order_by_asc(row::Column::SaidAt)
        .order_by_asc(row::Column::MemberId)
        .all(on)
        .await?
        .into_iter()
        .map(|row| {
            let at = row
                .took_place
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error| StoreError::Unreadable(format!("outcomes.took_place: {error}")))?;
            let said = word(Said::parse(&row.said), "outcomes.said", &row.said)?;
            Ok((MemberId(row.member_id), Outcome { said, at }))
        })
        .collect()
}

/// Keeps what somebody says, in place of what they said before.
pub async fn save(
    tx: &Tx,
    meeting: &Meeting,
    original_start: DateTime,
    member: MemberId,
    outcome: &Outcome,
) -> Stored<()> {
    let at = outcome.at.as_ref().map(serde_json::to_string).transpose();
    let row = row::ActiveModel {
        organization_id: Set(meeting.organization.0),
        meeting_id: Set(meeting.id.0),
        original_start: Set(original_start.to_string()),
        member_id: Set(member.0),
        said: Set(outcome.said.as_str().to_owned()),
        took_place: Set(at.map_err(|error| StoreError::Unreadable(error.to_string()))?),
        said_at: Set(millis(tx.now)),
    };
    let key = [
        row::Column::OrganizationId,
        row::Column::MeetingId,
        row::Column::OriginalStart,
        row::Column::MemberId,
    ];
    let replaced = [row::Column::Said, row::Column::TookPlace];
    row::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).update_columns(replaced).to_owned())
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outcomes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub original_start: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub said: String,
        /// A schedule, where it took place at another time than planned.
        pub took_place: Option<String>,
        pub said_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
