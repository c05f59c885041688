//! Consent flows under way: an administrator left for Microsoft and has not come back.

use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::{Store, Stored, Tx, instant, millis};

/// A consent flow. What is secret of it is sealed or hashed before it reaches this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id, in the address of the page that waits for it.
    pub id: Uuid,
    /// For which organization.
    pub organization: OrganizationId,
    /// Who started it.
    pub member: MemberId,
    /// SHA-256 of the session that it was started in.
    pub session_key: Vec<u8>,
    /// SHA-256 of `state`.
    pub state_key: Vec<u8>,
    /// SHA-256 of the browser's consent cookie.
    pub browser_key: Vec<u8>,
    /// The sealed nonce and PKCE verifier.
    pub sealed: Vec<u8>,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether the callback was already taken.
    pub taken: bool,
    /// How it ended, as a sentence; empty when it ended well.
    pub outcome: Option<String>,
}

impl From<row::Model> for Consent {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id,
            organization: OrganizationId(row.organization_id),
            member: MemberId(row.member_id),
            session_key: row.session_key,
            state_key: row.state_key,
            browser_key: row.browser_key,
            sealed: row.sealed,
            started_at: instant(row.started_at),
            taken: row.taken,
            outcome: row.outcome,
        }
    }
}

/// Adds a flow; earlier unfinished ones of the same member are void from now on.
pub async fn insert(tx: &Tx, consent: &Consent) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(consent.organization.0))
        .filter(row::Column::MemberId.eq(consent.member.0))
        .exec(tx.on())
        .await?;
    row::ActiveModel {
        organization_id: Set(consent.organization.0),
        id: Set(consent.id),
        member_id: Set(consent.member.0),
        session_key: Set(consent.session_key.clone()),
        state_key: Set(consent.state_key.clone()),
        browser_key: Set(consent.browser_key.clone()),
        sealed: Set(consent.sealed.clone()),
        started_at: Set(millis(consent.started_at)),
        taken: Set(false),
        outcome: Set(None),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// The flow that a callback's `state` belongs to. The callback's address names no
/// organization; the state alone leads to it.
pub async fn find_by_state(store: &Store, state_key: &[u8]) -> Stored<Option<Consent>> {
    let row = row::Entity::find()
        .filter(row::Column::StateKey.eq(state_key.to_vec()))
        .one(store.read())
        .await?;
    Ok(row.map(Into::into))
}

/// Takes the flow's callback. Of two at once, one gets `true`.
pub async fn take(tx: &Tx, organization: OrganizationId, id: Uuid) -> Stored<bool> {
    let done = row::Entity::update_many()
        .set(row::ActiveModel {
            taken: Set(true),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::Taken.eq(false))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Records how the flow ended and destroys its secrets.
pub async fn finish(tx: &Tx, organization: OrganizationId, id: Uuid, outcome: &str) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            taken: Set(true),
            sealed: Set(Vec::new()),
            outcome: Set(Some(outcome.to_owned())),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// The newest flow of the actor, for the page that waits.
pub async fn newest(store: &Store, sight: &Sight) -> Stored<Option<Consent>> {
    let row = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(sight.member.0))
        .order_by_desc(row::Column::StartedAt)
        .one(store.read())
        .await?;
    Ok(row.map(Into::into))
}

/// The id of a member's newest flow, inside the change that would finish one.
pub async fn newest_in(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<Option<Uuid>> {
    let row = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .order_by_desc(row::Column::StartedAt)
        .one(tx.on())
        .await?;
    Ok(row.map(|row| row.id))
}

/// Forgets flows older than `before`.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::StartedAt.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

/// Forgets all flows of an organization.
pub async fn delete_all(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "consents")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub member_id: Uuid,
        pub session_key: Vec<u8>,
        pub state_key: Vec<u8>,
        pub browser_key: Vec<u8>,
        pub sealed: Vec<u8>,
        pub started_at: i64,
        pub taken: bool,
        pub outcome: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
