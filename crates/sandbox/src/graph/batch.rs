//! `/$batch`: up to twenty requests in one, some waiting for others.
//!
//! Source: "Combine multiple HTTP requests using JSON batching".

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Sandbox;
use crate::faults;
use crate::graph::answer::{Answer, Content, Failure};
use crate::graph::asked::Asked;
use crate::graph::{self, Ids, demanded};

const LARGEST: usize = 20;

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    id: String,
    method: String,
    url: String,
    headers: Option<Map<String, Value>>,
    body: Option<Value>,
    depends_on: Option<Vec<String>>,
}

impl Part {
    fn depends_on(&self) -> &[String] {
        self.depends_on.as_deref().unwrap_or_default()
    }
}

pub(super) fn answer(sandbox: &Sandbox, asked: &Asked, ids: &Ids) -> Result<Answer, Failure> {
    if asked.method != Method::POST {
        return Err(Failure::not_allowed());
    }
    let batch: Batch = serde_json::from_value(Value::Object(asked.json()?))
        .map_err(|_| Failure::bad_request("Invalid batch payload format."))?;
    check(&batch.requests)?;
    let mut statuses: HashMap<&str, StatusCode> = HashMap::new();
    let mut responses = Vec::new();
    let mut waiting: Vec<&Part> = batch.requests.iter().collect();
    while !waiting.is_empty() {
        let (ready, others): (Vec<&Part>, Vec<&Part>) = waiting.into_iter().partition(|part| {
            part.depends_on()
                .iter()
                .all(|id| statuses.contains_key(id.as_str()))
        });
        if ready.is_empty() {
            return Err(Failure::bad_request(
                "The dependencies of the requests in the batch lead back to themselves.",
            ));
        }
        for part in ready {
            let has_failed_before = part.depends_on().iter().any(|id| {
                statuses
                    .get(id.as_str())
                    .is_some_and(|status| !status.is_success())
            });
            let answer = if has_failed_before {
                failed_dependency()
            } else {
                part_answer(sandbox, asked, part, ids)
            };
            statuses.insert(&part.id, answer.status);
            responses.push(shown(&part.id, answer));
        }
        waiting = others;
    }
    // Microsoft promises no order; this one is surely not the order of the requests.
    responses.reverse();
    Ok(Answer::json(
        StatusCode::OK,
        json!({ "responses": responses }),
    ))
}

fn check(parts: &[Part]) -> Result<(), Failure> {
    if parts.is_empty() {
        return Err(Failure::bad_request("Invalid batch payload format."));
    }
    if parts.len() > LARGEST {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "MaximumValueExceeded",
            format!("Number of batch request steps exceeds the maximum value of {LARGEST}."),
        ));
    }
    for (at, part) in parts.iter().enumerate() {
        if part.id.is_empty() {
            return Err(Failure::bad_request(
                "Invalid batch payload format: a request has no id.",
            ));
        }
        if parts[..at].iter().any(|other| other.id == part.id) {
            return Err(Failure::bad_request(format!(
                "Request Id '{}' has to be unique in a batch.",
                part.id
            )));
        }
        if let Some(unknown) = part
            .depends_on()
            .iter()
            .find(|id| !parts.iter().any(|other| other.id == **id))
        {
            return Err(Failure::bad_request(format!(
                "Request '{}' depends on '{unknown}', which is not in the batch.",
                part.id
            )));
        }
    }
    Ok(())
}

fn part_answer(sandbox: &Sandbox, asked: &Asked, part: &Part, ids: &Ids) -> Answer {
    let own = Ids {
        request: sandbox.random().uuid(),
        client: ids.client.clone(),
        late_ms: AtomicU64::default(),
    };
    let asked = part_asked(asked, part).and_then(|asked| match asked.words().as_slice() {
        ["$batch", ..] => Err(Failure::bad_request("A batch can't hold another one.")),
        _ => Ok(asked),
    });
    let asked = match asked {
        Ok(asked) => asked,
        Err(failure) => return failure.answer(sandbox, &own),
    };
    let work = || {
        graph::answer(sandbox, &asked, &own).unwrap_or_else(|failure| failure.answer(sandbox, &own))
    };
    // Each part is throttled, and goes wrong on demand, by itself.
    let path = part.url.split('?').next().unwrap_or_default();
    let path = format!("/v1.0/{}", path.trim_start_matches('/'));
    match faults::to_part(sandbox, &asked.method, &path, &asked.bearer) {
        Some(act) => demanded::part(sandbox, ids, &act, work),
        None => work(),
    }
}

/// The part as a request of its own, for the same bearer.
fn part_asked(asked: &Asked, part: &Part) -> Result<Asked, Failure> {
    let method = Method::from_bytes(part.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Failure::bad_request("Invalid batch payload format: unknown method."))?;
    if part.url.contains("://") {
        return Err(Failure::bad_request(
            "The URL of a request in a batch is relative to the version.",
        ));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in part.headers.iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let body = match &part.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(_) if !headers.contains_key("content-type") => {
            return Err(Failure::bad_request(
                "A request in a batch that has a body needs a Content-Type header.",
            ));
        }
        // What isn't JSON comes as base64.
        Some(Value::String(encoded)) if !is_json(&headers) => BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| Failure::bad_request("Invalid batch payload format: body."))?
            .into(),
        Some(value) => value.to_string().into(),
    };
    let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
    Asked::new(method, path, query, headers, body, asked.bearer.clone())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

fn failed_dependency() -> Answer {
    Answer::json(
        StatusCode::FAILED_DEPENDENCY,
        json!({
            "error": {
                "code": "FailedDependency",
                "message": "The request failed because a request that it depends on failed.",
            },
        }),
    )
}

/// A response within the batch's response: JSON as it is, pictures in base64.
fn shown(id: &str, answer: Answer) -> Value {
    let mut headers = Map::new();
    for (name, value) in &answer.headers {
        let name = match name.as_str() {
            "content-type" => "Content-Type",
            "cache-control" => "Cache-Control",
            "etag" => "ETag",
            "odata-version" => "OData-Version",
            "retry-after" => "Retry-After",
            other => other,
        };
        headers.insert(
            name.to_owned(),
            json!(String::from_utf8_lossy(value.as_bytes())),
        );
    }
    let mut shown = json!({
        "id": id,
        "status": answer.status.as_u16(),
        "headers": headers,
    });
    match answer.content {
        Content::Nothing => {}
        Content::Json(value) => shown["body"] = value,
        Content::Bytes(bytes) => shown["body"] = json!(BASE64_STANDARD.encode(bytes)),
    }
    shown
}
