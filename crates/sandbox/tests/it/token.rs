//! The token endpoint: what it demands, what it gives, how it refuses.

use jiff::SignedDuration;
use sandbox::ids::ClientId;

use crate::world::{Answer, SCOPES, World, settings};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

async fn signed_in(world: &World) -> Answer {
    let code = world.code().await;
    let answer = world.redeem(&code, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

#[tokio::test]
async fn a_code_becomes_tokens_with_every_claim() {
    let world = World::start().await;
    let answer = signed_in(&world).await;
    assert_eq!(answer.text("token_type"), "Bearer");
    assert_eq!(
        answer.text("scope"),
        "OnlineMeetings.ReadWrite User.Read User.ReadBasic.All profile openid email"
    );
    let life = answer.body["expires_in"].as_i64().unwrap();
    assert!((3599..=5399).contains(&life));
    assert!(answer.text("refresh_token").len() > 1024);
    assert!(answer.body.get("client_info").is_none());
    assert!(
        answer.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("no-store")
    );

    let claims = answer.id_claims(&world).await;
    let scheduler = world.person("scheduler@larkspur.example");
    let now = world.sandbox.now().as_second();
    assert_eq!(claims["aud"], world.sandbox.ithaca().0.to_string());
    assert_eq!(
        claims["iss"],
        format!("{}/{}/v2.0", world.url, world.larkspur())
    );
    assert_eq!(claims["tid"], world.larkspur().to_string());
    assert_eq!(claims["oid"], scheduler.id.to_string());
    assert_eq!(claims["name"], "Teams Scheduler");
    assert_eq!(claims["preferred_username"], "scheduler@larkspur.example");
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["ver"], "2.0");
    assert!(claims["iat"].as_i64().unwrap() <= now && claims["exp"].as_i64().unwrap() > now);
    for name in ["sub", "uti", "rh", "sid"] {
        assert!(claims[name].is_string(), "{name}");
    }
    assert!(claims.get("idp").is_none());
    assert!(claims.get("email").is_none());
}

#[tokio::test]
async fn a_nonce_comes_back_only_if_it_was_sent() {
    let world = World::start().await;
    let code = world
        .code_for("scheduler@larkspur.example", &[("nonce", "")])
        .await;
    let claims = world.redeem(&code, &[]).await.id_claims(&world).await;
    assert!(claims.get("nonce").is_none());
}

#[tokio::test]
async fn client_info_and_email_come_when_asked_for() {
    let world = World::start().await;
    let scope = format!("{SCOPES} email");
    let code = world
        .code_for("scheduler@larkspur.example", &[("scope", &scope)])
        .await;
    let answer = world.redeem(&code, &[("client_info", "1")]).await;
    assert!(!answer.text("client_info").is_empty());
    let claims = answer.id_claims(&world).await;
    assert_eq!(claims["email"], "scheduler@larkspur.example");
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let world = World::start().await;
    let scope = "openid profile User.Read OnlineMeetings.ReadWrite";
    let code = world
        .code_for("scheduler@larkspur.example", &[("scope", scope)])
        .await;
    let answer = world.redeem(&code, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.get("refresh_token").is_none());
}

#[tokio::test]
async fn a_guest_carries_its_home_in_the_token() {
    let world = World::start().await;
    world.sandbox.change(|state| {
        for tenant in state.tenants.values_mut() {
            tenant.consent_policy = sandbox::tenant::ConsentPolicy::Allow;
        }
    });
    let address = "dana.cole_partner.example#EXT#@larkspur.example";
    let code = world.code_for(address, &[]).await;
    let claims = world.redeem(&code, &[]).await.id_claims(&world).await;
    assert!(
        claims["idp"]
            .as_str()
            .unwrap()
            .starts_with("https://sts.windows.net/")
    );
    assert_eq!(claims["preferred_username"], "dana.cole@partner.example");
}

#[tokio::test]
async fn userinfo_says_the_same_as_the_id_token() {
    let world = World::start().await;
    let answer = signed_in(&world).await;
    let ask = async |token: &str| {
        crate::world::http()
            .get(format!("{}/oidc/userinfo", world.url))
            .header("authorization", format!("Bearer {token}"))
            .send()
            .await
            .unwrap()
    };
    let found = ask(answer.text("access_token"))
        .await
        .bytes()
        .await
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    let claims = answer.id_claims(&world).await;
    assert_eq!(
        (&found["sub"], &found["name"]),
        (&claims["sub"], &claims["name"])
    );
    assert_eq!(ask(answer.text("id_token")).await.status(), 401);
    world.sandbox.clock().move_by(hours(2));
    assert_eq!(ask(answer.text("access_token")).await.status(), 401);
}

#[tokio::test]
async fn a_code_works_once() {
    let world = World::start().await;
    let code = world.code().await;
    assert_eq!(world.redeem(&code, &[]).await.status, 200);
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(400, "invalid_grant", 54005);
}

#[tokio::test]
async fn a_code_is_bound_to_its_verifier_address_tenant_and_time() {
    let world = World::start().await;
    let code = world.code().await;
    let another = "another-verifier-of-at-least-forty-three-characters";
    for (change, status, error, number) in [
        (("code_verifier", another), 400, "invalid_grant", 501_481),
        (("code_verifier", ""), 400, "invalid_grant", 501_481),
        (
            ("redirect_uri", "http://127.0.0.1:8080/elsewhere"),
            401,
            "invalid_client",
            500_112,
        ),
        (("redirect_uri", ""), 400, "invalid_request", 900_144),
        (("code", ""), 400, "invalid_request", 900_144),
        (("code", "1.AXmade-up"), 400, "invalid_grant", 70000),
        (("scope", "User.Read.All"), 400, "invalid_grant", 65001),
        (("grant_type", ""), 400, "invalid_request", 900_144),
        (
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            400,
            "unsupported_grant_type",
            70003,
        ),
    ] {
        world
            .redeem(&code, &[change])
            .await
            .assert_refusal(status, error, number);
    }
    let elsewhere = world
        .token(
            &world.larkspur().to_string(),
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", crate::world::CALLBACK),
                ("code_verifier", crate::world::VERIFIER),
            ],
        )
        .await;
    elsewhere.assert_refusal(400, "invalid_grant", 700_005);
    world.sandbox.clock().move_by(SignedDuration::from_mins(11));
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(400, "invalid_grant", 70008);
}

#[tokio::test]
async fn a_verifier_for_a_code_without_challenge_is_refused() {
    let world = World::start().await;
    let change = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = world.code_for("scheduler@larkspur.example", &change).await;
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(400, "invalid_grant", 501_481);
    assert_eq!(
        world.redeem(&code, &[("code_verifier", "")]).await.status,
        200
    );
}

#[tokio::test]
async fn the_application_must_show_its_secret() {
    let world = World::start().await;
    let code = world.code().await;
    for (secret, number) in [("a wrong one", 7_000_215), ("", 7_000_218)] {
        world
            .redeem(&code, &[("client_secret", secret)])
            .await
            .assert_refusal(401, "invalid_client", number);
    }
    let unknown = [("client_id", "11111111-2222-3333-4444-555555555555")];
    world
        .redeem(&code, &unknown)
        .await
        .assert_refusal(400, "unauthorized_client", 700_016);

    let client_id = world.sandbox.ithaca().0;
    let now = world.sandbox.now();
    world.sandbox.change(|state| {
        state.apps.get_mut(&client_id).unwrap().secrets[0].expires_at = now;
    });
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(401, "invalid_client", 7_000_222);
}

#[tokio::test]
async fn the_secret_may_come_in_a_basic_header() {
    use base64::Engine as _;
    let world = World::start().await;
    let code = world.code().await;
    let (client_id, secret) = world.sandbox.ithaca();
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{client_id}:{}", encode(secret.reveal()));
    let form = serde_urlencoded::to_string([
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", crate::world::CALLBACK),
        ("code_verifier", crate::world::VERIFIER),
    ])
    .unwrap();
    let response = crate::world::http()
        .post(format!(
            "{}/ORGANIZATIONS/OAuth2/v2.0/Token?client-request-id=x",
            world.url
        ))
        .header(
            "authorization",
            format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair)),
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_correlation_id_comes_back() {
    let world = World::start().await;
    let id = "9f0cbb6a-0ac7-4a52-8ea2-5e0ae6b5b2b4";
    let response = crate::world::http()
        .post(format!("{}/organizations/oauth2/v2.0/token", world.url))
        .header("client-request-id", id)
        .send()
        .await
        .unwrap();
    let body: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["correlation_id"], id);
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_the_old_one_lives_on() {
    let world = World::start().await;
    let first = signed_in(&world).await;
    let second = world.refresh(first.text("refresh_token"), &[]).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert!(second.id_claims(&world).await.get("nonce").is_none());
    assert_eq!(
        world.refresh(first.text("refresh_token"), &[]).await.status,
        200
    );
    // It is not bound to the address it was asked for at.
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", second.text("refresh_token")),
    ];
    assert_eq!(world.token("organizations", &form).await.status, 200);
    let quillfield = world.tenant("quillfield.example").to_string();
    world
        .token(&quillfield, &form)
        .await
        .assert_refusal(400, "invalid_grant", 50020);
}

#[tokio::test]
async fn a_refresh_token_ends_ninety_days_after_its_last_use() {
    let world = World::start().await;
    let first = signed_in(&world).await;
    world.sandbox.clock().move_by(hours(89 * 24));
    let second = world.refresh(first.text("refresh_token"), &[]).await;
    assert_eq!(second.status, 200);
    world.sandbox.clock().move_by(hours(2 * 24));
    let late = world.refresh(first.text("refresh_token"), &[]).await;
    late.assert_refusal(400, "invalid_grant", 700_082);
    assert_eq!(late.text("suberror"), "bad_token");
    assert_eq!(
        world
            .refresh(second.text("refresh_token"), &[])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_is_not_a_refresh_token_is_refused() {
    let world = World::start().await;
    let first = signed_in(&world).await;
    let made_up = "x".repeat(1200);
    for (token, error, number) in [
        ("undefined", "invalid_grant", 9_002_313),
        ("", "invalid_request", 900_144),
        (made_up.as_str(), "invalid_grant", 70000),
        (first.text("access_token"), "invalid_grant", 70000),
    ] {
        world
            .refresh(token, &[])
            .await
            .assert_refusal(400, error, number);
    }
    let more = [("scope", "openid Calendars.ReadWrite")];
    let refused = world.refresh(first.text("refresh_token"), &more).await;
    refused.assert_refusal(400, "invalid_grant", 65001);
    assert_eq!(refused.text("suberror"), "consent_required");
}

#[tokio::test]
async fn another_application_cannot_use_a_stolen_refresh_token() {
    let world = World::start().await;
    let first = signed_in(&world).await;
    let other = ClientId(uuid::uuid!("11111111-2222-3333-4444-555555555555"));
    world.sandbox.change(|state| {
        let ithaca = state.apps.values().next().unwrap().clone();
        state.apps.insert(
            other,
            sandbox::tenant::app::AppRegistration {
                client_id: other,
                ..ithaca
            },
        );
    });
    world
        .refresh(
            first.text("refresh_token"),
            &[("client_id", &other.to_string())],
        )
        .await
        .assert_refusal(400, "invalid_grant", 70000);
}

#[tokio::test]
async fn the_account_decides_whether_its_tokens_live() {
    let world = World::start().await;
    let scheduler = "scheduler@larkspur.example";
    let token = signed_in(&world).await.text("refresh_token").to_owned();

    world.change_person(scheduler, |person| person.enabled = false);
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 50057);
    world.change_person(scheduler, |person| person.enabled = true);
    assert_eq!(world.refresh(&token, &[]).await.status, 200);

    world.sandbox.clock().move_by(SignedDuration::from_mins(1));
    let now = world.sandbox.now();
    world.change_person(scheduler, |person| person.sessions_valid_from = now);
    let revoked = world.refresh(&token, &[]).await;
    revoked.assert_refusal(400, "invalid_grant", 50173);
    assert_eq!(revoked.text("suberror"), "bad_token");

    let fresh = signed_in(&world).await.text("refresh_token").to_owned();
    let id = world.person(scheduler).id;
    world.sandbox.change(|state| state.people.remove(id));
    world
        .refresh(&fresh, &[])
        .await
        .assert_refusal(400, "invalid_grant", 50034);
}

#[tokio::test]
async fn the_tenant_decides_whether_the_application_stays() {
    let world = World::start().await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    world
        .sandbox
        .change(|state| state.service_principals[0].enabled = false);
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "unauthorized_client", 7_000_112);
    world
        .sandbox
        .change(|state| state.service_principals[0].enabled = true);
    world.sandbox.change(|state| state.grants.clear());
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 65001);
    world
        .sandbox
        .change(|state| state.service_principals.clear());
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "unauthorized_client", 700_016);
}

#[tokio::test]
async fn an_application_acts_as_itself_with_the_roles_that_were_approved() {
    let world = World::start().await;
    let tenant = world.larkspur();
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let refused = world.token(&tenant.to_string(), &form).await;
    refused.assert_refusal(400, "unauthorized_client", 700_016);
    signed_in(&world).await;
    world.sandbox.change(|state| {
        state.service_principals[0]
            .roles
            .insert("User.Read.All".to_owned());
    });
    let answer = world.token(&tenant.to_string(), &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for name in ["refresh_token", "id_token", "scope", "client_info"] {
        assert!(answer.body.get(name).is_none(), "{name}");
    }
    world.sandbox.read(|state| {
        let access = state
            .find_bearer(answer.text("access_token"), world.sandbox.now())
            .unwrap();
        assert!(access.person.is_none());
        assert!(access.roles.contains("User.Read.All"));
        assert!(access.scopes.is_empty());
    });
    world
        .token("organizations", &form)
        .await
        .assert_refusal(400, "invalid_request", 50059);
    world
        .token(&tenant.to_string(), &[form[0], ("scope", "User.Read")])
        .await
        .assert_refusal(400, "invalid_scope", 1_002_012);
}

#[tokio::test]
async fn a_client_that_understands_claims_gets_long_tokens_that_can_be_revoked() {
    let world = World::start().await;
    let claims = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
    let code = world
        .code_for("scheduler@larkspur.example", &[("claims", claims)])
        .await;
    let answer = world.redeem(&code, &[]).await;
    assert!(answer.body["expires_in"].as_i64().unwrap() >= 72_000);
    let token = answer.text("access_token");
    let bearer = |world: &World| {
        world
            .sandbox
            .read(|state| state.find_bearer(token, world.sandbox.now()).map(|_| ()))
    };
    assert_eq!(bearer(&world), Ok(()));
    world.sandbox.clock().move_by(SignedDuration::from_mins(1));
    let now = world.sandbox.now();
    world.change_person("scheduler@larkspur.example", |person| {
        person.sessions_valid_from = now;
    });
    assert_eq!(bearer(&world), Err(sandbox::tenant::BearerRefusal::Revoked));
}

#[tokio::test]
async fn after_a_restart_the_stored_refresh_token_still_works() {
    let folder = std::env::temp_dir().join(format!("sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("restart.json");
    let (token, kid) = {
        let world = World::start().await;
        let first = signed_in(&world).await;
        world.sandbox.save(&path).unwrap();
        let keys = world.get("/common/discovery/v2.0/keys").await.body;
        (
            first.text("refresh_token").to_owned(),
            keys["keys"][0]["kid"].clone(),
        )
    };
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains(&token),
        "the state file holds a usable token"
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let mut settings = settings(&url);
    settings.signing_key = None;
    let world = World::serve(sandbox::Sandbox::load(settings, &path).unwrap(), listener);
    let keys = world.get("/common/discovery/v2.0/keys").await.body;
    assert_eq!(keys["keys"][0]["kid"], kid);
    let answer = world.refresh(&token, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id_claims(&world).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
