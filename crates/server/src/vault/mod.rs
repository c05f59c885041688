//! Secrets at rest: refresh tokens and their like, sealed with
//! XChaCha20-Poly1305 before they reach the database.
//!
//! An envelope opens only with its own key and only at the place it was
//! sealed for: table, column, organization, row and key id are authenticated
//! with it, so a ciphertext moved elsewhere is refused. There is no fallback:
//! an unknown key is an error that names the key, never plaintext.
//!
//! Envelope: format (1 byte, 1) · length of key id (1) · key id · nonce (24) ·
//! ciphertext with tag.

mod key;

use std::fmt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{SecretSlice, SecretString};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroize as _;

use crate::clock::Randomness;

pub use key::Key;

const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// Where a sealed value lives. It opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub table: &'static str,
    pub column: &'static str,
    pub organization: Uuid,
    pub row: Uuid,
}

/// Why a sealed value or a key could not be used. Never contains a secret.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error(
        "a stored secret is sealed with key {id}, which is not here: name its file under `retired_key_files`"
    )]
    UnknownKey { id: String },
    /// One answer for a flipped bit and for a value moved from another row:
    /// they can't be told apart.
    #[error(
        "the secret in {table}.{column} of row {row} is damaged, or belongs to another row; it was sealed with key {key}"
    )]
    Refused {
        table: &'static str,
        column: &'static str,
        row: Uuid,
        key: String,
    },
    #[error("the secret in {table}.{column} of row {row} is not a sealed value")]
    NotSealed {
        table: &'static str,
        column: &'static str,
        row: Uuid,
    },
    #[error("{}: {what}", path.display())]
    KeyFile { path: PathBuf, what: String },
}

/// Seals with the current key, opens with the current and the retired ones.
/// Share it behind an `Arc`.
pub struct Vault {
    current: Key,
    retired: Vec<Key>,
    randomness: Randomness,
}

impl Vault {
    pub fn new(current: Key, retired: Vec<Key>, randomness: Randomness) -> Self {
        Self {
            current,
            retired,
            randomness,
        }
    }

    /// Reads the key files of a configuration.
    pub fn load(
        current: &Path,
        retired: &[PathBuf],
        randomness: Randomness,
    ) -> Result<Self, VaultError> {
        let retired = retired
            .iter()
            .map(|path| Key::read(path))
            .collect::<Result<_, _>>()?;
        Ok(Self::new(Key::read(current)?, retired, randomness))
    }

    /// Makes a new key and writes it to `path`, which must not exist yet and
    /// which only its owner may then read. Returns the key's id.
    pub fn make_key_file(path: &Path, randomness: &Randomness) -> Result<String, VaultError> {
        let key = Key::generate(randomness);
        key.write(path)?;
        Ok(key.id().to_owned())
    }

    pub fn seal(&self, place: Place, plaintext: &[u8]) -> Vec<u8> {
        let id = self.current.id().as_bytes();
        let nonce: [u8; NONCE] = self.randomness.bytes();
        let ciphertext = cipher(&self.current)
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: plaintext,
                    aad: &place.bound_to(&self.current),
                },
            )
            .expect("only a plaintext beyond 256 GiB is refused");

        let mut envelope = Vec::with_capacity(2 + id.len() + NONCE + ciphertext.len());
        envelope.push(FORMAT);
        envelope.push(u8::try_from(id.len()).expect("a key id has at most 40 characters"));
        envelope.extend_from_slice(id);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&ciphertext);
        envelope
    }

    /// What another key sealed, sealed with the current one.
    pub fn seal_anew(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut plaintext = self.decrypt(place, sealed)?;
        let anew = self.seal(place, &plaintext);
        plaintext.zeroize();
        Ok(anew)
    }

    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<SecretSlice<u8>, VaultError> {
        self.decrypt(place, sealed).map(SecretSlice::from)
    }

    /// Opens a secret that is text, as tokens are.
    pub fn open_text(&self, place: Place, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let plaintext = self.decrypt(place, sealed)?;
        match String::from_utf8(plaintext) {
            Ok(text) => Ok(SecretString::from(text)),
            Err(not_text) => {
                not_text.into_bytes().zeroize();
                Err(place.not_sealed())
            }
        }
    }

    /// The id of the key that new values are sealed with.
    pub fn current_key(&self) -> &str {
        self.current.id()
    }

    /// The id of the key that a stored value was sealed with, whether or not
    /// the key is here: a node asks this of every row before it starts, and a
    /// rotation asks it to find the rows still to be sealed anew.
    pub fn key_of(place: Place, sealed: &[u8]) -> Result<&str, VaultError> {
        Envelope::read(sealed)
            .map(|envelope| envelope.key)
            .ok_or_else(|| place.not_sealed())
    }

    /// Whether a value sealed with this key could be opened here.
    pub fn has_key(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current)
            .chain(&self.retired)
            .find(|key| key.id() == id)
    }

    fn decrypt(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let envelope = Envelope::read(sealed).ok_or_else(|| place.not_sealed())?;
        let key = self
            .find(envelope.key)
            .ok_or_else(|| VaultError::UnknownKey {
                id: envelope.key.to_owned(),
            })?;
        cipher(key)
            .decrypt(
                &XNonce::from(envelope.nonce),
                Payload {
                    msg: envelope.ciphertext,
                    aad: &place.bound_to(key),
                },
            )
            .map_err(|_| VaultError::Refused {
                table: place.table,
                column: place.column,
                row: place.row,
                key: envelope.key.to_owned(),
            })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault([redacted])")
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&chacha20poly1305::Key::from(*key.secret()))
}

struct Envelope<'a> {
    key: &'a str,
    nonce: [u8; NONCE],
    ciphertext: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(sealed: &'a [u8]) -> Option<Self> {
        let (&[format, length], rest) = sealed.split_first_chunk()?;
        if format != FORMAT {
            return None;
        }
        let (key, rest) = rest.split_at_checked(usize::from(length))?;
        let key = std::str::from_utf8(key).ok()?;
        if !key::is_id(key) {
            return None;
        }
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        Some(Self {
            key,
            nonce: *nonce,
            ciphertext,
        })
    }
}

impl Place {
    /// The associated data. Every part is preceded by its length, so that no
    /// two places ever read the same.
    fn bound_to(&self, key: &Key) -> Vec<u8> {
        let parts: [&[u8]; 6] = [
            b"ithaca vault",
            self.table.as_bytes(),
            self.column.as_bytes(),
            self.organization.as_bytes(),
            self.row.as_bytes(),
            key.id().as_bytes(),
        ];
        let mut bound = Vec::with_capacity(128);
        for part in parts {
            bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bound.extend_from_slice(part);
        }
        bound
    }

    fn not_sealed(&self) -> VaultError {
        VaultError::NotSealed {
            table: self.table,
            column: self.column,
            row: self.row,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret as _;

    use super::*;

    const CANARY: &str = "0.AXoA-canary-refresh-token";

    fn larkspur() -> Place {
        Place {
            table: "integrations",
            column: "refresh_token",
            organization: Uuid::from_u128(1),
            row: Uuid::from_u128(11),
        }
    }

    fn vault(seed: u64) -> Vault {
        let randomness = Randomness::seeded(seed);
        Vault::new(Key::generate(&randomness), Vec::new(), randomness)
    }

    #[test]
    fn a_secret_opens_where_it_was_sealed() {
        let vault = vault(1);
        let sealed = vault.seal(larkspur(), CANARY.as_bytes());
        assert_eq!(
            vault.open(larkspur(), &sealed).unwrap().expose_secret(),
            CANARY.as_bytes()
        );
        assert_eq!(
            vault
                .open_text(larkspur(), &sealed)
                .unwrap()
                .expose_secret(),
            CANARY
        );
        assert!(
            !sealed
                .windows(6)
                .any(|part| CANARY.as_bytes().windows(6).any(|secret| secret == part))
        );
    }

    #[test]
    fn k02_a_secret_moved_to_another_place_is_refused() {
        let vault = vault(1);
        let sealed = vault.seal(larkspur(), CANARY.as_bytes());
        let elsewhere = [
            Place {
                organization: Uuid::from_u128(2),
                ..larkspur()
            },
            Place {
                row: Uuid::from_u128(12),
                ..larkspur()
            },
            Place {
                column: "client_secret",
                ..larkspur()
            },
            Place {
                table: "hosts",
                ..larkspur()
            },
            // The same letters, divided differently between table and column.
            Place {
                table: "integrationsr",
                column: "efresh_token",
                ..larkspur()
            },
        ];
        for place in elsewhere {
            assert!(
                matches!(vault.open(place, &sealed), Err(VaultError::Refused { .. })),
                "{place:?}"
            );
        }
    }

    #[test]
    fn k03_a_damaged_secret_is_an_error_at_every_bit() {
        let vault = vault(1);
        let sealed = vault.seal(larkspur(), CANARY.as_bytes());
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(vault.open(larkspur(), &damaged).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(
                vault.open(larkspur(), &sealed[..length]).is_err(),
                "{length}"
            );
        }
        assert!(matches!(
            vault.open(larkspur(), CANARY.as_bytes()),
            Err(VaultError::NotSealed { .. })
        ));
    }

    #[test]
    fn k03_a_missing_key_is_named_and_nothing_falls_back() {
        let sealed = vault(1).seal(larkspur(), CANARY.as_bytes());
        let id = Vault::key_of(larkspur(), &sealed).unwrap().to_owned();
        let error = vault(2).open(larkspur(), &sealed).unwrap_err();
        assert!(matches!(&error, VaultError::UnknownKey { id: named } if *named == id));
        assert!(error.to_string().contains(&id));
        assert!(!vault(2).has_key(&id));
    }

    #[test]
    fn k08_after_a_rotation_old_secrets_open_and_new_ones_use_the_new_key() {
        let randomness = Randomness::seeded(3);
        let old_key = Key::generate(&randomness);
        let old = Vault::new(old_key.clone(), Vec::new(), randomness.clone());
        let sealed_before = old.seal(larkspur(), CANARY.as_bytes());

        let rotated = Vault::new(Key::generate(&randomness), vec![old_key], randomness);

        assert!(rotated.open(larkspur(), &sealed_before).is_ok());
        assert_ne!(
            Vault::key_of(larkspur(), &sealed_before).unwrap(),
            rotated.current_key()
        );
        let sealed_after = rotated.seal(larkspur(), CANARY.as_bytes());
        assert_eq!(
            Vault::key_of(larkspur(), &sealed_after).unwrap(),
            rotated.current_key()
        );
        assert!(matches!(
            old.open(larkspur(), &sealed_after),
            Err(VaultError::UnknownKey { .. })
        ));
    }

    #[test]
    fn k04_no_nonce_repeats() {
        let vault = Vault::new(
            Key::generate(&Randomness::system()),
            Vec::new(),
            Randomness::system(),
        );
        let nonces: HashSet<Vec<u8>> = (0..10_000)
            .map(|_| {
                let sealed = vault.seal(larkspur(), b"x");
                Envelope::read(&sealed).unwrap().nonce.to_vec()
            })
            .collect();
        assert_eq!(nonces.len(), 10_000);
    }

    #[test]
    fn k06_nothing_here_shows_a_secret_when_printed() {
        let vault = vault(1);
        let secret = vault
            .open_text(larkspur(), &vault.seal(larkspur(), CANARY.as_bytes()))
            .unwrap();
        assert_eq!(format!("{vault:?}"), "Vault([redacted])");
        assert!(!format!("{secret:?}").contains("canary"));
        assert!(format!("{:?}", vault.current).contains("[redacted]"));
    }
}
