//! Reminders, and what comes after a meeting: how it went, who opened its join address,
//! and notes.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{
    bytes, id, index, name, number, number_null, owned, text, text_null, truth, with_work,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_after"
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        owned(
            "reminders",
            &["id"],
            with_work(vec![
                id("id"),
                number_null("looked_at"),
                number_null("waits_since"),
            ]),
        ),
        owned(
            "reminder_settings",
            &["member_id"],
            vec![
                id("member_id"),
                truth("day_before"),
                number_null("minutes_before"),
                truth("asks_after"),
            ],
        ),
        owned(
            "outcomes",
            &["meeting_id", "original_start", "member_id"],
            vec![
                id("meeting_id"),
                text("original_start"),
                id("member_id"),
                text("said"),
                text_null("took_place"),
                number("said_at"),
            ],
        ),
        owned(
            "openings",
            &["meeting_id", "original_start", "member_id"],
            vec![
                id("meeting_id"),
                text("original_start"),
                id("member_id"),
                number("opened_at"),
            ],
        ),
        owned(
            "notes",
            &["id"],
            vec![
                id("id"),
                id("meeting_id"),
                // The author of private notes; of shared ones nobody.
                id("member_id"),
                bytes("text"),
                number("revision"),
                id("changed_by"),
                number("changed_at"),
            ],
        ),
    ]
}

fn columns() -> Vec<TableAlterStatement> {
    let add = |table: &str, mut column: ColumnDef| {
        Table::alter()
            .table(name(table))
            .add_column(&mut column)
            .take()
    };
    vec![
        add("meeting_links", number_null("checked_at")),
        add("meeting_links", number_null("check_since")),
    ]
}

/// What is planned already is looked at at once; nothing that fell due before counts.
const FILL: &str = "INSERT INTO reminders (organization_id, id, attempts, due_at, fencing) \
    SELECT organization_id, id, 0, 0, 0 FROM meetings WHERE state = 'scheduled'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        for statement in tables() {
            manager.create_table(statement).await?;
        }
        for statement in columns() {
            manager.alter_table(statement).await?;
        }
        for statement in [
            index("reminders_due", "reminders", &["due_at"], false),
            index("openings_age", "openings", &["opened_at"], false),
            index(
                "notes_of_meeting",
                "notes",
                &["organization_id", "meeting_id", "member_id"],
                true,
            ),
        ] {
            manager.create_index(statement).await?;
        }
        manager.get_connection().execute_unprepared(FILL).await?;
        Ok(())
    }
}
