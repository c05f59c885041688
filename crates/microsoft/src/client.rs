//! What every call needs: which cloud, as which application, through which
//! transport, by which clock.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::graph::Hosts;
use crate::identity::Keys;
use crate::token::AccessToken;
use crate::transport::Transport;

/// A call waits so long where Microsoft wants to be left alone; longer, and it isn't sent.
const PATIENCE: Duration = Duration::from_secs(2);

/// An app registration in Entra ID.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its "Application (client) ID".
    pub client_id: Uuid,
    /// Newest first. Where Microsoft refuses one, the others are tried, so that a
    /// secret is replaced without an interruption.
    pub client_secrets: Vec<SecretString>,
    /// The one registered redirect URI (platform "Web").
    pub redirect_uri: Url,
}

/// Tells the time; handed in.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Fills bytes at random; handed in. Only request ids are made with it.
#[derive(Clone)]
pub struct Randomness(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Randomness {
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    pub(crate) fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        (self.0)(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness")
    }
}

/// Speaks with one cloud as one application, for any number of organizations.
///
/// Cheap to clone; clones share the signing keys and the limit of calls at once
/// per host.
#[derive(Clone, Debug)]
pub struct Client(Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub cloud: Cloud,
    pub application: Application,
    pub transport: Transport,
    pub clock: Clock,
    pub randomness: Randomness,
    pub keys: Keys,
    pub hosts: Hosts,
    /// Which of the client secrets was taken last: the next request begins with it.
    pub taken_secret: AtomicUsize,
    pub patience: Duration,
    pub hears: Hears,
}

/// Told of every call with what was asked, what failed if anything did, and how long it took.
pub type Told = Box<dyn Fn(&'static str, Option<&Failure>, Duration) + Send + Sync>;

/// Who is told, if anybody.
#[derive(Default)]
pub(crate) struct Hears(OnceLock<Told>);

impl fmt::Debug for Hears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hears")
    }
}

impl Client {
    pub fn new(
        cloud: Cloud,
        application: Application,
        transport: Transport,
        clock: Clock,
        randomness: Randomness,
    ) -> Self {
        Self(Arc::new(Parts {
            cloud,
            application,
            transport,
            clock,
            randomness,
            keys: Keys::default(),
            hosts: Hosts::default(),
            taken_secret: AtomicUsize::new(0),
            patience: PATIENCE,
            hears: Hears::default(),
        }))
    }

    /// The same, but no call waits until Microsoft wants to be asked again: it isn't sent.
    /// For programs whose time is not the machine's.
    #[must_use]
    pub fn without_patience(self) -> Self {
        match Arc::try_unwrap(self.0) {
            Ok(parts) => Self(Arc::new(Parts {
                patience: Duration::ZERO,
                ..parts
            })),
            Err(shared) => Self(shared),
        }
    }

    /// How long Microsoft wants to be left alone about the meetings of this host, if that is
    /// longer than a call waits by itself.
    pub fn is_paused(&self, token: &AccessToken) -> Option<Duration> {
        let now = self.0.clock.now();
        let wait = self.0.hosts.paused((token.holder(), token.host()), now)?;
        (wait > self.0.patience).then_some(wait)
    }

    /// Tells of every call from now on, of all clones. The first one to ask is told.
    pub fn tell(&self, told: Told) {
        let _ = self.0.hears.0.set(told);
    }

    pub(crate) fn called<T>(
        &self,
        call: &'static str,
        outcome: &Result<T, Failure>,
        began: Instant,
    ) {
        if let Some(told) = self.0.hears.0.get() {
            told(call, outcome.as_ref().err(), began.elapsed());
        }
    }

    pub fn cloud(&self) -> &Cloud {
        &self.0.cloud
    }

    pub fn application(&self) -> &Application {
        &self.0.application
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }
}
