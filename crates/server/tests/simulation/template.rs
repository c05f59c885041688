//! The world as every history finds it: two organizations with Teams integrated, in a database
//! and a tenant that are made once and copied.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ithaca::app::Acting;
use ithaca::app::tracks::ModesChange;
use ithaca::clock::{Clock, Randomness};
use ithaca::store::{Place, Store};
use ithaca::vault::Key;
use jiff::Timestamp;
use mentoring::track::{Mode, Modes};
use sandbox::random::Random;
use sandbox::tenant::State;
use sandbox::{Sandbox, Seed, Settings, SigningKey};
use tokio::sync::OnceCell;

use crate::companies::{self, Company, Host};
use crate::stage::Stage;
use crate::weather::Weather;
use crate::world::{Options, World};

/// A Monday morning in spring, in UTC.
const START: &str = "2026-03-16T08:00:00Z";

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// What is copied.
pub struct Template {
    pub companies: [Company; 2],
    pub key: Key,
    pub start: Timestamp,
    database: Vec<u8>,
    state: State,
    seed: Seed,
    signing_key: SigningKey,
}

impl Template {
    pub async fn get() -> &'static Self {
        TEMPLATE.get_or_init(Self::make).await
    }

    async fn make() -> Self {
        let randomness = Randomness::seeded(1);
        let clock = Clock::manual(START.parse().expect("it is an instant"));
        let file = File::fresh();
        let store = Store::open(&Place::Sqlite(file.0.clone()), clock.clone())
            .await
            .expect("the schema can be made");
        let larkspur = Company::founded(
            &store,
            &randomness,
            "larkspur.example",
            // One without an account in the directory.
            &[
                "Amara Okafor",
                "Jonas Weber",
                "Mei Tanaka",
                "Luis Ortega",
                "Priya Nair",
            ],
        )
        .await;
        let quillfield = Company::founded(
            &store,
            &randomness,
            "quillfield.example",
            &["Edda Lindqvist", "Beth Collins", "David Osei"],
        )
        .await;
        store.close().await;
        let mut template = Self {
            companies: [larkspur, quillfield],
            key: Key::generate(&randomness),
            start: clock.now(),
            state: State::default(),
            seed: Seed::parse(&companies::seed()).expect("the seed is one"),
            signing_key: SigningKey::generate(Random::seeded(b"simulation")),
            database: file.bytes(),
        };
        let sandbox = template.fresh_sandbox(&clock, 0);
        template.state = sandbox.read(Clone::clone);
        template.integrate().await;
        template
    }

    /// Both organizations integrate Teams and use it.
    async fn integrate(&mut self) {
        let stage = Stage::new(0, Weather::default(), Clock::manual(self.start), false);
        stage.lock().weather.is_calm = true;
        let mut world = World::set_up(self, stage, &Options::default()).await;
        for place in 0..2 {
            world.integrates(place, Host::Scheduler);
            world.comes_to_rest().await;
        }
        for company in self.companies.clone() {
            let administrator = company.administrator();
            let acting: Acting = companies::acting(&world.store, company.id, administrator)
                .await
                .expect("the administrator is active");
            let modes = Modes::from_iter([Mode::Phone, Mode::InPerson, Mode::Teams]);
            let app = world.app().expect("a node runs");
            let done = app
                .change_modes(&acting, company.track, modes.expect("three modes"), None)
                .await
                .expect("Teams is integrated");
            assert_eq!(done, ModesChange::Saved);
        }
        world.comes_to_rest().await;
        self.state = world.microsoft.sandbox.read(Clone::clone);
        self.database = world.ends().await.bytes();
    }

    /// A tenant of a history's own.
    pub fn sandbox(&self, clock: &Clock, seed: u64) -> Sandbox {
        let sandbox = self.fresh_sandbox(clock, seed);
        sandbox.change(|state| *state = self.state.clone());
        sandbox
    }

    fn fresh_sandbox(&self, clock: &Clock, seed: u64) -> Sandbox {
        let clock = clock.clone();
        Sandbox::new(Settings {
            clock: sandbox::clock::Clock::from_source(move || clock.now()),
            random: Random::seeded(&seed.to_be_bytes()),
            seed: self.seed.clone(),
            signing_key: Some(self.signing_key.clone()),
            ..Settings::new(
                "http://localhost:8443",
                format!("{}/integrations/microsoft/callback", companies::ITHACA),
            )
        })
    }

    /// A database of a history's own.
    pub async fn database(&self, clock: &Clock) -> (Store, File) {
        let file = File::fresh();
        std::fs::write(&file.0, &self.database).expect("the database can be copied");
        let store = Store::connect(&Place::Sqlite(file.0.clone()), clock.clone())
            .await
            .expect("the copy can be opened");
        (store, file)
    }
}

/// A database's file, where writing is cheap. It is gone when nobody needs it any more.
pub struct File(PathBuf);

impl File {
    fn fresh() -> Self {
        let shared_memory = Path::new("/dev/shm");
        let folder = if shared_memory.is_dir() {
            shared_memory
        } else {
            Path::new(env!("CARGO_TARGET_TMPDIR"))
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        Self(folder.join(format!("ithaca-simulation-{process}-{count}.db")))
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.0).expect("the database can be read")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for beside in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(beside);
            let _ = std::fs::remove_file(path);
        }
    }
}
