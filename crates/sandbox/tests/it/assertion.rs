//! Applications that prove themselves by certificate, as Microsoft's clients do it.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Signer as _};
use sandbox::SigningKey;
use sandbox::random::Random;
use sandbox::tenant::app::Certificate;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::world::{Admin, Answer, World};

/// A key and its certificate, as an application would hold them.
struct Holder {
    private: rsa::PrivateKey,
    der: Vec<u8>,
}

/// The same stream of randomness makes the same key twice: once to sign with, once certified.
fn holder() -> &'static Holder {
    static HOLDER: OnceLock<Holder> = OnceLock::new();
    HOLDER.get_or_init(|| {
        let seed = b"an application's key";
        let certified = SigningKey::generate(Random::seeded(seed));
        Holder {
            private: rsa::PrivateKey::new(&mut Random::seeded(seed), 2048).unwrap(),
            der: BASE64_STANDARD.decode(certified.certificate()).unwrap(),
        }
    })
}

struct Assertion {
    header: Value,
    claims: Value,
}

impl Assertion {
    /// As msal-node 7 sends it: unpadded thumbprint, whole seconds, `nbf`.
    fn node(world: &World) -> Self {
        let now = world.sandbox.now().as_second();
        let client_id = world.sandbox.ithaca().0;
        Self {
            header: json!({
                "alg": "PS256",
                "typ": "JWT",
                "x5t#S256": BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&holder().der)),
            }),
            claims: json!({
                "aud": format!("{}/{}/oauth2/v2.0/token", world.url, world.larkspur()),
                "iss": client_id,
                "sub": client_id,
                "jti": world.sandbox.random().uuid(),
                "nbf": now,
                "exp": now + 600,
            }),
        }
    }

    /// As MSAL Python 1.39 sends it: padded thumbprint, fractions of seconds, no `nbf`.
    fn python(world: &World) -> Self {
        let mut assertion = Self::node(world);
        assertion.header["x5t#S256"] = json!(BASE64_URL_SAFE.encode(Sha256::digest(&holder().der)));
        let claims = assertion.claims.as_object_mut().unwrap();
        let issued = claims.remove("nbf").unwrap().as_f64().unwrap() + 0.72;
        claims.insert("iat".to_owned(), json!(issued));
        claims.insert("exp".to_owned(), json!(issued + 600.0));
        assertion
    }

    /// As older clients send it.
    fn older(world: &World) -> Self {
        let mut assertion = Self::node(world);
        assertion.header = json!({
            "alg": "RS256",
            "typ": "JWT",
            "x5t": BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(&holder().der)),
        });
        assertion
    }

    fn signed(&self) -> String {
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let private = holder().private.clone();
        let signature = if self.header["alg"] == "PS256" {
            rsa::pss::SigningKey::<Sha256>::new(private)
                .sign_with_rng(&mut Random::system(), text.as_bytes())
                .to_vec()
        } else {
            rsa::pkcs1v15::SigningKey::<Sha256>::new(private)
                .sign(text.as_bytes())
                .to_vec()
        };
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Ithaca's app registration knows the certificate, and Larkspur has approved the application.
async fn registered() -> World {
    let world = World::start().await;
    world.code().await;
    register(&world, Timestamp::MAX);
    world
}

fn register(world: &World, expires_at: Timestamp) {
    let client_id = world.sandbox.ithaca().0;
    world.sandbox.change(|state| {
        let app = state.apps.get_mut(&client_id).unwrap();
        app.certificates = vec![Certificate {
            der: holder().der.clone(),
            expires_at,
        }];
    });
}

async fn ask(world: &World, assertion: &str) -> Answer {
    let form = [
        ("client_secret", ""),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    world.token(&world.larkspur().to_string(), &form).await
}

#[tokio::test]
async fn every_kind_of_assertion_that_clients_send_is_taken() {
    let world = registered().await;
    for assertion in [
        Assertion::node(&world),
        Assertion::python(&world),
        Assertion::older(&world),
    ] {
        let answer = ask(&world, &assertion.signed()).await;
        assert_eq!(answer.status, 200, "{} {answer:?}", assertion.header);
        assert!(answer.body.get("refresh_token").is_none());
    }
    // By the tenant's domain, in the address and in `aud`.
    let mut by_name = Assertion::node(&world);
    by_name.claims["aud"] = json!(format!("{}/larkspur.example/oauth2/v2.0/token", world.url));
    let form = [
        ("client_secret", ""),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &by_name.signed()),
    ];
    assert_eq!(world.token("larkspur.example", &form).await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_is_registered_by_lever_counts_until_its_own_end() {
    let world = World::start().await;
    world.code().await;
    let admin = Admin::start(&world).await;
    let path = format!("apps/{}/certificates", world.sandbox.ithaca().0);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        BASE64_STANDARD.encode(&holder().der)
    );
    for nonsense in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        &pem[..200],
        &pem.replace("END", "NED"),
    ] {
        let refused = admin
            .send("POST", &path, &json!({"certificate": nonsense}))
            .await;
        assert_eq!(refused.status, 400, "{nonsense}");
        assert_eq!(refused.body["error"]["field"], "certificate");
    }
    let body = json!({"certificate": pem});
    let elsewhere = admin.send("POST", "apps/x/certificates", &body).await;
    assert_eq!(elsewhere.status, 404);
    let before = ask(&world, &Assertion::node(&world).signed()).await;
    before.assert_refusal(401, "invalid_client", 700_027);

    assert_eq!(admin.send("POST", &path, &body).await.status, 204);
    let assertion = Assertion::node(&world);
    assert_eq!(ask(&world, &assertion.signed()).await.status, 200);
    let end = world.sandbox.read(|state| {
        let app = &state.apps[&world.sandbox.ithaca().0];
        app.certificates[0].expires_at
    });
    assert_eq!(end.to_string(), "2049-12-31T23:59:59Z");
}

#[tokio::test]
async fn a_code_can_be_redeemed_by_assertion() {
    let world = registered().await;
    let code = world.code().await;
    let mut assertion = Assertion::python(&world);
    assertion.claims["aud"] = json!(format!("{}/organizations/oauth2/v2.0/token", world.url));
    let change = [
        ("client_secret", ""),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &assertion.signed()),
    ];
    assert_eq!(world.redeem(&code, &change).await.status, 200);
}

#[tokio::test]
async fn an_assertion_is_bound_to_its_key_its_application_its_audience_and_its_time() {
    let world = registered().await;
    let now = world.sandbox.now().as_second();
    let with_claim = |name: &str, value: Value| {
        let mut assertion = Assertion::node(&world);
        assertion.claims[name] = value;
        assertion.signed()
    };
    let with_header = |name: &str, value: Value| {
        let mut assertion = Assertion::node(&world);
        assertion.header[name] = value;
        assertion.signed()
    };
    let other = json!("11111111-2222-3333-4444-555555555555");
    let elsewhere = json!("https://login.microsoftonline.com/common/oauth2/v2.0/token");
    let quillfield = world.tenant("quillfield.example");
    let mut nameless = Assertion::node(&world);
    nameless.header.as_object_mut().unwrap().remove("x5t#S256");
    let mut endless = Assertion::node(&world);
    endless.claims.as_object_mut().unwrap().remove("exp");
    let good = Assertion::node(&world).signed();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let zeros = BASE64_URL_SAFE_NO_PAD.encode([0; 256]);
    for (assertion, code) in [
        (with_header("x5t#S256", json!("unknown")), 700_027),
        (format!("{signed}.{zeros}"), 700_027),
        (format!("{signed}."), 700_027),
        (with_header("alg", json!("RS512")), 5_002_738),
        (with_header("alg", json!("none")), 5_002_738),
        (nameless.signed(), 50027),
        (endless.signed(), 50027),
        ("a.b.c".to_owned(), 50027),
        ("no assertion at all".to_owned(), 50027),
        (with_claim("iss", other.clone()), 700_021),
        (with_claim("sub", other), 700_021),
        (with_claim("aud", elsewhere), 700_023),
        (
            with_claim(
                "aud",
                json!(format!("{}/{quillfield}/oauth2/v2.0/token", world.url)),
            ),
            700_023,
        ),
        (with_claim("exp", json!(now - 301)), 700_024),
        (with_claim("nbf", json!(now + 301)), 700_024),
    ] {
        ask(&world, &assertion)
            .await
            .assert_refusal(401, "invalid_client", code);
    }
    assert_eq!(ask(&world, &good).await.status, 200);
    // Five minutes between two clocks are no reason.
    for (name, at) in [("exp", now - 299), ("nbf", now + 299)] {
        assert_eq!(ask(&world, &with_claim(name, json!(at))).await.status, 200);
    }
}

#[tokio::test]
async fn an_expired_certificate_proves_nothing() {
    let world = registered().await;
    let end = world.sandbox.now() + SignedDuration::from_mins(1);
    register(&world, end);
    let good = Assertion::python(&world).signed();
    assert_eq!(ask(&world, &good).await.status, 200);
    world.sandbox.clock().move_by(SignedDuration::from_mins(1));
    ask(&world, &good)
        .await
        .assert_refusal(401, "invalid_client", 50012);
}

#[tokio::test]
async fn an_assertion_is_sent_again_for_ten_minutes_unless_the_tenant_is_stricter() {
    let world = registered().await;
    let admin = Admin::start(&world).await;
    // Microsoft's clients keep theirs, so that a refusal would break them.
    let kept = Assertion::python(&world).signed();
    for _ in 0..2 {
        assert_eq!(ask(&world, &kept).await.status, 200);
    }
    let rule = json!({"one_use_assertions": true});
    admin.send("PATCH", "tenants/larkspur.example", &rule).await;
    assert_eq!(ask(&world, &kept).await.status, 200);
    ask(&world, &kept)
        .await
        .assert_refusal(401, "invalid_client", 700_027);
    let another = Assertion::python(&world).signed();
    assert_eq!(ask(&world, &another).await.status, 200);
}

#[tokio::test]
async fn the_kind_of_assertion_must_be_named() {
    let world = registered().await;
    let assertion = Assertion::node(&world).signed();
    for (kind, status, error, code) in [
        ("", 400, "invalid_request", 900_144),
        (
            "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            401,
            "invalid_client",
            7_000_218,
        ),
    ] {
        let form = [
            ("client_secret", ""),
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_assertion_type", kind),
            ("client_assertion", &assertion),
        ];
        world
            .token(&world.larkspur().to_string(), &form)
            .await
            .assert_refusal(status, error, code);
    }
}
