//! People in the directory of a tenant: members, guests, and accounts that
//! are there to go wrong with.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ObjectId, TenantId};
use crate::secret::{Secret, kept};
use crate::tenant::access::Standing;

/// A person's account in a tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "They are independent properties of an account, as in Microsoft's directory."
)]
pub struct Person {
    pub id: ObjectId,
    pub tenant: TenantId,
    /// `userPrincipalName`: what one signs in with.
    pub upn: String,
    /// `mail`: may be missing, and may differ from the user principal name.
    pub mail: Option<String>,
    pub given_name: String,
    pub surname: String,
    pub display_name: String,
    pub kind: PersonKind,
    /// `accountEnabled`.
    pub enabled: bool,
    /// Whether a licence that contains Teams is assigned.
    pub teams_licensed: bool,
    pub role: AdminRole,
    #[serde(with = "kept")]
    pub password: Secret,
    /// Whether signing in asks for the pretended second factor.
    pub mfa: bool,
    pub photo: Option<Photo>,
    /// `signInSessionsValidFromDateTime`: what was issued before counts no more.
    pub sessions_valid_from: Timestamp,
    #[serde(default)]
    pub standing: Standing,
    /// Whether the account picker offers this account at once.
    pub offered: bool,
}

/// Where an account is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// At home in this tenant.
    Member,
    /// Invited from elsewhere (`#EXT#`).
    Guest,
    /// A personal Microsoft account, which belongs to no organization.
    Personal,
}

/// What an account may decide for its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRole {
    None,
    /// May approve delegated permissions for everyone.
    ApplicationAdministrator,
    /// May do everything.
    GlobalAdministrator,
}

impl AdminRole {
    /// Whether this role may approve permissions on behalf of the organization.
    pub fn may_consent_for_all(self) -> bool {
        self != Self::None
    }
}

/// A portrait, drawn when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Red, green and blue of its ground.
    pub tint: [u8; 3],
}

impl Person {
    /// Whether `address` is this person's user principal name or mail, in any case.
    pub fn answers_to(&self, address: &str) -> bool {
        self.upn.eq_ignore_ascii_case(address)
            || self
                .mail
                .as_deref()
                .is_some_and(|mail| mail.eq_ignore_ascii_case(address))
    }
}

/// Everyone in every tenant, found by object id and by address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Person>", into = "Vec<Person>")]
pub struct People {
    accounts: BTreeMap<ObjectId, Person>,
    tenants: BTreeMap<TenantId, Vec<ObjectId>>,
    upns: HashMap<(TenantId, String), ObjectId>,
    mails: HashMap<(TenantId, String), Vec<ObjectId>>,
}

impl People {
    /// Adds an account, or replaces the one with the same object id.
    pub fn put(&mut self, person: Person) {
        self.remove(person.id);
        self.upns
            .insert((person.tenant, person.upn.to_lowercase()), person.id);
        if let Some(mail) = &person.mail {
            self.mails
                .entry((person.tenant, mail.to_lowercase()))
                .or_default()
                .push(person.id);
        }
        self.tenants
            .entry(person.tenant)
            .or_default()
            .push(person.id);
        self.accounts.insert(person.id, person);
    }

    /// Deletes an account.
    pub fn remove(&mut self, id: ObjectId) -> Option<Person> {
        let person = self.accounts.remove(&id)?;
        self.upns
            .remove(&(person.tenant, person.upn.to_lowercase()));
        if let Some(mail) = &person.mail
            && let Some(ids) = self.mails.get_mut(&(person.tenant, mail.to_lowercase()))
        {
            ids.retain(|other| *other != id);
        }
        if let Some(ids) = self.tenants.get_mut(&person.tenant) {
            ids.retain(|other| *other != id);
        }
        Some(person)
    }

    pub fn find(&self, id: ObjectId) -> Option<&Person> {
        self.accounts.get(&id)
    }

    /// The account with this user principal name in this tenant, in any case.
    pub fn find_upn(&self, tenant: TenantId, upn: &str) -> Option<&Person> {
        let id = self.upns.get(&(tenant, upn.to_lowercase()))?;
        self.accounts.get(id)
    }

    /// The accounts with this `mail` in this tenant, in any case.
    pub fn list_mail(&self, tenant: TenantId, mail: &str) -> impl Iterator<Item = &Person> {
        self.mails
            .get(&(tenant, mail.to_lowercase()))
            .into_iter()
            .flatten()
            .filter_map(|id| self.accounts.get(id))
    }

    /// The account anywhere that someone means who types `address` to sign in.
    pub fn find_anywhere(&self, address: &str) -> Option<&Person> {
        let tenants = || self.tenants.keys();
        tenants()
            .find_map(|tenant| self.find_upn(*tenant, address))
            .or_else(|| tenants().find_map(|tenant| self.list_mail(*tenant, address).next()))
    }

    /// The accounts of a tenant, in the order they were made.
    pub fn list(&self, tenant: TenantId) -> impl Iterator<Item = &Person> {
        self.tenants
            .get(&tenant)
            .into_iter()
            .flatten()
            .filter_map(|id| self.accounts.get(id))
    }

    /// Changes an account, keeping it findable when its addresses change. False when there is none.
    pub fn change(&mut self, id: ObjectId, change: impl FnOnce(&mut Person)) -> bool {
        let Some(person) = self.accounts.get_mut(&id) else {
            return false;
        };
        let addresses = (person.upn.clone(), person.mail.clone());
        change(person);
        if (&person.upn, &person.mail) != (&addresses.0, &addresses.1) {
            let changed = person.clone();
            let before = Person {
                upn: addresses.0,
                mail: addresses.1,
                ..changed.clone()
            };
            self.accounts.insert(id, before);
            self.put(changed);
        }
        true
    }

    /// How many accounts there are in all tenants.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

impl From<Vec<Person>> for People {
    fn from(list: Vec<Person>) -> Self {
        let mut people = Self::default();
        for person in list {
            people.put(person);
        }
        people
    }
}

impl From<People> for Vec<Person> {
    fn from(people: People) -> Self {
        let People {
            mut accounts,
            tenants,
            ..
        } = people;
        tenants
            .into_values()
            .flatten()
            .filter_map(|id| accounts.remove(&id))
            .collect()
    }
}
