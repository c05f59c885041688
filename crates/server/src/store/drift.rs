//! Comparing Teams with what is wanted: how far a sweep has come, and what it found.

use jiff::Timestamp;
use mentoring::drift::Departure;
use mentoring::organization::{MeetingId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, Stored, Tx, instant, millis, word};

/// How far the comparison has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Whatever was looked at before this is looked at again.
    pub begun_at: Timestamp,
    /// When somebody last asked for it.
    pub asked_at: Option<Timestamp>,
    /// When it last came to its end.
    pub finished_at: Option<Timestamp>,
    /// How many meetings it looked at so far.
    pub looked: u64,
}

/// Something that was not as it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Names the row.
    pub id: Uuid,
    /// Whose.
    pub organization: OrganizationId,
    /// The meeting.
    pub meeting: MeetingId,
    /// When it was found.
    pub at: Timestamp,
    /// What was otherwise.
    pub what: Vec<Departure>,
}

async fn find_on(on: &impl ConnectionTrait, organization: OrganizationId) -> Stored<Option<Sweep>> {
    let row = row::Entity::find_by_id((organization.0, organization.0))
        .one(on)
        .await?;
    Ok(row.map(|row| Sweep {
        begun_at: instant(row.begun_at),
        asked_at: row.asked_at.map(instant),
        finished_at: row.finished_at.map(instant),
        looked: u64::try_from(row.looked).unwrap_or(0),
    }))
}

/// The comparison of the actor's organization.
pub async fn find(store: &Store, sight: &Sight) -> Stored<Option<Sweep>> {
    find_on(store.read(), sight.organization).await
}

/// The same inside a change.
pub async fn find_in(tx: &Tx, organization: OrganizationId) -> Stored<Option<Sweep>> {
    find_on(tx.on(), organization).await
}

/// Writes how far it has come.
pub async fn save(tx: &Tx, organization: OrganizationId, sweep: &Sweep) -> Stored<()> {
    let mut row = row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(organization.0),
        begun_at: Set(millis(sweep.begun_at)),
        asked_at: Set(sweep.asked_at.map(millis)),
        finished_at: Set(sweep.finished_at.map(millis)),
        looked: Set(i64::try_from(sweep.looked).unwrap_or(i64::MAX)),
        ..Default::default()
    };
    if find_in(tx, organization).await?.is_some() {
        row.update(tx.on()).await?;
    } else {
        row.attempts = Set(0);
        row.fencing = Set(0);
        row.due_at = Set(None);
        row.lease_owner = Set(None);
        row.lease_until = Set(None);
        row.insert(tx.on()).await?;
    }
    Ok(())
}

/// Has the comparison go on at this instant.
pub async fn due_at(tx: &Tx, organization: OrganizationId, at: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            due_at: Set(Some(millis(at))),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Notes what was found.
pub async fn insert(tx: &Tx, found: &Finding) -> Stored<()> {
    let words: Vec<&str> = found.what.iter().map(|what| what.as_str()).collect();
    finding::ActiveModel {
        organization_id: Set(found.organization.0),
        id: Set(found.id),
        meeting_id: Set(found.meeting.0),
        at: Set(millis(found.at)),
        what: Set(words.join(" ")),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// What was found lately, newest first.
pub async fn list(store: &Store, sight: &Sight, most: u64) -> Stored<Vec<Finding>> {
    finding::Entity::find()
        .filter(finding::Column::OrganizationId.eq(sight.organization.0))
        .order_by_desc(finding::Column::At)
        .order_by_desc(finding::Column::Id)
        .limit(most)
        .all(store.read())
        .await?
        .into_iter()
        .map(|row| {
            let what = row
                .what
                .split_whitespace()
                .map(|text| word(Departure::parse(text), "drift_findings.what", text));
            Ok(Finding {
                id: row.id,
                organization: OrganizationId(row.organization_id),
                meeting: MeetingId(row.meeting_id),
                at: instant(row.at),
                what: what.collect::<Stored<_>>()?,
            })
        })
        .collect()
}

/// Forgets old findings.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<()> {
    finding::Entity::delete_many()
        .filter(finding::Column::At.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends the comparison: the integration is removed.
pub async fn erase(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    finding::Entity::delete_many()
        .filter(finding::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "drift_sweeps")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub begun_at: i64,
        pub asked_at: Option<i64>,
        pub finished_at: Option<i64>,
        pub looked: i64,
        pub attempts: i64,
        pub due_at: Option<i64>,
        pub lease_owner: Option<String>,
        pub lease_until: Option<i64>,
        pub fencing: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod finding {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "drift_findings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub meeting_id: Uuid,
        pub at: i64,
        pub what: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
