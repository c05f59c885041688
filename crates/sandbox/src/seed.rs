//! The world at the start: two companies with their directories, a few odd
//! accounts to try things with, and Ithaca's app registration, not approved yet.
//!
//! Tenant ids and object ids derive from names, so that every start is the same world.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::random::Random;
use crate::secret::Secret;
use crate::tenant::access::{Standing, Switches};
use crate::tenant::app::{
    AppRegistration, Audience, ClientSecret, Grant, Grantee, Redirect, RedirectKind,
    ServicePrincipal,
};
use crate::tenant::meetings::AccessPolicy;
use crate::tenant::person::{AdminRole, Person, PersonKind, Photo};
use crate::tenant::{ConsentPolicy, PERSONAL_TENANT, State, Tenant};

/// The delegated permissions that Ithaca's app registration lists.
const ITHACA_SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "offline_access",
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];

const APPROVED_ROLES: [&str; 2] = ["OnlineMeetings.ReadWrite.All", "User.Read.All"];

const APPROVED_REDIRECTS: [(RedirectKind, &str); 3] = [
    (RedirectKind::Web, "http://localhost:3000/callback"),
    (RedirectKind::Web, "http://localhost"),
    (RedirectKind::Spa, "http://localhost:5173/callback"),
];

const TWO_YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// The people whom the demo names; the others are there to make a directory.
const LARKSPUR_NAMED: [(&str, &str); 5] = [
    ("Amara", "Okafor"),
    ("Hanna", "Lindgren"),
    ("Jonas", "Weber"),
    ("Mei", "Tanaka"),
    ("Luis", "Ortega"),
];

const LARKSPUR_OTHERS: [(&str, &str); 38] = [
    ("Adam", "Novak"),
    ("Aisha", "Rahman"),
    ("Alba", "Serrano"),
    ("Andrew", "Clarke"),
    ("Anna", "Kowalska"),
    ("Ben", "Carter"),
    ("Bianca", "Rossi"),
    ("Carl", "Nyberg"),
    ("Chloe", "Martin"),
    ("Daniel", "Fischer"),
    ("Diana", "Popescu"),
    ("Elena", "Petrova"),
    ("Emil", "Sorensen"),
    ("Fatima", "Hassan"),
    ("Felix", "Braun"),
    ("Grace", "Mwangi"),
    ("Henry", "Walsh"),
    ("Ida", "Holm"),
    ("Ivan", "Horvat"),
    ("Jack", "Murphy"),
    ("Julia", "Schneider"),
    ("Karim", "Benali"),
    ("Kate", "Evans"),
    ("Leo", "Dubois"),
    ("Lina", "Johansson"),
    ("Marco", "Bianchi"),
    ("Maria", "Santos"),
    ("Nadia", "Haddad"),
    ("Noah", "Jensen"),
    ("Olga", "Ivanova"),
    ("Paul", "Meyer"),
    ("Rosa", "Jimenez"),
    ("Samuel", "Adeyemi"),
    ("Sofia", "Costa"),
    ("Thomas", "Keller"),
    ("Uma", "Patel"),
    ("Victor", "Laurent"),
    ("Yuki", "Sato"),
];

const QUILLFIELD_OTHERS: [(&str, &str); 10] = [
    ("Alan", "Prior"),
    ("Beth", "Collins"),
    ("Clara", "Neumann"),
    ("David", "Osei"),
    ("Erin", "Byrne"),
    ("Frank", "Visser"),
    ("Gwen", "Harris"),
    ("Hugo", "Moreau"),
    ("Iris", "Klein"),
    ("Joel", "Berg"),
];

/// What the seed takes from outside. It is kept, so that a reset gives the same world again.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    client_id: ClientId,
    client_secret: Secret,
    redirect_uri: String,
    has_approved_app: bool,
    passwords: [u8; 32],
    at: Timestamp,
}

impl Settings {
    pub(crate) fn new(
        client_id: Option<ClientId>,
        redirect_uri: String,
        client_secret: Option<Secret>,
        has_approved_app: bool,
        kept: Option<&State>,
        random: &Random,
        at: Timestamp,
    ) -> Self {
        let client_id = client_id.unwrap_or_else(|| ClientId(derived("app:ithaca")));
        let kept_secret = || {
            let app = kept?.apps.get(&client_id)?;
            Some(app.secrets.last()?.value.clone())
        };
        let client_secret = client_secret
            .or_else(kept_secret)
            .unwrap_or_else(|| Secret::new(format!("sbx8Q~{}", random.text(25))));
        let mut passwords = [0; 32];
        random.fill(&mut passwords);
        Self {
            client_id,
            client_secret,
            redirect_uri,
            has_approved_app,
            passwords,
            at,
        }
    }

    pub(crate) fn ithaca(&self) -> (ClientId, Secret) {
        (self.client_id, self.client_secret.clone())
    }

    /// The whole world.
    pub(crate) fn state(&self) -> State {
        let mut state = State::default();
        self.larkspur(&mut state);
        self.quillfield(&mut state);
        state.people.put(Person {
            kind: PersonKind::Personal,
            offered: true,
            ..self.person(
                PERSONAL_TENANT,
                "Robin",
                "Hale",
                "robin.hale@personal.example",
            )
        });
        self.register_ithaca(&mut state);
        if self.has_approved_app {
            self.approved_app(&mut state);
        }
        state
    }

    /// The tenants in the order of the seed.
    pub(crate) fn tenants() -> [TenantId; 2] {
        ["larkspur.example", "quillfield.example"]
            .map(|domain| TenantId(derived(&format!("tenant:{domain}"))))
    }

    fn approved_app(&self, state: &mut State) {
        let [tenant, _] = Self::tenants();
        let client_id = ClientId(derived("app:approved"));
        let by = ObjectId(derived("person:scheduler@larkspur.example"));
        let secret = Sha256::new()
            .chain_update(self.passwords)
            .chain_update("app:approved")
            .finalize();
        let scopes = BTreeSet::from(ITHACA_SCOPES.map(str::to_owned));
        let roles = BTreeSet::from(APPROVED_ROLES.map(str::to_owned));
        state.apps.insert(
            client_id,
            AppRegistration {
                client_id,
                name: "Approved sample".to_owned(),
                publisher: "Larkspur Health".to_owned(),
                audience: Audience::AnyTenant,
                redirects: APPROVED_REDIRECTS
                    .map(|(kind, uri)| Redirect {
                        kind,
                        uri: uri.to_owned(),
                    })
                    .into(),
                secrets: vec![ClientSecret {
                    id: derived("secret:approved"),
                    value: Secret::new(format!(
                        "sbx8Q~{}",
                        BASE64_URL_SAFE_NO_PAD.encode(&secret[..25])
                    )),
                    expires_at: self.at.saturating_add(TWO_YEARS).unwrap_or(Timestamp::MAX),
                }],
                certificates: Vec::new(),
                scopes: scopes.clone(),
                roles: roles.clone(),
            },
        );
        state.service_principals.push(ServicePrincipal {
            id: ObjectId(derived("principal:approved")),
            tenant,
            client_id,
            enabled: true,
            created: self.at,
            roles,
        });
        state.grants.push(Grant {
            id: derived("grant:approved").to_string(),
            tenant,
            client_id,
            to: Grantee::AllPrincipals,
            scopes,
            by,
            at: self.at,
        });
        state.meetings.access_policies.push(AccessPolicy {
            tenant,
            apps: [client_id].into(),
            host: None,
            acts_from: self.at,
        });
    }

    /// Makes sure that Ithaca's app registration has today's redirect address and secret.
    pub(crate) fn register_ithaca(&self, state: &mut State) {
        state.apps.insert(
            self.client_id,
            AppRegistration {
                client_id: self.client_id,
                name: "Ithaca".to_owned(),
                publisher: "Ithaca (self-hosted)".to_owned(),
                audience: Audience::AnyTenant,
                redirects: vec![Redirect {
                    kind: RedirectKind::Web,
                    uri: self.redirect_uri.clone(),
                }],
                secrets: vec![ClientSecret {
                    id: derived("secret:ithaca"),
                    value: self.client_secret.clone(),
                    expires_at: self.at.saturating_add(TWO_YEARS).unwrap_or(Timestamp::MAX),
                }],
                certificates: Vec::new(),
                scopes: ITHACA_SCOPES.map(str::to_owned).into(),
                roles: BTreeSet::new(),
            },
        );
    }

    fn larkspur(&self, state: &mut State) {
        let domain = "larkspur.example";
        let tenant = tenant(state, "Larkspur Health", domain, "SE");
        state.people.put(self.scheduler(tenant, domain));
        for (given, surname) in LARKSPUR_NAMED {
            state.people.put(Person {
                photo: Some(photo(given)),
                ..self.person(tenant, given, surname, &address(&[given], domain))
            });
        }
        for (given, surname) in LARKSPUR_OTHERS {
            let upn = address(&[given, surname], domain);
            state.people.put(self.person(tenant, given, surname, &upn));
        }
        for person in self.odd(tenant, domain) {
            state.people.put(person);
        }
    }

    /// Accounts to try things with: each differs from an ordinary one in one respect.
    fn odd(&self, tenant: TenantId, domain: &str) -> Vec<Person> {
        let plain = |given: &str, surname: &str| {
            self.person(tenant, given, surname, &address(&[given, surname], domain))
        };
        vec![
            Person {
                display_name: "Plain Host".to_owned(),
                offered: true,
                ..self.person(tenant, "Plain", "Host", &format!("host.plain@{domain}"))
            },
            Person {
                role: AdminRole::ApplicationAdministrator,
                offered: true,
                ..plain("Ines", "Duarte")
            },
            Person {
                kind: PersonKind::Guest,
                mail: Some("dana.cole@partner.example".to_owned()),
                teams_licensed: false,
                offered: true,
                ..self.person(
                    tenant,
                    "Dana",
                    "Cole",
                    &format!("dana.cole_partner.example#EXT#@{domain}"),
                )
            },
            Person {
                teams_licensed: false,
                offered: true,
                ..plain("Petra", "Vogel")
            },
            Person {
                enabled: false,
                offered: true,
                ..plain("Oskar", "Lund")
            },
            Person {
                mfa: true,
                role: AdminRole::GlobalAdministrator,
                offered: true,
                ..plain("Greta", "Falk")
            },
            // Signs in with another address than the one that mail goes to.
            Person {
                mail: Some(format!("tobias.brandt@{domain}")),
                ..self.person(tenant, "Tobias", "Brandt", &format!("t.brandt@{domain}"))
            },
            // Has no mail.
            Person {
                mail: None,
                ..plain("Wren", "Archer")
            },
            // Two accounts, one mail.
            Person {
                mail: Some(format!("frontdesk@{domain}")),
                ..plain("Front", "East")
            },
            Person {
                mail: Some(format!("frontdesk@{domain}")),
                ..plain("Front", "West")
            },
        ]
    }

    fn quillfield(&self, state: &mut State) {
        let domain = "quillfield.example";
        let tenant = tenant(state, "Quillfield College", domain, "GB");
        state.people.put(self.scheduler(tenant, domain));
        state.people.put(Person {
            photo: Some(photo("Edda")),
            ..self.person(tenant, "Edda", "Lindqvist", &address(&["Edda"], domain))
        });
        for (given, surname) in QUILLFIELD_OTHERS {
            state.people.put(self.person(
                tenant,
                given,
                surname,
                &address(&[given, surname], domain),
            ));
        }
    }

    fn scheduler(&self, tenant: TenantId, domain: &str) -> Person {
        Person {
            role: AdminRole::GlobalAdministrator,
            offered: true,
            ..self.person(tenant, "Teams", "Scheduler", &format!("scheduler@{domain}"))
        }
    }

    fn person(&self, tenant: TenantId, given: &str, surname: &str, upn: &str) -> Person {
        let password = Sha256::new()
            .chain_update(self.passwords)
            .chain_update(upn)
            .finalize();
        Person {
            id: ObjectId(derived(&format!("person:{upn}"))),
            tenant,
            upn: upn.to_owned(),
            mail: Some(upn.to_owned()),
            other_mails: Box::default(),
            proxy_addresses: Box::default(),
            given_name: given.to_owned(),
            surname: surname.to_owned(),
            display_name: format!("{given} {surname}"),
            kind: PersonKind::Member,
            enabled: true,
            teams_licensed: true,
            role: AdminRole::None,
            password: Secret::new(&BASE64_URL_SAFE_NO_PAD.encode(password)[..14]),
            mfa: false,
            photo: None,
            sessions_valid_from: Timestamp::UNIX_EPOCH,
            standing: Standing::default(),
            offered: false,
        }
    }
}

fn tenant(state: &mut State, name: &str, domain: &str, country: &str) -> TenantId {
    let id = TenantId(derived(&format!("tenant:{domain}")));
    state.tenants.insert(
        id,
        Tenant {
            id,
            name: name.to_owned(),
            domains: vec![domain.to_owned()],
            country: country.to_owned(),
            consent_policy: ConsentPolicy::default(),
            switches: Switches::default(),
        },
    );
    id
}

fn address(names: &[&str], domain: &str) -> String {
    format!("{}@{domain}", names.join(".").to_lowercase())
}

/// A quiet colour of one's own.
fn photo(name: &str) -> Photo {
    let digest = Sha256::digest(name);
    Photo {
        tint: [0, 1, 2].map(|at| 64 + digest[at] / 2),
    }
}

fn derived(name: &str) -> Uuid {
    let digest = Sha256::digest(format!("ithaca sandbox {name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}
