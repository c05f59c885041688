//! From TOML's errors to sentences with a line and a remedy.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};
use toml::de::{DeTable, DeValue};
use url::Url;

use super::Finding;

/// On which line each setting stands, by its dotted name.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.add(text, "", table.get_ref());
        }
        lines
    }

    fn add(&mut self, text: &str, section: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{section}{}", key.get_ref());
            self.0.insert(name.clone(), line(text, key.span().start));
            if let DeValue::Table(table) = value.get_ref() {
                self.add(text, &format!("{name}."), table);
            }
        }
    }

    /// The line of a setting, or of the section it would stand in.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let section = name.rsplit_once('.').map(|(section, _)| section);
        self.0.get(name).or_else(|| self.0.get(section?)).copied()
    }
}

/// Lines say where settings stand, not what they are.
impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What TOML or a type of ours refused. Our own types write
/// `what is wrong; what to do`.
pub(super) fn finding(text: &str, error: &toml::de::Error) -> Finding {
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    let (what, remedy) = if message.starts_with("unknown field") {
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        (
            format!("`{name}` is not a setting"),
            match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the settings here are {}", known.join(", ")),
            },
        )
    } else if message.starts_with("missing field") {
        let name = names.next().unwrap_or_default();
        (
            format!("`{name}` is missing"),
            "`ithaca.example.toml` says what it means".to_owned(),
        )
    } else if let Some((what, remedy)) = message.split_once("; ") {
        (what.to_owned(), remedy.to_owned())
    } else {
        (
            message.replace('\n', ", "),
            "`ithaca.example.toml` shows how it is written".to_owned(),
        )
    };
    Finding {
        line: error.span().map(|span| line(text, span.start)),
        what,
        remedy,
    }
}

fn line(text: &str, offset: usize) -> usize {
    text[..text.floor_char_boundary(offset)]
        .matches('\n')
        .count()
        + 1
}

/// The known name that takes the fewest keystrokes to reach, if it is near.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (keystrokes(name, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 2)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn keystrokes(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bare = Url::parse(&text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    bare.ok_or_else(|| {
        D::Error::custom(format!(
            "`{text}` is not an address; write scheme and host only, as in https://ithaca.example.org"
        ))
    })
}

pub(super) fn some_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    url(deserializer).map(Some)
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    crate::mail::Sender::new(&text).map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not an e-mail address; write it bare, as in ithaca@larkspur.example"
        ))
    })?;
    Ok(text)
}
