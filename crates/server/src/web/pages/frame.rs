//! What surrounds every page: title, header, navigation, account menu, notes.

use askama::Template;
use askama::filters::HtmlSafe;

use super::shown::{Face, Way};
use crate::web::assets;

/// What surrounds every page, the same in all of one organization.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The organization one is in; none on pages of the instance.
    pub organization: Option<OrganizationMark>,
    /// Who is signed in.
    pub member: Option<MemberMark>,
    /// The tracks one may open.
    pub tracks: Vec<TrackMark>,
    /// Whether **Manage** is offered (global administrators).
    pub manages: bool,
    /// Which entry of the navigation is the present one.
    pub here: Here,
    pub theme: Theme,
    /// This page's own address, to return to after the theme was switched.
    pub address: String,
    /// What this page was made of, for asking whether it would still look the same.
    pub stamp: Option<String>,
    /// What the last action came to, shown once.
    pub flash: Option<Flash>,
    /// Something that concerns every page, such as an integration that needs attention.
    pub banner: Option<Banner>,
}

#[derive(Debug, Clone)]
pub struct OrganizationMark {
    pub slug: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct MemberMark {
    pub face: Face,
    pub email: String,
}

#[derive(Debug, Clone)]
pub struct TrackMark {
    pub slug: String,
    pub name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Here {
    Home,
    Meetings,
    /// A track, by its slug.
    Track(String),
    Manage,
    #[default]
    Elsewhere,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// What the last action came to.
#[derive(Debug, Clone)]
pub enum Flash {
    /// It is so now: "Saved."
    Done(String),
    /// It did not happen, and this is why.
    Refused(String),
}

#[derive(Debug, Clone)]
pub struct Banner {
    pub text: String,
    pub way: Option<Way>,
}

impl Frame {
    /// The address of a page of this organization: `to("meetings")` is `/larkspur/meetings`.
    pub fn to(&self, page: &str) -> String {
        match (&self.organization, page) {
            (None, page) => format!("/{page}"),
            (Some(organization), "") => format!("/{}", organization.slug),
            (Some(organization), page) => format!("/{}/{page}", organization.slug),
        }
    }

    /// The address of an embedded file, good for ever.
    pub fn asset(&self, path: &str) -> String {
        assets::address(path)
    }

    /// What a title ends with.
    pub fn name(&self) -> &str {
        self.organization
            .as_ref()
            .map_or("Ithaca", |organization| &organization.name)
    }

    pub(super) fn top(&self) -> Top<'_> {
        Top { frame: self }
    }

    pub(super) fn notes(&self) -> Notes<'_> {
        Notes { frame: self }
    }

    pub(super) fn switch(&self) -> Switch<'_> {
        Switch { frame: self }
    }

    fn is_at(&self, here: &Here) -> bool {
        self.here == *here
    }

    fn is_in_track(&self, slug: &str) -> bool {
        matches!(&self.here, Here::Track(present) if present == slug)
    }

    fn is_in_a_track(&self) -> bool {
        matches!(self.here, Here::Track(_))
    }
}

/// The header. These three are templates of their own, so that they are compiled once.
#[derive(Debug, Template)]
#[template(path = "parts/top.html")]
pub(super) struct Top<'a> {
    frame: &'a Frame,
}

/// The notes above a page's heading.
#[derive(Debug, Template)]
#[template(path = "parts/notes.html")]
pub(super) struct Notes<'a> {
    frame: &'a Frame,
}

/// Light or dark.
#[derive(Debug, Template)]
#[template(path = "parts/theme.html")]
pub(super) struct Switch<'a> {
    frame: &'a Frame,
}

impl HtmlSafe for Top<'_> {}
impl HtmlSafe for Notes<'_> {}
impl HtmlSafe for Switch<'_> {}

impl Theme {
    /// As the form field and the cookie spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the `data-theme` attribute says; nothing where the system decides.
    pub fn chosen(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light | Self::Dark => Some(self.key()),
        }
    }
}
