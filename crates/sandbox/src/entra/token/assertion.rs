//! A client assertion: the application signs that it is itself, with the key
//! of a certificate that it registered.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials". What
//! the clients really send differs from it in details: padded thumbprints, fractions of seconds,
//! no `nbf`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rsa::PublicKey;
use rsa::signature::Verifier as _;
use serde_json::Value;
use sha2::Sha256;

use super::x509;
use crate::entra::Parameters;
use crate::entra::authority::Authority;
use crate::entra::failure::Failure;
use crate::tenant::State;
use crate::tenant::app::{AppRegistration, Certificate};
use crate::tenant::token::Used;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The largest assertion that is read, in bytes. A chain of certificates may ride along.
const LARGEST: usize = 32 << 10;

/// How far clocks may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Where and when an assertion arrives.
pub(super) struct Arrival<'a> {
    /// The address of the sandbox.
    pub(super) url: &'a str,
    pub(super) segment: &'a str,
    pub(super) authority: Authority,
    pub(super) now: Timestamp,
}

/// Checks the assertion of a request.
pub(super) fn check(
    state: &mut State,
    app: &AppRegistration,
    text: &str,
    form: &Parameters,
    arrival: &Arrival<'_>,
) -> Result<(), Failure> {
    match form.get("client_assertion_type").map(String::as_str) {
        Some(TYPE) => {}
        Some(_) => return Err(Failure::new(7_000_218)),
        None => return Err(Failure::missing("client_assertion_type")),
    }
    let parts = Parts::read(text).ok_or_else(|| Failure::new(50027))?;
    let certificate = signed_by(app, &parts)?;
    if certificate.expires_at <= arrival.now {
        return Err(Failure::new(50012).saying(
            "Authentication failed. The certificate that the client assertion was signed with is \
             expired.",
        ));
    }
    claims(app, &parts.claims, arrival)?;
    once(state, app, &parts.claims, arrival)
}

struct Parts<'a> {
    header: Value,
    claims: Value,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// RFC 7515, 7.1.
    fn read(text: &'a str) -> Option<Self> {
        if text.len() > LARGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| {
            let value: Value = serde_json::from_slice(&decode(part)?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
        })
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD
        .decode(part.trim_end_matches('='))
        .ok()
}

/// The registered certificate that the assertion names and is signed with.
fn signed_by<'a>(app: &'a AppRegistration, parts: &Parts<'_>) -> Result<&'a Certificate, Failure> {
    let named = |name: &str| {
        let text = parts.header[name].as_str()?;
        Some(text.trim_end_matches('=').to_owned())
    };
    let (long, short) = (named("x5t#S256"), named("x5t"));
    if long.is_none() && short.is_none() {
        return Err(Failure::new(50027).saying(
            "JWT token is invalid or malformed. Its header names no certificate ('x5t' or \
             'x5t#S256').",
        ));
    }
    let algorithm = parts.header["alg"].as_str().unwrap_or_default();
    if !matches!(algorithm, "RS256" | "PS256") {
        return Err(Failure::new(5_002_738).saying(format!(
            "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported \
             signing algorithms are: 'RS256, PS256'"
        )));
    }
    let thumbprint = long.as_deref().or(short.as_deref()).unwrap_or_default();
    let certificate = app.certificates.iter().find(|one| {
        long.as_ref()
            .is_none_or(|long| *long == x509::sha256(&one.der))
            && short
                .as_ref()
                .is_none_or(|short| *short == x509::sha1(&one.der))
    });
    let Some(certificate) = certificate else {
        return Err(refused("The key was not found.", thumbprint));
    };
    let is_right = x509::public_key(&certificate.der)
        .is_some_and(|key| verify(key, algorithm, parts.signed, &parts.signature));
    if is_right {
        Ok(certificate)
    } else {
        Err(refused(
            "The key was found, but its signature is wrong.",
            thumbprint,
        ))
    }
}

fn refused(reason: &str, thumbprint: &str) -> Failure {
    Failure::new(700_027).saying(format!(
        "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key \
         used by client: '{thumbprint}']"
    ))
}

fn verify(key: PublicKey, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    if algorithm == "PS256" {
        rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
            rsa::pss::VerifyingKey::<Sha256>::new(key)
                .verify(signed, &signature)
                .is_ok()
        })
    } else {
        rsa::pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
            rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key)
                .verify(signed, &signature)
                .is_ok()
        })
    }
}

/// Who says it, to whom, and for how long.
fn claims(app: &AppRegistration, claims: &Value, arrival: &Arrival<'_>) -> Result<(), Failure> {
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let own = app.client_id.to_string();
    for name in ["iss", "sub"] {
        if !text(name).eq_ignore_ascii_case(&own) {
            return Err(Failure::new(700_021).saying(format!(
                "Client assertion application identifier doesn't match 'client_id' parameter. \
                 '{name}' is '{}'.",
                text(name)
            )));
        }
    }
    let audience = text("aud");
    if !audiences(arrival)
        .iter()
        .any(|one| one.eq_ignore_ascii_case(audience))
    {
        return Err(Failure::new(700_023).saying(format!(
            "Client assertion audience claim does not match Realm issuer. The audience is \
             '{audience}'."
        )));
    }
    let not_before = instant(&claims["nbf"]);
    let expiry = instant(&claims["exp"]).ok_or_else(|| {
        Failure::new(50027).saying("JWT token is invalid or malformed. It has no 'exp'.")
    })?;
    let (now, later) = (arrival.now, arrival.now.saturating_add(SKEW));
    let too_early = not_before.is_some_and(|from| later.is_ok_and(|later| later < from));
    let too_late = expiry.saturating_add(SKEW).is_ok_and(|end| end <= now);
    if too_early || too_late {
        return Err(Failure::new(700_024).saying(format!(
            "Client assertion is not within its valid time range. Current time: {now}, expiry \
             time of assertion {expiry}."
        )));
    }
    Ok(())
}

/// What `aud` may be: the token endpoint, by the tenant's id or by the name that was used, or the
/// issuer.
fn audiences(arrival: &Arrival<'_>) -> Vec<String> {
    let url = arrival.url;
    let id = arrival.authority.tenant().map(|tenant| tenant.to_string());
    let segments = [Some(arrival.segment.to_owned()), id];
    segments
        .into_iter()
        .flatten()
        .flat_map(|segment| {
            [
                format!("{url}/{segment}/oauth2/v2.0/token"),
                format!("{url}/{segment}/v2.0"),
            ]
        })
        .collect()
}

/// Seconds, with a fraction where the client is Python.
fn instant(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    Timestamp::from_duration(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

/// Where the tenant wants it: an assertion counts once.
fn once(
    state: &mut State,
    app: &AppRegistration,
    claims: &Value,
    arrival: &Arrival<'_>,
) -> Result<(), Failure> {
    let wanted = arrival
        .authority
        .tenant()
        .is_some_and(|tenant| state.switches(tenant).one_use_assertions);
    if !wanted {
        return Ok(());
    }
    let id = claims["jti"].as_str().ok_or_else(|| {
        Failure::new(50027).saying("JWT token is invalid or malformed. It has no 'jti'.")
    })?;
    let key = format!("{} {id}", app.client_id);
    let now = arrival.now;
    state.assertions.retain(|used| now < used.until);
    if state.assertions.find(&key).is_some() {
        return Err(Failure::new(700_027).saying(
            "Client assertion contains an invalid signature. [Reason - The assertion was used \
             before.]",
        ));
    }
    let until = instant(&claims["exp"])
        .and_then(|end| end.saturating_add(SKEW).ok())
        .unwrap_or(now);
    state.assertions.insert(&key, Used { until });
    Ok(())
}
