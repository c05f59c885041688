//! The store, on SQLite and on PostgreSQL: every test runs on both.

mod after;
mod answers;
mod api;
mod changes;
mod credentials;
mod leases;
mod lists;
mod proposals;
mod sealed;
mod series;
mod sight;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use ithaca::clock::{Clock, Randomness};
use ithaca::store::organizations::Organization;
use ithaca::store::{Place, Store, members, organizations, tracks};
use mentoring::lobby::LobbyScope;
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MemberId, OrganizationId, TrackId};
use mentoring::role::{Actor, Role, Roles, Sight};
use mentoring::track::{Mode, Modes, Track};

use crate::postgres::Template;

/// Makes two tests of each function: one per database.
macro_rules! on_both {
    ($($test:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $test() { super::$test(&crate::store::World::on_sqlite().await).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $test() { super::$test(&crate::store::World::on_postgres().await).await; })*
        }
    };
}
pub(crate) use on_both;

static SCHEMA: Template = Template::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Two organizations of one shape in a database of their own.
pub struct World {
    pub store: Store,
    pub place: Place,
    pub clock: Clock,
    pub randomness: Randomness,
    pub larkspur: Company,
    pub quillfield: Company,
    folder: Option<PathBuf>,
}

/// An organization with one track; mentor and mentee are in it, the administrator is not.
pub struct Company {
    pub id: OrganizationId,
    pub track: Track,
    pub administrator: Member,
    pub mentor: Member,
    pub mentee: Member,
}

impl World {
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_at(Clock::system()).await
    }

    /// One whose people look at this clock.
    pub async fn on_sqlite_at(clock: Clock) -> Self {
        let name = format!(
            "store-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        let place = Place::Sqlite(folder.join("ithaca.db"));
        Self::at(place, Some(folder), clock).await
    }

    pub async fn on_postgres() -> Self {
        let url = SCHEMA
            .copy(|url| async {
                let place = Place::Postgres(url);
                Self::open(&place, Clock::system()).await.close().await;
            })
            .await;
        Self::at(Place::Postgres(url), None, Clock::system()).await
    }

    async fn open(place: &Place, clock: Clock) -> Store {
        Store::open(place, clock)
            .await
            .expect("the schema can be made")
    }

    /// The two organizations in an empty database.
    pub async fn founded_in(url: String) -> Self {
        Self::at(Place::Postgres(url), None, Clock::system()).await
    }

    async fn at(place: Place, folder: Option<PathBuf>, clock: Clock) -> Self {
        let store = Self::open(&place, clock.clone()).await;
        let randomness = Randomness::seeded(7);
        let larkspur = Company::founded(
            &store,
            &randomness,
            &clock,
            "larkspur",
            ["Amara Okafor", "Mei Tanaka", "Luis Ortega"],
        )
        .await;
        let quillfield = Company::founded(
            &store,
            &randomness,
            &clock,
            "quillfield",
            ["Edda Lindqvist", "Mei Tanaka", "Luis Ortega"],
        )
        .await;
        Self {
            store,
            place,
            clock,
            randomness,
            larkspur,
            quillfield,
            folder,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl Company {
    async fn founded(
        store: &Store,
        randomness: &Randomness,
        clock: &Clock,
        slug: &str,
        names: [&str; 3],
    ) -> Self {
        let id = OrganizationId(randomness.uuid_v7(clock.now()));
        let tx = store.begin_unscoped().await.expect("a change can begin");
        let organization = Organization {
            id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            language: "en".to_owned(),
            changes: 0,
        };
        organizations::insert(&tx, &organization)
            .await
            .expect("it is new");
        let people = names.map(|name| {
            let (first_name, last_name) = name.split_once(' ').expect("two names");
            Member {
                id: MemberId(randomness.uuid_v7(clock.now())),
                organization: id,
                first_name: first_name.to_owned(),
                last_name: last_name.to_owned(),
                email: EmailAddress::parse(&format!("{first_name}@{slug}.example"))
                    .expect("it is one"),
                time_zone: "Asia/Tokyo".to_owned(),
                language: "en".to_owned(),
                state: MemberState::Active,
                global_administrator: matches!(first_name, "Amara" | "Edda"),
            }
        });
        for member in &people {
            members::insert(&tx, member).await.expect("they are new");
        }
        let track = Track {
            id: TrackId(randomness.uuid_v7(clock.now())),
            organization: id,
            slug: "new-managers".to_owned(),
            name: "New Managers".to_owned(),
            modes: Modes::from_iter([Mode::Phone, Mode::Teams]).expect("two modes"),
            lobby: LobbyScope::Organization,
        };
        tracks::insert(&tx, &track).await.expect("it is new");
        let [administrator, mentor, mentee] = people;
        for (member, role) in [(&mentor, Role::Mentor), (&mentee, Role::Mentee)] {
            let roles: Roles = [role].into_iter().collect();
            tracks::enrol(&tx, id, track.id, member.id, &roles)
                .await
                .expect("they can be enrolled");
        }
        tx.commit().await.expect("a change can end");
        Self {
            id,
            track,
            administrator,
            mentor,
            mentee,
        }
    }

    /// What this member may see, read from the store as for a request.
    pub async fn sight_of(&self, store: &Store, member: &Member) -> Sight {
        let enrolments = tracks::enrolments_of(store, self.id, member.id)
            .await
            .expect("it can be read");
        let actor = Actor {
            organization: self.id,
            member: member.id,
            name: member.name(),
            global_administrator: member.global_administrator,
            enrolments,
        };
        actor.sight()
    }
}
