//! Who may approve what, and for whom it counts.

use std::collections::BTreeMap;

use sandbox::tenant::ConsentPolicy;
use sandbox::tenant::app::Grantee;

use crate::world::{Admin, CALLBACK, World};

async fn page_for(world: &World, address: &str, change: &[(&str, &str)]) -> String {
    let mut browser = world.browser();
    let picker = browser.open(&world.authorize_url(change)).await.page();
    browser.choose(&picker, address).await.page()
}

fn set_policy(world: &World, policy: ConsentPolicy) {
    let id = world.larkspur();
    world.sandbox.change(|state| {
        state.tenants.get_mut(&id).unwrap().consent_policy = policy;
    });
}

#[tokio::test]
async fn an_account_without_privileges_needs_an_administrator_where_teams_is_blocked() {
    let world = World::start().await;
    let page = page_for(&world, "host.plain@larkspur.example", &[]).await;
    assert!(page.contains("Need admin approval"));
    let back = world
        .browser()
        .press(
            &page,
            "Return to the application without granting consent",
            &[],
        )
        .await
        .back();
    assert_eq!(back["error"], "access_denied");
    assert!(back["error_description"].starts_with("AADSTS90094: "));
    assert!(world.sandbox.read(|state| state.grants.is_empty()));
}

#[tokio::test]
async fn the_policy_decides_what_people_may_approve_for_themselves() {
    let world = World::start().await;
    let host = "host.plain@larkspur.example";
    let basic: &[_] = &[("scope", "openid User.Read User.ReadBasic.All")];
    let full: &[_] = &[("scope", "User.Read.All")];
    for (policy, asked, may) in [
        (ConsentPolicy::Allow, &[][..], true),
        (ConsentPolicy::Allow, full, false),
        (ConsentPolicy::BlockTeams, basic, true),
        (ConsentPolicy::BlockTeams, &[][..], false),
        (ConsentPolicy::AdminOnly, basic, false),
    ] {
        set_policy(&world, policy);
        let page = page_for(&world, host, asked).await;
        assert_eq!(
            page.contains("Permissions requested"),
            may,
            "{policy:?} {asked:?}"
        );
        assert_eq!(page.contains("Need admin approval"), !may);
        assert!(!page.contains("Consent on behalf of your organization"));
    }
}

#[tokio::test]
async fn pressing_accept_by_hand_does_not_go_around_the_policy() {
    let world = World::start().await;
    let page = page_for(&world, "host.plain@larkspur.example", &[]).await;
    let forged = page.replace("value=\"back\"", "value=\"accept\"");
    let back = world
        .browser()
        .press(
            &forged,
            "Return to the application without granting consent",
            &[],
        )
        .await
        .back();
    assert!(back.contains_key("error"));
    assert!(world.sandbox.read(|state| state.grants.is_empty()));
}

#[tokio::test]
async fn accept_counts_for_one_account_and_with_the_box_for_everyone() {
    let world = World::start().await;
    let scheduler = world.person("scheduler@larkspur.example").id;
    world.code().await;
    let to = |world: &World| {
        world.sandbox.read(|state| {
            state
                .grants
                .iter()
                .map(|grant| grant.to)
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(to(&world), [Grantee::Principal(scheduler)]);
    let page = page_for(&world, "mei@larkspur.example", &[]).await;
    assert!(page.contains("Need admin approval"));

    let page = page_for(
        &world,
        "scheduler@larkspur.example",
        &[("prompt", "consent")],
    )
    .await;
    let page = if page.contains("Permissions requested") {
        page
    } else {
        panic!("{page}")
    };
    world
        .browser()
        .press(&page, "Accept", &[("organization", "yes")])
        .await
        .back();
    assert_eq!(
        to(&world),
        [Grantee::Principal(scheduler), Grantee::AllPrincipals]
    );
    world.code_for("mei@larkspur.example", &[]).await;
}

#[tokio::test]
async fn the_box_counts_for_global_administrators_only() {
    let world = World::start().await;
    let ines = world.person("ines.duarte@larkspur.example").id;
    let page = page_for(&world, "ines.duarte@larkspur.example", &[]).await;
    assert!(!page.contains("Consent on behalf of your organization"));
    world
        .browser()
        .press(&page, "Accept", &[("organization", "yes")])
        .await
        .back();
    world.sandbox.read(|state| {
        assert_eq!(state.grants.len(), 1);
        assert_eq!(state.grants[0].to, Grantee::Principal(ines));
    });
}

#[tokio::test]
async fn approved_once_it_is_not_asked_again_except_by_prompt_consent() {
    let world = World::start().await;
    let back = approve(&world, "ines.duarte@larkspur.example", &[]).await;
    assert_eq!(back["admin_consent"], "True");
    world.code_for("host.plain@larkspur.example", &[]).await;
    // Since March 2026 this stops everybody without a role, approved or not.
    let page = page_for(
        &world,
        "host.plain@larkspur.example",
        &[("prompt", "consent")],
    )
    .await;
    assert!(page.contains("Need admin approval"));
}

async fn approve(
    world: &World,
    address: &str,
    change: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let mut browser = world.browser();
    let picker = browser
        .open(&approval_url(world, "v2.0/adminconsent", change))
        .await
        .page();
    let page = browser.choose(&picker, address).await.page();
    assert!(page.contains("Review for your organization"), "{page}");
    browser.press(&page, "Accept", &[]).await.back()
}

fn approval_url(world: &World, path: &str, change: &[(&str, &str)]) -> String {
    let client_id = world.sandbox.ithaca().0.to_string();
    let mut parameters = BTreeMap::from([
        ("client_id", client_id.as_str()),
        ("scope", "https://graph.microsoft.com/.default"),
        ("redirect_uri", CALLBACK),
        ("state", "a state"),
    ]);
    parameters.extend(change.iter().copied());
    parameters.retain(|_, value| !value.is_empty());
    let query = serde_urlencoded::to_string(parameters).unwrap();
    format!("{}/organizations/{path}?{query}", world.url)
}

#[tokio::test]
async fn an_administrator_approves_for_everyone_by_link() {
    let world = World::start().await;
    let back = approve(&world, "ines.duarte@larkspur.example", &[]).await;
    assert_eq!(back["tenant"], world.larkspur().to_string());
    assert!(back["scope"].contains("https://graph.microsoft.com/OnlineMeetings.ReadWrite"));
    assert_eq!(back["state"], "a state");
    assert!(!back.contains_key("code"));
    let granted = world.sandbox.read(|state| state.grants.clone());
    assert_eq!(granted.len(), 1);
    assert_eq!(granted[0].to, Grantee::AllPrincipals);
    assert!(granted[0].scopes.contains("OnlineMeetings.ReadWrite"));
    // Another tenant approved nothing.
    let page = page_for(&world, "edda@quillfield.example", &[]).await;
    assert!(page.contains("Need admin approval"));
}

#[tokio::test]
async fn a_refused_approval_says_admin_consent_true_all_the_same() {
    let world = World::start().await;
    for (path, error) in [
        ("v2.0/adminconsent", "consent_required"),
        ("adminconsent", "permission_denied"),
    ] {
        let mut browser = world.browser();
        let picker = browser.open(&approval_url(&world, path, &[])).await.page();
        let page = browser
            .choose(&picker, "ines.duarte@larkspur.example")
            .await
            .page();
        let back = browser.press(&page, "Cancel", &[]).await.back();
        assert_eq!(back["admin_consent"], "True");
        assert_eq!(back["error"], error);
        assert!(back["error_description"].starts_with("AADSTS65004: "));
    }
    assert!(world.sandbox.read(|state| state.grants.is_empty()));
}

#[tokio::test]
async fn the_older_approval_has_no_scope_and_the_newer_one_needs_it() {
    let world = World::start().await;
    let page = world
        .browser()
        .open(&approval_url(&world, "v2.0/adminconsent", &[("scope", "")]))
        .await
        .page();
    assert!(page.contains("AADSTS900144"));
    let mut browser = world.browser();
    let picker = browser
        .open(&approval_url(&world, "adminconsent", &[("scope", "")]))
        .await
        .page();
    let page = browser
        .choose(&picker, "scheduler@larkspur.example")
        .await
        .page();
    let back = browser.press(&page, "Accept", &[]).await.back();
    assert_eq!(back["admin_consent"], "True");
    assert!(!back.contains_key("scope"));
}

/// What the host is shown where administrators approve everything and take requests.
async fn asks_administrators(world: &World) -> String {
    set_policy(world, ConsentPolicy::AdminOnly);
    let id = world.larkspur();
    world.sandbox.change(|state| {
        let tenant = state.tenants.get_mut(&id).unwrap();
        tenant.switches.consent_requests = true;
    });
    page_for(world, "host.plain@larkspur.example", &[]).await
}

async fn decide(world: &World, decision: &str, administrator: &str) -> String {
    let request = world
        .sandbox
        .read(|state| state.consent_requests.last().unwrap().id);
    let form = serde_urlencoded::to_string([
        ("request", request.to_string()),
        ("administrator", world.person(administrator).id.to_string()),
        ("decision", decision.to_owned()),
    ])
    .unwrap();
    crate::world::http()
        .post(format!("{}/larkspur.example/consent-requests", world.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test]
async fn people_ask_administrators_who_look_at_it_and_approve() {
    let world = World::start().await;
    let page = asks_administrators(&world).await;
    assert!(page.contains("Approval required"), "{page}");
    assert!(page.contains("Read and create your online meetings"));
    let mut browser = world.browser();
    let sent = browser
        .press(
            &page,
            "Request approval",
            &[("reason", "For mentoring <b>")],
        )
        .await
        .page();
    assert!(sent.contains("Request sent"));
    let back = browser.press(&sent, "Back to app", &[]).await.back();
    assert_eq!(back["error"], "access_denied");
    assert!(back["error_description"].starts_with("AADSTS90095: "));

    let list = browser
        .open(&format!("{}/larkspur.example/consent-requests", world.url))
        .await
        .page();
    for words in [
        "Ithaca",
        "host.plain@larkspur.example",
        "For mentoring &#60;b&#62;",
        "Read and create your online meetings",
        "Ines Duarte",
    ] {
        assert!(list.contains(words), "{words} is not on {list}");
    }
    let refused = decide(&world, "approve", "mei@larkspur.example").await;
    assert!(refused.contains("AADSTS90094"), "{refused}");
    let decided = decide(&world, "approve", "ines.duarte@larkspur.example").await;
    assert!(decided.contains("Approved"), "{decided}");
    world.sandbox.read(|state| {
        assert_eq!(state.grants.len(), 1);
        assert_eq!(state.grants[0].to, Grantee::AllPrincipals);
    });
    world.code_for("host.plain@larkspur.example", &[]).await;
    world.code_for("mei@larkspur.example", &[]).await;
}

#[tokio::test]
async fn a_request_can_be_denied_or_blocked() {
    let world = World::start().await;
    let page = asks_administrators(&world).await;
    world.browser().press(&page, "Request approval", &[]).await;
    let decided = decide(&world, "deny", "ines.duarte@larkspur.example").await;
    assert!(decided.contains("Denied"));
    // Whoever was denied may ask again, and asks once at a time.
    let page = page_for(&world, "host.plain@larkspur.example", &[]).await;
    assert!(page.contains("Approval required"));
    world.browser().press(&page, "Request approval", &[]).await;
    let page = page_for(&world, "host.plain@larkspur.example", &[]).await;
    assert!(page.contains("Request sent"));
    decide(&world, "block", "ines.duarte@larkspur.example").await;
    let page = page_for(&world, "host.plain@larkspur.example", &[]).await;
    assert!(page.contains("take no requests"), "{page}");
    assert!(world.sandbox.read(|state| state.grants.is_empty()));
}

#[tokio::test]
async fn application_permissions_are_approved_by_global_administrators() {
    let world = World::start().await;
    let client_id = world.sandbox.ithaca().0;
    world.sandbox.change(|state| {
        let app = state.apps.get_mut(&client_id).unwrap();
        app.roles.insert("User.Read.All".to_owned());
    });
    let mut browser = world.browser();
    let url = approval_url(&world, "v2.0/adminconsent", &[]);
    let picker = browser.open(&url).await.page();
    let page = browser
        .choose(&picker, "ines.duarte@larkspur.example")
        .await
        .page();
    assert!(page.contains("Need admin approval"), "{page}");
    let back = approve(&world, "scheduler@larkspur.example", &[]).await;
    assert_eq!(back["admin_consent"], "True");
    world.sandbox.read(|state| {
        assert!(state.service_principals[0].roles.contains("User.Read.All"));
    });
}

#[tokio::test]
async fn an_application_that_was_switched_off_lets_nobody_in() {
    let world = World::start().await;
    world.code().await;
    let admin = Admin::start(&world).await;
    let path = "tenants/larkspur.example";
    let off = serde_json::json!({"applications_enabled": false});
    admin.send("PATCH", path, &off).await;
    let page = page_for(&world, "scheduler@larkspur.example", &[]).await;
    assert!(page.contains("AADSTS7000112"), "{page}");
    let on = serde_json::json!({"applications_enabled": true});
    admin.send("PATCH", path, &on).await;
    world.code().await;
}
