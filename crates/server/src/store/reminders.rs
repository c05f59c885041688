//! Reminders: a row a meeting says when its people are to be thought of next, and a row a
//! person how they want to be reminded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use mentoring::meeting::Meeting;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::reminder::{self, Setting};
use mentoring::role::Sight;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis};

/// What the last look left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Until when everything was said; nothing if nobody has looked yet.
    pub at: Option<Timestamp>,
    /// Since when the link is being looked at, before people are reminded.
    pub waits_since: Option<Timestamp>,
}

/// Begins to remind of a meeting, from now on.
pub(in crate::store) async fn begin(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let first = meeting.next(tx.now).map(|one| one.starts_at);
    let due_at = first.map(|start| (start - reminder::EARLIEST).max(tx.now));
    row::ActiveModel {
        organization_id: Set(meeting.organization.0),
        id: Set(meeting.id.0),
        looked_at: Set(Some(millis(tx.now))),
        waits_since: Set(None),
        attempts: Set(0),
        due_at: Set(due_at.map(millis)),
        lease_owner: Set(None),
        lease_until: Set(None),
        fencing: Set(0),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Where everything that fell due was said already, what a change brings about is said of
/// nothing that lies before it.
const TOUCH: &str = "UPDATE reminders SET \
    looked_at = CASE WHEN waits_since IS NULL AND (due_at IS NULL OR due_at > $1) THEN $1 ELSE looked_at END, \
    due_at = $1 WHERE organization_id = $2";

/// A meeting changed: it is looked at again at once.
pub(in crate::store) async fn touch(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let values: [Value; 3] = [
        millis(tx.now).into(),
        meeting.organization.0.into(),
        meeting.id.0.into(),
    ];
    if execute(tx, &format!("{TOUCH} AND id = $3"), values).await? == 0 {
        begin(tx, meeting).await?;
    }
    Ok(())
}

/// A person wants to be reminded otherwise: all that they attend is looked at again.
pub async fn touch_all_of(tx: &Tx, organization: OrganizationId, member: MemberId) -> Stored<()> {
    let text = format!(
        "{TOUCH} AND id IN (SELECT meeting_id FROM agenda \
         WHERE organization_id = $2 AND member_id = $3 AND ends_at > $1)"
    );
    let values: [Value; 3] = [
        millis(tx.now).into(),
        organization.0.into(),
        member.0.into(),
    ];
    execute(tx, &text, values).await?;
    Ok(())
}

/// The link of a meeting was looked at: whoever waits for that goes on.
pub async fn wake(tx: &Tx, organization: OrganizationId, meeting: MeetingId) -> Stored<()> {
    let values: [Value; 3] = [
        millis(tx.now).into(),
        organization.0.into(),
        meeting.0.into(),
    ];
    let text = "UPDATE reminders SET due_at = $1 \
        WHERE organization_id = $2 AND id = $3 AND waits_since IS NOT NULL";
    execute(tx, text, values).await?;
    Ok(())
}

async fn execute<const N: usize>(tx: &Tx, text: &str, values: [Value; N]) -> Stored<u64> {
    let on = tx.on();
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

/// What the last look left behind, inside the next.
pub async fn find_in(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
) -> Stored<Option<Looked>> {
    let row = row::Entity::find_by_id((organization.0, meeting.0))
        .one(tx.on())
        .await?;
    Ok(row.map(|row| Looked {
        at: row.looked_at.map(instant),
        waits_since: row.waits_since.map(instant),
    }))
}

/// What this look leaves behind.
pub async fn save(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    looked: Looked,
) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            looked_at: Set(looked.at.map(millis)),
            waits_since: Set(looked.waits_since.map(millis)),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(meeting.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// How these people want to be reminded, of those who said it.
pub async fn settings_in(
    tx: &Tx,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<BTreeMap<MemberId, Setting>> {
    let rows = setting::Entity::find()
        .filter(setting::Column::OrganizationId.eq(organization.0))
        .filter(setting::Column::MemberId.is_in(ids.iter().map(|id| id.0)))
        .all(tx.on())
        .await?;
    rows.iter()
        .map(|row| Ok((MemberId(row.member_id), read(row)?)))
        .collect()
}

/// How the actor wants to be reminded.
pub async fn find_setting(store: &Store, sight: &Sight) -> Stored<Setting> {
    let row = setting::Entity::find_by_id((sight.organization.0, sight.member.0))
        .one(store.read())
        .await?;
    row.as_ref().map_or(Ok(Setting::default()), read)
}

fn read(row: &setting::Model) -> Stored<Setting> {
    let minutes = row.minutes_before.map(u16::try_from).transpose();
    Ok(Setting {
        day_before: row.day_before,
        minutes_before: minutes
            .map_err(|_| StoreError::Unreadable("reminder_settings.minutes_before".to_owned()))?,
        after: row.asks_after,
    })
}

/// Keeps how a member wants to be reminded.
pub async fn save_setting(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
    setting: Setting,
) -> Stored<()> {
    let row = setting::ActiveModel {
        organization_id: Set(organization.0),
        member_id: Set(member.0),
        day_before: Set(setting.day_before),
        minutes_before: Set(setting.minutes_before.map(i64::from)),
        asks_after: Set(setting.after),
    };
    let key = [setting::Column::OrganizationId, setting::Column::MemberId];
    let replaced = [
        setting::Column::DayBefore,
        setting::Column::MinutesBefore,
        setting::Column::AsksAfter,
    ];
    setting::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).update_columns(replaced).to_owned())
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// Who was of which occurrence that ended within `reach`, and has not said how it went.
pub async fn unanswered_in(
    tx: &Tx,
    organization: OrganizationId,
    meeting: MeetingId,
    reach: SignedDuration,
) -> Stored<BTreeSet<(DateTime, MemberId)>> {
    let on = tx.on();
    let text = "SELECT a.original_start, a.member_id FROM agenda a \
        WHERE a.organization_id = $1 AND a.meeting_id = $2 AND a.ends_at > $3 AND a.ends_at <= $4 \
        AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.organization_id = a.organization_id \
        AND o.meeting_id = a.meeting_id AND o.original_start = a.original_start AND o.member_id = a.member_id)";
    let values: [Value; 4] = [
        organization.0.into(),
        meeting.0.into(),
        millis(tx.now - reach).into(),
        millis(tx.now).into(),
    ];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    on.query_all_raw(statement)
        .await?
        .iter()
        .map(|row| {
            let original: String = row.try_get("", "original_start")?;
            let member: Uuid = row.try_get("", "member_id")?;
            Ok((
                super::meetings::local(&original, "agenda.original_start")?,
                MemberId(member),
            ))
        })
        .collect()
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reminders")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub looked_at: Option<i64>,
        pub waits_since: Option<i64>,
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

mod setting {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reminder_settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub day_before: bool,
        pub minutes_before: Option<i64>,
        pub asks_after: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
