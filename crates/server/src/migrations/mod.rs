//! The schema, step by step, the same on both databases.
//!
//! A step that was released is never changed. Each is one commit, whole or not at all.
//! A step expands: what the version before it reads and writes stays as it was. So that
//! version may still run on the new schema, which is what lets nodes be replaced one by one
//! and an upgrade be taken back. A step that takes something away is listed as
//! [`CONTRACTING`] and comes a version later; a database that knows one which this version
//! doesn't is refused and not touched.

mod m0001_foundation;
mod m0002_series;
mod m0003_api;
mod m0004_calendar;
mod m0005_proposals;
mod m0006_after;
mod m0007_lobby;
mod m0008_health;
mod m0009_operator;
mod m0010_fence;
mod m0012_late;
mod m0013_stumbles;
mod m0014_failing;
mod m0015_challenge;

use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, SchemaManager, seaql_migrations};

use crate::failpoints;
use crate::store::{StoreError, Stored, is_postgres, millis};

/// Steps after which the version before them can't run any more.
const CONTRACTING: &[&str] = &[];

fn steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m0001_foundation::Migration),
        Box::new(m0002_series::Migration),
        Box::new(m0003_api::Migration),
        Box::new(m0004_calendar::Migration),
        Box::new(m0005_proposals::Migration),
        Box::new(m0006_after::Migration),
        Box::new(m0007_lobby::Migration),
        Box::new(m0008_health::Migration),
        Box::new(m0009_operator::Migration),
        Box::new(m0010_fence::Migration),
        Box::new(m0012_late::Migration),
        Box::new(m0013_stumbles::Migration),
        Box::new(m0014_failing::Migration),
        Box::new(m0015_challenge::Migration),
    ]
}

/// The names of all steps, in order.
pub fn names() -> Vec<String> {
    steps().iter().map(|step| step.name().to_owned()).collect()
}

/// Whether the version before this step can't run any more once it is made.
pub fn is_contracting(name: &str) -> bool {
    CONTRACTING.contains(&name)
}

/// Brings the schema up to this version, or says that it is beyond it and touches
/// nothing.
pub async fn run(on: &DatabaseConnection, now: Timestamp) -> Stored<()> {
    let applied = applied(on).await?;
    refuse_newer(on, &applied).await?;
    for step in steps() {
        if !applied.iter().any(|name| name == step.name()) {
            apply(on, step.as_ref(), now).await?;
        }
    }
    Ok(())
}

/// The names of the steps that the database knows; of one that was never migrated, none.
async fn applied(on: &impl ConnectionTrait) -> Stored<Vec<String>> {
    match seaql_migrations::Entity::find().all(on).await {
        Ok(steps) => Ok(steps.into_iter().map(|step| step.version).collect()),
        Err(error) => {
            // Without its table of steps it is empty; without an answer it is broken.
            on.execute_unprepared("SELECT 1").await?;
            match tables(on).await? {
                0 => Ok(Vec::new()),
                _ => Err(error.into()),
            }
        }
    }
}

async fn tables(on: &impl ConnectionTrait) -> Stored<i64> {
    let text = if is_postgres(on) {
        "SELECT COUNT(*) AS found FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
    } else {
        "SELECT COUNT(*) AS found FROM sqlite_schema WHERE name = 'seaql_migrations'"
    };
    let row = on
        .query_one_raw(Statement::from_string(on.get_database_backend(), text))
        .await?;
    Ok(row
        .map(|row| row.try_get("", "found"))
        .transpose()?
        .unwrap_or_default())
}

/// An unknown step may be passed over if whoever made it said that it only expands.
async fn refuse_newer(on: &DatabaseConnection, applied: &[String]) -> Stored<()> {
    let known = names();
    let unknown: Vec<&String> = applied
        .iter()
        .filter(|name| !known.contains(name))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let text = "SELECT name FROM schema_expansions";
    let rows = on
        .query_all_raw(Statement::from_string(on.get_database_backend(), text))
        .await
        .unwrap_or_default();
    let expansions = rows
        .iter()
        .map(|row| row.try_get("", "name"))
        .collect::<Result<Vec<String>, _>>()?;
    if let Some(step) = unknown.iter().find(|name| !expansions.contains(name)) {
        return Err(StoreError::Newer((*step).clone()));
    }
    tracing::info!(
        steps = unknown.len(),
        "a newer version of Ithaca has expanded the schema; this one runs on it"
    );
    Ok(())
}

async fn apply(on: &DatabaseConnection, step: &dyn MigrationTrait, now: Timestamp) -> Stored<()> {
    let name = step.name();
    let tx = alone(on).await?;
    // Another node may have been quicker.
    if applied(&tx)
        .await
        .is_ok_and(|all| all.iter().any(|one| one == name))
    {
        return Ok(());
    }
    failpoints::pass(format_args!("before step {name}"));
    step.up(&SchemaManager::new(&tx)).await?;
    failpoints::pass(format_args!("within step {name}"));
    seaql_migrations::ActiveModel {
        version: Set(name.to_owned()),
        applied_at: Set(millis(now) / 1_000),
    }
    .insert(&tx)
    .await?;
    if !is_contracting(name) {
        tx.execute_raw(Statement::from_sql_and_values(
            tx.get_database_backend(),
            "INSERT INTO schema_expansions (name) VALUES ($1) ON CONFLICT DO NOTHING",
            [name.into()],
        ))
        .await?;
    }
    tx.commit().await?;
    failpoints::pass(format_args!("after step {name}"));
    tracing::info!(step = name, "the schema was brought up to date");
    Ok(())
}

/// A transaction in which no other node migrates, with the tables of steps in it.
async fn alone(on: &DatabaseConnection) -> Stored<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = on.begin_with_options(options).await?;
    if is_postgres(&tx) {
        // “ithaca” in ASCII: nobody else's lock in this database.
        tx.execute_unprepared("SELECT pg_advisory_xact_lock(115948688335713)")
            .await?;
    }
    for table in [
        "CREATE TABLE IF NOT EXISTS seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)",
        "CREATE TABLE IF NOT EXISTS schema_expansions (name varchar NOT NULL PRIMARY KEY)",
    ] {
        tx.execute_unprepared(table).await?;
    }
    Ok(tx)
}
