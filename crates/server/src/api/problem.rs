//! Why there is no answer, as RFC 9457 has it: what kind of problem, a sentence, and each
//! mistake at its field.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use mentoring::refusal::{Refusal, RefusalKind};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::schema;
use crate::app::AppError;
use crate::store::StoreError;

/// A mistake in a field of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field, as the request names it.
    pub field: Cow<'static, str>,
    /// What is wrong with it, and what to do.
    pub detail: String,
}

impl FieldError {
    pub fn new(field: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

/// The kinds of problems: the end of `type`, the status, and the title.
pub const KINDS: [(&str, StatusCode, &str); 15] = [
    (
        "unreadable",
        StatusCode::BAD_REQUEST,
        "The request cannot be read",
    ),
    (
        "not-authorized",
        StatusCode::UNAUTHORIZED,
        "A valid API token is needed",
    ),
    (
        "forbidden",
        StatusCode::FORBIDDEN,
        "This is not yours to do",
    ),
    ("not-found", StatusCode::NOT_FOUND, "There is nothing here"),
    (
        "method",
        StatusCode::METHOD_NOT_ALLOWED,
        "This method does nothing here",
    ),
    (
        "conflict",
        StatusCode::CONFLICT,
        "The state of things does not allow it",
    ),
    (
        "changed",
        StatusCode::PRECONDITION_FAILED,
        "It was changed in the meantime",
    ),
    (
        "too-large",
        StatusCode::PAYLOAD_TOO_LARGE,
        "The request is too large",
    ),
    (
        "media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Only JSON can be read",
    ),
    (
        "elsewhere",
        StatusCode::MISDIRECTED_REQUEST,
        "This is not the host",
    ),
    (
        "refused",
        StatusCode::UNPROCESSABLE_ENTITY,
        "Some fields have to be mended",
    ),
    (
        "too-many",
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
    ),
    (
        "broken",
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something is broken on our side",
    ),
    (
        "read-only",
        StatusCode::SERVICE_UNAVAILABLE,
        "Nothing can be changed just now",
    ),
    (
        "not-readable",
        StatusCode::NOT_ACCEPTABLE,
        "There is no such form of it",
    ),
];

/// Why something is broken, for the log and never for the answer.
#[derive(Clone, Debug)]
pub(super) struct Cause(pub String);

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct Problem(Box<Said>);

#[derive(Clone, Debug)]
struct Said {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    further: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Said {
            status,
            detail: detail.into(),
            errors: Vec::new(),
            further: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// The same for what does not exist and for what one may not see (I-02).
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "It does not exist, or you may not see it.",
        )
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Without a token, or with one that is worth nothing.
    pub fn not_authorized(why: &str, challenge: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, why).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        )
    }

    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The request as a whole cannot be read, because of these fields.
    pub fn unreadable_fields(errors: Vec<FieldError>) -> Self {
        Self::of_fields(StatusCode::BAD_REQUEST, errors)
    }

    /// The request can be read, but these fields have to be mended.
    pub fn refused(errors: Vec<FieldError>) -> Self {
        Self::of_fields(StatusCode::UNPROCESSABLE_ENTITY, errors)
    }

    fn of_fields(status: StatusCode, errors: Vec<FieldError>) -> Self {
        let details: Vec<&str> = errors.iter().map(|error| error.detail.as_str()).collect();
        let mut problem = Self::new(status, details.join(" "));
        problem.0.errors = errors;
        problem
    }

    pub fn broken(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This is not your fault. Try again, and tell whoever runs this Ithaca if it lasts.",
        );
        problem.0.cause = Some(cause.into());
        problem
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.further.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// With what to wait for, in seconds.
    #[must_use]
    pub fn later(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }
}

/// What the API calls a field that a form calls otherwise.
fn name(field: &'static str) -> &'static str {
    match field {
        "date" | "time" => "local_start",
        "zone" => "time_zone",
        "duration" => "duration_minutes",
        "people" => "attendees",
        "times" => "offered_times",
        "choice" => "offered_time",
        other => other,
    }
}

fn of_refusals(refusals: &[Refusal]) -> Problem {
    let is = |kind| refusals.iter().any(|refusal| refusal.kind() == kind);
    let status = if is(RefusalKind::Forbidden) {
        StatusCode::FORBIDDEN
    } else if is(RefusalKind::Conflict) {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let sentences: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let mut problem = Problem::new(status, sentences.join(" "));
    problem.0.errors = refusals
        .iter()
        .zip(sentences)
        .filter_map(|(refusal, sentence)| Some(FieldError::new(name(refusal.field()?), sentence)))
        .collect();
    problem
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => Self::not_found(),
            AppError::Refused(refusals) => of_refusals(&refusals),
            AppError::Conflict(reason) => Self::conflict(reason),
            AppError::TooMany(seconds) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "That was tried too often. Wait before you try again.",
            )
            .later(seconds),
            AppError::ReadOnly(why) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, why.sentence()).later(why.seconds())
            }
            AppError::Broken(cause) => Self::broken(cause),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        of_refusals(&[refusal])
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(said) = self;
        let known = KINDS.iter().find(|(_, status, _)| *status == said.status);
        let (kind, _, title) = known.copied().unwrap_or(KINDS[0]);
        let mut body = json!({
            "type": format!("/api#{kind}"),
            "title": title,
            "status": said.status.as_u16(),
            "detail": said.detail,
        });
        if let Value::Object(fields) = &mut body {
            if !said.errors.is_empty() {
                fields.insert("errors".to_owned(), json!(said.errors));
            }
            fields.extend(said.further);
        }
        let mut response = (said.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.extend(said.headers);
        if let Some(cause) = said.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

/// Its shape.
pub(super) fn schema() -> Value {
    let error = schema::object(&[
        (
            "field",
            schema::text("The field, as the request names it."),
            true,
        ),
        (
            "detail",
            schema::text("What is wrong with it, and what to do."),
            true,
        ),
    ]);
    json!({
        "type": "object",
        "description": "Why there is no answer (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "The kind of problem; its address explains it." },
            "title": schema::text("The kind of problem in words."),
            "status": { "type": "integer", "description": "The status of the answer." },
            "detail": schema::text("What is the matter with this request, and what to do."),
            "errors": { "type": "array", "items": error, "description": "Each mistake at its field." },
            "current": { "$ref": "#/components/schemas/Meeting", "description": "What it is now, where somebody else was quicker." },
            "changes": { "type": "array", "description": "Where that differs from what you asked for.", "items": schema::object(&[
                ("field", schema::text("The field."), true),
                ("now", json!({ "description": "Its value now." }), true),
                ("yours", json!({ "description": "The value that you asked for." }), true),
            ]) },
        },
    })
}
