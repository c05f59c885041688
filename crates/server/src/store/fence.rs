//! Whether this database may be worked on, or may be a copy of one that somebody else works
//! on.
//!
//! A restored database begins fenced: nobody knows whether the one it was copied from still
//! sends and calls, and two of them would invite people twice and take each other's tokens
//! away. While the fence stands no work is claimed and no organization is changed; pages can
//! be read. A backup made by Ithaca carries its fence in it. PostgreSQL's own tools know
//! nothing of that, so there the row remembers the transaction it was written in: whatever
//! was dumped and read in again was written in another one.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{Store, Stored, Tx, instant, is_postgres, millis};

/// Holds for every statement that must do nothing behind the fence.
pub(super) const OPEN: &str = "NOT EXISTS (SELECT 1 FROM instance WHERE fenced_at IS NOT NULL)";

/// Why nothing may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Since when.
    pub since: Timestamp,
    /// What for, in a sentence.
    pub because: String,
}

/// The fence, if it stands.
pub async fn find(on: &impl ConnectionTrait) -> Stored<Option<Fence>> {
    let text = "SELECT fenced_at, fenced_because FROM instance WHERE fenced_at IS NOT NULL";
    let row = on
        .query_one_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Fence {
        since: instant(row.try_get("", "fenced_at")?),
        because: row
            .try_get::<Option<String>>("", "fenced_because")?
            .unwrap_or_default(),
    }))
}

/// Puts the fence up. One that stands stays as it is.
pub async fn raise(tx: &Tx, because: &str) -> Stored<()> {
    if find(tx.on()).await?.is_none() {
        write(tx, Some((tx.now, because))).await?;
    }
    Ok(())
}

/// What was found behind a fence that was taken down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// Messages that waited in the backup and are not sent.
    pub dropped: u64,
    /// Organizations whose connection to Microsoft is looked at anew.
    pub integrations: u64,
}

/// Takes the fence down: this database is the only one.
///
/// What waited to be sent when the copy was made may have been sent since, so it is dropped
/// unless `sends` says otherwise. Tokens are refreshed, connections tested, and links compared with what Teams has.
pub async fn lower(tx: &Tx, sends: bool) -> Stored<Released> {
    let mut released = Released::default();
    let on = tx.on();
    let now = millis(tx.now);
    if !sends {
        let drop = format!(
            "UPDATE outbox SET fate = 'dropped', due_at = NULL, lease_owner = NULL, lease_until = NULL, \
             reason = 'it waited in a backup that was restored, and may have been sent since' \
             WHERE fate = 'waiting' AND created_at <= COALESCE((SELECT fenced_at FROM instance), {now})"
        );
        released.dropped = on.execute_unprepared(&drop).await?.rows_affected();
    }
    for again in [
        format!("UPDATE credentials SET due_at = {now}, lease_owner = NULL, lease_until = NULL"),
        format!(
            "UPDATE meeting_links SET due_at = {now}, lease_owner = NULL, lease_until = NULL \
             WHERE wanted AND NOT kept"
        ),
    ] {
        on.execute_unprepared(&again).await?;
    }
    let test = format!(
        "UPDATE integrations SET due_at = {now}, lease_owner = NULL, lease_until = NULL \
         WHERE state IN ('integrated', 'checking', 'needs_attention', 'removing')"
    );
    released.integrations = on.execute_unprepared(&test).await?.rows_affected();
    write(tx, None).await?;
    Ok(released)
}

/// Puts the fence up where PostgreSQL shows that the row was not written here. Asked at
/// each start, on every node.
pub(super) async fn recognise(store: &Store) -> Stored<()> {
    if is_postgres(store.read()) {
        let tx = store.begin_unscoped().await?;
        let text = "SELECT written_in, written_in % 4294967296 = xmin::text::bigint AS here \
                    FROM instance WHERE id = 1 FOR UPDATE";
        let row = tx
            .on()
            .query_one_raw(Statement::from_string(tx.on().get_database_backend(), text))
            .await?;
        let here: Option<bool> = row
            .map(|row| row.try_get("", "here"))
            .transpose()?
            .flatten();
        match here {
            Some(true) => return Ok(()),
            // Written by nobody yet: this is the first start.
            None => write(&tx, None).await?,
            Some(false) => {
                let because = "The database was read in from a dump.";
                match find(tx.on()).await? {
                    Some(fence) => write(&tx, Some((fence.since, &fence.because))).await?,
                    None => write(&tx, Some((tx.now, because))).await?,
                }
            }
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn write(tx: &Tx, fence: Option<(Timestamp, &str)>) -> Stored<()> {
    let on = tx.on();
    let here = if is_postgres(on) {
        "pg_current_xact_id()::text::bigint"
    } else {
        "NULL"
    };
    let (since, because) = fence.unzip();
    let values: [sea_orm::Value; 2] = [since.map(millis).into(), because.map(str::to_owned).into()];
    on.execute_raw(Statement::from_sql_and_values(
        on.get_database_backend(),
        format!("UPDATE instance SET fenced_at = $1, fenced_because = $2, written_in = {here} WHERE id = 1"),
        values,
    ))
    .await?;
    Ok(())
}
