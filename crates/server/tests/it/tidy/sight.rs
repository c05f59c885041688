//! Who reads from the store says for whom: the actor's sight, an organization, or a change
//! that is already bound to one. (I-13)

use super::source::Source;

/// Reads that come before it is known whose they are, each with its reason.
const BEFORE: &[(&str, &str, &str)] = &[
    ("alarms", "list", "the operator's list"),
    ("api_tokens", "find", "the token is the secret"),
    (
        "attempts",
        "*",
        "tries to sign in are counted before anybody is known",
    ),
    ("attendees", "find_asked", "the code is the secret"),
    ("calendar_feeds", "find", "the address is the secret"),
    (
        "consents",
        "find_by_state",
        "Microsoft's answer names its flow by a secret, not by an organization",
    ),
    ("copy", "*", "a backup is of the whole instance"),
    ("fence", "find", "the fence is the instance's"),
    (
        "integrations",
        "count_by_state",
        "the operator's numbers, without names",
    ),
    ("lease", "*", "the driver looks for work everywhere"),
    ("meetings", "count", "a measure of the instance"),
    ("meetings", "find_by_join_code", "the code is the secret"),
    ("nodes", "list", "nodes belong to no organization"),
    (
        "organizations",
        "find_by_slug",
        "this is how the organization becomes known",
    ),
    ("organizations", "list", "the operator's list"),
    ("outbox", "is_empty", "tests and the shutdown wait for it"),
    (
        "sealed",
        "*",
        "the key is the instance's, and every secret is sealed with it",
    ),
    ("sessions", "find_known", "the cookie is the secret"),
    ("sql", "*", "the few differences between two databases"),
    (
        "stumbles",
        "*",
        "the driver's and the operator's, without a look at what the rows say",
    ),
];

pub fn every_read_says_for_whom(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.path.starts_with("crates/server/src/store/"))
    {
        let code = source.code();
        for (name, signature) in functions(&code) {
            let words: Vec<_> = signature
                .split(|letter: char| !letter.is_alphanumeric())
                .collect();
            let has = |sought: &[&str]| sought.iter().any(|word| words.contains(word));
            let asks = has(&["Store", "ConnectionTrait", "DatabaseConnection"]);
            let is_bound = has(&["Sight", "OrganizationId", "Tx"]);
            let is_before = BEFORE.iter().any(|(file, function, _)| {
                *file == source.stem() && (*function == "*" || *function == name)
            });
            if asks && !is_bound && !is_before && source.stem() != "store" {
                findings.push(format!(
                    "{}: {name} does not say for whom it reads",
                    source.path
                ));
            }
        }
    }
    findings
}

/// The public functions with what stands between name and body.
fn functions(code: &str) -> Vec<(&str, &str)> {
    let mut rest = code;
    let mut functions = Vec::new();
    while let Some(at) = rest.find("pub ") {
        rest = &rest[at + 4..];
        let declared = rest.strip_prefix("async ").unwrap_or(rest);
        let Some(declared) = declared.strip_prefix("fn ") else {
            continue;
        };
        let name = declared.split(['(', '<']).next().unwrap_or_default();
        let signature = declared.split(['{', ';']).next().unwrap_or_default();
        functions.push((name, signature));
    }
    functions
}

#[test]
fn a_read_that_forgets_whose_it_is_is_found_out() {
    let forgets = "pub async fn list(store: &Store) -> Stored<Vec<Meeting>> { }";
    let found =
        every_read_says_for_whom(&[Source::new("crates/server/src/store/meetings.rs", forgets)]);
    assert_eq!(
        found,
        ["crates/server/src/store/meetings.rs: list does not say for whom it reads"]
    );
    let says = "pub async fn list(sight: &Sight, store: &Store) -> Stored<Vec<Meeting>> { }\npub async fn count(store: &Store) -> u64 {}";
    assert_eq!(
        every_read_says_for_whom(&[Source::new("crates/server/src/store/meetings.rs", says)]),
        Vec::<String>::new()
    );
}

#[test]
fn a_read_that_comes_before_has_a_reason() {
    assert!(
        BEFORE
            .iter()
            .all(|(.., reason)| reason.split_whitespace().count() > 2)
    );
}
