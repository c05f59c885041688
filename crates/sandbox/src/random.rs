//! Randomness, handed in: the operating system's in earnest, a repeatable
//! stream in simulations.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// A source of randomness that is cheap to clone; clones share one stream.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<Stream>>),
}

struct Stream {
    seed: [u8; 32],
    drawn: u64,
}

impl Random {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A stream that is the same for the same seed. For simulations only: whoever knows the seed
    /// knows every token.
    pub fn seeded(seed: &[u8]) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(Stream {
            seed: Sha256::digest(seed).into(),
            drawn: 0,
        }))))
    }

    /// A stream of its own for background work, whose draws don't disturb the order here.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        match &self.0 {
            Source::System => Self::system(),
            Source::Seeded(stream) => {
                let stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                Self::seeded(&[&stream.seed, purpose.as_bytes()].concat())
            }
        }
    }

    /// Fills `bytes` with randomness.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, for nothing safe can follow.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => {
                getrandom::fill(bytes).expect("the operating system gives randomness");
            }
            Source::Seeded(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(32) {
                    let block = Sha256::new()
                        .chain_update(stream.seed)
                        .chain_update(stream.drawn.to_be_bytes())
                        .finalize();
                    chunk.copy_from_slice(&block[..chunk.len()]);
                    stream.drawn += 1;
                }
            }
        }
    }

    /// A random (version 4) UUID.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// `bytes` random bytes, written in base64url without padding.
    pub fn text(&self, bytes: usize) -> String {
        let mut drawn = vec![0; bytes];
        self.fill(&mut drawn);
        BASE64_URL_SAFE_NO_PAD.encode(drawn)
    }

    /// A number from `0` to `below` (exclusive), evenly enough for pretended behaviour.
    pub fn below(&self, below: u32) -> u32 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        u32::from_be_bytes(bytes) % below.max(1)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random::System",
            Source::Seeded(_) => "Random::Seeded",
        })
    }
}

impl rsa::rand_core::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Random {}
