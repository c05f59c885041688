//! What must be so after every crash (N1 to N5, N11), asked of those who know: Teams what
//! meetings there are, the mailboxes what people were told, Ithaca what it believes.

use std::collections::{BTreeMap, BTreeSet};

use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::Value;

use super::deeds::{Leaves, meeting, waits_for_link};
use super::ground::Ground;
use crate::demo::Demo;

/// How each meeting should be, by its title.
pub type Wanted = BTreeMap<String, Leaves>;

const PEOPLE: [&str; 2] = ["mei@larkspur.example", "luis@larkspur.example"];

/// One meeting is as it should be, in Ithaca and in Teams.
pub fn meeting_is(demo: &Demo, title: &str, leaves: Leaves) {
    let truth = demo.asks_the_sandbox("truth");
    let live = live_of(&truth, title);
    match leaves {
        Leaves::Scheduled(start) => {
            let shown = waits_for_link(demo, "Mei Tanaka", title);
            assert_eq!(shown["local_start"], start, "“{title}” is at another time");
            assert_eq!(shown["status"], "scheduled");
            let truth = demo.asks_the_sandbox("truth");
            let live = live_of(&truth, title);
            assert_eq!(live.len(), 1, "N1: “{title}” in Teams: {live:#?}");
            let (there, here) = (&live[0]["start"], &shown["starts_at"]);
            assert_eq!(there, here, "Teams has “{title}” at another time");
        }
        Leaves::Cancelled => {
            let shown = meeting(demo, "Mei Tanaka", title).unwrap().unwrap();
            assert_eq!(shown["status"], "cancelled", "N5: “{title}” was cancelled");
            assert!(
                live.is_empty(),
                "N2: “{title}” lives on in Teams: {live:#?}"
            );
        }
    }
}

/// The living Teams meetings of this title.
pub fn live_of<'a>(truth: &'a Value, title: &str) -> Vec<&'a Value> {
    let all = truth["meetings"].as_array().unwrap().iter();
    all.filter(|one| one["deleted"] == false && one["subject"] == title)
        .collect()
}

/// Nothing lives in Teams but what is wanted. (N2)
pub fn nothing_is_orphaned(demo: &Demo, wanted: &Wanted) {
    let truth = demo.asks_the_sandbox("truth");
    let orphans: Vec<&Value> = truth["meetings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["deleted"] == false)
        .filter(|one| {
            let title = one["subject"].as_str().unwrap();
            !matches!(wanted.get(title), Some(Leaves::Scheduled(_)))
        })
        .collect();
    assert!(orphans.is_empty(), "N2: nobody wants {orphans:#?}");
}

/// A message as far as it matters here.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    to: String,
    title: String,
    sequence: u32,
    method: String,
    id: String,
}

/// Everybody has the newest word on each meeting, each message under one Message-ID, and
/// nobody else has one. (N3)
pub fn everybody_knows(demo: &Demo, wanted: &Wanted) {
    let told = all_told(demo);
    for (title, leaves) in wanted {
        let about: Vec<&Told> = told.iter().filter(|one| one.title == *title).collect();
        let strangers: Vec<_> = about
            .iter()
            .filter(|one| !PEOPLE.contains(&one.to.as_str()))
            .collect();
        assert!(strangers.is_empty(), "N3: {strangers:?}");
        for person in PEOPLE {
            let hers: Vec<&&Told> = about.iter().filter(|one| one.to == person).collect();
            let mut ids: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for one in &hers {
                let key = (one.sequence, &one.method);
                ids.entry(key).or_default().insert(&one.id);
            }
            assert!(
                ids.values().all(|ids| ids.len() == 1),
                "N3: one word under two Message-IDs: {hers:#?}"
            );
            let newest = hers.iter().max_by_key(|one| one.sequence);
            match (leaves, newest) {
                (Leaves::Scheduled(_), Some(one)) => assert_eq!(one.method, "REQUEST", "{hers:#?}"),
                (Leaves::Cancelled, Some(one)) => assert_eq!(one.method, "CANCEL", "{hers:#?}"),
                // Cancelled before anybody was told: nobody need be.
                (Leaves::Cancelled, None) => {}
                (Leaves::Scheduled(_), None) => panic!("N3: {person} knows nothing of “{title}”"),
            }
        }
    }
}

fn all_told(demo: &Demo) -> BTreeSet<Told> {
    let all = demo.asks_the_sandbox("mail");
    let mut told = BTreeSet::new();
    for message in all.as_array().unwrap() {
        let raw = message["raw"].as_str().unwrap();
        let parsed = MessageParser::new().parse(raw.as_bytes()).unwrap();
        let id = parsed.message_id().unwrap_or_default().to_owned();
        let calendar = parsed.parts.iter().find(|part| {
            part.content_type()
                .is_some_and(|kind| kind.subtype() == Some("calendar"))
        });
        let Some(text) = calendar.and_then(|part| part.text_contents()) else {
            continue;
        };
        let unfolded = text.replace("\r\n ", "");
        let value = |property: &str| {
            unfolded
                .lines()
                .find_map(|line| line.strip_prefix(property))
                .unwrap_or_default()
                .to_owned()
        };
        for to in message["to"].as_array().unwrap() {
            told.insert(Told {
                to: to.as_str().unwrap().to_owned(),
                title: value("SUMMARY:"),
                sequence: value("SEQUENCE:").parse().unwrap_or_default(),
                method: value("METHOD:"),
                id: id.clone(),
            });
        }
    }
    told
}

/// Everything at once, at the very end.
pub fn all_is_well(ground: &Ground, demo: &Demo, wanted: &Wanted) {
    nothing_is_orphaned(demo, wanted);
    everybody_knows(demo, wanted);
    ground.audit_has_no_gap();
}
