//! Requests that make no sense: each has a well-formed answer, and nothing falls over.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use sandbox::random::Random;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::graph_world::{Client, SCHEDULER};
use crate::world::World;

const WORDS: [&str; 38] = [
    "me",
    "users",
    "organization",
    "$batch",
    "photo",
    "photos",
    "$value",
    "onlineMeetings",
    "createOrGet",
    "mei@larkspur.example",
    "96x96",
    "users('",
    "('')",
    "%27",
    "%00",
    "%ff",
    "//",
    "..",
    "%2e%2e",
    "é",
    "$filter=",
    "JoinWebUrl eq '",
    "mail eq 'x'",
    "endsWith(",
    "$top=-1",
    "$select=,,",
    "$skiptoken=AAAA",
    "&",
    "?",
    "MSo=",
    "delta",
    "$count",
    "$search=\"displayName:",
    "$search=\"mail:a\" AND \"",
    "$deltatoken=e30",
    "$orderby=displayName desc",
    "$filter=proxyAddresses/any(p:p eq",
    "$x",
];

const BODIES: [&str; 14] = [
    "",
    "{",
    "[]",
    "null",
    "7",
    "{}",
    r#"{"externalId":{}}"#,
    r#"{"externalId":"a","subject":[]}"#,
    r#"{"requests":[{"id":"1","method":"\u0000","url":"?"}]}"#,
    r#"{"requests":[{"id":"1","method":"GET","url":"/users?$filter=(((("}]}"#,
    r#"{"requests":[{"id":"1","method":"GET","url":"/users('"},{"id":"1"}]}"#,
    r#"{"participants":{"attendees":[null,7,{}]}}"#,
    r#"{"startDateTime":"+999999-01-01T00:00:00Z","endDateTime":"9999-12-31T23:59:59Z"}"#,
    r#"{"subject":"\ud83d\ude00\u0000","lobbyBypassSettings":{"scope":null}}"#,
];

/// The same ones on every run.
const REQUESTS: usize = 10_000;

#[tokio::test]
async fn whatever_is_asked_the_answer_is_well_formed() {
    let world = World::start().await;
    let scopes = ["User.Read", "User.Read.All", "OnlineMeetings.ReadWrite"];
    let client = Client::signed_in(&world, SCHEDULER, &scopes);
    let router = world.sandbox.router();
    let random = Random::seeded(b"odd requests");
    let pick = |words: &[&'static str]| {
        let count = u32::try_from(words.len()).unwrap();
        words[usize::try_from(random.below(count)).unwrap()]
    };
    let mut sent = 0;
    while sent < REQUESTS {
        let mut path = "/v1.0".to_owned();
        for _ in 0..=random.below(4) {
            path.push_str(if random.below(6) == 0 { "" } else { "/" });
            path.push_str(pick(&WORDS));
        }
        if random.below(2) == 0 {
            path.push('?');
            path.push_str(pick(&WORDS));
            path.push_str(pick(&WORDS));
        }
        let method = pick(&["GET", "POST", "PATCH", "DELETE", "PUT"]);
        let body = pick(&BODIES);
        let asked = Request::builder()
            .method(method)
            .uri(path.replace(' ', "%20"))
            .header("Authorization", format!("Bearer {}", client.token()))
            .header("ConsistencyLevel", "eventual")
            .header("Content-Type", "application/json")
            .body(Body::from(body));
        // Some are no addresses at all.
        let Ok(asked) = asked else { continue };
        let is_graph = asked.uri().path().starts_with("/v1.0/");
        sent += 1;
        let response = router.clone().oneshot(asked).await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").cloned();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let context = format!("{method} {path} {body}: {status}");
        assert!(status < 500, "{context}");
        let is_json = kind.is_some_and(|kind| kind.to_str().unwrap().contains("json"));
        if is_graph && is_json {
            let answer: Value = serde_json::from_slice(&bytes).expect(&context);
            assert_eq!(status >= 400, answer.get("error").is_some(), "{context}");
        }
        // Or they would all be throttled before long.
        world
            .sandbox
            .clock()
            .move_by(jiff::SignedDuration::from_millis(100));
    }
    assert_eq!(client.get("/v1.0/me").await.status, 200);
}

#[tokio::test]
async fn deep_and_large_bodies_are_refused_and_do_no_harm() {
    let world = World::start().await;
    let scopes = ["OnlineMeetings.ReadWrite"];
    let client = Client::signed_in(&world, SCHEDULER, &scopes);
    let router = world.sandbox.router();
    let deep = format!("{{\"participants\":{}", "[".repeat(200_000));
    let large = format!("{{\"subject\":\"{}\"}}", "x".repeat(5 << 20));
    let nobody = format!(
        "{{\"participants\":{{\"attendees\":[{}]}}}}",
        vec![r#"{"upn":"nobody@x.example"}"#; 100_000].join(",")
    );
    for (body, status) in [(deep, 400), (large, 413), (nobody, 201)] {
        let asked = Request::builder()
            .method("POST")
            .uri("/v1.0/me/onlineMeetings")
            .header("Authorization", format!("Bearer {}", client.token()))
            .header("Content-Type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let response = router.clone().oneshot(asked).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
    }
}
