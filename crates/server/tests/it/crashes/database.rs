//! The database fails: its disk is full, somebody else holds it, its answers are lost, its
//! pages are damaged.

use std::time::{Duration, Instant};

use sea_orm::{
    ConnectionTrait as _, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};
use serde_json::{Value, json};

use super::deeds::{Gone, asks, asks_with_key, meeting, new_meeting, plan_by_phone};
use super::ground::Ground;
use crate::child::Child;
use crate::demo::Demo;
use crate::proxy::Proxy;
use crate::reader::Reader;
use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::stories::signs_in;
use crate::visitor::Visitor;

/// Plans a meeting, by phone; what came of it.
pub fn plans(demo: &Demo, title: &str, key: &str) -> Result<(u16, Value), Gone> {
    let (path, body) = new_meeting(demo, title, "phone")?;
    asks_with_key(demo, "Mei Tanaka", &path, &body, key)
}

/// Plans meetings until something stands in the way; those that were acknowledged, and the
/// refusal.
fn plans_until_refused(demo: &Demo) -> (Vec<String>, Value) {
    let mut acknowledged = Vec::new();
    let agenda = "Long ago. ".repeat(300);
    for number in 0..5_000 {
        let title = format!("Crowded {number}");
        let (path, mut body) = new_meeting(demo, &title, "phone").expect("Ithaca lives");
        body["agenda"] = json!(agenda);
        let key = title.clone();
        match asks_with_key(demo, "Mei Tanaka", &path, &body, &key).expect("Ithaca lives") {
            (201, _) => acknowledged.push(title),
            (503, problem) => return (acknowledged, problem),
            (status, answer) => panic!("{status} {answer}"),
        }
    }
    panic!("the disk never filled up");
}

#[test]
fn f21_on_a_full_disk_people_can_read_are_told_the_truth_and_go_on_when_there_is_room() {
    let ground = Ground::on_sqlite("full-disk");
    drop(ground.starts());
    // A file of this process may not grow beyond so many blocks of 512 bytes: 3 MB.
    let mut demo = ground.starts_under("trap '' XFSZ; ulimit -S -f 6000");
    let (acknowledged, problem) = plans_until_refused(&demo);
    assert!(!acknowledged.is_empty(), "there was room at first");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("no room left"), "{problem}");
    assert!(detail.contains("Nothing of yours was saved"), "{problem}");

    // Who is there can read, whatever was acknowledged is there, and pages say the same.
    let (status, list) = asks(&demo, "Mei Tanaka", "GET", "/meetings", None).unwrap();
    assert_eq!(status, 200, "{list}");
    for title in [&acknowledged[0], acknowledged.last().unwrap()] {
        assert!(
            meeting(&demo, "Mei Tanaka", title).unwrap().is_some(),
            "N5: {title}"
        );
    }
    let mut luis = Reader::new();
    luis.opens(&demo.url);
    luis.clicks("Continue as Luis Ortega");
    assert_eq!(luis.status(), 503, "{}", luis.text());
    luis.sees("no room left");

    demo.program.may_write_again();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, answer) = plans(&demo, "Room again", "room-again").unwrap();
        if status == 201 {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "it does not recover by itself: {status} {answer}"
        );
        std::thread::sleep(GLANCE);
    }
    // What comes after is kept too, and not in name only.
    assert_eq!(plans(&demo, "And more", "and-more").unwrap().0, 201);
    signs_in(&mut Reader::new(), &demo, "Luis Ortega");
    demo.program.stops();
    drop(demo);
    let demo = ground.starts();
    for title in acknowledged
        .iter()
        .rev()
        .take(5)
        .map(String::as_str)
        .chain(["Room again", "And more"])
    {
        assert!(
            meeting(&demo, "Mei Tanaka", title).unwrap().is_some(),
            "N5: {title}"
        );
    }
    assert_eq!(ground.damages(), Vec::<String>::new());
}

/// That a token is used is noted once in a while; it has just been.
fn have_been_here(demo: &Demo) {
    for who in ["Mei Tanaka", "Luis Ortega"] {
        asks(demo, who, "GET", "/meetings", None).unwrap();
    }
}

#[test]
fn f20_a_change_waits_for_whoever_else_writes_and_nobody_waits_to_read() {
    let ground = Ground::on_sqlite("busy");
    let demo = ground.starts();
    have_been_here(&demo);
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let other = wait_for(ground.store().read().begin_with_options(options)).unwrap();
    std::thread::scope(|scope| {
        let planning = scope.spawn(|| plans(&demo, "After you", "after-you"));
        for _ in 0..20 {
            let (status, _) = asks(&demo, "Luis Ortega", "GET", "/meetings", None).unwrap();
            assert_eq!(status, 200, "to read needs no turn");
        }
        assert!(!planning.is_finished(), "it waits for its turn");
        wait_for(other.rollback()).unwrap();
        let (status, answer) = planning.join().unwrap().unwrap();
        assert_eq!(status, 201, "{answer}");
    });
}

#[test]
fn f20_whoever_waits_too_long_is_told_so_and_may_try_again() {
    let ground = Ground::on_sqlite("too-busy");
    let demo = ground.starts();
    have_been_here(&demo);
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let other = wait_for(ground.store().read().begin_with_options(options)).unwrap();
    let (status, problem) = plans(&demo, "In vain", "in-vain").unwrap();
    assert_eq!(status, 503, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("try again"));
    wait_for(other.rollback()).unwrap();
    assert_eq!(plans(&demo, "In vain", "in-vain").unwrap().0, 201);
}

#[test]
fn f44_forty_who_wait_to_change_one_organization_leave_the_database_to_everybody_else() {
    const AT_ONCE: usize = 40;
    let ground = Ground::on_postgres("crowd");
    let demo = ground.starts();
    for who in ["Mei Tanaka", "Edda Lindqvist"] {
        asks(&demo, who, "GET", "/meetings", None).unwrap();
    }
    ground.comes_to_rest(&demo);
    // Somebody changes Larkspur Health and takes their time.
    let other = wait_for(ground.store().read().begin()).unwrap();
    let takes = "UPDATE organizations SET changes = changes WHERE slug = 'larkspur'";
    wait_for(other.execute_unprepared(takes)).unwrap();
    std::thread::scope(|scope| {
        let planning: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let demo = &demo;
                scope.spawn(move || {
                    let title = format!("Crowd {number}");
                    plans(demo, &title, &title).unwrap()
                })
            })
            .collect();
        let waits = "SELECT COUNT(*) AS found FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + PATIENCE;
        while ground.count(waits) == 0 {
            assert!(Instant::now() < deadline, "nobody waits");
            std::thread::sleep(GLANCE);
        }
        let slowest = (0..5)
            .map(|number| {
                let began = Instant::now();
                for who in ["Edda Lindqvist", "Mei Tanaka"] {
                    let (status, _) = asks(&demo, who, "GET", "/meetings", None).unwrap();
                    assert_eq!(status, 200, "{who} reads");
                }
                let who = ("Edda Lindqvist", "beth.collins@quillfield.example");
                plan_by_phone(&demo, who.0, who.1, &format!("Beside {number}"));
                began.elapsed()
            })
            .max();
        wait_for(other.rollback()).unwrap();
        for (number, one) in planning.into_iter().enumerate() {
            let (mut status, mut answer) = one.join().unwrap();
            // On a busy machine, somebody's turn may come too late.
            if status == 503 {
                assert!(answer["detail"].as_str().unwrap().contains("try again"));
                let title = format!("Crowd {number}");
                (status, answer) = plans(&demo, &title, &title).unwrap();
            }
            assert_eq!(status, 201, "{answer}");
        }
        let slowest = slowest.unwrap();
        assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    });
    ground.audit_has_no_gap();
}

#[test]
fn f23_a_damaged_page_is_named_with_the_next_step_and_nothing_is_repaired() {
    let mut ground = Ground::on_sqlite("damaged");
    drop(ground.starts());
    // Without free pages: nobody looks at what is in those.
    ground.does("VACUUM");
    ground.forgets();
    let file = ground.folder.file("ithaca.db");
    let whole = std::fs::read(&file).unwrap();
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let pages = whole.len() / page;
    assert!(pages > 40, "{pages} pages");
    let mut refused = 0;
    for number in (1..pages).step_by(pages / 12) {
        // The first byte of a page says what kind of page it is. What was written over within
        // a text can't be told from what was meant.
        let mut damaged = whole.clone();
        let at = number * page;
        damaged[at] ^= 0x55;
        std::fs::write(&file, &damaged).unwrap();
        let mut ithaca: Child = ground.begins();
        let status = ithaca.ended();
        let said = ithaca.errors();
        assert_eq!(status.code(), Some(1), "page {number}: {said}");
        assert!(
            said.contains("ithaca.db cannot be opened"),
            "page {number}: {said}"
        );
        assert!(
            said.contains("Restore it from a backup"),
            "page {number}: {said}"
        );
        assert!(
            std::fs::read(&file).unwrap() == damaged,
            "page {number} was touched"
        );
        refused += 1;
    }
    assert!(refused >= 12);
    std::fs::write(&file, &whole).unwrap();
    signs_in(&mut Reader::new(), &ground.starts(), "Mei Tanaka");
}

#[test]
fn f24_the_answer_to_a_commit_is_lost_and_the_request_may_be_sent_again() {
    let mut ground = Ground::on_postgres("commit-unknown");
    let proxy = Proxy::to(ground.postgres_address(), b"COMMIT");
    ground.goes_through(proxy.address);
    let demo = ground.starts();
    let mut lost = 0;
    for nth in 1..=5 {
        let title = format!("Unknown {nth}");
        // What happens by itself commits too; it is quiet when this begins. A claim whose
        // answer was lost would hold its rows until the lease runs out.
        ground.leases_run_out();
        ground.comes_to_rest(&demo);
        proxy.loses_the_answer(nth);
        let first = plans(&demo, &title, &title).unwrap();
        lost += usize::from(proxy.has_lost_one());
        proxy.loses_the_answer(0);
        // The request that died holds its key for a minute, which nobody waits for here.
        ground.does("UPDATE idempotency_keys SET lease_until = 0");
        let deadline = Instant::now() + PATIENCE;
        let again = loop {
            let again = plans(&demo, &title, &title).unwrap();
            if again.0 == 201 {
                break again;
            }
            assert!(Instant::now() < deadline, "{first:?}, then {again:?}");
            std::thread::sleep(GLANCE);
        };
        if first.0 == 201 {
            assert_eq!(first.1["id"], again.1["id"], "N5");
        }
        let made = ground.count(&format!(
            "SELECT COUNT(*) AS found FROM meetings WHERE title = '{title}'"
        ));
        assert_eq!(made, 1, "{title} was made {made} times");
    }
    assert!(lost >= 2, "{lost} answers were lost");
}

#[test]
fn f30_postgresql_is_cut_off_and_everybody_goes_on_once_it_is_back() {
    let mut ground = Ground::on_postgres("cut-off");
    let proxy = Proxy::to(ground.postgres_address(), b"COMMIT");
    ground.goes_through(proxy.address);
    let demo = ground.starts();
    assert_eq!(plans(&demo, "Before", "before").unwrap().0, 201);
    let (path, body) = new_meeting(&demo, "Meanwhile", "phone").unwrap();
    let asks_again = || asks_with_key(&demo, "Mei Tanaka", &path, &body, "meanwhile").unwrap();
    proxy.is_cut();
    let (status, problem) = asks_again();
    assert!(status >= 500, "{status} {problem}");
    proxy.is_mended();
    let deadline = Instant::now() + PATIENCE;
    while asks_again().0 != 201 {
        assert!(Instant::now() < deadline, "it does not find back");
        std::thread::sleep(GLANCE);
    }
    assert!(
        meeting(&demo, "Mei Tanaka", "Before").unwrap().is_some(),
        "N5"
    );
}

#[test]
fn f25_a_change_that_postgresql_takes_back_is_answered_so_and_may_be_sent_again() {
    for (code, name) in [("40001", "serialization"), ("40P01", "deadlock")] {
        let ground = Ground::on_postgres(name);
        let demo = ground.starts();
        ground.does("CREATE SEQUENCE trips");
        ground.does(&format!(
            "CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('trips') <= 1 THEN RAISE EXCEPTION 'once' USING ERRCODE = '{code}'; END IF; \
             RETURN NEW; END $$"
        ));
        ground.does(
            "CREATE TRIGGER trips BEFORE INSERT ON meetings FOR EACH ROW EXECUTE FUNCTION trip()",
        );
        let (status, problem) = plans(&demo, name, name).unwrap();
        assert_eq!(status, 503, "{problem}");
        let (status, answer) = plans(&demo, name, name).unwrap();
        assert_eq!(status, 201, "{answer}");
        assert_eq!(
            ground.count("SELECT COUNT(*) AS found FROM meetings"),
            1,
            "made once"
        );
        ground.audit_has_no_gap();
    }
}
