//! Members: who is who, and who may run the organization.

use askama::Template;

use super::form::Errors;
use super::frame::Frame;
use super::shown::{Face, Tag};

#[derive(Debug, Clone, Template)]
#[template(path = "members/list.html")]
pub struct MemberList {
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    pub members: Vec<MemberRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct MemberRow {
    pub id: String,
    pub face: Face,
    pub email: String,
    /// "Global administrator"
    pub role: Option<String>,
    /// "New Managers, Women in Engineering"
    pub tracks: String,
    /// "Invited", "Deactivated"; none where active.
    pub tag: Option<Tag>,
}

/// Invite. Field names: `first_name`, `last_name`, `email`, `global_administrator`.
#[derive(Debug, Clone, Template)]
#[template(path = "members/invitation.html")]
pub struct Invite {
    pub frame: Frame,
    pub errors: Errors,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub global_administrator: bool,
}

/// One member, as a global administrator sees them.
#[derive(Debug, Clone, Template)]
#[template(path = "members/show.html")]
pub struct Member {
    pub frame: Frame,
    pub id: String,
    pub face: Face,
    pub email: String,
    pub tag: Tag,
    pub global_administrator: bool,
    pub zone: String,
    /// "Signed in today at 09:12"
    pub last_seen: String,
    /// Track and roles.
    pub tracks: Vec<(String, String)>,
    /// "Account in your organization"
    pub directory: Option<Tag>,
    pub standing: Standing,
    /// The link of an invitation not yet accepted, where mail is not configured.
    pub invitation: Option<String>,
}

/// What can be done with a member.
#[derive(Debug, Clone)]
pub enum Standing {
    Active {
        /// Why not, where it can't be done: "Larkspur Health needs one active global administrator."
        kept: Option<String>,
    },
    Invited,
    Deactivated,
}

/// Before a member is deactivated.
#[derive(Debug, Clone, Template)]
#[template(path = "members/deactivation.html")]
pub struct Deactivation {
    pub frame: Frame,
    pub id: String,
    pub face: Face,
    /// What it touches: "They are signed out within seconds.", "2 planned meetings stay."
    pub touches: Vec<String>,
    pub errors: Errors,
}
