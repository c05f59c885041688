//! What Microsoft wants of the host's next token (continuous access evaluation).

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table(Alias::new("credentials"))
                    .add_column(text_null(Alias::new("challenge")))
                    .take(),
            )
            .await
    }
}
