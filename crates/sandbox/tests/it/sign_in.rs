//! The authorize endpoint and its pages.

use sandbox::tenant::app::{Audience, Redirect, RedirectKind};

use crate::world::{Shown, World};

#[tokio::test]
async fn the_scheduler_signs_in_accepts_and_the_application_gets_a_code() {
    let world = World::start().await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    assert!(picker.contains("Pick an account"));
    assert!(picker.contains("Sandbox tenant – not Microsoft"));
    let page = browser
        .choose(&picker, "scheduler@larkspur.example")
        .await
        .page();
    assert!(page.contains("Permissions requested"));
    for words in [
        "Ithaca (self-hosted)",
        "Read and create your online meetings",
        "Read all users&#39; basic profiles",
        "Consent on behalf of your organization",
    ] {
        assert!(page.contains(words), "{words} is not on {page}");
    }
    let back = browser.press(&page, "Accept", &[]).await.back();
    assert_eq!(back["state"], "a state");
    assert!(back["code"].len() > 100);
    assert!(back.contains_key("session_state"));
    assert!(!back.contains_key("client_info"));
}

#[tokio::test]
async fn cancel_goes_back_with_access_denied_and_leaves_nothing_approved() {
    let world = World::start().await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser
        .choose(&picker, "scheduler@larkspur.example")
        .await
        .page();
    let back = browser.press(&page, "Cancel", &[]).await.back();
    assert_eq!(back["error"], "access_denied");
    assert_eq!(back["error_subcode"], "cancel");
    assert!(back["error_description"].starts_with("AADSTS65004: "));
    assert_eq!(back["state"], "a state");
    world.sandbox.read(|state| {
        assert!(state.grants.is_empty());
        assert!(state.service_principals.is_empty());
    });
}

#[tokio::test]
async fn a_wrong_application_or_redirect_is_told_on_the_page_and_never_sent_back() {
    let world = World::start().await;
    let other = "11111111-2222-3333-4444-555555555555";
    let attack = "http://127.0.0.1:8080/integrations/microsoft/callback/../../evil";
    for (change, code) in [
        (("redirect_uri", attack), "AADSTS50011"),
        (
            (
                "redirect_uri",
                "http://127.0.0.1:8080/INTEGRATIONS/microsoft/callback",
            ),
            "AADSTS50011",
        ),
        (("client_id", other), "AADSTS700016"),
        (("client_id", "no id at all"), "AADSTS700016"),
        (("client_id", ""), "AADSTS900144"),
    ] {
        let page = world
            .browser()
            .open(&world.authorize_url(&[change]))
            .await
            .page();
        assert!(page.contains(code), "{change:?}: {page}");
    }
    let page = world
        .browser()
        .open(&format!("{}&state=another", world.authorize_url(&[])))
        .await
        .page();
    assert!(page.contains("AADSTS9000411"));
    let page = world
        .browser()
        .open(&world.authorize_url_at("nowhere.example", &[]))
        .await
        .page();
    assert!(page.contains("AADSTS90002"));
}

#[tokio::test]
async fn what_is_wrong_with_the_request_goes_back_to_the_application() {
    let world = World::start().await;
    for (change, error, code) in [
        (
            ("response_type", "token"),
            "unsupported_response_type",
            "AADSTS700051",
        ),
        (("response_type", ""), "invalid_request", "AADSTS900144"),
        (("scope", ""), "invalid_request", "AADSTS900144"),
        (
            ("scope", "openid OnlineMeetings.ReadWrite.All"),
            "invalid_client",
            "AADSTS650053",
        ),
        (
            ("scope", "https://vault.example/.default"),
            "invalid_resource",
            "AADSTS500011",
        ),
        (
            ("scope", "https://graph.microsoft.com/.default User.Read"),
            "invalid_scope",
            "AADSTS70011",
        ),
        (
            ("scope", "User.Read https://vault.example/read"),
            "invalid_scope",
            "AADSTS28000",
        ),
        (("claims", "{not json"), "invalid_request", "AADSTS9002313"),
        (
            ("response_type", "code id_token"),
            "unsupported_response_type",
            "AADSTS700054",
        ),
        (
            ("response_type", "smoke"),
            "unsupported_response_type",
            "AADSTS70005",
        ),
        (
            ("code_challenge_method", "S512"),
            "invalid_request",
            "AADSTS90023",
        ),
        (
            ("prompt", "admin_consent"),
            "invalid_request",
            "AADSTS90023",
        ),
        (
            ("response_mode", "carrier_pigeon"),
            "invalid_request",
            "AADSTS70007",
        ),
        (
            ("code_challenge", "short"),
            "invalid_request",
            "AADSTS501491",
        ),
    ] {
        let back = world
            .browser()
            .open(&world.authorize_url(&[change]))
            .await
            .back();
        assert_eq!(back["error"], error, "{change:?}");
        assert!(back["error_description"].starts_with(code), "{back:?}");
        assert_eq!(back["state"], "a state");
    }
}

#[tokio::test]
async fn personal_disabled_and_foreign_accounts_are_stopped_on_the_page() {
    let world = World::start().await;
    for (segment, address, code) in [
        (
            "organizations",
            "robin.hale@personal.example",
            "AADSTS500200",
        ),
        (
            "organizations",
            "oskar.lund@larkspur.example",
            "AADSTS50057",
        ),
        (
            "larkspur.example",
            "scheduler@quillfield.example",
            "AADSTS50020",
        ),
    ] {
        let mut browser = world.browser();
        let picker = browser
            .open(&world.authorize_url_at(segment, &[]))
            .await
            .page();
        let page = browser.choose(&picker, address).await.page();
        assert!(page.contains(code), "{address}: {page}");
    }
}

#[tokio::test]
async fn a_typed_address_needs_its_password() {
    let world = World::start().await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser.follow(&picker, "Use another account").await.page();
    let page = browser
        .press(&page, "Next", &[("address", "nobody@larkspur.example")])
        .await
        .page();
    assert!(page.contains("couldn&#39;t find an account"));
    let page = browser
        .press(
            &page,
            "Next",
            &[("address", " Scheduler@Larkspur.example ")],
        )
        .await
        .page();
    assert!(page.contains("Enter password"));
    let page = browser
        .press(&page, "Sign in", &[("password", "guess")])
        .await
        .page();
    assert!(page.contains("incorrect"));
    let password = world.person("scheduler@larkspur.example").password;
    let page = browser
        .press(&page, "Sign in", &[("password", password.reveal())])
        .await
        .page();
    assert!(page.contains("Permissions requested"));
}

#[tokio::test]
async fn a_second_factor_is_asked_of_those_who_have_one() {
    let world = World::start().await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser
        .choose(&picker, "greta.falk@larkspur.example")
        .await
        .page();
    assert!(page.contains("Approve sign in request"));
    let denied = browser.clone().press(&page, "Deny", &[]).await.page();
    assert!(denied.contains("AADSTS500121"));
    let page = browser.press(&page, "Approve", &[]).await.page();
    assert!(page.contains("Permissions requested"));
}

#[tokio::test]
async fn whoever_is_signed_in_is_asked_again_only_when_the_application_wants_it() {
    let world = World::start().await;
    let mut browser = world.browser();
    let silent = world.authorize_url(&[("prompt", "none")]);
    let back = browser.open(&silent).await.back();
    assert_eq!(back["error"], "login_required");
    browser
        .sign_in(&world.authorize_url(&[]), "scheduler@larkspur.example")
        .await;

    assert!(browser.open(&silent).await.back().contains_key("code"));
    let usual = world.authorize_url(&[("prompt", "")]);
    assert!(browser.open(&usual).await.back().contains_key("code"));
    let page = browser.open(&world.authorize_url(&[])).await.page();
    assert!(page.contains("Pick an account"));
    let page = browser
        .open(&world.authorize_url(&[("prompt", "login")]))
        .await
        .page();
    assert!(page.contains("Enter password"));
    let other = world.authorize_url(&[("prompt", ""), ("login_hint", "mei@larkspur.example")]);
    let page = browser.open(&other).await.page();
    assert!(page.contains("mei@larkspur.example"));

    browser
        .open(&format!("{}/organizations/oauth2/v2.0/logout", world.url))
        .await
        .page();
    assert_eq!(
        browser.open(&silent).await.back()["error"],
        "login_required"
    );
}

#[tokio::test]
async fn an_attempt_ends_when_it_is_finished_and_after_a_quarter_of_an_hour() {
    let world = World::start().await;
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(&[])).await.page();
    let page = browser
        .choose(&picker, "scheduler@larkspur.example")
        .await
        .page();
    browser.press(&page, "Accept", &[]).await.back();
    let again = browser.press(&page, "Accept", &[]).await.page();
    assert!(again.contains("This sign-in has ended"));

    let picker = browser.open(&world.authorize_url(&[])).await.page();
    world
        .sandbox
        .clock()
        .move_by(jiff::SignedDuration::from_mins(16));
    let late = browser
        .choose(&picker, "scheduler@larkspur.example")
        .await
        .page();
    assert!(late.contains("This sign-in has ended"));
}

#[tokio::test]
async fn the_answer_travels_in_the_way_that_was_asked_for() {
    let world = World::start().await;
    let mut browser = world.browser();
    let back = browser
        .sign_in(
            &world.authorize_url(&[("response_mode", "fragment"), ("client_info", "1")]),
            "scheduler@larkspur.example",
        )
        .await;
    assert!(back.contains_key("code"));
    assert!(back.contains_key("client_info"));

    let picker = browser
        .open(&world.authorize_url(&[("response_mode", "form_post")]))
        .await
        .page();
    let Shown::Page(page) = browser.choose(&picker, "scheduler@larkspur.example").await else {
        panic!("the answer did not come in a form");
    };
    assert!(page.contains(&format!("action=\"{}\"", crate::world::CALLBACK)));
    assert!(page.contains("name=\"code\"") && page.contains("name=\"state\""));
}

#[tokio::test]
async fn a_hinted_account_gives_its_password_at_once() {
    let world = World::start().await;
    let mut browser = world.browser();
    let hint = ("login_hint", "Mei@larkspur.example");
    let page = browser
        .open(&world.authorize_url(&[("prompt", ""), hint]))
        .await
        .page();
    assert!(page.contains("Enter password") && page.contains("mei@larkspur.example"));
    // Where a choice is wanted, it stands first in the list.
    let page = browser.open(&world.authorize_url(&[hint])).await.page();
    let place = |address: &str| page.find(&format!(">{address}<"));
    assert!(place("mei@larkspur.example") < place("scheduler@larkspur.example"));
    // A hint at nobody is no hint.
    let nobody = [("prompt", ""), ("login_hint", "nobody@nowhere.example")];
    let page = browser.open(&world.authorize_url(&nobody)).await.page();
    assert!(page.contains("Pick an account"));
}

#[tokio::test]
async fn a_domain_hint_leaves_other_accounts_out() {
    let world = World::start().await;
    for (hint, there, gone) in [
        (
            "organizations",
            "scheduler@quillfield.example",
            "robin.hale@personal.example",
        ),
        (
            "consumers",
            "robin.hale@personal.example",
            "scheduler@quillfield.example",
        ),
        (
            "quillfield.example",
            "scheduler@quillfield.example",
            "scheduler@larkspur.example",
        ),
    ] {
        let url = world.authorize_url_at("common", &[("domain_hint", hint)]);
        let page = world.browser().open(&url).await.page();
        assert!(page.contains(there), "{hint}: {page}");
        assert!(!page.contains(gone), "{hint}: {page}");
    }
}

#[tokio::test]
async fn an_authorize_request_may_be_posted() {
    let world = World::start().await;
    let url = world.authorize_url(&[]);
    let (address, query) = url.split_once('?').unwrap();
    let response = crate::world::http()
        .post(address)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(query.to_owned())
        .send()
        .await
        .unwrap();
    assert!(response.text().await.unwrap().contains("Pick an account"));
}

#[tokio::test]
async fn the_port_of_localhost_does_not_count_and_everything_else_does() {
    let world = World::start().await;
    let client_id = world.sandbox.ithaca().0;
    world.sandbox.change(|state| {
        let app = state.apps.get_mut(&client_id).unwrap();
        app.redirects.push(Redirect {
            kind: RedirectKind::Web,
            uri: "http://localhost:3000/back".to_owned(),
        });
    });
    for (uri, may) in [
        ("http://localhost:3000/back", true),
        ("http://localhost:49152/back", true),
        ("http://localhost/back", true),
        ("https://localhost:3000/back", false),
        ("http://localhost:3000/back/", false),
        ("http://localhost:3000/Back", false),
        ("http://localhost.evil.example/back", false),
        ("http://localhost:3000@evil.example/back", false),
        (
            "http://127.0.0.1:8081/integrations/microsoft/callback",
            false,
        ),
    ] {
        let page = world
            .browser()
            .open(&world.authorize_url(&[("redirect_uri", uri)]))
            .await
            .page();
        assert_eq!(page.contains("AADSTS50011"), !may, "{uri}: {page}");
    }
}

#[tokio::test]
async fn an_application_of_one_tenant_has_nothing_to_do_at_common_addresses() {
    let world = World::start().await;
    let client_id = world.sandbox.ithaca().0;
    let tenant = world.larkspur();
    world.sandbox.change(|state| {
        state.apps.get_mut(&client_id).unwrap().audience = Audience::OneTenant(tenant);
    });
    for segment in ["common", "organizations"] {
        let page = world
            .browser()
            .open(&world.authorize_url_at(segment, &[]))
            .await
            .page();
        assert!(page.contains("AADSTS50194"), "{page}");
        world
            .token(segment, &[("grant_type", "authorization_code")])
            .await
            .assert_refusal(400, "invalid_request", 50194);
    }
    let mut browser = world.browser();
    let picker = browser
        .open(&world.authorize_url_at("larkspur.example", &[]))
        .await
        .page();
    let page = browser
        .choose(&picker, "scheduler@quillfield.example")
        .await
        .page();
    assert!(page.contains("AADSTS50020"), "{page}");
}

#[tokio::test]
async fn a_challenge_for_a_newer_sign_in_asks_for_the_password() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser
        .sign_in(&world.authorize_url(&[]), "scheduler@larkspur.example")
        .await;
    world
        .sandbox
        .clock()
        .move_by(jiff::SignedDuration::from_mins(5));
    let claims = format!(
        r#"{{"access_token":{{"nbf":{{"essential":true,"value":"{}"}}}}}}"#,
        world.sandbox.now().as_second()
    );
    let page = browser
        .open(&world.authorize_url(&[("prompt", ""), ("claims", &claims)]))
        .await
        .page();
    assert!(page.contains("Enter password"));
}

#[tokio::test]
async fn client_info_on_the_way_back_is_json() {
    use base64::Engine as _;
    let world = World::start().await;
    let back = world
        .browser()
        .sign_in(
            &world.authorize_url(&[("client_info", "1")]),
            "scheduler@larkspur.example",
        )
        .await;
    let text = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(&back["client_info"])
        .unwrap();
    let info: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let scheduler = world.person("scheduler@larkspur.example");
    assert_eq!(info["uid"], scheduler.id.to_string());
    assert_eq!(info["utid"], world.larkspur().to_string());
}

#[tokio::test]
async fn what_goes_back_names_where_it_can_be_looked_up() {
    let world = World::start().await;
    let id = "9f0cbb6a-0ac7-4a52-8ea2-5e0ae6b5b2b4";
    let back = world
        .browser()
        .open(&world.authorize_url(&[("response_type", ""), ("client-request-id", id)]))
        .await
        .back();
    assert_eq!(
        back["error_uri"],
        format!("{}/error?code=900144", world.url)
    );
    let description = &back["error_description"];
    assert!(description.contains("\r\nTrace ID: "), "{description}");
    assert!(description.contains(&format!("\r\nCorrelation ID: {id}\r\n")));
    assert!(description.ends_with("Timestamp: 2026-03-02 09:00:00Z"));
}
