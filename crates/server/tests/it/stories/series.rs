//! A series on Teams, and what becomes of it when the ground under it changes.

use serde_json::Value;

use super::{
    confirms, demo_with_teams, goes_home, goes_to_the_integration, goes_to_the_permissions_of,
    signs_in,
};
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::runtime::{GLANCE, PATIENCE};
use crate::visitor::Visitor;

const LUIS: &str = "luis@larkspur.example";

fn reader(demo: &Demo, name: &str) -> Reader {
    let mut reader = Reader::new();
    signs_in(&mut reader, demo, name);
    reader
}

/// Plans five weeks with Luis on Teams, and waits for the link; answers the page's address.
fn plans_five_weeks(mei: &mut Reader) -> String {
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.comes_to_see("Teams video call");
    mei.fills("Title", "Every week");
    mei.ticks("Luis Ortega");
    mei.fills("Repetition", "Every week");
    mei.fills("How many times", "5");
    mei.chooses("Teams video call");
    mei.clicks("Create meeting");
    mei.comes_to_see("Join Teams meeting");
    mei.address()
}

/// The Teams meetings of that title at the sandbox, once they are as they should be.
fn teams_meetings(demo: &Demo, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let truth = demo.asks_the_sandbox("truth");
        let meetings: Vec<Value> = truth["meetings"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|meeting| meeting["subject"] == "Every week")
            .cloned()
            .collect();
        if wanted(&meetings) {
            return meetings;
        }
        assert!(std::time::Instant::now() < deadline, "{meetings:?}");
        std::thread::sleep(GLANCE);
    }
}

fn is_deleted(meetings: &[Value]) -> bool {
    !meetings.is_empty()
        && meetings
            .iter()
            .all(|meeting| !meeting["deleted_at"].is_null())
}

#[test]
fn a_series_has_one_teams_meeting_and_one_invitation_a_person() {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    plans_five_weeks(&mut mei);
    let meetings = teams_meetings(&demo, |meetings| meetings.len() == 1);
    assert!(meetings[0]["deleted_at"].is_null());
    let letters = mailbox::waits_for(&demo, LUIS, 1);
    assert_eq!(letters.len(), 1);
    letters[0].is_calendar_mail("REQUEST", "Every week");
    assert!(letters[0].calendar.contains("RRULE:FREQ=WEEKLY;COUNT=5"));
}

#[test]
fn a_track_that_gives_teams_up_turns_the_running_series_into_another_mode_once() {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    let series = plans_five_weeks(&mut mei);
    mailbox::waits_for(&demo, LUIS, 1);

    let mut jonas = reader(&demo, "Jonas Weber");
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    jonas.unticks("Teams video call");
    jonas.clicks("Save");
    jonas.sees("Every week");
    jonas.chooses("Turn them into another mode");
    jonas.chooses("Phone");
    jonas.clicks("Save");
    jonas.sees("Saved");

    teams_meetings(&demo, is_deleted);
    let letters = mailbox::waits_for(&demo, LUIS, 2);
    assert_eq!(letters.len(), 2, "one update for all five meetings");
    let update = letters.iter().max_by_key(|letter| letter.sequence).unwrap();
    update.is_calendar_mail("REQUEST", "Every week");
    assert!(update.calendar.contains("RRULE:FREQ=WEEKLY;COUNT=5"));
    mei.opens(&series);
    mei.sees("Phone");
    mei.does_not_see("Join Teams meeting");
}

#[test]
fn an_integration_that_is_removed_takes_the_series_off_teams_and_tells_everyone_once() {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    let series = plans_five_weeks(&mut mei);
    mailbox::waits_for(&demo, LUIS, 1);

    let mut hanna = reader(&demo, "Hanna Lindgren");
    goes_to_the_integration(&mut hanna);
    hanna.clicks("Remove Microsoft Teams");
    hanna.chooses("Delete the Teams meetings");
    hanna.chooses("Phone");
    confirms(&mut hanna);
    hanna.clicks("Remove");
    hanna.comes_to_see("Microsoft Entra admin center");

    teams_meetings(&demo, is_deleted);
    assert_eq!(mailbox::waits_for(&demo, LUIS, 2).len(), 2);
    mei.opens(&series);
    mei.sees("Phone");
    mei.does_not_see("Join Teams meeting");
}

/// Who loses the account goes on attending what is planned, by the same link, and plans
/// nothing new on Teams.
#[test]
fn mei_loses_her_account_with_a_series_running() {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    let series = plans_five_weeks(&mut mei);
    mailbox::waits_for(&demo, LUIS, 1);
    let before = teams_meetings(&demo, |meetings| meetings.len() == 1);
    demo.tells_the_sandbox("DELETE", "users/mei@larkspur.example", "");

    let mut jonas = reader(&demo, "Jonas Weber");
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    jonas.clicks("Teams accounts");
    jonas.clicks("Look up the account of Mei Tanaka");
    mei.opens(&demo.at("/larkspur/tracks/new-managers/teams"));
    mei.comes_to_see("Your address mei@larkspur.example is not in Larkspur Health's");

    mei.opens(&series);
    mei.sees("Join Teams meeting");
    let after = teams_meetings(&demo, |meetings| {
        let attendees = meetings[0]["attendees"].as_array();
        attendees.is_some_and(|all| {
            all.iter()
                .any(|one| one["upn"] == LUIS && one["role"].as_str() == Some("coorganizer"))
        })
    });
    assert_eq!(after[0]["join_url"], before[0]["join_url"]);
    assert_eq!(mailbox::waits_for(&demo, LUIS, 1).len(), 1);
    goes_home(&mut mei, &demo);
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    assert!(!mei.is_offered("Teams video call"));
}
