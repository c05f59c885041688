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

#[tokio::test]
async fn personal_accounts_have_an_issuer_of_their_own() {
    let world = World::start().await;
    let found = world
        .get("/consumers/v2.0/.well-known/openid-configuration")
        .await;
    assert_eq!(
        found.text("issuer"),
        format!("{}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", world.url)
    );
    assert_eq!(
        found.text("token_endpoint"),
        format!("{}/consumers/oauth2/v2.0/token", world.url)
    );
}

#[tokio::test]
async fn a_discovery_document_says_everything_that_clients_read() {
    let world = World::start().await;
    let found = world
        .get("/organizations/v2.0/.well-known/openid-configuration")
        .await;
    for name in [
        "authorization_endpoint",
        "device_authorization_endpoint",
        "end_session_endpoint",
        "jwks_uri",
        "kerberos_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
    ] {
        assert!(found.text(name).starts_with(&world.url), "{name}");
    }
    for name in [
        "claims_supported",
        "id_token_signing_alg_values_supported",
        "response_modes_supported",
        "response_types_supported",
        "scopes_supported",
        "subject_types_supported",
        "token_endpoint_auth_methods_supported",
    ] {
        assert!(found.body[name].is_array(), "{name}");
    }
    assert_eq!(found.text("cloud_instance_name"), "microsoftonline.com");
    assert_eq!(found.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_key_is_published_with_its_certificate() {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use sha1::Digest as _;
    let world = World::start().await;
    let keys = world.get("/organizations/discovery/v2.0/keys").await.body;
    let key = &keys["keys"][0];
    let der = BASE64_STANDARD
        .decode(key["x5c"][0].as_str().unwrap())
        .unwrap();
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(sha1::Sha1::digest(&der));
    assert_eq!(key["x5t"], thumbprint.as_str());
    assert_eq!(key["kid"], key["x5t"]);
    // The certificate is about this very key: its modulus stands in it.
    let modulus = BASE64_URL_SAFE_NO_PAD
        .decode(key["n"].as_str().unwrap())
        .unwrap();
    assert!(
        der.windows(modulus.len()).any(|part| part == modulus),
        "another key's certificate"
    );
    assert_eq!(
        key["issuer"],
        format!("{}/{{tenantid}}/v2.0", world.url).as_str()
    );
    world
        .get("/nowhere.example/discovery/v2.0/keys")
        .await
        .assert_refusal(400, "invalid_request", 90002);
}

#[tokio::test]
async fn instance_discovery_knows_no_other_cloud() {
    let world = World::start().await;
    let refused = world
        .get("/common/discovery/instance?api-version=1.1&authorization_endpoint=https://login.nowhere.example/common/oauth2/v2.0/authorize")
        .await;
    refused.assert_refusal(400, "invalid_instance", 50049);
    world
        .get("/common/discovery/instance?api-version=1.1")
        .await
        .assert_refusal(400, "invalid_request", 900_144);
    world
        .get("/common/discovery/instance?authorization_endpoint=no%20address")
        .await
        .assert_refusal(400, "invalid_instance", 50049);
}
