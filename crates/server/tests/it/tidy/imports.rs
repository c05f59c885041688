//! Who may import what: the rows of ARCHITECTURE.md's table.

use super::source::Source;

/// A layer of the server, what it never names, and why.
const NEVER: &[(&str, &[&str], &str)] = &[
    (
        "store",
        &[
            "crate::web",
            "crate::api",
            "crate::reconcile",
            "crate::app",
            "microsoft",
            "axum",
        ],
        "the store knows rows and rules, not who asks for them",
    ),
    (
        "app",
        &[
            "axum",
            "sea_orm",
            "sea_orm_migration",
            "sqlx",
            "crate::web",
            "crate::api",
        ],
        "what can be done does not depend on who asks, nor on how it is kept",
    ),
    (
        "web",
        &["sea_orm", "sea_orm_migration", "sqlx", "crate::api"],
        "pages write through app and read through store",
    ),
    (
        "api",
        &["sea_orm", "sea_orm_migration", "sqlx", "crate::web"],
        "the API writes through app and reads through store",
    ),
    (
        "reconcile",
        &["crate::web", "crate::api", "axum"],
        "a reconciler has no input",
    ),
];

/// What the one file of `app` that redeems a code may not touch all the same.
const CALLS: &[&str] = &[
    "microsoft::graph",
    "microsoft::users",
    "microsoft::online_meetings",
];

/// A crate and what its manifest never names among the ordinary dependencies.
const MANIFESTS: &[(&str, &[&str])] = &[
    (
        "mentoring",
        &[
            "tokio",
            "reqwest",
            "axum",
            "sea-orm",
            "sqlx",
            "hyper",
            "microsoft",
            "sandbox",
            "getrandom",
        ],
    ),
    (
        "microsoft",
        &["mentoring", "sandbox", "sea-orm", "sqlx", "axum"],
    ),
    ("sandbox", &["microsoft", "mentoring", "sea-orm", "sqlx"]),
];

/// Where the sandbox may be named: where it is started, and nowhere that could ask for it.
const STARTS_THE_SANDBOX: &[&str] = &["demo", "standalone", "config", "cli", "main"];

pub fn only_what_a_layer_may_import(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let Some(path) = source
            .path
            .strip_prefix("crates/server/src/")
            .filter(|_| source.is_rust())
        else {
            continue;
        };
        let layer = path.split(['/', '.']).next().unwrap_or_default();
        let mentioned = mentioned(source);
        for (_, never, reason) in NEVER.iter().filter(|(name, ..)| *name == layer) {
            findings.extend(breaches(source, &mentioned, never, reason));
        }
        let redeems = path == "app/integration.rs" || path.starts_with("app/integration/");
        // The one who redeems is given the client along with everything else.
        let hands_on = path == "app/mod.rs";
        let theirs: Vec<_> = mentioned
            .iter()
            .filter(|(_, path)| !(hands_on && path == "microsoft::Client"))
            .cloned()
            .collect();
        if redeems {
            findings.extend(breaches(
                source,
                &mentioned,
                CALLS,
                "only reconcilers call Graph",
            ));
        } else if layer == "app" {
            findings.extend(breaches(
                source,
                &theirs,
                &["microsoft"],
                "only app/integration redeems codes",
            ));
        }
    }
    findings
}

pub fn the_sandbox_is_named_where_it_is_started(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let Some(path) = source
            .path
            .strip_prefix("crates/server/src/")
            .filter(|_| source.is_rust())
        else {
            continue;
        };
        let layer = path.split(['/', '.']).next().unwrap_or_default();
        if !STARTS_THE_SANDBOX.contains(&layer) {
            findings.extend(breaches(
                source,
                &mentioned(source),
                &["sandbox"],
                "no code asks whether it speaks to the sandbox",
            ));
        }
    }
    findings
}

pub fn only_what_a_crate_may_depend_on(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, never) in MANIFESTS {
        let manifest = format!("crates/{name}/Cargo.toml");
        let Some(source) = sources.iter().find(|source| source.path == manifest) else {
            continue;
        };
        let mut section = "";
        for (number, line) in source.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let dependency = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if section == "[dependencies]" && never.contains(&dependency) {
                findings.push(format!(
                    "{manifest}:{number} depends on {dependency}, which {name} never may"
                ));
            }
        }
    }
    findings
}

pub fn sql_in_the_store_alone(sources: &[Source]) -> Vec<String> {
    const SQL: &[&str] = &["SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE "];
    let elsewhere = sources.iter().filter(|source| {
        source.is_rust()
            && source.path.starts_with("crates/server/src/")
            && !["store", "migrations"].iter().any(|layer| {
                source
                    .path
                    .starts_with(&format!("crates/server/src/{layer}"))
            })
    });
    elsewhere
        .flat_map(|source| {
            let strings = source.strings();
            let lines: Vec<_> = strings.lines().map(str::to_owned).enumerate().collect();
            let queries = lines
                .into_iter()
                .filter(|(_, line)| SQL.iter().any(|word| line.contains(word)));
            queries.map(|(index, line)| {
                format!("{}:{} has SQL: {}", source.path, index + 1, line.trim())
            })
        })
        .collect()
}

fn breaches(
    source: &Source,
    mentioned: &[(usize, String)],
    never: &[&str],
    reason: &str,
) -> Vec<String> {
    let breaches = mentioned.iter().filter(|(_, path)| {
        never.iter().any(|forbidden| {
            path == forbidden
                || path
                    .strip_prefix(forbidden)
                    .is_some_and(|rest| rest.starts_with("::"))
        })
    });
    breaches
        .map(|(line, path)| format!("{}:{line} names {path}: {reason}", source.path))
        .collect()
}

/// Every path that the code names, from the root of its crate, with the line it stands in.
/// A `use` tree is unfolded. A name alone, without `::`, counts only in a `use`.
fn mentioned(source: &Source) -> Vec<(usize, String)> {
    let tokens = tokens(&source.code());
    let module = module_of(&source.path);
    let mut paths = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let (line, token) = &tokens[index];
        if token == "use" {
            let end = tokens[index..]
                .iter()
                .position(|(_, token)| token == ";")
                .map_or(tokens.len(), |length| index + length);
            unfold(&tokens[index + 1..end], &[], &mut paths);
            index = end;
        } else if is_name(token) && tokens.get(index + 1).is_some_and(|(_, next)| next == "::") {
            let mut path = vec![token.clone()];
            while tokens.get(index + 1).is_some_and(|(_, next)| next == "::")
                && tokens.get(index + 2).is_some_and(|(_, next)| is_name(next))
            {
                path.push(tokens[index + 2].1.clone());
                index += 2;
            }
            paths.push((*line, path));
        }
        index += 1;
    }
    paths
        .into_iter()
        .map(|(line, path)| (line, from_the_root(&path, &module)))
        .collect()
}

fn unfold(tree: &[(usize, String)], prefix: &[String], paths: &mut Vec<(usize, Vec<String>)>) {
    let mut path = prefix.to_vec();
    let mut index = 0;
    while index < tree.len() {
        let (line, token) = &tree[index];
        match token.as_str() {
            "::" => {}
            "as" => index += 1,
            "," => {
                path = prefix.to_vec();
            }
            "{" => {
                let end = closing(tree, index);
                unfold(&tree[index + 1..end], &path, paths);
                index = end;
            }
            _ => {
                path.push(token.clone());
                paths.push((*line, path.clone()));
            }
        }
        index += 1;
    }
}

fn closing(tree: &[(usize, String)], open: usize) -> usize {
    let mut depth = 0;
    for (index, (_, token)) in tree.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tree.len()
}

fn from_the_root(path: &[String], module: &[String]) -> String {
    let mut root = module.to_vec();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("self") => rest = &path[1..],
        Some("super") => {
            while rest.first().is_some_and(|part| part == "super") {
                root.pop();
                rest = &rest[1..];
            }
        }
        _ => root.clear(),
    }
    root.extend_from_slice(rest);
    root.join("::")
}

/// `crates/server/src/web/pages/frame.rs` is `crate::web::pages::frame`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let inside = inside
        .trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .trim_end_matches("lib");
    let parts = inside.split('/').filter(|part| !part.is_empty());
    std::iter::once("crate")
        .chain(parts)
        .map(str::to_owned)
        .collect()
}

fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push((index + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

#[test]
fn a_layer_that_reaches_too_far_is_found_out() {
    let samples = [
        (
            "store/meetings.rs",
            "use crate::web::pages;",
            "crate::web::pages",
        ),
        (
            "store/meetings.rs",
            "use crate::{\n  clock,\n  reconcile::{driver, links},\n};",
            "crate::reconcile",
        ),
        (
            "store/mod.rs",
            "fn f() { let _ = super::app::meetings::create(); }",
            "crate::app::meetings::create",
        ),
        (
            "store/meetings.rs",
            "use microsoft::failure;",
            "microsoft::failure",
        ),
        (
            "app/meetings.rs",
            "use axum::extract::Path;",
            "axum::extract",
        ),
        (
            "app/meetings.rs",
            "async fn f() { sea_orm::Database::connect(u).await }",
            "sea_orm::Database::connect",
        ),
        (
            "app/meetings.rs",
            "use microsoft::token;",
            "only app/integration",
        ),
        (
            "app/integration.rs",
            "use microsoft::{token, users};",
            "microsoft::users",
        ),
        (
            "web/meetings.rs",
            "use sea_orm::EntityTrait as _;",
            "sea_orm",
        ),
        ("web/meetings.rs", "use super::super::api;", "crate::api"),
        (
            "api/meetings.rs",
            "use crate::web::shown as s;",
            "crate::web",
        ),
        (
            "reconcile/links.rs",
            "use crate::api::Answer;",
            "crate::api",
        ),
        (
            "reconcile/links.rs",
            "fn f() -> sandbox::Tenant {}",
            "sandbox::Tenant",
        ),
        (
            "web/home.rs",
            "const A: &str = \"SELECT id FROM member\";",
            "has SQL",
        ),
    ];
    for (path, code, expected) in samples {
        let source = [Source::new(&format!("crates/server/src/{path}"), code)];
        let mut found = only_what_a_layer_may_import(&source);
        found.extend(the_sandbox_is_named_where_it_is_started(&source));
        found.extend(sql_in_the_store_alone(&source));
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{path} should be found out ({expected}), not {found:?}"
        );
    }
}

#[test]
fn a_layer_may_use_what_the_table_grants() {
    let samples = [
        (
            "store/meetings.rs",
            "use mentoring::meeting;\nuse sea_orm::EntityTrait;\n// crate::web is not meant",
        ),
        (
            "app/integration.rs",
            "use microsoft::{consent, identity, token};",
        ),
        (
            "web/meetings.rs",
            "use crate::app::meetings;\nuse crate::store;\nuse axum::Router;",
        ),
        (
            "reconcile/links.rs",
            "use crate::store::links;\nuse microsoft::online_meetings;",
        ),
        ("demo.rs", "use sandbox::Tenant;"),
        ("store/links.rs", "const A: &str = \"SELECT 1\";"),
        ("web/home.rs", "fn f(web: u8) -> u8 { web }"),
    ];
    for (path, code) in samples {
        let source = [Source::new(&format!("crates/server/src/{path}"), code)];
        assert_eq!(only_what_a_layer_may_import(&source), Vec::<String>::new());
        assert_eq!(
            the_sandbox_is_named_where_it_is_started(&source),
            Vec::<String>::new()
        );
        assert_eq!(sql_in_the_store_alone(&source), Vec::<String>::new());
    }
}

#[test]
fn a_manifest_that_opens_a_forbidden_door_is_found_out() {
    let manifest = "[package]\nname = \"mentoring\"\n[dependencies]\njiff.workspace = true\ntokio = \"1\"\n[dev-dependencies]\ntokio = \"1\"\n";
    let found =
        only_what_a_crate_may_depend_on(&[Source::new("crates/mentoring/Cargo.toml", manifest)]);
    assert_eq!(
        found,
        ["crates/mentoring/Cargo.toml:5 depends on tokio, which mentoring never may"]
    );
}
