//! What an address asks for. A parameter that nobody knows is refused: a filter with a
//! slip in its name would otherwise let everything through.

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;

use super::Api;
use super::problem::{FieldError, Problem};

/// The parameters of a request, until each was taken.
#[derive(Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    wrong: Vec<FieldError>,
}

impl FromRequestParts<Api> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            pairs: url::form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            wrong: Vec::new(),
        })
    }
}

impl Parameters {
    fn refuse(&mut self, name: &'static str, detail: &str) {
        self.wrong.push(FieldError::new(name, detail));
    }

    /// A parameter, if it is there.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let mut values: Vec<String> = self
            .pairs
            .extract_if(.., |(known, _)| known == name)
            .map(|(_, value)| value)
            .collect();
        if values.len() > 1 {
            self.refuse(name, "This parameter stands twice.");
        }
        values.pop()
    }

    /// An instant as RFC 3339 writes it, if the parameter is there.
    pub fn instant(&mut self, name: &'static str) -> Option<Timestamp> {
        let text = self.text(name)?;
        // The plus of an offset that was not encoded arrives as a space.
        let text = text.replace(' ', "+");
        let parsed = is_rfc_3339(&text).then(|| text.parse().ok()).flatten();
        if parsed.is_none() {
            self.refuse(
                name,
                "Write an instant with its offset, like 2026-11-24T15:00:00Z.",
            );
        }
        parsed
    }

    /// How many at most, if the parameter is there.
    pub fn size(&mut self, name: &'static str, most: u16) -> Option<u16> {
        let text = self.text(name)?;
        let size = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .filter(|size| (1..=most).contains(size));
        if size.is_none() {
            self.refuse(name, &format!("Write a number from 1 to {most}."));
        }
        size
    }

    /// Nothing else may be asked for.
    pub fn end(mut self) -> Result<(), Problem> {
        for (name, _) in self.pairs {
            let detail = format!("There is no parameter `{name}` here.");
            self.wrong.push(FieldError::new(name, detail));
        }
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(Problem::unreadable_fields(self.wrong))
        }
    }
}

/// `2026-11-24T15:00:00[.5](Z|+01:00)`, and nothing that is only like it.
fn is_rfc_3339(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, expected)| {
                if expected == b'0' {
                    byte.is_ascii_digit()
                } else {
                    byte.eq_ignore_ascii_case(&expected)
                }
            })
    };
    let Some((instant, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=9).contains(&digits) {
                return false;
            }
            &fraction[digits..]
        }
        None => rest,
    };
    shape(instant, "0000-00-00T00:00:00")
        && (shape(offset, "Z") || shape(offset, "+00:00") || shape(offset, "-00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Option<Timestamp> {
        let mut parameters = Parameters {
            pairs: vec![("from".to_owned(), text.to_owned())],
            wrong: Vec::new(),
        };
        let instant = parameters.instant("from");
        assert_eq!(instant.is_some(), parameters.end().is_ok());
        instant
    }

    #[test]
    fn an_instant_is_written_as_rfc_3339_has_it() {
        for text in [
            "2026-11-24T15:00:00Z",
            "2026-11-24t15:00:00z",
            "2026-11-24T16:00:00+01:00",
            "2026-11-24T16:00:00 01:00",
            "2026-11-24T15:00:00.000Z",
        ] {
            assert_eq!(
                instant(text).unwrap().to_string(),
                "2026-11-24T15:00:00Z",
                "{text}"
            );
        }
        for text in [
            "2026-11-24",
            "2026-11-24T15:00:00",
            "2026-13-24T15:00:00Z",
            "2026-11-24T15:00Z",
            "tomorrow",
            "",
            "2026-11-24T15:00:00.Z",
            "ä026-11-24T15:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn a09_a_size_beyond_bounds_is_refused() {
        for text in [
            "0",
            "-1",
            "101",
            "65536",
            "NaN",
            "1e1",
            "+5",
            "99999999999999999999",
            "",
        ] {
            let mut parameters = Parameters {
                pairs: vec![("page_size".to_owned(), text.to_owned())],
                wrong: Vec::new(),
            };
            assert_eq!(parameters.size("page_size", 100), None, "{text}");
            assert!(parameters.end().is_err(), "{text}");
        }
    }
}
