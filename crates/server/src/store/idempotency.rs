//! Requests that a program may send again: each is a row from its beginning on, so that of
//! two at once only one runs, and its answer is kept for whoever asks again.

use jiff::{SignedDuration, Timestamp};
use mentoring::organization::OrganizationId;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{Store, Stored, Tx, instant, millis};

/// An answer is given again for so long.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Whoever began a request and was not heard of for so long has died with it.
pub const LEASE: SignedDuration = SignedDuration::from_mins(1);

/// An answer, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its status.
    pub status: u16,
    /// The headers that belong to it, as JSON.
    pub headers: String,
    /// Its body.
    pub body: String,
}

/// What is known of a request that is about to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is to run; it was first sent at this instant.
    Begun(Timestamp),
    /// It runs already.
    Running,
    /// It was sent with another body.
    OtherBody,
    /// It was answered.
    Answered(Kept),
}

/// Begins a request, unless it runs or was answered already.
pub async fn begin(
    store: &Store,
    organization: OrganizationId,
    id: &[u8],
    body_hash: &[u8],
) -> Stored<Known> {
    let tx = store.begin(organization).await?;
    let found = row::Entity::find_by_id((organization.0, id.to_vec()))
        .one(tx.on())
        .await?
        .filter(|row| tx.now.duration_since(instant(row.created_at)) < KEPT);
    if let Some(row) = &found {
        if row.body_hash != body_hash {
            return Ok(Known::OtherBody);
        }
        if let (Some(status), Some(headers), Some(body)) = (row.status, &row.headers, &row.body) {
            return Ok(Known::Answered(Kept {
                status: u16::try_from(status).unwrap_or(500),
                headers: headers.clone(),
                body: body.clone(),
            }));
        }
        if row.lease_until > millis(tx.now) {
            return Ok(Known::Running);
        }
    }
    // What a crash left behind runs again as what it was, so that nothing is made twice.
    let began = found.map_or(millis(tx.now), |row| row.created_at);
    forget_in(&tx, organization, id).await?;
    row::ActiveModel {
        organization_id: Set(organization.0),
        id: Set(id.to_vec()),
        body_hash: Set(body_hash.to_vec()),
        created_at: Set(began),
        lease_until: Set(millis(tx.now + LEASE)),
        status: Set(None),
        headers: Set(None),
        body: Set(None),
    }
    .insert(tx.on())
    .await?;
    tx.commit().await?;
    Ok(Known::Begun(instant(began)))
}

/// Keeps the answer of a request that was begun.
pub async fn keep(
    store: &Store,
    organization: OrganizationId,
    id: &[u8],
    kept: Kept,
) -> Stored<()> {
    let tx = store.begin(organization).await?;
    row::Entity::update_many()
        .set(row::ActiveModel {
            status: Set(Some(i32::from(kept.status))),
            headers: Set(Some(kept.headers)),
            body: Set(Some(kept.body)),
            ..Default::default()
        })
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id.to_vec()))
        .exec(tx.on())
        .await?;
    tx.commit().await
}

/// Gives a request back of which nobody knows what became: sent again it runs again as
/// what it was.
pub async fn give_back(store: &Store, organization: OrganizationId, id: &[u8]) -> Stored<()> {
    let tx = store.begin(organization).await?;
    row::Entity::update_many()
        .col_expr(row::Column::LeaseUntil, millis(tx.now).into())
        .filter(row::Column::OrganizationId.eq(organization.0))
        .filter(row::Column::Id.eq(id.to_vec()))
        .filter(row::Column::Status.is_null())
        .exec(tx.on())
        .await?;
    tx.commit().await
}

/// Forgets a request that changed nothing: it may be sent again, mended.
pub async fn forget(store: &Store, organization: OrganizationId, id: &[u8]) -> Stored<()> {
    let tx = store.begin(organization).await?;
    forget_in(&tx, organization, id).await?;
    tx.commit().await
}

async fn forget_in(tx: &Tx, organization: OrganizationId, id: &[u8]) -> Stored<()> {
    row::Entity::delete_by_id((organization.0, id.to_vec()))
        .exec(tx.on())
        .await?;
    Ok(())
}

/// Forgets all that is older than [`KEPT`].
pub async fn delete_old(tx: &Tx) -> Stored<u64> {
    let done = row::Entity::delete_many()
        .filter(row::Column::CreatedAt.lt(millis(tx.now - KEPT)))
        .exec(tx.on())
        .await?;
    Ok(done.rows_affected)
}

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "idempotency_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organization_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Vec<u8>,
        pub body_hash: Vec<u8>,
        pub created_at: i64,
        pub lease_until: i64,
        pub status: Option<i32>,
        pub headers: Option<String>,
        pub body: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
