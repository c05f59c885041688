//! The certificate that Microsoft publishes beside each signing key (`x5c`):
//! self-signed, the same for the same key whenever it is made.

use rsa::pkcs1v15;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::{PrivateKey, PublicKey};
use sha2::{Digest as _, Sha256};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;

/// `sha256WithRSAEncryption` with its empty parameters (RFC 4055).
const ALGORITHM: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00,
];
/// `id-at-commonName`.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

const NAME: &str = "Sandbox token signing";

/// Nobody looks at these: the key counts for as long as it is published.
const FROM: &str = "250101000000Z";
const UNTIL: &str = "491231235959Z";

/// The certificate in DER. Source: RFC 5280, 4.1.
pub(crate) fn certificate(key: &PrivateKey, signer: &pkcs1v15::SigningKey<Sha256>) -> Vec<u8> {
    let public = PublicKey::from(key)
        .to_public_key_der()
        .map(|document| document.as_bytes().to_vec())
        .unwrap_or_default();
    // Positive, and of a length that needs no leading zero.
    let mut serial = Sha256::digest(&public)[..16].to_vec();
    serial[0] = serial[0] & 0x3f | 0x40;
    let name = sequence(&[&tagged(
        SET,
        &[&sequence(&[
            COMMON_NAME,
            &tagged(UTF8_STRING, &[NAME.as_bytes()]),
        ])],
    )]);
    let body = sequence(&[
        &tagged(VERSION, &[&tagged(INTEGER, &[&[2]])]),
        &tagged(INTEGER, &[&serial]),
        ALGORITHM,
        &name,
        &sequence(&[
            &tagged(UTC_TIME, &[FROM.as_bytes()]),
            &tagged(UTC_TIME, &[UNTIL.as_bytes()]),
        ]),
        &name,
        &public,
    ]);
    let signature = signer.sign(&body).to_bytes();
    sequence(&[&body, ALGORITHM, &tagged(BIT_STRING, &[&[0], &signature])])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, parts)
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut text = vec![tag];
    let bytes = length.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match (&bytes[zeros..], length) {
        (_, 0) => text.push(0),
        (short, 1..0x80) => text.extend(short),
        ([a, b], _) => text.extend([0x82, *a, *b]),
        ([a], _) => text.extend([0x81, *a]),
        // A certificate of two thousand bits is far below.
        (longer, _) => {
            text.push(0x83);
            text.extend(longer);
        }
    }
    text.extend(parts.iter().copied().flatten());
    text
}
