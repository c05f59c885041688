//! What is known of an integration's health: why it needs attention in Microsoft's terms,
//! a change of host that is under way, what could not be deleted, how many Teams meetings
//! were made in a month, and what differed from what was wanted.

use sea_orm_migration::prelude::*;

use super::m0001_foundation::{
    bytes, id, id_null, index, name, number, number_null, owned, table, text, text_null, truth,
    with_work,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_health"
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        owned(
            "reconnections",
            &["id"],
            vec![
                id("id"),
                text("phase"),
                id("tenant_id"),
                text("tenant_name"),
                id("host_object_id"),
                text("host_name"),
                text("host_user_principal_name"),
                text("scopes"),
                bytes("refresh_token"),
                bytes("access_token"),
                number("expires_at"),
                id("member_id"),
                text("member_name"),
                number("started_at"),
                text("checks"),
            ],
        ),
        owned(
            "left_meetings",
            &["id"],
            vec![
                id("id"),
                id("meeting_id"),
                text("online_meeting_id"),
                id("host_object_id"),
                text("host_name"),
                text("fate"),
                number("since"),
                number("until"),
                number_null("looked_at"),
            ],
        ),
        owned(
            "host_months",
            &["host_object_id", "month"],
            vec![
                id("host_object_id"),
                text("month"),
                number("made"),
                number_null("warned_at"),
            ],
        ),
        owned(
            "drift_sweeps",
            &["id"],
            with_work(vec![
                id("id"),
                number("begun_at"),
                number_null("asked_at"),
                number_null("finished_at"),
                number("looked"),
            ]),
        ),
        owned(
            "drift_findings",
            &["id"],
            vec![id("id"), id("meeting_id"), number("at"), text("what")],
        ),
        table(
            "instance_alarms",
            &["name"],
            vec![text("name"), text("detail"), number("since")],
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
        add("integrations", text_null("diagnosis")),
        // Which Teams meeting of a meeting its people were told of.
        add("meeting_links", number_null("told_generation")),
        add("meeting_links", id_null("host_object_id")),
        add("meeting_links", truth("moving").default(false).take()),
        add("meeting_links", number_null("looked_at")),
    ]
}

/// Whoever was told of a Teams meeting was told of the one there is; integrations that were
/// never tested by night are from now on.
const FILL: [&str; 4] = [
    "UPDATE meeting_links SET told_generation = generation WHERE EXISTS (SELECT 1 FROM meetings m \
     WHERE m.organization_id = meeting_links.organization_id AND m.id = meeting_links.id AND m.announced_mode = 'teams')",
    "UPDATE meeting_links SET host_object_id = (SELECT i.host_object_id FROM integrations i \
     WHERE i.organization_id = meeting_links.organization_id) WHERE kept = FALSE AND ever_called = TRUE",
    "UPDATE integrations SET due_at = 0 WHERE state IN ('integrated', 'needs_attention') AND due_at IS NULL",
    "INSERT INTO drift_sweeps (organization_id, id, begun_at, looked, attempts, due_at, fencing) \
     SELECT organization_id, id, 0, 0, 0, 0, 0 FROM integrations WHERE state IN ('integrated', 'needs_attention')",
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
            index("drift_sweeps_due", "drift_sweeps", &["due_at"], false),
            index(
                "drift_findings_at",
                "drift_findings",
                &["organization_id", "at"],
                false,
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
