//! A request that is sent again is done once.

use http::Method;
use serde_json::{Value, json};

use super::{Program, draft, with};
use crate::pages::House;

async fn count(program: &Program<'_>) -> usize {
    let meetings = program.gets("/meetings").await.json();
    meetings["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a10_the_same_request_gets_the_same_answer_and_another_none() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let key = [("idempotency-key", "6f1c")];
    let sends = async |program: &Program<'_>, body: Value| {
        program.sends(Method::POST, &path, Some(body), &key).await
    };
    let first = sends(&mei, draft(company)).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.body);
    let again = sends(&mei, draft(company)).await;
    assert_eq!(again.status, first.status);
    assert_eq!(again.body, first.body);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(count(&mei).await, 1);
    let other = with(draft(company), "title", json!("Other"));
    assert_eq!(
        sends(&mei, other).await.refuses(422).fields(),
        ["Idempotency-Key"]
    );
    let seen = [key[0], ("if-match", "\"1\"")];
    let with_tag = mei
        .sends(Method::POST, &path, Some(draft(company)), &seen)
        .await;
    with_tag.refuses(422);
    // The key belongs to the token and to the address.
    let other = Program::of(&house, &company.mentor).await;
    let made = sends(&other, draft(company)).await.json();
    assert_ne!(made["id"], first.json()["id"]);
    let cancellation = format!("/meetings/{}/cancellation", made["id"].as_str().unwrap());
    let cancelled = mei
        .sends(Method::POST, &cancellation, Some(json!({})), &key)
        .await;
    assert_eq!(cancelled.status.as_u16(), 200, "{}", cancelled.body);
    let again = mei
        .sends(Method::POST, &cancellation, Some(json!({})), &key)
        .await;
    assert_eq!((again.status.as_u16(), again.body), (200, cancelled.body));
    assert_eq!(count(&mei).await, 2);
}

#[tokio::test]
async fn a10_of_many_at_once_one_runs() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let key = [("idempotency-key", "at once")];
    let all = (0..8).map(|_| mei.sends(Method::POST, &path, Some(draft(company)), &key));
    let answers = futures::future::join_all(all).await;
    let mut made = Vec::new();
    for answer in &answers {
        match answer.status.as_u16() {
            201 => made.push(answer.body.clone()),
            _ => assert_eq!(answer.refuses(409).header("retry-after"), "1"),
        }
    }
    made.dedup();
    assert_eq!(
        made.len(),
        1,
        "everybody who was answered was answered the same"
    );
    assert_eq!(count(&mei).await, 1);
}

#[tokio::test]
async fn a_request_that_was_refused_may_be_mended_under_its_key() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let key = [("idempotency-key", "mended")];
    let wrong = with(draft(company), "title", json!(""));
    mei.sends(Method::POST, &path, Some(wrong), &key)
        .await
        .refuses(422);
    let made = mei
        .sends(Method::POST, &path, Some(draft(company)), &key)
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    for key in ["", "\u{e9}", &"x".repeat(256)] {
        let headers = [("idempotency-key", key)];
        let answer = mei
            .sends(Method::POST, &path, Some(draft(company)), &headers)
            .await;
        assert_eq!(answer.refuses(400).fields(), ["Idempotency-Key"]);
    }
    assert_eq!(count(&mei).await, 0);
}
