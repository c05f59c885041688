//! The handle on one sandbox: its state behind a lock, its clock, its keys,
//! and the file that keeps it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::faults::{Fault, Faults};
use crate::ids::ClientId;
use crate::random::Random;
use crate::secret::Secret;
use crate::seed;
use crate::signing::{Signing, SigningKey};
use crate::tenant::State;

/// The version of the state file that this program writes and reads.
const FORMAT: u32 = 1;

/// How long changes gather before they are written.
const GATHER: Duration = Duration::from_millis(200);

/// What a sandbox needs to know from outside.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address at which people and programs reach it, without a slash at the end. Issuers,
    /// endpoints and join URLs derive from it.
    pub url: String,
    pub clock: Clock,
    pub random: Random,
    /// Where Ithaca's app registration sends codes.
    pub redirect_uri: String,
    /// Ithaca's client id; without it, always the same one.
    pub client_id: Option<ClientId>,
    /// Ithaca's client secret; without it the kept one, or a new one.
    pub client_secret: Option<Secret>,
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
            signing_key: None,
        }
    }
}

/// A pretend Microsoft. Cheap to clone; clones are the same sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    clock: Clock,
    random: Random,
    signing: Signing,
    seed: seed::Settings,
    state: Mutex<State>,
    faults: Faults,
    /// Counts the changes that the state file doesn't know yet.
    changes: watch::Sender<u64>,
}

/// What is in the state file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<S> {
    format: u32,
    clock_offset_ms: i64,
    signing_keys: Vec<String>,
    state: S,
}

impl Sandbox {
    /// A fresh sandbox with the named companies of the demo.
    pub fn new(settings: Settings) -> Self {
        Self::with(settings, None, Vec::new())
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
        Ok(Self::with(settings, Some(kept.state), keys))
    }

    fn with(settings: Settings, state: Option<State>, kept_keys: Vec<SigningKey>) -> Self {
        let keys = match settings.signing_key {
            Some(key) => vec![key],
            None => kept_keys,
        };
        let signing = Signing::start(keys, &settings.random);
        let seed = seed::Settings::new(
            settings.client_id,
            settings.redirect_uri,
            settings.client_secret,
            state.as_ref(),
            &settings.random,
            settings.clock.now(),
        );
        let state = match state {
            Some(mut state) => {
                seed.register_ithaca(&mut state);
                state
            }
            None => seed.state(),
        };
        Self(Arc::new(Inner {
            url: settings.url.trim_end_matches('/').to_owned(),
            clock: settings.clock,
            random: settings.random,
            signing,
            seed,
            state: Mutex::new(state),
            faults: Faults::default(),
            changes: watch::Sender::new(0),
        }))
    }

    /// Everything it answers over HTTP, ready to be served or to be called directly.
    pub fn router(&self) -> Router {
        crate::router(self)
    }

    /// The doors for tests and for the console: look inside, break things, reset. Whoever reaches
    /// them owns the sandbox, so they belong on a loopback port of their own.
    pub fn admin_router(&self) -> Router {
        crate::admin::router(self)
    }

    /// Lets the next calls that the fault is about go wrong. Faults queue up.
    pub fn fault(&self, fault: Fault) {
        self.0.faults.push(fault, self.now());
    }

    /// Lets nothing go wrong any more, mail included.
    pub fn clear_faults(&self) {
        self.0.faults.clear();
        self.note(|state| state.mailboxes.faults.clear());
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The address it is reached at, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// Client id and secret of Ithaca's app registration.
    pub fn ithaca(&self) -> (ClientId, Secret) {
        self.0.seed.ithaca()
    }

    /// Looks at the state. The state is locked meanwhile: to look again inside waits forever.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state, locked meanwhile; the change is kept where the state is.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let answer = change(&mut self.lock());
        self.0.changes.send_modify(|count| *count += 1);
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
        self.0.clock.freeze(false);
        self.0.clock.set_offset(SignedDuration::ZERO);
        self.change(|state| *state = self.0.seed.state());
    }

    /// Signs with a new key from now on; the one before stays published.
    pub fn rotate_keys(&self) {
        self.0.signing.rotate(&self.0.random);
    }

    /// The same, once the new key is there; its name.
    pub(crate) async fn rotate_keys_and_wait(&self) -> String {
        let mut keys = self.0.signing.subscribe();
        keys.borrow_and_update();
        self.rotate_keys();
        // The sender lives in `self`, so that waiting can't fail.
        keys.changed().await.ok();
        self.0.signing.current().await.kid().to_owned()
    }

    pub(crate) fn signing(&self) -> &Signing {
        &self.0.signing
    }

    /// Writes the state to `path`, readable for its owner alone, whole or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = {
            let state = self.lock();
            serde_json::to_vec(&Kept {
                format: FORMAT,
                clock_offset_ms: i64::try_from(self.0.clock.offset().as_millis())
                    .unwrap_or(i64::MAX),
                signing_keys: self.0.signing.kept(),
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
        let mut changes = self.0.changes.subscribe();
        let mut keys = self.0.signing.subscribe();
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
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
