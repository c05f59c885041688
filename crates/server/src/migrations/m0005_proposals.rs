//! Times that people offer each other, and what they say of them.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{id, index, number, owned, text, text_null, truth, work};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_proposals"
    }
}

fn tables() -> Vec<TableCreateStatement> {
    let mut proposals = vec![
        id("id"),
        id("meeting_id"),
        id("by_member"),
        text_null("about"),
        text("times"),
        text("note"),
        text("state"),
        text("reply"),
        truth("reminded"),
        number("created_at"),
        number("expires_at"),
    ];
    proposals.extend(work());
    vec![
        owned("proposals", &["id"], proposals),
        owned(
            "proposal_answers",
            &["proposal_id", "member_id"],
            vec![
                id("proposal_id"),
                id("member_id"),
                text("times"),
                number("answered_at"),
            ],
        ),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        for statement in tables() {
            manager.create_table(statement).await?;
        }
        for statement in [
            index(
                "proposals_meeting",
                "proposals",
                &["organization_id", "meeting_id"],
                false,
            ),
            index(
                "proposals_open",
                "proposals",
                &["organization_id", "state", "meeting_id"],
                false,
            ),
            index("proposals_due", "proposals", &["due_at"], false),
        ] {
            manager.create_index(statement).await?;
        }
        Ok(())
    }
}
