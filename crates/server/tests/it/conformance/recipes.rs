//! The recipes of docs/sandbox.md, each run as it stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{Tenant, installed};
use crate::runtime::PATIENCE;

/// A fenced block of the document: its language and its text.
fn blocks() -> Vec<(String, String)> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox.md");
    let text = fs::read_to_string(document).expect("the document is part of the project");
    let section = text
        .split("\n## ")
        .find_map(|section| section.strip_prefix("Use it with each client\n"))
        .expect("the document says how to use it with each client");
    let fenced = section.split("\n```").skip(1).step_by(2);
    fenced
        .filter_map(|block| block.split_once('\n'))
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .collect()
}

/// Runs every recipe in that language, one after the other beside one sandbox.
fn works(language: &str, program: &str, file: &str) {
    let tenant = Tenant::starts();
    symlink(
        installed("node_modules"),
        tenant.folder.join("node_modules"),
    )
    .expect("the folder is a new one");
    let recipes: Vec<_> = blocks()
        .into_iter()
        .filter(|(written_in, _)| written_in == language)
        .collect();
    assert!(recipes.len() > 1, "there are no recipes in {language}");
    for (_, recipe) in recipes {
        fs::write(tenant.folder.join(file), &recipe).expect("the folder can be written to");
        let mut client = tenant.starts_client(program, &[file]);
        let line = client.next_line_within(6 * PATIENCE);
        assert!(client.ended().success() && !line.is_empty(), "{line}");
    }
}

#[test]
fn the_recipes_for_python_work_as_they_stand_in_the_document() {
    works("python", "python", "example.py");
}

#[test]
fn the_recipes_for_javascript_work_as_they_stand_in_the_document() {
    works("js", "node", "example.mjs");
}
