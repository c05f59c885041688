//! The tables of the sandbox's document name tests that are there.

use std::path::Path;

#[test]
fn every_test_that_the_document_names_is_there() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(here.join("../../docs/sandbox.md")).unwrap();
    let named: Vec<(&str, &str)> = document
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter_map(|quoted| quoted.split_once(".rs::"))
        .collect();
    assert!(named.len() > 150, "{named:?}");
    for (file, name) in named {
        let file = file.trim_start_matches("sandbox/tests/it/");
        let source = std::fs::read_to_string(here.join(format!("tests/it/{file}.rs")));
        let source = source.unwrap_or_else(|_| panic!("there is no {file}.rs"));
        assert!(source.contains(&format!("fn {name}(")), "{file}.rs::{name}");
    }
}
