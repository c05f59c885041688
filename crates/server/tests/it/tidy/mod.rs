//! The rules of the house, as code: who may import what (the table of ARCHITECTURE.md),
//! how long a file may be, which words are not used, what is never committed.
//!
//! A rule is a function from sources to findings. Each is asked twice: whether the
//! project keeps it, and whether it finds a sample that does not.

mod documents;
mod imports;
mod sight;
mod source;
mod words;

use source::Source;

/// Files that are one deep thing and may be longer than [`LONGEST`], each with its reason.
const DEEP: &[(&str, &str)] = &[(
    "crates/sandbox/src/entra/failure.rs",
    "one table: every refusal of Entra ID in Microsoft's own shape",
)];

/// Lines of a file, its own tests at the foot not counted.
const LONGEST: usize = 500;

/// Lines of a file of nothing but tests: they stand side by side and are read one by one.
const LONGEST_OF_TESTS: usize = 700;

// Spelled in two parts, so that this file keeps the rule itself.
const NEVER_COMMITTED: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (
        concat!("index.crates", ".io"),
        "the address of a package registry",
    ),
    (
        concat!("static.crates", ".io"),
        "the address of a package registry",
    ),
    (
        concat!("registry.npm", "js.org"),
        "the address of a package registry",
    ),
    (concat!("pypi", ".org"), "the address of a package registry"),
];

const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("HA", "CK:"),
];

fn files_of_a_bearable_length(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let is_deep = DEEP.iter().any(|(path, _)| *path == source.path);
        let lines = source
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        let longest = if source.path.contains("/tests/") {
            LONGEST_OF_TESTS
        } else {
            LONGEST
        };
        if lines > longest && !is_deep {
            findings.push(format!(
                "{} has {lines} lines: part it, or name it in DEEP with a reason",
                source.path
            ));
        }
        // A file near the limit may go to and fro.
        if lines + 50 <= longest && is_deep {
            findings.push(format!(
                "{} has {lines} lines and need not stand in DEEP any more",
                source.path
            ));
        }
    }
    findings
}

fn nothing_of_one_machine(sources: &[Source]) -> Vec<String> {
    // Cargo writes the name of its index into the lock file itself.
    let ours = sources.iter().filter(|source| source.path != "Cargo.lock");
    ours.flat_map(|source| {
        source.lines().flat_map(move |(number, line)| {
            let found = NEVER_COMMITTED
                .iter()
                .filter(move |(text, _)| line.contains(text));
            found
                .map(move |(text, reason)| format!("{}:{number} has {text}, {reason}", source.path))
        })
    })
    .collect()
}

fn nothing_unfinished(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_ours()) {
        let is_noted = |line: &str| UNFINISHED.iter().any(|word| line.contains(word));
        let is_called = |line: &str| line.contains("todo!(") || line.contains("unimplemented!(");
        let code = if source.is_rust() {
            source.code()
        } else {
            String::new()
        };
        let notes = source
            .text
            .lines()
            .zip(1..)
            .filter(|(line, _)| is_noted(line));
        let calls = code.lines().zip(1..).filter(|(line, _)| is_called(line));
        for (line, number) in notes.chain(calls) {
            findings.push(format!(
                "{}:{number} is unfinished: {}",
                source.path,
                line.trim()
            ));
        }
    }
    findings
}

fn tests_that_test(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let code = source.code();
        let lines: Vec<&str> = code.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let line = line.trim();
            let place = format!("{}:{}", source.path, index + 1);
            if line.starts_with("#[ignore") || line.contains(", ignore)]") {
                findings.push(format!("{place} skips a test"));
            }
            let is_test = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let body = lines[index..]
                .iter()
                .skip_while(|line| !line.contains("fn "))
                .take(2)
                .copied()
                .collect::<String>();
            if is_test && body.split_whitespace().collect::<String>().contains("{}") {
                findings.push(format!("{place} is a test without content"));
            }
        }
    }
    findings
}

/// A test waits for a condition; only the ones who look at it again pause between two looks.
fn no_sleeping_for_luck(sources: &[Source]) -> Vec<String> {
    let tests = sources
        .iter()
        .filter(|source| source.path.starts_with("crates/server/tests/") && source.is_rust());
    tests
        .flat_map(|source| {
            let code = source.code();
            let lines: Vec<_> = code.lines().map(str::to_owned).enumerate().collect();
            let naps = lines
                .into_iter()
                .filter(|(_, line)| line.contains("sleep(") && !line.contains("sleep(GLANCE)"));
            naps.map(|(index, _)| {
                format!(
                    "{}:{} sleeps instead of waiting for something",
                    source.path,
                    index + 1
                )
            })
        })
        .collect()
}

/// A file begins by saying what it is, in two to ten lines at most.
fn heads_that_say_what_a_file_is(sources: &[Source]) -> Vec<String> {
    let code = sources.iter().filter(|source| {
        source.is_rust() && source.path.contains("/src/") && !source.path.contains("/migrations/")
    });
    code.filter_map(|source| {
        let head = source
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        let trouble = match head {
            0 if source.text.lines().count() < 5 => return None,
            0 => "begins without saying what it is",
            1..=14 => return None,
            _ => "has a head longer than its reader's patience",
        };
        Some(format!("{} {trouble}", source.path))
    })
    .collect()
}

/// The rules that look at every file, by name, with what they say of `sources`.
fn findings(sources: &[Source]) -> Vec<String> {
    let rules = [
        files_of_a_bearable_length,
        nothing_of_one_machine,
        nothing_unfinished,
        tests_that_test,
        no_sleeping_for_luck,
        heads_that_say_what_a_file_is,
        words::only_words_of_the_glossary,
        imports::only_what_a_layer_may_import,
        imports::only_what_a_crate_may_depend_on,
        imports::the_sandbox_is_named_where_it_is_started,
        imports::sql_in_the_store_alone,
        sight::every_read_says_for_whom,
    ];
    rules.iter().flat_map(|rule| rule(sources)).collect()
}

#[test]
fn the_house_rules_are_kept() {
    let sources = source::all();
    assert!(
        sources.len() > 50,
        "only {} files were found to look at",
        sources.len()
    );
    let findings = findings(&sources);
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn a_deep_file_has_a_reason() {
    assert!(
        DEEP.iter()
            .all(|(_, reason)| reason.split_whitespace().count() > 3)
    );
}

#[test]
fn every_rule_finds_what_breaks_it() {
    let long = "//! Long.\n".to_owned() + &"fn f() {}\n".repeat(LONGEST);
    let unfinished = format!("//! Head.\n// {} later\n", UNFINISHED[0]);
    let local = format!("See {}notes.\n", NEVER_COMMITTED[0].0);
    let samples = [
        ("crates/server/src/long.rs", long.as_str(), "501 lines"),
        (
            "crates/sandbox/src/entra/failure.rs",
            "//! Short.\n",
            "need not stand in DEEP",
        ),
        ("docs/run.md", &local, "docs/run.md:1 has"),
        (
            "crates/server/src/half.rs",
            &unfinished,
            "half.rs:2 is unfinished",
        ),
        (
            "crates/server/src/half.rs",
            "//! Head.\nfn f() { todo!() }\n",
            "half.rs:2 is unfinished",
        ),
        (
            "crates/server/tests/it/a.rs",
            "//! Head.\n#[test]\nfn nothing() {}\n",
            "a.rs:2 is a test without content",
        ),
        (
            "crates/server/tests/it/a.rs",
            "//! Head.\n#[tokio::test]\nasync fn nothing() {\n}\n",
            "a.rs:2 is a test without content",
        ),
        (
            "crates/server/tests/it/a.rs",
            "//! Head.\n#[test]\n#[ignore = \"slow\"]\nfn f() { g() }\n",
            "a.rs:3 skips a test",
        ),
        (
            "crates/server/tests/it/a.rs",
            "//! Head.\nfn f() { sleep(Duration::from_secs(1)) }\n",
            "a.rs:2 sleeps",
        ),
        (
            "crates/server/src/headless.rs",
            "fn f() {\n    g();\n    h();\n    i();\n}\n",
            "begins without saying",
        ),
    ];
    for (path, text, expected) in samples {
        let found = findings(&[Source::new(path, text)]);
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{path} should be found out ({expected}), not {found:?}"
        );
    }
}

#[test]
fn what_keeps_the_rules_is_left_in_peace() {
    let sample = "//! Head.\n\n#[test]\nfn it_rains() {\n    // It never sleeps here.\n    assert!(rain());\n}\n";
    assert_eq!(
        findings(&[Source::new("crates/server/tests/it/a.rs", sample)]),
        Vec::<String>::new()
    );
}
