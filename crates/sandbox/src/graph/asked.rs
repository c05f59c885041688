//! A request to Graph, taken apart: its path in words, its query options, its
//! preferences, its body.

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::graph::answer::Failure;
use crate::tenant::token::AccessToken;

/// A request with the token that came with it.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) bearer: AccessToken,
    segments: Vec<String>,
    /// The same in lower case, for Graph's own words.
    words: Vec<String>,
    /// Whether the key after the first word stood in brackets.
    is_keyed: bool,
    options: Vec<(String, String)>,
    query: String,
}

impl Asked {
    /// `path` is what stands below `/v1.0/`, as it was sent.
    pub(super) fn new(
        method: Method,
        path: &str,
        query: &str,
        headers: HeaderMap,
        body: Bytes,
        bearer: AccessToken,
    ) -> Result<Self, Failure> {
        let mut segments = Vec::new();
        let mut is_keyed = false;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let part = percent_decode_str(part)
                .decode_utf8()
                .map_err(|_| Failure::bad_request("The request URI is not valid."))?;
            match keyed(&part) {
                Some((name, key)) => {
                    is_keyed |= segments.is_empty();
                    segments.extend([name, key]);
                }
                None => segments.push(part.into_owned()),
            }
        }
        let mut options: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let name = name.to_ascii_lowercase();
            let name = name.strip_prefix('$').unwrap_or(&name).to_owned();
            if options.iter().any(|(other, _)| *other == name) {
                return Err(Failure::bad_request(format!(
                    "Query parameter '${name}' is specified, but it should be specified only once."
                )));
            }
            options.push((name, value.into_owned()));
        }
        Ok(Self {
            method,
            headers,
            body,
            bearer,
            words: segments
                .iter()
                .map(|segment| segment.to_ascii_lowercase())
                .collect(),
            segments,
            is_keyed,
            options,
            query: query.to_owned(),
        })
    }

    /// The path in lower case, for matching.
    pub(super) fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// A part of the path as it was sent, for ids are told apart by case.
    pub(super) fn segment(&self, at: usize) -> Option<&str> {
        self.segments.get(at).map(String::as_str)
    }

    /// Whether the person is named as `users('…')`.
    pub(super) fn is_keyed(&self) -> bool {
        self.is_keyed
    }

    pub(super) fn last_segment(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// A query option such as `select`, with or without its dollar sign.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The properties that `$select` names.
    pub(super) fn selected(&self) -> Vec<&str> {
        listed(self.option("select").unwrap_or_default()).collect()
    }

    /// The query as it was sent, without one option.
    pub(super) fn query_without(&self, name: &str) -> String {
        self.query
            .split('&')
            .filter(|pair| {
                let sent = pair.split('=').next().unwrap_or_default();
                let sent = percent_decode_str(sent).decode_utf8_lossy();
                !pair.is_empty() && !sent.trim_start_matches('$').eq_ignore_ascii_case(name)
            })
            .collect::<Vec<_>>()
            .join("&")
    }

    /// Whether a header such as `Prefer` holds this word.
    pub(super) fn says(&self, header: &str, word: &str) -> bool {
        self.headers
            .get_all(header)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .any(|one| one.trim().eq_ignore_ascii_case(word))
    }

    /// `ConsistencyLevel: eventual`.
    pub(super) fn is_eventual(&self) -> bool {
        self.says("ConsistencyLevel", "eventual")
    }

    /// `ConsistencyLevel: eventual` and `$count=true`, which advanced queries need together.
    pub(super) fn is_advanced(&self) -> bool {
        self.is_eventual()
            && self
                .option("count")
                .is_some_and(|count| count.eq_ignore_ascii_case("true"))
    }

    /// The body as a JSON object.
    pub(super) fn json(&self) -> Result<Map<String, Value>, Failure> {
        if self.body.is_empty() {
            return Err(Failure::bad_request(
                "Empty Payload. JSON content expected.",
            ));
        }
        if !self.is_json() {
            return Err(Failure::bad_request(
                "Entity only allows writes with a JSON Content-Type header.",
            ));
        }
        serde_json::from_slice(&self.body).map_err(|_| {
            Failure::bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set \
                 and payload is of valid JSON format.",
            )
        })
    }

    fn is_json(&self) -> bool {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                let kind = kind.trim().to_ascii_lowercase();
                kind == "application/json" || kind.ends_with("+json")
            })
    }

    /// The call's name for the log: keys are left out.
    pub(super) fn route(&self) -> String {
        let mut route = format!("{} /v1.0", self.method);
        for (at, word) in self.words.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| self.words[at].as_str());
            route.push('/');
            route.push_str(match (before, word.as_str()) {
                (_, "onlinemeetings") => "onlineMeetings",
                (_, "createorget" | "microsoft.graph.createorget") => "createOrGet",
                (Some("users"), word) if DELTA.contains(&word) => "delta",
                (Some("users"), "$count") => "$count",
                (Some("users" | "onlinemeetings" | "organization"), _) => "{id}",
                (Some("photos"), _) => "{size}",
                (_, "me" | "users" | "organization" | "photo" | "photos" | "$value" | "$batch") => {
                    word
                }
                _ => "{unknown}",
            });
        }
        route
    }
}

/// The names in a list with commas.
pub(super) fn listed(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && *name != "*")
}

/// How the function is written that tells of changes. Microsoft's own clients write it long.
pub(super) const DELTA: [&str; 4] = [
    "delta",
    "delta()",
    "microsoft.graph.delta",
    "microsoft.graph.delta()",
];

/// `users('x')` is `users/x`.
fn keyed(segment: &str) -> Option<(String, String)> {
    let (name, key) = segment.strip_suffix("')")?.split_once("('")?;
    (!name.is_empty()).then(|| (name.to_owned(), key.replace("''", "'")))
}
