//! The key is changed while secrets are stored, and whoever seals them anew dies after each.

use std::path::Path;

use ithaca::clock::Randomness;
use ithaca::store::integrations::Host;
use ithaca::store::reconnections::{self, Reconnection};
use ithaca::store::{credentials, sealed};
use ithaca::vault::{Place, Vault};
use jiff::Timestamp;
use mentoring::organization::{MemberId, OrganizationId};
use mentoring::reconnect::Phase;
use sea_orm::{ConnectionTrait as _, Statement};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::deeds::{meeting, plan_as, waits_for_link};
use super::ground::Ground;
use crate::child::Child;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::runtime::wait_for;
use crate::stories::{gets_teams, signs_in};
use crate::visitor::Visitor;

const WHAT_WAS_SAID: &str = "We spoke about the first year.";

/// An instance whose key is changed.
struct Instance<'a> {
    ground: &'a Ground,
    points: String,
}

impl<'a> Instance<'a> {
    fn at(ground: &'a Ground) -> Self {
        let points = ground.folder.file("points");
        Self {
            ground,
            points: points.to_str().unwrap().to_owned(),
        }
    }

    /// Says these words to the command line with these keys, the current one first.
    fn says(&self, words: &[&str], keys: &[&str]) -> Child {
        let config = self.ground.folder.file("ithaca.toml");
        let url = if self.ground.is_postgres() {
            self.ground.url().to_owned()
        } else {
            "sqlite:ithaca.db".to_owned()
        };
        let text = format!(
            "public_url = \"http://127.0.0.1:8080\"\nkey_file = \"{}\"\nretired_key_files = {:?}\n\
             [database]\nurl = \"{url}\"\n",
            keys[0],
            &keys[1..]
        );
        std::fs::write(&config, text).unwrap();
        let words = [words, &["--config", config.to_str().unwrap()]].concat();
        let environment = [("ITHACA_FAILPOINTS", self.points.as_str())];
        Child::starts(env!("CARGO_BIN_EXE_ithaca"), &words, &environment)
    }

    fn vault(&self, keys: &[&str]) -> Vault {
        let files: Vec<_> = keys
            .iter()
            .map(|key| self.ground.folder.file(key))
            .collect();
        Vault::load(&files[0], &files[1..], Randomness::system()).unwrap()
    }

    /// Seals anew with the second key. Answers what was said, if it came to its end.
    fn reseals(&self) -> Option<String> {
        let mut ithaca = self.says(&["key", "reseal"], &["key-2", "ithaca.key"]);
        let (status, said) = ithaca.says_at_the_end();
        status.code()?;
        assert!(status.success(), "{}", ithaca.errors());
        Some(said)
    }

    fn refuses_without_the_old_key(&self, what: &str) {
        let mut ithaca = self.says(&["key", "reseal"], &["key-2"]);
        let (status, _) = ithaca.says_at_the_end();
        let said = ithaca.errors();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("A stored {what}")), "{said}");
        let old = self.vault(&["ithaca.key"]).current_key().to_owned();
        assert!(
            said.contains(&format!("key {old}, which is not here")),
            "{said}"
        );
    }

    /// Every secret that is stored, in the clear.
    fn opens_everything(&self, vault: &Vault, organization: OrganizationId) -> Vec<String> {
        let store = self.ground.store();
        let open = |place, sealed: &[u8]| {
            let opened = vault.open_text(place, sealed);
            opened.unwrap().expose_secret().to_owned()
        };
        let tokens = wait_for(credentials::find(store, organization)).unwrap();
        let coming = wait_for(reconnections::find_for_work(store, organization)).unwrap();
        let (tokens, coming) = (tokens.unwrap(), coming.unwrap());
        let place = |column| credentials::token_place(organization, column);
        let there = |column| reconnections::token_place(organization, column);
        let mut secrets = vec![
            open(place("refresh_token"), &tokens.refresh_token),
            open(place("access_token"), &tokens.access_token.unwrap().0),
            open(there("refresh_token"), &coming.refresh_token),
            open(there("access_token"), &coming.access_token.0),
        ];
        for row in self.ground.rows("SELECT id, text FROM notes ORDER BY id") {
            let sealed: Vec<u8> = row.try_get("", "text").unwrap();
            let place = note_place(organization, row.try_get("", "id").unwrap());
            secrets.push(open(place, &sealed));
        }
        secrets
    }

    fn puts_a_reconnection(&self, vault: &Vault, organization: OrganizationId) {
        let store = self.ground.store();
        let seal = |column| {
            let place = reconnections::token_place(organization, column);
            vault.seal(place, column.as_bytes())
        };
        let coming = Reconnection {
            organization,
            phase: Phase::Proposed,
            host: Host {
                tenant_id: Uuid::nil(),
                tenant_name: "Larkspur Health".to_owned(),
                object_id: Uuid::nil(),
                name: "Another host".to_owned(),
                user_principal_name: "another@larkspur.example".to_owned(),
            },
            scopes: Vec::new(),
            refresh_token: seal("refresh_token"),
            access_token: (seal("access_token"), Timestamp::UNIX_EPOCH),
            by: (MemberId(Uuid::nil()), "Amara Okafor".to_owned()),
            started_at: Timestamp::UNIX_EPOCH,
            checks: Vec::new(),
        };
        wait_for(async {
            let tx = store.begin(organization).await.unwrap();
            reconnections::put(&tx, &coming).await.unwrap();
            tx.commit().await.unwrap();
        });
    }
}

fn note_place(organization: OrganizationId, row: Uuid) -> Place {
    Place {
        table: "notes",
        column: "text",
        organization: organization.0,
        row,
    }
}

fn notes_of(demo: &Demo, title: &str) -> Reader {
    let id = meeting(demo, "Mei Tanaka", title).unwrap().unwrap()["id"].clone();
    let mut mei = Reader::new();
    signs_in(&mut mei, demo, "Mei Tanaka");
    mei.opens(&demo.at(&format!(
        "/larkspur/meetings/{}/notes",
        id.as_str().unwrap()
    )));
    mei
}

/// The points before and after each commit of whoever seals anew.
fn points() -> Vec<String> {
    let file = "crates/server/src/store/sealed.rs";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    let commits = (1..).zip(text.lines());
    let commits = commits.filter(|(_, line)| line.contains(".commit()"));
    commits
        .flat_map(|(line, _)| {
            ["before", "after"].map(|when| format!("{when} commit {file}:{line}"))
        })
        .collect()
}

fn the_key_is_changed(mut ground: Ground) {
    let demo = ground.starts();
    gets_teams(&demo);
    plan_as(&demo, "Mei Tanaka", "luis@larkspur.example", "Kept").unwrap();
    waits_for_link(&demo, "Mei Tanaka", "Kept");
    let mut mei = notes_of(&demo, "Kept");
    mei.fills("Shared notes", WHAT_WAS_SAID);
    mei.clicks("Save shared notes");
    mei.fills("Your own notes", "Ask again in spring.");
    mei.clicks("Save your notes");
    ground.comes_to_rest(&demo);
    drop(demo);

    let instance = Instance::at(&ground);
    Vault::make_key_file(&ground.folder.file("key-2"), &Randomness::system()).unwrap();
    let both = instance.vault(&["key-2", "ithaca.key"]);
    let larkspur = "SELECT id AS found FROM organizations WHERE slug = 'larkspur'";
    let larkspur: Uuid = ground.rows(larkspur)[0].try_get("", "found").unwrap();
    let larkspur = OrganizationId(larkspur);
    instance.puts_a_reconnection(&instance.vault(&["ithaca.key"]), larkspur);
    let secrets = instance.opens_everything(&both, larkspur);
    assert_eq!(secrets.len(), 6, "four tokens and two notes");
    instance.refuses_without_the_old_key("token");

    let mut deaths = 0;
    for point in points() {
        while {
            ground.arms(1, &point);
            instance.reseals().is_none()
        } {
            deaths += 1;
            assert_eq!(instance.opens_everything(&both, larkspur), secrets);
            if point.starts_with("before") {
                // Nothing was done, and it would die there for ever.
                break;
            }
        }
    }
    ground.disarms();
    assert!(deaths >= 7, "it died {deaths} times");
    let said = instance.reseals().expect("nothing is armed");
    assert!(said.starts_with("0 secrets were sealed anew"), "{said}");
    let new = instance.vault(&["key-2"]);
    assert_eq!(instance.opens_everything(&new, larkspur), secrets);

    // Whatever the old key sealed is needed at the start, whichever kind of secret it is.
    let old = instance.vault(&["ithaca.key"]);
    instance.puts_a_reconnection(&old, larkspur);
    instance.refuses_without_the_old_key("token");
    wait_for(async {
        let tx = ground.store().begin(larkspur).await.unwrap();
        reconnections::delete(&tx, larkspur).await.unwrap();
        tx.commit().await.unwrap();
    });
    let note: Uuid = ground.rows("SELECT id FROM notes ORDER BY id")[0]
        .try_get("", "id")
        .unwrap();
    let sealed = old.seal(note_place(larkspur, note), WHAT_WAS_SAID.as_bytes());
    let on = ground.store().read();
    let text = "UPDATE notes SET text = $1 WHERE id = $2";
    let values = [sealed.into(), note.into()];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), text, values);
    wait_for(on.execute_raw(statement)).unwrap();
    instance.refuses_without_the_old_key("note");
    let said = instance.reseals().unwrap();
    assert!(said.starts_with("1 secrets were sealed anew"), "{said}");
    let keys = wait_for(sealed::keys(ground.store())).unwrap();
    assert!(
        keys.iter().all(|one| one.key == new.current_key()),
        "{keys:?}"
    );

    // With the new key alone, notes are read and Teams meetings are made.
    ground.forgets();
    std::fs::copy(
        ground.folder.file("key-2"),
        ground.folder.file("ithaca.key"),
    )
    .unwrap();
    let demo = ground.starts();
    let mei = notes_of(&demo, "Kept");
    assert!(mei.html().contains(WHAT_WAS_SAID), "{}", mei.html());
    plan_as(
        &demo,
        "Mei Tanaka",
        "luis@larkspur.example",
        "With the new key",
    )
    .unwrap();
    waits_for_link(&demo, "Mei Tanaka", "With the new key");
}

#[test]
fn f39_a_change_of_key_that_dies_after_each_secret_is_finished_on_sqlite() {
    the_key_is_changed(Ground::on_sqlite("key-on-sqlite"));
}

#[test]
fn f39_a_change_of_key_that_dies_after_each_secret_is_finished_on_postgresql() {
    the_key_is_changed(Ground::on_postgres("key-on-postgres"));
}
