//! Directory accounts that an administrator named by hand, and by which address each was
//! found, so that a found account is recognized by its object id as long as that stands.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        for column in ["mapped_address", "matched_address"] {
            manager
                .alter_table(
                    Table::alter()
                        .table(Alias::new("directory_accounts"))
                        .add_column(text_null(Alias::new(column)))
                        .take(),
                )
                .await?;
        }
        Ok(())
    }
}
