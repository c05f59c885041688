//! Requests that make no sense: each has a well-formed answer, and nothing falls over.

use sandbox::random::Random;
use serde_json::Value;

use crate::graph_world::{Client, SCHEDULER};
use crate::world::World;

const WORDS: [&str; 30] = [
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

/// As many as fit into a second or two; the same ones on every run.
const REQUESTS: usize = 1_500;

#[tokio::test]
async fn whatever_is_asked_the_answer_is_well_formed() {
    let world = World::start().await;
    let scopes = ["User.Read", "User.Read.All", "OnlineMeetings.ReadWrite"];
    let client = Client::signed_in(&world, SCHEDULER, &scopes)
        .saying("ConsistencyLevel", "eventual")
        .saying("Content-Type", "application/json");
    let random = Random::seeded(b"odd requests");
    let pick = |words: &[&'static str]| {
        let count = u32::try_from(words.len()).unwrap();
        words[usize::try_from(random.below(count)).unwrap()]
    };
    for _ in 0..REQUESTS {
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
        let response = client.send_text(method, &path, body).await;
        let status = response.status().as_u16();
        // Dots in the path are resolved before it is sent, and may leave Graph.
        let is_graph = response.url().path().starts_with("/v1.0/");
        let kind = response.headers().get("content-type").cloned();
        let bytes = response.bytes().await.unwrap();
        let context = format!("{method} {path} {body}: {status}");
        assert!(status < 500, "{context}");
        if is_graph && kind.is_some_and(|kind| kind != "image/jpeg") {
            let answer: Value = serde_json::from_slice(&bytes).expect(&context);
            assert_eq!(status >= 400, answer.get("error").is_some(), "{context}");
        }
    }
    assert_eq!(client.get("/v1.0/me").await.status, 200);
}
