//! The process ends: asked to, half-way through that, by force, or it runs out of files or
//! of memory.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use ithaca::clock::Randomness;
use serde_json::json;

use super::database::plans;
use super::deeds::{asks, asks_with_key, meeting, new_meeting, waits_for_link};
use super::ground::Ground;
use crate::runtime::{GLANCE, PATIENCE};
use crate::stories::gets_teams;

const HELD: &str = "SELECT COUNT(*) AS found FROM meeting_links WHERE lease_owner IS NOT NULL";

fn asks_to_end(ground: &Ground, microsoft_takes_ms: u32) {
    let mut demo = ground.starts();
    gets_teams(&demo);
    ground.comes_to_rest(&demo);
    let slow = json!({
        "on": { "path_prefix": "/v1.0/me/onlineMeetings" },
        "do": { "delay_ms": microsoft_takes_ms },
    });
    demo.tells_the_sandbox("POST", "faults", &slow.to_string());
    let (path, body) = super::deeds::new_meeting(&demo, "Unfinished", "teams").unwrap();
    let (status, answer) = asks(&demo, "Mei Tanaka", "POST", &path, Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
    let deadline = Instant::now() + PATIENCE;
    while ground.count(HELD) == 0 {
        assert!(Instant::now() < deadline, "nobody works on the link");
        std::thread::sleep(GLANCE);
    }
    let began = Instant::now();
    demo.program.is_asked_to_end();
    let status = demo.program.ended_within(Duration::from_secs(30));
    assert!(status.success(), "{}", demo.program.errors());
    assert!(
        began.elapsed() < Duration::from_secs(28),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(ground.count(HELD), 0, "the leases are given back");

    demo.tells_the_sandbox("DELETE", "faults", "");
    let demo = ground.starts();
    waits_for_link(&demo, "Mei Tanaka", "Unfinished");
    let truth = demo.asks_the_sandbox("truth");
    let live = truth["meetings"].as_array().unwrap().iter();
    let live = live.filter(|one| one["deleted"] == false && one["subject"] == "Unfinished");
    assert_eq!(live.count(), 1, "N1");
}

#[test]
fn f36_whoever_is_asked_to_end_finishes_the_row_at_hand() {
    asks_to_end(&Ground::on_sqlite("drains"), 500);
}

#[test]
fn f36_who_waits_for_microsoft_for_too_long_gives_the_lease_back_and_ends() {
    asks_to_end(&Ground::on_postgres("gives-back"), 29_000);
}

#[test]
fn f36_f22_killed_at_random_moments_under_load_everything_acknowledged_is_there() {
    let seed = std::env::var("ITHACA_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(36);
    println!("ITHACA_TEST_SEED={seed}");
    let randomness = Randomness::seeded(seed);
    let ground = Ground::on_sqlite("random-end");
    let mut acknowledged = Vec::new();
    for round in 0..8 {
        let mut demo = ground.starts();
        let [moment, manner]: [u8; 2] = randomness.bytes();
        std::thread::scope(|scope| {
            let demo = &demo;
            let writers: Vec<_> = (0..3)
                .map(|writer| {
                    scope.spawn(move || {
                        let mut done = Vec::new();
                        for number in 0.. {
                            let title = format!("Load {round} {writer} {number}");
                            match plans(demo, &title, &title) {
                                Ok((201, _)) => done.push(title),
                                _ => return done,
                            }
                        }
                        done
                    })
                })
                .collect();
            // A moment is meant to be any: nothing is waited for.
            let passes = |milliseconds: u64| {
                let (_never, nothing) = std::sync::mpsc::channel::<()>();
                let _ = nothing.recv_timeout(Duration::from_millis(milliseconds));
            };
            passes(100 + 3 * u64::from(moment));
            if manner.is_multiple_of(2) {
                demo.program.is_asked_to_end();
                passes(manner.into());
            }
            demo.program.is_killed();
            for writer in writers {
                acknowledged.extend(writer.join().unwrap());
            }
        });
        demo.program.ended();
    }
    let demo = ground.starts();
    assert_eq!(ground.damages(), Vec::<String>::new(), "F22");
    assert!(
        acknowledged.len() > 8,
        "{} were acknowledged",
        acknowledged.len()
    );
    let kept: Vec<String> = ground
        .rows("SELECT title FROM meetings")
        .iter()
        .map(|row| row.try_get("", "title").unwrap())
        .collect();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|title| !kept.contains(title))
        .collect();
    assert!(
        lost.is_empty(),
        "N5: lost {lost:?} of {}",
        acknowledged.len()
    );
    ground.audit_has_no_gap();
    assert!(
        meeting(&demo, "Mei Tanaka", &acknowledged[0])
            .unwrap()
            .is_some()
    );
}

#[test]
fn f42_when_files_run_out_the_program_lives_and_answers_once_there_are_some() {
    let ground = Ground::on_sqlite("files");
    let mut demo = ground.starts_under("ulimit -n 60");
    let address = demo.url.trim_start_matches("http://").to_owned();
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..120 {
        // The kernel takes them in until its queue is full.
        let Ok(stream) = TcpStream::connect(&address) else {
            break;
        };
        idle.push(stream);
    }
    assert!(idle.len() > 60, "{} connections", idle.len());
    let deadline = Instant::now() + PATIENCE;
    while !demo.program.errors().contains("could not be accepted") {
        assert!(Instant::now() < deadline, "files never ran out");
        std::thread::sleep(GLANCE);
    }
    assert!(!demo.program.has_ended());
    drop(idle);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match asks(&demo, "Mei Tanaka", "GET", "/meetings", None) {
            Ok((200, _)) => break,
            other => assert!(Instant::now() < deadline, "{other:?}"),
        }
        std::thread::sleep(GLANCE);
    }
    assert_eq!(plans(&demo, "Files again", "files-again").unwrap().0, 201);
}

#[test]
fn f42_when_memory_runs_out_everything_acknowledged_is_there_after_the_next_start() {
    let ground = Ground::on_sqlite("memory");
    let mut demo = ground.starts();
    let mut acknowledged = Vec::new();
    for number in 0..3 {
        let title = format!("Before {number}");
        assert_eq!(plans(&demo, &title, &title).unwrap().0, 201);
        acknowledged.push(title);
    }
    demo.program.gets_little_more_memory();
    let has_run_out = |demo: &mut crate::demo::Demo| {
        let said = demo.program.errors();
        // Of a thread that found none, the kernel says that it should try again.
        demo.program.has_ended() || said.contains("memory") || said.contains("os error 11")
    };
    let deadline = Instant::now() + PATIENCE;
    let agenda = "Long ago. ".repeat(300);
    for round in 0.. {
        if has_run_out(&mut demo) {
            break;
        }
        assert!(Instant::now() < deadline, "there is always more memory");
        let done = std::thread::scope(|scope| {
            let (demo, agenda) = (&demo, &agenda);
            // Ever more at once, until there is no room for all of them.
            let writers: Vec<_> = (0..8 * (round + 1))
                .map(|writer| {
                    scope.spawn(move || {
                        let title = format!("Tight {round} {writer}");
                        let (path, mut body) = new_meeting(demo, &title, "phone").ok()?;
                        body["agenda"] = json!(agenda);
                        let (status, _) =
                            asks_with_key(demo, "Mei Tanaka", &path, &body, &title).ok()?;
                        (status == 201).then_some(title)
                    })
                })
                .collect();
            let ended = writers.into_iter().filter_map(|one| one.join().ok());
            ended.flatten().collect::<Vec<_>>()
        });
        acknowledged.extend(done);
    }
    println!("{} were acknowledged", acknowledged.len());
    assert!(acknowledged.len() > 3, "it ran out before anybody asked");
    if !demo.program.has_ended() {
        demo.program.is_killed();
    }
    demo.program.ended();
    drop(demo);
    let demo = ground.starts();
    assert_eq!(ground.damages(), Vec::<String>::new());
    for title in &acknowledged {
        let kept = meeting(&demo, "Mei Tanaka", title).unwrap();
        assert!(kept.is_some(), "N5: {title}");
    }
    ground.audit_has_no_gap();
    assert_eq!(plans(&demo, "Room again", "room-again").unwrap().0, 201);
}
