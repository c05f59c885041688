//! People in the directory of a tenant: members, guests, and accounts that
//! are there to go wrong with.
//!
//! Fifty thousand of them have to stay small: each stands in a place of its own, and what finds it
//! by id or by address holds no texts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::{ObjectId, TenantId};
use crate::secret::{Secret, kept};
use crate::tenant::access::Standing;
use crate::tenant::history::History;

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
    /// `otherMails`: addresses that the person gave.
    #[serde(default)]
    pub other_mails: Box<[String]>,
    /// `proxyAddresses` besides the one of `mail`, each with its `smtp:` in front.
    #[serde(default)]
    pub proxy_addresses: Box<[String]>,
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Person>")]
pub struct People {
    /// Everyone at their place; an empty one where somebody was deleted.
    places: Vec<Option<Person>>,
    by_id: HashMap<ObjectId, u32>,
    /// Digests of every address there is, with the place of its owner.
    by_address: BTreeSet<(u64, u32)>,
    /// The places of each tenant's people, in the order they were made.
    by_tenant: BTreeMap<TenantId, Vec<u32>>,
    history: History,
}

impl People {
    /// Adds an account, or replaces the one with the same object id.
    pub fn put(&mut self, person: Person) {
        let before = self.take(person.id);
        self.history.note(person.id, person.tenant, before.as_ref());
        self.set(person);
    }

    /// Deletes an account. It could still be restored, says the directory's history.
    pub fn remove(&mut self, id: ObjectId) -> Option<Person> {
        let person = self.take(id)?;
        self.by_id.remove(&id);
        self.history.note(id, person.tenant, Some(&person));
        Some(person)
    }

    /// Deletes an account that can't be restored.
    pub fn purge(&mut self, id: ObjectId) -> Option<Person> {
        let person = self.remove(id)?;
        self.history.note_purge(id);
        Some(person)
    }

    pub fn find(&self, id: ObjectId) -> Option<&Person> {
        self.at(*self.by_id.get(&id)?)
    }

    /// The account with this user principal name in this tenant, in any case.
    pub fn find_upn(&self, tenant: TenantId, upn: &str) -> Option<&Person> {
        let upn = upn.to_lowercase();
        self.owners(tenant, &upn)
            .find(|person| person.upn.to_lowercase() == upn)
    }

    /// The accounts with this `mail` in this tenant, in any case.
    pub fn list_mail(&self, tenant: TenantId, mail: &str) -> impl Iterator<Item = &Person> {
        let wanted = mail.to_lowercase();
        let owners = self.owners(tenant, &wanted);
        owners.filter(move |person| {
            let mail = person.mail.as_deref();
            mail.is_some_and(|mail| mail.to_lowercase() == wanted)
        })
    }

    /// The accounts that have this address in any way: to sign in with, as mail, as proxy address
    /// (with its `smtp:` or without) or as another mail.
    pub fn list_address(&self, tenant: TenantId, address: &str) -> impl Iterator<Item = &Person> {
        self.owners(tenant, bare(&address.to_lowercase()))
    }

    /// The account anywhere that someone means who types `address` to sign in.
    pub fn find_anywhere(&self, address: &str) -> Option<&Person> {
        let tenants = || self.by_tenant.keys();
        tenants()
            .find_map(|tenant| self.find_upn(*tenant, address))
            .or_else(|| tenants().find_map(|tenant| self.list_mail(*tenant, address).next()))
    }

    /// The accounts of a tenant, in the order they were made.
    pub fn list(&self, tenant: TenantId) -> impl DoubleEndedIterator<Item = &Person> {
        self.list_from(tenant, 0).map(|(_, person)| person)
    }

    /// The same with their places, from a place on.
    pub fn list_from(
        &self,
        tenant: TenantId,
        place: u32,
    ) -> impl DoubleEndedIterator<Item = (u32, &Person)> {
        let places = self.by_tenant.get(&tenant).map_or(&[][..], Vec::as_slice);
        let first = places.partition_point(|other| *other < place);
        places[first..]
            .iter()
            .filter_map(|place| Some((*place, self.at(*place)?)))
    }

    /// How many accounts a tenant has.
    pub fn count(&self, tenant: TenantId) -> usize {
        self.by_tenant.get(&tenant).map_or(0, Vec::len)
    }

    /// Changes an account, keeping it findable when its addresses change. False when there is none.
    pub fn change(&mut self, id: ObjectId, change: impl FnOnce(&mut Person)) -> bool {
        let Some(before) = self.find(id).cloned() else {
            return false;
        };
        let mut person = before.clone();
        change(&mut person);
        self.take(id);
        self.history.note(id, person.tenant, Some(&before));
        self.set(person);
        true
    }

    /// What changed, and since when that is known.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Remembers changes from now on, if it didn't before.
    pub fn remember(&mut self, epoch: u64) {
        self.history.begin(epoch);
    }

    /// How many accounts there are in all tenants.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn at(&self, place: u32) -> Option<&Person> {
        self.places.get(usize::try_from(place).ok()?)?.as_ref()
    }

    /// The people whose addresses have the digest of this one, in lower case.
    fn owners<'a>(
        &'a self,
        tenant: TenantId,
        address: &str,
    ) -> impl Iterator<Item = &'a Person> + use<'a> {
        let digest = digest(tenant, address);
        self.by_address
            .range((digest, 0)..=(digest, u32::MAX))
            .filter_map(|(_, place)| self.at(*place))
            .filter(move |person| person.tenant == tenant)
    }

    /// Takes somebody out of everything but their place.
    fn take(&mut self, id: ObjectId) -> Option<Person> {
        let place = *self.by_id.get(&id)?;
        let person = self.places.get_mut(usize::try_from(place).ok()?)?.take()?;
        for digest in digests(&person) {
            self.by_address.remove(&(digest, place));
        }
        if let Some(places) = self.by_tenant.get_mut(&person.tenant)
            && let Ok(at) = places.binary_search(&place)
        {
            places.remove(at);
        }
        Some(person)
    }

    /// Sets somebody at their place, or at a new one.
    fn set(&mut self, person: Person) {
        let end = self.places.len();
        let Ok(next) = u32::try_from(end) else {
            return;
        };
        let place = *self.by_id.entry(person.id).or_insert(next);
        for digest in digests(&person) {
            self.by_address.insert((digest, place));
        }
        let places = self.by_tenant.entry(person.tenant).or_default();
        if let Err(at) = places.binary_search(&place) {
            places.insert(at, place);
        }
        if place == next {
            self.places.push(Some(person));
        } else if let Some(empty) = usize::try_from(place)
            .ok()
            .and_then(|at| self.places.get_mut(at))
        {
            *empty = Some(person);
        }
    }
}

/// An address without the `smtp:` of a proxy address.
fn bare(address: &str) -> &str {
    address.strip_prefix("smtp:").unwrap_or(address)
}

fn digests(person: &Person) -> impl Iterator<Item = u64> {
    let tenant = person.tenant;
    [&person.upn]
        .into_iter()
        .chain(&person.mail)
        .chain(&person.other_mails)
        .chain(&person.proxy_addresses)
        .map(move |address| digest(tenant, bare(&address.to_lowercase())))
}

/// Sixty-four bits of an address in lower case. That two share them is looked after by whoever
/// compares the addresses themselves.
fn digest(tenant: TenantId, address: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    tenant.hash(&mut hasher);
    address.hash(&mut hasher);
    hasher.finish()
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

impl Serialize for People {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.places.iter().flatten())
    }
}
