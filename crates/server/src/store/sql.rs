//! The few places where SQLite and PostgreSQL differ, by name.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Statement};

use super::{Stored, is_postgres};

const POSTGRES_NOW: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// The database's own time in milliseconds, as an expression.
///
/// With one node the process's
/// clock is the database's clock, so SQLite gets the instant handed in, as one more of the
/// statement's values: the text stays the same, and is prepared once. With many nodes only
/// PostgreSQL's clock is common to all.
pub fn now_millis(
    on: &impl ConnectionTrait,
    clock: Timestamp,
    values: &mut Vec<sea_orm::Value>,
) -> String {
    if is_postgres(on) {
        return POSTGRES_NOW.to_owned();
    }
    values.push(clock.as_millisecond().into());
    format!("${}", values.len())
}

/// What the database's own clock says, where it has one.
pub async fn clock(on: &impl ConnectionTrait) -> Stored<Option<Timestamp>> {
    if !is_postgres(on) {
        return Ok(None);
    }
    let text = format!("SELECT {POSTGRES_NOW} AS now");
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

/// Whether there is such a column here: in a database of another version it may not be.
pub async fn has_column(on: &impl ConnectionTrait, table: &str, column: &str) -> Stored<bool> {
    let text = if is_postgres(on) {
        "SELECT 1 AS found FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2"
    } else {
        "SELECT 1 AS found FROM pragma_table_info($1) WHERE name = $2"
    };
    let names = [table.into(), column.into()];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, names);
    Ok(on.query_one_raw(statement).await?.is_some())
}

/// A pattern for `LOWER(…) LIKE … ESCAPE '\'` that finds these letters anywhere.
///
/// What is no ASCII letter is folded by one database and not by the other, so that any
/// letter may stand in its place: whoever asks looks at what was found once more.
pub fn pattern(sought: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in sought.trim().to_lowercase().chars() {
        match letter {
            '%' | '_' | '\\' => pattern.extend(['\\', letter]),
            letter if letter.is_ascii() || !letter.is_lowercase() => pattern.push(letter),
            _ => pattern.push('_'),
        }
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_is_never_a_pattern_itself() {
        assert_eq!(pattern(" 100 % Üben_ "), "%100 \\% _ben\\_%");
        assert_eq!(pattern("شكر 👋"), "%شكر 👋%");
    }
}
