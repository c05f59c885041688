//! Microsoft's error answers, read into the one table.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Failure, Kind};
use crate::secret::presentable;
use crate::token::ClaimsChallenge;
use crate::transport::Answer;

/// An error of the token endpoint ("Microsoft identity platform and OAuth 2.0
/// authorization code flow", error response).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenError {
    error: String,
    suberror: Option<String>,
    error_description: Option<String>,
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
    claims: Option<String>,
}

impl TokenError {
    /// What the token endpoint answered instead of a token.
    pub fn read(answer: &Answer, sent: &[&SecretString], now: Timestamp) -> Failure {
        let status = answer.status;
        let error = answer.json::<Self>().unwrap_or_default();
        let named = error.error_codes.first().copied();
        let description = error.error_description.as_deref().unwrap_or_default();
        let code = named.or_else(|| aadsts_in(description));
        let suberror = error.suberror.as_deref();
        let kind = passing(status)
            .or_else(|| passing_error(&error.error))
            .or_else(|| Kind::of_aadsts(code?))
            .unwrap_or_else(|| of_oauth(&error.error, suberror));
        let mut failure = Failure::new(kind)
            .with_status(status)
            .with_ids(&answer.headers)
            .detailed(description, sent);
        let short = |text: &String| presentable(text, sent);
        failure.code = code
            .map(|code| format!("AADSTS{code}").into())
            .or_else(|| (!error.error.is_empty()).then(|| short(&error.error)));
        failure.trace_id = error.trace_id.as_ref().map(short);
        if let Some(correlation) = &error.correlation_id {
            failure.request_id = Some(short(correlation));
        }
        failure.retry_after = retry_after(&answer.headers, now);
        failure.challenge = error.claims.as_deref().and_then(ClaimsChallenge::from_json);
        failure
    }
}

/// An error of Graph ("Microsoft Graph error responses and resource types").
#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphErrorBody {
    error: GraphErrorParts,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphErrorParts {
    code: Option<String>,
    message: Option<String>,
    #[serde(alias = "innererror")]
    #[serde(rename = "innerError")]
    inner: Option<GraphInnerError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphInnerError {
    #[serde(rename = "request-id")]
    request_id: Option<String>,
}

/// What a call is about: the same bare refusal means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    People,
    Meetings,
}

pub(crate) struct GraphError;

impl GraphError {
    /// What Graph answered instead of a result; the parts of a `$batch` are
    /// read the same way.
    pub fn read(
        status: StatusCode,
        headers: &HeaderMap,
        body: Option<&[u8]>,
        sent: &[&SecretString],
        now: Timestamp,
        about: About,
    ) -> Failure {
        let read = body
            .and_then(|body| serde_json::from_slice::<GraphErrorBody>(body).ok())
            .unwrap_or_default()
            .error;
        let code = read.code.as_deref().unwrap_or_default();
        let message = read.message.as_deref().unwrap_or_default();
        let challenge = challenge(headers);
        let kind = if challenge.is_some() {
            Kind::AccessChallenged
        } else {
            of_graph(status, code, message, about)
        };
        let mut failure = Failure::new(kind)
            .with_status(status)
            .with_ids(headers)
            .detailed(message, sent);
        failure.code = (!code.is_empty()).then(|| presentable(code, sent));
        if let Some(id) = read.inner.and_then(|inner| inner.request_id) {
            failure.request_id = Some(presentable(&id, sent));
        }
        failure.retry_after = retry_after(headers, now);
        failure.challenge = challenge;
        failure
    }
}

impl Failure {
    /// What came back to the redirect URI instead of a code.
    pub(crate) fn of_refusal(error: &str, subcode: Option<&str>, description: &str) -> Self {
        let code = aadsts_in(description);
        let kind = code
            .and_then(Kind::of_aadsts)
            .unwrap_or_else(|| match (error, subcode) {
                ("access_denied" | "permission_denied", Some("cancel")) => Kind::Cancelled,
                ("access_denied" | "permission_denied", _) => Kind::ConsentDeclined,
                _ => passing_error(error).unwrap_or_else(|| of_oauth(error, subcode)),
            });
        let mut failure = Self::new(kind).detailed(description, &[]);
        failure.code = Some(match code {
            Some(code) => format!("AADSTS{code}").into(),
            None => presentable(error, &[]),
        });
        failure
    }
}

/// Microsoft says: branch on `error` and `suberror`. The sets are those of its
/// own client library for Node (`InteractionRequiredAuthError`).
fn of_oauth(error: &str, suberror: Option<&str>) -> Kind {
    match (error, suberror) {
        (_, Some("consent_required")) | ("consent_required", _) => Kind::ConsentMissing,
        (_, Some("user_password_expired")) => Kind::PasswordExpired,
        (_, Some("bad_token" | "token_expired")) => Kind::GrantRevoked,
        (_, Some("message_only" | "additional_action")) => Kind::AccessBlocked,
        (_, Some("basic_action" | "ui_not_allowed" | "interrupted_user")) => {
            Kind::InteractionNeeded
        }
        (
            "interaction_required"
            | "login_required"
            | "ui_not_allowed"
            | "interrupted_user"
            | "bad_token",
            _,
        ) => Kind::InteractionNeeded,
        ("invalid_grant", _) => Kind::GrantUnusable,
        ("invalid_client", _) => Kind::ClientRefused,
        ("unauthorized_client", _) => Kind::AppRemoved,
        ("invalid_resource", _) => Kind::OtherCloud,
        ("invalid_request" | "invalid_scope" | "unsupported_grant_type", _) => Kind::RequestWrong,
        _ => Kind::Garbage,
    }
}

fn of_graph(status: StatusCode, code: &str, message: &str, about: About) -> Kind {
    if let Some(kind) = passing(status) {
        return kind;
    }
    match status {
        StatusCode::UNAUTHORIZED => Kind::AccessTokenRefused,
        StatusCode::FORBIDDEN if message.contains("application access policy") => {
            Kind::NoAccessPolicy
        }
        StatusCode::FORBIDDEN => match (Kind::of_graph(code), about) {
            (Some(kind @ Kind::PrivilegesMissing), _) => kind,
            // Bare and empty where the licence, the policy or membership lacks.
            (_, About::Meetings) => Kind::HostMayNotMeet,
            (_, About::People) => Kind::PrivilegesMissing,
        },
        StatusCode::NOT_FOUND | StatusCode::GONE => Kind::NotFound,
        StatusCode::BAD_REQUEST => match Kind::of_graph(code) {
            Some(kind @ (Kind::PropertiesRefused | Kind::RequestWrong)) => kind,
            _ => Kind::Refused,
        },
        _ if status.is_client_error() => Kind::of_graph(code).unwrap_or(Kind::Refused),
        _ => Kind::Garbage,
    }
}

/// Statuses that say the same whatever the body says.
fn passing(status: StatusCode) -> Option<Kind> {
    match status.as_u16() {
        429 | 509 => Some(Kind::Throttled),
        408 => Some(Kind::TooSlow),
        423 | 500..=599 => Some(Kind::Unavailable),
        _ => None,
    }
}

/// Whatever code stands beside them: an outage doesn't end a connection.
fn passing_error(error: &str) -> Option<Kind> {
    matches!(error, "temporarily_unavailable" | "server_error").then_some(Kind::Unavailable)
}

/// The first `AADSTS` number in a description.
fn aadsts_in(description: &str) -> Option<u32> {
    let after = description.split_once("AADSTS")?.1;
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    after[..end].parse().ok()
}

/// The claims challenge of continuous access evaluation ("Claims challenges,
/// claims requests, and client capabilities").
fn challenge(headers: &HeaderMap) -> Option<ClaimsChallenge> {
    headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| value.contains("insufficient_claims"))
        .find_map(|value| {
            let quoted = value.split_once("claims=\"")?.1;
            ClaimsChallenge::from_base64(quoted.split_once('"')?.0)
        })
}

/// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), from one second to
/// one hour. What is neither counts as absent.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    const SHORTEST: i64 = 1;
    const LONGEST: i64 = 3600;
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) if is_number(text) => LONGEST,
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            date.timestamp().as_second().saturating_sub(now.as_second())
        }
    };
    Some(Duration::from_secs(
        seconds.clamp(SHORTEST, LONGEST).unsigned_abs(),
    ))
}

/// More digits than an integer holds.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(text: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_str(text).unwrap());
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn g05_whatever_retry_after_says_the_wait_is_between_a_second_and_an_hour() {
        assert_eq!(wait("1"), Some(1));
        assert_eq!(wait("0"), Some(1));
        assert_eq!(wait("-5"), Some(1));
        assert_eq!(wait("17"), Some(17));
        assert_eq!(wait("99999999"), Some(3600));
        assert_eq!(wait("99999999999999999999999"), Some(3600));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(37));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(1));
        assert_eq!(wait("Fri, 01 Jan 2100 00:00:00 GMT"), Some(3600));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait(""), None);
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn the_code_is_found_in_a_description() {
        assert_eq!(aadsts_in("AADSTS50173: The provided grant"), Some(50173));
        assert_eq!(aadsts_in("x AADSTS"), None);
        assert_eq!(aadsts_in("AADSTS99999999999999"), None);
        assert_eq!(aadsts_in(""), None);
    }

    #[test]
    fn cancel_at_microsoft_is_told_from_no() {
        let kind = |subcode| Failure::of_refusal("access_denied", subcode, "").kind;
        assert_eq!(kind(Some("cancel")), Kind::Cancelled);
        assert_eq!(kind(None), Kind::ConsentDeclined);
        let declined = Failure::of_refusal("access_denied", None, "AADSTS65004: User declined");
        assert_eq!(declined.kind, Kind::ConsentDeclined);
        assert_eq!(declined.code.as_deref(), Some("AADSTS65004"));
    }
}
