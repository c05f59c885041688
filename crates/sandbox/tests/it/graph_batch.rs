//! Twenty requests in one.

use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::World;

const SCOPES: [&str; 3] = [
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];

fn client(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &SCOPES)
}

fn get(id: usize, url: &str) -> Value {
    json!({"id": id.to_string(), "method": "GET", "url": url})
}

#[tokio::test]
async fn each_part_has_its_own_answer() {
    let world = World::start().await;
    let parts = client(&world)
        .batch(json!([
            get(1, "/me?$select=id"),
            get(2, "/users/nobody@larkspur.example"),
            get(3, "users?$filter=mail eq 'mei@larkspur.example'&$select=mail"),
            get(4, "/users/mei@larkspur.example/photos/48x48/$value"),
            {
                "id": "5",
                "method": "post",
                "url": "/me/onlineMeetings/createOrGet",
                "headers": {"Content-Type": "application/json"},
                "body": {"externalId": "m-1"},
            },
            get(6, "/$batch"),
        ]))
        .await;
    assert_eq!(parts["1"]["body"]["id"], json!(world.person(SCHEDULER).id));
    assert_eq!(parts["2"]["status"], 404);
    assert_eq!(
        parts["2"]["body"]["error"]["code"],
        "Request_ResourceNotFound"
    );
    assert_eq!(
        parts["3"]["body"]["value"][0]["mail"],
        "mei@larkspur.example"
    );
    assert_eq!(parts["4"]["headers"]["Content-Type"], "image/jpeg");
    assert!(parts["4"]["body"].as_str().unwrap().starts_with("/9j/"));
    assert_eq!(parts["5"]["status"], 201);
    assert_eq!(parts["6"]["status"], 400);
}

#[tokio::test]
async fn a_part_waits_for_those_it_depends_on_and_fails_with_them() {
    let world = World::start().await;
    let dependent = |id: &str, url: &str, on: &[&str]| json!({"id": id, "method": "GET", "url": url, "dependsOn": on});
    let parts = client(&world)
        .batch(json!([
            dependent("c", "/me", &["b"]),
            dependent("b", "/users/nobody", &["a"]),
            dependent("a", "/me", &[]),
            dependent("d", "/me", &["a"]),
        ]))
        .await;
    assert_eq!(parts["a"]["status"], 200);
    assert_eq!(parts["b"]["status"], 404);
    assert_eq!(parts["c"]["status"], 424);
    assert_eq!(parts["d"]["status"], 200);
}

#[tokio::test]
async fn one_part_alone_may_be_throttled() {
    let world = World::start().await;
    let throttled = json!({
        "on": {"path_prefix": "/v1.0/users/luis"},
        "times": 1,
        "do": {
            "status": 429,
            "headers": {"Retry-After": "7"},
            "body": {"error": {"code": "TooManyRequests", "message": "Please retry again later."}},
        },
    });
    world
        .sandbox
        .fault(serde_json::from_value(throttled).unwrap());
    let requests = json!([
        get(1, "/users/mei@larkspur.example"),
        get(2, "/users/luis@larkspur.example?$select=id"),
    ]);
    let client = client(&world);
    let parts = client.batch(requests.clone()).await;
    assert_eq!(parts["1"]["status"], 200);
    assert_eq!(parts["2"]["status"], 429);
    assert_eq!(parts["2"]["headers"]["Retry-After"], "7");
    assert_eq!(parts["2"]["body"]["error"]["code"], "TooManyRequests");
    assert_eq!(client.batch(requests).await["2"]["status"], 200);
}

#[tokio::test]
async fn the_answers_come_in_another_order() {
    let world = World::start().await;
    let requests: Vec<Value> = (1..=20).map(|id| get(id, "/me")).collect();
    let answer = client(&world)
        .post("/v1.0/$batch", json!({ "requests": requests }))
        .await;
    assert_eq!(answer.body["responses"].as_array().unwrap().len(), 20);
    assert_ne!(answer.body["responses"][0]["id"], "1");
}

#[tokio::test]
async fn a_malformed_batch_is_refused_as_a_whole() {
    let world = World::start().await;
    let client = client(&world);
    let too_many: Vec<Value> = (1..=21).map(|id| get(id, "/me")).collect();
    let cases = [
        (json!(too_many), "MaximumValueExceeded"),
        (json!([get(1, "/me"), get(1, "/me")]), "BadRequest"),
        (json!([]), "BadRequest"),
        (json!([{"method": "GET", "url": "/me"}]), "BadRequest"),
        (
            json!([{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}]),
            "BadRequest",
        ),
        (
            json!([
                {"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]},
                {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]},
            ]),
            "BadRequest",
        ),
        (json!("all of them"), "BadRequest"),
    ];
    for (requests, code) in cases {
        let answer = client
            .post("/v1.0/$batch", json!({ "requests": requests }))
            .await;
        assert_failure(&answer, 400, code);
    }
}

#[tokio::test]
async fn a_part_with_a_body_says_what_it_is_and_stays_with_graph() {
    let world = World::start().await;
    let parts = client(&world)
        .batch(json!([
            {"id": "1", "method": "POST", "url": "/me/onlineMeetings", "body": {}},
            get(2, "https://elsewhere.example/v1.0/me"),
        ]))
        .await;
    assert_eq!(parts["1"]["status"], 400);
    assert_eq!(parts["2"]["status"], 400);
    assert_eq!(world.sandbox.read(|state| state.meetings.iter().count()), 0);
}
