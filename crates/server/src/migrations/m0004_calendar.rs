//! What people answered, and the addresses of their calendars.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{bytes, id, index, name, number, number_null, table, text_null};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_calendar"
    }
}

fn columns() -> Vec<TableAlterStatement> {
    let add = |table: &str, mut column: ColumnDef| {
        Table::alter()
            .table(name(table))
            .add_column(&mut column)
            .take()
    };
    vec![
        add("attendees", text_null("answer")),
        add("attendees", text_null("note")),
        add("attendees", number_null("answered_at")),
        // Made when the first mail to its person carries it.
        add("attendees", text_null("answer_code")),
        add("meetings", number("changed_at").default(0).take()),
    ]
}

/// Whoever made a meeting means to come.
const FILL: [&str; 2] = [
    "UPDATE attendees SET answer = 'yes' WHERE organizer",
    "UPDATE meetings SET changed_at = created_at",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        for statement in columns() {
            manager.alter_table(statement).await?;
        }
        let feeds = table(
            "calendar_feeds",
            &["id"],
            vec![
                bytes("id"),
                id("organization_id"),
                id("member_id"),
                number("created_at"),
            ],
        );
        manager.create_table(feeds).await?;
        for statement in [
            index("attendees_answer_code", "attendees", &["answer_code"], true),
            index(
                "calendar_feeds_member",
                "calendar_feeds",
                &["organization_id", "member_id"],
                true,
            ),
        ] {
            manager.create_index(statement).await?;
        }
        for statement in FILL {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }
}
