//! Organizations, their people and tracks, meetings with their links, and the work that
//! they ask for.

use sea_orm::sea_query::{
    Alias, ColumnDef, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement, IntoIden, Table,
    TableCreateStatement,
};
use sea_orm_migration::prelude::*;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_foundation"
    }
}

pub(super) fn name(text: &str) -> DynIden {
    Alias::new(text).into_iden()
}

pub(super) fn text(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).text().not_null().take()
}

pub(super) fn text_null(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).text().null().take()
}

pub(super) fn number(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).big_integer().not_null().take()
}

pub(super) fn number_null(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).big_integer().null().take()
}

pub(super) fn truth(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).boolean().not_null().take()
}

pub(super) fn id(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).uuid().not_null().take()
}

pub(super) fn id_null(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).uuid().null().take()
}

pub(super) fn bytes(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).blob().not_null().take()
}

fn bytes_null(column: &str) -> ColumnDef {
    ColumnDef::new(name(column)).blob().null().take()
}

/// The columns of a table whose rows are work.
pub(super) fn work() -> Vec<ColumnDef> {
    vec![
        number("attempts"),
        number_null("due_at"),
        text_null("lease_owner"),
        number_null("lease_until"),
        number("fencing"),
    ]
}

pub(super) fn table(table: &str, key: &[&str], columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut statement = Table::create();
    statement.table(name(table));
    for mut column in columns {
        statement.col(&mut column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(name(column));
    }
    statement.primary_key(&mut primary);
    statement
}

/// A table of an organization: its id leads the key, and the organization's end is the
/// row's end.
pub(super) fn owned(of: &str, key: &[&str], columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut all = vec![id("organization_id")];
    all.extend(columns);
    let mut keys = vec!["organization_id"];
    keys.extend(key);
    let mut statement = table(of, &keys, all);
    statement.foreign_key(
        ForeignKey::create()
            .from(name(of), name("organization_id"))
            .to(name("organizations"), name("id"))
            .on_delete(ForeignKeyAction::Cascade),
    );
    statement
}

pub(super) fn index(
    called: &str,
    of: &str,
    columns: &[&str],
    unique: bool,
) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name(called).table(name(of));
    for column in columns {
        statement.col(name(column));
    }
    if unique {
        statement.unique();
    }
    statement
}

pub(super) fn with_work(mut columns: Vec<ColumnDef>) -> Vec<ColumnDef> {
    columns.extend(work());
    columns
}

fn people() -> Vec<TableCreateStatement> {
    vec![
        table(
            "organizations",
            &["id"],
            vec![
                id("id"),
                text("slug"),
                text("name"),
                text("time_zone"),
                text("language"),
                number("changes"),
                number("created_at"),
            ],
        ),
        owned(
            "members",
            &["id"],
            vec![
                id("id"),
                text("first_name"),
                text("last_name"),
                text("email"),
                text("time_zone"),
                text("language"),
                text("theme"),
                text("state"),
                truth("global_administrator"),
                text_null("password_hash"),
                number("created_at"),
            ],
        ),
        owned(
            "tracks",
            &["id"],
            vec![
                id("id"),
                text("slug"),
                text("name"),
                text("modes"),
                truth("teams_remembered"),
                text("lobby"),
                number("created_at"),
            ],
        ),
        owned(
            "enrolments",
            &["track_id", "member_id"],
            vec![
                id("track_id"),
                id("member_id"),
                text("roles"),
                number("created_at"),
            ],
        ),
        table(
            "sessions",
            &["id"],
            vec![
                bytes("id"),
                id("organization_id"),
                id("member_id"),
                number("created_at"),
                number("seen_at"),
                number("expires_at"),
            ],
        ),
        table(
            "access_links",
            &["id"],
            vec![
                bytes("id"),
                id("organization_id"),
                id("member_id"),
                text("purpose"),
                number("expires_at"),
            ],
        ),
        table(
            "attempts",
            &["id"],
            vec![bytes("id"), number("tries"), number("started_at")],
        ),
        owned(
            "audit_entries",
            &["number"],
            vec![
                number("number"),
                number("at"),
                id_null("member_id"),
                text("author"),
                text("address"),
                text("action"),
                text("subject_kind"),
                text("subject_id"),
                text("sentence"),
                text("details"),
                bytes("hash"),
            ],
        ),
    ]
}

fn microsoft() -> Vec<TableCreateStatement> {
    vec![
        owned(
            "integrations",
            &["id"],
            with_work(vec![
                id("id"),
                text("state"),
                text_null("cause"),
                number("generation"),
                id_null("tenant_id"),
                text("tenant_name"),
                id_null("host_object_id"),
                text("host_name"),
                text("host_user_principal_name"),
                text("scopes"),
                id_null("connected_by"),
                text("connected_by_name"),
                number_null("connected_at"),
                number_null("checked_at"),
                text("checks"),
                text_null("removal"),
            ]),
        ),
        owned(
            "credentials",
            &["id"],
            with_work(vec![
                id("id"),
                id("tenant_id"),
                id("host_object_id"),
                bytes("refresh_token"),
                bytes_null("access_token"),
                number_null("expires_at"),
                number("version"),
                number("refreshed_at"),
            ]),
        ),
        owned(
            "consents",
            &["id"],
            vec![
                id("id"),
                id("member_id"),
                bytes("session_key"),
                bytes("state_key"),
                bytes("browser_key"),
                bytes("sealed"),
                number("started_at"),
                truth("taken"),
                text_null("outcome"),
            ],
        ),
        owned(
            "directory_accounts",
            &["id"],
            with_work(vec![
                id("id"),
                text("finding"),
                id_null("object_id"),
                text("user_principal_name"),
                text("first_name"),
                text("last_name"),
                text_null("email"),
                bytes_null("photo"),
                number_null("looked_up_at"),
            ]),
        ),
    ]
}

fn meetings() -> Vec<TableCreateStatement> {
    vec![
        owned(
            "meetings",
            &["id"],
            vec![
                id("id"),
                id("track_id"),
                id("organizer_id"),
                text("title"),
                text("agenda"),
                text("local_start"),
                text("time_zone"),
                ColumnDef::new(name("duration_minutes"))
                    .integer()
                    .not_null()
                    .take(),
                number("starts_at"),
                number("ends_at"),
                text("mode"),
                text("location"),
                text("state"),
                number("revision"),
                number("sequence"),
                number_null("announced_sequence"),
                text("uid"),
                text("join_code"),
                id_null("form_key"),
                text_null("cancellation_reason"),
                number("created_at"),
            ],
        ),
        owned(
            "attendees",
            &["member_id", "meeting_id"],
            vec![
                id("member_id"),
                id("meeting_id"),
                truth("organizer"),
                number("starts_at"),
            ],
        ),
        owned(
            "meeting_links",
            &["id"],
            with_work(vec![
                id("id"),
                truth("wanted"),
                number("version"),
                text("state"),
                text_null("reason"),
                number("generation"),
                text_null("online_meeting_id"),
                text_null("join_url"),
                number_null("applied_version"),
                truth("ever_called"),
                truth("deleted_confirmed"),
                text_null("lobby_difference"),
                number("integration_generation"),
                truth("kept"),
            ]),
        ),
        owned(
            "outbox",
            &["id"],
            with_work(vec![
                id("id"),
                id("member_id"),
                id_null("meeting_id"),
                id("about_id"),
                text("topic"),
                text("content"),
                text("fate"),
                text_null("reason"),
                number("created_at"),
                number_null("sent_at"),
            ]),
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("organizations_slug", "organizations", &["slug"], true),
        index(
            "members_email",
            "members",
            &["organization_id", "email"],
            true,
        ),
        index("tracks_slug", "tracks", &["organization_id", "slug"], true),
        index(
            "enrolments_member",
            "enrolments",
            &["organization_id", "member_id"],
            false,
        ),
        index(
            "sessions_member",
            "sessions",
            &["organization_id", "member_id"],
            false,
        ),
        index(
            "access_links_member",
            "access_links",
            &["organization_id", "member_id"],
            false,
        ),
        index("consents_state", "consents", &["state_key"], true),
        index(
            "meetings_track",
            "meetings",
            &["organization_id", "track_id", "starts_at"],
            false,
        ),
        index("meetings_join_code", "meetings", &["join_code"], true),
        index(
            "meetings_form",
            "meetings",
            &["organization_id", "organizer_id", "form_key"],
            true,
        ),
        index(
            "attendees_mine",
            "attendees",
            &["organization_id", "member_id", "starts_at", "meeting_id"],
            false,
        ),
        index(
            "attendees_meeting",
            "attendees",
            &["organization_id", "meeting_id"],
            false,
        ),
        index(
            "meeting_links_remote",
            "meeting_links",
            &["organization_id", "online_meeting_id"],
            true,
        ),
        index(
            "outbox_topic",
            "outbox",
            &["organization_id", "about_id", "member_id", "topic"],
            true,
        ),
        index("integrations_due", "integrations", &["due_at"], false),
        index("credentials_due", "credentials", &["due_at"], false),
        index(
            "directory_accounts_due",
            "directory_accounts",
            &["due_at"],
            false,
        ),
        index("meeting_links_due", "meeting_links", &["due_at"], false),
        index("outbox_due", "outbox", &["due_at"], false),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> std::result::Result<(), DbErr> {
        for statement in people().into_iter().chain(microsoft()).chain(meetings()) {
            manager.create_table(statement).await?;
        }
        for statement in indexes() {
            manager.create_index(statement).await?;
        }
        Ok(())
    }
}
