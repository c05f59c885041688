//! The host's tokens, sealed by the vault before they are stored.
//!
//! A refresh token is
//! replaced only by one that was made from it (compare and swap on the version), so the
//! newest is never lost to an older one (N6).

use jiff::Timestamp;
use mentoring::organization::OrganizationId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use super::{Store, Stored, Tx, instant, millis};
use crate::vault::Place;

/// Where a token is sealed.
pub fn token_place(organization: OrganizationId, column: &'static str) -> Place {
    Place {
        table: "credentials",
        column,
        organization: organization.0,
        row: organization.0,
    }
}

/// The tokens of one organization's host. Both are ciphertext.
#[derive(Clone)]
pub struct Credentials {
    /// Whose.
    pub organization: OrganizationId,
    /// The tenant that the tokens are of.
    pub tenant_id: Uuid,
    /// The host account that they are of.
    pub host_object_id: Uuid,
    /// The sealed refresh token.
    pub refresh_token: Vec<u8>,
    /// The sealed access token with its end, if one is at hand.
    pub access_token: Option<(Vec<u8>, Timestamp)>,
    /// Rises with each replacement.
    pub version: i64,
    /// When the refresh token was last replaced.
    pub refreshed_at: Timestamp,
    /// Failed tries since the last success.
    pub attempts: i64,
    /// What Microsoft wants of the next access token, where it said so: JSON.
    pub challenge: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("organization", &self.organization)
            .field("version", &self.version)
            .field("tokens", &"[redacted]")
            .finish_non_exhaustive()
    }
}

/// The credentials of an organization, for the work done in its name.
pub async fn find(store: &Store, organization: OrganizationId) -> Stored<Option<Credentials>> {
    find_on(store.read(), organization).await
}

/// The same inside a change.
pub async fn find_in(tx: &Tx, organization: OrganizationId) -> Stored<Option<Credentials>> {
    find_on(tx.on(), organization).await
}

async fn find_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
) -> Stored<Option<Credentials>> {
    let row = row::Entity::find_by_id((organization.0, organization.0))
        .one(on)
        .await?;
    Ok(row.map(|row| Credentials {
        organization,
        tenant_id: row.tenant_id,
        host_object_id: row.host_object_id,
        refresh_token: row.refresh_token,
        access_token: row.access_token.zip(row.expires_at.map(instant)),
        version: row.version,
        refreshed_at: instant(row.refreshed_at),
        attempts: row.attempts,
        challenge: row.challenge,
    }))
}

/// Keeps the tokens of a new connection in place of whatever was there.
pub async fn put(tx: &Tx, credentials: &Credentials, due_at: Timestamp) -> Stored<()> {
    erase(tx, credentials.organization).await?;
    let (access_token, expires_at) = credentials.access_token.clone().unzip();
    row::ActiveModel {
        organization_id: Set(credentials.organization.0),
        id: Set(credentials.organization.0),
        tenant_id: Set(credentials.tenant_id),
        host_object_id: Set(credentials.host_object_id),
        refresh_token: Set(credentials.refresh_token.clone()),
        access_token: Set(access_token),
        expires_at: Set(expires_at.map(millis)),
        version: Set(credentials.version),
        refreshed_at: Set(millis(credentials.refreshed_at)),
        attempts: Set(0),
        challenge: Set(None),
        due_at: Set(Some(millis(due_at))),
        lease_owner: Set(None),
        lease_until: Set(None),
        // A lease on the row that was replaced must not fit the new one.
        fencing: Set(millis(tx.now)),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Replaces the tokens with what a refresh of version `from` brought. Answers whether
/// that version was still the stored one.
pub async fn replace(tx: &Tx, credentials: &Credentials, from: i64) -> Stored<bool> {
    let (access_token, expires_at) = credentials.access_token.clone().unzip();
    let done = row::Entity::update_many()
        .set(row::ActiveModel {
            refresh_token: Set(credentials.refresh_token.clone()),
            access_token: Set(access_token),
            expires_at: Set(expires_at.map(millis)),
            version: Set(from + 1),
            refreshed_at: Set(millis(credentials.refreshed_at)),
            attempts: Set(0),
            challenge: Set(None),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(credentials.organization.0))
        .filter(row::Column::Version.eq(from))
        .filter(row::Column::TenantId.eq(credentials.tenant_id))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Forgets an access token that Microsoft no longer takes and asks for a new one now.
pub async fn distrust(tx: &Tx, organization: OrganizationId, version: i64) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            access_token: Set(None),
            expires_at: Set(None),
            due_at: Set(Some(millis(tx.now))),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Version.eq(version))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Keeps what Microsoft wants of the next access token.
pub async fn challenge(tx: &Tx, organization: OrganizationId, challenge: &str) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            challenge: Set(Some(challenge.to_owned())),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Counts a failed try.
pub async fn count_failure(tx: &Tx, organization: OrganizationId, attempts: i64) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            attempts: Set(attempts),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Asks for a refresh now.
pub async fn wake(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    due_at(tx, organization, tx.now).await
}

/// Asks for the next refresh at this instant.
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

/// Asks for the next refresh at this instant, unless it is sooner anyway.
pub async fn due_by(tx: &Tx, organization: OrganizationId, at: Timestamp) -> Stored<()> {
    row::Entity::update_many()
        .set(row::ActiveModel {
            due_at: Set(Some(millis(at))),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::DueAt.gt(millis(at)))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Destroys the tokens of an organization (K-10).
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
    #[sea_orm(table_name = "credentials")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub tenant_id: Uuid,
        pub host_object_id: Uuid,
        pub refresh_token: Vec<u8>,
        pub access_token: Option<Vec<u8>>,
        pub expires_at: Option<i64>,
        pub version: i64,
        pub refreshed_at: i64,
        pub attempts: i64,
        pub challenge: Option<String>,
        pub due_at: Option<i64>,
        pub lease_owner: Option<String>,
        pub lease_until: Option<i64>,
        pub fencing: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
