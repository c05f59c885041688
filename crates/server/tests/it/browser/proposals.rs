//! The pages of proposals, in all their states: axe-core and html-validate find nothing.

use super::{Person, inspect, validate};
use crate::demo::Demo;
use crate::mailbox;
use crate::reader::Reader;
use crate::stories::{creates_a_teams_meeting, demo_with_teams, goes_home, signs_in};
use crate::visitor::Visitor;

/// Looks at a page in a browser and at how it was sent.
fn looks(person: &mut Person, reader: &mut Reader, name: &str) -> Vec<String> {
    let mut findings = inspect(person, &format!("pages/{name}"));
    reader.opens(&person.address());
    findings.extend(validate(&[(name.to_owned(), reader.html().to_owned())]));
    findings
}

fn both(demo: &Demo, name: &str) -> (Person, Reader) {
    let (mut person, mut reader) = (Person::named(name), Reader::new());
    signs_in(&mut person, demo, name);
    signs_in(&mut reader, demo, name);
    (person, reader)
}

fn proposes(mei: &mut Person, demo: &Demo, title: &str, people: &[&str]) {
    goes_home(mei, demo);
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.clicks("Offer several times");
    mei.comes_to_see("Teams video call");
    mei.fills("Title", title);
    for person in people {
        mei.ticks(person);
    }
    mei.chooses("Phone");
    mei.clicks("Offer these times");
    mei.sees("The times are offered.");
}

#[test]
fn every_state_of_a_proposal_can_be_read_by_everybody() {
    let demo = demo_with_teams();
    let (mut mei, mut meis) = both(&demo, "Mei Tanaka");
    let (mut luis, mut luises) = both(&demo, "Luis Ortega");
    let mut findings = Vec::new();
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.clicks("Offer several times");
    findings.extend(looks(&mut mei, &mut meis, "proposal-new"));
    mei.fills("Time 1", "");
    mei.clicks("Offer these times");
    mei.sees("Please look at this again");
    findings.extend(inspect(&mei, "pages/proposal-refused"));

    proposes(&mut mei, &demo, "Between two", &["Luis Ortega"]);
    findings.extend(looks(&mut mei, &mut meis, "proposal-own"));
    goes_home(&mut luis, &demo);
    luis.sees("Waiting for your answer");
    findings.extend(looks(&mut luis, &mut luises, "home-waiting"));
    luis.clicks("Meetings");
    findings.extend(looks(&mut luis, &mut luises, "meetings-waiting"));
    luis.clicks("Between two");
    findings.extend(looks(&mut luis, &mut luises, "proposal-asked"));
    luis.clicks("Accept this time");
    luis.sees("Choose one of the times");
    findings.extend(inspect(&luis, "pages/proposal-nothing-chosen"));
    luis.clicks("Offer other times");
    findings.extend(looks(&mut luis, &mut luises, "proposal-other"));

    let letter = mailbox::waits_for_words(&demo, "luis@larkspur.example", "Mei Tanaka proposes");
    let start = format!("{}/a/", demo.url);
    let mut words = letter.split_whitespace();
    let link = words
        .find(|word| word.starts_with(&start))
        .expect("it asks");
    let (mut stranger, mut strangers) = (Person::named("Luis Ortega"), Reader::new());
    stranger.opens(link);
    findings.extend(looks(&mut stranger, &mut strangers, "proposal-link"));
    stranger.clicks("Decline");
    stranger.sees("There is nothing to answer any more.");
    findings.extend(looks(&mut stranger, &mut strangers, "proposal-link-closed"));

    proposes(&mut mei, &demo, "All of us", &["Luis Ortega", "Priya Nair"]);
    goes_home(&mut luis, &demo);
    luis.clicks("All of us");
    findings.extend(looks(&mut luis, &mut luises, "proposal-group-asked"));
    luis.clicks("None of them");
    luis.sees("What you can was saved.");
    mei.opens(&luis.address());
    mei.sees("Who can when");
    findings.extend(looks(&mut mei, &mut meis, "proposal-group-table"));

    goes_home(&mut mei, &demo);
    creates_a_teams_meeting(&mut mei, "New Managers", "Planned", &["Luis Ortega"]);
    luis.opens(&mei.address());
    luis.clicks("Propose another time");
    findings.extend(looks(&mut luis, &mut luises, "proposal-another-time"));
    luis.clicks("Offer these times");
    luis.sees("You proposed another time");
    let address = mei.address();
    mei.opens(&address);
    mei.sees("Luis proposes another time");
    findings.extend(looks(&mut mei, &mut meis, "proposal-to-move"));
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}
