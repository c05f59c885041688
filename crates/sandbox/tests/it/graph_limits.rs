//! What Graph answers when an application asks too much, and how the limits are set.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::graph_world::{Client, SCHEDULER, assert_failure};
use crate::world::{Admin, Answer, World};

const SCOPES: [&str; 3] = [
    "User.Read",
    "User.ReadBasic.All",
    "OnlineMeetings.ReadWrite",
];
const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";

fn host(world: &World) -> Client {
    Client::signed_in(world, SCHEDULER, &SCOPES)
}

/// A world in which these limits are set.
async fn limited(limits: Value) -> (World, Admin) {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let set = admin.send("PATCH", "limits", &limits).await;
    assert_eq!(set.status, 204, "{set:?}");
    (world, admin)
}

fn retry_after(answer: &Answer) -> i64 {
    answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_host_gets_so_many_calls_a_second_and_waits_as_it_is_told() {
    let (world, admin) = limited(json!({"host": {"calls": 3}})).await;
    let ithaca = host(&world);
    for key in ["a", "b", "c"] {
        let made = ithaca.post(CREATE_OR_GET, json!({"externalId": key})).await;
        assert_eq!(made.status, 201);
    }
    let refused = ithaca.post(CREATE_OR_GET, json!({"externalId": "d"})).await;
    assert_failure(&refused, 429, "TooManyRequests");
    let error = &refused.body["error"];
    assert_eq!(error["message"], "Please retry again later.");
    assert_eq!(error["innerError"]["code"], "429");
    assert_eq!(error["innerError"]["status"], "429");
    assert_eq!(error["innerError"]["message"], "Please retry after");
    // Nothing was made, and another host is not held up.
    assert_eq!(world.sandbox.read(|state| state.meetings.len()), 3);
    let other = Client::signed_in(&world, "host.plain@larkspur.example", &SCOPES);
    let made = other.post(CREATE_OR_GET, json!({"externalId": "d"})).await;
    assert_eq!(made.status, 201);

    let wait = SignedDuration::from_secs(retry_after(&refused));
    world.sandbox.clock().move_by(wait);
    let made = ithaca.post(CREATE_OR_GET, json!({"externalId": "d"})).await;
    assert_eq!(made.status, 201);
    let shown = admin.get("limits").await.body;
    assert_eq!(shown["refused"], json!({"host": 1}));
    assert_eq!(
        shown["meetings_this_month"],
        json!({SCHEDULER: 4, "host.plain@larkspur.example": 1})
    );
}

#[tokio::test]
async fn an_application_shares_its_calls_over_all_tenants() {
    let (world, _) = limited(json!({"app": {"calls": 2, "seconds": 10}})).await;
    let quillfield = Client::signed_in(&world, "scheduler@quillfield.example", &SCOPES);
    assert_eq!(host(&world).get("/v1.0/me").await.status, 200);
    assert_eq!(quillfield.get("/v1.0/me").await.status, 200);
    let refused = host(&world).get("/v1.0/me").await;
    assert_failure(&refused, 429, "TooManyRequests");
    // This one counts too: twice five seconds, and those of the next try.
    assert_eq!(retry_after(&refused), 10);
}

#[tokio::test]
async fn reading_the_directory_costs_resource_units() {
    let (world, _) = limited(json!({"directory_reads": {"calls": 10, "seconds": 10}})).await;
    let graph = host(&world);
    let mut spent = 0;
    for (path, units) in [
        ("/v1.0/users?$top=20", 2),
        ("/v1.0/users?$top=20&$select=id", 1),
        ("/v1.0/users?$top=1&$select=id", 1),
        ("/v1.0/users/mei@larkspur.example", 1),
        ("/v1.0/me", 1),
        ("/v1.0/organization", 1),
    ] {
        let answer = graph.get(path).await;
        assert_eq!(answer.headers["x-ms-resource-unit"], units.to_string());
        spent += units;
        assert_eq!(
            answer
                .headers
                .contains_key("x-ms-throttle-limit-percentage"),
            spent >= 8,
            "{path}"
        );
    }
    let listed = graph.get("/v1.0/users?$top=1").await;
    assert_eq!(listed.headers["x-ms-throttle-limit-percentage"], "0.80");
    graph.get("/v1.0/users?$top=20").await;
    let refused = graph.get("/v1.0/me").await;
    assert_failure(&refused, 429, "TooManyRequests");
    let (app, tenant) = (world.sandbox.ithaca().0, world.larkspur());
    assert_eq!(
        refused.headers["x-ms-throttle-scope"],
        format!("Tenant_Application/ReadWrite/{app}/{tenant}")
    );
    assert_eq!(
        refused.headers["x-ms-throttle-information"],
        "ResourceUnitLimitExceeded"
    );
    // Meetings have limits of their own.
    let made = graph.post(CREATE_OR_GET, json!({"externalId": "a"})).await;
    assert_eq!(made.status, 201);
    assert!(!made.headers.contains_key("x-ms-resource-unit"));
}

#[tokio::test]
async fn the_parts_of_a_batch_are_throttled_one_by_one() {
    let (world, _) = limited(json!({"meetings": {"calls": 2, "seconds": 15}})).await;
    let part = |id: &str| {
        json!({
            "id": id,
            "method": "POST",
            "url": "/me/onlineMeetings/createOrGet",
            "headers": {"Content-Type": "application/json"},
            "body": {"externalId": id},
        })
    };
    let parts = host(&world)
        .batch(json!([
            part("1"), part("2"), part("3"),
            {"id": "4", "method": "GET", "url": "/me"},
        ]))
        .await;
    assert_eq!(parts["1"]["status"], 201);
    assert_eq!(parts["2"]["status"], 201);
    assert_eq!(parts["3"]["status"], 429);
    assert!(parts["3"]["headers"]["Retry-After"].is_string());
    assert_eq!(parts["3"]["body"]["error"]["code"], "TooManyRequests");
    assert_eq!(parts["4"]["status"], 200);
}

#[tokio::test]
async fn four_calls_at_once_are_what_a_mailbox_takes() {
    let (world, _) = limited(json!({"mailbox_takes_ms": 1_000})).await;
    let graph = std::sync::Arc::new(host(&world));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..8 {
        let graph = graph.clone();
        calls.spawn(async move {
            let who = if number < 6 { "mei" } else { "luis" };
            let path = format!("/v1.0/users/{who}@larkspur.example/photos/48x48/$value");
            (who, graph.get(&path).await)
        });
    }
    let answers = calls.join_all().await;
    let statuses = |who: &str, status: u16| {
        answers
            .iter()
            .filter(|(whose, answer)| *whose == who && answer.status == status)
            .count()
    };
    assert_eq!((statuses("mei", 200), statuses("mei", 429)), (4, 2));
    assert_eq!(statuses("luis", 200), 2);
    let (_, refused) = answers
        .iter()
        .find(|(_, answer)| answer.status == 429)
        .unwrap();
    assert_failure(refused, 429, "ApplicationThrottled");
    assert_eq!(
        refused.body["error"]["message"],
        "Application is over its MailboxConcurrency limit."
    );
    assert!(retry_after(refused) >= 1);
    // The places are free again.
    world
        .sandbox
        .change(|state| state.limits.mailbox_takes_ms = 0);
    let path = "/v1.0/users/mei@larkspur.example/photos/48x48/$value";
    assert_eq!(graph.raw("GET", path, None).await.status(), 200);
}

#[tokio::test]
async fn a_month_holds_two_thousand_meetings_where_that_is_kept() {
    let (world, admin) = limited(json!({"meetings_a_month": 2})).await;
    let ithaca = host(&world);
    let make = async |key: &str| ithaca.post(CREATE_OR_GET, json!({"externalId": key})).await;
    // Counted, and no more.
    assert_eq!(
        admin.get("limits").await.body["limits"]["over_the_month"],
        "count"
    );
    for key in ["a", "b", "c"] {
        assert_eq!(make(key).await.status, 201);
    }
    let refuse = json!({"over_the_month": "refuse"});
    assert_eq!(admin.send("PATCH", "limits", &refuse).await.status, 204);
    assert_failure(&make("d").await, 429, "TooManyRequests");
    // What is there is still found.
    assert_eq!(make("a").await.status, 200);
    let month = SignedDuration::from_hours(31 * 24);
    world.sandbox.clock().move_by(month);
    let later = Client::signed_in(&world, SCHEDULER, &SCOPES);
    let again = later.post(CREATE_OR_GET, json!({"externalId": "d"})).await;
    assert_eq!(again.status, 201);
}

#[tokio::test]
async fn limits_begin_as_microsoft_writes_them_and_unknown_ones_are_refused() {
    let world = World::start().await;
    let admin = Admin::start(&world).await;
    let limits = admin.get("limits").await.body["limits"].clone();
    assert_eq!(limits["app"], json!({"calls": 130_000, "seconds": 10}));
    assert_eq!(
        limits["directory_writes"],
        json!({"calls": 3_000, "seconds": 150})
    );
    assert_eq!(limits["meetings"], json!({"calls": 50_000, "seconds": 15}));
    assert_eq!(limits["mailbox"], json!({"calls": 10_000, "seconds": 600}));
    assert_eq!(limits["mailbox_at_once"], 4);
    assert_eq!(limits["meetings_a_month"], 2_000);
    for wrong in [
        json!({"hosts": {"calls": 1}}),
        json!({"host": {"calls": 0}}),
        json!({"host": {"calls": 1, "minutes": 1}}),
        json!({"app": 5}),
        json!({"over_the_month": "explode"}),
    ] {
        let answer = admin.send("PATCH", "limits", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    assert_eq!(admin.get("limits").await.body["limits"], limits);
    // Null puts back what was there.
    admin
        .send("PATCH", "limits", &json!({"app": {"calls": 1}}))
        .await;
    admin.send("PATCH", "limits", &json!({"app": null})).await;
    assert_eq!(admin.get("limits").await.body["limits"], limits);
}
