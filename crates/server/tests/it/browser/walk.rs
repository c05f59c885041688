//! The article walked through, step by step, in Chromium: with scripts, and without.
//!
//! What a step stands on is done beforehand by a reader, in the same words.

use super::Person;
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::stories::{
    creates_a_teams_meeting, demo_with_teams, enables_teams_in, goes_home, goes_to_the_integration,
    goes_to_the_permissions_of, integrates_again_as, integrates_as, removes_teams, signs_in,
};
use crate::visitor::Visitor;

macro_rules! lived_with_and_without_scripts {
    ($($step:ident,)*) => {
        mod with_scripts {
            $(#[test] fn $step() { super::$step(true); })*
        }
        mod without_scripts {
            $(#[test] fn $step() { super::$step(false); })*
        }
    };
}

lived_with_and_without_scripts! {
    step_1_one_goes_on_as_a_person_of_the_demo,
    step_2_before_it_is_pressed_the_page_says_what_integrate_does_s1_s2_s4_s5_s6_s13_s20,
    step_3_accept_is_all_there_is_to_do_s7,
    step_3_cancel_leaves_nothing_half_done,
    step_3_a_guest_cannot_host,
    step_3_microsoft_refuses_a_personal_account_and_the_page_goes_on,
    step_3_an_ordinary_members_account_hosts_only_when_confirmed_s2,
    step_4_the_track_administrator_enables_the_mode_s8_s15,
    step_4_before_it_is_integrated_the_mode_is_disabled_and_says_why_s8,
    step_5_mei_creates_a_meeting_and_luis_is_invited_once_s4_s9_s19,
    step_5_the_join_address_opens_the_right_meeting_and_people_walk_in,
    step_6_priya_is_told_why_she_has_no_teams_s3_s10,
    step_7_the_administrator_goes_and_everything_works_on_s14_s16_s18,
    step_8_a_track_without_the_mode_leaves_the_others_alone_s11_s15,
    step_8_removed_and_integrated_again_the_tracks_are_as_they_were_s12_s17,
    step_9_a_meeting_that_moves_keeps_its_link,
    step_9_a_cancelled_meeting_is_cancelled_everywhere,
    step_10_quillfield_sees_nothing_of_larkspur,
}

const SCHEDULER: &str = "scheduler@larkspur.example";

fn person(demo: &Demo, name: &str, scripts: bool) -> Person {
    let mut person = Person::at_a_browser(name, scripts);
    signs_in(&mut person, demo, name);
    person
}

fn reader(demo: &Demo, name: &str) -> Reader {
    let mut reader = Reader::new();
    signs_in(&mut reader, demo, name);
    reader
}

fn step_1_one_goes_on_as_a_person_of_the_demo(scripts: bool) {
    let demo = Demo::starts();
    let mut mei = person(&demo, "Mei Tanaka", scripts);
    assert!(mei.is_offered("New Managers") && mei.is_offered("Women in Engineering"));
    assert!(!mei.is_offered("Manage"));
    let mut amara = person(&demo, "Amara Okafor", scripts);
    assert!(amara.is_offered("Manage"));
}

fn step_2_before_it_is_pressed_the_page_says_what_integrate_does_s1_s2_s4_s5_s6_s13_s20(
    scripts: bool,
) {
    let demo = Demo::starts();
    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    for words in [
        "A Microsoft 365 tenant with Teams",
        "A dedicated Microsoft account in it, with administrative privileges",
        "Teams Scheduler",
        "Ithaca Scheduler",
        "The dedicated account hosts every Teams meeting made here",
        "first name, last name, e-mail and photo",
        "Not recordings",
    ] {
        amara.sees(words);
    }
    assert!(amara.is_offered("Integrate"));
}

fn step_3_accept_is_all_there_is_to_do_s7(scripts: bool) {
    let demo = Demo::starts();
    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    amara.leaves_for_microsoft("Integrate");
    amara.sees("Pick an account");
    amara.picks(SCHEDULER);
    for words in [
        "Permissions requested",
        "Ithaca",
        "This app would like to:",
        "Consent on behalf of your organization",
    ] {
        amara.sees(words);
    }
    assert!(amara.is_offered("Accept") && amara.is_offered("Cancel"));
    amara.ticks("Consent on behalf of your organization");
    amara.clicks("Accept");
    amara.is_back_from_microsoft();
    amara.comes_to_see("Integrated");
    for words in [
        SCHEDULER,
        "Teams Scheduler",
        "Larkspur Health",
        "Permissions",
        "by Amara Okafor",
        "Last check",
    ] {
        amara.sees(words);
    }
    assert!(
        amara
            .address()
            .contains("/larkspur/manage/integrations/teams"),
        "{}",
        amara.address()
    );
}

fn step_3_cancel_leaves_nothing_half_done(scripts: bool) {
    let demo = Demo::starts();
    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    amara.leaves_for_microsoft("Integrate");
    amara.picks(SCHEDULER);
    amara.clicks("Cancel");
    amara.is_back_from_microsoft();
    amara.comes_to_see("The permission was not given, so nothing was connected.");
    amara.does_not_see("Integrated");
    assert!(amara.is_offered("Integrate"));
}

fn step_3_a_guest_cannot_host(scripts: bool) {
    let demo = Demo::starts();
    let mut amara = reader(&demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    integrates_as(&mut amara, SCHEDULER);
    removes_teams(&mut amara);

    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    amara.leaves_for_microsoft("Integrate");
    amara.picks("dana.cole");
    amara.is_back_from_microsoft();
    amara.comes_to_see("guests cannot host Teams meetings");
    amara.does_not_see("Integrated");
    assert!(amara.is_offered("Integrate"));
}

fn step_3_microsoft_refuses_a_personal_account_and_the_page_goes_on(scripts: bool) {
    let demo = Demo::starts();
    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    amara.leaves_for_microsoft("Integrate");
    amara.picks("robin.hale@personal.example");
    amara.sees("personal Microsoft account");
    if scripts {
        amara.closes_the_popup();
        amara.comes_to_see("The Microsoft window was closed before Microsoft answered");
        assert!(amara.is_offered("Integrate"));
    } else {
        amara.opens(&demo.at("/larkspur/manage/integrations/teams"));
    }
    amara.does_not_see("Integrated");
    let mut hanna = reader(&demo, "Hanna Lindgren");
    goes_to_the_integration(&mut hanna);
    assert!(hanna.is_offered("Integrate"));
}

fn step_3_an_ordinary_members_account_hosts_only_when_confirmed_s2(scripts: bool) {
    let demo = Demo::starts();
    // An ordinary account can host only where an administrator has consented for everybody.
    let mut hanna = reader(&demo, "Hanna Lindgren");
    goes_to_the_integration(&mut hanna);
    integrates_as(&mut hanna, SCHEDULER);
    removes_teams(&mut hanna);

    let mut amara = person(&demo, "Amara Okafor", scripts);
    goes_to_the_integration(&mut amara);
    amara.leaves_for_microsoft("Integrate");
    amara.clicks("Show every account");
    amara.picks("amara@larkspur.example");
    amara.is_back_from_microsoft();
    amara.comes_to_see(
        "Every meeting will be hosted by Amara Okafor. Use a dedicated account instead?",
    );
    amara.clicks("Go on with Amara Okafor");
    amara.comes_to_see("Integrated");
}

fn step_4_before_it_is_integrated_the_mode_is_disabled_and_says_why_s8(scripts: bool) {
    let demo = Demo::starts();
    let mut jonas = person(&demo, "Jonas Weber", scripts);
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    assert!(jonas.is_refused("Teams video call"));
    jonas.sees("integrated");
    assert!(
        jonas
            .address()
            .ends_with("/larkspur/tracks/new-managers/settings/permissions")
    );
}

fn step_4_the_track_administrator_enables_the_mode_s8_s15(scripts: bool) {
    let demo = demo_with_teams();
    let mut jonas = person(&demo, "Jonas Weber", scripts);
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    assert!(jonas.finds_ticked("Teams video call"));
    jonas.unticks("Teams video call");
    jonas.clicks("Save");
    jonas.sees("Saved");
    assert!(!jonas.finds_ticked("Teams video call"));
    goes_home(&mut jonas, &demo);
    enables_teams_in(&mut jonas, "New Managers");
    assert!(jonas.finds_ticked("Teams video call"));
}

fn step_5_mei_creates_a_meeting_and_luis_is_invited_once_s4_s9_s19(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = person(&demo, "Mei Tanaka", scripts);
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.comes_to_see("Teams video call");
    for label in [
        "Title",
        "Agenda",
        "Date",
        "Time",
        "Time zone",
        "Duration",
        "Phone",
    ] {
        assert!(mei.is_offered(label), "the form has no {label}");
    }
    for label in ["Date", "Time", "Time zone", "Duration"] {
        assert_ne!(mei.finds_in(label), "", "{label} is not prefilled");
    }
    mei.chooses("In person");
    assert!(mei.is_offered("Location"));
    mei.fills("Title", "First steps");
    mei.fills("Agenda", "What to delegate, and to whom.");
    mei.ticks("Luis Ortega");
    mei.chooses("Teams video call");
    mei.clicks("Create meeting");
    mei.sees("First steps");
    mei.comes_to_see("Join Teams meeting");
    mei.sees("Hosted by Teams Scheduler");

    let letters = mailbox::waits_for(&demo, "luis@larkspur.example", 1);
    let [letter] = &letters[..] else {
        panic!("Luis has {} letters", letters.len())
    };
    letter.is_calendar_mail("REQUEST", "First steps");
    assert_eq!(letter.sequence, 0);
    assert!(
        letter
            .attendees
            .contains(&"luis@larkspur.example".to_owned())
    );
    assert!(
        letter
            .attendees
            .contains(&"mei@larkspur.example".to_owned())
    );
    assert_ne!(letter.organizer, SCHEDULER);
}

fn step_5_the_join_address_opens_the_right_meeting_and_people_walk_in(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = person(&demo, "Mei Tanaka", scripts);
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    mei.clicks("Join Teams meeting");
    mei.clicks("Open Teams now");
    mei.sees("First steps");
    assert!(mei.address().starts_with(&demo.sandbox_url));
    mei.sees("Mei Tanaka");
    mei.sees("Luis Ortega");
}

fn step_6_priya_is_told_why_she_has_no_teams_s3_s10(scripts: bool) {
    let demo = demo_with_teams();
    let mut priya = person(&demo, "Priya Nair", scripts);
    priya.clicks("New Managers");
    priya.clicks("New meeting");
    priya.comes_to_see("priya@alumni.example is not in Larkspur");
    assert!(!priya.is_offered("Teams video call"));
    assert!(priya.is_offered("Phone"));

    let mut priya = reader(&demo, "Priya Nair");
    priya.clicks("New Managers");
    priya.clicks("New meeting");
    priya.fills("Title", "By hand");
    priya.ticks("Mei Tanaka");
    priya.forges("Create meeting", "mode", "teams");
    priya.sees("priya@alumni.example is not in Larkspur");
    assert_eq!(priya.finds_in("Title"), "By hand");
    goes_home(&mut priya, &demo);
    priya.does_not_see("By hand");
}

fn step_7_the_administrator_goes_and_everything_works_on_s14_s16_s18(scripts: bool) {
    let demo = demo_with_teams();
    let mut amara = reader(&demo, "Amara Okafor");
    let mut hanna = person(&demo, "Hanna Lindgren", scripts);
    hanna.clicks("Manage");
    hanna.clicks("Members");
    hanna.clicks("Amara Okafor");
    hanna.clicks("Deactivate");
    hanna.sees("Deactivate Amara Okafor?");
    hanna.clicks("Deactivate");
    hanna.sees("Deactivated");
    amara.opens(&demo.at("/larkspur/manage"));
    amara.does_not_see("Integrations");

    let mut mei = person(&demo, "Mei Tanaka", scripts);
    creates_a_teams_meeting(&mut mei, "New Managers", "Without Amara", &["Luis Ortega"]);
    mei.sees("Hosted by Teams Scheduler");
}

fn step_8_a_track_without_the_mode_leaves_the_others_alone_s11_s15(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let mut hanna = person(&demo, "Hanna Lindgren", scripts);
    hanna.opens(&demo.at("/larkspur/manage/tracks"));
    hanna.clicks("Women in Engineering");
    hanna.clicks("Program Settings");
    hanna.clicks("Permissions");
    hanna.ticks("Teams video call");
    hanna.clicks("Save");
    hanna.sees("Saved");

    let mut jonas = person(&demo, "Jonas Weber", scripts);
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    jonas.unticks("Teams video call");
    jonas.clicks("Save");
    jonas.sees("1 planned Teams meeting");
    jonas.sees("First steps");
    jonas.chooses("Keep their links");
    jonas.clicks("Save");
    jonas.sees("Saved");
    assert!(!jonas.finds_ticked("Teams video call"));

    goes_home(&mut mei, &demo);
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    assert!(!mei.is_offered("Teams video call"));
    goes_home(&mut mei, &demo);
    mei.clicks("Women in Engineering");
    mei.clicks("New meeting");
    mei.comes_to_see("Teams video call");
}

fn step_8_removed_and_integrated_again_the_tracks_are_as_they_were_s12_s17(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);

    let mut hanna = person(&demo, "Hanna Lindgren", scripts);
    goes_to_the_integration(&mut hanna);
    hanna.clicks("Remove Microsoft Teams");
    hanna.sees("1 planned Teams meeting is affected");
    hanna.sees("New Managers");
    hanna.goes_back();
    removes_teams(&mut hanna);
    hanna.does_not_see(SCHEDULER);

    let mut jonas = reader(&demo, "Jonas Weber");
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    assert!(jonas.is_refused("Teams video call"));

    goes_home(&mut hanna, &demo);
    goes_to_the_integration(&mut hanna);
    integrates_again_as(&mut hanna, SCHEDULER);
    let mut jonas = person(&demo, "Jonas Weber", scripts);
    goes_to_the_permissions_of(&mut jonas, "New Managers");
    assert!(jonas.finds_ticked("Teams video call"));
}

fn step_9_a_meeting_that_moves_keeps_its_link(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = person(&demo, "Mei Tanaka", scripts);
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let first = mailbox::waits_for(&demo, "luis@larkspur.example", 1).remove(0);
    mei.clicks("Reschedule");
    mei.fills("Time", "16:20");
    mei.clicks("Reschedule meeting");
    mei.sees("16:20");
    mei.comes_to_see("Join Teams meeting");

    let letters = mailbox::waits_for(&demo, "luis@larkspur.example", 2);
    let update = letters
        .iter()
        .find(|letter| letter.sequence > 0)
        .expect("the update has a higher SEQUENCE");
    update.is_calendar_mail("REQUEST", "First steps");
    assert_eq!(update.uid, first.uid);
    assert_eq!(update.join_address(&demo), first.join_address(&demo));
}

fn step_9_a_cancelled_meeting_is_cancelled_everywhere(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = person(&demo, "Mei Tanaka", scripts);
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let first = mailbox::waits_for(&demo, "luis@larkspur.example", 1).remove(0);
    let join = first.join_address(&demo);
    mei.clicks("Cancel");
    mei.clicks("Cancel meeting");
    mei.comes_to_see("Cancelled.");
    mei.does_not_see("Join Teams meeting");

    let letters = mailbox::waits_for(&demo, "luis@larkspur.example", 2);
    let cancellation = letters
        .iter()
        .find(|letter| letter.sequence > 0)
        .expect("the cancellation has a higher SEQUENCE");
    cancellation.is_calendar_mail("CANCEL", "First steps");
    assert_eq!(cancellation.uid, first.uid);

    let mut luis = reader(&demo, "Luis Ortega");
    luis.opens(&join);
    luis.sees("This meeting was cancelled.");
}

fn step_10_quillfield_sees_nothing_of_larkspur(scripts: bool) {
    let demo = demo_with_teams();
    let mut mei = reader(&demo, "Mei Tanaka");
    creates_a_teams_meeting(&mut mei, "New Managers", "First steps", &["Luis Ortega"]);
    let larkspurs = mei.address();

    let mut edda = person(&demo, "Edda Lindqvist", scripts);
    goes_to_the_integration(&mut edda);
    edda.does_not_see("Larkspur");
    edda.does_not_see("Integrated");
    integrates_as(&mut edda, "scheduler@quillfield.example");
    edda.sees("Quillfield College");
    edda.sees("scheduler@quillfield.example");
    edda.does_not_see("larkspur");
    edda.opens(&larkspurs);
    edda.does_not_see("First steps");

    let mut amara = reader(&demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    amara.sees(SCHEDULER);
    amara.does_not_see("uillfield");
}
