//! What Graph answers: JSON, bytes or nothing; and its refusals.
//!
//! Source: "Microsoft Graph error responses and resource types".

use std::borrow::Cow;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::graph::Ids;

const JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
);

/// An answer, before it becomes a response or a part of a batch.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) content: Content,
}

/// What an answer holds.
pub(super) enum Content {
    Nothing,
    Json(Value),
    Bytes(Bytes),
}

impl Answer {
    pub(super) fn json(status: StatusCode, value: Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert("OData-Version", HeaderValue::from_static("4.0"));
        headers.insert("Cache-Control", HeaderValue::from_static("no-cache"));
        Self {
            status,
            headers,
            content: Content::Json(value),
        }
    }

    pub(super) fn bytes(kind: &'static str, bytes: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Self {
            status: StatusCode::OK,
            headers,
            content: Content::Bytes(bytes),
        }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            content: Content::Nothing,
        }
    }

    /// The answer with another header; a value that can't be one is left out.
    pub(super) fn with(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        if let Ok(value) = value.try_into() {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn response(self) -> Response {
        let mut response = match self.content {
            Content::Nothing => ().into_response(),
            Content::Json(value) => Json(value).into_response(),
            Content::Bytes(bytes) => bytes.into_response(),
        };
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A refusal in Graph's words.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    /// What a claims challenge asks for, as JSON.
    claims: Option<String>,
    headers: Vec<(HeaderName, String)>,
}

impl Failure {
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            claims: None,
            headers: Vec::new(),
        }
    }

    /// The refusal with another header.
    pub(super) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Too much was asked. Source: "Microsoft Graph throttling guidance".
    pub(super) fn too_many(seconds: u32) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "Please retry again later.",
        )
        .with(RETRY_AFTER, seconds.to_string())
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// A query that the directory doesn't do.
    pub(super) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    pub(super) fn no_segment(segment: &str) -> Self {
        Self::bad_request(format!("Resource not found for the segment '{segment}'."))
    }

    pub(super) fn no_resource(key: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{key}' does not exist or one of its queried reference-property \
                 objects are not present."
            ),
        )
    }

    pub(super) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// An application that acts by itself has no `/me`.
    pub(super) fn no_me() -> Self {
        Self::bad_request("/me request is only valid with delegated authentication flow.")
    }

    pub(super) fn not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )
    }

    pub(super) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            message,
        )
    }

    /// Continuous access evaluation: come back with a token issued after `now`.
    pub(super) fn claims_challenge(now: Timestamp) -> Self {
        let claims = json!({
            "access_token": {"nbf": {"essential": true, "value": now.as_second().to_string()}}
        });
        Self {
            claims: Some(claims.to_string()),
            ..Self::unauthenticated(
                "Continuous access evaluation resulted in challenge with result: \
                 InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
            )
        }
    }

    /// The answer that says so.
    pub(super) fn answer(self, sandbox: &Sandbox, ids: &Ids) -> Answer {
        let date = TimeZone::UTC.to_datetime(sandbox.now());
        let mut body = json!({
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": date.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                    "request-id": ids.request,
                    "client-request-id": ids.client,
                },
            },
        });
        if self.code == "TooManyRequests" {
            let inner = &mut body["error"]["innerError"];
            inner["code"] = json!("429");
            inner["status"] = json!("429");
            inner["message"] = json!("Please retry after");
        }
        let mut answer = Answer::json(self.status, body)
            .with(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            answer = answer.with(name, value);
        }
        if self.status != StatusCode::UNAUTHORIZED {
            return answer;
        }
        let mut challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\"",
            sandbox.url()
        );
        if let Some(claims) = self.claims {
            challenge.push_str(", error=\"insufficient_claims\", claims=\"");
            challenge.push_str(&BASE64_STANDARD.encode(claims));
            challenge.push('"');
        }
        answer.with(WWW_AUTHENTICATE, challenge)
    }
}
