//! Kinds of clients that Ithaca isn't: pages in a browser, programs that can keep no secret, and
//! the grants that confidential applications are refused.

use jiff::SignedDuration;
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use sandbox::ids::ClientId;
use sandbox::tenant::app::{AppRegistration, Redirect, RedirectKind};

use crate::world::{Answer, Browser, VERIFIER, World, http, s256};

const PAGE: &str = "http://127.0.0.1:8080/integrations/microsoft/callback/page";
const ORIGIN_OF_PAGE: &str = "http://127.0.0.1:8080";
const CLIENT: ClientId = ClientId(uuid::uuid!("11111111-2222-3333-4444-555555555555"));
const SCHEDULER: &str = "scheduler@larkspur.example";

/// Registers an application of this kind, without a secret.
async fn registered(kind: RedirectKind) -> World {
    let world = World::start().await;
    let ithaca = world.sandbox.ithaca().0;
    world.sandbox.change(|state| {
        let ithaca = state.apps[&ithaca].clone();
        state.apps.insert(
            CLIENT,
            AppRegistration {
                client_id: CLIENT,
                redirects: vec![Redirect {
                    kind,
                    uri: PAGE.to_owned(),
                }],
                secrets: Vec::new(),
                ..ithaca
            },
        );
    });
    world
}

async fn code(world: &World, change: &[(&str, &str)]) -> String {
    let client_id = CLIENT.to_string();
    let mut asked = vec![("client_id", client_id.as_str()), ("redirect_uri", PAGE)];
    asked.extend(change);
    let mut browser: Browser = world.browser();
    let back = browser
        .sign_in(&world.authorize_url(&asked), SCHEDULER)
        .await;
    back["code"].clone()
}

async fn ask(world: &World, origin: Option<&str>, form: &[(&str, &str)]) -> Answer {
    let client_id = CLIENT.to_string();
    let mut parameters = vec![("client_id", client_id.as_str())];
    parameters.extend(form.iter().filter(|(_, value)| !value.is_empty()));
    let mut request = http()
        .post(format!("{}/organizations/oauth2/v2.0/token", world.url))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(parameters).unwrap());
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    Answer::read(request.send().await.unwrap()).await
}

async fn redeem(world: &World, origin: Option<&str>, code: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", PAGE),
        ("code_verifier", VERIFIER),
    ];
    form.extend(more);
    ask(world, origin, &form).await
}

#[tokio::test]
async fn the_tokens_of_a_page_end_a_day_after_its_sign_in() {
    let world = registered(RedirectKind::Spa).await;
    let code = code(&world, &[]).await;
    let origin = Some(ORIGIN_OF_PAGE);
    redeem(&world, None, &code, &[])
        .await
        .assert_refusal(400, "invalid_request", 9_002_327);
    let first = redeem(&world, origin, &code, &[]).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.headers["access-control-allow-origin"], "*");

    world
        .sandbox
        .clock()
        .move_by(SignedDuration::from_hours(23));
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        ask(&world, origin, &form).await
    };
    let second = refresh(first.text("refresh_token")).await;
    assert_eq!(second.status, 200, "{second:?}");
    world.sandbox.clock().move_by(SignedDuration::from_hours(2));
    for token in [&first, &second] {
        refresh(token.text("refresh_token"))
            .await
            .assert_refusal(400, "invalid_grant", 700_084);
    }
}

#[tokio::test]
async fn a_page_proves_its_code_by_pkce() {
    let world = registered(RedirectKind::Spa).await;
    let bare = code(
        &world,
        &[("code_challenge", ""), ("code_challenge_method", "")],
    )
    .await;
    redeem(&world, Some(ORIGIN_OF_PAGE), &bare, &[])
        .await
        .assert_refusal(400, "invalid_request", 9_002_325);
}

#[tokio::test]
async fn a_page_may_not_redeem_what_was_meant_for_a_server() {
    let world = World::start().await;
    let code = world.code().await;
    let (client_id, secret) = world.sandbox.ithaca();
    let form = serde_urlencoded::to_string([
        ("client_id", client_id.to_string().as_str()),
        ("client_secret", secret.reveal()),
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", crate::world::CALLBACK),
        ("code_verifier", VERIFIER),
    ])
    .unwrap();
    let response = http()
        .post(format!("{}/organizations/oauth2/v2.0/token", world.url))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ORIGIN, ORIGIN_OF_PAGE)
        .body(form)
        .send()
        .await
        .unwrap();
    Answer::read(response)
        .await
        .assert_refusal(400, "invalid_request", 9_002_326);
}

#[tokio::test]
async fn a_browser_may_ask_the_token_endpoint_beforehand() {
    let world = World::start().await;
    let response = http()
        .request(
            reqwest::Method::OPTIONS,
            format!("{}/organizations/oauth2/v2.0/token", world.url),
        )
        .header(ORIGIN, ORIGIN_OF_PAGE)
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_public_client_shows_nothing_and_must_not() {
    let world = registered(RedirectKind::Public).await;
    let code = code(&world, &[]).await;
    redeem(&world, None, &code, &[("client_secret", "a secret")])
        .await
        .assert_refusal(401, "invalid_client", 700_025);
    let tokens = redeem(&world, None, &code, &[]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.text("refresh_token")),
    ];
    world
        .sandbox
        .clock()
        .move_by(SignedDuration::from_hours(48));
    assert_eq!(ask(&world, None, &form).await.status, 200);
}

#[tokio::test]
async fn a_plain_challenge_is_the_verifier_itself() {
    let world = World::start().await;
    for method in ["plain", ""] {
        let change = [
            ("code_challenge", VERIFIER),
            ("code_challenge_method", method),
        ];
        let code = world.code_for(SCHEDULER, &change).await;
        world
            .redeem(&code, &[("code_verifier", &s256(VERIFIER))])
            .await
            .assert_refusal(400, "invalid_grant", 501_481);
        assert_eq!(world.redeem(&code, &[]).await.status, 200, "{method}");
    }
}

#[tokio::test]
async fn a_password_sent_by_the_application_is_refused_step_by_step() {
    let world = World::start().await;
    let password = world.person(SCHEDULER).password;
    let oskar = world.person("oskar.lund@larkspur.example").password;
    let ask = async |segment: &str, change: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "password"),
            ("scope", "User.Read"),
            ("username", SCHEDULER),
            ("password", password.reveal()),
        ];
        form.extend(change);
        world.token(segment, &form).await
    };
    let refused = ask("organizations", &[]).await;
    refused.assert_refusal(400, "invalid_grant", 50076);
    assert_eq!(refused.text("suberror"), "basic_action");
    for segment in ["common", "consumers"] {
        ask(segment, &[])
            .await
            .assert_refusal(400, "invalid_request", 9_001_023);
    }
    let disabled = [
        ("username", "oskar.lund@larkspur.example"),
        ("password", oskar.reveal()),
    ];
    for (change, status, error, code) in [
        (
            &[("client_secret", "")][..],
            401,
            "invalid_client",
            7_000_218,
        ),
        (&[("password", "a guess")][..], 400, "invalid_grant", 50126),
        (
            &[("username", "nobody@x.example")][..],
            400,
            "invalid_grant",
            50034,
        ),
        (&[("username", "")][..], 400, "invalid_request", 900_144),
        (&disabled[..], 400, "invalid_grant", 50057),
    ] {
        ask("organizations", change)
            .await
            .assert_refusal(status, error, code);
    }
}

#[tokio::test]
async fn a_code_for_another_device_is_refused() {
    let world = World::start().await;
    let client_id = world.sandbox.ithaca().0.to_string();
    let ask = async |client_id: &str| {
        let response = http()
            .post(format!(
                "{}/organizations/oauth2/v2.0/devicecode",
                world.url
            ))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("client_id={client_id}&scope=User.Read"))
            .send()
            .await
            .unwrap();
        Answer::read(response).await
    };
    ask(&client_id)
        .await
        .assert_refusal(401, "invalid_client", 7_000_218);
    ask("nobody")
        .await
        .assert_refusal(400, "unauthorized_client", 700_016);
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", "made up"),
    ];
    world
        .token("organizations", &form)
        .await
        .assert_refusal(400, "bad_verification_code", 70018);
}

#[tokio::test]
async fn a_token_is_for_one_resource_that_is_there() {
    let world = World::start().await;
    let code = world.code().await;
    let tokens = world.redeem(&code, &[]).await;
    let token = tokens.text("refresh_token");
    for (scope, error, code) in [
        (
            "https://vault.example/.default",
            "invalid_resource",
            500_011,
        ),
        (
            "User.Read https://vault.example/read",
            "invalid_scope",
            28000,
        ),
        (
            "https://graph.microsoft.com/.default User.Read",
            "invalid_scope",
            70011,
        ),
        ("User.Read.Nothing", "invalid_client", 650_053),
    ] {
        let refused = world.refresh(token, &[("scope", scope)]).await;
        assert_eq!(refused.text("error"), error, "{scope}: {refused:?}");
        assert_eq!(refused.body["error_codes"][0], code);
    }
    let everything = "https://graph.microsoft.com/.default offline_access openid";
    let answer = world.refresh(token, &[("scope", everything)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let own = [
        ("grant_type", "client_credentials"),
        ("scope", "https://vault.example/.default"),
    ];
    world
        .token(&world.larkspur().to_string(), &own)
        .await
        .assert_refusal(400, "invalid_resource", 500_011);
}

#[tokio::test]
async fn malformed_claims_are_refused_at_the_token_endpoint_too() {
    let world = World::start().await;
    let code = world.code().await;
    for claims in ["{not json", "[]", "7"] {
        world
            .redeem(&code, &[("claims", claims)])
            .await
            .assert_refusal(400, "invalid_request", 9_002_313);
    }
    assert_eq!(world.redeem(&code, &[("claims", "{}")]).await.status, 200);
}
