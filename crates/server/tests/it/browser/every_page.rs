//! Every page, by everybody who can reach it: axe-core and html-validate find nothing, at the
//! width of a phone and of a desk, light and dark.
//!
//! The pages are found by following every link from home, so that a new one is looked at from
//! the day it is linked to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Person, inspect, validate};
use crate::demo::Demo;
use crate::reader::Reader;
use crate::stories::{
    creates_a_teams_meeting, demo_with_teams, goes_home, goes_to_the_integration, signs_in,
};
use crate::visitor::Visitor;

const PEOPLE: [&str; 4] = ["Amara Okafor", "Jonas Weber", "Mei Tanaka", "Priya Nair"];

/// One page of each kind that a person can reach.
fn pages_of(demo: &Demo, name: &str) -> Pages {
    let mut reader = Reader::new();
    signs_in(&mut reader, demo, name);
    reached_from(&mut reader, name, |link| {
        link.starts_with(&demo.url)
            && !link.contains("/assets/")
            && !link.contains("/j/")
            && !link.contains('?')
    })
}

/// What the address of a page has in common with its like, the address, and the page as it was sent.
pub(super) type Pages = BTreeMap<String, (String, String)>;

/// One page of each kind that links lead to from where the reader is, of those that are to be
/// followed.
pub(super) fn reached_from(
    reader: &mut Reader,
    name: &str,
    is_followed: impl Fn(&str) -> bool,
) -> Pages {
    let mut pages = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![reader.address()];
    while let Some(address) = ahead.pop() {
        if !seen.insert(kind_of(&address)) {
            continue;
        }
        reader.opens(&address);
        if !reader
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
        {
            continue;
        }
        assert_eq!(
            reader.status(),
            200,
            "{name} is led to {address}, which answers:\n{}",
            reader.text()
        );
        pages.insert(kind_of(&address), (address, reader.html().to_owned()));
        let links = reader.links().into_iter().map(String::from);
        ahead.extend(links.filter(|link| is_followed(link)));
    }
    pages
}

/// The address with what tells one row from another taken out: ids, numbers, mail addresses, the
/// query and the fragment.
fn kind_of(address: &str) -> String {
    let address = address.split(['#', '?']).next().unwrap_or(address);
    let path = address.splitn(4, '/').nth(3).unwrap_or_default();
    let parts = path.split('/').map(|part| {
        let is_id = part.len() == 36 && part.matches('-').count() == 4;
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_one = is_id || is_number || part.contains('@') || part.contains("%40");
        if is_one { "one" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_page_can_be_read_by_everybody() {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(
        &mut mei,
        "New Managers",
        "First steps",
        &["Luis Ortega", "Priya Nair"],
    );

    goes_home(&mut mei, &demo);
    mei.clicks("New Managers");
    mei.clicks("Log a meeting that took place");
    mei.fills("Title", "Met in the hall");
    mei.ticks("Priya Nair");
    mei.clicks("Log meeting");
    mei.sees("The meeting is logged.");

    let mut findings = reads_a_series_and_lists(&demo);
    let mut inspected = BTreeSet::new();
    for name in PEOPLE {
        let pages = pages_of(&demo, name);
        assert!(pages.len() > 5, "{name} finds only {} pages", pages.len());
        let markup: Vec<_> = pages
            .iter()
            .map(|(kind, (_, html))| (format!("{name} {kind}"), html.clone()))
            .collect();
        findings.extend(validate(&markup));
        let mut person = Person::named(name);
        signs_in(&mut person, &demo, name);
        for (kind, (address, _)) in &pages {
            if inspected.insert(kind.clone()) {
                person.opens(address);
                findings.extend(inspect(
                    &person,
                    &format!("pages/{}", kind.replace('/', "-")),
                ));
            }
        }
    }
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

/// Mei plans a series, has one of it moved and one called off, and looks at it and at lists
/// that are narrowed down; answers what is found on these pages.
fn reads_a_series_and_lists(demo: &Demo) -> Vec<String> {
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, demo, "Mei Tanaka");
    mei.clicks("Tracks");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.fills("Title", "Every week");
    mei.ticks("Luis Ortega");
    mei.fills("Repetition", "Every week");
    mei.fills("How many times", "5");
    mei.chooses("Phone");
    mei.clicks("Create meeting");
    mei.sees("All meetings of this series");
    let series = mei.address();
    let mut findings = inspect(&mei, "pages/series");
    mei.clicks("Reschedule");
    mei.sees("Only this meeting");
    findings.extend(inspect(&mei, "pages/series-reschedule"));
    mei.fills("Time", "16:20");
    mei.clicks("Reschedule meeting");
    mei.sees("Moved");
    mei.clicks("Cancel");
    mei.sees("Only this meeting");
    findings.extend(inspect(&mei, "pages/series-cancellation"));
    mei.clicks("Cancel meeting");
    mei.sees("Cancelled");
    findings.extend(inspect(&mei, "pages/series-changed"));

    let mut reader = Reader::new();
    signs_in(&mut reader, demo, "Mei Tanaka");
    let mut markup = Vec::new();
    for (kind, address) in [
        ("series", series),
        (
            "narrowed",
            demo.at("/larkspur/meetings?title=every&person=luis"),
        ),
        (
            "narrowed-to-nothing",
            demo.at("/larkspur/meetings?state=held&mode=teams"),
        ),
        ("past", demo.at("/larkspur/meetings?past")),
        ("week-of-series", demo.at("/larkspur/meetings/week")),
        ("month-of-series", demo.at("/larkspur/meetings/month")),
        (
            "week-of-nothing",
            demo.at("/larkspur/meetings/week?on=2020-02-03"),
        ),
        (
            "month-of-nothing",
            demo.at("/larkspur/meetings/month?on=2020-02"),
        ),
    ] {
        reader.opens(&address);
        markup.push((format!("Mei Tanaka {kind}"), reader.html().to_owned()));
        mei.opens(&address);
        findings.extend(inspect(&mei, &format!("pages/{kind}")));
    }
    findings.extend(validate(&markup));
    findings
}

#[test]
fn what_is_asked_before_one_is_in_can_be_read_by_everybody() {
    let demo = Demo::starts();
    let mut amara = Person::named("Amara Okafor");
    let mut findings = Vec::new();
    amara.opens(&demo.url);
    findings.extend(inspect(&amara, "pages/front"));
    amara.opens(&demo.at("/larkspur/sign-in"));
    findings.extend(inspect(&amara, "pages/sign-in"));
    amara.opens(&demo.at("/larkspur/no/such/page"));
    findings.extend(inspect(&amara, "pages/not-found"));

    signs_in(&mut amara, &demo, "Amara Okafor");
    goes_to_the_integration(&mut amara);
    findings.extend(inspect(&amara, "pages/not-integrated"));
    amara.leaves_for_microsoft("Integrate");
    amara.sees("Pick an account");
    findings.extend(inspect(&amara, "sandbox/accounts"));
    amara.picks("scheduler@larkspur.example");
    amara.sees("Permissions requested");
    findings.extend(inspect(&amara, "sandbox/permissions"));
    amara.clicks("Cancel");
    amara.is_back_from_microsoft();
    amara.comes_to_see("nothing was connected");
    findings.extend(inspect(&amara, "pages/not-integrated-after-all"));
    goes_home(&mut amara, &demo);
    findings.extend(inspect(&amara, "pages/empty-home"));
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn what_was_typed_wrong_is_explained_to_everybody() {
    let demo = demo_with_teams();
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.clicks("New Managers");
    mei.clicks("New meeting");
    mei.clicks("Create meeting");
    mei.sees("Please look at this again");
    let findings = inspect(&mei, "pages/new-meeting-refused");
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn a_token_that_is_shown_once_can_be_read_by_everybody() {
    let demo = Demo::starts();
    let mut mei = Person::named("Mei Tanaka");
    signs_in(&mut mei, &demo, "Mei Tanaka");
    mei.opens(&demo.at("/larkspur/profile"));
    mei.clicks("Make token");
    mei.sees("Please look at this again");
    let mut findings = inspect(&mei, "pages/token-refused");
    mei.fills("Name of a new token", "Calendar");
    mei.clicks("Make token");
    mei.sees("Copy it now");
    findings.extend(inspect(&mei, "pages/token"));
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}
