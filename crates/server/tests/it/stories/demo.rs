//! The demo as the command line promises it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::{
    creates_a_teams_meeting, enables_teams_in, goes_to_the_integration, integrates_as, signs_in,
};
use crate::child::Child;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::visitor::Visitor;

#[test]
fn the_demo_says_in_one_line_where_it_is_and_who_is_there() {
    let demo = Demo::starts();
    assert!(demo.url.starts_with("http://127.0.0.1:"), "{}", demo.url);
    assert!(
        demo.sandbox_url.starts_with("http://localhost:"),
        "{}",
        demo.sandbox_url
    );
    assert!(
        demo.mail_url.starts_with(&demo.sandbox_url),
        "{}",
        demo.mail_url
    );
    let organizations: Vec<_> = demo
        .organizations
        .iter()
        .map(|organization| (organization.slug.as_str(), organization.name.as_str()))
        .collect();
    assert_eq!(
        organizations,
        [
            ("larkspur", "Larkspur Health"),
            ("quillfield", "Quillfield College")
        ]
    );
    assert_eq!(demo.member("Priya Nair").email, "priya@alumni.example");
    assert!(
        demo.member("Amara Okafor")
            .roles
            .iter()
            .any(|role| role.contains("global"))
    );
    assert!(
        demo.member("Luis Ortega")
            .roles
            .iter()
            .any(|role| role.contains("mentee"))
    );
}

#[test]
fn ctrl_c_stops_the_demo_cleanly_and_nothing_stays_behind() {
    let folder = Folder::new("ctrl-c");
    let mut demo = Demo::starts_in(&[("TMPDIR", folder.path())], &[]);
    assert_eq!(folder.entries(), 1);
    let status = demo.program.interrupted();
    assert!(status.success(), "{status}\n{}", demo.program.errors());
    assert_eq!(folder.entries(), 0);
}

#[test]
fn a_demo_with_a_folder_is_there_again_after_a_restart() {
    let folder = Folder::new("restart");
    let mut first = Demo::starts_with(&["--data", folder.path()]);
    let mut amara = Reader::new();
    signs_in(&mut amara, &first, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    integrates_as(&mut amara, "scheduler@larkspur.example");
    assert!(first.program.interrupted().success());

    let mut second = Demo::starts_with(&["--data", folder.path()]);
    let mut amara = Reader::new();
    signs_in(&mut amara, &second, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    amara.sees("scheduler@larkspur.example");
    let mut jonas = Reader::new();
    signs_in(&mut jonas, &second, "Jonas Weber");
    enables_teams_in(&mut jonas, "New Managers");
    // Microsoft's keys, grants and people are the ones from before, so that calls go on.
    let mut mei = Reader::new();
    signs_in(&mut mei, &second, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let meeting = mei.address();
    assert!(second.program.interrupted().success());

    let third = Demo::starts_with(&["--data", folder.path()]);
    let mut mei = Reader::new();
    signs_in(&mut mei, &third, "Mei Tanaka");
    mei.opens(&meeting.replace(&second.url, &third.url));
    mei.sees("Join Teams meeting");
    let truth = third.asks_the_sandbox("truth").to_string();
    assert!(truth.contains("First steps"), "{truth}");
}

/// A power cut takes nothing with it that was said to be there.
#[test]
fn a_demo_that_was_killed_is_there_again() {
    let folder = Folder::new("killed");
    let first = Demo::starts_with(&["--data", folder.path()]);
    let mut mei = Reader::new();
    signs_in(&mut mei, &first, "Mei Tanaka");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.fills("Title", "Before the lights went out");
    mei.ticks("Luis Ortega");
    mei.chooses("Phone");
    mei.clicks("Create meeting");
    mei.sees("The meeting is planned");
    first.program.is_killed();

    let second = Demo::starts_with(&["--data", folder.path()]);
    let mut mei = Reader::new();
    signs_in(&mut mei, &second, "Mei Tanaka");
    mei.sees("Before the lights went out");
}

#[test]
fn the_demo_is_ready_within_a_second() {
    // Built without optimizations and beside other tests, it may need another try.
    let ready = (0..10).any(|_| {
        let before = Instant::now();
        Demo::starts();
        before.elapsed() < Duration::from_secs(1)
    });
    assert!(ready, "of ten starts, none took less than a second");
}

#[test]
fn a_port_in_use_is_refused_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = taken.local_addr().expect("it is bound");
    let mut demo = Child::starts(
        env!("CARGO_BIN_EXE_ithaca"),
        &[
            "demo",
            "--listen",
            &address.to_string(),
            "--sandbox-listen",
            "127.0.0.1:0",
            "--json",
        ],
        &[],
    );
    assert!(!demo.ended().success());
    assert!(
        demo.errors().contains(&address.port().to_string()),
        "{}",
        demo.errors()
    );
    assert!(demo.errors().contains("--listen"), "{}", demo.errors());
}
