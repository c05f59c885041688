//! Rows whose work came to no end, with how often and why.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{id, number, owned, text, truth};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0013_stumbles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let stumbles = owned(
            "stumbles",
            &["work", "id"],
            vec![
                text("work"),
                id("id"),
                number("times"),
                text("reason"),
                number("at"),
                truth("set_aside"),
            ],
        );
        manager.create_table(stumbles).await
    }
}
