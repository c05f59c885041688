//! `If-Match`: which revision a program saw. A change of anything else does not happen.

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;

use crate::api::Api;
use crate::api::problem::{FieldError, Problem};

/// What is seen where nothing is said: whatever it is.
const ANYTHING: &str = "*";

/// The tags that a program saw.
#[derive(Debug)]
pub struct Seen(Vec<String>);

impl FromRequestParts<Api> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let tags = match (values.next(), values.next()) {
            (None, _) => Some(vec![ANYTHING.to_owned()]),
            (Some(value), None) => value.to_str().ok().and_then(tags),
            _ => None,
        };
        tags.map(Self).ok_or_else(|| {
            Problem::unreadable_fields(vec![FieldError::new(
                "If-Match",
                "Send the ETag that you saw, like \"7\".",
            )])
        })
    }
}

/// Several tags are alternatives (RFC 9110, section 13.1.1).
fn tags(value: &str) -> Option<Vec<String>> {
    if value.trim() == ANYTHING {
        return Some(vec![ANYTHING.to_owned()]);
    }
    value.split(',').map(str::trim).map(tag).collect()
}

/// A tag; a revision without quotes is meant as one.
fn tag(text: &str) -> Option<String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("\"{text}\""));
    }
    let strong = text.strip_prefix("W/").unwrap_or(text);
    let inner = strong.strip_prefix('"')?.strip_suffix('"')?;
    let is_tag = inner
        .bytes()
        .all(|byte| byte == b'!' || (b'#'..=b'~').contains(&byte));
    is_tag.then(|| text.to_owned())
}

impl Seen {
    /// Whether it is still what was seen. A weak tag never matches.
    pub fn is(&self, revision: i64) -> bool {
        let strong = format!("\"{revision}\"");
        self.0.iter().any(|tag| *tag == ANYTHING || *tag == strong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_compared_as_rfc_9110_has_it() {
        let is = |value: &str| tags(value).map(|tags| Seen(tags).is(7));
        for value in ["\"7\"", "7", "*", "\"x\", \"7\"", "\"7\",\"8\""] {
            assert_eq!(is(value), Some(true), "{value}");
        }
        for value in ["\"8\"", "W/\"7\"", "70", "\"\"", "\"x\""] {
            assert_eq!(is(value), Some(false), "{value}");
        }
        for value in ["", "x", "\"7", "7\"", "\"7\" \"8\"", "\"7\",", "\"é\""] {
            assert_eq!(is(value), None, "{value}");
        }
    }
}
