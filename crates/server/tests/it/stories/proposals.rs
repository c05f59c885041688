//! From several times that are offered to a planned Teams meeting with its link.

use super::{demo_with_teams, goes_home, signs_in};
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::visitor::Visitor;

const LUIS: &str = "luis@larkspur.example";
const MEI: &str = "mei@larkspur.example";

/// Mei offers Luis two afternoons on Teams.
fn mei_proposes(mei: &mut dyn Visitor, people: &[&str]) {
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.clicks("Offer several times");
    mei.comes_to_see("Teams video call");
    mei.fills("Title", "First talk");
    for person in people {
        mei.ticks(person);
    }
    mei.chooses("Teams video call");
    let first = day_after(mei);
    mei.fills("Date 1", &first);
    mei.fills("Time 1", "15:00");
    mei.fills("Date 2", &first);
    mei.fills("Time 2", "16:00");
    mei.clicks("Offer these times");
    mei.sees("The times are offered.");
}

/// The day after the one that the form begins with: none of its times has passed.
fn day_after(visitor: &mut dyn Visitor) -> String {
    let shown = visitor.finds_in("Date 1");
    let shown = shown.parse::<jiff::civil::Date>().expect("it is one");
    shown.tomorrow().expect("there is one").to_string()
}

/// The address of the button in a letter.
fn address_in(letter: &str, demo: &Demo) -> String {
    let start = format!("{}/a/", demo.url);
    let mut words = letter.split_whitespace();
    let address = words.find(|word| word.starts_with(&start));
    address.expect("the letter asks").to_owned()
}

#[test]
fn mei_offers_two_times_luis_takes_one_from_his_mail_and_the_link_is_there() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei_proposes(&mut mei, &["Luis Ortega"]);
    mei.sees("No time is settled yet");
    mei.sees("Waiting for Luis");
    let truth = demo.asks_the_sandbox("truth");
    let meetings = truth["meetings"].to_string();
    assert!(
        !meetings.contains("First talk"),
        "no Teams meeting before: {meetings}"
    );

    let letter = mailbox::waits_for_words(&demo, LUIS, "Mei Tanaka proposes to meet");
    let mut luis = Reader::new();
    luis.opens(&address_in(&letter, &demo));
    luis.sees("Luis Ortega, these times are offered.");
    luis.forges("Accept this time", "choice", "1");
    luis.sees("The time is settled.");

    for address in [MEI, LUIS] {
        let invited = mailbox::waits_for(&demo, address, 1);
        invited[0].is_calendar_mail("REQUEST", "First talk");
        assert_eq!(invited[0].sequence, 0);
        assert!(invited[0].join_address(&demo).contains("/j/"));
    }
    goes_home(&mut mei, &demo);
    mei.clicks("First talk");
    mei.comes_to_see("Join Teams meeting");
    mei.does_not_see("No time is settled yet");
}

#[test]
fn luis_offers_other_times_and_mei_accepts_one_of_his() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei_proposes(&mut mei, &["Luis Ortega"]);
    let mut luis = Reader::new();
    signs_in(&mut luis, &demo, "Luis Ortega");
    luis.sees("Waiting for your answer");
    luis.clicks("First talk");
    luis.clicks("Offer other times");
    let day = day_after(&mut luis);
    luis.fills("Date 1", &day);
    luis.fills("Time 1", "11:00");
    luis.fills("Note", "Mornings suit me better.");
    luis.clicks("Offer these times");
    luis.sees("Waiting for Mei");
    let letter = mailbox::waits_for_words(&demo, MEI, "Mornings suit me better.");
    mei.opens(&address_in(&letter, &demo));
    mei.forges("Accept this time", "choice", "0");
    mei.sees("The time is settled.");
    let invited = mailbox::waits_for(&demo, LUIS, 1);
    invited[0].is_calendar_mail("REQUEST", "First talk");
}

#[test]
fn jonas_calls_off_what_mei_proposed_and_says_why() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei_proposes(&mut mei, &["Luis Ortega"]);
    let meeting = mei.address();
    let mut jonas = Reader::new();
    signs_in(&mut jonas, &demo, "Jonas Weber");
    jonas.opens(&meeting);
    jonas.sees("No time is settled yet");
    jonas.clicks("Cancel");
    jonas.sees("No time is settled yet");
    jonas.does_not_see("the Teams meeting is deleted");
    jonas.fills("Reason", "The track pauses until spring.");
    jonas.clicks("Cancel meeting");
    jonas.sees("The meeting was cancelled.");
    for address in [MEI, LUIS] {
        mailbox::waits_for_words(&demo, address, "The track pauses until spring.");
    }
    mei.opens(&meeting);
    mei.sees("Nobody is expected any more.");
    mei.does_not_see("Microsoft's own link");
    assert!(!mei.is_offered("Cancel"));
}
