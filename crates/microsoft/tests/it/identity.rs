use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use jiff::SignedDuration;
use microsoft::{Failure, Identity, Kind};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fake::{CLIENT_ID, Fake, LARKSPUR, QUILLFIELD, SCHEDULER, Seen, answer, raw, today};

const KID: &str = "key-of-march";
const NONCE: &str = "nonce-of-this-attempt";
const DISCOVERY: &str = "/organizations/v2.0/.well-known/openid-configuration";
const KEYS: &str = "/organizations/discovery/v2.0/keys";

static SIGNING: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(include_bytes!("signing-key.pk8")).unwrap());

fn encoded(part: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}

fn discovery() -> Value {
    json!({
        "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
        "authorization_endpoint": "https://login.microsoftonline.com/organizations/oauth2/v2.0/authorize",
        "token_endpoint": "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
        "jwks_uri": "https://login.microsoftonline.com/organizations/discovery/v2.0/keys",
    })
}

fn published() -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(SIGNING.public());
    json!({ "keys": [
        { "kty": "EC", "use": "sig", "kid": "another-kind", "x": "x", "y": "y" },
        { "kty": "RSA", "use": "sig", "kid": KID, "x5t": KID, "n": encoded(&public.n), "e": encoded(&public.e),
          "x5c": ["not read"], "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0" },
    ] })
}

fn honest(seen: &Seen) -> Response<Bytes> {
    match seen.path() {
        DISCOVERY => answer(200, &discovery()),
        KEYS => answer(200, &published()),
        other => panic!("nobody should ask for {other}"),
    }
}

fn claims() -> Value {
    let now = today().as_second();
    json!({
        "aud": CLIENT_ID, "iss": format!("https://login.microsoftonline.com/{LARKSPUR}/v2.0"),
        "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0", "nonce": NONCE,
        "tid": LARKSPUR, "oid": SCHEDULER, "sub": "pairwise", "uti": "u", "rh": "r",
        "name": "Teams Scheduler", "preferred_username": "scheduler@larkspur.example",
    })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": KID })
}

fn signed(header: &Value, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        encoded(header.to_string().as_bytes()),
        encoded(claims.as_bytes())
    );
    let mut signature = vec![0; SIGNING.public().modulus_len()];
    SIGNING
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        )
        .unwrap();
    format!("{message}.{}", encoded(&signature))
}

async fn identify(fake: &Fake, token: &str) -> Result<Identity, Failure> {
    let (token, nonce) = (SecretString::from(token), SecretString::from(NONCE));
    fake.client.identify(&token, &nonce, None).await
}

async fn outcome(header: &Value, claims: &Value) -> Result<Identity, Failure> {
    identify(&Fake::new(honest), &signed(header, &claims.to_string())).await
}

async fn kind(claims: Value) -> Kind {
    outcome(&header(), &claims).await.unwrap_err().kind
}

#[tokio::test]
async fn the_account_that_signed_in_is_known_by_tenant_and_object_id() {
    let identity = outcome(&header(), &claims()).await.unwrap();
    assert_eq!(identity.tenant, LARKSPUR);
    assert_eq!(identity.object_id, SCHEDULER);
    assert_eq!(identity.name, "Teams Scheduler");
    assert_eq!(identity.preferred_username, "scheduler@larkspur.example");
    assert!(!identity.is_guest);
    assert!(identity.can_host().is_ok());
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_noticed() {
    let token = signed(&header(), &claims().to_string());
    let fake = Fake::new(honest);
    let parts: Vec<_> = token.split('.').collect();
    for part in 0..3 {
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(parts[part]).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let changed = encoded(&bytes);
        let mut parts = parts.clone();
        parts[part] = &changed;
        let failure = identify(&fake, &parts.join(".")).await.unwrap_err();
        assert_eq!(failure.kind, Kind::IdTokenRefused, "part {part}");
    }
}

/// C-18.
#[tokio::test]
async fn a_token_that_chooses_its_own_way_of_being_verified_is_refused() {
    let claims = claims().to_string();
    let fake = Fake::new(honest);
    let unsigned = |header: &Value| {
        format!(
            "{}.{}.",
            encoded(header.to_string().as_bytes()),
            encoded(claims.as_bytes())
        )
    };
    let mut tokens = vec![
        unsigned(&json!({ "alg": "none", "typ": "JWT", "kid": KID })),
        unsigned(&json!({ "alg": "None", "kid": KID })),
        unsigned(&header()),
        signed(&json!({ "alg": "RS256", "typ": "JWT" }), &claims),
        signed(&json!({ "alg": "RS256", "kid": "" }), &claims),
        signed(&json!({ "alg": "RS256", "kid": "k".repeat(300) }), &claims),
        signed(
            &json!({ "alg": "RS256", "kid": KID, "crit": ["exp"] }),
            &claims,
        ),
        signed(
            &json!({ "alg": "RS256", "kid": KID, "typ": "at+jwt" }),
            &claims,
        ),
        signed(&json!({ "alg": "RS384", "kid": KID }), &claims),
        signed(&json!({ "alg": "PS256", "kid": KID }), &claims),
        signed(
            &json!({ "alg": "RS256", "kid": KID, "jku": "https://evil/keys" }),
            &claims,
        ),
        signed(
            &json!({ "alg": "RS256", "kid": KID, "x5u": "https://evil/cert" }),
            &claims,
        ),
        "x".repeat(1024 * 1024),
        format!("{}.{}.{}", encoded(b"{}"), encoded(b"{}"), encoded(b"{}")),
        "a.b".into(),
        String::new(),
    ];
    // The public key, taken as the secret of a symmetric algorithm.
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": KID });
    let public = PublicKeyComponents::<Vec<u8>>::from(SIGNING.public());
    let message = unsigned(&header);
    let message = message.trim_end_matches('.');
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &public.n),
        message.as_bytes(),
    );
    tokens.push(format!("{message}.{}", encoded(tag.as_ref())));
    for token in tokens {
        let failure = identify(&fake, &token).await.unwrap_err();
        let shown: String = token.chars().take(80).collect();
        assert_eq!(failure.kind, Kind::IdTokenRefused, "{shown}");
    }
    for seen in fake.seen() {
        assert!([DISCOVERY, KEYS].contains(&seen.path()), "{}", seen.uri);
    }
}

#[tokio::test]
async fn every_claim_is_checked() {
    let now = today().as_second();
    for wrong in [
        with("aud", "00000003-0000-0000-c000-000000000000"),
        with("aud", json!([CLIENT_ID])),
        with("aud", json!([CLIENT_ID, "other"])),
        without("aud"),
        with("exp", now - 301),
        with("exp", "soon"),
        without("exp"),
        with("exp", i64::MAX),
        with("nbf", now + 301),
        with("iat", now + 301),
        with("ver", "1.0"),
        without("ver"),
        with("tid", "larkspur.example"),
        without("tid"),
        without("oid"),
        with("oid", "mei"),
        with("nonce", "nonce-of-another-attempt"),
        with("nonce", ""),
        without("nonce"),
        without("iss"),
        with("iss", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        with(
            "iss",
            format!("https://login.microsoftonline.com/{LARKSPUR}/v2.0/"),
        ),
        with(
            "iss",
            format!("https://login.microsoftonline.com/{LARKSPUR}/v2.1"),
        ),
        with("iss", format!("https://sts.windows.net/{LARKSPUR}/")),
    ] {
        assert_eq!(kind(wrong.clone()).await, Kind::IdTokenRefused, "{wrong}");
    }
    // Within five minutes clocks may differ.
    assert!(outcome(&header(), &with("exp", now - 299)).await.is_ok());
    assert!(outcome(&header(), &with("nbf", now + 299)).await.is_ok());
}

/// A claim said twice is a claim about which two readers may differ.
#[tokio::test]
async fn a_claim_that_stands_twice_is_refused() {
    let twice = claims()
        .to_string()
        .replacen('{', &format!(r#"{{"tid":"{QUILLFIELD}","#), 1);
    let failure = identify(&Fake::new(honest), &signed(&header(), &twice))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, Kind::IdTokenRefused);
}

/// C-08.
#[tokio::test]
async fn an_issuer_of_one_tenant_does_not_speak_for_another() {
    assert_eq!(
        kind(with("tid", json!(QUILLFIELD))).await,
        Kind::IdTokenRefused
    );
    let personal = "9188040d-6c67-4c5b-b112-36a304b66dad";
    let mut claims = with("tid", personal);
    claims["iss"] = format!("https://login.microsoftonline.com/{personal}/v2.0").into();
    assert_eq!(kind(claims).await, Kind::PersonalAccount);
}

/// C-10.
#[tokio::test]
async fn reconnecting_with_another_tenant_is_noticed() {
    let fake = Fake::new(honest);
    let token = SecretString::from(signed(&header(), &claims().to_string()));
    let nonce = SecretString::from(NONCE);
    let again = |expected| fake.client.identify(&token, &nonce, Some(expected));
    assert!(again(LARKSPUR).await.is_ok());
    assert_eq!(again(QUILLFIELD).await.unwrap_err().kind, Kind::OtherTenant);
}

/// C-12.
#[tokio::test]
async fn a_guest_is_told_from_a_member() {
    for guest in [
        with("idp", format!("https://sts.windows.net/{QUILLFIELD}/")),
        with("idp", "live.com"),
        with("acct", 1),
        with(
            "preferred_username",
            "amara_gmail.com#EXT#@larkspur.example",
        ),
    ] {
        let identity = outcome(&header(), &guest).await.unwrap();
        assert!(identity.is_guest, "{guest}");
        assert_eq!(identity.can_host().unwrap_err().kind, Kind::GuestHost);
    }
    let member = with("idp", format!("https://sts.windows.net/{LARKSPUR}/"));
    assert!(!outcome(&header(), &member).await.unwrap().is_guest);
}

#[tokio::test]
async fn a_key_signs_for_its_own_issuer_only() {
    let of = |issuer: String| {
        Fake::new(move |seen| match seen.path() {
            KEYS => {
                let mut keys = published();
                keys["keys"][1]["issuer"] = issuer.clone().into();
                answer(200, &keys)
            }
            _ => honest(seen),
        })
    };
    let token = signed(&header(), &claims().to_string());
    let own = of(format!("https://login.microsoftonline.com/{LARKSPUR}/v2.0"));
    assert!(identify(&own, &token).await.is_ok());
    let other =
        of("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0".into());
    assert_eq!(
        identify(&other, &token).await.unwrap_err().kind,
        Kind::IdTokenRefused
    );
}

/// C-18: keys are remembered, and an unknown one asks for them at most once in
/// five minutes.
#[tokio::test]
async fn unknown_keys_do_not_make_us_ask_without_end() {
    let fake = Fake::new(honest);
    let known = signed(
        &header(),
        &with("exp", today().as_second() + 9_000_000).to_string(),
    );
    let unknown = signed(
        &json!({ "alg": "RS256", "kid": "https://evil/../key" }),
        &claims().to_string(),
    );
    for _ in 0..5 {
        identify(&fake, &known).await.unwrap();
        assert!(identify(&fake, &unknown).await.is_err());
    }
    assert_eq!(fake.seen_at(KEYS), 1);
    fake.pass(SignedDuration::from_mins(5));
    for _ in 0..5 {
        assert!(identify(&fake, &unknown).await.is_err());
    }
    assert_eq!(fake.seen_at(KEYS), 2, "once more after five minutes");
    fake.pass(SignedDuration::from_hours(23));
    identify(&fake, &known).await.unwrap();
    assert_eq!(fake.seen_at(KEYS), 2);
    fake.pass(SignedDuration::from_hours(1));
    identify(&fake, &known).await.unwrap();
    assert_eq!(
        fake.seen_at(KEYS),
        3,
        "after a day they are asked for again"
    );
}

/// C-18: rotation without notice.
#[tokio::test]
async fn a_new_key_is_found_when_the_rest_is_over() {
    let rotated = AtomicBool::new(false);
    let fake = Fake::new(move |seen| match seen.path() {
        KEYS if !rotated.swap(true, Ordering::SeqCst) => answer(200, &json!({ "keys": [] })),
        _ => honest(seen),
    });
    let token = signed(&header(), &claims().to_string());
    assert!(identify(&fake, &token).await.is_err());
    fake.pass(SignedDuration::from_mins(5));
    assert!(identify(&fake, &token).await.is_ok());
}

/// C-19.
#[tokio::test]
async fn a_discovery_document_that_leads_elsewhere_is_refused() {
    let token = signed(&header(), &claims().to_string());
    let host = "https://login.microsoftonline.com";
    for (field, value) in [
        ("issuer", format!("{host}/{{tenantid}}/v2.0/")),
        ("issuer", format!("{host}/{{tenantid}}/v2.1")),
        ("issuer", format!("{host}/{LARKSPUR}/v2.0")),
        (
            "issuer",
            "https://login.microsoftonline.us/{tenantid}/v2.0".into(),
        ),
        (
            "token_endpoint",
            "http://login.microsoftonline.com/x".into(),
        ),
        ("token_endpoint", "https://169.254.169.254/token".into()),
        (
            "token_endpoint",
            "https://login.microsoftonline.com.evil/token".into(),
        ),
        (
            "token_endpoint",
            "https://x@login.microsoftonline.com/token".into(),
        ),
        ("authorization_endpoint", "https://evil/authorize".into()),
        ("jwks_uri", "https://evil/keys".into()),
        (
            "jwks_uri",
            "https://login.microsoftonline.com:8443/keys".into(),
        ),
        ("jwks_uri", "file:///etc/passwd".into()),
        ("jwks_uri", String::new()),
    ] {
        let lie = (field, value.clone());
        let fake = Fake::new(move |seen| {
            let mut document = discovery();
            document[lie.0] = lie.1.clone().into();
            match seen.path() {
                DISCOVERY => answer(200, &document),
                _ => honest(seen),
            }
        });
        let failure = identify(&fake, &token).await.unwrap_err();
        assert_eq!(failure.kind, Kind::EndpointRefused, "{field} {value}");
        assert_eq!(fake.seen().len(), 1, "nothing is fetched from there");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_an_outage_not_a_wrong_token() {
    let token = signed(&header(), &claims().to_string());
    for (status, kind) in [
        (503, Kind::Unavailable),
        (404, Kind::Garbage),
        (302, Kind::RedirectRefused),
    ] {
        let fake = Fake::new(move |_| raw(status, "text/html", "<html>"));
        assert_eq!(identify(&fake, &token).await.unwrap_err().kind, kind);
    }
}
