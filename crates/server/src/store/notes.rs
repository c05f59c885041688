//! Notes of meetings, sealed: a row for the shared ones of a meeting, and one for each of
//! its people who keeps some for themselves.

use jiff::Timestamp;
use mentoring::note::Audience;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis};

/// Notes as they are kept.
#[derive(Clone, Debug)]
pub struct Note {
    /// What they are sealed for.
    pub id: Uuid,
    /// The text, sealed.
    pub sealed: Vec<u8>,
    /// Rises with every change.
    pub revision: i64,
    /// Who changed them last.
    pub changed_by: MemberId,
    /// When.
    pub changed_at: Timestamp,
}

/// Whose row it is: of shared notes nobody's.
fn owner(audience: Audience, member: MemberId) -> Uuid {
    match audience {
        Audience::Shared => Uuid::nil(),
        Audience::Private => member.0,
    }
}

async fn on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    meeting: MeetingId,
    owner: Uuid,
) -> Stored<Option<Note>> {
    let row = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MeetingId.eq(meeting.0))
        .filter(row::Column::MemberId.eq(owner))
        .one(on)
        .await?;
    Ok(row.map(|row| Note {
        id: row.id,
        sealed: row.text,
        revision: row.revision,
        changed_by: MemberId(row.changed_by),
        changed_at: instant(row.changed_at),
    }))
}

/// The shared notes of a meeting, or the actor's own. Whoever asks attends it.
pub async fn find(
    store: &Store,
    sight: &Sight,
    meeting: MeetingId,
    audience: Audience,
) -> Stored<Option<Note>> {
    let owner = owner(audience, sight.member);
    on(store.read(), sight.organization, meeting, owner).await
}

/// The same inside a change.
pub async fn find_in(
    tx: &Tx,
    sight: &Sight,
    meeting: MeetingId,
    audience: Audience,
) -> Stored<Option<Note>> {
    let owner = owner(audience, sight.member);
    on(tx.on(), sight.organization, meeting, owner).await
}

/// Writes the next revision, if the stored one is still the one before it.
pub async fn save(
    tx: &Tx,
    sight: &Sight,
    meeting: MeetingId,
    audience: Audience,
    note: &Note,
) -> Stored<()> {
    let row = row::ActiveModel {
        organization_id: Set(sight.organization.0),
        id: Set(note.id),
        meeting_id: Set(meeting.0),
        member_id: Set(owner(audience, sight.member)),
        text: Set(note.sealed.clone()),
        revision: Set(note.revision),
        changed_by: Set(note.changed_by.0),
        changed_at: Set(millis(note.changed_at)),
    };
    if note.revision == 1 {
        row::Entity::insert(row)
            .exec_without_returning(tx.on())
            .await?;
        return Ok(());
    }
    let done = row::Entity::update_many()
        .set(row)
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Id.eq(note.id))
        .filter(row::Column::Revision.eq(note.revision - 1))
        .exec(tx.on())
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub meeting_id: Uuid,
        pub member_id: Uuid,
        pub text: Vec<u8>,
        pub revision: i64,
        pub changed_by: Uuid,
        pub changed_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
