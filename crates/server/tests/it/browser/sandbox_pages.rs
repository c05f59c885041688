//! The sandbox's own pages: as readable as Ithaca's, and its list of calls alive.

use std::collections::BTreeSet;

use super::every_page::reached_from;
use super::{Person, inspect, validate};
use crate::demo::Demo;
use crate::reader::Reader;
use crate::stories::{creates_a_teams_meeting, demo_with_teams, goes_to_the_integration, signs_in};
use crate::visitor::Visitor;

/// A sandbox in which something has happened at every place of the console.
fn busy_sandbox() -> Demo {
    let demo = demo_with_teams();
    let mut mei = Reader::new();
    signs_in(&mut mei, &demo, "Mei Tanaka");
    creates_a_teams_meeting(
        &mut mei,
        "New Managers",
        "First steps",
        &["Luis Ortega", "Priya Nair"],
    );
    demo.tells_the_sandbox(
        "POST",
        "faults",
        r#"{"on":{"path_contains":"/photos"},"do":{"status":503}}"#,
    );
    demo.tells_the_sandbox(
        "POST",
        "access-policies",
        r#"{"tenant":"larkspur.example","apps":[],"host":"mei@larkspur.example"}"#,
    );
    mei.opens(&mailbox_of(&demo, "luis@larkspur.example"));
    mei.comes_to_see("First steps");
    demo
}

fn mailbox_of(demo: &Demo, address: &str) -> String {
    format!("{}/{address}", demo.mail_url.trim_end_matches('/'))
}

/// An address of the sandbox.
fn at(demo: &Demo, path: &str) -> String {
    format!("{}{path}", demo.sandbox_url.trim_end_matches('/'))
}

fn nothing_is_wrong(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn every_place_of_the_console_can_be_read_by_everybody() {
    let demo = busy_sandbox();
    let home = at(&demo, "/");
    let mut reader = Reader::new();
    reader.opens(&home);
    let pages = reached_from(&mut reader, "A watcher", |link| {
        let Some(path) = link.strip_prefix(&home) else {
            return false;
        };
        path.is_empty()
            || path.starts_with("sandbox/")
            || path.starts_with("mail")
            || path.ends_with("/consent-requests")
    });
    let kinds: BTreeSet<&str> = pages.keys().map(String::as_str).collect();
    for kind in [
        "",
        "sandbox/people",
        "sandbox/people/one",
        "sandbox/tenants/one",
        "sandbox/consents",
        "sandbox/meetings",
        "sandbox/calls",
        "sandbox/calls/one",
        "sandbox/faults",
        "sandbox/limits",
        "mail",
        "mail/one",
        "mail/one/one",
        "one/consent-requests",
    ] {
        assert!(kinds.contains(kind), "nothing leads to “{kind}”: {kinds:?}");
    }
    let markup: Vec<_> = pages
        .iter()
        .map(|(kind, (_, html))| (format!("sandbox {kind}"), html.clone()))
        .collect();
    let mut findings = validate(&markup);
    let watcher = &mut Person::named("A watcher");
    for (kind, (address, _)) in &pages {
        watcher.opens(address);
        let kind = kind.trim_start_matches("sandbox/").replace('/', "-");
        let kind = if kind.is_empty() { "overview" } else { &kind };
        findings.extend(inspect(watcher, &format!("console/{kind}")));
    }
    nothing_is_wrong(&findings);
}

/// Comes to the meeting's door with and without an account, before and after a host is there.
fn meets<V: Visitor>(visitor: &mut V, demo: &Demo, mut looks: impl FnMut(&V, &str)) {
    let truth = demo.asks_the_sandbox("truth");
    let mut meetings = truth["meetings"].as_array().into_iter().flatten();
    let meeting = meetings.find(|meeting| meeting["deleted"] == false);
    let link = meeting.and_then(|meeting| meeting["join_url"].as_str());
    let link = link.expect("the meeting is there and has a link");
    visitor.opens(link);
    visitor.sees("Nobody yet.");
    looks(visitor, "door");
    visitor.fills("Your name", "Sam Rivers");
    visitor.clicks("Join without an account");
    visitor.sees("Nobody in the meeting may let them in.");
    visitor.fills("Your account", "mei@larkspur.example");
    visitor.clicks("Join now");
    visitor.sees("Admit");
    looks(visitor, "room-and-lobby");
    visitor.fills("Your account", "nobody@larkspur.example");
    visitor.clicks("Join now");
    visitor.sees("There is no account");
    looks(visitor, "no-account");
    visitor.opens(&link.replace("19%3a", "19%3ax"));
    visitor.sees("We can’t find that meeting");
    looks(visitor, "no-such-meeting");
}

#[test]
fn a_meeting_with_people_in_room_and_lobby_can_be_read_by_everybody() {
    let demo = busy_sandbox();
    let mut markup = Vec::new();
    let name = |page: &str| format!("join/{page}");
    meets(&mut Reader::new(), &demo, |reader, page| {
        markup.push((name(page), reader.html().to_owned()));
    });
    let mut findings = validate(&markup);
    let again = busy_sandbox();
    meets(&mut Person::named("Sam Rivers"), &again, |person, page| {
        findings.extend(inspect(person, &name(page)));
    });
    nothing_is_wrong(&findings);
}

/// Goes past every page of the sign-in on the way to being refused, asking, and approving.
fn is_asked_everything<V: Visitor>(amara: &mut V, demo: &Demo, mut looks: impl FnMut(&V, &str)) {
    let larkspur = "tenants/larkspur.example";
    let strict = r#"{"consent_policy":"admin-only","consent_requests":true,"mfa":true}"#;
    demo.tells_the_sandbox("PATCH", larkspur, strict);
    signs_in(amara, demo, "Amara Okafor");
    goes_to_the_integration(amara);

    amara.leaves_for_microsoft("Integrate");
    amara.sees("Pick an account");
    looks(amara, "accounts");
    amara.clicks("Use another account");
    amara.fills("Email address", "nobody@larkspur.example");
    amara.clicks("Next");
    amara.sees("find an account with that address");
    looks(amara, "no-such-account");
    amara.fills("Email address", "host.plain@larkspur.example");
    amara.clicks("Next");
    amara.sees("Enter password");
    looks(amara, "password");
    amara.fills("Password", "a guess");
    amara.clicks("Sign in");
    amara.sees("incorrect");
    looks(amara, "wrong-password");
    amara.clicks("Choose another account");
    amara.picks("host.plain@larkspur.example");
    amara.sees("Approve sign in request");
    looks(amara, "second-factor");
    amara.clicks("Approve");
    amara.sees("Approval required");
    looks(amara, "approval-required");
    amara.fills(
        "Enter justification for requesting this app",
        "We meet twice a week.",
    );
    amara.clicks("Request approval");
    amara.sees("Request sent");
    looks(amara, "request-sent");
    amara.clicks("Back to app");
    amara.is_back_from_microsoft();

    let integration = amara.address();
    amara.opens(&at(demo, "/"));
    amara.clicks("Consent requests at Larkspur Health");
    amara.sees("We meet twice a week.");
    looks(amara, "consent-requests");
    amara.clicks("Deny");
    amara.sees("Denied");
    looks(amara, "consent-requests-decided");

    let plain = r#"{"consent_requests":false,"mfa":false}"#;
    demo.tells_the_sandbox("PATCH", larkspur, plain);
    amara.opens(&integration);
    amara.leaves_for_microsoft("Integrate");
    amara.picks("host.plain@larkspur.example");
    amara.sees("Need admin approval");
    looks(amara, "need-approval");
    amara.clicks("Have an admin account? Sign in with that account");
    amara.picks("scheduler@larkspur.example");
    amara.sees("Permissions requested");
    looks(amara, "permissions");
    amara.clicks("Cancel");
    amara.is_back_from_microsoft();

    amara.opens(&at(
        demo,
        "/organizations/oauth2/v2.0/authorize?client_id=1",
    ));
    amara.sees("AADSTS");
    looks(amara, "failure");
    amara.opens(&at(demo, "/no/such/door"));
    amara.sees("There is nothing here");
    looks(amara, "nothing-here");
}

#[test]
fn every_page_of_the_sign_in_can_be_read_by_everybody() {
    let name = |page: &str| format!("sign-in/{page}");
    let mut markup = Vec::new();
    is_asked_everything(&mut Reader::new(), &Demo::starts(), |reader, page| {
        markup.push((name(page), reader.html().to_owned()));
    });
    let mut findings = validate(&markup);
    is_asked_everything(
        &mut Person::named("Amara Okafor"),
        &Demo::starts(),
        |person, page| {
            findings.extend(inspect(person, &name(page)));
        },
    );
    nothing_is_wrong(&findings);
}

/// Somebody asks the sandbox for something.
fn a_call_comes_in(demo: &Demo, word: &str) {
    let path = format!("/organizations/v2.0/.well-known/openid-configuration?word={word}");
    Reader::new().opens(&at(demo, &path));
}

#[test]
fn the_list_of_calls_grows_while_one_looks_at_it() {
    let demo = Demo::starts();
    let mut watcher = Person::named("A watcher");
    watcher.opens(&at(&demo, "/sandbox/calls"));
    watcher.sees("Stop following");
    a_call_comes_in(&demo, "first");
    watcher.comes_to_see("word=first");
    watcher.clicks("Stop following");
    watcher.sees("Follow again");
    a_call_comes_in(&demo, "second");
    watcher.clicks("Follow again");
    watcher.comes_to_see("word=second");
    watcher.sees("Stop following");
}

#[test]
fn without_scripts_one_looks_again_for_the_calls() {
    let demo = Demo::starts();
    let mut watcher = Person::without_scripts("A watcher");
    watcher.opens(&at(&demo, "/sandbox/calls"));
    watcher.sees("Look again");
    assert!(!watcher.is_offered("Stop following"));
    a_call_comes_in(&demo, "first");
    watcher.clicks("Look again");
    watcher.comes_to_see("word=first");
}
