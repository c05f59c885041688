//! The few places where SQLite and PostgreSQL differ, by name.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{Stored, is_postgres};

/// The database's own time in milliseconds, as an expression.
///
/// With one node the process's
/// clock is the database's clock, so SQLite gets the instant handed in; with many nodes
/// only PostgreSQL's clock is common to all.
pub fn now_millis(on: &impl ConnectionTrait, clock: Timestamp) -> String {
    if is_postgres(on) {
        "(extract(epoch from clock_timestamp()) * 1000)::bigint".to_owned()
    } else {
        clock.as_millisecond().to_string()
    }
}

/// What the database's own clock says, where it has one.
pub async fn clock(on: &impl ConnectionTrait) -> Stored<Option<Timestamp>> {
    if !is_postgres(on) {
        return Ok(None);
    }
    let text = format!("SELECT {} AS now", now_millis(on, Timestamp::UNIX_EPOCH));
    let row = on
        .query_one_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    let now: Option<i64> = row.map(|row| row.try_get("", "now")).transpose()?;
    Ok(now.map(super::instant))
}

/// Lets several claimers take different rows; SQLite has one writer at a time anyway.
pub fn skip_locked(on: &impl ConnectionTrait) -> &'static str {
    if is_postgres(on) {
        "FOR UPDATE SKIP LOCKED"
    } else {
        ""
    }
}

/// Makes a result common to the whole statement, so that a `LIMIT` inside is evaluated
/// once.
pub fn materialized(on: &impl ConnectionTrait) -> &'static str {
    if is_postgres(on) { "MATERIALIZED" } else { "" }
}

/// Lets one transaction at a time go on from here, over all nodes, for the same `name`;
/// SQLite has one writer at a time anyway.
pub async fn one_at_a_time(on: &impl ConnectionTrait, name: &str) -> Stored<()> {
    if is_postgres(on) {
        let text = "SELECT pg_advisory_xact_lock(hashtext('ithaca'), hashtext($1))";
        let backend = on.get_database_backend();
        on.execute_raw(Statement::from_sql_and_values(backend, text, [name.into()]))
            .await?;
    }
    Ok(())
}
