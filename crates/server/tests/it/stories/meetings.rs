//! What many meetings at once do to Teams, to the mailboxes and to the store.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    creates_a_teams_meeting, demo_with_teams, goes_home, goes_to_the_integration, removes_teams,
    signs_in,
};
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::visitor::Visitor;

/// Meetings at the sandbox that are not the trial of a live test.
fn teams_meetings(demo: &Demo) -> Vec<Value> {
    let truth = demo.asks_the_sandbox("truth");
    let meetings = truth["meetings"].as_array().expect("a list");
    meetings
        .iter()
        .filter(|meeting| {
            !meeting["external_id"]
                .as_str()
                .unwrap_or_default()
                .starts_with("trial:")
        })
        .cloned()
        .collect()
}

/// Twelve in a row keep links, mail and pages busy at the same time: nothing waits for
/// itself, and each has one Teams meeting of its own and one invitation a person (N1, N3).
#[test]
fn twelve_meetings_in_a_row_have_one_teams_meeting_and_one_invitation_each() {
    const MEETINGS: usize = 12;
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    for number in 1..=MEETINGS {
        goes_home(&mut mei, &demo);
        creates_a_teams_meeting(
            &mut mei,
            "New Managers",
            &format!("Talk {number}"),
            &["Luis Ortega"],
        );
    }
    let letters = mailbox::waits_for(&demo, "luis@larkspur.example", MEETINGS);
    let told: BTreeSet<&str> = letters.iter().map(|letter| letter.uid.as_str()).collect();
    assert_eq!((letters.len(), told.len()), (MEETINGS, MEETINGS));
    let meetings = teams_meetings(&demo);
    let made: BTreeSet<&str> = meetings
        .iter()
        .filter_map(|meeting| meeting["external_id"].as_str())
        .collect();
    assert_eq!((meetings.len(), made.len()), (MEETINGS, MEETINGS));
    assert!(
        meetings
            .iter()
            .all(|meeting| meeting["deleted_at"].is_null())
    );
}

/// What Microsoft was asked for is what the article promises, and nothing else.
#[test]
fn s13_s20_microsoft_is_asked_for_people_and_meetings_alone() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First talk", &["Luis Ortega"]);
    let truth = demo.asks_the_sandbox("truth");
    let routes = truth["calls"]["by_route"].as_object().expect("routes");
    let graph: Vec<&String> = routes
        .keys()
        .filter(|route| route.contains("/v1.0/"))
        .collect();
    assert!(!graph.is_empty());
    for route in graph {
        let promised = [
            "/onlineMeetings",
            "/v1.0/me",
            "/v1.0/organization",
            "/v1.0/$batch",
            "/photos/",
        ];
        assert!(promised.iter().any(|part| route.contains(part)), "{route}");
        assert!(!route.to_lowercase().contains("recording"), "{route}");
    }
    let grants = truth["grants"].to_string();
    for scope in [
        "OnlineMeetings.ReadWrite",
        "User.ReadBasic.All",
        "User.Read",
    ] {
        assert!(grants.contains(scope), "{grants}");
    }
    for more in [
        "Recording",
        "Calendars",
        "Mail",
        "Files",
        "ReadWrite.All",
        "User.Read.All",
    ] {
        assert!(!grants.contains(more), "{grants}");
    }
}

/// After the removal the token is not used again, whatever people do (S12, N8).
#[test]
fn s12_after_the_removal_microsoft_is_asked_nothing_more() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First talk", &["Luis Ortega"]);
    let mut amara = Reader::new();
    signs_in(&mut amara, &demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    removes_teams(&mut amara);
    let calls = |demo: &Demo| demo.asks_the_sandbox("truth")["calls"]["by_organization"].clone();
    let before = calls(&demo);
    goes_home(&mut mei, &demo);
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.sees("Meeting mode");
    assert!(!mei.is_offered("Teams video call"));
    mei.fills("Title", "Second talk");
    mei.ticks("Luis Ortega");
    mei.chooses("Phone");
    mei.clicks("Create meeting");
    mailbox::waits_for(&demo, "luis@larkspur.example", 2);
    assert_eq!(calls(&demo), before);
}
