//! The schema, step by step, the same on both databases. A step that was released is
//! never changed; a database that knows steps which this version does not is refused.

mod m0001_foundation;
mod m0002_series;
mod m0003_api;
mod m0004_calendar;
mod m0005_proposals;
mod m0006_after;
mod m0007_lobby;
mod m0008_health;
mod m0009_operator;
mod m0012_late;

use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, QueryOrder};
use sea_orm_migration::{MigrationTrait, MigratorTrait, seaql_migrations};

use crate::store::{StoreError, Stored};

struct Steps;

impl MigratorTrait for Steps {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
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
            Box::new(m0012_late::Migration),
        ]
    }
}

/// Brings the schema up to this version, or says that it is beyond it and touches
/// nothing.
pub async fn run(on: &DatabaseConnection) -> Stored<()> {
    refuse_newer(on).await?;
    Steps::up(on, None).await?;
    Ok(())
}

async fn refuse_newer(on: &DatabaseConnection) -> Stored<()> {
    let known: Vec<String> = Steps::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    // A database that has never been migrated has no table of steps: nothing to compare.
    let Ok(applied) = seaql_migrations::Entity::find()
        .order_by_desc(seaql_migrations::Column::Version)
        .all(on)
        .await
    else {
        on.execute_unprepared("SELECT 1").await?;
        return Ok(());
    };
    match applied
        .into_iter()
        .find(|step| !known.contains(&step.version))
    {
        Some(step) => Err(StoreError::Newer(step.version)),
        None => Ok(()),
    }
}
