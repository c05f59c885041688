//! Masks what opens something: tokens, codes, secrets, passwords, verifiers.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use serde_json::Value;

use super::heard::{Heard, KEPT};

/// Names of values that open something, or that tell one person's visit from another's.
const SECRET: [&str; 22] = [
    "access_token",
    "assertion",
    "authorization",
    "client_assertion",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "ctx",
    "device_code",
    "id_token",
    "id_token_hint",
    "logout_hint",
    "nonce",
    "passcode",
    "password",
    "refresh_token",
    "request",
    "session_state",
    "sid",
    "state",
    "user_code",
];

const MASK: &str = "***";

/// A body for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Nothing,
    Shown(String),
    /// Why it isn't.
    Hidden(String),
}

/// Headers without what would let their reader in.
pub(super) fn without_credentials(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    if let Some(value) = headers.get_mut(header::AUTHORIZATION) {
        let kind = value.to_str().unwrap_or_default().split(' ').next();
        let masked = match kind.map(str::to_ascii_lowercase).as_deref() {
            Some("bearer") => "Bearer ***",
            Some("basic") => "Basic ***",
            _ => MASK,
        };
        *value = HeaderValue::from_static(masked);
    }
    for name in [header::COOKIE, header::SET_COOKIE] {
        if let header::Entry::Occupied(mut values) = headers.entry(name) {
            for value in values.iter_mut() {
                *value = HeaderValue::from_static(MASK);
            }
        }
    }
    headers
}

/// Headers for people, in the order they came.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let is_address = [header::LOCATION, header::REFERER].contains(name);
            let text = if is_address {
                address(&text)
            } else {
                text.into_owned()
            };
            (name.to_string(), text)
        })
        .collect()
}

/// The path and query of a request.
pub(super) fn uri(uri: &Uri) -> String {
    match uri.query() {
        None => uri.path().to_owned(),
        Some(query) => format!("{}?{}", uri.path(), pairs(query)),
    }
}

/// A body for people, as far as it was kept.
pub(super) fn body(headers: &HeaderMap, heard: &Heard) -> Text {
    let (bytes, length) = heard.read();
    if length == 0 {
        return Text::Nothing;
    }
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_whole = length <= KEPT as u64;
    let hidden = |why: &str| Text::Hidden(format!("{why}, {length} bytes"));
    if headers.contains_key(header::CONTENT_ENCODING) {
        return hidden("Compressed");
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return hidden(if kind.is_empty() { "Bytes" } else { &kind });
    };
    match kind.as_str() {
        "application/x-www-form-urlencoded" => Text::Shown(pairs(&text).replace('&', "\n&")),
        // A page of a sign-in holds its code or its context.
        "text/html" => hidden("A page"),
        _ => match serde_json::from_str::<Value>(&text) {
            Ok(mut value) => {
                mask(&mut value);
                let pretty = serde_json::to_string_pretty(&value);
                pretty.map_or_else(|_| hidden("JSON"), Text::Shown)
            }
            Err(_) if may_hold_secrets(&text) => hidden("Not whole, and it may hold secrets"),
            Err(_) if is_whole => Text::Shown(text),
            Err(_) => Text::Shown(format!("{text}… ({length} bytes in all)")),
        },
    }
}

fn is_secret(name: &str) -> bool {
    SECRET
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// Something signed: three parts, of which the first is a JSON object in base64url.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() >= 2
}

fn may_hold_secrets(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("eyj")
        || SECRET
            .iter()
            .any(|name| text.contains(&format!("\"{name}\"")))
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // An error's `code` is a word; a code that opens something stands beside no message.
            let is_error = members.contains_key("message");
            for (name, member) in members.iter_mut() {
                if is_secret(name) && !(is_error && name == "code") {
                    *member = Value::from(MASK);
                } else {
                    mask(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::String(text) if is_token(text) => *value = Value::from(MASK),
        _ => {}
    }
}

/// `name=value&…` with the values of secret names masked.
fn pairs(encoded: &str) -> String {
    let pairs: Vec<String> = encoded
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if is_secret(name) || is_token(value) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect();
    pairs.join("&")
}

/// An address with masked query and fragment.
fn address(text: &str) -> String {
    let (rest, fragment) = match text.split_once('#') {
        Some((rest, fragment)) => (rest, format!("#{}", pairs(fragment))),
        None => (text, String::new()),
    };
    match rest.split_once('?') {
        Some((path, query)) => format!("{path}?{}{fragment}", pairs(query)),
        None => format!("{rest}{fragment}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn heard(text: &str) -> Heard {
        use axum::body::Body;
        use http_body_util::BodyExt as _;
        let heard = Heard::default();
        let body = super::super::heard::Overheard::new(Body::from(text.to_owned()), heard.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(body.collect()).unwrap();
        heard
    }

    fn shown(kind: &str, text: &str) -> Text {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        body(&headers, &heard(text))
    }

    #[test]
    fn what_opens_something_is_masked_wherever_it_stands() {
        let form = "grant_type=refresh_token&refresh_token=1.AXs&client_secret=s&x=eyJh.b.c";
        assert_eq!(
            shown("application/x-www-form-urlencoded", form),
            Text::Shown(
                "grant_type=refresh_token\n&refresh_token=***\n&client_secret=***\n&x=***".into()
            )
        );
        let answer = json!({
            "access_token": "eyJ0.e.f", "Refresh_Token": "1.AX", "token_type": "Bearer",
            "deep": [{"joinMeetingIdSettings": {"passcode": "abc"}, "hint": "eyJ0.e.f"}],
            "error": {"code": "Forbidden", "message": ""},
        });
        let Text::Shown(text) = shown("application/json;charset=utf-8", &answer.to_string()) else {
            panic!("hidden");
        };
        assert!(!text.contains("eyJ") && !text.contains("1.AX") && !text.contains("abc"));
        assert!(text.contains("Bearer") && text.contains("Forbidden"));
        assert_eq!(
            address("https://a.example/cb?code=1&x=2#id_token=3&state=4"),
            "https://a.example/cb?code=***&x=2#id_token=***&state=***"
        );
    }

    #[test]
    fn what_cannot_be_read_whole_is_shown_only_if_it_holds_no_secret() {
        let long = "x".repeat(KEPT);
        let shown_part = shown("application/json", &format!("{{\"subject\":\"{long}\"}}"));
        assert!(matches!(shown_part, Text::Shown(text) if text.ends_with("(8206 bytes in all)")));
        for secret in [
            format!("{{\"access_token\":\"{long}\"}}"),
            "{\"id_token\":\"1\"".to_owned(),
        ] {
            assert!(matches!(
                shown("application/json", &secret),
                Text::Hidden(_)
            ));
        }
        assert_eq!(
            shown("text/html", "<input name=code value=1>"),
            Text::Hidden("A page, 25 bytes".to_owned())
        );
        assert_eq!(shown("text/plain", ""), Text::Nothing);
    }

    #[test]
    fn credentials_in_headers_are_gone() {
        let mut sent = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer eyJ0.e.f"),
            ("cookie", "ESTSAUTH=1"),
            ("referer", "https://a.example/?code=1"),
            ("accept", "*/*"),
        ] {
            sent.insert(name, value.parse().unwrap());
        }
        let text = format!("{:?}", headers(&without_credentials(&sent)));
        assert_eq!(
            text,
            "[(\"authorization\", \"Bearer ***\"), (\"cookie\", \"***\"), \
             (\"referer\", \"https://a.example/?code=***\"), (\"accept\", \"*/*\")]"
        );
    }
}
