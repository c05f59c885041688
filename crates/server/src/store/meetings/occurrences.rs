//! The occurrences of meetings, and the agenda: a row for each person and occurrence, by
//! which lists find what they show however many meetings there are.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use mentoring::meeting::Meeting;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::repetition::{Occurrence, OccurrenceState};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    Statement, Value,
};
use uuid::Uuid;

use super::{local, minutes, row};
use crate::store::{Stored, Tx, instant, millis, word};

fn read(row: &occurrence::Model) -> Stored<Occurrence> {
    Ok(Occurrence {
        original_start: local(&row.original_start, "occurrences.original_start")?,
        local_start: local(&row.local_start, "occurrences.local_start")?,
        duration_minutes: minutes(row.duration_minutes, "occurrences.duration_minutes")?,
        starts_at: instant(row.starts_at),
        ends_at: instant(row.ends_at),
        state: word(
            OccurrenceState::parse(&row.state),
            "occurrences.state",
            &row.state,
        )?,
    })
}

fn columns(meeting: &Meeting, occurrence: &Occurrence) -> occurrence::ActiveModel {
    occurrence::ActiveModel {
        organization_id: Set(meeting.organization.0),
        meeting_id: Set(meeting.id.0),
        original_start: Set(occurrence.original_start.to_string()),
        track_id: Set(meeting.track.0),
        local_start: Set(occurrence.local_start.to_string()),
        duration_minutes: Set(i32::from(occurrence.duration_minutes)),
        starts_at: Set(millis(occurrence.starts_at)),
        ends_at: Set(millis(occurrence.ends_at)),
        state: Set(occurrence.state.as_str().to_owned()),
    }
}

/// The occurrences of these meetings, soonest first.
pub(super) async fn of(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Stored<BTreeMap<Uuid, Vec<Occurrence>>> {
    let rows = occurrence::Entity::find()
        .filter(occurrence::Column::OrganizationId.eq(organization.0))
        .filter(occurrence::Column::MeetingId.is_in(ids.iter().copied()))
        .order_by_asc(occurrence::Column::StartsAt)
        .order_by_asc(occurrence::Column::OriginalStart)
        .all(on)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<Occurrence>> = BTreeMap::new();
    for row in &rows {
        found.entry(row.meeting_id).or_default().push(read(row)?);
    }
    Ok(found)
}

/// Adds the rows of these occurrences.
pub(super) async fn insert<'a>(
    tx: &Tx,
    meeting: &Meeting,
    new: impl IntoIterator<Item = &'a Occurrence>,
) -> Stored<()> {
    let rows = new.into_iter().map(|one| columns(meeting, one));
    occurrence::Entity::insert_many(rows)
        .exec_without_returning(tx.on())
        .await?;
    Ok(())
}

/// Makes the rows of a meeting's occurrences what they should be, and says whether any was
/// different.
pub(super) async fn keep(tx: &Tx, meeting: &Meeting) -> Stored<bool> {
    let (organization, id) = (meeting.organization, meeting.id.0);
    let stored = of(tx.on(), organization, &[id])
        .await?
        .remove(&id)
        .unwrap_or_default();
    let different: Vec<&Occurrence> = meeting
        .occurrences
        .iter()
        .filter(|one| !stored.contains(one))
        .collect();
    let outdated: Vec<String> = stored
        .iter()
        .filter(|one| !meeting.occurrences.contains(one))
        .map(|one| one.original_start.to_string())
        .collect();
    let gone = |original: &String| {
        let mut all = different.iter();
        all.all(|one| one.original_start.to_string() != *original)
    };
    let gone: Vec<&String> = outdated.iter().filter(|original| gone(original)).collect();
    if !gone.is_empty() {
        occurrence::Entity::delete_many()
            .filter(occurrence::Column::OrganizationId.eq(organization.0))
            .filter(occurrence::Column::MeetingId.eq(id))
            .filter(occurrence::Column::OriginalStart.is_in(gone))
            .exec(tx.on())
            .await?;
    }
    let (changed, new): (Vec<&Occurrence>, Vec<&Occurrence>) = different
        .iter()
        .partition(|one| outdated.contains(&one.original_start.to_string()));
    for one in changed {
        occurrence::Entity::update(columns(meeting, one))
            .exec(tx.on())
            .await?;
    }
    if !new.is_empty() {
        insert(tx, meeting, new).await?;
    }
    Ok(!different.is_empty() || !outdated.is_empty())
}

/// Whether somebody was of an occurrence: who joined a series later was not.
pub async fn was_of(
    tx: &Tx,
    meeting: &Meeting,
    member: MemberId,
    original_start: DateTime,
) -> Stored<bool> {
    let found = agenda::Entity::find()
        .filter(agenda::Column::OrganizationId.eq(meeting.organization.0))
        .filter(agenda::Column::MeetingId.eq(meeting.id.0))
        .filter(agenda::Column::MemberId.eq(member.0))
        .filter(agenda::Column::OriginalStart.eq(original_start.to_string()))
        .one(tx.on())
        .await?;
    Ok(found.is_some())
}

/// Keeps where an occurrence and its meeting are in their lives now. The revision stays.
pub async fn settle(tx: &Tx, meeting: &Meeting, original_start: DateTime) -> Stored<()> {
    if let Some(one) = meeting.occurrence(original_start) {
        occurrence::Entity::update_many()
            .col_expr(occurrence::Column::State, one.state.as_str().into())
            .filter(occurrence::Column::OrganizationId.eq(meeting.organization.0))
            .filter(occurrence::Column::MeetingId.eq(meeting.id.0))
            .filter(occurrence::Column::OriginalStart.eq(original_start.to_string()))
            .exec(tx.on())
            .await?;
    }
    row::Entity::update_many()
        .col_expr(row::Column::State, meeting.state.as_str().into())
        .filter(row::Column::OrganizationId.eq(meeting.organization.0))
        .filter(row::Column::Id.eq(meeting.id.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Writes the agenda of a meeting's people anew. Who came later has nothing in it of what
/// was over by then.
pub(super) async fn write_agenda(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let text = "DELETE FROM agenda WHERE organization_id = $1 AND meeting_id = $2";
    run(tx, meeting, text).await?;
    insert_agenda(tx, meeting).await
}

/// Writes the agenda of a meeting's people where there is nothing of it yet.
pub(super) async fn insert_agenda(tx: &Tx, meeting: &Meeting) -> Stored<()> {
    let text = "INSERT INTO agenda (organization_id, member_id, starts_at, meeting_id, original_start, ends_at) \
         SELECT a.organization_id, a.member_id, o.starts_at, o.meeting_id, o.original_start, o.ends_at \
         FROM attendees a JOIN occurrences o \
         ON o.organization_id = a.organization_id AND o.meeting_id = a.meeting_id \
         WHERE a.organization_id = $1 AND a.meeting_id = $2 AND o.ends_at > a.since";
    run(tx, meeting, text).await
}

async fn run(tx: &Tx, meeting: &Meeting, text: &str) -> Stored<()> {
    let on = tx.on();
    let values: [Value; 2] = [meeting.organization.0.into(), meeting.id.0.into()];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    on.execute_raw(statement).await?;
    Ok(())
}

pub(super) mod occurrence {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "occurrences")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub original_start: String,
        pub track_id: Uuid,
        pub local_start: String,
        pub duration_minutes: i32,
        pub starts_at: i64,
        pub ends_at: i64,
        pub state: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod agenda {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "agenda")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub starts_at: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub original_start: String,
        pub ends_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
