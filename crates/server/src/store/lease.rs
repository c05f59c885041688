//! Who works on a row now.
//!
//! The row is the job: a table with the columns `due_at`,
//! `lease_owner`, `lease_until` and `fencing` can be claimed, worked on outside of any
//! transaction, and finished only by the claim that still holds it.

use jiff::{SignedDuration, Timestamp};
use mentoring::organization::OrganizationId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{Store, Stored, Tx, millis, sql};

/// The tables that hold work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Teams meetings to be made, changed or deleted; a row a meeting.
    Links,
    /// People to be looked up in the directory; a row a member.
    Directory,
    /// Refresh tokens; a row an organization.
    Credentials,
    /// Integrations to be checked or removed; a row an organization.
    Integrations,
    /// Messages to be sent; a row a message.
    Outbox,
    /// People to be reminded; a row a meeting.
    Reminders,
}

impl Work {
    fn table(self) -> &'static str {
        match self {
            Self::Links => "meeting_links",
            Self::Directory => "directory_accounts",
            Self::Credentials => "credentials",
            Self::Integrations => "integrations",
            Self::Outbox => "outbox",
            Self::Reminders => "reminders",
        }
    }
}

/// A row taken for a while. Its result counts only while the fencing number is the row's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The table.
    pub work: Work,
    /// Whose row.
    pub organization: OrganizationId,
    /// Which row.
    pub id: Uuid,
    /// Rises with each claim of the row.
    pub fencing: i64,
}

#[derive(FromQueryResult)]
struct Claimed {
    organization_id: Uuid,
    id: Uuid,
    fencing: i64,
}

/// Takes up to `most` rows that are due and that nobody holds, oldest first.
pub async fn claim(
    store: &Store,
    work: Work,
    owner: &str,
    most: u32,
    lease: SignedDuration,
) -> Stored<Vec<Claim>> {
    let tx = store.begin_unscoped().await?;
    let on = tx.on();
    let table = work.table();
    let now = sql::now_millis(on, tx.database_now);
    let text = format!(
        "WITH due AS {materialized} (\
           SELECT organization_id, id FROM {table} \
           WHERE due_at IS NOT NULL AND due_at <= {now} AND (lease_until IS NULL OR lease_until <= {now}) \
           ORDER BY due_at LIMIT {most} {skip}\
         ) UPDATE {table} SET lease_owner = $1, lease_until = {now} + $2, fencing = fencing + 1 \
         WHERE (organization_id, id) IN (SELECT organization_id, id FROM due) \
         RETURNING organization_id, id, fencing",
        materialized = sql::materialized(on),
        skip = sql::skip_locked(on),
    );
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let values: [Value; 2] = [owner.into(), lease.into()];
    let rows = Claimed::find_by_statement(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .all(on)
    .await?;
    tx.commit().await?;
    Ok(rows
        .into_iter()
        .map(|row| Claim {
            work,
            organization: OrganizationId(row.organization_id),
            id: row.id,
            fencing: row.fencing,
        })
        .collect())
}

/// Gives the row back with the time at which it is due again, or never. Answers whether
/// the claim still held; if not, nothing was changed and the caller must drop its result.
pub async fn release(tx: &Tx, claim: &Claim, due_at: Option<Timestamp>) -> Stored<bool> {
    let on = tx.on();
    let text = format!(
        "UPDATE {} SET lease_owner = NULL, lease_until = NULL, due_at = $1 \
         WHERE organization_id = $2 AND id = $3 AND fencing = $4 AND lease_owner IS NOT NULL",
        claim.work.table()
    );
    let values: [Value; 4] = [
        due_at.map(millis).into(),
        claim.organization.0.into(),
        claim.id.into(),
        claim.fencing.into(),
    ];
    let done = on
        .execute_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            values,
        ))
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the claim still holds; asked in the transaction that writes its result.
pub async fn holds(tx: &Tx, claim: &Claim) -> Stored<bool> {
    let on = tx.on();
    let text = format!(
        "SELECT 1 AS held FROM {} WHERE organization_id = $1 AND id = $2 AND fencing = $3 AND lease_owner IS NOT NULL",
        claim.work.table()
    );
    let values: [Value; 3] = [
        claim.organization.0.into(),
        claim.id.into(),
        claim.fencing.into(),
    ];
    Ok(on
        .query_one_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            values,
        ))
        .await?
        .is_some())
}

/// How many rows of an organization somebody works on just now.
pub async fn count_held(tx: &Tx, work: Work, organization: OrganizationId) -> Stored<i64> {
    let on = tx.on();
    let text = format!(
        "SELECT COUNT(*) AS held FROM {} WHERE organization_id = $1 AND lease_until > {}",
        work.table(),
        sql::now_millis(on, tx.database_now)
    );
    let row = on
        .query_one_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            [organization.0.into()],
        ))
        .await?;
    Ok(row
        .map(|row| row.try_get("", "held"))
        .transpose()?
        .unwrap_or_default())
}

/// When the next row of this kind is due, for a driver that would rather sleep than ask.
pub async fn next_due(store: &Store, work: Work) -> Stored<Option<Timestamp>> {
    let on = store.read();
    let text = format!(
        "SELECT MIN(CASE WHEN lease_until IS NULL OR lease_until < due_at THEN due_at ELSE lease_until END) AS next \
         FROM {} WHERE due_at IS NOT NULL",
        work.table()
    );
    let row = on
        .query_one_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    let next: Option<i64> = row
        .map(|row| row.try_get("", "next"))
        .transpose()?
        .flatten();
    Ok(next.map(super::instant))
}
