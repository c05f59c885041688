//! The documents say what is so: every promise of the article has a test that carries its
//! number (docs/article.md), every invariant and fault has a test or says why not, every
//! answer of Microsoft's a test that carries its number (docs/promises.md), every link leads somewhere, every file that is named exists.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{self, Source};

const PROMISES: std::ops::RangeInclusive<u8> = 1..=20;

/// Reads the rows of the article's table: the promise's number, and its tests as
/// `(file, name)`.
fn rows(article: &Source) -> Vec<(u8, Vec<(String, String)>)> {
    let rows = article.text.lines().filter_map(|line| {
        let number = line.strip_prefix("| S")?.split(' ').next()?.parse().ok()?;
        let tests = quoted(line).filter_map(|quoted| {
            let (file, name) = quoted.split_once("::")?;
            Some((format!("crates/{file}"), name.to_owned()))
        });
        Some((number, tests.collect()))
    });
    rows.collect()
}

fn every_promise_has_its_test(sources: &[Source], article: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let rows = rows(article);
    let named: BTreeSet<u8> = rows.iter().map(|(number, _)| *number).collect();
    findings.extend(
        PROMISES
            .filter(|number| !named.contains(number))
            .map(|number| format!("S{number} has no row")),
    );
    for (number, tests) in &rows {
        let mut carried = false;
        for (file, name) in tests {
            let found = sources
                .iter()
                .find(|source| source.path == *file)
                .and_then(|source| declaration(source, name));
            match found {
                Some(above) => carried |= carries(name, &above, *number),
                None => findings.push(format!(
                    "S{number} names {file}::{name}, which is not there"
                )),
            }
        }
        if !carried {
            findings.push(format!(
                "S{number} has no test that carries its number in its name or its doc"
            ));
        }
    }
    findings
}

/// The invariants and the faults, by their numbers.
fn invariants_and_faults() -> Vec<String> {
    let invariants = (1..=11).map(|number| format!("N{number}"));
    let faults = (1..=46).map(|number| format!("F{number:02}"));
    invariants.chain(faults).collect()
}

/// What Microsoft may answer, by the numbers of the attack list.
fn answers() -> Vec<String> {
    (1..=20).map(|number| format!("G-{number:02}")).collect()
}

/// Each has one row, whose last cell names tests that are there, or says what is not shown.
/// A test of an answer of Microsoft's carries its number in its name.
fn every_row_is_answered_for(sources: &[Source], promises: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for number in invariants_and_faults().into_iter().chain(answers()) {
        let start = format!("| {number} |");
        let rows: Vec<&str> = promises
            .text
            .lines()
            .filter(|line| line.starts_with(&start))
            .collect();
        let [row] = rows[..] else {
            findings.push(format!("{number} has {} rows", rows.len()));
            continue;
        };
        let shown = row.trim_end_matches([' ', '|']).rsplit(" | ").next();
        let shown = shown.unwrap_or_default();
        let tests: Vec<(&str, &str)> = quoted(shown)
            .filter_map(|quoted| quoted.split_once("::"))
            .collect();
        if tests.is_empty() && !shown.contains("Not shown:") {
            findings.push(format!("{number} has neither a test nor a reason"));
        }
        let word = number.to_lowercase().replace('-', "");
        let carries = |name: &str| name.split('_').any(|part| part == word);
        if number.starts_with('G') && !tests.iter().any(|(_, name)| carries(name)) {
            findings.push(format!("{number} has no test that carries its number"));
        }
        for (file, name) in tests {
            let path = format!("crates/{file}");
            let is_there = sources
                .iter()
                .any(|source| source.path == path && declaration(source, name).is_some());
            if !is_there {
                findings.push(format!("{number} names {path}::{name}, which is not there"));
            }
        }
    }
    findings
}

/// What stands directly above a function, its doc and attributes, if the function is there.
fn declaration(source: &Source, name: &str) -> Option<String> {
    let code = source.code();
    let at = code
        .lines()
        .position(|line| line.contains(&format!("fn {name}(")))?;
    let lines: Vec<&str> = source.text.lines().take(at).collect();
    let above = lines.iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[")
    });
    Some(above.copied().collect::<Vec<_>>().join("\n"))
}

fn carries(name: &str, above: &str, number: u8) -> bool {
    let in_name = name.split('_').any(|word| word == format!("s{number}"));
    let in_doc = above
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|word| word == format!("S{number}"));
    in_name || in_doc
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_document(source: &Source) -> bool {
    ends_in(&source.path, "md") && !source.path.contains("/assets/")
}

fn ends_in(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|end| end == extension)
}

/// Links between documents, and to headings in them.
fn links_lead_somewhere(sources: &[Source], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| is_document(source)) {
        let folder = source
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        for (number, line) in source.lines() {
            let targets = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            for target in targets.filter(|target| !target.contains("://")) {
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                let path = if file.is_empty() {
                    source.path.clone()
                } else {
                    resolved(folder, file)
                };
                let leads = exists(&path)
                    && (heading.is_empty()
                        || sources
                            .iter()
                            .any(|other| other.path == path && headings(other).contains(heading)));
                if !leads {
                    findings.push(format!("{}:{number} links to {target}", source.path));
                }
            }
        }
    }
    findings
}

fn resolved(folder: &str, file: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names that headings are linked by.
fn headings(document: &Source) -> BTreeSet<String> {
    let lines = document.text.lines().filter(|line| line.starts_with('#'));
    lines
        .map(|line| {
            let kept = line.trim_start_matches('#').trim().to_lowercase();
            let kept = kept
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
            kept.map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

/// `reconcile/driver.rs` in a document is a file that ends so.
fn files_that_are_named_exist(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| is_document(source)) {
        // The style guide shows what is not wanted, too.
        if source.path == "STYLE.md" {
            continue;
        }
        for (number, line) in source.lines() {
            let files = quoted(line).map(|quoted| quoted.split("::").next().unwrap_or(quoted));
            let files = files.filter(|file| {
                ends_in(file, "rs") && file.contains('/') && !file.contains(['<', '*', ' '])
            });
            for file in files {
                let is_there = sources
                    .iter()
                    .any(|other| other.path == file || other.path.ends_with(&format!("/{file}")));
                if !is_there {
                    findings.push(format!("{}:{number} names {file}", source.path));
                }
            }
        }
    }
    findings
}

fn assert_none(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn every_promise_of_the_article_has_a_test_that_carries_its_number() {
    let sources = source::all();
    let article = sources
        .iter()
        .find(|source| source.path == "docs/article.md")
        .expect("the table is there");
    assert_none(&every_promise_has_its_test(&sources, article));
}

#[test]
fn every_invariant_fault_and_answer_has_a_test_or_says_why_not() {
    let sources = source::all();
    let promises = sources
        .iter()
        .find(|source| source.path == "docs/promises.md")
        .expect("the table is there");
    assert_none(&every_row_is_answered_for(&sources, promises));
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert_none(&links_lead_somewhere(&source::all(), |path| {
        root.join(path).exists()
    }));
}

#[test]
fn every_file_that_a_document_names_is_there() {
    assert_none(&files_that_are_named_exist(&source::all()));
}

#[test]
fn a_document_that_says_what_is_not_so_is_found_out() {
    let sources = [
        Source::new(
            "crates/a/tests/b.rs",
            "/// S2, S3.\n#[test]\nfn told() { f() }\n#[test]\nfn meets_s1() { f() }\n// fn gone_s4() {}\n",
        ),
        Source::new(
            "docs/one.md",
            "# One more\n[a](two.md) [b](#one-more) [c](../README.md) `x/b.rs` `tests/b.rs`\n",
        ),
        Source::new(
            "README.md",
            "[d](docs/one.md#one-more) [e](docs/one.md#nothing) <https://a.example>\n",
        ),
    ];
    let article = Source::new(
        "docs/article.md",
        "| S1 | x | y | `a/tests/b.rs::meets_s1` |\n| S2 | x | y | `a/tests/b.rs::told` |\n| S3 | x | y | |\n| S4 | x | y | `a/tests/b.rs::gone_s4` |\n| S5 | x | y | `a/tests/b.rs::told` |\n",
    );
    let found = every_promise_has_its_test(&sources, &article).join("\n");
    for right in ["S1 ", "S2 "] {
        assert!(!found.contains(right), "{found}");
    }
    for wrong in [
        "S3 has no test",
        "S4 names crates/a/tests/b.rs::gone_s4",
        "S5 has no test",
        "S6 has no row",
        "S20 has no row",
    ] {
        assert!(found.contains(wrong), "{wrong} in {found}");
    }
    let promises = Source::new(
        "docs/promises.md",
        "| N1 | x | `a/tests/b.rs::told` |\n| N2 | x | `a/tests/b.rs::gone` |\n| F01 | x | Not shown: no room. |\n| F02 | x | later |\n| G-01 | x | `a/tests/b.rs::told` |\n",
    );
    let found = every_row_is_answered_for(&sources, &promises).join("\n");
    for right in ["N1 ", "F01 "] {
        assert!(!found.contains(right), "{found}");
    }
    for wrong in [
        "N2 names crates/a/tests/b.rs::gone",
        "F02 has neither",
        "F46 has 0 rows",
        "G-01 has no test that carries its number",
        "G-20 has 0 rows",
    ] {
        assert!(found.contains(wrong), "{wrong} in {found}");
    }
    let is_there = |path: &str| sources.iter().any(|source| source.path == path);
    assert_eq!(
        links_lead_somewhere(&sources, is_there),
        [
            "docs/one.md:2 links to two.md",
            "README.md:1 links to docs/one.md#nothing"
        ]
    );
    assert_eq!(
        files_that_are_named_exist(&sources),
        ["docs/one.md:2 names x/b.rs"]
    );
}
