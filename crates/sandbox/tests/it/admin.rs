//! The doors for tests, and the first page.

use serde_json::{Value, json};

use crate::world::{Admin, SCOPES, World};

#[tokio::test]
async fn the_truth_tells_everything_but_secrets() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let code = world.code().await;
    world.redeem(&code, &[]).await;

    let truth = admin.get("truth").await.body;
    assert_eq!(truth["tenants"].as_array().unwrap().len(), 2);
    let scheduler = truth["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["upn"] == "scheduler@larkspur.example")
        .unwrap();
    assert_eq!(scheduler["role"], "global_administrator");
    assert_eq!(scheduler["enabled"], true);
    let grant = &truth["grants"][0];
    assert_eq!(grant["to"], scheduler["object_id"]);
    assert_eq!(
        grant["scopes"].as_array().unwrap().len(),
        SCOPES.split(' ').count()
    );
    assert_eq!(
        truth["applications"][0]["tenant"],
        world.larkspur().to_string()
    );
    assert_eq!(truth["meetings"], json!([]));
    let calls = &truth["calls"];
    assert_eq!(calls["total"], 4);
    assert_eq!(calls["by_route"]["POST /{tenant}/oauth2/v2.0/token"], 1);
    assert_eq!(calls["by_organization"][world.larkspur().to_string()], 1);

    let text = truth.to_string();
    for secret in [
        world.sandbox.ithaca().1.reveal(),
        world.person("scheduler@larkspur.example").password.reveal(),
        &code,
    ] {
        assert!(!text.contains(secret));
    }
}

#[tokio::test]
async fn the_demos_world_is_the_same_after_every_start() {
    let (one, other) = (World::start().await, World::start().await);
    for address in ["scheduler@larkspur.example", "edda@quillfield.example"] {
        assert_eq!(one.person(address).id, other.person(address).id);
    }
    assert_eq!(one.larkspur(), other.larkspur());
    assert_ne!(one.larkspur(), one.tenant("quillfield.example"));
    let password = |world: &World| world.person("mei@larkspur.example").password;
    assert_ne!(password(&one), password(&other));
    let larkspur = one.larkspur();
    one.sandbox.read(|state| {
        assert!(state.people.find_anywhere("priya@alumni.example").is_none());
        assert!(state.people.list(larkspur).count() > 45);
    });
}

#[tokio::test]
async fn accounts_change_by_address() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let changed = admin
        .send(
            "PATCH",
            "users/mei%40larkspur.example",
            &json!({
                "enabled": false, "licensed": false, "guest": true, "mfa": true,
                "mail": "mei.tanaka@larkspur.example",
            }),
        )
        .await;
    assert_eq!(
        (changed.status, changed.text("upn")),
        (200, "mei@larkspur.example")
    );
    let mei = world.person("mei.tanaka@larkspur.example");
    assert_eq!(mei.upn, "mei@larkspur.example");
    assert!(!mei.enabled && !mei.teams_licensed && mei.mfa);

    for (method, path, status) in [
        ("PATCH", "users/nobody@larkspur.example", 404),
        ("DELETE", "users/nobody@larkspur.example", 404),
        ("DELETE", "users/mei@larkspur.example", 204),
        ("DELETE", "grants/nowhere.example", 404),
    ] {
        assert_eq!(
            admin.send(method, path, &json!({})).await.status,
            status,
            "{path}"
        );
    }
    assert!(
        world
            .sandbox
            .read(|state| state.people.find(mei.id).is_none())
    );
}

#[tokio::test]
async fn a_misspelt_lever_is_refused() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for (method, path, body) in [
        (
            "PATCH",
            "users/mei@larkspur.example",
            json!({ "enabeld": false }),
        ),
        (
            "PATCH",
            "tenants/larkspur.example",
            json!({ "consent_policy": "whatever" }),
        ),
        ("POST", "clock", json!({ "advance_hours": 1 })),
        (
            "POST",
            "faults",
            json!({ "do": { "status": 503, "retry": 1 } }),
        ),
        ("POST", "faults", json!({ "do": { "lose_answer": false } })),
        (
            "POST",
            "faults",
            json!({ "on": { "path": "/" }, "do": { "delay_ms": 1 } }),
        ),
        ("POST", "faults", json!({ "do": {} })),
        (
            "POST",
            "mail/faults",
            json!({ "at": "data", "do": { "code": 450 } }),
        ),
    ] {
        let answer = admin.send(method, path, &body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(!answer.body["error"]["message"].is_null(), "{answer:?}");
    }
    assert!(world.person("mei@larkspur.example").enabled);
    assert_eq!(admin.get("faults").await.body, json!([]));
}

#[tokio::test]
async fn every_refusal_has_one_shape_and_names_its_field() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for (method, path, body, status, code, field) in [
        (
            "PATCH",
            "users/mei@larkspur.example",
            r#"{"enabeld":false}"#,
            400,
            "unknown_field",
            json!("enabeld"),
        ),
        (
            "PATCH",
            "users/mei@larkspur.example",
            r#"{"enabled":"no"}"#,
            400,
            "wrong_value",
            json!("enabled"),
        ),
        (
            "POST",
            "faults",
            r#"{"on":{"path":"/"},"do":{"delay_ms":1}}"#,
            400,
            "unknown_field",
            json!("on.path"),
        ),
        (
            "POST",
            "clock",
            r#"{"set":"today"}"#,
            400,
            "wrong_value",
            json!("set"),
        ),
        (
            "POST",
            "clock",
            r#"{"advance":"a while"}"#,
            400,
            "wrong_value",
            json!("advance"),
        ),
        (
            "POST",
            "clock",
            "{}",
            400,
            "missing_field",
            json!("advance_seconds"),
        ),
        (
            "POST",
            "clock",
            r#"{"advance_seconds":99999999999999}"#,
            400,
            "wrong_value",
            json!("advance_seconds"),
        ),
        ("POST", "clock", "{", 400, "not_json", Value::Null),
        ("POST", "reset", "{} {}", 400, "not_json", Value::Null),
        (
            "POST",
            "reset",
            r#"{"all":1}"#,
            400,
            "unknown_field",
            json!("all"),
        ),
        ("GET", "everything", "", 404, "not_found", Value::Null),
        ("PUT", "truth", "", 405, "method_not_allowed", Value::Null),
    ] {
        let answer = admin
            .send_text(method, path, "application/json", body)
            .await;
        let error = &answer.body["error"];
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        assert_eq!(error["code"], code, "{method} {path} {body}: {answer:?}");
        assert_eq!(error["field"], field, "{method} {path} {body}: {answer:?}");
        assert!(error["message"].as_str().unwrap().ends_with('.'));
        assert_eq!(answer.headers["content-type"], "application/json");
    }
    let form = admin
        .send_text("POST", "reset", "application/x-www-form-urlencoded", "a=b")
        .await;
    assert_eq!(form.status, 415);
    let put = admin
        .send_text("PUT", "truth", "application/json", "")
        .await;
    assert_eq!(put.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn a_page_in_a_browser_pulls_no_lever() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for (name, value) in [
        ("origin", "https://elsewhere.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let response = crate::world::http()
            .post(format!("{}/_sandbox/reset", admin.url))
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403);
    }
}

#[tokio::test]
async fn consent_can_be_taken_back_in_two_ways() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let code = world.code().await;
    let token = world
        .redeem(&code, &[])
        .await
        .text("refresh_token")
        .to_owned();
    admin
        .send("DELETE", "grants/larkspur.example", &Value::Null)
        .await;
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "invalid_grant", 65001);
    admin
        .send("DELETE", "applications/larkspur.example", &Value::Null)
        .await;
    world
        .refresh(&token, &[])
        .await
        .assert_refusal(400, "unauthorized_client", 700_016);
}

#[tokio::test]
async fn time_passes_on_demand_and_a_reset_begins_anew() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let start = world.sandbox.now();
    let code = world.code().await;
    let secret = world.sandbox.ithaca().1;
    admin
        .send("POST", "clock", &json!({ "advance_seconds": 86_400 }))
        .await;
    assert_eq!(
        world.sandbox.now() - start,
        jiff::SignedDuration::from_hours(24)
    );
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(400, "invalid_grant", 70008);

    admin
        .send("POST", "faults", &json!({ "do": { "status": 500 } }))
        .await;
    admin.send("POST", "reset", &Value::Null).await;
    assert_eq!(world.sandbox.now(), start);
    let truth = admin.get("truth").await.body;
    assert_eq!(truth["grants"], json!([]));
    assert_eq!(truth["calls"]["total"], 0);
    assert_eq!(admin.get("faults").await.body, json!([]));
    assert_eq!(world.sandbox.ithaca().1, secret);
    let code = world.code().await;
    assert_eq!(world.redeem(&code, &[]).await.status, 200);
}

#[tokio::test]
async fn changes_are_kept_while_it_runs_and_when_it_stops() {
    let folder = std::env::temp_dir().join(format!("sandbox-keep-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("sandbox.json");
    let world = World::start().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let kept = tokio::spawn({
        let (sandbox, path) = (world.sandbox.clone(), path.clone());
        async move {
            sandbox
                .keep(&path, async {
                    stopped.await.ok();
                })
                .await
        }
    });
    world.code().await;
    while !path.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.change_person("mei@larkspur.example", |person| person.enabled = false);
    stop.send(()).unwrap();
    kept.await.unwrap().unwrap();

    let again = sandbox::Sandbox::load(crate::world::settings(&world.url), &path).unwrap();
    again.read(|state| {
        assert_eq!(state.grants.len(), 1);
        assert!(
            !state
                .people
                .find_anywhere("mei@larkspur.example")
                .unwrap()
                .enabled
        );
    });
    assert_eq!(again.ithaca().1, world.sandbox.ithaca().1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(
        &path,
        r#"{"format":99,"clock_offset_ms":0,"signing_keys":[],"state":{}}"#,
    )
    .unwrap();
    let refused = sandbox::Sandbox::load(crate::world::settings(&world.url), &path);
    assert!(refused.unwrap_err().to_string().contains("version 99"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_program_registers_its_app_once_and_finds_it_again() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let wanted = json!({
        "name": "Room booking",
        "redirects": [{"type": "web", "uri": "http://localhost:3000/callback"}],
        "delegated": ["User.Read"],
    });
    let made = admin.send("POST", "applications", &wanted).await;
    assert_eq!(made.status, 201);
    assert!(made.body["client_secret"].as_str().unwrap().len() > 20);

    let moved = json!({
        "name": "Room booking",
        "redirects": [{"type": "web", "uri": "http://localhost:4000/callback"}],
    });
    let again = admin.send("POST", "applications", &moved).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["client_id"], made.body["client_id"]);
    assert_eq!(again.body["client_secret"], made.body["client_secret"]);
    assert_eq!(again.body["redirects"].as_array().unwrap().len(), 2);
    assert_eq!(again.body["delegated"], json!(["User.Read"]));

    let all = admin.get("applications").await.body;
    assert!(
        all["applications"]
            .as_array()
            .unwrap()
            .contains(&again.body)
    );
    let misspelt = json!({"name": "A", "redirect_uris": []});
    let refused = admin.send("POST", "applications", &misspelt).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body["error"]["field"], "redirect_uris");
}
