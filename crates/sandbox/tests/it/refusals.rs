//! Every refusal of Entra ID that the contract names, in Microsoft's shape, on demand.

use sandbox::faults::{Act, Fault};

use crate::world::World;

/// Number, `error`, `suberror`, status.
const TABLE: &[(u32, &str, &str, u16)] = &[
    (50173, "invalid_grant", "bad_token", 400),
    (700_082, "invalid_grant", "bad_token", 400),
    (70008, "invalid_grant", "bad_token", 400),
    (70043, "invalid_grant", "bad_token", 400),
    (700_084, "invalid_grant", "", 400),
    (70000, "invalid_grant", "", 400),
    (54005, "invalid_grant", "", 400),
    (501_481, "invalid_grant", "", 400),
    (65001, "invalid_grant", "consent_required", 400),
    (50057, "invalid_grant", "", 400),
    (50034, "invalid_grant", "", 400),
    (50055, "invalid_grant", "user_password_expired", 400),
    (50144, "invalid_grant", "user_password_expired", 400),
    (50074, "interaction_required", "basic_action", 400),
    (50076, "interaction_required", "basic_action", 400),
    (50078, "interaction_required", "basic_action", 400),
    (50079, "interaction_required", "basic_action", 400),
    (53000, "invalid_grant", "message_only", 400),
    (53001, "invalid_grant", "message_only", 400),
    (53002, "invalid_grant", "message_only", 400),
    (53003, "invalid_grant", "message_only", 400),
    (530_003, "invalid_grant", "additional_action", 400),
    (530_032, "invalid_grant", "message_only", 400),
    (7_000_215, "invalid_client", "", 401),
    (7_000_222, "invalid_client", "", 401),
    (700_027, "invalid_client", "", 401),
    (50012, "invalid_client", "", 401),
    (7_000_218, "invalid_client", "", 401),
    (700_025, "invalid_client", "", 401),
    (700_016, "unauthorized_client", "", 400),
    (7_000_112, "unauthorized_client", "", 400),
    (500_011, "invalid_resource", "", 400),
    (700_005, "invalid_grant", "", 400),
    (50194, "invalid_request", "", 400),
    (50020, "invalid_grant", "", 400),
    (500_208, "invalid_request", "", 400),
    (90002, "invalid_request", "", 400),
    (900_144, "invalid_request", "", 400),
    (9_002_313, "invalid_request", "", 400),
    (50196, "invalid_request", "", 400),
    (90033, "temporarily_unavailable", "", 503),
    (90024, "temporarily_unavailable", "", 503),
    (50033, "temporarily_unavailable", "", 503),
];

#[tokio::test]
async fn every_refusal_of_the_contract_can_be_had_on_demand() {
    let world = World::start().await;
    for (code, error, suberror, status) in TABLE {
        world.sandbox.fault(Fault::once(
            "/organizations/oauth2/v2.0/token",
            Act::aadsts(*code),
        ));
        let answer = world
            .token("organizations", &[("grant_type", "refresh_token")])
            .await;
        answer.assert_refusal(*status, error, *code);
        assert_eq!(answer.text("suberror"), *suberror, "{code}");
        assert_eq!(
            answer.text("error_uri"),
            format!("{}/error?code={code}", world.url)
        );
        // What an interactive sign-in has to bring along.
        let challenge = matches!(code, 50074 | 50076 | 50078 | 50079);
        assert_eq!(answer.body.get("claims").is_some(), challenge, "{code}");
        if challenge {
            let claims: serde_json::Value = serde_json::from_str(answer.text("claims")).unwrap();
            assert!(claims["access_token"]["capolids"].is_object(), "{claims}");
        }
    }
}

#[tokio::test]
async fn answers_carry_the_headers_that_microsofts_carry() {
    let world = World::start().await;
    let code = world.code().await;
    let id = "9f0cbb6a-0ac7-4a52-8ea2-5e0ae6b5b2b4";
    let ask = async |code: &str| {
        let (client_id, secret) = world.sandbox.ithaca();
        let form = serde_urlencoded::to_string([
            ("client_id", client_id.to_string().as_str()),
            ("client_secret", secret.reveal()),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", crate::world::CALLBACK),
            ("code_verifier", crate::world::VERIFIER),
            // What clients say about themselves counts nowhere.
            ("x-client-SKU", "msal.js.node"),
            ("x-client-VER", "7.2.1"),
            ("x-ms-lib-capability", "retry-after, h429"),
            ("x-client-current-telemetry", "5|771,0,,,|,"),
        ])
        .unwrap();
        crate::world::http()
            .post(format!(
                "{}/organizations/oauth2/v2.0/token?client-request-id={id}&grant_type=nonsense",
                world.url
            ))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("return-client-request-id", "true")
            .body(form)
            .send()
            .await
            .unwrap()
    };
    for (code, status) in [(code.as_str(), 200), ("1.AXmade-up", 400)] {
        let response = ask(code).await;
        assert_eq!(response.status(), status);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store, no-cache");
        assert_eq!(header("pragma"), "no-cache");
        assert_eq!(header("content-type"), "application/json; charset=utf-8");
        assert_eq!(header("client-request-id"), id);
        assert!(!header("x-ms-request-id").is_empty());
        assert!(!header("x-ms-ests-server").is_empty());
        assert!(header("p3p").starts_with("CP="));
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
    }
}

#[tokio::test]
async fn addresses_are_taken_in_any_case_and_with_doubled_slashes() {
    let world = World::start().await;
    for path in [
        "/ORGANIZATIONS/OAuth2/V2.0/Token",
        "//organizations/oauth2/v2.0/token",
        "/organizations//oauth2//v2.0/token",
    ] {
        let response = crate::world::http()
            .post(format!("{}{path}", world.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{path}");
        assert!(response.headers().contains_key("x-ms-request-id"), "{path}");
    }
    let found = world
        .get("/Larkspur.Example/V2.0/.Well-Known/OpenID-Configuration")
        .await;
    assert_eq!(found.status, 200);
}

#[tokio::test]
async fn the_token_endpoint_takes_nothing_but_posts() {
    let world = World::start().await;
    let page = world
        .browser()
        .open(&format!("{}/organizations/oauth2/v2.0/token", world.url))
        .await
        .page();
    assert!(page.contains("AADSTS900561"), "{page}");
    assert!(page.contains("Correlation Id"));
}
