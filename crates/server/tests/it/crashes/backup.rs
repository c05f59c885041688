//! A backup taken while people work, brought back elsewhere: it is whole, and it does nothing
//! before somebody says that it is the only one.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use super::checker;
use super::database::plans;
use super::deeds::{asks, meeting, new_meeting, waits_for_link};
use super::ground::{Ground, Instance};
use crate::demo::Demo;
use crate::reader::Reader;
use crate::stories::folder::Folder;
use crate::stories::{gets_teams, signs_in};
use crate::visitor::Visitor;

/// How often Microsoft was asked and how many mails came, in all.
fn noise(demo: &Demo) -> (Value, usize) {
    let truth = demo.asks_the_sandbox("truth");
    let mail = demo.asks_the_sandbox("mail");
    (
        truth["calls"]["total"].clone(),
        mail.as_array().unwrap().len(),
    )
}

fn plans_on_teams(demo: &Demo, title: &str) {
    let (path, body) = new_meeting(demo, title, "teams").unwrap();
    let (status, answer) = asks(demo, "Mei Tanaka", "POST", &path, Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
}

/// People can look at a fenced instance and do nothing else, and it does nothing either.
fn only_shows(demo: &Demo, before: &(Value, usize), planned: &str) {
    let mut amara = Reader::new();
    signs_in(&mut amara, demo, "Amara Okafor");
    amara.sees("ithaca unfence");
    let mut mei = Reader::new();
    signs_in(&mut mei, demo, "Mei Tanaka");
    mei.sees("This Ithaca was restored from a backup. You can look");
    mei.does_not_see("ithaca unfence");
    mei.clicks("Sign out");
    assert!(meeting(demo, "Mei Tanaka", planned).unwrap().is_some());
    let (status, problem) = plans(demo, "Too early", "too-early").unwrap();
    assert_eq!(status, 503, "{problem}");
    assert_eq!(problem["type"], "/api#read-only", "{problem}");
    assert_eq!(&noise(demo), before, "it asked or told somebody something");
}

#[test]
fn f40_a_backup_under_load_is_whole_and_its_restore_is_quiet_until_it_is_the_only_one() {
    let ground = Ground::on_sqlite("backed-up");
    let original = ground.starts();
    gets_teams(&original);
    plans_on_teams(&original, "Kept");
    waits_for_link(&original, "Mei Tanaka", "Kept");
    let id = meeting(&original, "Mei Tanaka", "Kept").unwrap().unwrap()["id"].clone();
    // An update that waits for its settle time, which a copy would send a second time.
    let change = serde_json::json!({ "duration_minutes": 50 });
    let path = format!("/meetings/{}", id.as_str().unwrap());
    asks(&original, "Mei Tanaka", "PATCH", &path, Some(&change)).unwrap();

    let here = Instance::at(&ground);
    let file = ground.folder.file("copy.backup");
    let file = file.to_str().unwrap();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            (0..60)
                .take_while(|number| {
                    let title = format!("Load {number}");
                    plans(&original, &title, &title).unwrap().0 == 201
                })
                .count()
        });
        let said = here.does(&["backup", file]);
        assert!(said.contains("Its tokens are sealed with k"), "{said}");
        assert_eq!(load.join().unwrap(), 60, "nobody is held up");
    });
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only its owner reads it");
    let refused = here.refuses(&["backup", file]);
    assert!(refused.contains("never written over"), "{refused}");

    // Its machine is lost, and the backup is brought back on another one.
    ground.comes_to_rest(&original);
    drop(original);
    let elsewhere = Ground::beside(&ground, "restored");
    std::fs::copy(
        ground.folder.file("ithaca.key"),
        elsewhere.folder.file("ithaca.key"),
    )
    .unwrap();
    let there = Instance::at(&elsewhere);
    let said = there.does(&["restore", file]);
    assert!(said.contains("ithaca unfence"), "{said}");
    let refused = there.refuses(&["restore", file]);
    assert!(refused.contains("Add --replace"), "{refused}");
    assert_eq!(elsewhere.damages(), Vec::<String>::new());

    let copy = elsewhere.starts();
    let refused = there.refuses(&["restore", file, "--replace"]);
    assert!(refused.contains("Another Ithaca works on"), "{refused}");
    only_shows(&copy, &noise(&copy), "Kept");
    let dropped = "SELECT COUNT(*) AS found FROM outbox WHERE fate = 'dropped'";
    assert_eq!(elsewhere.count(dropped), 0);

    let said = there.does(&["unfence"]);
    assert!(said.contains("Ithaca works again"), "{said}");
    assert!(
        elsewhere.count(dropped) > 0,
        "yesterday's messages are not sent"
    );
    plans_on_teams(&copy, "Afterwards");
    waits_for_link(&copy, "Mei Tanaka", "Afterwards");
    let mut mei = Reader::new();
    signs_in(&mut mei, &copy, "Mei Tanaka");
    mei.does_not_see("restored from a backup");
    elsewhere.comes_to_rest(&copy);
    for title in ["Kept", "Afterwards"] {
        let truth = copy.asks_the_sandbox("truth");
        assert_eq!(checker::live_of(&truth, title).len(), 1, "N1: {title}");
    }
    assert_eq!(there.does(&["unfence"]).trim(), "Ithaca is not fenced.");
}

#[test]
fn f23_a_backup_that_is_damaged_newer_or_without_its_key_is_refused_and_nothing_touched() {
    let ground = Ground::on_sqlite("bad-backups");
    let original = ground.starts();
    gets_teams(&original);
    drop(original);
    let good = ground.folder.file("good.backup");
    Instance::at(&ground).does(&["backup", good.to_str().unwrap()]);
    let whole = std::fs::read(&good).unwrap();

    let elsewhere = Ground::beside(&ground, "bad-restores");
    let there = Instance::at(&elsewhere);
    let bad = elsewhere.folder.file("bad.backup");
    let tries = |bytes: &[u8], sentence: &str| {
        std::fs::write(&bad, bytes).unwrap();
        let said = there.refuses(&["restore", bad.to_str().unwrap()]);
        assert!(said.contains(sentence), "{said}");
        let left = elsewhere.folder.contents();
        let left: Vec<_> = left
            .keys()
            .filter(|file| file.to_string_lossy().contains("ithaca.db"))
            .collect();
        assert!(
            left.iter().all(|file| file.ends_with("ithaca.db.lock")),
            "{left:?}"
        );
    };
    Command::new(env!("CARGO_BIN_EXE_ithaca"))
        .args(["key", "create"])
        .arg(elsewhere.folder.file("ithaca.key"))
        .output()
        .unwrap();
    tries(&whole, "which is not here");
    std::fs::copy(
        ground.folder.file("ithaca.key"),
        elsewhere.folder.file("ithaca.key"),
    )
    .unwrap();
    tries(b"a shopping list", "cannot be restored");
    tries(&whole[..whole.len() / 2], "cannot be restored");
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let mut damaged = whole.clone();
    damaged[5 * page] ^= 0x55;
    tries(&damaged, "cannot be restored");
    std::fs::write(elsewhere.folder.file("later.db"), &whole).unwrap();
    elsewhere.does_in(
        "later.db",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)",
    );
    let later = std::fs::read(elsewhere.folder.file("later.db")).unwrap();
    tries(&later, "newer version");
    there.does(&["restore", good.to_str().unwrap()]);
}

#[test]
fn f40_what_postgresql_reads_in_from_a_dump_is_fenced_by_itself() {
    let ground = Ground::on_postgres("dumped");
    let original = ground.starts();
    gets_teams(&original);
    plans_on_teams(&original, "Kept");
    waits_for_link(&original, "Mei Tanaka", "Kept");
    ground.comes_to_rest(&original);
    drop(original);
    let dump = ground.folder.file("ithaca.dump");
    let dump = dump.to_str().unwrap();
    Ground::runs_postgres(
        "pg_dump",
        &["--format=custom", "--file", dump],
        ground.url(),
    );

    // Into another database, and into its own.
    let mut elsewhere = Ground::beside_on_postgres(&ground, "read-in");
    Ground::runs_postgres(
        "pg_restore",
        &["--no-owner", dump, "--dbname"],
        elsewhere.url(),
    );
    std::fs::copy(
        ground.folder.file("ithaca.key"),
        elsewhere.folder.file("ithaca.key"),
    )
    .unwrap();
    let copy = elsewhere.starts();
    only_shows(&copy, &noise(&copy), "Kept");
    drop(copy);
    elsewhere.forgets();

    let again = ground.starts();
    signs_in(&mut Reader::new(), &again, "Mei Tanaka");
    assert_eq!(
        plans(&again, "Original", "original").unwrap().0,
        201,
        "the original goes on"
    );
    ground.comes_to_rest(&again);
    drop(again);
    Ground::runs_postgres(
        "pg_restore",
        &["--no-owner", "--clean", "--if-exists", dump, "--dbname"],
        ground.url(),
    );
    let copy = ground.starts();
    only_shows(&copy, &noise(&copy), "Kept");
    let said = Instance::at(&ground).does(&["unfence"]);
    assert!(said.contains("Ithaca works again"), "{said}");
    plans_on_teams(&copy, "Afterwards");
    waits_for_link(&copy, "Mei Tanaka", "Afterwards");
    drop(copy);
    let copy = ground.starts();
    assert_eq!(
        plans(&copy, "Once more", "once-more").unwrap().0,
        201,
        "and stays so"
    );
}

#[test]
fn an_operator_fences_an_instance_while_it_runs() {
    let ground = Ground::on_sqlite("fenced");
    let demo = ground.starts();
    gets_teams(&demo);
    ground.comes_to_rest(&demo);
    let here = Instance::at(&ground);
    here.does(&["fence"]);
    let (status, problem) = plans(&demo, "Behind", "behind").unwrap();
    assert_eq!(status, 503, "{problem}");
    here.does(&["unfence"]);
    assert_eq!(plans(&demo, "Behind", "behind").unwrap().0, 201);
    drop(Folder::new("fenced-after"));
}
