//! What programs need to act for a member: their tokens, and the answers that a repeated
//! request is given again.

use sea_orm::sea_query::{Alias, ColumnDef};
use sea_orm_migration::prelude::*;

use super::m0001_foundation::{bytes, id, index, number, number_null, owned, text, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_api"
    }
}

fn status() -> ColumnDef {
    ColumnDef::new(Alias::new("status")).integer().null().take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        let tables = [
            owned(
                "api_tokens",
                &["id"],
                vec![
                    id("id"),
                    id("member_id"),
                    text("name"),
                    bytes("hash"),
                    text("scope"),
                    number("created_at"),
                    number("expires_at"),
                    number_null("last_used_at"),
                ],
            ),
            owned(
                "idempotency_keys",
                &["id"],
                vec![
                    bytes("id"),
                    bytes("body_hash"),
                    number("created_at"),
                    number("lease_until"),
                    status(),
                    text_null("headers"),
                    text_null("body"),
                ],
            ),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in [
            index("api_tokens_hash", "api_tokens", &["hash"], true),
            index(
                "api_tokens_mine",
                "api_tokens",
                &["organization_id", "member_id"],
                false,
            ),
            index(
                "idempotency_keys_old",
                "idempotency_keys",
                &["created_at"],
                false,
            ),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
