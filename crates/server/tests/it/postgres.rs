//! Databases for tests on the PostgreSQL that `bin/test` starts for the run.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use tokio::sync::OnceCell;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A database that is prepared once in a run and then copied for each test that asks.
#[derive(Debug)]
pub struct Template(OnceCell<String>);

impl Template {
    pub const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    /// The address of a new copy that no other test uses. `prepare` is given the address of
    /// an empty database, the first time only.
    pub async fn copy<F: Future<Output = ()>>(&self, prepare: impl FnOnce(String) -> F) -> String {
        let prepared = self.0.get_or_init(|| async {
            let name = create_from("template0").await;
            prepare(address_of(&name)).await;
            name
        });
        address_of(&create_from(prepared.await).await)
    }
}

async fn create_from(template: &str) -> String {
    let name = format!(
        "test_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let mut options = ConnectOptions::new(server());
    options.max_connections(1).sqlx_logging(false);
    let owner = Database::connect(options)
        .await
        .expect("the PostgreSQL of bin/test answers");
    let created = owner
        .execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
        .await;
    owner.close().await.expect("the connection closes");
    created.expect("a database can be made");
    name
}

fn address_of(name: &str) -> String {
    let server = server();
    let (server, _) = server
        .rsplit_once('/')
        .expect("an address names its database");
    format!("{server}/{name}")
}

fn server() -> String {
    std::env::var("ITHACA_TEST_POSTGRES")
        .expect("this test needs the PostgreSQL that bin/test starts: run `bin/test`, with a part of this test's name if you like")
}

#[tokio::test]
async fn every_test_has_a_copy_of_its_own_of_what_was_prepared_once() -> Result<(), DbErr> {
    static PREPARED: Template = Template::new();
    async fn prepare(url: String) {
        let empty = open(url).await.expect("an empty database can be opened");
        empty
            .execute_unprepared("CREATE TABLE walk (step bigint)")
            .await
            .expect("a table can be made");
        empty.close().await.expect("it closes");
    }
    let (first, second) = tokio::join!(PREPARED.copy(prepare), PREPARED.copy(prepare));
    assert_ne!(first, second);
    let (first, second) = (open(first).await?, open(second).await?);
    first
        .execute_unprepared("INSERT INTO walk VALUES (1)")
        .await?;
    assert_eq!(
        second
            .execute_unprepared("DELETE FROM walk")
            .await?
            .rows_affected(),
        0
    );
    first.close().await?;
    second.close().await
}

async fn open(url: String) -> Result<DatabaseConnection, DbErr> {
    Database::connect(url).await
}
