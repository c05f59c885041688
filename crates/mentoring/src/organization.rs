//! Organizations, and the ids of everything that belongs to one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::refusal::Refusal;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub Uuid);

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = uuid::Error;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Uuid::from_str(text).map(Self)
                }
            }
        )+
    };
}

id! {
    /// An organization. Two of them on one instance never see each other.
    OrganizationId,
    /// A person in an organization.
    MemberId,
    /// A mentoring program of an organization.
    TrackId,
    /// A meeting of a track.
    MeetingId,
    /// Times that somebody offers for a meeting.
    ProposalId,
}

/// The part of an address that stands for an organization or a track.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slug(String);

/// First parts of addresses that belong to the instance itself.
const RESERVED: &[&str] = &[
    "a",
    "admin",
    "api",
    "assets",
    "calendar",
    "demo",
    "favicon",
    "health",
    "integrations",
    "j",
    "m",
    "manage",
    "new",
    "robots",
    "sandbox",
    "sign-in",
    "sign-out",
    "static",
    "theme",
    "well-known",
];

impl Slug {
    /// Takes 2 to 40 lower-case letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let fits = (2..=40).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if !fits {
            return Err(Refusal::SlugInvalid);
        }
        if RESERVED.contains(&text) {
            return Err(Refusal::SlugReserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes the slug of a name: `Women in Engineering` becomes `women-in-engineering`.
    /// `otherwise` serves names without a single Latin letter or digit.
    pub fn of_name(name: &str, otherwise: &str) -> Self {
        let mut slug = String::new();
        for letter in name.chars() {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == 40 {
                break;
            }
        }
        let slug = slug.trim_matches('-').to_owned();
        if slug.len() < 2 || RESERVED.contains(&slug.as_str()) {
            Self(otherwise.to_owned())
        } else {
            Self(slug)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An organization's name: 1 to 120 characters.
pub fn check_organization_name(name: &str) -> Result<String, Refusal> {
    crate::member::check_line(name, 120).ok_or(Refusal::NameInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_its_address() {
        assert_eq!(
            Slug::of_name("Women in Engineering", "track").as_str(),
            "women-in-engineering"
        );
        assert_eq!(
            Slug::of_name("  New  Managers!", "track").as_str(),
            "new-managers"
        );
        assert_eq!(Slug::of_name("研修", "track-7").as_str(), "track-7");
        assert_eq!(Slug::of_name("api", "track-7").as_str(), "track-7");
    }

    #[test]
    fn an_organization_may_not_take_the_address_of_the_instance() {
        assert!(matches!(Slug::parse("assets"), Err(Refusal::SlugReserved)));
        assert!(matches!(Slug::parse("Larkspur"), Err(Refusal::SlugInvalid)));
        assert!(matches!(Slug::parse("-x"), Err(Refusal::SlugInvalid)));
        assert!(Slug::parse("larkspur").is_ok());
    }
}
