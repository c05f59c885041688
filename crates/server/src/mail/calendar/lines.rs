//! Content lines (RFC 5545, section 3.1), one after the other.
//!
//! The `icalendar` crate escapes and folds each line. Its components are not
//! used: they add a DTSTAMP from the machine's clock and a random UID to
//! everything that has none, which a VTIMEZONE must not have.

use icalendar::Property;

/// Octets of a line before its break.
const LONGEST_LINE: usize = 75;

#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    pub(super) fn begin(&mut self, component: &str) {
        self.push(Property::new("BEGIN", component));
    }

    pub(super) fn end(&mut self, component: &str) {
        self.push(Property::new("END", component));
    }

    pub(super) fn push(&mut self, property: impl Into<Property>) {
        let folded: String = property
            .into()
            .try_into()
            .expect("writing to a string can't fail");
        for line in folded.split_inclusive("\r\n") {
            self.push_physical(line);
        }
    }

    /// The crate forgets the space that begins a continuation, so its last
    /// line may have 76 octets; such a line is folded once more.
    fn push_physical(&mut self, line: &str) {
        let content = line.trim_end_matches("\r\n");
        if content.len() > LONGEST_LINE {
            let at = content.floor_char_boundary(LONGEST_LINE);
            self.0.push_str(&content[..at]);
            self.0.push_str("\r\n ");
            self.0.push_str(&content[at..]);
            self.0.push_str("\r\n");
        } else {
            self.0.push_str(line);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e03_no_line_is_longer_than_75_octets_or_splits_a_character() {
        for unit in ["a", "ü", "漢", "🧭", "a b", "שלום ", ",;\\", "  "] {
            for times in 0..200 {
                let text = unit.repeat(times);
                let mut lines = Lines::default();
                lines.push(Property::new("SUMMARY", text.as_str()));
                let folded = lines.into_text();
                assert!(folded.ends_with("\r\n"));
                for line in folded.split("\r\n") {
                    assert!(line.len() <= LONGEST_LINE, "{} octets: {line}", line.len());
                }
                let whole = folded.replace("\r\n ", "");
                let value = whole.trim_end_matches("\r\n").strip_prefix("SUMMARY:");
                let unescaped = value
                    .unwrap()
                    .replace("\\,", ",")
                    .replace("\\;", ";")
                    .replace("\\\\", "\\");
                assert_eq!(unescaped, text);
            }
        }
    }
}
