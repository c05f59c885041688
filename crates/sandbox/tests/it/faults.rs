//! What goes wrong on demand.

use sandbox::faults::{Act, Fault, Lost};
use serde_json::{Value, json};

use crate::world::{Admin, World, http};

const DISCOVERY: &str = "/organizations/v2.0/.well-known/openid-configuration";

#[tokio::test]
async fn a_fault_happens_as_often_as_it_was_asked_for_and_only_there() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let added = admin
        .send("POST", "faults", &json!({
            "on": { "method": "GET", "path_prefix": "/Organizations/V2.0" },
            "times": 2,
            "do": { "status": 429, "headers": { "Retry-After": "7" }, "body": { "error": "slow down" } },
        }))
        .await;
    assert_eq!(added.status, 201);
    assert_eq!(
        (&added.body["number"], &added.body["times"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        world
            .get("/common/v2.0/.well-known/openid-configuration")
            .await
            .status,
        200
    );
    for _ in 0..2 {
        let answer = world.get(DISCOVERY).await;
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], "7");
        assert_eq!(answer.text("error"), "slow down");
    }
    assert_eq!(world.get(DISCOVERY).await.status, 200);
    assert_eq!(admin.get("faults").await.body, json!([]));
}

#[tokio::test]
async fn faults_can_be_called_off() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    world
        .sandbox
        .fault(Fault::once("/", Act::answer(500, Value::Null)));
    assert_eq!(admin.get("faults").await.body[0]["do"]["status"], 500);
    admin.send("DELETE", "faults", &Value::Null).await;
    assert_eq!(world.get(DISCOVERY).await.status, 200);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_work_done() {
    let world = World::start().await;
    let code = world.code().await;
    world.sandbox.fault(Fault::once(
        "/organizations/oauth2/v2.0/token",
        Act::lose_answer(),
    ));
    let lost = http()
        .post(format!("{}/organizations/oauth2/v2.0/token", world.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(token_form(&world, &code))
        .send()
        .await;
    let arrived = match lost {
        Err(_) => false,
        Ok(response) => response.bytes().await.is_ok(),
    };
    assert!(!arrived, "the answer arrived");
    world
        .redeem(&code, &[])
        .await
        .assert_refusal(400, "invalid_grant", 54005);
    world.sandbox.read(|state| {
        let call = state
            .calls
            .recent()
            .find(|call| call.fault.is_some())
            .unwrap();
        assert_eq!((call.status, call.fault), (200, Some("answer lost")));
    });
}

#[tokio::test]
async fn whoever_calls_the_router_directly_finds_the_mark_of_a_lost_answer() {
    use tower::ServiceExt as _;
    let world = World::start().await;
    world.sandbox.fault(Fault::once("/", Act::lose_answer()));
    let request = axum::http::Request::get(DISCOVERY)
        .body(axum::body::Body::empty())
        .unwrap();
    let response = world.sandbox.router().oneshot(request).await.unwrap();
    assert!(response.extensions().get::<Lost>().is_some());
    assert!(
        axum::body::to_bytes(response.into_body(), 1000)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_next_token_call_is_refused_with_any_number() {
    let world = World::start().await;
    let code = world.code().await;
    let first = world.redeem(&code, &[]).await;
    let token = first.text("refresh_token");
    for (number, status, error, suberror) in [
        (70043, 400, "invalid_grant", "bad_token"),
        (50076, 400, "interaction_required", "basic_action"),
        (53003, 400, "invalid_grant", "message_only"),
        (50055, 400, "invalid_grant", "user_password_expired"),
        (7_000_222, 401, "invalid_client", ""),
        (90033, 503, "temporarily_unavailable", ""),
        (123_456, 400, "invalid_grant", ""),
    ] {
        let mut fault = Fault::once("", Act::aadsts(number));
        fault.on.path_contains = Some("/oauth2/v2.0/token".to_owned());
        world.sandbox.fault(fault);
        let answer = world.refresh(token, &[]).await;
        answer.assert_refusal(status, error, number);
        assert_eq!(answer.text("suberror"), suberror);
        assert_eq!(answer.body.get("claims").is_some(), number == 50076);
    }
    assert_eq!(world.refresh(token, &[]).await.status, 200);
}

#[tokio::test]
async fn nonsense_comes_in_kinds() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for (kind, check) in [
        (
            "html",
            (|body| body.starts_with("<!DOCTYPE")) as fn(&str) -> bool,
        ),
        ("truncated", |body| {
            serde_json::from_str::<Value>(body).is_err()
        }),
        ("deep", |body| body.starts_with("[[[[")),
        ("huge", |body| body.len() > 64 << 20),
        ("Wrong types", |body| {
            body.contains("\"expires_in\":\"soon\"")
        }),
        ("gzip_bomb", |body| {
            body.len() > 60 << 20 && body.starts_with("{\"id\":\"xxx") && body.ends_with("xx\"}")
        }),
        ("empty", str::is_empty),
        ("empty_object", |body| body == "{}"),
        ("empty_list", |body| body == "[]"),
        ("null", |body| body == "null"),
        ("invalid_utf8", |body| body.contains('\u{fffd}')),
        ("duplicate-keys", |body| body.matches("\"id\"").count() == 2),
    ] {
        admin
            .send(
                "POST",
                "faults",
                &json!({ "times": 1, "do": { "garbage": kind } }),
            )
            .await;
        let response = http()
            .get(format!("{}{DISCOVERY}", world.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert!(check(&response.text().await.unwrap()), "{kind}");
    }
    admin
        .send(
            "POST",
            "faults",
            &json!({ "times": 1, "do": { "redirect": "http://169.254.169.254/" } }),
        )
        .await;
    let answer = world.get(DISCOVERY).await;
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (302, &"http://169.254.169.254/".parse().unwrap())
    );
    admin
        .send("POST", "faults", &json!({ "do": { "delay_ms": 1 } }))
        .await;
    assert_eq!(world.get(DISCOVERY).await.status, 200);
}

#[tokio::test]
async fn an_endless_answer_ends_when_the_client_hangs_up() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    admin
        .send("POST", "faults", &json!({ "times": 1, "do": "endless" }))
        .await;
    let mut response = http()
        .get(format!("{}{DISCOVERY}", world.url))
        .send()
        .await
        .unwrap();
    let mut length = 0;
    while length < 65 << 20 {
        length += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    assert_eq!(world.get(DISCOVERY).await.status, 200);
}

#[tokio::test]
async fn a_fault_without_times_lasts_until_it_is_called_off_alone() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for status in [503, 502] {
        admin
            .send("POST", "faults", &json!({ "do": { "status": status } }))
            .await;
    }
    for _ in 0..3 {
        assert_eq!(world.get(DISCOVERY).await.status, 503);
    }
    assert_eq!(admin.get("faults").await.body[0]["happened"], 3);
    let gone = admin.send("DELETE", "faults/1", &Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.get(DISCOVERY).await.status, 502);
    for path in ["faults/1", "faults/first"] {
        assert_eq!(admin.send("DELETE", path, &Value::Null).await.status, 404);
    }
}

#[tokio::test]
async fn what_makes_no_sense_together_is_refused() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    for (act, says) in [
        (json!({}), "nothing that could go wrong"),
        (json!({"lose_answer": true, "drip": true}), "two things"),
        (
            json!({"lose_answer": true, "status": 500}),
            "no answer of yours",
        ),
        (json!({"lose_answer": false}), "only true"),
        (json!({"status": 99}), "no status"),
        (json!({"garbage": "plenty"}), "is none of html"),
        (json!({"aadsts": "many"}), "no AADSTS number"),
        (json!({"drip": {"bytes": 0}}), "at least one byte"),
        (json!({"message": "x", "status": 500}), "a message belongs"),
        (json!("sulk"), "could go wrong"),
        (json!(7), "an object that says"),
        (json!({"delay_ms": 90_000_000}), "a day at most"),
    ] {
        let answer = admin.send("POST", "faults", &json!({ "do": act })).await;
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(answer.status, 400, "{act}");
        assert!(message.contains(says), "{act}: {message}");
        assert!(answer.text("error").is_empty());
        assert!(
            answer.body["error"]["field"]
                .as_str()
                .is_some_and(|field| field.starts_with("do")),
            "{answer:?}"
        );
    }
    for (fault, field) in [
        (json!({"times": 0, "do": {"status": 500}}), "times"),
        (json!({"times": -1, "do": {"status": 500}}), "times"),
        (
            json!({"on": {"verb": "GET"}, "do": {"status": 500}}),
            "on.verb",
        ),
        (json!({"do": {"staus": 500}}), "do.staus"),
        (json!({"times": 1}), "do"),
    ] {
        let answer = admin.send("POST", "faults", &fault).await;
        assert_eq!(answer.status, 400, "{fault}");
        assert_eq!(answer.body["error"]["field"], field, "{answer:?}");
    }
    assert_eq!(admin.get("faults").await.body, json!([]));
}

#[tokio::test]
async fn what_is_written_comes_back_as_it_was() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let acts = [
        json!({"status": 429, "headers": {"Retry-After": "7"}, "body": {"error": "slow"}}),
        json!({"delay_ms": 5, "delay_answer_ms": 6, "hold_seconds": 7}),
        json!({"lose_answer": true, "delay_ms": 5}),
        json!({"lose_request": true}),
        json!({"cut_after": 9}),
        json!({"alter": {"a": null}}),
        json!({"garbage": "html", "status": 502}),
        json!({"drip": {"every_ms": 5, "bytes": 2}}),
        json!({"redirect": "http://x.example/", "status": 308}),
        json!({"aadsts": 50173, "message": "Why"}),
        json!({"graph_error": "Forbidden", "status": 403}),
        json!({"claims_challenge": true}),
        json!({"pull": {"method": "POST", "path": "reset"}}),
    ];
    let on = json!({
        "method": "GET", "path_prefix": "/v1.0", "path_contains": "me",
        "tenant": "larkspur.example", "user": "mei@larkspur.example",
    });
    for act in &acts {
        let fault = json!({"on": on, "after": 3, "times": 2, "do": act});
        let added = admin.send("POST", "faults", &fault).await;
        assert_eq!(added.status, 201, "{added:?}");
    }
    let listed = admin.get("faults").await.body;
    for (at, act) in acts.iter().enumerate() {
        let one = &listed[at];
        assert_eq!((&one["do"], &one["on"]), (act, &on));
        assert_eq!((&one["after"], &one["times"]), (&json!(3), &json!(2)));
    }
}

#[tokio::test]
async fn people_who_stand_before_a_page_get_a_page() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    admin
        .send(
            "POST",
            "faults",
            &json!({ "on": { "path_contains": "/authorize" }, "times": 1, "do": { "aadsts": "AADSTS50011" } }),
        )
        .await;
    let page = world.browser().open(&world.authorize_url(&[])).await.page();
    assert!(page.contains("AADSTS50011: "), "{page}");
}

#[tokio::test]
async fn what_people_look_with_never_goes_wrong_and_is_not_counted() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    admin
        .send("POST", "faults", &json!({ "do": { "status": 503 } }))
        .await;
    for path in ["/", "/mail", "/sandbox.css"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    assert_eq!(world.get("/v1.0/me").await.status, 503);
    assert_eq!(world.get("/nowhere/at/all").await.status, 503);
    assert_eq!(admin.get("truth").await.body["calls"]["total"], 2);
}

#[tokio::test]
async fn a_dripping_answer_is_whole_in_the_end() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let url = world.url.clone();
    let whole = world.get(DISCOVERY).await.body;
    admin
        .send(
            "POST",
            "faults",
            &json!({ "times": 1, "do": { "drip_ms": 0 } }),
        )
        .await;
    let mut response = http()
        .get(format!("{url}{DISCOVERY}"))
        .send()
        .await
        .unwrap();
    let (mut text, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = response.chunk().await.unwrap() {
        text.extend_from_slice(&piece);
        pieces += 1;
    }
    assert!(pieces > 1);
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), whole);
}

fn token_form(world: &World, code: &str) -> String {
    let (client_id, secret) = world.sandbox.ithaca();
    serde_urlencoded::to_string([
        ("grant_type", "authorization_code"),
        ("client_id", &client_id.to_string()),
        ("client_secret", secret.reveal()),
        ("code", code),
        ("redirect_uri", crate::world::CALLBACK),
        ("code_verifier", crate::world::VERIFIER),
    ])
    .unwrap()
}
