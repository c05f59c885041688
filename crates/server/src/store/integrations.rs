//! The organization's connection to Microsoft Teams: what state it is in and who hosts.

use jiff::Timestamp;
use mentoring::integration::IntegrationState;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::role::Sight;
use mentoring::track::Mode;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, Statement,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, millis, word};

/// Which tenant is connected, and which account hosts every meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The tenant's id.
    pub tenant_id: Uuid,
    /// The tenant's name as Microsoft shows it.
    pub tenant_name: String,
    /// The host account's object id.
    pub object_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its user principal name, for showing alone.
    pub user_principal_name: String,
}

/// One line of the live test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was tried, in plain words.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What it means and what to do, if it did not.
    pub reason: String,
}

/// Why the integration needs attention, as Microsoft's answer reads in the one table of
/// failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The failure's name in that table.
    pub kind: String,
    /// What happened.
    pub sentence: String,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// The codes and ids by which Microsoft's support finds it.
    pub quote: String,
    /// When Microsoft first refused.
    pub since: Timestamp,
}

/// What the administrator chose for the meetings that still have a link when the
/// integration is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The links go on working in Teams, Ithaca can no longer change them.
    Keep,
    /// The Teams meetings are deleted and become this mode.
    Delete(Mode),
}

impl Removal {
    fn to_text(self) -> String {
        match self {
            Self::Keep => "keep".to_owned(),
            Self::Delete(mode) => format!("delete:{}", mode.as_str()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "keep" => Some(Self::Keep),
            Some(("delete", mode)) => Mode::parse(mode).map(Self::Delete),
            _ => None,
        }
    }
}

/// The organization's connection to Microsoft Teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Whose.
    pub organization: OrganizationId,
    /// How it stands.
    pub state: IntegrationState,
    /// Rises with each connection, so that nothing of an earlier one is mistaken for it.
    pub generation: i64,
    /// The connected tenant and host, unless there is none.
    pub host: Option<Host>,
    /// The scopes that Microsoft granted.
    pub scopes: Vec<String>,
    /// Who connected it; the name stays even when the member is gone (S16).
    pub connected_by: Option<(MemberId, String)>,
    /// When it was connected.
    pub connected_at: Option<Timestamp>,
    /// When the live test last ran.
    pub checked_at: Option<Timestamp>,
    /// What it found.
    pub checks: Vec<Check>,
    /// Why it needs attention, where Microsoft's answer says more than the cause.
    pub diagnosis: Option<Diagnosis>,
    /// What was chosen on removal.
    pub removal: Option<Removal>,
}

impl Integration {
    /// An organization that never connected anything.
    pub fn none(organization: OrganizationId) -> Self {
        Self {
            organization,
            state: IntegrationState::NotIntegrated,
            generation: 0,
            host: None,
            scopes: Vec::new(),
            connected_by: None,
            connected_at: None,
            checked_at: None,
            checks: Vec::new(),
            diagnosis: None,
            removal: None,
        }
    }
}

/// How many organizations there are by how their connection stands: its state, or what it
/// needs attention for.
pub async fn count_by_state(store: &Store) -> Stored<Vec<(String, i64)>> {
    #[derive(FromQueryResult)]
    struct Many {
        word: String,
        many: i64,
    }
    let on = store.read();
    let text = "SELECT COALESCE(cause, state) AS word, COUNT(*) AS many FROM integrations \
                GROUP BY COALESCE(cause, state) ORDER BY word";
    let rows = Many::find_by_statement(Statement::from_string(on.get_database_backend(), text))
        .all(on)
        .await?;
    Ok(rows.into_iter().map(|row| (row.word, row.many)).collect())
}

fn integration(row: row::Model) -> Stored<Integration> {
    let host = match (row.tenant_id, row.host_object_id) {
        (Some(tenant_id), Some(object_id)) => Some(Host {
            tenant_id,
            tenant_name: row.tenant_name,
            object_id,
            name: row.host_name,
            user_principal_name: row.host_user_principal_name,
        }),
        _ => None,
    };
    let removal = row
        .removal
        .as_deref()
        .map(|text| word(Removal::parse(text), "integrations.removal", text))
        .transpose()?;
    Ok(Integration {
        organization: OrganizationId(row.organization_id),
        state: word(
            IntegrationState::from_columns(&row.state, row.cause.as_deref()),
            "integrations.state",
            &row.state,
        )?,
        generation: row.generation,
        host,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        connected_by: row
            .connected_by
            .map(|id| (MemberId(id), row.connected_by_name)),
        connected_at: row.connected_at.map(instant),
        checked_at: row.checked_at.map(instant),
        checks: serde_json::from_str(&row.checks)
            .map_err(|_| StoreError::Unreadable("integrations.checks".to_owned()))?,
        diagnosis: row
            .diagnosis
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| StoreError::Unreadable("integrations.diagnosis".to_owned()))?,
        removal,
    })
}

async fn find_on(on: &impl ConnectionTrait, organization: OrganizationId) -> Stored<Integration> {
    match row::Entity::find_by_id((organization.0, organization.0))
        .one(on)
        .await?
    {
        Some(row) => integration(row),
        None => Ok(Integration::none(organization)),
    }
}

/// The integration of the actor's organization. What of it is shown to whom is the
/// page's decision by the table of permissions.
pub async fn find(store: &Store, sight: &Sight) -> Stored<Integration> {
    find_on(store.read(), sight.organization).await
}

/// The integration inside a change.
pub async fn find_in(tx: &Tx, organization: OrganizationId) -> Stored<Integration> {
    find_on(tx.on(), organization).await
}

/// The integration where no person asks.
pub async fn find_for_work(store: &Store, organization: OrganizationId) -> Stored<Integration> {
    find_on(store.read(), organization).await
}

/// Writes the integration; `due_at` says when a reconciler must next look at it. A lease
/// that runs keeps running.
pub async fn save(tx: &Tx, integration: &Integration, due_at: Option<Timestamp>) -> Stored<()> {
    let (state, cause) = integration.state.to_columns();
    let host = integration.host.as_ref();
    let checks = serde_json::to_string(&integration.checks)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let diagnosis = integration
        .diagnosis
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let mut row = row::ActiveModel {
        organization_id: Set(integration.organization.0),
        id: Set(integration.organization.0),
        state: Set(state.to_owned()),
        cause: Set(cause.map(str::to_owned)),
        generation: Set(integration.generation),
        tenant_id: Set(host.map(|host| host.tenant_id)),
        tenant_name: Set(host
            .map(|host| host.tenant_name.clone())
            .unwrap_or_default()),
        host_object_id: Set(host.map(|host| host.object_id)),
        host_name: Set(host.map(|host| host.name.clone()).unwrap_or_default()),
        host_user_principal_name: Set(host
            .map(|host| host.user_principal_name.clone())
            .unwrap_or_default()),
        scopes: Set(integration.scopes.join(" ")),
        connected_by: Set(integration.connected_by.as_ref().map(|(id, _)| id.0)),
        connected_by_name: Set(integration
            .connected_by
            .as_ref()
            .map(|(_, name)| name.clone())
            .unwrap_or_default()),
        connected_at: Set(integration.connected_at.map(millis)),
        checked_at: Set(integration.checked_at.map(millis)),
        checks: Set(checks),
        diagnosis: Set(diagnosis),
        removal: Set(integration.removal.map(Removal::to_text)),
        due_at: Set(due_at.map(millis)),
        ..Default::default()
    };
    let exists = row::Entity::find_by_id((integration.organization.0, integration.organization.0))
        .one(tx.on())
        .await?
        .is_some();
    if exists {
        row.update(tx.on()).await?;
    } else {
        row.fencing = Set(0);
        row.attempts = Set(0);
        row.lease_owner = Set(None);
        row.lease_until = Set(None);
        row.insert(tx.on()).await?;
    }
    Ok(())
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "integrations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub state: String,
        pub cause: Option<String>,
        pub generation: i64,
        pub tenant_id: Option<Uuid>,
        pub tenant_name: String,
        pub host_object_id: Option<Uuid>,
        pub host_name: String,
        pub host_user_principal_name: String,
        pub scopes: String,
        pub connected_by: Option<Uuid>,
        pub connected_by_name: String,
        pub connected_at: Option<i64>,
        pub checked_at: Option<i64>,
        pub checks: String,
        pub diagnosis: Option<String>,
        pub removal: Option<String>,
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
