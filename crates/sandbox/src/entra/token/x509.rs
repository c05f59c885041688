//! What an assertion needs of a certificate: its thumbprints and its public
//! key. Nothing else of it is looked at; whether it still counts stands in the
//! app registration.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`: the version of a certificate.
const VERSION: u8 = 0xa0;

/// The SHA-1 thumbprint in base64url (`x5t`).
pub(super) fn sha1(der: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(der))
}

/// The SHA-256 thumbprint in base64url (`x5t#S256`).
pub(super) fn sha256(der: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

/// The RSA key that a certificate is about; none where it is about another kind, or is none.
/// Source: RFC 5280, 4.1.
pub(super) fn public_key(der: &[u8]) -> Option<PublicKey> {
    let mut certificate = Reader(der).inside(SEQUENCE)?;
    let mut body = certificate.inside(SEQUENCE)?;
    if body.0.first() == Some(&VERSION) {
        body.value()?;
    }
    if body.0.first() != Some(&INTEGER) {
        return None;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        body.value()?;
    }
    PublicKey::from_public_key_der(body.value()?).ok()
}

/// What is left to read of some DER.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next value, tag and length included.
    fn value(&mut self) -> Option<&'a [u8]> {
        let (head, length) = self.head()?;
        let (value, rest) = self.0.split_at_checked(head.checked_add(length)?)?;
        self.0 = rest;
        Some(value)
    }

    /// What is inside the next value, which has this tag.
    fn inside(&mut self, tag: u8) -> Option<Self> {
        if *self.0.first()? != tag {
            return None;
        }
        let (head, _) = self.head()?;
        Some(Self(self.value()?.get(head..)?))
    }

    /// How long tag and length of the next value are, and how long what follows.
    fn head(&self) -> Option<(usize, usize)> {
        let first = *self.0.get(1)?;
        if first < 0x80 {
            return Some((2, usize::from(first)));
        }
        let bytes = usize::from(first & 0x7f);
        if !(1..=4).contains(&bytes) {
            return None;
        }
        let length = self.0.get(2..2 + bytes)?;
        let length = length
            .iter()
            .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        Some((2 + bytes, length))
    }
}
