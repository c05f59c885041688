//! How these doors read what is asked, and how they say no: every refusal is
//! JSON of one shape and names the field that it is about.

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The largest request that is read, in bytes. A fault may carry a large body.
const LARGEST: usize = 4 << 20;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// One word for programs.
    code: &'static str,
    /// A sentence for people.
    message: String,
    field: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
        }
    }

    /// A field whose value makes no sense.
    pub(super) fn wrong(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "wrong_value", message)
        }
    }

    pub(super) fn missing(field: &str, message: impl Into<String>) -> Self {
        Self {
            code: "missing_field",
            ..Self::wrong(field, message)
        }
    }

    pub(super) fn not_found(what: &str, name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no {what} {name}."),
        )
    }

    fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let reason = error.inner();
        if !reason.is_data() {
            return Self::new(
                StatusCode::BAD_REQUEST,
                "not_json",
                format!("The body is no JSON: {reason}."),
            );
        }
        let text = reason.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let path = error.path().to_string();
        let named = |marker: &str| {
            let rest = text.strip_prefix(marker)?;
            Some(rest.split('`').next().unwrap_or_default())
        };
        let (code, last) = if let Some(name) = named("unknown field `") {
            ("unknown_field", Some(name))
        } else if let Some(name) = named("missing field `") {
            ("missing_field", Some(name))
        } else {
            ("wrong_value", None)
        };
        let field = field_path(&path, last);
        let message = match &field {
            Some(field) => format!("{field}: {text}."),
            None => format!("{text}."),
        };
        Self {
            field,
            ..Self::new(StatusCode::BAD_REQUEST, code, message)
        }
    }
}

/// The whole path of a field. The one that a message names may or may not end the path already.
fn field_path(path: &str, last: Option<&str>) -> Option<String> {
    let path = Some(path.trim_end_matches(".?")).filter(|path| !matches!(*path, "." | "?"));
    match (path, last) {
        (None, None) => None,
        (Some(path), None) => Some(path.to_owned()),
        (None, Some(last)) => Some(last.to_owned()),
        (Some(path), Some(last)) if path.rsplit('.').next() == Some(last) => Some(path.to_owned()),
        (Some(path), Some(last)) => Some(format!("{path}.{last}")),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = self.field {
            error["field"] = Value::from(field);
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

/// What a request asks for, read from its body. No body at all is an empty object.
pub(super) struct Wanted<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Wanted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, LARGEST).await.map_err(|_| {
            Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The body is larger than 4 MiB, or did not arrive whole.",
            )
        })?;
        if !body.is_empty() && !is_json(&parts.headers) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has to be JSON, with Content-Type: application/json.",
            ));
        }
        read(&body).map(Self)
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let text: &[u8] = match body.trim_ascii() {
        b"" | b"null" => b"{}",
        text => text,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let wanted = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Refusal::unreadable(&error))?;
    reader.end().map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            "Something follows the JSON value.",
        )
    })?;
    Ok(wanted)
}

/// A body without a type is taken for JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let kind = kind.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

/// For requests that say everything by their address.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) async fn unknown(uri: Uri) -> Refusal {
    Refusal::not_found("door", uri.path())
}

pub(super) async fn not_allowed(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{} takes no {method}.", uri.path()),
    )
}
