//! The words that no file, module or type is named with: they say nothing of what it is.

use super::source::Source;

const NEVER: &[&str] = &[
    "manager",
    "managers",
    "service",
    "services",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "core",
    "base",
    "data",
    "info",
    "process",
    "do",
    "impl",
    "v2",
    "new2",
    "misc",
    "stuff",
];

/// Names that others gave to their things: `Data` is part of the HTTP body's trait.
const THEIRS: &[&str] = &["Data", "ServicePrincipal"];

pub fn only_words_of_the_glossary(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        if let Some(word) = empty_word(source.stem()) {
            findings.push(format!(
                "{} is called “{word}”, which says nothing",
                source.path
            ));
        }
        for (index, line) in source.code().lines().enumerate() {
            let Some(name) = declared(line) else { continue };
            if let Some(word) = empty_word(name).filter(|_| !THEIRS.contains(&name)) {
                findings.push(format!(
                    "{}:{} declares {name}: “{word}” says nothing",
                    source.path,
                    index + 1
                ));
            }
        }
    }
    findings
}

/// The name that a line declares, of a type or a module.
fn declared(line: &str) -> Option<&str> {
    let mut words = line
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty());
    let mut first = words.next()?;
    while matches!(first, "pub" | "crate" | "super" | "in") {
        first = words.next()?;
    }
    matches!(first, "struct" | "enum" | "trait" | "type" | "mod").then(|| words.next())?
}

fn empty_word(name: &str) -> Option<&'static str> {
    let mut words: Vec<String> = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter == '-' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut()?.extend(letter.to_lowercase());
        }
    }
    NEVER
        .iter()
        .find(|never| words.iter().any(|word| word == *never))
        .copied()
}

#[test]
fn a_name_that_says_nothing_is_found_out() {
    let samples = [
        ("crates/server/src/app/meeting_helper.rs", ""),
        ("crates/server/src/common/mod.rs", ""),
        (
            "crates/server/src/app/meetings.rs",
            "pub(crate) struct MeetingManager;",
        ),
        ("crates/server/src/app/meetings.rs", "mod utils {"),
        (
            "crates/server/src/app/meetings.rs",
            "    pub trait MeetingService: Send {",
        ),
    ];
    for (path, code) in samples {
        assert_eq!(
            only_words_of_the_glossary(&[Source::new(path, code)]).len(),
            1,
            "{path} {code}"
        );
    }
    let good = Source::new(
        "crates/server/src/app/meetings.rs",
        "struct Database; // the service\nmod meetings;\nfn base() {}\ntype Core1 = u8;",
    );
    assert_eq!(only_words_of_the_glossary(&[good]), Vec::<String>::new());
}
