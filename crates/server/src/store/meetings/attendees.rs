//! Who attends a meeting: a row a person, which outlives the changes of the meeting.

use std::collections::BTreeMap;

use mentoring::meeting::{Attendee, Meeting};
use mentoring::organization::{MemberId, OrganizationId};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::store::{Stored, Tx, millis};

/// The people of these meetings, the organizer first.
pub(super) async fn of(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Stored<BTreeMap<Uuid, Vec<Attendee>>> {
    let rows = attendee::Entity::find()
        .filter(attendee::Column::OrganizationId.eq(organization.0))
        .filter(attendee::Column::MeetingId.is_in(ids.iter().copied()))
        .all(on)
        .await?;
    let mut found: BTreeMap<Uuid, Vec<Attendee>> = BTreeMap::new();
    for row in rows {
        found.entry(row.meeting_id).or_default().push(Attendee {
            member: MemberId(row.member_id),
            organizer: row.organizer,
        });
    }
    for attendees in found.values_mut() {
        attendees.sort_by_key(|attendee| (!attendee.organizer, attendee.member));
    }
    Ok(found)
}

/// Adds people to a meeting; what of it is over before `since` is none of theirs.
pub(super) async fn insert(
    tx: &Tx,
    meeting: &Meeting,
    new: impl Iterator<Item = Attendee>,
    since: i64,
) -> Stored<()> {
    let rows: Vec<attendee::ActiveModel> = new
        .map(|attendee| attendee::ActiveModel {
            organization_id: Set(meeting.organization.0),
            member_id: Set(attendee.member.0),
            meeting_id: Set(meeting.id.0),
            organizer: Set(attendee.organizer),
            starts_at: Set(millis(meeting.schedule.starts_at)),
            since: Set(since),
        })
        .collect();
    if !rows.is_empty() {
        attendee::Entity::insert_many(rows)
            .exec_without_returning(tx.on())
            .await?;
    }
    Ok(())
}

/// Makes the rows of the people what they should be, and leaves those alone who stay: a
/// row also holds what its person answered. Says whether any was different.
pub(super) async fn keep(tx: &Tx, meeting: &Meeting) -> Stored<bool> {
    let ids = [meeting.id.0];
    let stored = of(tx.on(), meeting.organization, &ids)
        .await?
        .remove(&meeting.id.0)
        .unwrap_or_default();
    let gone: Vec<Uuid> = stored
        .iter()
        .filter(|attendee| !meeting.is_attended_by(attendee.member))
        .map(|attendee| attendee.member.0)
        .collect();
    let is_new = |attendee: &Attendee| {
        let mut stored = stored.iter();
        stored.all(|known| known.member != attendee.member)
    };
    let new: Vec<Attendee> = meeting.attendees.iter().copied().filter(is_new).collect();
    if !gone.is_empty() {
        attendee::Entity::delete_many()
            .filter(attendee::Column::OrganizationId.eq(meeting.organization.0))
            .filter(attendee::Column::MeetingId.eq(meeting.id.0))
            .filter(attendee::Column::MemberId.is_in(gone.iter().copied()))
            .exec(tx.on())
            .await?;
    }
    let is_different = !gone.is_empty() || !new.is_empty();
    insert(tx, meeting, new.into_iter(), millis(tx.now)).await?;
    Ok(is_different)
}

/// The ids of the meetings that somebody is of.
pub(super) fn attended_by(organization: OrganizationId, member: MemberId) -> SelectStatement {
    Query::select()
        .column(attendee::Column::MeetingId)
        .from(attendee::Entity)
        .and_where(attendee::Column::OrganizationId.eq(organization.0))
        .and_where(attendee::Column::MemberId.eq(member.0))
        .take()
}

mod attendee {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "attendees")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub meeting_id: Uuid,
        pub organizer: bool,
        /// The first start: nodes of the version before list by it.
        pub starts_at: i64,
        /// What was over at this instant is none of theirs: they came later.
        pub since: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
