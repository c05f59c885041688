//! Organizations, and the ids of everything that belongs to one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::text::{self, Flaw};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// An organization of this instance.
    OrganizationId,
    /// A person in an organization.
    MemberId,
    /// A mentoring program.
    TrackId,
    /// A meeting.
    MeetingId,
}

/// The first part of the addresses of an organization's pages: `larkspur`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// First parts of addresses that are Ithaca's own, and what browsers and crawlers ask for
/// by themselves.
const RESERVED: &[&str] = &[
    "a",
    "about",
    "account",
    "admin",
    "api",
    "assets",
    "demo",
    "docs",
    "favicon-ico",
    "health",
    "help",
    "integrations",
    "invitation",
    "invitations",
    "ithaca",
    "j",
    "m",
    "mail",
    "manage",
    "metrics",
    "new",
    "password",
    "robots-txt",
    "sandbox",
    "sign-in",
    "sign-out",
    "sign-up",
    "static",
    "status",
    "well-known",
    "www",
];

impl Slug {
    /// Reads a slug: 2 to 40 small letters, digits and hyphens, no hyphen at either end,
    /// and not an address that Ithaca uses itself.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if !(2..=40).contains(&text.chars().count()) {
            return Err(Refusal::SlugLength);
        }
        if RESERVED.contains(&text.replace('.', "-").trim_matches('-')) {
            return Err(Refusal::SlugReserved {
                slug: text.to_owned(),
            });
        }
        let may_stand = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-');
        if !text.chars().all(may_stand) || text.starts_with('-') || text.ends_with('-') {
            return Err(Refusal::SlugCharacters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The slug as it stands in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

/// The name of an organization or of a track: 1 to 80 characters on one line.
pub fn check_organization_name(text: &str) -> Result<String, Refusal> {
    check_name_at(text, "name")
}

/// A name of 1 to 80 characters on one line; `field` says where a refusal belongs.
pub(crate) fn check_name_at(text: &str, field: &'static str) -> Result<String, Refusal> {
    text::line(text, 80).map_err(|flaw| match flaw {
        Flaw::Empty => Refusal::NameMissing { field },
        Flaw::TooLong(have) => Refusal::NameTooLong { field, have },
        Flaw::Unprintable => Refusal::NameUnprintable { field },
    })
}
