//! Which points must be passed, by the functions that commit.

use std::collections::BTreeSet;
use std::path::Path;

/// Each of these commits, in some deed of the story, and Ithaca dies before and after it.
const COMMITS: &[(&str, &str)] = &[
    ("app/answers.rs", "answer"),
    ("app/integration/mod.rs", "begin_consent"),
    ("app/integration/connect.rs", "finish_consent"),
    ("app/integration/connect.rs", "bind"),
    ("app/integration/removal.rs", "remove_integration"),
    ("app/meetings.rs", "create_meeting"),
    ("app/meetings.rs", "change_meeting"),
    ("app/meetings.rs", "cancel_meeting"),
    ("app/members.rs", "invite_member"),
    ("app/sessions.rs", "begin_session"),
    ("app/sessions.rs", "sign_out"),
    ("app/tracks.rs", "change_modes"),
    ("reconcile/directory.rs", "record"),
    ("reconcile/health.rs", "conclude"),
    ("reconcile/links/mod.rs", "announce_call"),
    ("reconcile/links/trouble.rs", "failed"),
    ("reconcile/links/record.rs", "record"),
    ("reconcile/links/mod.rs", "settle"),
    ("reconcile/outbox.rs", "conclude"),
    ("reconcile/removal.rs", "step"),
    ("reconcile/tokens.rs", "refreshed"),
    ("store/lease.rs", "claim_in_turn"),
];

/// Each of these is answered in some deed.
const ANSWERS: &[&str] = &[
    "answered POST /v1.0/me/onlineMeetings/createOrGet",
    "answered PATCH /v1.0/me/onlineMeetings/*",
    "answered GET /v1.0/me/onlineMeetings/*",
    "answered DELETE /v1.0/me/onlineMeetings/*",
    "answered by the mail server",
];

/// Fails for a function that is no more, or whose points no deed passes.
pub fn are_all_passed(passed: &BTreeSet<String>) {
    let mut by_function = BTreeSet::new();
    for point in passed {
        if let Some(place) = point.strip_prefix("after commit ") {
            let (file, line) = place.rsplit_once(':').expect("a file and a line");
            by_function.insert(function_at(file, line.parse().expect("a number")));
        }
    }
    for (file, function) in COMMITS {
        assert!(
            by_function.contains(&((*file).to_owned(), (*function).to_owned())),
            "no deed passes the commit of {function} in {file}, or it is there no more"
        );
    }
    for answer in ANSWERS {
        assert!(passed.contains(*answer), "no deed is {answer}");
    }
}

/// The function that this line stands in, with its file below `src`.
fn function_at(file: &str, line: usize) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join(file)).expect("it was compiled from there");
    let lines: Vec<&str> = text.lines().take(line).collect();
    let function = lines
        .iter()
        .rev()
        .find_map(|line| line.split_once("fn ").map(|(_, rest)| rest))
        .and_then(|rest| rest.split(['(', '<']).next())
        .unwrap_or_default();
    let (_, short) = file.split_once("/src/").expect("sources stand in src");
    (short.to_owned(), function.to_owned())
}
