//! What outlives a crash: the sandbox that runs apart, the database, and the points at which
//! the next crash comes.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::time::Instant;

use ithaca::clock::Clock;
use ithaca::store::{Place, Store};
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::child::Child;
use crate::demo::Demo;
use crate::postgres::Template;
use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::standalone::Standalone;
use crate::stories::folder::Folder;

static EMPTY: Template = Template::new();

/// A machine on which Ithaca dies and is started again.
pub struct Ground {
    pub sandbox: Rc<Standalone>,
    pub folder: Folder,
    place: Place,
    /// Another road to the same database.
    road: Option<String>,
    /// Another pair of eyes on the same rows.
    eyes: OnceCell<Store>,
}

impl Ground {
    pub fn on_sqlite(name: &str) -> Self {
        let folder = Folder::new(name);
        let place = Place::Sqlite(folder.file("ithaca.db"));
        Self::at(name, folder, place)
    }

    pub fn on_postgres(name: &str) -> Self {
        let url = wait_for(EMPTY.copy(|_| async {}));
        Self::at(name, Folder::new(name), Place::Postgres(url))
    }

    /// Another machine on the same Microsoft.
    pub fn beside(other: &Self, name: &str) -> Self {
        let folder = Folder::new(name);
        let place = Place::Sqlite(folder.file("ithaca.db"));
        Self::with(Rc::clone(&other.sandbox), folder, place)
    }

    pub fn beside_on_postgres(other: &Self, name: &str) -> Self {
        let url = wait_for(EMPTY.copy(|_| async {}));
        Self::with(
            Rc::clone(&other.sandbox),
            Folder::new(name),
            Place::Postgres(url),
        )
    }

    fn at(name: &str, folder: Folder, place: Place) -> Self {
        Self::with(Rc::new(Standalone::starts(name)), folder, place)
    }

    fn with(sandbox: Rc<Standalone>, folder: Folder, place: Place) -> Self {
        std::fs::create_dir_all(folder.file("points")).unwrap();
        Self {
            sandbox,
            folder,
            place,
            road: None,
            eyes: OnceCell::new(),
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Postgres(_))
    }

    /// Starts Ithaca where it was.
    pub fn starts(&self) -> Demo {
        Demo::starts_in(&[("ITHACA_FAILPOINTS", &self.points())], &self.flags())
    }

    /// The same after these words to the shell.
    pub fn starts_under(&self, shell: &str) -> Demo {
        Demo::starts_under(
            shell,
            &[("ITHACA_FAILPOINTS", &self.points())],
            &self.flags(),
        )
    }

    /// From now on, the way to PostgreSQL leads over this address.
    pub fn goes_through(&mut self, address: SocketAddr) {
        let server = self.postgres_address().to_string();
        self.road = Some(self.url().replace(&server, &address.to_string()));
    }

    pub fn postgres_address(&self) -> SocketAddr {
        let (_, rest) = self
            .url()
            .split_once('@')
            .expect("an address with an account");
        let (address, _) = rest.split_once('/').expect("an address with a database");
        address.parse().expect("PostgreSQL listens at an address")
    }

    pub fn url(&self) -> &str {
        match &self.place {
            Place::Postgres(url) => url,
            other => panic!("{other:?} has no address"),
        }
    }

    /// Runs one of PostgreSQL's own programs, the address of the database last.
    pub fn runs_postgres(program: &str, arguments: &[&str], url: &str) {
        let found = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten();
        let newest = found
            .map(|version| version.path().join("bin").join(program))
            .max();
        let done = Command::new(
            newest
                .filter(|path| path.exists())
                .unwrap_or(program.into()),
        )
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// The same for a start that is not to come to its end.
    pub fn begins(&self) -> Child {
        let arguments = [&["demo", "--listen", "127.0.0.1:0"], &self.flags()[..]].concat();
        let points = self.points();
        let environment = [("ITHACA_FAILPOINTS", points.as_str())];
        Child::starts(env!("CARGO_BIN_EXE_ithaca"), &arguments, &environment)
    }

    fn points(&self) -> String {
        let points = self.folder.file("points");
        points.to_str().unwrap().to_owned()
    }

    fn flags(&self) -> Vec<&str> {
        let mut flags = vec![
            "--sandbox-url",
            &self.sandbox.first_line.url,
            "--sandbox-admin-url",
            &self.sandbox.first_line.admin_url,
            "--data",
            self.folder.path(),
        ];
        if let Place::Postgres(url) = &self.place {
            flags.extend(["--database", self.road.as_ref().unwrap_or(url)]);
        }
        flags
    }

    /// From now on, the `nth` passing of this point ends the process.
    pub fn arms(&self, nth: usize, point: &str) {
        // Moved into place, so that nobody reads half of it.
        let made = self.folder.file("points/arming");
        std::fs::write(&made, format!("{nth} {point}")).unwrap();
        std::fs::rename(made, self.armed()).unwrap();
    }

    /// Answers whether there still was something to disarm: nobody dies of it any more.
    pub fn disarms(&self) -> bool {
        std::fs::remove_file(self.armed()).is_ok()
    }

    fn armed(&self) -> PathBuf {
        self.folder.file("points/armed")
    }

    /// How often each point was passed since this was asked last.
    pub fn passed(&self) -> BTreeMap<String, usize> {
        let file = self.folder.file("points/passed");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_len(0)
            .unwrap();
        let mut counts = BTreeMap::new();
        for line in text.lines() {
            *counts.entry(line.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Whether nothing is due and nobody works. A link that Microsoft refused is worked on again
    /// within seconds; mail that waits until changes have settled is not waited for.
    pub fn is_quiet(&self) -> bool {
        let now = Clock::system().now().as_millisecond();
        self.tables_of_work().iter().all(|table| {
            let soon = now + if table == "meeting_links" { 15_000 } else { 1_000 };
            self.count(&format!(
                "SELECT COUNT(*) AS found FROM {table} WHERE lease_owner IS NOT NULL OR due_at <= {soon}"
            )) == 0
        })
    }

    /// Waits until nothing is due and nobody works.
    pub fn comes_to_rest(&self, demo: &Demo) {
        let deadline = Instant::now() + 3 * PATIENCE;
        while !self.is_quiet() {
            assert!(
                Instant::now() < deadline,
                "something is still due: {:?}\n{}",
                self.tables_of_work(),
                demo.program.errors()
            );
            std::thread::sleep(GLANCE);
        }
    }

    /// Waits until PostgreSQL knows that a node is no more: what it sent last may still be
    /// under way when it is gone, a lease too.
    pub fn lets_go_of(&self, dead: u32) {
        if !self.is_postgres() {
            return;
        }
        let sessions = format!(
            "SELECT COUNT(*) AS found FROM pg_stat_activity WHERE application_name = 'ithaca {dead}'"
        );
        let deadline = Instant::now() + PATIENCE;
        while self.count(&sessions) > 0 {
            assert!(
                Instant::now() < deadline,
                "PostgreSQL still serves the dead"
            );
            std::thread::sleep(GLANCE);
        }
    }

    /// The leases of a node that is no more end. With a file, the next start ends them; with
    /// PostgreSQL it takes three minutes, which nobody waits for here.
    pub fn leases_run_out(&self) {
        if self.is_postgres() {
            for table in self.tables_of_work() {
                self.does(&format!(
                    "UPDATE {table} SET lease_until = 0 WHERE lease_owner IS NOT NULL"
                ));
            }
        }
    }

    /// Changes have settled: whoever waits to be told is told now.
    pub fn settling_ends(&self) {
        self.does("UPDATE outbox SET due_at = 0 WHERE due_at IS NOT NULL");
    }

    /// The audit logs of all organizations, each entry with its number.
    pub fn audit_has_no_gap(&self) {
        let gaps = self.count(
            "SELECT COUNT(*) AS found FROM (SELECT organization_id, COUNT(*) AS entries, MAX(number) AS last \
             FROM audit_entries GROUP BY organization_id) AS each_log WHERE entries <> last",
        );
        assert_eq!(gaps, 0, "an entry of an audit log is missing");
    }

    fn tables_of_work(&self) -> Vec<String> {
        let text = if self.is_postgres() {
            "SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'lease_owner'"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%lease_owner%'"
        };
        self.rows(text)
            .iter()
            .map(|row| row.try_get("", "name").unwrap())
            .collect()
    }

    pub fn count(&self, text: &str) -> i64 {
        self.rows(text)[0].try_get("", "found").unwrap()
    }

    pub fn rows(&self, text: &str) -> Vec<QueryResult> {
        let on = self.store().read();
        let statement = Statement::from_string(on.get_database_backend(), text);
        wait_for(on.query_all_raw(statement)).unwrap()
    }

    pub fn does(&self, text: &str) {
        wait_for(self.store().read().execute_unprepared(text)).unwrap();
    }

    /// What SQLite finds wrong with its file.
    pub fn damages(&self) -> Vec<String> {
        wait_for(ithaca::store::copy::damages(self.store())).unwrap()
    }

    pub fn does_in(&self, file: &str, text: &str) {
        let place = Place::Sqlite(self.folder.file(file));
        wait_for(async {
            let store = Store::connect(&place, Clock::system()).await.unwrap();
            store.read().execute_unprepared(text).await.unwrap();
            store.close().await;
        });
    }

    pub fn store(&self) -> &Store {
        self.eyes.get_or_init(|| {
            wait_for(Store::connect(&self.place, Clock::system())).expect("the database is there")
        })
    }
}

impl Ground {
    /// Lets go of the rows, so that others may move them.
    pub fn forgets(&mut self) {
        if let Some(store) = self.eyes.take() {
            wait_for(store.close());
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.forgets();
    }
}

/// The operator's command line, on the data of a demo.
pub struct Instance {
    config: String,
}

impl Instance {
    pub fn at(ground: &Ground) -> Self {
        let config = ground.folder.file("ithaca.toml");
        let url = match &ground.place {
            Place::Postgres(url) => url.clone(),
            _ => "sqlite:ithaca.db".to_owned(),
        };
        std::fs::write(
            &config,
            format!(
                "public_url = \"http://127.0.0.1:8080\"\nkey_file = \"ithaca.key\"\n\
                 [database]\nurl = \"{url}\"\n"
            ),
        )
        .unwrap();
        Self {
            config: config.to_str().unwrap().to_owned(),
        }
    }

    fn runs(&self, words: &[&str]) -> (std::process::ExitStatus, String, String) {
        let words = [words, &["--config", &self.config]].concat();
        let mut ithaca = Child::starts(env!("CARGO_BIN_EXE_ithaca"), &words, &[]);
        let (status, said) = ithaca.says_at_the_end();
        let errors = ithaca.errors();
        (status, said, errors)
    }

    /// What it says to these words, having done what they ask.
    pub fn does(&self, words: &[&str]) -> String {
        let (status, said, errors) = self.runs(words);
        assert!(status.success(), "{words:?}: {errors}");
        said
    }

    /// Why it doesn't do it.
    pub fn refuses(&self, words: &[&str]) -> String {
        let (status, _, errors) = self.runs(words);
        assert_eq!(status.code(), Some(1), "{words:?}");
        errors
    }
}
