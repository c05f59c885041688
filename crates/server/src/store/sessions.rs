//! Signed-in browsers. The cookie's value is never stored, only its SHA-256.

use jiff::Timestamp;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, Statement, Value,
};
use uuid::Uuid;

use super::organizations::Organization;
use super::{Store, StoreError, Stored, Tx, instant, millis, word};

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// SHA-256 of the cookie's value.
    pub key: Vec<u8>,
    /// Whose organization.
    pub organization: OrganizationId,
    /// Who signed in.
    pub member: MemberId,
    /// When it was last seen; written at most once in a while.
    pub seen_at: Timestamp,
    /// When it ends unless it is seen again before.
    pub expires_at: Timestamp,
}

/// Adds a session.
pub async fn insert(tx: &Tx, session: &Session) -> Stored<()> {
    row::ActiveModel {
        id: Set(session.key.clone()),
        organization_id: Set(session.organization.0),
        member_id: Set(session.member.0),
        created_at: Set(millis(tx.now)),
        seen_at: Set(millis(session.seen_at)),
        expires_at: Set(millis(session.expires_at)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// A session with whose it is: what every page begins with, read in one go.
#[derive(Clone, Debug)]
pub struct Known {
    /// The session.
    pub session: Session,
    /// Who signed in.
    pub member: Member,
    /// Their organization.
    pub organization: Organization,
    /// How they want pages to look.
    pub theme: String,
    /// Whether the directory has a photo of them.
    pub has_photo: bool,
}

/// The session with this key and whose it is, if it has not ended.
pub async fn find_known(store: &Store, key: &[u8]) -> Stored<Option<Known>> {
    let on = store.read();
    let values: [Value; 2] = [key.to_vec().into(), millis(store.clock().now()).into()];
    let text = "SELECT s.seen_at, s.expires_at, m.id AS member_id, m.first_name, m.last_name, \
         m.email, m.time_zone, m.language, m.theme, m.state, m.global_administrator, \
         o.id AS organization_id, o.slug, o.name, o.time_zone AS zone, o.language AS tongue, \
         o.changes, CASE WHEN d.photo IS NULL THEN 0 ELSE 1 END AS has_photo \
         FROM sessions s \
         JOIN members m ON m.organization_id = s.organization_id AND m.id = s.member_id \
         JOIN organizations o ON o.id = s.organization_id \
         LEFT JOIN directory_accounts d \
         ON d.organization_id = s.organization_id AND d.id = s.member_id \
         WHERE s.id = $1 AND s.expires_at > $2";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    let row = KnownRow::find_by_statement(statement).one(on).await?;
    row.map(|row| row.read(key)).transpose()
}

#[derive(FromQueryResult)]
struct KnownRow {
    seen_at: i64,
    expires_at: i64,
    member_id: Uuid,
    first_name: String,
    last_name: String,
    email: String,
    time_zone: String,
    language: String,
    theme: String,
    state: String,
    global_administrator: bool,
    organization_id: Uuid,
    slug: String,
    name: String,
    zone: String,
    tongue: String,
    changes: i64,
    has_photo: i32,
}

impl KnownRow {
    fn read(self, key: &[u8]) -> Stored<Known> {
        let (organization, member) = (
            OrganizationId(self.organization_id),
            MemberId(self.member_id),
        );
        let email = EmailAddress::parse(&self.email)
            .map_err(|_| StoreError::Unreadable(format!("members.email = {:?}", self.email)))?;
        Ok(Known {
            session: Session {
                key: key.to_vec(),
                organization,
                member,
                seen_at: instant(self.seen_at),
                expires_at: instant(self.expires_at),
            },
            member: Member {
                id: member,
                organization,
                first_name: self.first_name,
                last_name: self.last_name,
                email,
                time_zone: self.time_zone,
                language: self.language,
                state: word(
                    MemberState::parse(&self.state),
                    "members.state",
                    &self.state,
                )?,
                global_administrator: self.global_administrator,
            },
            organization: Organization {
                id: organization,
                slug: self.slug,
                name: self.name,
                time_zone: self.zone,
                language: self.tongue,
                changes: self.changes,
            },
            theme: self.theme,
            has_photo: self.has_photo != 0,
        })
    }
}

/// In how many browsers the actor is signed in.
pub async fn count_mine(store: &Store, sight: &Sight) -> Stored<u64> {
    let count = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(sight.member.0))
        .filter(row::Column::ExpiresAt.gt(millis(store.clock().now())))
        .count(store.read())
        .await?;
    Ok(count)
}

/// When a member was last seen, for those who see everybody.
pub async fn last_seen(
    store: &Store,
    sight: &Sight,
    member: MemberId,
) -> Stored<Option<Timestamp>> {
    if !sight.everything {
        return Ok(None);
    }
    let newest = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .order_by_desc(row::Column::SeenAt)
        .one(store.read())
        .await?;
    Ok(newest.map(|row| instant(row.seen_at)))
}

/// Remembers that the session is in use, and lets it live until `expires_at`.
pub async fn touch(tx: &Tx, key: &[u8], expires_at: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::SeenAt, millis(tx.now).into())
        .col_expr(row::Column::ExpiresAt, millis(expires_at).into())
        .filter(row::Column::Id.eq(key.to_vec()))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn delete(tx: &Tx, key: &[u8]) -> Stored<()> {
    row::Entity::delete_by_id(key.to_vec())
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Ends every session of a member.
pub async fn delete_of_member(
    tx: &Tx,
    organization: OrganizationId,
    member: MemberId,
) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::MemberId.eq(member.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets sessions that have ended.
pub async fn delete_expired(tx: &Tx) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::ExpiresAt.lte(millis(tx.now)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub organization_id: Uuid,
        pub member_id: Uuid,
        pub created_at: i64,
        pub seen_at: i64,
        pub expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
