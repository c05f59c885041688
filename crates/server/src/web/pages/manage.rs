//! Manage: what can I run from here?

use askama::Template;

use super::frame::Frame;
use super::shown::Tag;

#[derive(Debug, Clone, Template)]
#[template(path = "manage.html")]
pub struct Manage {
    pub frame: Frame,
    /// "Microsoft Teams needs attention"
    pub integrations: Option<Tag>,
    /// "6 members, 1 invited"
    pub members: String,
    pub tracks: String,
}
