//! API tokens: what they let in, and when they no longer do.

use http::{Method, Request, header};
use ithaca::store::api_tokens;
use mentoring::api_token::TokenScope;
use serde_json::json;

use super::{Program, acting, draft};
use crate::pages::{HOST, House};

#[tokio::test]
async fn mei_makes_a_token_on_her_profile_page_and_sees_it_once() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let made = mei
        .posts(
            "/larkspur/profile/tokens",
            &[
                ("token_name", "Calendar"),
                ("token_scope", "write"),
                ("token_days", "30"),
            ],
        )
        .await;
    let secret = made
        .body
        .split("<code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    assert!(secret.starts_with("ith_") && secret.len() >= 47, "{secret}");
    let program = Program::forged(&house, secret);
    assert_eq!(program.gets("/me").await.json()["name"], "Mei Tanaka");
    let profile = mei.opens("/larkspur/profile").await;
    assert!(!profile.body.contains(secret), "it is shown once");
    for words in ["Calendar", "Read and write", "Last used", "Today, "] {
        assert!(profile.body.contains(words), "{words}: {}", profile.body);
    }
    let revoke = profile.body.split("/profile/tokens/").nth(1).unwrap();
    let id = revoke.split('/').next().unwrap();
    mei.posts(&format!("/larkspur/profile/tokens/{id}/revocation"), &[])
        .await;
    program.gets("/me").await.refuses(401);
    let profile = mei.opens("/larkspur/profile").await;
    assert!(
        profile.body.contains("You have no API tokens."),
        "{}",
        profile.body
    );
}

#[tokio::test]
async fn a_token_without_a_name_is_explained_at_its_field() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let refused = mei
        .posts(
            "/larkspur/profile/tokens",
            &[
                ("token_name", " "),
                ("token_scope", "all"),
                ("token_days", "1000"),
            ],
        )
        .await;
    assert_eq!(refused.status.as_u16(), 422);
    assert!(refused.body.contains("Choose what the token may do."));
    let refused = mei
        .posts(
            "/larkspur/profile/tokens",
            &[
                ("token_name", " "),
                ("token_scope", "read"),
                ("token_days", "1000"),
            ],
        )
        .await;
    assert!(
        refused.body.contains("id=\"token_name-error\""),
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("id=\"token_days-error\""),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn nobody_revokes_the_token_of_another() {
    let house = House::opens().await;
    let (mei, luis) = (&house.world.larkspur.mentor, &house.world.larkspur.mentee);
    let program = Program::of(&house, mei).await;
    let id = api_tokens::list_mine(&house.world.store, &acting(&house, mei).await.sight())
        .await
        .unwrap()[0]
        .id;
    let luis = house.signs_in("larkspur", luis).await;
    let answer = luis
        .posts(&format!("/larkspur/profile/tokens/{id}/revocation"), &[])
        .await;
    assert_eq!(answer.status.as_u16(), 404);
    assert_eq!(program.gets("/me").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a01_what_is_no_token_lets_nobody_in() {
    let house = House::opens().await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    let cut = &mei.token()[..mei.token().len() - 1];
    let other_case = mei.token().to_uppercase();
    for token in [
        "",
        "x",
        "ith_",
        cut,
        &other_case,
        "ith_é",
        &"ith_a".repeat(2_000),
    ] {
        let answer = Program::forged(&house, token).gets("/me").await;
        let challenge = answer.refuses(401).header("www-authenticate").to_owned();
        assert!(challenge.starts_with("Bearer realm="), "{challenge}");
    }
    let in_query = format!(
        "/api/v1/me?access_token={}&token={}",
        mei.token(),
        mei.token()
    );
    let request = Request::get(in_query).header(header::HOST, HOST);
    let answer = house
        .asks(request.body(axum::body::Body::empty()).unwrap())
        .await;
    answer.refuses(401);
    let twice = [("authorization", format!("Bearer {}", mei.token()))];
    let twice = [(twice[0].0, twice[0].1.as_str())];
    mei.sends(Method::GET, "/me", None, &twice)
        .await
        .refuses(401);
}

#[tokio::test]
async fn a_cookie_counts_for_nothing_on_the_api_and_a_token_for_nothing_on_pages() {
    let house = House::opens().await;
    let member = &house.world.larkspur.mentor;
    let browser = house.signs_in("larkspur", member).await;
    let request = Request::get("/api/v1/me")
        .header(header::HOST, HOST)
        .header(header::COOKIE, browser.cookies());
    let answer = house
        .asks(request.body(axum::body::Body::empty()).unwrap())
        .await;
    answer.refuses(401);
    let mei = Program::of(&house, member).await;
    let request = Request::get("/larkspur/profile")
        .header(header::HOST, HOST)
        .header(header::AUTHORIZATION, format!("Bearer {}", mei.token()));
    let answer = house
        .asks(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert!(
        answer.location().starts_with("/larkspur/sign-in"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a05_a_token_that_may_only_read_changes_nothing() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let writer = Program::of(&house, &company.mentor).await;
    let made = super::plans(&writer, company, draft(company)).await;
    let reader = Program::with(&house, &company.mentor, TokenScope::Read).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(reader.gets(&format!("/meetings/{id}")).await.json(), made);
    let document = ithaca::api::document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|method| *method != "get")
        {
            let of = if path.starts_with("/tracks") {
                company.track.id.to_string()
            } else {
                id.to_owned()
            };
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = super::filled(path, &of);
            let answer = reader.sends(method, &path, Some(json!({})), &[]).await;
            answer.refuses(403);
        }
    }
    assert_eq!(reader.gets(&format!("/meetings/{id}")).await.json(), made);
}

#[tokio::test]
async fn a06_a_deactivated_members_token_is_dead_at_once_and_stays_so() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let luis = Program::of(&house, &company.mentee).await;
    assert_eq!(luis.gets("/me").await.status.as_u16(), 200);
    let amara = acting(&house, &company.administrator).await;
    house
        .app
        .deactivate_member(&amara, company.mentee.id)
        .await
        .unwrap();
    luis.gets("/me").await.refuses(401);
    house
        .app
        .reactivate_member(&amara, company.mentee.id)
        .await
        .unwrap();
    luis.gets("/me").await.refuses(401);
}

#[tokio::test]
async fn an_expired_token_is_worth_nothing() {
    let house = House::opens().await;
    let member = &house.world.larkspur.mentor;
    let now = house.world.clock.now();
    let token = mentoring::api_token::ApiToken {
        id: house.world.randomness.uuid_v7(now),
        member: member.id,
        name: "Old".to_owned(),
        scope: TokenScope::Write,
        created_at: now - jiff::SignedDuration::from_hours(48),
        expires_at: now - jiff::SignedDuration::from_hours(1),
        last_used_at: None,
    };
    let tx = house.world.store.begin(member.organization).await.unwrap();
    let hash = ithaca::app::sessions::key_of("ith_old");
    api_tokens::insert(&tx, member.organization, &token, &hash)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Program::forged(&house, "ith_old")
        .gets("/me")
        .await
        .refuses(401);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let house = House::opens_with(|app| app.api_requests_per_minute = 3).await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    let luis = Program::of(&house, &house.world.larkspur.mentee).await;
    for _ in 0..3 {
        assert_eq!(mei.gets("/me").await.status.as_u16(), 200);
    }
    let answer = mei.gets("/me").await;
    let wait: u64 = answer.refuses(429).header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(
        luis.gets("/me").await.status.as_u16(),
        200,
        "it is Mei's limit"
    );
}
