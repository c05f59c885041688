//! What can go wrong with Microsoft, what it means, and what to do about it.
//!
//! [`Kind`] is the vocabulary; `table` says for each kind whom it concerns,
//! what to tell people, and whether it heals by itself. Nothing here decides
//! when to try again.

mod reading;
mod table;

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use secrecy::SecretString;

use crate::secret::presentable;
use crate::token::ClaimsChallenge;
pub use table::{Group, Kind};

pub(crate) use reading::{About, GraphError, TokenError};

/// One call that didn't do what it was for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Line(self))]
pub struct Failure {
    pub kind: Kind,
    /// How long Microsoft asks to wait: from one second to one hour, whatever
    /// it wrote.
    pub retry_after: Option<Duration>,
    pub status: Option<u16>,
    /// `AADSTS50173`, or Graph's `error.code`.
    pub code: Option<Box<str>>,
    /// Of Graph; of Entra ID the correlation id.
    pub request_id: Option<Box<str>>,
    /// Of Entra ID.
    pub trace_id: Option<Box<str>>,
    /// Ours, by which Microsoft finds the request too where no answer came.
    pub client_request_id: Option<Box<str>>,
    /// Microsoft's own words, or ours: at most 500 characters, on one line,
    /// without the secrets of the request. For logs and administrators, never
    /// for participants.
    pub detail: Option<Box<str>>,
    /// What the next token must satisfy, where Microsoft says so.
    pub challenge: Option<ClaimsChallenge>,
}

impl Failure {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            retry_after: None,
            status: None,
            code: None,
            request_id: None,
            trace_id: None,
            client_request_id: None,
            detail: None,
            challenge: None,
        }
    }

    pub(crate) fn sent_as(mut self, client_request_id: &str) -> Self {
        self.client_request_id = Some(client_request_id.into());
        self
    }

    /// An answer that can't be believed or understood. What it was asked to do
    /// may have been done all the same.
    pub(crate) fn garbage(what: &str) -> Self {
        Self::new(Kind::Garbage).detailed(what, &[])
    }

    pub(crate) fn detailed(mut self, detail: &str, sent: &[&SecretString]) -> Self {
        if !detail.is_empty() {
            self.detail = Some(presentable(detail, sent));
        }
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self
    }

    /// Keeps the ids by which Microsoft's support finds the request.
    pub(crate) fn with_ids(mut self, headers: &HeaderMap) -> Self {
        // Of an id's shape, so that nothing else is smuggled into the logs.
        let id = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            (fits && (1..=36).contains(&text.len())).then(|| text.into())
        };
        self.request_id = id("request-id").or_else(|| id("x-ms-request-id"));
        self
    }

    /// Whom or what it concerns.
    pub fn group(&self) -> Group {
        self.kind.group()
    }

    /// Whether what was asked may have been done all the same: the answer was
    /// lost, late, or not to be understood.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self.group(), Group::Unreachable | Group::Garbage)
    }

    /// Whether the next activation may succeed with nobody doing anything.
    pub fn heals_by_itself(&self) -> bool {
        self.kind.heals_by_itself()
    }
}

/// `client_secret_expired (401 AADSTS7000222, request …)`: for logs.
struct Line<'a>(&'a Failure);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.0;
        f.write_str(failure.kind.name())?;
        let status = failure.status.map(|status| status.to_string());
        let parts = [
            status.as_deref(),
            failure.code.as_deref(),
            failure.request_id.as_deref(),
            failure.trace_id.as_deref(),
            failure.detail.as_deref(),
        ];
        let mut separator = " (";
        for part in parts.into_iter().flatten() {
            write!(f, "{separator}{part}")?;
            separator = ", ";
        }
        f.write_str(if separator == ", " { ")" } else { "" })
    }
}
