//! Password hashes (argon2id). Hashing is dear on purpose, so a few run at a time and
//! never on the threads that answer pages.

use std::sync::Arc;

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::{AppError, Done};
use crate::clock::Randomness;

/// At most this many hashes at once (W-21): each takes 19 MiB.
const AT_ONCE: usize = 2;

/// Makes and checks password hashes.
#[derive(Clone, Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    randomness: Randomness,
}

fn argon2() -> Argon2<'static> {
    // OWASP's Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Hasher {
    /// A hasher with its own places.
    pub fn new(randomness: Randomness) -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            randomness,
        }
    }

    async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Done<T> {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| AppError::Broken(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let answer = work();
            drop(place);
            answer
        })
        .await
        .map_err(|error| AppError::Broken(error.to_string()))
    }

    /// The hash of a new password in PHC text form.
    pub async fn hash(&self, password: &SecretString) -> Done<String> {
        let salt: [u8; 16] = self.randomness.bytes();
        let password = password.clone();
        self.apart(move || {
            argon2()
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|error| AppError::Broken(error.to_string()))
        })
        .await?
    }

    /// Whether the password is the one that was hashed. Without a hash the same work is
    /// done for nothing, so that the time does not tell whether an account exists (W-14).
    pub async fn matches(&self, password: &SecretString, hash: Option<&str>) -> Done<bool> {
        let password = password.clone();
        let hash = hash.map(str::to_owned);
        self.apart(move || {
            let given = password.expose_secret().as_bytes();
            let known = hash
                .as_deref()
                .and_then(|hash| PasswordHash::new(hash).ok());
            if let Some(hash) = known {
                argon2().verify_password(given, &hash).is_ok()
            } else {
                let _ = argon2().hash_password_with_salt(given, &[0; Salt::RECOMMENDED_LENGTH]);
                false
            }
        })
        .await
    }
}
