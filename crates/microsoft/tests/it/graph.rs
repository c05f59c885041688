use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use microsoft::{Client, Clock, Cloud, Failure, Group, Kind, Transport};
use serde_json::json;
use tokio::task::JoinSet;
use tower::BoxError;

use crate::fake::{
    ACCESS, Fake, SCHEDULER, account, answer, application, graph_error, randomness, raw, today,
    token,
};

async fn failure(response: fn() -> Response<Bytes>) -> Failure {
    let fake = Fake::new(move |_| response());
    let token = token();
    fake.client.users(&token).me().await.unwrap_err()
}

#[tokio::test]
async fn every_call_says_who_asks_and_by_which_id_it_is_found_again() {
    let fake = Fake::new(|_| answer(200, &account(SCHEDULER, "scheduler@larkspur.example", None)));
    let token = token();
    fake.client.users(&token).me().await.unwrap();
    let request = &fake.seen()[0];
    assert_eq!(request.header("authorization"), format!("Bearer {ACCESS}"));
    assert!(request.headers["authorization"].is_sensitive());
    assert_eq!(request.header("client-request-id").len(), 36);
    assert_eq!(request.header("return-client-request-id"), "true");
    assert_eq!(
        request.uri.to_string(),
        "https://graph.microsoft.com/v1.0/me?$select=id,displayName,givenName,surname,mail,userPrincipalName"
    );
}

#[tokio::test]
async fn errors_are_read_into_the_one_table() {
    let kind = async |response| failure(response).await.kind;
    assert_eq!(
        kind(|| graph_error(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges"
        ))
        .await,
        Kind::PrivilegesMissing
    );
    assert_eq!(
        kind(|| graph_error(403, "Forbidden", "")).await,
        Kind::PrivilegesMissing
    );
    assert_eq!(
        kind(|| graph_error(
            403,
            "General",
            "No application access policy found for this app."
        ))
        .await,
        Kind::NoAccessPolicy
    );
    assert_eq!(
        kind(|| graph_error(
            401,
            "InvalidAuthenticationToken",
            "Access token has expired"
        ))
        .await,
        Kind::AccessTokenRefused
    );
    assert_eq!(
        kind(|| graph_error(404, "UnknownError", "")).await,
        Kind::NotFound
    );
    assert_eq!(
        kind(|| graph_error(404, "request_resourcenotfound", "")).await,
        Kind::NotFound
    );
    assert_eq!(
        kind(|| graph_error(400, "InvalidArgument", "do not support updating")).await,
        Kind::PropertiesRefused
    );
    assert_eq!(
        kind(|| graph_error(400, "BadRequest", "1026: An error has occurred.")).await,
        Kind::Refused
    );
    assert_eq!(
        kind(|| graph_error(500, "InternalServerError", "")).await,
        Kind::Unavailable
    );
    assert_eq!(
        kind(|| raw(503, "text/html", "<html>")).await,
        Kind::Unavailable
    );
    assert_eq!(
        kind(|| raw(418, "text/html", "<html>")).await,
        Kind::Refused
    );
}

#[tokio::test]
async fn the_ids_by_which_microsoft_finds_a_request_are_kept() {
    let failure = failure(|| graph_error(400, "BadRequest", "No.\r\nReally.")).await;
    assert_eq!(failure.status, Some(400));
    assert_eq!(failure.code.as_deref(), Some("BadRequest"));
    assert_eq!(failure.request_id.as_deref(), Some("r-1"));
    assert_eq!(failure.detail.as_deref(), Some("No.  Really."));
    assert_eq!(
        failure.to_string(),
        "refused (400, BadRequest, r-1, No.  Really.)"
    );
}

/// The forms of Retry-After are at the foot of `failure::reading`.
#[tokio::test]
async fn g05_throttling_says_how_long_to_wait() {
    let failure = failure(|| {
        let mut response = graph_error(429, "TooManyRequests", "Please retry again later.");
        let minute = "60".parse().unwrap();
        response.headers_mut().insert("retry-after", minute);
        response
    })
    .await;
    assert_eq!(failure.kind, Kind::Throttled);
    assert_eq!(failure.retry_after, Some(Duration::from_mins(1)));
    assert!(!failure.outcome_is_unknown());
}

#[tokio::test]
async fn g14_a_claims_challenge_is_read_and_anything_else_in_its_place_is_not() {
    let challenged = |claims: &str| {
        let header = format!(
            r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="{claims}""#
        );
        let fake = Fake::new(move |_| {
            let mut response = graph_error(401, "InvalidAuthenticationToken", "Continuous access");
            let headers = response.headers_mut();
            headers.insert("www-authenticate", header.parse().unwrap());
            response
        });
        async move {
            let token = token();
            fake.client.users(&token).me().await.unwrap_err()
        }
    };
    let asked = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    let failure = challenged(&BASE64_STANDARD.encode(asked)).await;
    assert_eq!(failure.kind, Kind::AccessChallenged);
    assert_eq!(failure.group(), Group::Token);
    assert!(failure.challenge.is_some());
    for nonsense in ["", "%%%", "bnVsbA==", &"A".repeat(60_000)] {
        let failure = challenged(nonsense).await;
        assert_eq!(failure.kind, Kind::AccessTokenRefused);
        assert_eq!(failure.challenge, None);
    }
}

/// At most four calls at once for one host, and no host waits for another.
#[tokio::test]
async fn g06_at_most_four_calls_are_under_way_for_one_host() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
    let service = tower::service_fn(move |_: Request<Full<Bytes>>| {
        let (now, most) = (Arc::clone(&counted), Arc::clone(&highest));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            let me = account(SCHEDULER, "scheduler@larkspur.example", None);
            Ok::<_, BoxError>(answer(200, &me).map(Full::new))
        }
    });
    let client = Client::new(
        Cloud::global(),
        application(),
        Transport::service(service),
        Clock::new(today),
        randomness(),
    );
    let mut calls = JoinSet::new();
    for _ in 0..30 {
        let client = client.clone();
        calls.spawn(async move {
            let token = token();
            client.users(&token).me().await.unwrap();
        });
    }
    calls.join_all().await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
    assert_eq!(now.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn g17_the_next_page_is_fetched_from_graph_itself_and_not_without_end() {
    let of = |next: &'static str| {
        Fake::new(move |seen| {
            let page = json!({ "value": [], "@odata.nextLink": next });
            if seen.path() != "/v1.0/$batch" {
                return answer(200, &page);
            }
            let url = seen.json()["requests"][0]["url"].to_string();
            if url.contains("$filter") {
                answer(
                    200,
                    &json!({ "responses": [{ "id": "0", "status": 200, "body": page }] }),
                )
            } else {
                answer(
                    200,
                    &json!({ "responses": [{ "id": "0", "status": 404, "body": {} }] }),
                )
            }
        })
    };
    for elsewhere in [
        "https://graph.microsoft.com.evil/v1.0/users",
        "http://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com:444/v1.0/users",
        "https://graph.microsoft.com@evil/",
        "/v1.0/users?$skiptoken=x",
        "",
    ] {
        let fake = of(elsewhere);
        let token = token();
        let found = fake
            .client
            .users(&token)
            .find_by_email(&["mei@larkspur.example".into()])
            .await;
        let failure = found.unwrap().remove(0).found.unwrap_err();
        assert_eq!(failure.kind, Kind::Garbage, "{elsewhere}");
        assert_eq!(fake.seen().len(), 2, "nothing was sent to {elsewhere}");
    }
    let fake = of("https://graph.microsoft.com/v1.0/users?$skiptoken=again");
    let token = token();
    let found = fake
        .client
        .users(&token)
        .find_by_email(&["mei@larkspur.example".into()])
        .await;
    assert_eq!(
        found.unwrap().remove(0).found.unwrap_err().kind,
        Kind::Garbage
    );
    assert!(fake.seen().len() < 10, "{} requests", fake.seen().len());
}
