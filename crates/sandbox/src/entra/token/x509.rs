//! What an assertion needs of a certificate: its thumbprints, its public key and
//! its end. Nothing else of it is looked at.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rsa::PublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::tenant::app::Certificate;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`: the version of a certificate.
const VERSION: u8 = 0xa0;

/// A certificate in PEM, if it is about an RSA key.
pub(crate) fn read(text: &str) -> Option<Certificate> {
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (encoded, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let encoded: String = encoded.split_whitespace().collect();
    let der = BASE64_STANDARD.decode(encoded).ok()?;
    public_key(&der)?;
    Some(Certificate {
        expires_at: expires_at(&der)?,
        der,
    })
}

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
    let mut body = body(der)?;
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        body.value()?;
    }
    PublicKey::from_public_key_der(body.value()?).ok()
}

/// Until when a certificate counts. Source: RFC 5280, 4.1.2.5.
fn expires_at(der: &[u8]) -> Option<Timestamp> {
    let mut body = body(der)?;
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        body.value()?;
    }
    let mut validity = body.inside(SEQUENCE)?;
    validity.value()?;
    let kind = *validity.0.first()?;
    let text = std::str::from_utf8(validity.inside(kind)?.0).ok()?;
    let century = match kind {
        UTC_TIME if text.get(..2)? < "50" => "20",
        UTC_TIME => "19",
        _ => "",
    };
    let end = DateTime::strptime("%Y%m%d%H%M%SZ", format!("{century}{text}")).ok()?;
    TimeZone::UTC.to_timestamp(end).ok()
}

/// The part that is signed, from the serial number on.
fn body(der: &[u8]) -> Option<Reader<'_>> {
    let mut body = Reader(der).inside(SEQUENCE)?.inside(SEQUENCE)?;
    if body.0.first() == Some(&VERSION) {
        body.value()?;
    }
    (body.0.first() == Some(&INTEGER)).then_some(body)
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
