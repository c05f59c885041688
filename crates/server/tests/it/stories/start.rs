//! What is refused at the start: in a sentence with the remedy, and nothing touched.

use ithaca::clock::Clock;
use ithaca::store::{Place, Store};
use sea_orm::ConnectionTrait as _;

use super::folder::Folder;
use super::{goes_to_the_integration, integrates_as, signs_in};
use crate::child::Child;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::runtime::wait_for;

const ITHACA: &str = env!("CARGO_BIN_EXE_ithaca");

/// Starts the demo on this folder, which has to be refused and to be left as it is.
fn is_refused(folder: &Folder, words: &[&str]) {
    let before = folder.contents();
    let mut demo = Child::starts(
        ITHACA,
        &[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--sandbox-listen",
            "127.0.0.1:0",
            "--data",
            folder.path(),
        ],
        &[],
    );
    let (status, said) = demo.says_at_the_end();
    let errors = demo.errors();
    assert_eq!(status.code(), Some(1), "{said}{errors}");
    for words in words {
        assert!(errors.contains(words), "no {words:?} in {errors}");
    }
    assert_eq!(errors.trim().lines().count(), 1, "{errors}");
    assert!(
        folder.contents() == before,
        "something was touched: {:?}",
        folder.contents().keys()
    );
}

/// A demo that ran in this folder once.
fn has_run(folder: &Folder) {
    let mut demo = Demo::starts_with(&["--data", folder.path()]);
    assert!(demo.program.interrupted().success());
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = Folder::new("newer");
    has_run(&folder);
    wait_for(async {
        let place = Place::Sqlite(folder.file("ithaca.db"));
        let store = Store::connect(&place, Clock::system()).await.unwrap();
        let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
        store.read().execute_unprepared(later).await.unwrap();
        store.close().await;
    });
    is_refused(&folder, &["newer version", "m9999_later", "backup"]);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let folder = Folder::new("no-database");
    has_run(&folder);
    std::fs::write(folder.file("ithaca.db"), "a shopping list").unwrap();
    is_refused(&folder, &["ithaca.db cannot be opened", "backup"]);
}

#[test]
fn k08_a_missing_key_is_not_made_anew() {
    let folder = Folder::new("no-key");
    has_run(&folder);
    std::fs::remove_file(folder.file("ithaca.key")).unwrap();
    is_refused(&folder, &["ithaca.key is missing", "Put it back"]);
}

#[test]
fn k08_a_key_that_opens_no_token_is_refused_by_the_name_of_the_other() {
    let folder = Folder::new("other-key");
    let mut demo = Demo::starts_with(&["--data", folder.path()]);
    let mut amara = Reader::new();
    signs_in(&mut amara, &demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    integrates_as(&mut amara, "scheduler@larkspur.example");
    assert!(demo.program.interrupted().success());
    let key = folder.file("ithaca.key");
    std::fs::remove_file(&key).unwrap();
    let made = Child::starts(
        ITHACA,
        &["key", "create", key.to_str().expect("the path is text")],
        &[],
    )
    .ended();
    assert!(made.success());
    is_refused(&folder, &["sealed with key", "which is not here"]);
}

#[test]
fn a_directory_that_cannot_be_is_refused() {
    let folder = Folder::new("no-directory");
    std::fs::write(folder.file("a file"), "").unwrap();
    let below = folder.file("a file").join("data");
    let mut demo = Child::starts(
        ITHACA,
        &[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--sandbox-listen",
            "127.0.0.1:0",
            "--data",
            below.to_str().expect("the path is text"),
        ],
        &[],
    );
    assert_eq!(demo.ended().code(), Some(1));
    let errors = demo.errors();
    assert!(
        errors.contains("cannot be made") && errors.contains("--data"),
        "{errors}"
    );
}

/// Whatever people call their folders: in a database's address it would mean something else.
#[test]
fn a_directory_may_have_any_name() {
    let folder = Folder::new("sails & oars? 100%41 #1");
    has_run(&folder);
    assert!(folder.file("ithaca.db").exists());
}

#[test]
fn a_flag_that_makes_no_sense_is_answered_in_one_sentence() {
    for (flags, words) in [
        (&["demo", "--listen", "here"][..], "--listen"),
        (&["demo", "--sandbox-listen", "1"], "--sandbox-listen"),
        (&["demo", "--data"], "--data"),
        (&["demo", "--jsn"], "--json"),
        (&["serve"], "--config"),
        (&["organization", "create", "X"], "--slug"),
        (&["sail"], "sail"),
    ] {
        let mut ithaca = Child::starts(ITHACA, flags, &[]);
        let (status, said) = ithaca.says_at_the_end();
        let errors = ithaca.errors();
        assert_eq!((status.code(), said.as_str()), (Some(2), ""), "{errors}");
        assert!(errors.contains(words), "{errors}");
        assert_eq!(errors.trim().lines().count(), 1, "{errors}");
    }
}
