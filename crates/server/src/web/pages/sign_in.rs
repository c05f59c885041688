//! Coming in: choosing the organization, signing in, invitations, forgotten passwords.

use askama::Template;

use super::form::Errors;
use super::frame::Frame;
use super::shown::{Face, Way};

/// The instance's first page. In the demo everybody stands here; in earnest one
/// names one's organization. Field name: `organization`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in/choose.html")]
pub struct Choose {
    pub frame: Frame,
    pub demo: Option<Demo>,
    pub errors: Errors,
    pub organization: String,
}

/// What only the demo shows.
#[derive(Debug, Clone)]
pub struct Demo {
    pub organizations: Vec<DemoOrganization>,
    /// The sandbox's console and mailboxes.
    pub ways: Vec<Way>,
}

#[derive(Debug, Clone)]
pub struct DemoOrganization {
    pub slug: String,
    pub name: String,
    pub people: Vec<DemoPerson>,
}

#[derive(Debug, Clone)]
pub struct DemoPerson {
    /// What the button posts as `person`.
    pub id: String,
    pub face: Face,
    /// What one can see as this person.
    pub line: String,
}

/// Sign in. Field names: `email`, `password`, `return_to`; in the demo `person`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in/sign_in.html")]
pub struct SignIn {
    pub frame: Frame,
    pub demo: Option<Demo>,
    pub errors: Errors,
    pub email: String,
    /// Where one wanted to go.
    pub return_to: String,
}

/// An invitation is accepted by choosing a password. Field name: `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in/invitation.html")]
pub struct Invitation {
    pub frame: Frame,
    /// Where the form posts: the invitation's own address.
    pub action: String,
    pub organization: String,
    pub first_name: String,
    pub email: String,
    pub errors: Errors,
}

/// A link to choose another password is asked for. Field name: `email`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in/forgotten.html")]
pub struct Forgotten {
    pub frame: Frame,
    pub email: String,
    pub errors: Errors,
    /// The address it was sent to, once asked.
    pub sent: Option<String>,
}

/// The link from the mail: choose another password. Field name: `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in/password.html")]
pub struct NewPassword {
    pub frame: Frame,
    pub action: String,
    pub email: String,
    pub errors: Errors,
}
