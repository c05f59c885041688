//! What people of the demo do, in the words of the pages: the steps that other tests start
//! from, and each of them a step of the walk itself.

mod apart;
mod demo;
pub mod folder;
mod hard_cases;
mod lobby;
mod meetings;
mod operator;
mod proposals;
mod series;
mod start;
mod status;
mod teams_accounts;

use crate::demo::Demo;
use crate::visitor::Visitor;

/// Comes to the demo and goes on as the person of that name.
pub fn signs_in(visitor: &mut dyn Visitor, demo: &Demo, name: &str) {
    visitor.opens(&demo.url);
    visitor.clicks(&format!("Continue as {name}"));
    let (first_name, _) = name
        .split_once(' ')
        .expect("people of the demo have two names");
    visitor.sees(&format!("Hello, {first_name}"));
}

/// Goes from home to Manage, Integrations, Microsoft Teams. (S5, S6)
pub fn goes_to_the_integration(administrator: &mut dyn Visitor) {
    administrator.clicks("Manage");
    administrator.clicks("Integrations");
    administrator.clicks("Microsoft Teams");
}

/// Presses Integrate and says yes at Microsoft as that account. (S7)
pub fn integrates_as(administrator: &mut dyn Visitor, account: &str) {
    administrator.leaves_for_microsoft("Integrate");
    administrator.sees("Pick an account");
    administrator.picks(account);
    administrator.sees("Permissions requested");
    administrator.ticks("Consent on behalf of your organization");
    administrator.clicks("Accept");
    administrator.is_back_from_microsoft();
    administrator.comes_to_see("Integrated");
    administrator.sees(account);
}

/// The same where Microsoft still remembers that it was approved, and asks for no more than the account.
pub fn integrates_again_as(administrator: &mut dyn Visitor, account: &str) {
    administrator.leaves_for_microsoft("Integrate");
    administrator.picks(account);
    administrator.is_back_from_microsoft();
    administrator.comes_to_see("Integrated");
    administrator.sees(account);
}

/// Goes from home to the Permissions of a track's Program Settings.
pub fn goes_to_the_permissions_of(administrator: &mut dyn Visitor, track: &str) {
    administrator.clicks(track);
    administrator.clicks("Program Settings");
    administrator.clicks("Permissions");
    administrator.sees("Meeting modes");
}

/// Ticks Teams video call in a track, from home. (S8)
pub fn enables_teams_in(administrator: &mut dyn Visitor, track: &str) {
    goes_to_the_permissions_of(administrator, track);
    administrator.ticks("Teams video call");
    administrator.clicks("Save");
    administrator.sees("Saved");
}

/// Creates a Teams meeting with these people in a track, from home. (S9)
pub fn creates_a_teams_meeting(
    mentor: &mut dyn Visitor,
    track: &str,
    title: &str,
    people: &[&str],
) {
    mentor.clicks(track);
    mentor.clicks("New meeting");
    mentor.comes_to_see("Teams video call");
    mentor.fills("Title", title);
    for person in people {
        mentor.ticks(person);
    }
    mentor.chooses("Teams video call");
    mentor.clicks("Create meeting");
    mentor.sees(title);
    mentor.comes_to_see("Join Teams meeting");
}

/// A demo in which Larkspur Health has integrated Teams and New Managers uses it.
pub fn demo_with_teams() -> Demo {
    let demo = Demo::starts();
    gets_teams(&demo);
    demo
}

/// Larkspur Health integrates Teams and New Managers uses it.
pub fn gets_teams(demo: &Demo) {
    let mut amara = crate::reader::Reader::new();
    signs_in(&mut amara, demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    integrates_as(&mut amara, "scheduler@larkspur.example");
    let mut jonas = crate::reader::Reader::new();
    signs_in(&mut jonas, demo, "Jonas Weber");
    enables_teams_in(&mut jonas, "New Managers");
}

/// Goes to the first page of the organization of this visitor.
pub fn goes_home(visitor: &mut dyn Visitor, demo: &Demo) {
    let address = visitor.address();
    let path = address
        .strip_prefix(&demo.url)
        .expect("the visitor is at Ithaca");
    let slug = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    visitor.opens(&demo.at(&format!("/{slug}")));
    visitor.sees("Hello, ");
}

/// Types the word that a dangerous page asks for.
pub fn confirms(visitor: &mut dyn Visitor) {
    let text = visitor.text();
    let (_, after) = text
        .split_once("Type ")
        .expect("the page asks to type something");
    let (word, _) = after
        .split_once(" to confirm")
        .expect("the page says that this confirms");
    visitor.fills(&format!("Type {word} to confirm"), word);
}

/// Takes Teams away from the integration's page, keeping the links of planned meetings. (S17)
pub fn removes_teams(administrator: &mut dyn Visitor) {
    administrator.clicks("Remove Microsoft Teams");
    if administrator.is_offered("Keep their links") {
        administrator.chooses("Keep their links");
    }
    confirms(administrator);
    administrator.clicks("Remove");
    administrator.comes_to_see("Microsoft Entra admin center");
}
