//! Discovery documents and published keys.

use crate::world::World;

#[tokio::test]
async fn a_tenant_has_one_issuer_by_whatever_name_it_is_asked() {
    let world = World::start().await;
    let id = world.larkspur();
    for segment in [
        id.to_string(),
        "larkspur.example".to_owned(),
        "LARKSPUR.example".to_owned(),
    ] {
        let found = world
            .get(&format!("/{segment}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(found.status, 200);
        assert_eq!(found.text("issuer"), format!("{}/{id}/v2.0", world.url));
        assert_eq!(
            found.text("token_endpoint"),
            format!("{}/{id}/oauth2/v2.0/token", world.url)
        );
    }
}

#[tokio::test]
async fn organizations_and_common_have_microsofts_template_as_issuer() {
    let world = World::start().await;
    for segment in ["organizations", "common", "Organizations"] {
        let found = world
            .get(&format!("/{segment}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(
            found.text("issuer"),
            format!("{}/{{tenantid}}/v2.0", world.url)
        );
        assert_eq!(
            found.text("jwks_uri"),
            format!(
                "{}/{}/discovery/v2.0/keys",
                world.url,
                segment.to_lowercase()
            )
        );
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_told_so() {
    let world = World::start().await;
    world
        .get("/nowhere.example/v2.0/.well-known/openid-configuration")
        .await
        .assert_refusal(400, "invalid_request", 90002);
}

#[tokio::test]
async fn after_a_rotation_both_keys_are_published_and_the_new_one_signs() {
    let world = World::start().await;
    let code = world.code().await;
    let before = world.redeem(&code, &[]).await;
    world.sandbox.rotate_keys();
    let keys = loop {
        let keys = world.get("/common/discovery/v2.0/keys").await.body;
        if keys["keys"].as_array().unwrap().len() == 2 {
            break keys;
        }
        tokio::task::yield_now().await;
    };
    assert_ne!(keys["keys"][0]["kid"], keys["keys"][1]["kid"]);
    before.id_claims(&world).await;
    let after = world.refresh(before.text("refresh_token"), &[]).await;
    after.id_claims(&world).await;
    let kid = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(kid(before.text("id_token")), kid(after.text("id_token")));
}

#[tokio::test]
async fn instance_discovery_knows_the_sandbox_as_its_own_cloud() {
    let world = World::start().await;
    let found = world
        .get(&format!(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint={}/organizations/oauth2/v2.0/authorize",
            world.url
        ))
        .await;
    assert_eq!(
        found.text("tenant_discovery_endpoint"),
        format!(
            "{}/organizations/v2.0/.well-known/openid-configuration",
            world.url
        )
    );
    let host = world.url.trim_start_matches("http://");
    assert_eq!(found.body["metadata"][0]["aliases"][0], host);
}
