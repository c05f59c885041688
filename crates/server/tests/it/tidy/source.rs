//! The files of the project, as the rules of the house read them.

use std::path::Path;

/// One text file, with its path from the root of the project.
#[derive(Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    /// Whether it was written for this project: not the lock files, nor what is embedded from others.
    pub fn is_ours(&self) -> bool {
        ![".lock", "-lock.json", ".min.js"]
            .iter()
            .any(|end| self.path.ends_with(end))
    }

    /// The file's name without its extension; the folder's for a `mod.rs`.
    pub fn stem(&self) -> &str {
        let path = self.path.strip_suffix("/mod.rs").unwrap_or(&self.path);
        let name = path.rsplit('/').next().unwrap_or(path);
        name.split('.').next().unwrap_or(name)
    }

    /// The lines with their numbers, from one.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// The text with comments and the contents of string literals blanked out; lines stay lines.
    pub fn code(&self) -> String {
        blanked(&self.text, false)
    }

    /// The text with everything but the contents of string literals blanked out.
    pub fn strings(&self) -> String {
        blanked(&self.text, true)
    }
}

/// Every text file of the project that could be committed.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the project has a root");
    let mut sources = Vec::new();
    gather(&root, &root, &mut sources);
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn gather(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("the project can be read") {
        let path = entry.expect("the project can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_symlink()
            || matches!(name, "target" | "node_modules" | ".venv" | ".git" | ".test")
        {
            continue;
        }
        if path.is_dir() {
            gather(root, &path, sources);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path = path.strip_prefix(root).expect("it lies below the root");
            sources.push(Source::new(&path.to_string_lossy(), &text));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    /// A raw string that ends with a quote and this many hashes.
    RawText(usize),
}

fn blanked(text: &str, keep_strings: bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut place = Place::Code;
    let mut index = 0;
    while index < letters.len() {
        let (next, step) = advance(place, &letters, index);
        let is_inside = next == place;
        let keep = match place {
            Place::Code => {
                !keep_strings && !matches!(next, Place::LineComment | Place::BlockComment(_))
            }
            Place::Text | Place::RawText(_) => keep_strings == is_inside,
            Place::LineComment | Place::BlockComment(_) => false,
        };
        for &letter in letters.iter().skip(index).take(step) {
            kept.push(if keep || letter == '\n' { letter } else { ' ' });
        }
        place = next;
        index += step;
    }
    kept
}

/// Where the letter at `index` leads, and how many letters it takes along.
fn advance(place: Place, letters: &[char], index: usize) -> (Place, usize) {
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let hashes_from = |index: usize| {
        letters
            .iter()
            .skip(index)
            .take_while(|letter| **letter == '#')
            .count()
    };
    match (place, at(index), at(index + 1)) {
        (Place::Code, '/', '/') => (Place::LineComment, 1),
        (Place::Code, '/', '*') => (Place::BlockComment(1), 2),
        (Place::Code, '"', _) => (Place::Text, 1),
        (Place::Code, 'r', '"' | '#') if !is_part_of_a_name(letters, index) => {
            let hashes = hashes_from(index + 1);
            if at(index + 1 + hashes) == '"' {
                (Place::RawText(hashes), hashes + 2)
            } else {
                (place, 1)
            }
        }
        // A character, not a lifetime.
        (Place::Code, '\'', '\\') => (place, 4),
        (Place::Code, '\'', _) if at(index + 2) == '\'' => (place, 3),
        (Place::LineComment, '\n', _) | (Place::Text, '"', _) => (Place::Code, 1),
        (Place::BlockComment(depth), '/', '*') => (Place::BlockComment(depth + 1), 2),
        (Place::BlockComment(1), '*', '/') => (Place::Code, 2),
        (Place::BlockComment(depth), '*', '/') => (Place::BlockComment(depth - 1), 2),
        (Place::Text, '\\', _) => (place, 2),
        (Place::RawText(hashes), '"', _) if hashes_from(index + 1) >= hashes => {
            (Place::Code, hashes + 1)
        }
        _ => (place, 1),
    }
}

fn is_part_of_a_name(letters: &[char], index: usize) -> bool {
    index > 0 && (letters[index - 1].is_alphanumeric() || letters[index - 1] == '_')
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let source = Source::new(
        "a.rs",
        "let a = \"web // no\"; // crate::web\nlet b = r#\"say \"api\"\"#; /* api /* web */ api */ let c = '\"'; let d: &'a str;",
    );
    let code = source.code();
    assert!(!code.contains("web") && !code.contains("api"), "{code}");
    assert!(
        code.contains("let b = r#\"") && code.contains("let c = '\"'; let d: &'a str;"),
        "{code}"
    );
    assert!(source.strings().contains("web // no") && source.strings().contains("say \"api\""));
    assert_eq!(code.lines().count(), 2);
}
