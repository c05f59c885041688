//! For whom Teams is, for whom not and why, and what an administrator can do about it.

use super::{demo_with_teams, goes_home, goes_to_the_permissions_of, signs_in};
use crate::demo::Demo;
use crate::reader::Reader;
use crate::visitor::Visitor;

fn reader(demo: &Demo, name: &str) -> Reader {
    let mut reader = Reader::new();
    signs_in(&mut reader, demo, name);
    reader
}

fn jonas_at_the_table(demo: &Demo) -> Reader {
    let mut jonas = reader(demo, "Jonas Weber");
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    jonas.clicks("Teams accounts");
    jonas
}

#[test]
fn priya_asks_why_she_cannot_use_teams_and_is_told_step_by_step() {
    let demo = demo_with_teams();
    let mut priya = reader(&demo, "Priya Nair");
    priya.clicks("New Managers");
    priya.clicks("New meeting");
    priya.comes_to_see("priya@alumni.example is not in Larkspur");
    priya.clicks("Why can't I use Teams?");
    priya.sees("Does Larkspur Health use Microsoft Teams with Ithaca?");
    priya.sees("Yes, and it works.");
    priya.sees("Does New Managers use Teams video calls?");
    priya.sees("Do you have an account in Larkspur Health's Microsoft directory?");
    priya
        .sees("Your address priya@alumni.example is not in Larkspur Health's Microsoft directory.");

    let mut mei = reader(&demo, "Mei Tanaka");
    mei.opens(&demo.at("/larkspur/tracks/new-managers/teams"));
    mei.sees("You can use Teams video calls here");
    mei.sees("Yes: mei@larkspur.example.");
}

#[test]
fn jonas_sees_everyone_with_the_reason_and_takes_the_table_along() {
    let demo = demo_with_teams();
    let mut jonas = jonas_at_the_table(&demo);
    jonas.comes_to_see("No account in your organization with this address");
    for words in [
        "Mei Tanaka",
        "In Larkspur Health's Microsoft directory",
        "priya@alumni.example",
    ] {
        jonas.sees(words);
    }
    jonas.opens(&demo.at("/larkspur/tracks/new-managers/settings/teams.csv"));
    for line in [
        r#""Mei Tanaka","mei@larkspur.example","yes","","mei@larkspur.example""#,
        r#""Priya Nair","priya@alumni.example","no","No account in your organization with this address","""#,
    ] {
        jonas.sees(line);
    }

    let mut mei = reader(&demo, "Mei Tanaka");
    mei.opens(&demo.at("/larkspur/tracks/new-managers/settings/teams.csv"));
    mei.does_not_see("Priya Nair");
}

#[test]
fn an_account_named_by_hand_opens_teams_and_is_in_the_audit_log() {
    let demo = demo_with_teams();
    let mut jonas = jonas_at_the_table(&demo);
    jonas.comes_to_see("No account in your organization with this address");
    jonas.fills("Microsoft account of Priya Nair", "nobody at all");
    jonas.clicks("Look up the account of Priya Nair");
    jonas.sees("Enter the account's sign-in name or address");
    assert_eq!(
        jonas.finds_in("Microsoft account of Priya Nair"),
        "nobody at all"
    );
    jonas.fills("Microsoft account of Priya Nair", "hanna@larkspur.example");
    jonas.clicks("Look up the account of Priya Nair");
    jonas.sees("Ithaca is looking the account up.");
    jonas.comes_to_see("named by hand");

    let mut priya = reader(&demo, "Priya Nair");
    priya.clicks("New Managers");
    priya.clicks("New meeting");
    priya.comes_to_see("Teams video call");

    let mut hanna = reader(&demo, "Hanna Lindgren");
    hanna.opens(&demo.at("/larkspur/manage/audit"));
    hanna.sees("Named hanna@larkspur.example as the Microsoft account of Priya Nair.");

    goes_home(&mut jonas, &demo);
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    jonas.clicks("Teams accounts");
    jonas.fills("Microsoft account of Priya Nair", "");
    jonas.clicks("Look up the account of Priya Nair");
    jonas.comes_to_see("No account in your organization with this address");
    jonas.does_not_see("named by hand");
}

/// What is kept is the object id: another name at Microsoft changes nothing.
#[test]
fn mei_keeps_teams_when_her_address_at_microsoft_changes() {
    let demo = demo_with_teams();
    let mut jonas = jonas_at_the_table(&demo);
    jonas.comes_to_see("In Larkspur Health's Microsoft directory");
    demo.tells_the_sandbox(
        "PATCH",
        "users/mei@larkspur.example",
        r#"{"upn":"mei.tanaka@larkspur.example","mail":"mei.tanaka@larkspur.example"}"#,
    );
    jonas.clicks("Look up the account of Mei Tanaka");
    jonas.comes_to_see("mei.tanaka@larkspur.example");
    let mut mei = reader(&demo, "Mei Tanaka");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.comes_to_see("Teams video call");
}
