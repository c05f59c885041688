//! G-01: every call, given nonsense of every kind, says so and does no harm.

use bytes::Bytes;
use http::Response;
use microsoft::online_meetings::Changes;
use microsoft::{Failure, Group, Kind, NewOnlineMeeting};
use secrecy::SecretString;

use crate::fake::{Fake, LARKSPUR, MEI, SCHEDULER, meeting, raw, today, token};

const JSON: &str = "application/json";

fn nonsense() -> Vec<(&'static str, Response<Bytes>)> {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_inside = format!(r#"{{"value":{deep},"id":{deep},"responses":{deep}}}"#);
    let twice = meeting("m")
        .to_string()
        .replacen('{', r#"{"id":"other","#, 1);
    let whole = meeting("m").to_string();
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(1024 * 1024));
    let mut gzip = raw(200, JSON, "{}");
    gzip.headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    vec![
        ("an empty object", raw(200, JSON, "{}")),
        ("null", raw(200, JSON, "null")),
        ("a list", raw(200, JSON, "[]")),
        ("a page", raw(200, "text/html", "<html>Sign in</html>")),
        ("a page called JSON", raw(200, JSON, "<html>Sign in</html>")),
        ("JSON called a page", raw(200, "text/html", whole.clone())),
        ("nothing", raw(200, JSON, "")),
        ("half", raw(200, JSON, whole[..whole.len() / 2].to_owned())),
        (
            "no UTF-8",
            raw(200, JSON, Bytes::from_static(b"{\"id\":\"\xff\xfe\"}")),
        ),
        ("deep nesting", raw(200, JSON, deep)),
        ("deep nesting inside", raw(200, JSON, deep_inside)),
        ("a name twice", raw(200, JSON, twice)),
        (
            "numbers as strings",
            raw(
                200,
                JSON,
                r#"{"expires_in":"3600","access_token":5,"id":7,"value":"1","responses":[{"id":1,"status":"200"}]}"#,
            ),
        ),
        ("a megabyte and more", raw(200, JSON, long)),
        ("an unasked compression", gzip),
        ("another success", raw(202, JSON, whole)),
        ("a success without a body", raw(206, JSON, "{}")),
    ]
}

fn new_meeting() -> NewOnlineMeeting {
    NewOnlineMeeting {
        external_id: "meeting-1:0".into(),
        subject: "First conversation".into(),
        start: today(),
        end: today(),
        attendees: Vec::new(),
    }
}

/// What each call made of the answer, by name.
async fn every_call(fake: &Fake) -> Vec<(&'static str, Result<(), Failure>)> {
    let (client, token) = (&fake.client, token());
    let (users, meetings) = (client.users(&token), client.online_meetings(&token));
    let secret = SecretString::from("x");
    let mei = ["mei.tanaka@larkspur.example".to_owned()];
    let changes = Changes {
        subject: Some("Second conversation".into()),
        ..Changes::default()
    };
    let found = users.find_by_email(&mei).await;
    vec![
        ("refresh", client.refresh(LARKSPUR, &secret).await.map(drop)),
        ("me", users.me().await.map(drop)),
        ("organization", users.organization().await.map(drop)),
        (
            "find by e-mail",
            found.and_then(|mut found| found.remove(0).found.map(drop)),
        ),
        ("photo", users.photo(MEI).await.map(drop)),
        (
            "create",
            meetings.create_or_get(&new_meeting()).await.map(drop),
        ),
        ("get", meetings.get("m").await.map(drop)),
        ("update", meetings.update("m", &changes).await.map(drop)),
        ("delete", meetings.delete("m").await.map(drop)),
    ]
}

#[tokio::test]
async fn g01_nonsense_is_told_from_an_answer_by_every_call() {
    for (what, response) in nonsense() {
        let fake = Fake::new(move |_| response.clone());
        for (call, outcome) in every_call(&fake).await {
            let failure = outcome.expect_err(&format!("{call} believed {what}"));
            assert_eq!(
                failure.group(),
                Group::Garbage,
                "{call} given {what}: {failure}"
            );
            assert!(failure.outcome_is_unknown());
            assert!(failure.to_string().len() < 700, "{failure}");
        }
    }
}

/// Over the one seam, for each call; see `network` for real sockets.
#[tokio::test]
async fn g16_no_call_follows_a_redirect() {
    for status in [301, 302, 303, 307, 308, 304] {
        let fake = Fake::new(move |_| {
            let mut response = raw(status, "text/plain", "");
            let elsewhere = "https://evil.example/".parse().unwrap();
            response.headers_mut().insert("location", elsewhere);
            response
        });
        let calls = every_call(&fake).await;
        assert_eq!(fake.seen().len(), calls.len(), "one request for each call");
        for (call, outcome) in calls {
            assert_eq!(outcome.unwrap_err().kind, Kind::RedirectRefused, "{call}");
        }
    }
}

/// K-06, for Graph.
#[tokio::test]
async fn an_echoed_token_does_not_reach_the_logs() {
    let fake = Fake::new(|seen| {
        let echo = seen.header("authorization").to_owned();
        crate::fake::graph_error(400, &echo, &format!("you sent {echo}"))
    });
    let token = token();
    let failure = fake.client.users(&token).me().await.unwrap_err();
    for shown in [format!("{failure:?}"), failure.to_string()] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert_eq!(token.host(), SCHEDULER);
}
