//! What holds for every request and every answer.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};

use super::{HOST, House};
use crate::store::World;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

#[tokio::test]
async fn w02_every_answer_carries_the_strict_policy() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let big = "x".repeat(70_000);
    for answer in [
        mei.opens("/").await,
        mei.opens("/larkspur").await,
        mei.opens("/larkspur/meetings").await,
        mei.opens("/nowhere").await,
        mei.opens("/larkspur/nothing/here").await,
        mei.opens("/larkspur/sign-out").await,
        mei.opens("/larkspur/tracks/new-managers/meetings").await,
        mei.opens("/assets/0/nothing.css").await,
        mei.opens("/health/live").await,
        mei.posts("/theme", &[("theme", &big)]).await,
        house.stranger().opens("/larkspur").await,
    ] {
        let status = answer.status;
        assert_eq!(answer.header("content-security-policy"), POLICY, "{status}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(!answer.header("cross-origin-opener-policy").is_empty());
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn w03_a_form_that_another_site_sends_changes_nothing() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![],
    ] {
        let headers: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        let answer = mei
            .sends(Method::POST, "/larkspur/sign-out", &[], &headers)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.body.contains("This can&#39;t be accepted"));
    }
    assert_eq!(mei.opens("/larkspur").await.status, StatusCode::OK);
}

#[tokio::test]
async fn w04_nothing_changes_by_a_link() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let answer = mei.opens("/larkspur/sign-out").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
    assert!(answer.body.contains("</html>"), "a page, not a bare error");
    let overridden = [
        ("x-http-method-override", "POST".to_owned()),
        ("sec-fetch-site", "same-origin".to_owned()),
    ];
    mei.sends(Method::GET, "/larkspur/sign-out", &[], &overridden)
        .await;
    assert_eq!(mei.opens("/larkspur").await.status, StatusCode::OK);
}

#[tokio::test]
async fn w07_two_sessions_at_once_are_refused() {
    let house = House::opens().await;
    let request = Request::get("/larkspur")
        .header(header::HOST, HOST)
        .header(header::COOKIE, "__Host-ithaca=one; __Host-ithaca=two")
        .body(Body::empty())
        .unwrap();
    let answer = house.asks(request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("two sessions"));
}

#[tokio::test]
async fn e12_another_host_is_not_ours() {
    let house = House::opens().await;
    for (host, status) in [
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("evil.example:8080", StatusCode::MISDIRECTED_REQUEST),
        ("localhost:8080", StatusCode::OK),
        ("[::1]:8080", StatusCode::OK),
    ] {
        let request = Request::get("/")
            .header(header::HOST, host)
            .body(Body::empty())
            .unwrap();
        assert_eq!(house.asks(request).await.status, status, "{host}");
    }
    let request = Request::get("/health/live")
        .header(header::HOST, "10.1.2.3")
        .body(Body::empty())
        .unwrap();
    assert_eq!(house.asks(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn i05_a_form_with_a_field_too_many_is_refused() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for fields in [
        &[
            ("zone", "UTC"),
            ("language", "en"),
            ("global_administrator", "yes"),
        ][..],
        &[
            ("zone", "UTC"),
            ("zone", "Europe/Berlin"),
            ("language", "en"),
        ],
    ] {
        let answer = mei.posts("/larkspur/profile", fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
    }
    let saved = [("zone", "Europe/Berlin"), ("language", "en")];
    let answer = mei.posts("/larkspur/profile", &saved).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = mei.opens("/larkspur/profile").await;
    assert!(page.body.contains("Saved."), "what came of it is shown");
    let page = mei.opens("/larkspur/profile").await;
    assert!(!page.body.contains("Saved."), "and only once");
}

#[tokio::test]
async fn w21_a_form_of_megabytes_is_refused_before_it_is_read() {
    let house = House::opens().await;
    let password = "x".repeat(10_000_000);
    let answer = house
        .stranger()
        .posts("/larkspur/sign-in", &[("password", &password)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn w05_what_is_no_form_is_refused() {
    let house = House::opens().await;
    let request = Request::post("/larkspur/sign-in")
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("email=mei"))
        .unwrap();
    let answer = house.asks(request).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// PostgreSQL refuses a NUL wherever one stands, and a refusal of the database is a fault.
#[tokio::test]
async fn a_nul_is_nobodys_name_on_postgres() {
    let house = House::opens_in(World::on_postgres().await);
    let amara = house
        .signs_in("larkspur", &house.world.larkspur.administrator)
        .await;
    for address in [
        "/%00/sign-in",
        "/larkspur/tracks/%00",
        "/larkspur/tracks/new%00managers/meetings/new",
        "/j/%00",
        "/larkspur/invitation/%00",
    ] {
        let answer = amara.opens(address).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
    }
    for address in [
        "/larkspur/manage/members?q=%00",
        "/?organization=%00",
        "/larkspur/manage/audit?who=%00&what=%00&from=%00",
    ] {
        let answer = amara.opens(address).await;
        assert!(!answer.status.is_server_error(), "{address}");
    }
    let fields = [("email", "\0@larkspur.example"), ("password", "\0")];
    let answer = house.stranger().posts("/larkspur/sign-in", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}
