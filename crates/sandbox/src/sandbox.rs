//! The handle on one sandbox: its state behind a lock, its clock, its keys,
//! and the file that keeps it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::certificate::{Authority, CertificateError, ServerCertificate};
use crate::clock::Clock;
use crate::faults::{Fault, Faults};
use crate::ids::ClientId;
use crate::listing::{self, Doors, TenantListing};
use crate::random::Random;
use crate::secret::Secret;
use crate::seed::{self, Seed, Sown};
use crate::signing::{Signing, SigningKey};
use crate::tenant::State;

/// The version of the state file that this program writes and reads.
const FORMAT: u32 = 1;

/// How long changes gather before they are written.
const GATHER: Duration = Duration::from_millis(200);

/// What a sandbox needs to know from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address at which people and programs reach it, without a slash at the end. Join URLs
    /// and the pages for people are below it. Issuers and endpoints are below the address by which
    /// a program asked: this one, unless it came through [`Sandbox::door`].
    pub url: String,
    pub clock: Clock,
    pub random: Random,
    /// Where Ithaca's app registration sends codes.
    pub redirect_uri: String,
    /// Ithaca's client id; without it, always the same one.
    pub client_id: Option<ClientId>,
    /// Ithaca's client secret; without it the kept one, or a new one.
    pub client_secret: Option<Secret>,
    /// What there is to begin with.
    pub seed: Seed,
    /// A signing key at hand; without it the kept one, or one made in the background.
    pub signing_key: Option<SigningKey>,
}

impl Settings {
    /// Settings on the machine's clock and randomness.
    pub fn new(url: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            clock: Clock::system(),
            random: Random::system(),
            redirect_uri: redirect_uri.into(),
            client_id: None,
            client_secret: None,
            seed: Seed::demo(),
            signing_key: None,
        }
    }
}

/// A pretend Microsoft, as it is seen from one of its addresses. Cheap to clone; clones are the
/// same sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Inner>,
    /// The address by which it is asked, where that isn't the first one.
    asked_at: Option<Arc<str>>,
}

#[derive(Debug)]
struct Inner {
    url: String,
    clock: Clock,
    random: Random,
    signing: Signing,
    sown: Sown,
    /// Made when it is first asked for.
    authority: Mutex<Option<Authority>>,
    state: Mutex<State>,
    faults: Faults,
    /// Where it is reached, once whoever serves it has said so.
    doors: OnceLock<Doors>,
    /// Counts the changes that the state file doesn't know yet.
    changes: watch::Sender<u64>,
}

/// A secret, as the state file keeps it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Entropy(#[serde(with = "crate::secret::kept")] Secret);

/// What is in the state file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<S> {
    format: u32,
    clock_offset_ms: i64,
    signing_keys: Vec<String>,
    #[serde(default)]
    authority: Option<Authority>,
    /// What passwords and secrets of the seed derive from, for a reset after a restart.
    #[serde(default)]
    entropy: Option<Entropy>,
    state: S,
}

impl Sandbox {
    /// A fresh sandbox with the named companies of the demo.
    pub fn new(settings: Settings) -> Self {
        Self::with(settings, None, Vec::new(), None, None)
    }

    /// The sandbox that was kept in `path`, or a fresh one where there is no such file.
    ///
    /// # Errors
    /// When the file can't be read or is of another version.
    pub fn load(settings: Settings, path: &Path) -> io::Result<Self> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::new(settings));
            }
            Err(error) => return Err(error),
        };
        let kept: Kept<State> = serde_json::from_slice(&text)?;
        if kept.format != FORMAT {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the sandbox state is of version {}, this program knows version {FORMAT}",
                    kept.format
                ),
            ));
        }
        settings
            .clock
            .set_offset(SignedDuration::from_millis(kept.clock_offset_ms));
        let keys = Signing::from_kept(&kept.signing_keys);
        Ok(Self::with(
            settings,
            Some(kept.state),
            keys,
            kept.authority,
            kept.entropy.map(|kept| kept.0),
        ))
    }

    fn with(
        settings: Settings,
        state: Option<State>,
        kept_keys: Vec<SigningKey>,
        authority: Option<Authority>,
        entropy: Option<Secret>,
    ) -> Self {
        let keys = match settings.signing_key {
            Some(key) => vec![key],
            None => kept_keys,
        };
        let signing = Signing::start(keys, &settings.random);
        let entropy = entropy.unwrap_or_else(|| Secret::new(settings.random.text(32)));
        let sown = Sown {
            seed: settings.seed,
            client_id: settings.client_id.unwrap_or_else(seed::ithaca),
            client_secret: settings
                .client_secret
                .unwrap_or_else(|| seed::ithaca_secret(&entropy)),
            redirect_uri: settings.redirect_uri,
            entropy,
            at: settings.clock.now(),
        };
        let state = match state {
            Some(mut state) => {
                sown.register_ithaca(&mut state);
                state
            }
            None => sown.state(),
        };
        let inner = Inner {
            url: settings.url.trim_end_matches('/').to_owned(),
            clock: settings.clock,
            random: settings.random,
            signing,
            sown,
            authority: Mutex::new(authority),
            state: Mutex::new(state),
            faults: Faults::default(),
            doors: OnceLock::new(),
            changes: watch::Sender::new(0),
        };
        Self {
            inner: Arc::new(inner),
            asked_at: None,
        }
    }

    /// Everything it answers over HTTP, ready to be served or to be called directly.
    pub fn router(&self) -> Router {
        crate::router(self)
    }

    /// The same for a door that is known under several addresses, such as `https://localhost:8443`
    /// and `https://127.0.0.1:8443`: whatever names an address of the sandbox names the one that
    /// the client used. Who names none of them is answered as at the first.
    pub fn door(&self, addresses: &[String]) -> Router {
        crate::door::router(addresses.iter().map(|address| Self {
            inner: Arc::clone(&self.inner),
            asked_at: Some(address.trim_end_matches('/').into()),
        }))
    }

    /// A certificate for an HTTPS door on this machine.
    pub fn certificate(&self) -> Result<ServerCertificate, CertificateError> {
        let (random, now) = (&self.inner.random, self.inner.clock.unmoved());
        self.authority()?.sign(random, now)
    }

    /// The certificate of the authority that signs the sandbox's own, in PEM.
    pub fn authority_pem(&self) -> Result<String, CertificateError> {
        Ok(self.authority()?.pem().to_owned())
    }

    fn authority(&self) -> Result<Authority, CertificateError> {
        let mut place = self
            .inner
            .authority
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(authority) = &*place {
            return Ok(authority.clone());
        }
        let made = Authority::make(&self.inner.random, self.inner.clock.unmoved())?;
        *place = Some(made.clone());
        drop(place);
        // It is part of what is kept.
        self.change(|_| {});
        Ok(made)
    }

    /// The doors for tests and for the console: look inside, break things, reset. Whoever reaches
    /// them owns the sandbox, so they belong on a loopback port of their own.
    pub fn admin_router(&self) -> Router {
        crate::admin::router(self)
    }

    /// Lets the next calls that the fault is about go wrong. Faults queue up.
    pub fn fault(&self, fault: Fault) {
        self.inner.faults.push(fault, self.now());
    }

    /// Lets nothing go wrong any more, mail included.
    pub fn clear_faults(&self) {
        self.inner.faults.clear();
        self.note(|state| state.mailboxes.faults.clear());
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The address by which it is asked, without a slash at the end: what Entra ID and Graph
    /// call themselves.
    pub fn url(&self) -> &str {
        self.asked_at.as_deref().unwrap_or(&self.inner.url)
    }

    /// The address of the pages that people open in a browser, join pages above all, without a
    /// slash at the end. It is the same whoever asks.
    pub fn pages_url(&self) -> &str {
        &self.inner.url
    }

    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    /// Client id and secret of Ithaca's app registration.
    pub fn ithaca(&self) -> (ClientId, Secret) {
        let sown = &self.inner.sown;
        (sown.client_id, sown.client_secret.clone())
    }

    /// What a program must know to begin, secrets included.
    pub fn tenants(&self) -> Vec<TenantListing> {
        self.read(|state| listing::tenants(state, &self.inner.sown.seed.tenants()))
    }

    /// Says where it is reached, for those who ask its admin doors. What was said first stays.
    pub fn tell_doors(&self, doors: Doors) {
        self.inner.doors.get_or_init(|| doors);
    }

    /// Where it is reached, as far as it was told.
    pub(crate) fn doors(&self) -> Doors {
        self.inner.doors.get().cloned().unwrap_or_else(|| Doors {
            url: self.inner.url.clone(),
            ..Doors::default()
        })
    }

    /// Looks at the state. The state is locked meanwhile: to look again inside waits forever.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state, locked meanwhile; the change is kept where the state is.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.lock());
        self.inner.changes.send_modify(|count| *count += 1);
        answer
    }

    /// Notes something that isn't worth a write to the state file.
    pub(crate) fn note(&self, note: impl FnOnce(&mut State)) {
        note(&mut self.lock());
    }

    /// Forgets everything that happened, faults included, and begins anew from the seed, with the
    /// same keys, passwords and secrets.
    pub fn reset(&self) {
        self.clear_faults();
        self.inner.clock.freeze(false);
        self.inner.clock.set_offset(SignedDuration::ZERO);
        self.change(|state| *state = self.inner.sown.state());
    }

    /// Signs with a new key from now on; the one before stays published.
    pub fn rotate_keys(&self) {
        self.inner.signing.rotate(&self.inner.random);
    }

    /// The same, once the new key is there; its name.
    pub(crate) async fn rotate_keys_and_wait(&self) -> String {
        let mut keys = self.inner.signing.subscribe();
        keys.borrow_and_update();
        self.rotate_keys();
        // The sender lives in `self`, so that waiting can't fail.
        keys.changed().await.ok();
        self.inner.signing.current().await.kid().to_owned()
    }

    pub(crate) fn signing(&self) -> &Signing {
        &self.inner.signing
    }

    /// Writes the state to `path`, readable for its owner alone, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let authority = self
            .inner
            .authority
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let text = {
            let state = self.lock();
            serde_json::to_vec(&Kept {
                format: FORMAT,
                clock_offset_ms: i64::try_from(self.inner.clock.offset().as_millis())
                    .unwrap_or(i64::MAX),
                signing_keys: self.inner.signing.kept(),
                authority,
                entropy: Some(Entropy(self.inner.sown.entropy.clone())),
                state: &*state,
            })?
        };
        let beside = path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }

    /// Keeps the state in `path`: after changes (gathered for a moment), and once more when
    /// `stopped` resolves.
    pub async fn keep(&self, path: &Path, stopped: impl Future<Output = ()>) -> io::Result<()> {
        let mut changes = self.inner.changes.subscribe();
        let mut keys = self.inner.signing.subscribe();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => return self.save(path),
                Ok(()) = changes.changed() => {}
                Ok(()) = keys.changed() => {}
            }
            tokio::select! {
                () = &mut stopped => return self.save(path),
                () = tokio::time::sleep(GATHER) => {}
            }
            changes.mark_unchanged();
            keys.mark_unchanged();
            let now = self.now();
            self.note(|state| state.forget_expired(now));
            if let Err(error) = self.save(path) {
                tracing::error!(path = %path.display(), %error, "The sandbox state could not be saved.");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
