//! The organization's own settings.

use askama::Template;

use super::form::{Choice, Errors};
use super::frame::Frame;

/// Field names: `revision`, `name`, `zone`, `language`.
#[derive(Debug, Clone, Template)]
#[template(path = "organization.html")]
pub struct Organization {
    pub frame: Frame,
    pub revision: String,
    pub errors: Errors,
    pub name: String,
    pub zones: Vec<Choice>,
    pub languages: Vec<Choice>,
}
