//! The certificate authority of the HTTPS door, and the certificate that it signs for it.
//!
//! Whoever trusts the authority trusts it for this machine's own names alone: its certificate
//! says so, and clients hold it to that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::secret::{Secret, kept};

/// The names that the certificate is for.
const NAME: &str = "localhost";
const ADDRESSES: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

const AUTHORITY_YEARS: i32 = 10;

/// Clients refuse certificates that are good for much longer; it is signed anew at every start.
const CERTIFICATE_DAYS: i32 = 397;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("no certificate can be made: {0}")]
pub struct CertificateError(#[from] rcgen::Error);

/// An authority with the key of the one certificate that it signs, as they are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    name: String,
    /// In PEM.
    certificate: String,
    #[serde(with = "kept")]
    key: Secret,
    #[serde(with = "kept")]
    leaf_key: Secret,
}

/// What a server shows, and the key that proves it, in DER.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    pub certificate: Vec<u8>,
    /// In PKCS #8.
    pub key: PrivateKey,
}

/// A private key, which shows itself to nobody by accident.
#[derive(Clone)]
pub struct PrivateKey(Vec<u8>);

impl PrivateKey {
    pub fn into_der(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl Authority {
    /// Makes an authority.
    pub(crate) fn make(random: &Random, now: Timestamp) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let leaf_key = KeyPair::generate()?;
        // Two authorities of one name confuse those who trust both.
        let mut mark = [0; 3];
        random.fill(&mut mark);
        let name = format!(
            "Ithaca sandbox {:02x}{:02x}{:02x}",
            mark[0], mark[1], mark[2]
        );
        let mut params = authority(&name);
        is_good_for(&mut params, now, Span::new().years(AUTHORITY_YEARS));
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            name,
            certificate: certificate.pem(),
            key: Secret::new(key.serialize_pem()),
            leaf_key: Secret::new(leaf_key.serialize_pem()),
        })
    }

    /// Its certificate in PEM, for those who are to trust it.
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// A certificate for this machine's own names.
    pub(crate) fn sign(
        &self,
        random: &Random,
        now: Timestamp,
    ) -> Result<ServerCertificate, CertificateError> {
        let issuer = Issuer::new(authority(&self.name), KeyPair::from_pem(self.key.reveal())?);
        let key = KeyPair::from_pem(self.leaf_key.reveal())?;
        let mut serial = [0; 16];
        random.fill(&mut serial);
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, NAME);
        params.subject_alt_names = vec![SanType::DnsName(NAME.try_into()?)];
        params
            .subject_alt_names
            .extend(ADDRESSES.map(SanType::IpAddress));
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        is_good_for(&mut params, now, Span::new().days(CERTIFICATE_DAYS));
        Ok(ServerCertificate {
            certificate: params.signed_by(&key, &issuer)?.der().to_vec(),
            key: PrivateKey(key.serialize_der()),
        })
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut permitted_subtrees = vec![GeneralSubtree::DnsName(NAME.to_owned())];
    permitted_subtrees.extend(ADDRESSES.map(|address| {
        let whole = if address.is_ipv4() { 32 } else { 128 };
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, whole))
    }));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees,
        excluded_subtrees: Vec::new(),
    });
    params
}

/// From yesterday on, for clocks that are slow.
fn is_good_for(params: &mut CertificateParams, now: Timestamp, long: Span) {
    let today = TimeZone::UTC.to_datetime(now).date();
    let midnight = |date: Date| {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    params.not_before = midnight(today.saturating_sub(Span::new().days(1)));
    params.not_after = midnight(today.saturating_add(long));
}
