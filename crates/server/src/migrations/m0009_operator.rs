//! What an operator looks at: the nodes that share the work. And indexes by which it stays
//! cheap to find whose turn it is, however much of it is due.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{number, table, text};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables with many rows of one organization.
const LARGE: [&str; 4] = ["meeting_links", "directory_accounts", "outbox", "reminders"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let columns = vec![
            text("id"),
            text("version"),
            number("started_at"),
            number("seen_at"),
            text("reconcilers"),
        ];
        manager
            .create_table(table("nodes", &["id"], columns))
            .await?;
        // Most rows rest, and what rests is in neither.
        for table in LARGE {
            for (name, column) in [("turn", "due_at"), ("held", "lease_until")] {
                let text = format!(
                    "CREATE INDEX {table}_{name} ON {table} (organization_id, {column}) \
                     WHERE {column} IS NOT NULL"
                );
                manager.get_connection().execute_unprepared(&text).await?;
            }
        }
        Ok(())
    }
}
