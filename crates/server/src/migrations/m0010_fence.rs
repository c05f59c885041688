//! What the instance knows of its own database: whether it is fenced, and in which
//! transaction of PostgreSQL this was written.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{name, number, number_null, table, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_fence"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let instance = table(
            "instance",
            &["id"],
            vec![
                number("id"),
                number_null("fenced_at"),
                text_null("fenced_because"),
                number_null("written_in"),
            ],
        );
        manager.create_table(instance).await?;
        let only = Query::insert()
            .into_table(name("instance"))
            .columns([name("id")])
            .values_panic([1.into()])
            .take();
        manager.execute(only).await
    }
}
