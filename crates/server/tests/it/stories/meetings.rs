//! What many meetings at once do to Teams, to the mailboxes and to the store.

use std::collections::BTreeSet;

use ithaca::clock::Clock;
use ithaca::store::{Place, Store};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::Value;

use super::folder::Folder;
use super::{
    confirms, creates_a_teams_meeting, demo_with_teams, enables_teams_in, gets_teams, goes_home,
    goes_to_the_integration, integrates_as, removes_teams, signs_in,
};
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::runtime::wait_for;
use crate::visitor::Visitor;

const SCHEDULER: &str = "scheduler@larkspur.example";
const QUILLFIELDS_TRACK: &str = "First Year";

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

/// Both choices of a removal end with an empty table, and nothing of it stays in the files
/// (S12, K-10). Here: the Teams meetings are deleted.
#[test]
fn s12_what_was_removed_is_nowhere_in_the_files() {
    let folder = Folder::new("removed");
    let mut demo = Demo::starts_with(&["--data", folder.path()]);
    gets_teams(&demo);
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First talk", &["Luis Ortega"]);
    let mut amara = Reader::new();
    signs_in(&mut amara, &demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    amara.clicks("Remove Microsoft Teams");
    amara.chooses("Delete the Teams meetings");
    amara.chooses("Phone");
    confirms(&mut amara);
    amara.clicks("Remove");
    amara.comes_to_see("Microsoft Entra admin center");
    assert!(
        teams_meetings(&demo)
            .iter()
            .all(|meeting| !meeting["deleted_at"].is_null())
    );
    let meeting = mei.address();
    mei.opens(&meeting);
    mei.sees("Phone");
    mei.does_not_see("Join Teams meeting");
    let letters = mailbox::waits_for(&demo, "luis@larkspur.example", 2);
    let told = letters.iter().find(|letter| letter.sequence > 0);
    told.expect("Luis is told")
        .is_calendar_mail("REQUEST", "First talk");
    assert!(demo.program.interrupted().success());

    for (file, text) in folder.contents() {
        let name = file.file_name().unwrap_or_default();
        let found = text
            .windows(SCHEDULER.len())
            .any(|part| part == SCHEDULER.as_bytes());
        assert!(name == "sandbox.json" || !found, "{}", file.display());
    }
    wait_for(async {
        let place = Place::Sqlite(folder.file("ithaca.db"));
        let store = Store::connect(&place, Clock::system()).await.unwrap();
        for table in ["credentials", "directory_accounts", "consents"] {
            let rows = format!("SELECT 1 FROM {table}");
            let rows = Statement::from_string(DbBackend::Sqlite, rows);
            let rows = store.read().query_all_raw(rows).await.unwrap();
            assert!(rows.is_empty(), "{table}");
        }
        store.close().await;
    });
}

/// Whoever kept the links of a removed integration is told what that means, and nothing
/// that Ithaca no longer knows.
#[test]
fn s12_a_kept_link_is_shown_without_a_forecast() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First talk", &["Luis Ortega"]);
    mei.sees("walks in");
    let mut amara = Reader::new();
    signs_in(&mut amara, &demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    removes_teams(&mut amara);
    let meeting = mei.address();
    mei.opens(&meeting);
    mei.sees("The link goes on working");
    assert!(mei.is_offered("Join Teams meeting"));
    mei.does_not_see("walks in");
    mei.does_not_see("lets them in");
}

/// Two organizations do everything at the same time, and nothing of one gets to the other
/// (K-05).
#[test]
fn k05_two_organizations_at_the_same_time_have_tenants_of_their_own() {
    let demo = Demo::starts();
    std::thread::scope(|at_once| {
        at_once.spawn(|| {
            gets_teams(&demo);
            let mut mei = Reader::new();
            signs_in(&mut mei, &demo, "Mei Tanaka");
            for title in ["Larkspur one", "Larkspur two", "Larkspur three"] {
                goes_home(&mut mei, &demo);
                creates_a_teams_meeting(&mut mei, "New Managers", title, &["Luis Ortega"]);
            }
        });
        at_once.spawn(|| {
            let mut edda = Reader::new();
            signs_in(&mut edda, &demo, "Edda Lindqvist");
            goes_to_the_integration(&mut edda);
            integrates_as(&mut edda, "scheduler@quillfield.example");
            goes_home(&mut edda, &demo);
            enables_teams_in(&mut edda, QUILLFIELDS_TRACK);
            let mut david = Reader::new();
            signs_in(&mut david, &demo, "David Osei");
            for title in ["Quillfield one", "Quillfield two", "Quillfield three"] {
                goes_home(&mut david, &demo);
                creates_a_teams_meeting(&mut david, QUILLFIELDS_TRACK, title, &["Beth Collins"]);
            }
        });
    });
    let meetings = teams_meetings(&demo);
    assert_eq!(meetings.len(), 6);
    for meeting in meetings {
        let company = meeting["subject"].as_str().unwrap_or_default();
        let company = company.split(' ').next().unwrap_or_default().to_lowercase();
        let other = ["larkspur", "quillfield"]
            .into_iter()
            .find(|name| *name != company);
        let text = meeting.to_string().to_lowercase();
        assert!(!text.contains(other.expect("there are two")), "{text}");
    }
    for (address, count) in [
        ("luis@larkspur.example", 3),
        ("beth.collins@quillfield.example", 3),
    ] {
        assert_eq!(mailbox::waits_for(&demo, address, count).len(), count);
    }
}
