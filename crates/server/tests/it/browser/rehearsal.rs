//! The people of this folder, tried on a site whose every word is known.

use super::{Person, inspect, validate};
use crate::rehearsal::opens as site;
use crate::visitor::Visitor;

fn creates_a_meeting(mut mei: Person) {
    mei.opens(&site());
    mei.sees(if mei.has_scripts() {
        "Scripts are on."
    } else {
        "Scripts are off."
    });
    assert_eq!(mei.finds_in("Agenda"), "As always");
    assert!(mei.is_offered("Teams video call") && mei.is_offered("Create meeting"));
    assert!(!mei.is_offered("Carrier pigeon"));
    assert!(mei.is_refused("In person") && !mei.is_refused("Phone"));
    assert!(mei.finds_ticked("Phone"));
    mei.fills("Title", "Hello");
    mei.fills("Date", "2031-01-02");
    mei.fills("Time zone", "Tokyo");
    mei.ticks("Luis Ortega");
    mei.unticks("Priya Nair");
    mei.chooses("Teams video call");
    mei.clicks("Create meeting");
    mei.sees("title=Hello+agenda=As+always+date=2031-01-02+zone=Asia%2FTokyo+people=luis+mode=teams+then=show");
    mei.does_not_see("Rehearsal");
}

#[test]
fn a_person_uses_a_form_in_the_words_of_the_page() {
    creates_a_meeting(Person::named("Mei Tanaka"));
}

#[test]
fn a_person_who_has_turned_scripts_off_can_do_the_same() {
    creates_a_meeting(Person::without_scripts("Mei Tanaka"));
}

#[test]
fn a_person_sees_what_comes_later() {
    let mut mei = Person::named("Mei Tanaka");
    mei.opens(&site());
    mei.sees("The link is ready.");
    mei.clicks("Go elsewhere");
    mei.no_longer_sees("The link is ready.");
    mei.goes_back();
    mei.sees("Rehearsal");
    mei.reloads();
    mei.sees("The link is ready.");
}

#[test]
fn a_person_without_scripts_reloads_to_see_what_comes_later() {
    let mut mei = Person::without_scripts("Mei Tanaka");
    mei.opens(&site());
    mei.clicks("Go elsewhere");
    mei.comes_to_see("Visit 3.");
}

fn leaves_for_microsoft_and_comes_back(mut amara: Person) {
    amara.opens(&site());
    amara.leaves_for_microsoft("Open a window");
    amara.picks("Acc");
    amara.is_back_from_microsoft();
    amara.sees(if amara.has_scripts() {
        "Rehearsal"
    } else {
        "Done."
    });
}

#[test]
fn a_person_turns_to_a_popup_and_is_back_when_it_has_closed() {
    leaves_for_microsoft_and_comes_back(Person::named("Amara Okafor"));
}

#[test]
fn a_person_without_scripts_goes_there_and_back_in_one_window() {
    leaves_for_microsoft_and_comes_back(Person::without_scripts("Amara Okafor"));
}

#[test]
fn a_person_may_close_a_popup_by_hand() {
    let mut amara = Person::named("Amara Okafor");
    amara.opens(&site());
    amara.clicks("Open a window");
    amara.turns_to_the_popup();
    amara.sees("Window");
    amara.closes_the_popup();
    amara.sees("Rehearsal");
}

#[test]
#[should_panic(expected = "0 of that name are on the page")]
fn what_is_not_on_the_page_cannot_be_clicked() {
    let mut amara = Person::named("Amara Okafor");
    amara.opens(&site());
    let _ = amara
        .looks_for("press", "Carrier pigeon")
        .unwrap_or_else(|reason| panic!("{reason}"));
}

#[test]
fn a_page_that_is_hard_to_read_in_the_dark_is_found_out() {
    let mut amara = Person::named("Amara Okafor");
    amara.opens(&site());
    amara.sees("Rehearsal");
    let findings = inspect(&amara, "rehearsal");
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("dark: Elements must meet minimum color contrast")),
        "{findings:#?}"
    );
    assert!(
        !findings.iter().any(|finding| finding.contains("light")),
        "{findings:#?}"
    );
}

#[test]
fn markup_that_is_wrong_is_found_out() {
    let page = "<!DOCTYPE html><html lang=\"en\"><head><title>Hello there</title></head><body><p><div></div></body></html>";
    let findings = validate(&[("hello".to_owned(), page.to_owned())]);
    assert!(
        findings
            .iter()
            .any(|finding| finding.starts_with("hello, line 1: ")),
        "{findings:#?}"
    );
}
