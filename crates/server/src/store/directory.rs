//! Which directory account belongs to which member, as far as Microsoft was asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mentoring::eligibility::DirectoryFinding;
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::role::Sight;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, instant, members, millis, tracks};

/// What is kept of a directory account: the article's four things and the object id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryAccount {
    /// Stays the same when address or name change.
    pub object_id: Uuid,
    /// For writing to Microsoft alone, never an identity.
    pub user_principal_name: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail, if the directory has one.
    pub email: Option<String>,
    /// Photo (JPEG).
    pub photo: Option<Vec<u8>>,
}

/// What is known of a member's place in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The member.
    pub member: MemberId,
    /// What was found.
    pub finding: DirectoryFinding,
    /// The account, where one was found.
    pub account: Option<DirectoryAccount>,
    /// When Microsoft was last asked.
    pub looked_up_at: Option<Timestamp>,
    /// The account's name that an administrator gave, where the member's own address leads
    /// nowhere.
    pub mapped_address: Option<String>,
    /// The address by which the account was found.
    pub matched_address: Option<String>,
}

impl Lookup {
    /// The account as which a member takes part in Teams: a guest's is none.
    pub fn member_object_id(&self) -> Option<Uuid> {
        match self.finding {
            DirectoryFinding::Found {
                object_id,
                guest: false,
            } => Some(object_id),
            _ => None,
        }
    }

    /// A member that nobody has looked up.
    pub fn none(member: MemberId) -> Self {
        Self {
            member,
            finding: DirectoryFinding::NotLookedUp,
            account: None,
            looked_up_at: None,
            mapped_address: None,
            matched_address: None,
        }
    }

    /// Whether the account is a guest's.
    pub fn is_guest(&self) -> bool {
        matches!(self.finding, DirectoryFinding::Found { guest: true, .. })
    }

    /// The account, a guest's too: whom Teams knows at the door.
    pub fn object_id(&self) -> Option<Uuid> {
        match self.finding {
            DirectoryFinding::Found { object_id, .. } => Some(object_id),
            _ => None,
        }
    }
}

fn lookup(row: row::Model) -> Stored<Lookup> {
    let account = row.object_id.map(|object_id| DirectoryAccount {
        object_id,
        user_principal_name: row.user_principal_name,
        first_name: row.first_name,
        last_name: row.last_name,
        email: row.email,
        photo: row.photo,
    });
    let finding = match (row.finding.as_str(), &account) {
        ("not_looked_up", _) => DirectoryFinding::NotLookedUp,
        ("found", Some(account)) => DirectoryFinding::Found {
            object_id: account.object_id,
            guest: false,
        },
        ("guest", Some(account)) => DirectoryFinding::Found {
            object_id: account.object_id,
            guest: true,
        },
        ("missing", _) => DirectoryFinding::Missing,
        ("ambiguous", _) => DirectoryFinding::Ambiguous,
        (other, _) => {
            return Err(StoreError::Unreadable(format!(
                "directory_accounts.finding = {other:?}"
            )));
        }
    };
    Ok(Lookup {
        member: MemberId(row.id),
        finding,
        account,
        looked_up_at: row.looked_up_at.map(instant),
        mapped_address: row.mapped_address,
        matched_address: row.matched_address,
    })
}

fn finding_text(finding: &DirectoryFinding) -> &'static str {
    match finding {
        DirectoryFinding::NotLookedUp => "not_looked_up",
        DirectoryFinding::Found { guest: false, .. } => "found",
        DirectoryFinding::Found { guest: true, .. } => "guest",
        DirectoryFinding::Missing => "missing",
        DirectoryFinding::Ambiguous => "ambiguous",
    }
}

/// Asks for these members to be looked up now. What is known of them stays until then.
pub async fn want(tx: &Tx, organization: OrganizationId, ids: &[MemberId]) -> Stored<()> {
    for id in ids {
        let row = row::ActiveModel {
            organization_id: Set(organization.0),
            id: Set(id.0),
            finding: Set("not_looked_up".to_owned()),
            object_id: Set(None),
            user_principal_name: Set(String::new()),
            first_name: Set(String::new()),
            last_name: Set(String::new()),
            email: Set(None),
            photo: Set(None),
            looked_up_at: Set(None),
            mapped_address: Set(None),
            matched_address: Set(None),
            attempts: Set(0),
            due_at: Set(Some(millis(tx.now))),
            lease_owner: Set(None),
            lease_until: Set(None),
            fencing: Set(0),
        };
        row::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([row::Column::OrganizationId, row::Column::Id])
                    .update_column(row::Column::DueAt)
                    .to_owned(),
            )
            .exec_without_returning(tx.on())
            .await?;
    }
    Ok(())
}

/// Names the account of a member by hand, or goes back to their own address, and asks for
/// it now. Where that is another account, what was known is forgotten at once.
pub async fn map(
    tx: &Tx,
    organization: OrganizationId,
    id: MemberId,
    account: Option<&str>,
) -> Stored<()> {
    want(tx, organization, &[id]).await?;
    let before = list_in(tx, organization, &[id]).await?.remove(&id);
    if before.is_some_and(|before| before.mapped_address.as_deref() == account) {
        return Ok(());
    }
    save(tx, organization, &Lookup::none(id)).await?;
    row::Entity::update_many()
        .col_expr(
            row::Column::MappedAddress,
            account.map(str::to_owned).into(),
        )
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Asks for every participant of the tracks that use Teams to be looked up now.
pub async fn want_participants(
    tx: &Tx,
    organization: OrganizationId,
    track: TrackId,
) -> Stored<()> {
    let people: Vec<MemberId> = tracks::participants_in(tx, organization, track)
        .await?
        .into_iter()
        .map(|participant| participant.member.id)
        .collect();
    want(tx, organization, &people).await
}

/// Writes what Microsoft answered about a member.
pub async fn save(tx: &Tx, organization: OrganizationId, lookup: &Lookup) -> Stored<()> {
    let account = lookup.account.as_ref();
    row::Entity::update_many()
        .set(row::ActiveModel {
            finding: Set(finding_text(&lookup.finding).to_owned()),
            object_id: Set(account.map(|account| account.object_id)),
            user_principal_name: Set(account
                .map(|account| account.user_principal_name.clone())
                .unwrap_or_default()),
            first_name: Set(account
                .map(|account| account.first_name.clone())
                .unwrap_or_default()),
            last_name: Set(account
                .map(|account| account.last_name.clone())
                .unwrap_or_default()),
            email: Set(account.and_then(|account| account.email.clone())),
            photo: Set(account.and_then(|account| account.photo.clone())),
            looked_up_at: Set(lookup.looked_up_at.map(millis)),
            matched_address: Set(lookup.matched_address.clone()),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(lookup.member.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

pub(crate) async fn list_on(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<BTreeMap<MemberId, Lookup>> {
    let rows = row::Entity::find()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(on)
        .await?;
    let mut found: BTreeMap<MemberId, Lookup> =
        ids.iter().map(|id| (*id, Lookup::none(*id))).collect();
    for row in rows {
        let lookup = lookup(row)?;
        found.insert(lookup.member, lookup);
    }
    Ok(found)
}

/// What is known of these members, inside a change.
pub async fn list_in(
    tx: &Tx,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<BTreeMap<MemberId, Lookup>> {
    list_on(tx.on(), organization, ids).await
}

/// What is known of these members where no person asks.
pub async fn list_for_work(
    store: &Store,
    organization: OrganizationId,
    ids: &[MemberId],
) -> Stored<BTreeMap<MemberId, Lookup>> {
    list_on(store.read(), organization, ids).await
}

/// What is known of these members as far as the actor may see them.
pub async fn list(
    store: &Store,
    sight: &Sight,
    ids: &[MemberId],
) -> Stored<BTreeMap<MemberId, Lookup>> {
    let mut seen = Vec::with_capacity(ids.len());
    for id in ids {
        if *id == sight.member || members::find(store, sight, *id).await?.is_some() {
            seen.push(*id);
        }
    }
    list_on(store.read(), sight.organization, &seen).await
}

/// The photo of a member within sight.
pub async fn photo(store: &Store, sight: &Sight, id: MemberId) -> Stored<Option<Vec<u8>>> {
    if members::find(store, sight, id).await?.is_none() {
        return Ok(None);
    }
    let photo: Option<Option<Vec<u8>>> = row::Entity::find_by_id((sight.organization.0, id.0))
        .select_only()
        .column(row::Column::Photo)
        .into_tuple()
        .one(store.read())
        .await?;
    Ok(photo.flatten())
}

/// Of these members, who has a photo.
pub async fn with_photo(store: &Store, sight: &Sight, ids: &[MemberId]) -> Stored<Vec<MemberId>> {
    let ids: Vec<Uuid> = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::OrganizationId.eq(sight.organization.0))
        .filter(row::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(row::Column::Photo.is_not_null())
        .into_tuple()
        .all(store.read())
        .await?;
    Ok(ids.into_iter().map(MemberId).collect())
}

/// Stops all look-ups that are waiting: nothing is asked while an integration is removed.
pub async fn unwant_all(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::update_many()
        .col_expr(row::Column::DueAt, Expr::value(Option::<i64>::None))
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Destroys everything that came from the directory (S12, K-10).
pub async fn erase(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    row::Entity::delete_many()
        .filter(row::Column::OrganizationId.eq(organization.0))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Asks for every participant of every track with Teams, and every earlier finding, to be
/// looked up: the integration was made.
pub async fn want_everyone(tx: &Tx, organization: OrganizationId) -> Stored<()> {
    let query = Query::select()
        .column(tracks::enrolment::Column::MemberId)
        .distinct()
        .from(tracks::enrolment::Entity)
        .and_where(tracks::enrolment::Column::OrganizationId.eq(organization.0))
        .take();
    let rows = tx.on().query_all(&query).await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(MemberId(row.try_get("", "member_id")?));
    }
    want(tx, organization, &ids).await
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "directory_accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub finding: String,
        pub object_id: Option<Uuid>,
        pub user_principal_name: String,
        pub first_name: String,
        pub last_name: String,
        pub email: Option<String>,
        pub photo: Option<Vec<u8>>,
        pub looked_up_at: Option<i64>,
        pub mapped_address: Option<String>,
        pub matched_address: Option<String>,
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
