//! What Conditional Access does to a sign-in and to the tokens that came of it, and how Graph
//! challenges tokens that live long.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;
use serde_json::json;

use crate::graph_world::Client;
use crate::world::{Admin, Answer, World};

const SCHEDULER: &str = "scheduler@larkspur.example";
const CP1: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;

async fn signed_in(world: &World) -> Answer {
    let code = world.code().await;
    let answer = world.redeem(&code, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn patch(admin: &Admin, path: &str, body: serde_json::Value) {
    let answer = admin.send("PATCH", path, &body).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
}

#[tokio::test]
async fn a_policy_stops_the_sign_in_on_the_page_and_the_refresh_in_its_own_words() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    for (block, code, suberror) in [
        ("policy", 53003, "message_only"),
        ("compliant-device", 53000, "message_only"),
        ("joined-device", 53001, "message_only"),
        ("approved-application", 53002, "message_only"),
        ("managed-device", 530_003, "additional_action"),
        ("security-defaults", 530_032, "message_only"),
    ] {
        for path in [
            format!("users/{SCHEDULER}"),
            "tenants/larkspur.example".to_owned(),
        ] {
            patch(&admin, &path, json!({"access": {"block": block}})).await;
            let refused = world.refresh(&token, &[]).await;
            refused.assert_refusal(400, "invalid_grant", code);
            assert_eq!(refused.text("suberror"), suberror);
            let mut browser = world.browser();
            let picker = browser.open(&world.authorize_url(&[])).await.page();
            let page = browser.choose(&picker, SCHEDULER).await.page();
            assert!(page.contains(&format!("AADSTS{code}")), "{page}");
            patch(&admin, &path, json!({"access": {}})).await;
        }
    }
    assert_eq!(world.refresh(&token, &[]).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_counts_for_so_many_hours() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let mut browser = world.browser();
    let back = browser.sign_in(&world.authorize_url(&[]), SCHEDULER).await;
    let tokens = world.redeem(&back["code"], &[]).await;
    let token = tokens.text("refresh_token").to_owned();
    let rule = json!({"access": {"sign_in_hours": 24}});
    patch(&admin, "tenants/larkspur.example", rule).await;
    world
        .sandbox
        .clock()
        .move_by(SignedDuration::from_hours(23));
    let later = world.refresh(&token, &[]).await;
    assert_eq!(later.status, 200, "{later:?}");
    world.sandbox.clock().move_by(SignedDuration::from_hours(2));
    // A token that was replaced meanwhile is as old as its sign-in.
    let refused = world.refresh(later.text("refresh_token"), &[]).await;
    refused.assert_refusal(400, "invalid_grant", 70043);
    assert_eq!(refused.text("suberror"), "bad_token");

    let silent = world.authorize_url(&[("prompt", "none")]);
    let back = browser.open(&silent).await.back();
    assert_eq!(back["error"], "login_required");
    assert!(back["error_description"].starts_with("AADSTS70044: "));
    let page = browser
        .open(&world.authorize_url(&[("prompt", "")]))
        .await
        .page();
    assert!(page.contains("Enter password"));
    let password = world.person(SCHEDULER).password;
    let back = browser
        .press(&page, "Sign in", &[("password", password.reveal())])
        .await
        .back();
    let fresh = world.redeem(&back["code"], &[]).await;
    assert_eq!(
        world.refresh(fresh.text("refresh_token"), &[]).await.status,
        200
    );
}

#[tokio::test]
async fn a_second_factor_that_is_demanded_later_is_brought_by_a_sign_in_with_the_claims() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let mut browser = world.browser();
    let back = browser.sign_in(&world.authorize_url(&[]), SCHEDULER).await;
    let token = world.redeem(&back["code"], &[]).await;
    let token = token.text("refresh_token").to_owned();
    patch(&admin, "tenants/larkspur.example", json!({"mfa": true})).await;
    let refused = world.refresh(&token, &[]).await;
    refused.assert_refusal(400, "invalid_grant", 50076);
    assert_eq!(refused.text("suberror"), "basic_action");

    let claims = refused.text("claims");
    let silent = [("prompt", "none"), ("claims", claims)];
    let back = browser.open(&world.authorize_url(&silent)).await.back();
    assert_eq!(back["error"], "interaction_required");
    assert!(back["error_description"].starts_with("AADSTS50076: "));
    let page = browser
        .open(&world.authorize_url(&[("prompt", ""), ("claims", claims)]))
        .await
        .page();
    assert!(page.contains("Approve sign in request"));
    let back = browser.press(&page, "Approve", &[]).await.back();
    let fresh = world.redeem(&back["code"], &[]).await;
    assert_eq!(
        world.refresh(fresh.text("refresh_token"), &[]).await.status,
        200
    );
}

#[tokio::test]
async fn claims_ask_for_a_second_factor_even_where_no_policy_does() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.sign_in(&world.authorize_url(&[]), SCHEDULER).await;
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let page = browser
        .open(&world.authorize_url(&[("prompt", ""), ("claims", claims)]))
        .await
        .page();
    assert!(page.contains("Approve sign in request"));
}

#[tokio::test]
async fn who_has_no_second_factor_sets_one_up() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    let path = format!("users/{SCHEDULER}");
    patch(&admin, &path, json!({"must_enrol": true})).await;
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 50079);
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser.choose(&picker, SCHEDULER).await.page();
    assert!(page.contains("More information required"));
    let back = browser.press(&page, "Set up and approve", &[]).await.back();
    assert!(back.contains_key("code"));
    // From then on it is an ordinary second factor.
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 50076);
    assert!(world.person(SCHEDULER).mfa);
}

#[tokio::test]
async fn a_second_factor_counts_for_so_many_hours() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let greta = "greta.falk@larkspur.example";
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser.choose(&picker, greta).await.page();
    let page = browser.press(&page, "Approve", &[]).await.page();
    let back = browser.press(&page, "Accept", &[]).await.back();
    let tokens = world.redeem(&back["code"], &[]).await;
    let rule = json!({"access": {"second_factor_hours": 8}});
    patch(&admin, &format!("users/{greta}"), rule).await;
    assert_eq!(
        world
            .refresh(tokens.text("refresh_token"), &[])
            .await
            .status,
        200
    );
    world.sandbox.clock().move_by(SignedDuration::from_hours(9));
    let refused = world.refresh(tokens.text("refresh_token"), &[]).await;
    refused.assert_refusal(400, "invalid_grant", 50078);
}

#[tokio::test]
async fn an_expired_password_stops_people_and_not_their_tokens() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    let path = format!("users/{SCHEDULER}");
    patch(&admin, &path, json!({"password_expired": true})).await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser.choose(&picker, SCHEDULER).await.page();
    assert!(page.contains("AADSTS50055"));
    assert_eq!(world.refresh(&token, &[]).await.status, 200);
}

#[tokio::test]
async fn a_password_that_an_administrator_resets_ends_every_token() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    let path = format!("users/{SCHEDULER}");
    patch(&admin, &path, json!({"password": "another one"})).await;
    let refused = world.refresh(&token, &[]).await;
    refused.assert_refusal(400, "invalid_grant", 50173);
    assert_eq!(refused.text("suberror"), "bad_token");
    let mut browser = world.browser();
    let page = browser
        .open(&world.authorize_url(&[("prompt", "login"), ("login_hint", SCHEDULER)]))
        .await
        .page();
    let back = browser
        .press(&page, "Sign in", &[("password", "another one")])
        .await
        .back();
    let fresh = world.redeem(&back["code"], &[]).await;
    assert_eq!(
        world.refresh(fresh.text("refresh_token"), &[]).await.status,
        200
    );
}

/// What Graph wants of the next token.
fn challenge(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{answer:?}");
    let header = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(header.contains("error=\"insufficient_claims\""), "{header}");
    let encoded = header.split("claims=\"").nth(1).unwrap();
    let encoded = encoded.split('"').next().unwrap();
    String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap()
}

/// The challenge's claims and the client's capability in one, as Microsoft's clients send them.
fn merged(challenge: &str) -> String {
    let mut claims: serde_json::Value = serde_json::from_str(challenge).unwrap();
    claims["access_token"]["xms_cc"] = json!({"values": ["CP1"]});
    claims.to_string()
}

#[tokio::test]
async fn graph_challenges_a_long_token_and_a_refresh_with_its_claims_goes_on() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let code = world.code().await;
    let tokens = world.redeem(&code, &[("claims", CP1)]).await;
    assert!(tokens.body["expires_in"].as_i64().unwrap() >= 72_000);
    let me = async |token: &str| Client::with_token(&world, token).get("/v1.0/me").await;
    assert_eq!(me(tokens.text("access_token")).await.status, 200);

    let path = format!("users/{SCHEDULER}");
    patch(&admin, &path, json!({"challenge": true})).await;
    let claims = challenge(&me(tokens.text("access_token")).await);
    let fresh = world
        .refresh(
            tokens.text("refresh_token"),
            &[("claims", &merged(&claims))],
        )
        .await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    assert_eq!(me(fresh.text("access_token")).await.status, 200);
}

#[tokio::test]
async fn after_a_revocation_the_refresh_asks_for_interaction() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let path = format!("users/{SCHEDULER}");
    for (change, code) in [
        (json!({"revoke_sessions": true}), 50173),
        (json!({"enabled": false}), 50057),
    ] {
        let authorization = world.code().await;
        let tokens = world.redeem(&authorization, &[("claims", CP1)]).await;
        patch(&admin, &path, change).await;
        let me = Client::with_token(&world, tokens.text("access_token"));
        let claims = challenge(&me.get("/v1.0/me").await);
        world
            .refresh(
                tokens.text("refresh_token"),
                &[("claims", &merged(&claims))],
            )
            .await
            .assert_refusal(400, "invalid_grant", code);
    }
}

#[tokio::test]
async fn a_client_that_does_not_declare_itself_is_never_challenged() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let tokens = signed_in(&world).await;
    assert!(tokens.body["expires_in"].as_i64().unwrap() <= 5_399);
    let path = format!("users/{SCHEDULER}");
    patch(
        &admin,
        &path,
        json!({"challenge": true, "revoke_sessions": true}),
    )
    .await;
    let me = Client::with_token(&world, tokens.text("access_token"));
    assert_eq!(me.get("/v1.0/me").await.status, 200);
}

#[tokio::test]
async fn a_client_that_turns_in_circles_is_stopped_where_the_tenant_says_so() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let token = signed_in(&world).await.text("refresh_token").to_owned();
    patch(&admin, "tenants/larkspur.example", json!({"loop_limit": 3})).await;
    for _ in 0..3 {
        assert_eq!(world.refresh(&token, &[]).await.status, 200);
    }
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_request", 50196);
    world.sandbox.clock().move_by(SignedDuration::from_mins(6));
    assert_eq!(world.refresh(&token, &[]).await.status, 200);
}

#[tokio::test]
async fn in_a_stricter_tenant_a_used_refresh_token_ends_the_whole_family() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let rule = json!({"one_use_refresh_tokens": true});
    patch(&admin, "tenants/larkspur.example", rule).await;
    let first = signed_in(&world).await;
    let other = signed_in(&world).await;
    let second = world.refresh(first.text("refresh_token"), &[]).await;
    assert_eq!(second.status, 200, "{second:?}");
    for token in [&first, &second] {
        world
            .refresh(token.text("refresh_token"), &[])
            .await
            .assert_refusal(400, "invalid_grant", 70000);
    }
    // Another sign-in is another family.
    assert_eq!(
        world.refresh(other.text("refresh_token"), &[]).await.status,
        200
    );
}

#[tokio::test]
async fn a_fresh_approval_may_take_a_while_to_arrive_in_tokens() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let rule = json!({"consent_delay_seconds": 60});
    patch(&admin, "tenants/larkspur.example", rule).await;
    let tokens = signed_in(&world).await;
    assert_eq!(tokens.text("scope"), "profile openid email");
    world.sandbox.clock().move_by(SignedDuration::from_secs(61));
    let later = world.refresh(tokens.text("refresh_token"), &[]).await;
    assert!(later.text("scope").contains("OnlineMeetings.ReadWrite"));
}
