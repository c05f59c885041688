//! Occurrences: each time that people meet is a row, and a row of everyone's agenda.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{id, index, name, number, number_null, owned, text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_series"
    }
}

fn minutes() -> ColumnDef {
    ColumnDef::new(name("duration_minutes"))
        .integer()
        .not_null()
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        owned(
            "occurrences",
            &["meeting_id", "original_start"],
            vec![
                id("meeting_id"),
                text("original_start"),
                id("track_id"),
                text("local_start"),
                minutes(),
                number("starts_at"),
                number("ends_at"),
                text("state"),
            ],
        ),
        owned(
            "agenda",
            &["member_id", "starts_at", "meeting_id", "original_start"],
            vec![
                id("member_id"),
                number("starts_at"),
                id("meeting_id"),
                text("original_start"),
                number("ends_at"),
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
    let nothing = |column: &str| ColumnDef::new(name(column)).text().null().take();
    let zero = |column: &str| number(column).default(0).take();
    vec![
        add("meetings", nothing("repetition")),
        add("meetings", zero("last_ends_at")),
        add("meetings", nothing("announced_mode")),
        add("attendees", zero("since")),
        add("meeting_links", number_null("applied_start")),
    ]
}

/// Every meeting so far has one occurrence: itself.
const FILL: [&str; 5] = [
    "INSERT INTO occurrences (organization_id, meeting_id, original_start, track_id, local_start, duration_minutes, starts_at, ends_at, state) \
     SELECT organization_id, id, local_start, track_id, local_start, duration_minutes, starts_at, ends_at, state FROM meetings",
    "INSERT INTO agenda (organization_id, member_id, starts_at, meeting_id, original_start, ends_at) \
     SELECT a.organization_id, a.member_id, o.starts_at, o.meeting_id, o.original_start, o.ends_at FROM attendees a \
     JOIN occurrences o ON o.organization_id = a.organization_id AND o.meeting_id = a.meeting_id",
    "UPDATE meetings SET last_ends_at = ends_at",
    "UPDATE meetings SET announced_mode = mode WHERE announced_sequence IS NOT NULL",
    "UPDATE meeting_links SET applied_start = (SELECT m.starts_at FROM meetings m \
     WHERE m.organization_id = meeting_links.organization_id AND m.id = meeting_links.id) WHERE applied_version IS NOT NULL",
];

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
            index(
                "occurrences_track",
                "occurrences",
                &["organization_id", "track_id", "starts_at"],
                false,
            ),
            index(
                "agenda_meeting",
                "agenda",
                &["organization_id", "meeting_id"],
                false,
            ),
            index(
                "meetings_last_end",
                "meetings",
                &["organization_id", "last_ends_at"],
                false,
            ),
        ] {
            manager.create_index(statement).await?;
        }
        // People's meetings are found by their agenda now.
        let mut unused = Index::drop();
        unused.name("attendees_mine").table(name("attendees"));
        manager.drop_index(unused).await?;
        for statement in FILL {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }
}
