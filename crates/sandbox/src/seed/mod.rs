//! The world at the start, as a seed file describes it. The sandbox's own seeds are such files.
//!
//! Ids derive from names, so that every start is the same world; passwords and secrets that the
//! file leaves out are random.

mod apps;
mod file;
mod people;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::ids::{ClientId, TenantId};
use crate::secret::Secret;
use crate::tenant::access::Switches;
use crate::tenant::app::{AppRegistration, Audience, ClientSecret, Redirect, RedirectKind};
use crate::tenant::{PERSONAL_TENANT, State, Tenant};
use file::{File, TenantEntry};
pub(crate) use people::is_of_a_crowd;

const COMPANIES: &str = include_str!("companies.toml");
const APPS: &str = include_str!("apps.toml");

/// The delegated permissions that Ithaca's app registration lists.
const ITHACA_SCOPES: [&str; 6] = [
    "openid",
    "profile",
    "offline_access",
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];

const TWO_YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// More made-up members than this are taken for a slip.
const LARGEST_CROWD: u32 = 200_000;

/// Tenants, people and apps to begin with.
#[derive(Clone, Debug)]
pub struct Seed {
    file: Arc<File>,
    /// Whether Ithaca's app is registered with what the settings say of it.
    registers_ithaca: bool,
}

/// Why a text is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct SeedError {
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, as the rest of a sentence.
    pub message: String,
}

impl SeedError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }
}

impl Seed {
    /// The two companies of the demo, and Ithaca's app.
    pub fn demo() -> Self {
        Self {
            registers_ithaca: true,
            ..Self::own(COMPANIES)
        }
    }

    /// The two companies, an app that is approved already, and Ithaca's, which is not.
    pub fn standalone() -> Self {
        Self::own(&format!("{COMPANIES}{APPS}"))
    }

    fn own(text: &str) -> Self {
        Self::parse(text).expect("the program's own seeds are right, as a test shows")
    }

    /// Reads a seed file (TOML).
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            SeedError {
                line: before.map(|before| before.matches('\n').count() + 1),
                message: error.message().trim_end_matches('.').replace('\n', " "),
            }
        })?;
        let seed = Self {
            file: Arc::new(file),
            registers_ithaca: false,
        };
        // What the words mean together shows when they are followed.
        seed.plant("", Timestamp::UNIX_EPOCH)?;
        Ok(seed)
    }

    /// The tenants in the order of the file.
    pub(crate) fn tenants(&self) -> Vec<TenantId> {
        self.file.tenants.iter().map(tenant_id).collect()
    }

    fn plant(&self, entropy: &str, at: Timestamp) -> Result<State, SeedError> {
        let mut state = State::default();
        for entry in &self.file.tenants {
            tenant(&mut state, entry)?;
            let id = tenant_id(entry);
            for person in &entry.people {
                people::plant(&mut state, id, Some(&entry.domains[0]), person, entropy)?;
            }
            people::crowd(&mut state, id, &entry.domains[0], entry.crowd, entropy);
        }
        for person in &self.file.personal_accounts {
            people::plant(&mut state, PERSONAL_TENANT, None, person, entropy)?;
        }
        for app in &self.file.apps {
            apps::plant(&mut state, app, entropy, at)?;
        }
        Ok(state)
    }
}

/// A seed with what it takes from outside. It is kept, so that a reset gives the same world again.
#[derive(Clone, Debug)]
pub(crate) struct Sown {
    pub(crate) seed: Seed,
    pub(crate) client_id: ClientId,
    pub(crate) client_secret: Secret,
    pub(crate) redirect_uri: String,
    /// Passwords and secrets derive from it.
    pub(crate) entropy: Secret,
    pub(crate) at: Timestamp,
}

impl Sown {
    /// The whole world.
    pub(crate) fn state(&self) -> State {
        let mut state = self
            .seed
            .plant(self.entropy.reveal(), self.at)
            .unwrap_or_default();
        self.register_ithaca(&mut state);
        state
    }

    /// Makes sure that Ithaca's app registration has today's redirect address and secret.
    pub(crate) fn register_ithaca(&self, state: &mut State) {
        if !self.seed.registers_ithaca {
            return;
        }
        let app = AppRegistration {
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
                expires_at: after_two_years(self.at),
            }],
            certificates: Vec::new(),
            scopes: ITHACA_SCOPES.map(str::to_owned).into(),
            roles: std::collections::BTreeSet::new(),
        };
        state.apps.insert(self.client_id, app);
    }
}

fn tenant(state: &mut State, entry: &TenantEntry) -> Result<(), SeedError> {
    if entry.domains.is_empty() {
        return Err(SeedError::new(format!(
            "the tenant {} has no domain",
            entry.name
        )));
    }
    if let Some(domain) = entry
        .domains
        .iter()
        .find(|domain| state.find_tenant(domain).is_some())
    {
        return Err(SeedError::new(format!(
            "two tenants have the domain {domain}"
        )));
    }
    if entry.crowd > LARGEST_CROWD {
        return Err(SeedError::new(format!(
            "a crowd has at most {LARGEST_CROWD} people"
        )));
    }
    let id = tenant_id(entry);
    let tenant = Tenant {
        id,
        name: entry.name.clone(),
        domains: entry.domains.clone(),
        country: entry.country.clone(),
        consent_policy: entry.consent_policy,
        switches: Switches {
            mfa: entry.mfa,
            ..Switches::default()
        },
    };
    match state.tenants.insert(id, tenant) {
        None => Ok(()),
        Some(_) => Err(SeedError::new(format!("two tenants have the id {id}"))),
    }
}

fn tenant_id(entry: &TenantEntry) -> TenantId {
    let domain = entry.domains.first().map_or("", String::as_str);
    entry
        .id
        .unwrap_or_else(|| TenantId(derived(&format!("tenant:{domain}"))))
}

/// The tenant that an app's entry names by one of its domains or by its id.
fn known_tenant(state: &State, name: &str) -> Result<TenantId, SeedError> {
    state
        .find_tenant(name)
        .map(|tenant| tenant.id)
        .ok_or_else(|| SeedError::new(format!("no tenant has the domain {name}")))
}

fn after_two_years(at: Timestamp) -> Timestamp {
    at.saturating_add(TWO_YEARS).unwrap_or(Timestamp::MAX)
}

/// Ithaca's client id where nobody chose one.
pub(crate) fn ithaca() -> ClientId {
    apps::client_id("Ithaca")
}

/// Ithaca's client secret where nobody chose one.
pub(crate) fn ithaca_secret(entropy: &Secret) -> Secret {
    apps::made_up(unguessable(entropy.reveal(), "secret:Ithaca:0"))
}

fn derived(name: &str) -> Uuid {
    let digest = Sha256::digest(format!("ithaca sandbox {name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}

/// Something that nobody can guess who doesn't know `entropy`, and that is the same each time.
fn unguessable(entropy: &str, what: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(entropy)
        .chain_update(what)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first of this language in `docs/sandbox.md`.
    fn documented() -> &'static str {
        let page = include_str!("../../../../docs/sandbox.md");
        let (_, rest) = page.split_once("```toml\n").unwrap();
        rest.split_once("```").unwrap().0
    }

    fn refusal(text: &str) -> String {
        Seed::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_programs_own_seeds_are_seed_files() {
        let world = Seed::standalone()
            .plant("x", Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(world.tenants.len(), 2);
        assert_eq!(world.people.len(), 54 + 12 + 1);
        assert_eq!(world.apps.len(), 2);
        assert_eq!(world.grants.len(), 1);
        assert!(
            Seed::demo()
                .plant("x", Timestamp::UNIX_EPOCH)
                .unwrap()
                .apps
                .is_empty()
        );
    }

    #[test]
    fn the_seed_of_the_documents_can_be_sown() {
        let text = documented();
        let world = Seed::parse(text)
            .unwrap()
            .plant("x", Timestamp::UNIX_EPOCH)
            .unwrap();
        for key in [
            "id",
            "domains",
            "country",
            "consent_policy",
            "crowd",
            "upn",
            "mail",
            "given_name",
            "surname",
            "object_id",
            "guest",
            "enabled",
            "licensed",
            "role",
            "mfa",
            "password",
            "photo",
            "offered",
            "publisher",
            "client_id",
            "sign_in_audience",
            "home",
            "redirects",
            "secrets",
            "certificates",
            "delegated",
            "application",
            "grants",
            "access_policies",
            "expires",
            "person",
            "host",
            "personal_accounts",
        ] {
            assert!(text.contains(key), "{key} is not in the documents' seed");
        }
        let app = world.apps.values().next().unwrap();
        assert_eq!(app.certificates.len(), 1);
        assert_eq!(world.meetings.access_policies.len(), 1);
        assert_eq!(world.grants.len(), 2);
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let text = "[[tenants]]\nname = \"A\"\ndomains = [\"a.example\"]\n\n[[tenants.people]]\nname = \"Mei Tanaka\"\nmial = \"x@a.example\"\n";
        let refused = refusal(text);
        assert!(
            refused.starts_with("line 7: unknown field `mial`"),
            "{refused}"
        );
        assert!(refusal("x").starts_with("line 1: "));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let tenant = "[[tenants]]\nname = \"A\"\ndomains = [\"a.example\"]\n";
        let app = format!("{tenant}[[apps]]\nname = \"B\"\n");
        for (text, sentence) in [
            (
                "[[tenants]]\nname = \"A\"\ndomains = []\n".to_owned(),
                "has no domain",
            ),
            (
                format!("{tenant}{tenant}"),
                "two tenants have the domain a.example",
            ),
            (format!("{tenant}crowd = 4000000\n"), "a crowd has at most"),
            (
                format!(
                    "{tenant}people = [{{ name = \"Mei Tanaka\" }}, {{ name = \"Mei Tanaka\" }}]\n"
                ),
                "two accounts are called mei.tanaka@a.example",
            ),
            (
                format!("{tenant}people = [{{ name = \"Mei Tanaka\", upn = \"mei\" }}]\n"),
                "mei is no address",
            ),
            (
                format!("{app}[[apps]]\nname = \"B\"\n"),
                "two apps have the client id",
            ),
            (
                format!("{app}sign_in_audience = \"AzureADMyOrg\"\n"),
                "has no `home`",
            ),
            (
                format!("{app}grants = [{{ tenant = \"b.example\" }}]\n"),
                "no tenant has the domain b.example",
            ),
            (
                format!(
                    "{app}grants = [{{ tenant = \"a.example\", person = \"mei@a.example\" }}]\n"
                ),
                "nobody in a.example is called mei@a.example",
            ),
            (
                format!("{app}secrets = [{{ expires = \"soon\" }}]\n"),
                "soon is no point in time",
            ),
            (
                format!("{app}certificates = [{{ pem = \"x\" }}]\n"),
                "is no certificate in PEM",
            ),
        ] {
            let refused = refusal(&text);
            assert!(refused.contains(sentence), "{text}: {refused}");
        }
    }
}
