//! Who works on a row now.
//!
//! The row is the job: a table with the columns `due_at`,
//! `lease_owner`, `lease_until` and `fencing` can be claimed, worked on outside of any
//! transaction, and finished only by the claim that still holds it.

use jiff::{SignedDuration, Timestamp};
use mentoring::organization::OrganizationId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{Store, StoreError, Stored, Tx, fence, millis, sql};

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
    /// Teams meetings to be compared with what is wanted; a row an organization.
    Drift,
    /// Messages to be sent; a row a message.
    Outbox,
    /// People to be reminded; a row a meeting.
    Reminders,
    /// Times that were offered, of which people are reminded or which pass; a row a
    /// proposal.
    Proposals,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Links,
        Self::Directory,
        Self::Credentials,
        Self::Integrations,
        Self::Drift,
        Self::Outbox,
        Self::Reminders,
        Self::Proposals,
    ];

    /// Its name in the database.
    pub fn table(self) -> &'static str {
        match self {
            Self::Links => "meeting_links",
            Self::Directory => "directory_accounts",
            Self::Credentials => "credentials",
            Self::Integrations => "integrations",
            Self::Drift => "drift_sweeps",
            Self::Outbox => "outbox",
            Self::Reminders => "reminders",
            Self::Proposals => "proposals",
        }
    }

    /// Whether whoever works on a row calls Microsoft about the host's meetings, one call at
    /// a time: such rows of an organization are counted together.
    fn is_about_the_host(self) -> bool {
        HOST_WORKS.contains(&self)
    }
}

const HOST_WORKS: [Work; 3] = [Work::Links, Work::Integrations, Work::Drift];

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

/// How much is taken at once.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// From so many organizations at the most.
    pub batches: u32,
    /// So many rows of an organization make a batch.
    pub rows: u32,
    /// So many rows of one organization may be worked on at once, over all nodes. What is
    /// about its host's meetings counts together.
    pub of_one: u32,
}

/// Whose turn it is.
///
/// Organizations with due rows are served in the order of their ids, a batch each, from the
/// one after the last: who has very many waits for the others after every batch (F43, F44).
#[derive(Clone, Copy, Debug, Default)]
pub struct Rota(Uuid);

#[derive(FromQueryResult)]
struct Waiting {
    id: Uuid,
    held: i64,
}

/// Takes up to `most` rows that are due and that nobody holds, whosever they are.
pub async fn claim(
    store: &Store,
    work: Work,
    owner: &str,
    most: u32,
    lease: SignedDuration,
) -> Stored<Vec<Claim>> {
    let share = Share {
        batches: most,
        rows: 1,
        of_one: u32::MAX,
    };
    claim_in_turn(store, work, owner, share, lease, &mut Rota::default()).await
}

/// Takes a share of the rows that are due and that nobody holds: of each organization the
/// oldest, and the organizations in turn.
pub async fn claim_in_turn(
    store: &Store,
    work: Work,
    owner: &str,
    share: Share,
    lease: SignedDuration,
    rota: &mut Rota,
) -> Stored<Vec<Claim>> {
    let tx = store.begin_unscoped().await?;
    // Two that count at once would both find room for the last one.
    let counted_as = if work.is_about_the_host() {
        "host"
    } else {
        work.table()
    };
    sql::one_at_a_time(tx.on(), counted_as).await?;
    let mut waiting = waiting(&tx, work, share, *rota, ">").await?;
    if waiting.len() < share.batches as usize {
        let left = Share {
            batches: share.batches - u32::try_from(waiting.len()).unwrap_or(u32::MAX),
            ..share
        };
        waiting.extend(self::waiting(&tx, work, left, *rota, "<=").await?);
    }
    let mut claims = Vec::new();
    for (place, one) in waiting.iter().enumerate() {
        let held = u32::try_from(one.held).unwrap_or(u32::MAX);
        let batches = batches_at(place, waiting.len(), share.batches);
        let most = (batches.saturating_mul(share.rows)).min(share.of_one.saturating_sub(held));
        claims.extend(take(&tx, work, owner, OrganizationId(one.id), most, lease).await?);
    }
    tx.commit().await?;
    if let Some(last) = waiting.last() {
        rota.0 = last.id;
    }
    Ok(claims)
}

/// How many batches the organization at this place gets, where so many share so many.
fn batches_at(place: usize, organizations: usize, batches: u32) -> u32 {
    let organizations = u32::try_from(organizations.max(1)).unwrap_or(u32::MAX);
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    batches / organizations + u32::from(place < batches % organizations)
}

/// The organizations on this side of the last one served that have due rows and room for
/// more of them to be worked on.
async fn waiting(
    tx: &Tx,
    work: Work,
    share: Share,
    Rota(last): Rota,
    side: &str,
) -> Stored<Vec<Waiting>> {
    let on = tx.on();
    let mut values: Vec<Value> = vec![last.into(), i64::from(share.of_one).into()];
    let now = sql::now_millis(on, tx.database_now, &mut values);
    let text = format!(
        "SELECT id, held FROM (SELECT o.id AS id, ({held}) AS held \
           FROM organizations AS o \
           WHERE o.id {side} $1 AND EXISTS (SELECT 1 FROM {table} AS d \
             WHERE d.organization_id = o.id AND d.due_at IS NOT NULL AND d.due_at <= {now} \
             AND (d.lease_until IS NULL OR d.lease_until <= {now})) AND {open}) AS waiting \
         WHERE held < $2 ORDER BY id LIMIT {most}",
        table = work.table(),
        held = held(work, &now),
        open = fence::OPEN,
        most = share.batches,
    );
    Ok(Waiting::find_by_statement(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .all(on)
    .await?)
}

/// How many rows count as under work for an organization `o`.
///
/// What there is one row of an organization for, a test or a comparison, may not wait until
/// thousands of links are done: once it is due, the links leave room for it.
fn held(work: Work, now: &str) -> String {
    let counted = if work.is_about_the_host() {
        &HOST_WORKS[..]
    } else {
        &[work]
    };
    let each: Vec<String> = counted
        .iter()
        .map(|one| {
            let comes = if work == Work::Links && *one != work {
                format!(" OR h.due_at <= {now}")
            } else {
                String::new()
            };
            let table = one.table();
            format!(
                "(SELECT COUNT(*) FROM {table} AS h WHERE h.organization_id = o.id \
                 AND (h.lease_until IS NOT NULL AND h.lease_until > {now}{comes}))"
            )
        })
        .collect();
    each.join(" + ")
}

async fn take(
    tx: &Tx,
    work: Work,
    owner: &str,
    organization: OrganizationId,
    most: u32,
    lease: SignedDuration,
) -> Stored<Vec<Claim>> {
    let on = tx.on();
    let table = work.table();
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![owner.into(), lease.into(), organization.0.into()];
    let now = sql::now_millis(on, tx.database_now, &mut values);
    let text = format!(
        "WITH due AS {materialized} (\
           SELECT organization_id, id FROM {table} \
           WHERE organization_id = $3 AND due_at IS NOT NULL AND due_at <= {now} \
             AND (lease_until IS NULL OR lease_until <= {now}) \
           ORDER BY due_at LIMIT {most} {skip}\
         ) UPDATE {table} SET lease_owner = $1, lease_until = {now} + $2, fencing = fencing + 1 \
         WHERE (organization_id, id) IN (SELECT organization_id, id FROM due) \
         RETURNING organization_id, id, fencing",
        materialized = sql::materialized(on),
        skip = sql::skip_locked(on),
    );
    let rows = Claimed::find_by_statement(Statement::from_sql_and_values(
        on.get_database_backend(),
        text,
        values,
    ))
    .all(on)
    .await?;
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

/// Takes back what a process held that is no more.
///
/// A database in a file has one process at a time, so at its start nobody holds anything;
/// were there another one all the same, its results would not count any more. With several
/// nodes, leases run out by themselves.
pub async fn take_back(store: &Store) -> Stored<()> {
    if super::is_postgres(store.read()) {
        return Ok(());
    }
    let tx = store.begin_unscoped().await?;
    for work in Work::ALL {
        let text = format!(
            "UPDATE {} SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL",
            work.table()
        );
        tx.on().execute_unprepared(&text).await?;
    }
    tx.commit().await
}

/// Gives back whatever this process still holds; said when it ends.
pub async fn give_back(store: &Store, owner: &str) -> Stored<()> {
    let tx = store.begin_unscoped().await?;
    let on = tx.on();
    for work in Work::ALL {
        on.execute_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            format!(
                "UPDATE {} SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1",
                work.table()
            ),
            [owner.into()],
        ))
        .await?;
    }
    tx.commit().await
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

/// Holds on to a row for so long from now, if the claim still holds and its lease has not
/// run out: whoever was paused for longer must not go on with what it read before.
pub async fn renew(tx: &Tx, claim: &Claim, lease: SignedDuration) -> Stored<bool> {
    let on = tx.on();
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![
        lease.into(),
        claim.organization.0.into(),
        claim.id.into(),
        claim.fencing.into(),
    ];
    let now = sql::now_millis(on, tx.database_now, &mut values);
    let text = format!(
        "UPDATE {} SET lease_until = {now} + $1 \
         WHERE organization_id = $2 AND id = $3 AND fencing = $4 AND lease_owner IS NOT NULL AND lease_until > {now}",
        claim.work.table()
    );
    let done = on
        .execute_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            values,
        ))
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Until when at the latest somebody works on a row of an organization.
pub async fn held_until(
    tx: &Tx,
    work: Work,
    organization: OrganizationId,
) -> Stored<Option<Timestamp>> {
    let on = tx.on();
    let mut values: Vec<Value> = vec![organization.0.into()];
    let text = format!(
        "SELECT MAX(lease_until) AS until FROM {} WHERE organization_id = $1 AND lease_until > {}",
        work.table(),
        sql::now_millis(on, tx.database_now, &mut values)
    );
    let row = on
        .query_one_raw(Statement::from_sql_and_values(
            on.get_database_backend(),
            text,
            values,
        ))
        .await?;
    let until: Option<i64> = row
        .map(|row| row.try_get("", "until"))
        .transpose()?
        .flatten();
    Ok(until.map(super::instant))
}

/// What waits in a table and what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows that are due and that nobody holds.
    pub waiting: i64,
    /// Rows that somebody works on.
    pub held: i64,
    /// Since when the oldest of the waiting ones is due.
    pub oldest: Option<Timestamp>,
    /// When the next row that rests is due.
    pub next: Option<Timestamp>,
}

/// What waits and what is under way, over all organizations and nodes.
pub async fn backlog(store: &Store, work: Work) -> Stored<Backlog> {
    let on = store.read();
    let mut values: Vec<Value> = Vec::new();
    let text = format!(
        "SELECT waiting.many AS waiting, waiting.oldest AS oldest, \
           (SELECT COUNT(*) FROM {table} WHERE lease_until IS NOT NULL AND lease_until > {now}) AS held, \
           (SELECT due_at FROM {table} WHERE due_at IS NOT NULL AND due_at > {now} \
             ORDER BY due_at LIMIT 1) AS next \
         FROM (SELECT COUNT(*) AS many, MIN(due_at) AS oldest FROM {table} \
           WHERE due_at IS NOT NULL AND due_at <= {now} \
           AND (lease_until IS NULL OR lease_until <= {now})) AS waiting",
        table = work.table(),
        now = sql::now_millis(on, store.clock().now(), &mut values),
    );
    let backend = on.get_database_backend();
    let row = on
        .query_one_raw(Statement::from_sql_and_values(backend, text, values))
        .await?
        .ok_or_else(|| StoreError::Unreadable("no count of waiting rows".to_owned()))?;
    let at = |column| -> Stored<Option<Timestamp>> {
        let millis: Option<i64> = row.try_get("", column)?;
        Ok(millis.map(super::instant))
    };
    Ok(Backlog {
        waiting: row.try_get("", "waiting")?,
        held: row.try_get("", "held")?,
        oldest: at("oldest")?,
        next: at("next")?,
    })
}

/// When the next row of this kind is due, for a driver that would rather sleep than ask.
pub async fn next_due(store: &Store, work: Work) -> Stored<Option<Timestamp>> {
    let on = store.read();
    // Two questions, each answered by the end of an index, however many rows are due.
    let text = format!(
        "SELECT (SELECT due_at FROM {table} WHERE due_at IS NOT NULL AND lease_until IS NULL \
           AND {open} ORDER BY due_at LIMIT 1) AS free, \
         (SELECT MIN(CASE WHEN lease_until < due_at THEN due_at ELSE lease_until END) \
           FROM {table} WHERE lease_until IS NOT NULL AND due_at IS NOT NULL AND {open}) AS held",
        table = work.table(),
        open = fence::OPEN
    );
    let row = on
        .query_one_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let free: Option<i64> = row.try_get("", "free")?;
    let held: Option<i64> = row.try_get("", "held")?;
    Ok(free.into_iter().chain(held).min().map(super::instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_shared_evenly_and_none_is_lost() {
        for organizations in 1..20 {
            for batches in 1..40 {
                let shares: Vec<u32> = (0..organizations.min(batches as usize))
                    .map(|place| batches_at(place, organizations.min(batches as usize), batches))
                    .collect();
                assert_eq!(shares.iter().sum::<u32>(), batches);
                let (least, most) = (shares.iter().min(), shares.iter().max());
                assert!(
                    most.zip(least)
                        .is_some_and(|(most, least)| most - least <= 1)
                );
            }
        }
    }
}
