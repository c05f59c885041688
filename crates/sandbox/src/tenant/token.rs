//! What a sign-in leaves behind: codes, tokens, browser sessions. Each is kept
//! under a digest, so that the state holds none that could be used.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::app::RedirectKind;

/// A table of things that are looked up by a text which only their owner knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tokens<T>(BTreeMap<String, T>);

impl<T> Default for Tokens<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Tokens<T> {
    pub fn insert(&mut self, text: &str, token: T) {
        self.0.insert(digest(text), token);
    }

    pub fn find(&self, text: &str) -> Option<&T> {
        self.0.get(&digest(text))
    }

    pub fn find_mut(&mut self, text: &str) -> Option<&mut T> {
        self.0.get_mut(&digest(text))
    }

    pub fn remove(&mut self, text: &str) -> Option<T> {
        self.0.remove(&digest(text))
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|_, token| keep(token));
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn digest(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// An authorization code: ten minutes, one use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    pub tenant: TenantId,
    /// The tenant segment that the code was asked for at; it must be redeemed there.
    pub segment: String,
    pub client_id: ClientId,
    pub person: ObjectId,
    pub redirect_uri: String,
    pub redirect_kind: RedirectKind,
    pub scopes: BTreeSet<String>,
    pub nonce: Option<String>,
    /// The S256 code challenge.
    pub challenge: Option<String>,
    pub session: Uuid,
    pub signed_in_at: Timestamp,
    /// Whether the sign-in had a second factor.
    #[serde(default)]
    pub second_factor: bool,
    pub expires_at: Timestamp,
    pub redeemed: bool,
    /// Whether the client declared that it understands claims challenges (`cp1`).
    pub understands_claims: bool,
}

/// A refresh token: 90 days from its last use, and not ended by being replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    pub tenant: TenantId,
    pub client_id: ClientId,
    pub person: ObjectId,
    pub session: Uuid,
    pub redirect_kind: RedirectKind,
    pub issued_at: Timestamp,
    pub signed_in_at: Timestamp,
    /// Whether the sign-in had a second factor.
    #[serde(default)]
    pub second_factor: bool,
    pub expires_at: Timestamp,
    /// Whether it was used already.
    #[serde(default)]
    pub used: bool,
}

/// An access token for Microsoft Graph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessToken {
    pub tenant: TenantId,
    pub client_id: ClientId,
    /// Who is signed in; none where the application acts as itself.
    pub person: Option<ObjectId>,
    /// Delegated permissions (`scp`).
    pub scopes: BTreeSet<String>,
    /// Application permissions (`roles`).
    pub roles: BTreeSet<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether Graph may answer this client with a claims challenge (`xms_cc` holds `CP1`).
    pub understands_claims: bool,
}

/// A browser in which somebody is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    pub id: Uuid,
    pub person: ObjectId,
    pub at: Timestamp,
    #[serde(default)]
    pub second_factor: bool,
}

/// Something that counts once, kept for as long as it would count.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Used {
    pub until: Timestamp,
}

/// How often the same thing was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub since: Timestamp,
    pub times: u32,
}
