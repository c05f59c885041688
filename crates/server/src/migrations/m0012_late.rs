//! Until when a call to make a Teams meeting, whose answer never came, may still arrive.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table(Alias::new("meeting_links"))
                    .add_column(big_integer_null(Alias::new("late_until")))
                    .take(),
            )
            .await
    }
}
