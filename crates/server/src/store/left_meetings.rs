//! Teams meetings that no row wants and that may be there all the same: those that an
//! earlier host could not delete, and those that vanished and may come back, for a deleted
//! meeting's link can revive it.

use jiff::Timestamp;
use mentoring::organization::{MeetingId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::{Store, Stored, Tx, instant, millis, word};

/// What is known of such a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It could not be deleted.
    Left,
    /// Microsoft says that it is gone.
    Gone,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Gone => "gone",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "left" => Some(Self::Left),
            "gone" => Some(Self::Gone),
            _ => None,
        }
    }
}

/// A Teams meeting of ours that no row wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftMeeting {
    /// Names the row.
    pub id: Uuid,
    /// Whose.
    pub organization: OrganizationId,
    /// The meeting that it was of.
    pub meeting: MeetingId,
    /// Microsoft's id, or the external id where Microsoft never said one.
    pub online_meeting_id: String,
    /// The account under which it was made.
    pub host: Uuid,
    /// That account's name.
    pub host_name: String,
    /// What is known of it.
    pub fate: Fate,
    /// Since when.
    pub since: Timestamp,
    /// When people would have met for the last time.
    pub until: Timestamp,
}

fn left(row: row::Model) -> Stored<LeftMeeting> {
    Ok(LeftMeeting {
        id: row.id,
        organization: OrganizationId(row.organization_id),
        meeting: MeetingId(row.meeting_id),
        online_meeting_id: row.online_meeting_id,
        host: row.host_object_id,
        host_name: row.host_name,
        fate: word(Fate::parse(&row.fate), "left_meetings.fate", &row.fate)?,
        since: instant(row.since),
        until: instant(row.until),
    })
}

/// Notes one.
pub async fn insert(tx: &Tx, left: &LeftMeeting) -> Stored<()> {
    row::ActiveModel {
        organization_id: Set(left.organization.0),
        id: Set(left.id),
        meeting_id: Set(left.meeting.0),
        online_meeting_id: Set(left.online_meeting_id.clone()),
        host_object_id: Set(left.host),
        host_name: Set(left.host_name.clone()),
        fate: Set(left.fate.as_str().to_owned()),
        since: Set(millis(left.since)),
        until: Set(millis(left.until)),
        looked_at: Set(None),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Those that could not be deleted, for the page that lists them.
pub async fn list(store: &Store, sight: &Sight) -> Stored<Vec<LeftMeeting>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Fate.eq(Fate::Left.as_str()))
        .order_by_asc(row::Column::Since)
        .limit(100)
        .all(store.read())
        .await?
        .into_iter()
        .map(left)
        .collect()
}

/// Those of this host that nobody looked at since, and which people could still enter.
pub async fn list_to_look_at(
    tx: &Tx,
    organization: OrganizationId,
    host: Uuid,
    since: Timestamp,
    most: u64,
) -> Stored<Vec<LeftMeeting>> {
    row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::HostObjectId.eq(host))
        .filter(row::Column::Until.gt(millis(tx.now)))
        .filter(
            row::Column::LookedAt
                .is_null()
                .or(row::Column::LookedAt.lt(millis(since))),
        )
        .order_by_asc(row::Column::Since)
        .limit(most)
        .all(tx.on())
        .await?
        .into_iter()
        .map(left)
        .collect()
}

/// Writes what a look found.
pub async fn looked(tx: &Tx, left: &LeftMeeting, fate: Fate) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            fate: Set(fate.as_str().to_owned()),
            looked_at: Set(Some(millis(tx.now))),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(left.organization.0))
        .filter(row::Column::Id.eq(left.id))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets those into which nobody would go any more.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::Until.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets all: the integration is removed.
pub async fn erase(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "left_meetings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub meeting_id: Uuid,
        pub online_meeting_id: String,
        pub host_object_id: Uuid,
        pub host_name: String,
        pub fate: String,
        pub since: i64,
        pub until: i64,
        pub looked_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
