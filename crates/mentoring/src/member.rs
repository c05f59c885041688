//! Members: the people of an organization.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::organization::{MemberId, OrganizationId, check_name_at};
use crate::refusal::Refusal;
use crate::role::Actor;
use crate::word::words;

/// Whether a member takes part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Has an invitation and no password yet.
    Invited,
    /// Takes part.
    Active,
    /// Can't sign in and is told nothing; what they did stays.
    Deactivated,
}

words!(MemberState {
    Invited => "invited",
    Active => "active",
    Deactivated => "deactivated",
});

/// A person in an organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// Where.
    pub organization: OrganizationId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The verified address, which decides about Teams.
    pub email: EmailAddress,
    /// The IANA zone in which they read times.
    pub time_zone: String,
    /// A BCP 47 tag: `en`.
    pub language: String,
    /// Whether they take part.
    pub state: MemberState,
    /// Whether they run the organization.
    pub global_administrator: bool,
}

impl Member {
    /// "Mei Tanaka"
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// "MT", for a person without a photo.
    pub fn initials(&self) -> String {
        [&self.first_name, &self.last_name]
            .into_iter()
            .filter_map(|name| name.chars().next())
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// One e-mail address, in small letters so that two spellings of it are equal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads one address (RFC 5321 section 4.1.2, without quoted names): at most 254
    /// characters, 64 before the `@`, a domain of at least two ASCII labels. Whatever
    /// could be read as two addresses or as more than an address is refused (E-04).
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Refusal::EmailMissing);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(Refusal::EmailInvalid)?;
        if !is_local_part(local) || !is_domain(domain) {
            return Err(Refusal::EmailInvalid);
        }
        if text.len() > 254 || local.len() > 64 {
            return Err(Refusal::EmailTooLong);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The dot-atom of RFC 5322, without the characters that mean something in a `mailto:`
/// address (question mark, hash, percent, slash) or to the mail programs of old.
fn is_local_part(local: &str) -> bool {
    let may_stand =
        |letter: u8| letter.is_ascii_alphanumeric() || b"_-+'&=~$*^{}".contains(&letter);
    local
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(may_stand))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = |label: &str| label.bytes().any(|letter| letter.is_ascii_alphabetic());
    domain.split('.').all(is_label)
        && domain
            .rsplit_once('.')
            .is_some_and(|(_, last)| is_name(last))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// A first or last name: 1 to 80 characters on one line. `field` is `first_name` or
/// `last_name`, and says where a refusal belongs.
pub fn check_name(text: &str, field: &'static str) -> Result<String, Refusal> {
    check_name_at(text, field)
}

/// Whether a password may be used: 10 to 128 characters, at most 512 bytes, so that
/// nobody keeps the hasher busy with a book (W-21).
pub fn check_password(password: &str) -> Result<(), Refusal> {
    if password.len() > 512 {
        return Err(Refusal::PasswordTooLong);
    }
    match password.chars().count() {
        0..10 => Err(Refusal::PasswordTooShort),
        10..=128 => Ok(()),
        _ => Err(Refusal::PasswordTooLong),
    }
}

/// Somebody who is to be invited, as a form says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMember {
    /// The id that they will have.
    pub id: MemberId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// The zone that they begin with.
    pub time_zone: String,
    /// The language that they begin with.
    pub language: String,
    /// Whether they will run the organization.
    pub global_administrator: bool,
}

/// Invites somebody into the actor's organization. That the address is free is the
/// store's to say ([`Refusal::EmailTaken`]).
pub fn invite(actor: &Actor, new: &NewMember) -> Result<(Member, Event), Vec<Refusal>> {
    if !actor.may_manage_organization() {
        return Err(vec![Refusal::NotGlobalAdministrator]);
    }
    new_member(actor.organization, new)
}

/// An invited member and the event that says so. The operator's command invites without
/// an actor; everyone else comes through [`invite`].
pub fn new_member(
    organization: OrganizationId,
    new: &NewMember,
) -> Result<(Member, Event), Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut keep = |refusal| refusals.push(refusal);
    let first_name = check_name(&new.first_name, "first_name").map_err(&mut keep);
    let last_name = check_name(&new.last_name, "last_name").map_err(&mut keep);
    let email = EmailAddress::parse(&new.email).map_err(&mut keep);
    let (Ok(first_name), Ok(last_name), Ok(email)) = (first_name, last_name, email) else {
        return Err(refusals);
    };
    let member = Member {
        id: new.id,
        organization,
        first_name,
        last_name,
        email,
        time_zone: new.time_zone.clone(),
        language: new.language.clone(),
        state: MemberState::Invited,
        global_administrator: new.global_administrator,
    };
    let event = Event::MemberInvited {
        member: member.id,
        name: member.name(),
        email: member.email.clone(),
        global_administrator: member.global_administrator,
    };
    Ok((member, event))
}

/// Ends a member's part in the organization. `other_active_administrators` counts the
/// active global administrators besides the target: one must remain.
pub fn deactivate(
    actor: &Actor,
    target: &Member,
    other_active_administrators: usize,
) -> Result<Event, Refusal> {
    may_change(actor, target)?;
    if target.state == MemberState::Deactivated {
        return Err(Refusal::AlreadyDeactivated);
    }
    one_remains(target, other_active_administrators)?;
    Ok(Event::MemberDeactivated {
        member: target.id,
        name: target.name(),
    })
}

/// Lets a deactivated member take part again.
pub fn reactivate(actor: &Actor, target: &Member) -> Result<Event, Refusal> {
    may_change(actor, target)?;
    if target.state != MemberState::Deactivated {
        return Err(Refusal::NotDeactivated);
    }
    Ok(Event::MemberReactivated {
        member: target.id,
        name: target.name(),
    })
}

/// Makes a member a global administrator, or no longer one.
pub fn change_administrator(
    actor: &Actor,
    target: &Member,
    global_administrator: bool,
    other_active_administrators: usize,
) -> Result<Event, Refusal> {
    may_change(actor, target)?;
    if target.state == MemberState::Deactivated {
        return Err(Refusal::AlreadyDeactivated);
    }
    if !global_administrator {
        one_remains(target, other_active_administrators)?;
    }
    Ok(Event::AdministratorChanged {
        member: target.id,
        name: target.name(),
        global_administrator,
    })
}

fn may_change(actor: &Actor, target: &Member) -> Result<(), Refusal> {
    if actor.organization == target.organization && actor.may_manage_organization() {
        Ok(())
    } else {
        Err(Refusal::NotGlobalAdministrator)
    }
}

fn one_remains(target: &Member, others: usize) -> Result<(), Refusal> {
    let counts = target.global_administrator && target.state == MemberState::Active;
    if counts && others == 0 {
        return Err(Refusal::LastAdministrator);
    }
    Ok(())
}
