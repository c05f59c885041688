//! Members: who they are, and when one may be let in, kept out, or put in charge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::organization::{MemberId, OrganizationId};
use crate::refusal::Refusal;
use crate::role::Actor;

/// Whether a member can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Has a link to set a password, and has not used it.
    Invited,
    /// Takes part.
    Active,
    /// Is kept out, with everything of theirs.
    Deactivated,
}

crate::words!(MemberState { Invited = "invited", Active = "active", Deactivated = "deactivated" });

/// An e-mail address: one plain `addr-spec` of ASCII letters, lower-cased, at most 254
/// characters (RFC 5321, 4.5.3.1).
///
/// Quoted local parts, comments and lists are refused, and so is what RFC 5322 allows but
/// means something else in a `mailto:` address or to old mail programs: question mark,
/// hash, percent, slash, exclamation mark, bar and backtick (E-04).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes one address and nothing else.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(Refusal::EmailInvalid)?;
        let local_fits = (1..=64).contains(&local.len())
            && local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".$&'*+=^_{}~-".contains(&byte))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A last label of digits alone would be a network address.
        let is_name = |label: &str| label.bytes().any(|byte| byte.is_ascii_alphabetic());
        let domain_fits = domain.split('.').all(label_fits)
            && domain
                .rsplit_once('.')
                .is_some_and(|(_, last)| is_name(last));
        if local_fits && domain_fits && text.len() <= 254 {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Refusal::EmailInvalid)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// A person in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Their id.
    pub id: MemberId,
    /// Their organization.
    pub organization: OrganizationId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The verified address, which is also what the directory is asked for.
    pub email: EmailAddress,
    /// Their own zone (IANA name).
    pub time_zone: String,
    /// Their language (BCP 47 tag).
    pub language: String,
    /// Whether they can sign in.
    pub state: MemberState,
    /// Whether they run the organization.
    pub global_administrator: bool,
}

impl Member {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// What stands for them where there is no picture.
    pub fn initials(&self) -> String {
        let first = self.first_name.chars().next();
        let last = self.last_name.chars().next();
        first
            .into_iter()
            .chain(last)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// A single line of text: trimmed, 1 to `most` characters, of which one can be seen.
pub(crate) fn check_line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count())
        && text.chars().all(is_printable)
        && text.chars().any(is_visible);
    fits.then(|| text.to_owned())
}

/// Control characters and line separators could forge a line of a mail's head (E-01), and
/// those that turn the direction of writing make one name read as another.
pub(crate) fn is_printable(letter: char) -> bool {
    let turns_or_breaks =
        matches!(letter, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    !letter.is_control() && !turns_or_breaks
}

/// Joiners and soft hyphens belong into words; on their own they are nothing.
pub(crate) fn is_visible(letter: char) -> bool {
    !letter.is_whitespace() && !matches!(letter, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

/// A first or last name: 1 to 80 characters. `field` is the form's name for it.
pub fn check_name(name: &str, field: &'static str) -> Result<String, Refusal> {
    check_line(name, 80).ok_or(Refusal::PersonNameInvalid { field })
}

/// A new password: 10 to 128 characters, at most 512 bytes (W-21).
pub fn check_password(password: &str) -> Result<(), Refusal> {
    if password.len() <= 512 && (10..=128).contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(Refusal::PasswordInvalid)
    }
}

fn may_manage(actor: &Actor, target: &Member) -> Result<(), Refusal> {
    if actor.organization == target.organization && actor.may_manage_organization() {
        Ok(())
    } else {
        Err(Refusal::NotGlobalAdministrator)
    }
}

/// Keeps a member out. There is always another active global administrator left.
pub fn deactivate(
    actor: &Actor,
    target: &Member,
    other_administrators: usize,
) -> Result<Event, Refusal> {
    may_manage(actor, target)?;
    if actor.member == target.id {
        return Err(Refusal::Yourself);
    }
    if target.state == MemberState::Deactivated {
        return Err(Refusal::MemberState(target.name()));
    }
    if target.global_administrator && other_administrators == 0 {
        return Err(Refusal::LastAdministrator);
    }
    Ok(Event::MemberDeactivated {
        member: target.id,
        name: target.name(),
    })
}

/// Lets a member in again.
pub fn reactivate(actor: &Actor, target: &Member) -> Result<Event, Refusal> {
    may_manage(actor, target)?;
    if target.state != MemberState::Deactivated {
        return Err(Refusal::MemberState(target.name()));
    }
    Ok(Event::MemberReactivated {
        member: target.id,
        name: target.name(),
    })
}

/// Puts a member in charge of the organization, or no longer. The last active one stays.
pub fn change_administrator(
    actor: &Actor,
    target: &Member,
    administrator: bool,
    other_administrators: usize,
) -> Result<Event, Refusal> {
    may_manage(actor, target)?;
    if target.global_administrator == administrator || target.state == MemberState::Deactivated {
        return Err(Refusal::MemberState(target.name()));
    }
    if !administrator && other_administrators == 0 {
        return Err(Refusal::LastAdministrator);
    }
    Ok(Event::AdministratorChanged {
        member: target.id,
        name: target.name(),
        administrator,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_address_is_taken_and_lower_cased() {
        let mei = EmailAddress::parse(" Mei@Larkspur.Example ").unwrap();
        assert_eq!(mei.as_str(), "mei@larkspur.example");
    }

    #[test]
    fn anything_but_one_plain_address_is_refused() {
        for text in [
            "",
            "mei",
            "mei@",
            "@larkspur.example",
            "mei@larkspur",
            "a@b.example?cc=c@d.example",
            "a@b.example,c@d.example",
            "\"a@b\"@c.example",
            "mei@larkspur.example\r\nBcc: x@y.example",
            "mei @larkspur.example",
            "mei@lаrkspur.example",
            "a..b@c.example",
            "mei@-x.example",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@larkspur.example", "x".repeat(65))).is_err());
    }

    #[test]
    fn a_password_is_counted_in_characters_and_bounded_in_bytes() {
        assert!(check_password("short").is_err());
        assert!(check_password("ten letters").is_ok());
        assert!(check_password(&"x".repeat(129)).is_err());
        assert!(check_password(&"𝔛".repeat(128)).is_ok());
        assert!(check_password(&"x".repeat(10_000_000)).is_err());
    }
}
