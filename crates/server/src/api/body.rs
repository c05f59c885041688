//! JSON as programs send it, read strictly: no field that nobody knows, none twice, none
//! of another kind than described, and never more than fits.

use std::fmt;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Api;
use super::problem::{FieldError, Problem};

/// The longest body: an agenda of 4,000 characters fits in any script, escaped.
pub const LONGEST: usize = 64 * 1024;
/// Deeper than anything that is described.
const DEEPEST: usize = 8;

/// Reads a body to its end, unless it is too long.
pub async fn bytes(body: axum::body::Body) -> Result<Bytes, Problem> {
    match Limited::new(body, LONGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "A request has at most 65,536 bytes.",
        )),
        Err(_) => Err(Problem::unreadable("The request did not arrive whole.")),
    }
}

/// The fields of a request, until each was taken, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Fields {
    left: Map<String, Value>,
    within: &'static str,
    unreadable: Vec<FieldError>,
    refused: Vec<FieldError>,
}

impl FromRequest<Api> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Api) -> Result<Self, Problem> {
        let kind = kind(request.headers())?;
        let body = bytes(request.into_body()).await?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        if !kind {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send JSON: Content-Type: application/json.",
            )
            .with_header(
                header::ACCEPT,
                http::HeaderValue::from_static("application/json"),
            ));
        }
        match parse(&body)? {
            Value::Object(left) => Ok(Self {
                left,
                ..Self::default()
            }),
            _ => Err(Problem::unreadable("The request is not a JSON object.")),
        }
    }
}

/// Whether it says that it is JSON, of whichever kind.
fn kind(headers: &HeaderMap) -> Result<bool, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request uncompressed.",
        ));
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim();
    Ok(["application/json", "application/merge-patch+json"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known)))
}

/// JSON without a name that stands twice in one object.
fn parse(text: &[u8]) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict(DEEPEST)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| Problem::unreadable(format!("The request is not JSON: {error}.")))
}

struct Strict(usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        match self.0.checked_sub(1) {
            Some(left) => Ok(Self(left)),
            None => Err(E::custom("it is nested too deeply")),
        }
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.deeper()?)?;
            if fields.contains_key(&name) {
                return Err(de::Error::custom(format!("“{name}” stands twice in it")));
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

impl Fields {
    fn path(&self, name: &str) -> String {
        if self.within.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.within)
        }
    }

    fn wrong(&mut self, name: &str, expected: &str) {
        let path = self.path(name);
        let error = FieldError::new(path.clone(), format!("`{path}` is {expected}."));
        self.unreadable.push(error);
    }

    /// A field can be read, but has to be mended.
    pub fn refuse(&mut self, name: &str, detail: impl Into<String>) {
        let error = FieldError::new(self.path(name), detail);
        self.refused.push(error);
    }

    /// A field that has to be there is missing.
    pub fn missing(&mut self, name: &str) {
        let path = self.path(name);
        self.refuse(name, format!("`{path}` is missing."));
    }

    /// Whether the request has this field.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// Text, if the field is there.
    pub fn text(&mut self, name: &str) -> Option<String> {
        if let Value::String(text) = self.left.remove(name)? {
            return Some(text);
        }
        self.wrong(name, "text");
        None
    }

    /// Text that has to be there.
    pub fn needed_text(&mut self, name: &str) -> Option<String> {
        if !self.has(name) {
            self.missing(name);
        }
        self.text(name)
    }

    /// A whole number, if the field is there. One beyond all that is meant is the greatest.
    pub fn number(&mut self, name: &str) -> Option<u16> {
        let value = self.left.remove(name)?;
        let number = value.as_number().and_then(whole);
        if number.is_none() {
            self.wrong(name, "a whole number");
        }
        number
    }

    /// A whole number that has to be there.
    pub fn needed_number(&mut self, name: &str) -> Option<u16> {
        if !self.has(name) {
            self.missing(name);
        }
        self.number(name)
    }

    /// A list of texts, if the field is there.
    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let texts = match self.left.remove(name)? {
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if texts.is_none() {
            self.wrong(name, "a list of texts");
        }
        texts
    }

    /// A list of whole numbers, if the field is there.
    pub fn numbers(&mut self, name: &str) -> Option<Vec<u16>> {
        let numbers = match self.left.remove(name)? {
            Value::Array(values) => values
                .iter()
                .map(|value| value.as_number().and_then(whole))
                .collect(),
            _ => None,
        };
        if numbers.is_none() {
            self.wrong(name, "a list of whole numbers");
        }
        numbers
    }

    /// A list of objects, if the field is there.
    pub fn objects(&mut self, name: &'static str) -> Option<Vec<Self>> {
        let objects = match self.left.remove(name)? {
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::Object(left) => Some(Self {
                        left,
                        within: name,
                        ..Self::default()
                    }),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if objects.is_none() {
            self.wrong(name, "a list of objects");
        }
        objects
    }

    /// One of a few words, if the field is there.
    pub fn word<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let path = self.path(name);
            self.refuse(name, format!("`{path}` is one of: {}.", words.join(", ")));
        }
        parsed
    }

    /// All that was sent and is not yet taken.
    pub fn all(&self) -> &Map<String, Value> {
        &self.left
    }

    /// Takes a field whose value is null, and says whether it was there.
    pub fn null(&mut self, name: &str) -> bool {
        let is_null = self.left.get(name).is_some_and(Value::is_null);
        if is_null {
            self.left.remove(name);
        }
        is_null
    }

    /// The fields of an object within, if the field is there.
    pub fn object(&mut self, name: &'static str) -> Option<Self> {
        if let Value::Object(left) = self.left.remove(name)? {
            return Some(Self {
                left,
                within: name,
                ..Self::default()
            });
        }
        self.wrong(name, "an object or null");
        None
    }

    /// Takes over what is wrong with an object within, and says whether nothing is.
    pub fn absorb(&mut self, mut inner: Self) -> bool {
        inner.refuse_unknown();
        let is_whole = inner.unreadable.is_empty() && inner.refused.is_empty();
        self.unreadable.append(&mut inner.unreadable);
        self.refused.append(&mut inner.refused);
        is_whole
    }

    fn refuse_unknown(&mut self) {
        for (name, _) in std::mem::take(&mut self.left) {
            let path = self.path(&name);
            let detail = format!("There is no field `{path}` here.");
            self.unreadable.push(FieldError::new(path, detail));
        }
    }

    /// Nothing else may be there, and nothing may be wrong.
    pub fn end(&mut self) -> Result<(), Problem> {
        self.refuse_unknown();
        if !self.unreadable.is_empty() {
            return Err(Problem::unreadable_fields(std::mem::take(
                &mut self.unreadable,
            )));
        }
        if !self.refused.is_empty() {
            return Err(Problem::refused(std::mem::take(&mut self.refused)));
        }
        Ok(())
    }
}

/// `30` and `30.0` are the same number in JSON.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is clamped to what fits, and has no fraction"
)]
fn whole(number: &Number) -> Option<u16> {
    let value = number.as_f64()?;
    (value.fract() == 0.0).then(|| value.clamp(0.0, f64::from(u16::MAX)) as u16)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(left) = value else {
            panic!("it is an object");
        };
        Fields {
            left,
            ..Fields::default()
        }
    }

    #[test]
    fn a13_json_with_a_name_twice_or_nonsense_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":NaN}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e999}"#,
            r#"{"a":1} {}"#,
            "{",
            "",
            "\u{feff}{}",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"\xff").is_err());
        let deep = "[".repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        let shallow = format!("{}{}", "[".repeat(8), "]".repeat(8));
        assert!(parse(shallow.as_bytes()).is_ok());
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let mut fields = fields(json!({"title": 1, "minutes": 1.5, "org_id": "x"}));
        fields.text("title");
        fields.number("minutes");
        let problem = fields.end().unwrap_err();
        let text = format!("{problem:?}");
        for name in ["title", "minutes", "org_id"] {
            assert!(text.contains(&format!("`{name}`")), "{text}");
        }
    }

    #[test]
    fn a_number_beyond_all_that_is_meant_is_still_a_number() {
        let mut fields = fields(json!({"a": 30.0, "b": 18_446_744_073_709_551_615_u64, "c": -3}));
        assert_eq!(fields.number("a"), Some(30));
        assert_eq!(fields.number("b"), Some(u16::MAX));
        assert_eq!(fields.number("c"), Some(0));
        fields.end().unwrap();
    }
}
