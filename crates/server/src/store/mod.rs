//! What is kept, on SQLite or PostgreSQL, and the only SQL there is.
//!
//! A file per noun. Reads for a page or an answer take the actor's `Sight` first; writes
//! take a [`Tx`], which holds the organization's write lock from its first statement on,
//! so that two changes of one organization never interleave and no statement has to be
//! retried in the middle of one.

pub mod access_links;
pub mod alarms;
pub mod alone;
pub mod api_tokens;
pub mod attempts;
pub mod audit;
pub mod calendar_feeds;
pub mod consents;
pub mod copy;
pub mod credentials;
pub mod directory;
pub mod drift;
pub mod fence;
pub mod host_months;
pub mod idempotency;
pub mod integrations;
pub mod invitations;
pub mod lease;
pub mod left_meetings;
pub mod links;
pub mod meetings;
pub mod members;
pub mod nodes;
pub mod notes;
pub mod openings;
pub mod organizations;
pub mod outbox;
pub mod outcomes;
pub mod proposals;
pub mod reconnections;
pub mod reminders;
pub mod sealed;
pub mod sessions;
pub mod sql;
pub mod stumbles;
pub mod tracks;
mod turns;

use jiff::Timestamp;
use mentoring::organization::OrganizationId;
use sea_orm::sqlx::Connection as _;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection,
    DatabaseTransaction, DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::time::Duration;

use crate::clock::Clock;
use crate::failpoints;
use turns::{Turn, Turns};

/// Why the store could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the row since it was read.
    #[error("the row was changed by someone else in the meantime")]
    Stale,
    /// A value that must be unique is taken; names the constraint or columns.
    #[error("already taken: {0}")]
    Taken(String),
    /// The database was written by a newer Ithaca.
    #[error(
        "the database was written by a newer version of Ithaca (it knows the step {0}); start that version, or restore a backup made before the upgrade"
    )]
    Newer(String),
    /// The file of the database is not as SQLite wrote it; what is wrong first.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The database may be a copy of one that somebody else works on.
    #[error("the database is fenced: it may be a copy of one that is in use")]
    Fenced,
    /// Nothing can be written, because nothing fits any more.
    #[error("the disk is full: {0}")]
    Full(DbErr),
    /// Somebody else holds the database for longer than anybody waits.
    #[error("the database is busy: {0}")]
    Busy(DbErr),
    /// A stored value that this version cannot read.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    /// The database refused or could not be reached.
    #[error(transparent)]
    Database(DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(what)) => Self::Taken(what),
            _ => match code(&error).as_deref() {
                // `SQLITE_FULL`, SQLite's writing and syncing, and `disk_full` of PostgreSQL.
                Some("13" | "778" | "1034" | "1290" | "1546" | "4874" | "53100") => {
                    Self::Full(error)
                }
                // `SQLITE_BUSY` with its kinds; `lock_not_available`, `serialization_failure` and
                // `deadlock_detected`: nothing happened, and it may be tried again.
                Some("5" | "261" | "517" | "55P03" | "40001" | "40P01") => Self::Busy(error),
                _ if matches!(error, DbErr::ConnectionAcquire(_)) => Self::Busy(error),
                _ => Self::Database(error),
            },
        }
    }
}

/// What the database itself calls an error.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

/// The store's answer.
pub type Stored<T> = std::result::Result<T, StoreError>;

/// Reads a stored word back into its enum, or says which word it was.
pub(crate) fn word<T>(parsed: Option<T>, column: &str, text: &str) -> Stored<T> {
    parsed.ok_or_else(|| StoreError::Unreadable(format!("{column} = {text:?}")))
}

/// Milliseconds since 1970 (UTC), the one form in which instants are stored.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The instant of stored milliseconds; what lies outside of time is the epoch.
pub fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// A connection to the database and the clock that it is read with.
#[derive(Clone, Debug)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    clock: Clock,
    /// What leases are taken by where the database has no clock of its own.
    database_clock: Clock,
    turns: Turns,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of its own.
    Sqlite(std::path::PathBuf),
    /// Nothing outlives the process. There is one connection only, so whoever holds a
    /// transaction reads through it.
    Memory,
    /// `postgres://…`
    Postgres(String),
}

impl Store {
    /// Opens the database and brings its schema up to this version.
    pub async fn open(place: &Place, clock: Clock) -> Stored<Self> {
        let store = Self::connect(place, clock).await?;
        let opened = async {
            if let Place::Sqlite(_) = place
                && let Some(damage) = copy::damages(&store).await?.into_iter().next()
            {
                return Err(StoreError::Damaged(damage));
            }
            crate::migrations::run(&store.write, store.clock.now()).await?;
            fence::recognise(&store).await
        };
        match opened.await {
            Ok(()) => Ok(store),
            Err(error) => {
                // Left open, it would leave the files of its write-ahead log behind.
                store.close().await;
                Err(error)
            }
        }
    }

    /// Opens the database as it is.
    pub async fn connect(place: &Place, clock: Clock) -> Stored<Self> {
        let (read, write) = match place {
            Place::Sqlite(path) => {
                let write = Database::connect(sqlite_file(path, 1)).await?;
                (Database::connect(sqlite_file(path, 4)).await?, write)
            }
            Place::Memory => {
                let only = Database::connect(sqlite("sqlite::memory:", 1)).await?;
                (only.clone(), only)
            }
            Place::Postgres(url) => {
                let pool = Database::connect(postgres(url)).await?;
                (pool.clone(), pool)
            }
        };
        let store = Self {
            read,
            write,
            database_clock: clock.clone(),
            clock,
            turns: Turns::default(),
        };
        store.keep_time().await?;
        Ok(store)
    }

    /// Sets the clock by the database's where several nodes share it, so that they agree on
    /// the time whatever their own clocks say (F28). Ask for it now and then.
    pub async fn keep_time(&self) -> Stored<()> {
        let asked = std::time::Instant::now();
        let Some(there) = sql::clock(&self.read).await? else {
            return Ok(());
        };
        let took = asked.elapsed();
        // An answer that was long on its way says little about now.
        if took < Duration::from_secs(2) {
            let half = jiff::SignedDuration::try_from(took / 2).unwrap_or_default();
            self.clock.set(there.saturating_add(half).unwrap_or(there));
        }
        Ok(())
    }

    /// The same database, as a node sees it whose clock goes differently. Leases are taken
    /// by the database's clock all the same.
    #[must_use]
    pub fn seen_by(&self, clock: Clock) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    /// For reading outside of a change. Sees only what is committed.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        self.read.ping().await.is_ok()
    }

    /// The clock that due times are compared with on a single node.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Begins a change of one organization: everything in it is one commit. Changes of
    /// the same organization wait for each other here and nowhere else.
    pub async fn begin(&self, organization: OrganizationId) -> Stored<Tx> {
        let tx = self.begin_in_turn(organization).await?;
        organizations::lock(&tx, organization).await?;
        Ok(tx)
    }

    /// The same for what may be done in a copy too: coming in to look, the keys to that, and
    /// leaving.
    pub async fn begin_at_the_door(&self, organization: OrganizationId) -> Stored<Tx> {
        let tx = self.begin_in_turn(organization).await?;
        organizations::lock_at_the_door(&tx, organization).await?;
        Ok(tx)
    }

    async fn begin_in_turn(&self, organization: OrganizationId) -> Stored<Tx> {
        let turn = self.turns.take(organization).await?;
        let tx = self.begin_unscoped().await?;
        Ok(Tx {
            turn: Some(turn),
            ..tx
        })
    }

    /// Begins a change that belongs to no organization yet: a session, a sign-in try, a
    /// new organization.
    pub async fn begin_unscoped(&self) -> Stored<Tx> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = self.write.begin_with_options(options).await?;
        Ok(Tx {
            inner,
            now: self.clock.now(),
            database_now: self.database_clock.now(),
            turn: None,
        })
    }

    /// Ends all connections.
    pub async fn close(self) {
        let shared = matches!(self.read.get_database_backend(), DatabaseBackend::Postgres);
        let _ = self.write.close().await;
        if !shared {
            let _ = self.read.close().await;
        }
    }
}

/// One change. Dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub struct Tx {
    inner: DatabaseTransaction,
    /// When the change began; every row of it carries this instant.
    pub now: Timestamp,
    database_now: Timestamp,
    /// Of the organization that it changes; the next one begins when this one has ended.
    turn: Option<Turn>,
}

impl Tx {
    /// Makes the change last. A test may end the process right before or after, at any
    /// place that commits: the point is named for the caller's line.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Stored<()>> + Send {
        let place = std::panic::Location::caller();
        async move {
            let (file, line) = (place.file(), place.line());
            failpoints::pass(format_args!("before commit {file}:{line}"));
            let Self { inner, turn, .. } = self;
            inner.commit().await?;
            drop(turn);
            failpoints::pass(format_args!("after commit {file}:{line}"));
            Ok(())
        }
    }

    pub(crate) fn on(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

/// The path is handed over as it is: in a URL, a `?`, a `%` or a `#` in it would be read as
/// something else.
fn sqlite_file(path: &std::path::Path, connections: u32) -> ConnectOptions {
    let path = path.to_owned();
    let mut options = sqlite("sqlite://ithaca.db", connections);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        of_ithaca(sqlite).filename(&path).create_if_missing(true)
    });
    // Where a commit fails, SQLite takes the transaction back by itself, and the library goes
    // on believing in it: what came after would be committed in name only (F21).
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| {
            Box::pin(async move {
                // Answered after whatever was still to be taken back.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
    });
    options
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .map_sqlx_sqlite_opts(of_ithaca);
    options
}

fn of_ithaca(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        // What is erased is overwritten too: nothing of a token or a directory stays
        // behind in free pages.
        .pragma("secure_delete", "ON")
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL")
        .pragma("foreign_keys", "ON")
        .busy_timeout(Duration::from_secs(10))
}

fn postgres(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(12)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .sqlx_logging(false)
        // Which process it is, for whoever looks at PostgreSQL's list of sessions.
        .set_application_name(format!("ithaca {}", std::process::id()))
        .map_sqlx_postgres_opts(|postgres| {
            // A node that stopped in the middle of a change must not hold an organization's
            // lock for as long as it sleeps (F05).
            postgres.options([("idle_in_transaction_session_timeout", "20s")])
        });
    options
}

/// The rows of one statement.
pub(crate) fn is_postgres(on: &impl ConnectionTrait) -> bool {
    on.get_database_backend() == DatabaseBackend::Postgres
}
