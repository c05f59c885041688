//! The audit log: who did what?

use askama::Template;

use super::form::Choice;
use super::frame::Frame;

/// Filter field names (GET): `who`, `what`, `from`, `until`.
#[derive(Debug, Clone, Template)]
#[template(path = "audit.html")]
pub struct Audit {
    pub frame: Frame,
    pub who: String,
    pub what: Vec<Choice>,
    pub from: String,
    pub until: String,
    pub entries: Vec<AuditEntry>,
    pub newer: Option<String>,
    pub older: Option<String>,
    /// The same entries as a file.
    pub export: Option<String>,
}

#[derive(Debug, Clone)]
pub struct AuditEntry {
    pub at: String,
    /// RFC 3339.
    pub instant: String,
    pub who: String,
    /// "integrated Microsoft Teams"
    pub what: String,
    /// What was changed from what to what.
    pub details: Option<String>,
    /// From where.
    pub origin: String,
}
