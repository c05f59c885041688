//! A change of host that is under way: the account that is to host, with its tokens, until
//! it does or somebody says no.

use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::reconnect::Phase;
use mentoring::role::Sight;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
};

use super::integrations::{Check, Host};
use super::{Store, StoreError, Stored, Tx, instant, millis, word};
use crate::vault::Place;

/// Where a token is sealed until its account hosts.
pub fn token_place(organization: OrganizationId, column: &'static str) -> Place {
    Place {
        table: "reconnections",
        column,
        organization: organization.0,
        row: organization.0,
    }
}

/// The account that is to host. Both tokens are ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Reconnection {
    /// Whose.
    pub organization: OrganizationId,
    /// How far it has come.
    pub phase: Phase,
    /// The account and its tenant.
    pub host: Host,
    /// The scopes that Microsoft granted.
    pub scopes: Vec<String>,
    /// The sealed refresh token.
    pub refresh_token: Vec<u8>,
    /// The sealed access token with its end.
    pub access_token: (Vec<u8>, Timestamp),
    /// Who signed in with it.
    pub by: (MemberId, String),
    /// When this phase's clock began: at the sign-in, then at the decision.
    pub started_at: Timestamp,
    /// What the live test found.
    pub checks: Vec<Check>,
}

impl std::fmt::Debug for Reconnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconnection")
            .field("organization", &self.organization)
            .field("phase", &self.phase)
            .field("tokens", &"[redacted]")
            .finish_non_exhaustive()
    }
}

async fn find_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
) -> Stored<Option<Reconnection>> {
    let row = row::Entity::find_by_id((organization.0, organization.0))
        .one(on)
        .await?;
    row.map(|row| {
        Ok(Reconnection {
            organization,
            phase: word(Phase::parse(&row.phase), "reconnections.phase", &row.phase)?,
            host: Host {
                tenant_id: row.tenant_id,
                tenant_name: row.tenant_name,
                object_id: row.host_object_id,
                name: row.host_name,
                user_principal_name: row.host_user_principal_name,
            },
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            refresh_token: row.refresh_token,
            access_token: (row.access_token, instant(row.expires_at)),
            by: (MemberId(row.member_id), row.member_name),
            started_at: instant(row.started_at),
            checks: serde_json::from_str(&row.checks)
                .map_err(|_| StoreError::Unreadable("reconnections.checks".to_owned()))?,
        })
    })
    .transpose()
}

/// The change of host that is under way in the actor's organization.
pub async fn find(store: &Store, sight: &Sight) -> Stored<Option<Reconnection>> {
    find_on(store.read(), sight.organization).await
}

/// The same inside a change.
pub async fn find_in(tx: &Tx, organization: OrganizationId) -> Stored<Option<Reconnection>> {
    find_on(tx.on(), organization).await
}

/// The same where no person asks.
pub async fn find_for_work(
    store: &Store,
    organization: OrganizationId,
) -> Stored<Option<Reconnection>> {
    find_on(store.read(), organization).await
}

/// Keeps it, in place of an earlier one.
pub async fn put(tx: &Tx, reconnection: &Reconnection) -> Stored<()> {
    delete(tx, reconnection.organization).await?;
    let checks = serde_json::to_string(&reconnection.checks)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let host = reconnection.host.clone();
    let (access_token, expires_at) = reconnection.access_token.clone();
    row::ActiveModel {
        organization_id: Set(reconnection.organization.0),
        id: Set(reconnection.organization.0),
        phase: Set(reconnection.phase.as_str().to_owned()),
        tenant_id: Set(host.tenant_id),
        tenant_name: Set(host.tenant_name),
        host_object_id: Set(host.object_id),
        host_name: Set(host.name),
        host_user_principal_name: Set(host.user_principal_name),
        scopes: Set(reconnection.scopes.join(" ")),
        refresh_token: Set(reconnection.refresh_token.clone()),
        access_token: Set(access_token),
        expires_at: Set(millis(expires_at)),
        member_id: Set(reconnection.by.0.0),
        member_name: Set(reconnection.by.1.clone()),
        started_at: Set(millis(reconnection.started_at)),
        checks: Set(checks),
    }
    .insert(tx.on())
    .await?;
    Ok(())
}

/// Forgets it, and with it the tokens.
pub async fn delete(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets those that nobody decided on since.
pub async fn delete_before(tx: &Tx, before: Timestamp) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::Phase.ne(Phase::Moving.as_str()))
        .filter(row::Column::StartedAt.lt(millis(before)))
        .exec(tx.on())
        .await?;
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reconnections")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub phase: String,
        pub tenant_id: Uuid,
        pub tenant_name: String,
        pub host_object_id: Uuid,
        pub host_name: String,
        pub host_user_principal_name: String,
        pub scopes: String,
        pub refresh_token: Vec<u8>,
        pub access_token: Vec<u8>,
        pub expires_at: i64,
        pub member_id: Uuid,
        pub member_name: String,
        pub started_at: i64,
        pub checks: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
