//! Since when a link has failed without one success between, for it is given up after a day.

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
                    .add_column(big_integer_null(Alias::new("failing_since")))
                    .take(),
            )
            .await
    }
}
