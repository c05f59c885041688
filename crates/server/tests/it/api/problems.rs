//! What a program is told when something cannot be done.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::json;

use super::{Program, draft, with};
use crate::pages::House;

#[tokio::test]
async fn every_mistake_is_named_at_its_field() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("x".repeat(201))),
        ("agenda", json!("x".repeat(4_001))),
        ("attendees", json!([])),
        ("attendees", json!(["zoe@larkspur.example"])),
        ("attendees", json!(["0193e0c4-7f1e-7000-8000-000000000000"])),
        ("local_start", json!("2020-01-01T10:00")),
        ("local_start", json!("2099-01-01T10:00")),
        ("local_start", json!("2027-03-28T02:30")),
        ("local_start", json!("2027-10-31T02:30")),
        ("local_start", json!("2027-11-24T15:00:00Z")),
        ("local_start", json!("2027-11-31T15:00")),
        ("time_zone", json!("Mars/Olympus")),
        ("duration_minutes", json!(4)),
        ("duration_minutes", json!(1_441)),
        ("duration_minutes", json!(99_999_999_999_u64)),
        ("mode", json!("smoke signals")),
        ("location", json!("x".repeat(201))),
        ("repetition", json!({ "every": "week" })),
        ("repetition", json!({ "every": "week", "count": 105 })),
        (
            "repetition",
            json!({ "every": "week", "count": 3, "until": "2028-01-01" }),
        ),
        (
            "repetition",
            json!({ "every": "week", "by": "weekday", "count": 3 }),
        ),
        (
            "repetition",
            json!({ "every": "day", "until": "2027-11-23" }),
        ),
        (
            "repetition.until",
            json!({ "every": "day", "until": "soon" }),
        ),
        ("repetition.every", json!({ "count": 3 })),
    ] {
        let sent = field.split('.').next().unwrap();
        let body = with(draft(company), sent, value.clone());
        let body = if field == "location" {
            with(body, "mode", json!("in_person"))
        } else {
            body
        };
        let answer = mei.posts(&path, body).await;
        assert!(
            answer.fields().contains(&field.to_owned()),
            "{field} {value}: {}",
            answer.body
        );
        assert!(
            [409, 422].contains(&answer.status.as_u16()),
            "{field}: {}",
            answer.body
        );
    }
    let answer = mei.posts(&path, json!({})).await;
    answer.refuses(422);
    for field in [
        "title",
        "attendees",
        "local_start",
        "time_zone",
        "duration_minutes",
        "mode",
    ] {
        assert!(
            answer.fields().contains(&field.to_owned()),
            "{field}: {}",
            answer.body
        );
    }
    let all = mei.gets("/meetings").await.json();
    assert_eq!(all["items"], json!([]), "nothing was made");
}

#[tokio::test]
async fn a_time_that_does_not_exist_is_refused_with_its_neighbours() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let body = with(draft(company), "local_start", json!("2027-03-28T02:30"));
    let answer = mei.posts(&path, body).await;
    assert!(
        answer.refuses(422).body.contains("Choose 01:59"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a13_json_that_is_not_as_described_is_refused() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let whole = draft(company).to_string();
    let twice = whole.replace("\"title\"", "\"title\":\"Other\",\"title\"");
    for text in [
        twice.as_str(),
        &whole.replace("45", "NaN"),
        &whole.replace("45", "1e999"),
        &whole.replace("45", "45.5"),
        &whole.replace(
            "\"title\"",
            "\"repetition\":{\"every\":\"day\",\"count\":2,\"count\":3},\"title\"",
        ),
        &whole.replace(
            "\"title\"",
            "\"repetition\":{\"every\":\"day\",\"count\":2,\"x\":3},\"title\"",
        ),
        &whole.replace("\"title\"", "\"repetition\":\"daily\",\"title\""),
        &whole.replace("45", "\"45\""),
        &whole.replace("First steps", "\\ud800"),
        &whole.replace("[\"", "[[\"").replace("\"]", "\"]]"),
        "[]",
        "null",
        "\"x\"",
        "{",
        &"[".repeat(60_000),
    ] {
        mei.sends_text(Method::POST, &path, Some(text), &[])
            .await
            .refuses(400);
    }
    assert_eq!(mei.gets("/meetings").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a12_a_body_that_is_too_long_is_refused_before_it_is_read() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let fits = format!(
        "{}{}",
        draft(company),
        " ".repeat(65_536 - draft(company).to_string().len())
    );
    let made = mei.sends_text(Method::POST, &path, Some(&fits), &[]).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    let more = format!("{fits} ");
    mei.sends_text(Method::POST, &path, Some(&more), &[])
        .await
        .refuses(413);
    let keyed = [("idempotency-key", "1")];
    mei.sends_text(Method::POST, &path, Some(&more), &keyed)
        .await
        .refuses(413);
    let gzip = [("content-encoding", "gzip")];
    mei.sends_text(Method::POST, &path, Some("x"), &gzip)
        .await
        .refuses(415);
}

#[tokio::test]
async fn w05_only_json_is_read() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let text = draft(company).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "",
    ] {
        let headers = [("content-type", kind)];
        mei.sends_text(Method::POST, &path, Some(&text), &headers)
            .await
            .refuses(415);
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    let made = mei
        .sends_text(Method::POST, &path, Some(&text), &charset)
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
}

#[tokio::test]
async fn w04_a_method_that_does_nothing_says_which_do() {
    let house = House::opens().await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    for (method, path, allowed) in [
        (Method::DELETE, "/me", "GET,HEAD"),
        (Method::POST, "/meetings", "GET,HEAD"),
        (
            Method::GET,
            "/meetings/0193e0c4-7f1e-7000-8000-000000000000/cancellation",
            "POST",
        ),
        (Method::TRACE, "/tracks", "GET,HEAD"),
    ] {
        let answer = mei.sends(method, path, None, &[]).await;
        assert_eq!(answer.refuses(405).header("allow"), allowed, "{path}");
    }
    let overridden = [("x-http-method-override", "POST")];
    let answer = mei.sends(Method::GET, "/me", None, &overridden).await;
    assert_eq!(answer.status.as_u16(), 200);
    mei.gets("/me?_method=DELETE").await.refuses(400);
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_told_so() {
    let house = House::opens().await;
    for host in ["evil.example", "127.0.0.1:9", "x@127.0.0.1:8080"] {
        let request = Request::get("/api/v1/me").header(header::HOST, host);
        house
            .asks(request.body(Body::empty()).unwrap())
            .await
            .refuses(421);
    }
    let request = Request::get("/api/v1/me").body(Body::empty()).unwrap();
    house.asks(request).await.refuses(400);
}

#[tokio::test]
async fn w10_w12_tricks_with_paths_and_origins_lead_nowhere() {
    let house = House::opens().await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    for path in [
        "/",
        "/nothing",
        "/me/",
        "/ME",
        "/me;x=y",
        "/me/../me",
        "/%6de/x",
    ] {
        mei.gets(path).await.refuses(404);
    }
    let origin = [("origin", "https://evil.example")];
    let answer = mei.sends(Method::GET, "/me", None, &origin).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
}
