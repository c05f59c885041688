//! The keys that ID tokens and access tokens are signed with: one in use, and
//! the one before it still published.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rsa::PrivateKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::random::Random;
use crate::self_signed;

const BITS: usize = 2048;

/// How many keys are published at most: the one in use and its predecessor.
const PUBLISHED: usize = 2;

/// An RSA key of 2048 bits. Making one takes a good part of a second, so tests may share one.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    kid: String,
    /// In DER.
    certificate: Vec<u8>,
    signer: pkcs1v15::SigningKey<Sha256>,
    private: PrivateKey,
}

impl SigningKey {
    /// Makes a key.
    ///
    /// # Panics
    /// Never in practice: making a key of this size fails only when randomness does.
    pub fn generate(mut random: Random) -> Self {
        Self::from_private(
            PrivateKey::new(&mut random, BITS).expect("a key of 2048 bits can always be made"),
        )
    }

    fn from_private(private: PrivateKey) -> Self {
        let signer = pkcs1v15::SigningKey::new(private.clone());
        let certificate = self_signed::certificate(&private, &signer);
        Self(Arc::new(Inner {
            // Microsoft names a key by the thumbprint of its certificate.
            kid: BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(&certificate)),
            certificate,
            signer,
            private,
        }))
    }

    /// The key's name in token headers and in the published list.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The certificate in base64, as a JSON Web Key shows it (`x5c`).
    pub fn certificate(&self) -> String {
        BASE64_STANDARD.encode(&self.0.certificate)
    }

    /// Modulus and exponent in base64url, as a JSON Web Key shows them (RFC 7518, 6.3.1).
    pub fn public_parts(&self) -> (String, String) {
        (
            BASE64_URL_SAFE_NO_PAD.encode(self.0.private.n_bytes()),
            BASE64_URL_SAFE_NO_PAD.encode(self.0.private.e_bytes()),
        )
    }

    /// A signed token with these claims (RFC 7515, RS256).
    pub fn sign(&self, claims: &serde_json::Value) -> String {
        let header = serde_json::json!({
            "typ": "JWT",
            "alg": "RS256",
            "x5t": self.kid(),
            "kid": self.kid(),
        });
        let encode = |part: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.0.signer.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// The private key for the state file (PKCS #8 in base64).
    fn kept(&self) -> Option<String> {
        let der = self.0.private.to_pkcs8_der().ok()?;
        Some(BASE64_STANDARD.encode(der.as_bytes()))
    }

    fn from_kept(text: &str) -> Option<Self> {
        let der = BASE64_STANDARD.decode(text).ok()?;
        PrivateKey::from_pkcs8_der(&der)
            .ok()
            .map(Self::from_private)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// The published keys, newest first. Empty until the first one is made.
#[derive(Clone, Debug)]
pub(crate) struct Signing(Arc<watch::Sender<Vec<SigningKey>>>);

impl Signing {
    /// Starts with the keys at hand; makes one in the background where there is none.
    pub(crate) fn start(keys: Vec<SigningKey>, random: &Random) -> Self {
        let missing = keys.is_empty();
        let signing = Self(Arc::new(watch::Sender::new(keys)));
        if missing {
            signing.rotate(random);
        }
        signing
    }

    /// Makes a new key in the background and signs with it from then on.
    pub(crate) fn rotate(&self, random: &Random) {
        let keys = Arc::clone(&self.0);
        let random = random.fork("signing key");
        std::thread::spawn(move || {
            let key = SigningKey::generate(random);
            keys.send_modify(|keys| {
                keys.insert(0, key);
                keys.truncate(PUBLISHED);
            });
        });
    }

    /// All published keys, once there is one.
    pub(crate) async fn published(&self) -> Vec<SigningKey> {
        let mut keys = self.0.subscribe();
        match keys.wait_for(|keys| !keys.is_empty()).await {
            Ok(keys) => keys.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// The key to sign with, once there is one.
    pub(crate) async fn current(&self) -> SigningKey {
        let mut keys = self.0.subscribe();
        loop {
            if let Some(key) = keys.borrow_and_update().first() {
                return key.clone();
            }
            // The sender lives in `self`, so that waiting can't fail.
            keys.changed().await.ok();
        }
    }

    /// A signal at every rotation.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Vec<SigningKey>> {
        self.0.subscribe()
    }

    pub(crate) fn kept(&self) -> Vec<String> {
        self.0
            .borrow()
            .iter()
            .filter_map(SigningKey::kept)
            .collect()
    }

    pub(crate) fn from_kept(kept: &[String]) -> Vec<SigningKey> {
        kept.iter()
            .filter_map(|text| SigningKey::from_kept(text))
            .collect()
    }
}
