//! A demo whose sandbox tenant runs apart, so that Ithaca may die while the truth stays.

use super::folder::Folder;
use super::{
    creates_a_teams_meeting, enables_teams_in, goes_to_the_integration, integrates_as, signs_in,
};
use crate::child::Child;
use crate::demo::Demo;
use crate::reader::Reader;
use crate::standalone::Standalone;
use crate::visitor::Visitor;

#[test]
fn ithaca_is_killed_and_the_truth_stays() {
    let sandbox = Standalone::starts("apart");
    let folder = Folder::new("apart");
    let flags = [
        "--sandbox-url",
        &sandbox.first_line.url,
        "--sandbox-admin-url",
        &sandbox.first_line.admin_url,
        "--data",
        folder.path(),
    ];
    let first = Demo::starts_with(&flags);
    assert_eq!(first.sandbox_url, sandbox.first_line.url);
    assert_eq!(first.sandbox_admin_url, sandbox.first_line.admin_url);
    let mut amara = Reader::new();
    signs_in(&mut amara, &first, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    integrates_as(&mut amara, "scheduler@larkspur.example");
    let mut jonas = Reader::new();
    signs_in(&mut jonas, &first, "Jonas Weber");
    enables_teams_in(&mut jonas, "New Managers");
    let mut mei = Reader::new();
    signs_in(&mut mei, &first, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let (meeting, url) = (mei.address(), first.url.clone());
    first.program.is_killed();

    let second = Demo::starts_with(&flags);
    let truth = second.asks_the_sandbox("truth");
    let meetings = truth["meetings"].as_array().unwrap();
    let kept = meetings
        .iter()
        .filter(|one| one["subject"] == "First steps");
    assert_eq!(kept.count(), 1, "{truth}");
    let mut mei = Reader::new();
    signs_in(&mut mei, &second, "Mei Tanaka");
    mei.opens(&meeting.replace(&url, &second.url));
    mei.sees("Join Teams meeting");
    // The grant of before still opens Microsoft, and mail goes where it went.
    creates_a_teams_meeting(&mut mei, "New Managers", "Second steps", &["Luis Ortega"]);
    let mail = second.asks_the_sandbox("mail").to_string();
    assert!(mail.contains("luis@larkspur.example"), "{mail}");
}

#[test]
fn a_sandbox_that_is_not_there_is_named_with_the_remedy() {
    let mut demo = Child::starts(
        env!("CARGO_BIN_EXE_ithaca"),
        &[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--sandbox-url",
            "http://localhost:1",
            "--sandbox-admin-url",
            "http://localhost:1",
        ],
        &[],
    );
    assert_eq!(demo.ended().code(), Some(1));
    let said = demo.errors();
    assert!(said.contains("Start it with `ithaca sandbox`"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
