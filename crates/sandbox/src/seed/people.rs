//! Accounts of a seed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::file::PersonEntry;
use super::{SeedError, derived, unguessable};
use crate::ids::{ObjectId, TenantId};
use crate::secret::Secret;
use crate::tenant::access::Standing;
use crate::tenant::person::{AdminRole, Person, PersonKind, Photo};
use crate::tenant::{PERSONAL_TENANT, State};

pub(super) fn plant(
    state: &mut State,
    tenant: TenantId,
    domain: Option<&str>,
    entry: &PersonEntry,
    entropy: &str,
) -> Result<(), SeedError> {
    let (first, last) = entry.name.rsplit_once(' ').unwrap_or((&entry.name, ""));
    let given_name = entry.given_name.as_deref().unwrap_or(first);
    let surname = entry.surname.as_deref().unwrap_or(last);
    let upn = match (&entry.upn, domain, &entry.mail) {
        (Some(upn), ..) => upn.clone(),
        // Source: "Properties of a Microsoft Entra B2B collaboration user".
        (None, Some(domain), Some(mail)) if entry.guest => {
            format!("{}#EXT#@{domain}", mail.replace('@', "_"))
        }
        (None, Some(domain), _) => format!("{given_name}.{surname}@{domain}")
            .replace(' ', ".")
            .replace(".@", "@")
            .to_lowercase(),
        (None, None, _) => {
            return Err(SeedError::new(format!("{} has no `upn`", entry.name)));
        }
    };
    let mail = entry.mail.clone().unwrap_or_else(|| upn.clone());
    if let Some(address) = [&upn, &mail]
        .into_iter()
        .find(|address| !address.is_empty() && !address.contains('@'))
    {
        return Err(SeedError::new(format!("{address} is no address")));
    }
    let id = entry.object_id.unwrap_or_else(|| object_id(&upn));
    if state.people.find_upn(tenant, &upn).is_some() || state.people.find(id).is_some() {
        return Err(SeedError::new(format!("two accounts are called {upn}")));
    }
    state.people.put(Person {
        id,
        tenant,
        mail: Some(mail).filter(|mail| !mail.is_empty()),
        other_mails: Box::default(),
        proxy_addresses: Box::default(),
        given_name: given_name.to_owned(),
        surname: surname.to_owned(),
        display_name: entry.name.clone(),
        kind: match (tenant == PERSONAL_TENANT, entry.guest) {
            (true, _) => PersonKind::Personal,
            (false, true) => PersonKind::Guest,
            (false, false) => PersonKind::Member,
        },
        enabled: entry.enabled,
        teams_licensed: entry.licensed.unwrap_or(!entry.guest),
        role: entry.role.unwrap_or(AdminRole::None),
        password: match &entry.password {
            Some(password) => Secret::new(password.clone()),
            None => password(entropy, &upn),
        },
        mfa: entry.mfa,
        photo: entry.photo.then(|| photo(given_name)),
        sessions_valid_from: Timestamp::UNIX_EPOCH,
        standing: Standing::default(),
        offered: entry.offered,
        upn,
    });
    Ok(())
}

const CROWD: &str = "Crowd";

/// Whether an account is there to make a directory large, and nobody in particular.
pub(crate) fn is_of_a_crowd(person: &Person) -> bool {
    person.given_name == CROWD && person.upn.starts_with("crowd.")
}

/// Made-up members, all with one password.
pub(super) fn crowd(state: &mut State, tenant: TenantId, domain: &str, size: u32, entropy: &str) {
    let password = password(entropy, "crowd");
    for number in 1..=size {
        let upn = format!("crowd.{number}@{domain}");
        state.people.put(Person {
            id: object_id(&upn),
            tenant,
            mail: Some(upn.clone()),
            other_mails: Box::default(),
            proxy_addresses: Box::default(),
            given_name: CROWD.to_owned(),
            surname: number.to_string(),
            display_name: format!("{CROWD} {number}"),
            kind: PersonKind::Member,
            enabled: true,
            teams_licensed: true,
            role: AdminRole::None,
            password: password.clone(),
            mfa: false,
            photo: None,
            sessions_valid_from: Timestamp::UNIX_EPOCH,
            standing: Standing::default(),
            offered: false,
            upn,
        });
    }
}

fn object_id(upn: &str) -> ObjectId {
    ObjectId(derived(&format!("person:{upn}")))
}

fn password(entropy: &str, whose: &str) -> Secret {
    let bytes = unguessable(entropy, whose);
    Secret::new(&BASE64_URL_SAFE_NO_PAD.encode(bytes)[..14])
}

/// A quiet colour of one's own.
fn photo(name: &str) -> Photo {
    let digest = Sha256::digest(name);
    Photo {
        tint: [0, 1, 2].map(|at| 64 + digest[at] / 2),
    }
}
