//! `$search` on people: quoted clauses of a property and a text, joined by AND
//! and OR.
//!
//! Source: "Use the $search query parameter", section on directory object collections: words of
//! `displayName` are looked for, other properties have to begin so.

use crate::graph::answer::Failure;
use crate::graph::filter::{Filter, Literal, Operator, is_collection, is_filterable};
use crate::graph::properties::find_property;

/// As many clauses as a filter may have.
const CLAUSES: usize = 15;

/// Reads a search. It is a condition like a filter's; AND binds closer than OR.
pub(super) fn parse(text: &str) -> Result<Filter, Failure> {
    let mut rest = text.trim();
    let mut before = None;
    let mut together = clause(&mut rest)?;
    for _ in 1..CLAUSES {
        if takes(&mut rest, "AND") {
            together = Filter::And(Box::new(together), Box::new(clause(&mut rest)?));
        } else if takes(&mut rest, "OR") {
            before = Some(either(before, together));
            together = clause(&mut rest)?;
        } else {
            break;
        }
    }
    if rest.is_empty() {
        Ok(either(before, together))
    } else {
        Err(syntax_error(text))
    }
}

fn either(before: Option<Filter>, other: Filter) -> Filter {
    match before {
        Some(before) => Filter::Or(Box::new(before), Box::new(other)),
        None => other,
    }
}

fn takes(rest: &mut &str, word: &str) -> bool {
    let Some(after) = rest.strip_prefix(word) else {
        return false;
    };
    if !after.starts_with([' ', '"']) {
        return false;
    }
    *rest = after.trim_start();
    true
}

/// `"property:text"`, with a backslash before quotes inside.
fn clause(rest: &mut &str) -> Result<Filter, Failure> {
    let quoted = rest.strip_prefix('"').ok_or_else(|| syntax_error(rest))?;
    let mut text = String::new();
    let mut letters = quoted.char_indices();
    let end = loop {
        match letters.next() {
            Some((at, '"')) => break at,
            Some((_, '\\')) => text.extend(letters.next().map(|(_, letter)| letter)),
            Some((_, letter)) => text.push(letter),
            None => return Err(syntax_error(rest)),
        }
    };
    let (name, value) = text.split_once(':').ok_or_else(|| syntax_error(&text))?;
    let property = find_property(name.trim())
        .filter(|property| is_filterable(property) && !is_collection(property))
        .ok_or_else(|| {
            Failure::unsupported_query(format!(
                "Searching by the property '{name}' of resource 'User' is not supported."
            ))
        })?;
    *rest = quoted[end + 1..].trim_start();
    Ok(Filter::Test {
        property,
        operator: if property == "displayName" {
            Operator::Words
        } else {
            Operator::StartsWith
        },
        values: vec![Literal::Text(value.trim().to_lowercase())],
    })
}

fn syntax_error(text: &str) -> Failure {
    Failure::bad_request(format!("Syntax error in the search '{text}'."))
}
