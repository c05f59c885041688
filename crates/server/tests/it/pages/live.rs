//! A page that is left open asks for itself, and hears in one line that it is as it was.

use http::{Method, StatusCode};
use jiff::SignedDuration;

use super::meetings::plans;
use super::{Answer, Browser, House};

fn stamp(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("data-stamp=\"").expect("it has one");
    rest.split('"').next().expect("it ends").to_owned()
}

async fn asks_again(browser: &Browser<'_>, address: &str, stamp: &str) -> Answer {
    let headers = [
        ("hx-request", "true".to_owned()),
        ("if-none-match", format!("\"page {stamp}\"")),
    ];
    browser.sends(Method::GET, address, &[], &headers).await
}

#[tokio::test]
async fn an_open_page_is_answered_in_one_line_until_something_changes() {
    let house = House::opens_on_monday().await;
    let (larkspur, quillfield) = (&house.world.larkspur, &house.world.quillfield);
    let mei = house.signs_in("larkspur", &larkspur.mentor).await;
    let luis = house.signs_in("larkspur", &larkspur.mentee).await;
    let theirs = house.signs_in("quillfield", &quillfield.mentor).await;
    let made = plans(&mei, larkspur, "phone").await.location().to_owned();
    // What the last action came to is shown once.
    luis.opens("/larkspur").await;

    for address in [
        "/larkspur",
        "/larkspur/meetings",
        "/larkspur/meetings/month",
        "/larkspur/tracks/new-managers",
        "/larkspur/tracks/new-managers/meetings",
        &made,
    ] {
        let page = luis.opens(address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}: {}", page.body);
        assert!(page.body.contains("data-live"), "{address}");
        let shown = stamp(&page);
        let same = asks_again(&luis, address, &shown).await;
        assert_eq!(
            (same.status, same.body.as_str()),
            (StatusCode::NOT_MODIFIED, "")
        );

        // What others do elsewhere is no news.
        plans(&theirs, quillfield, "phone").await;
        let same = asks_again(&luis, address, &shown).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED, "{address}");

        // A page older than a minute is made anew: an hour may have come.
        house.world.clock.advance(SignedDuration::from_mins(1));
        let later = asks_again(&luis, address, &shown).await;
        assert_eq!(later.status, StatusCode::OK, "{address}");

        let shown = stamp(&later);
        let fields = [("answer", "yes"), ("note", address)];
        mei.posts(&format!("{made}/answer"), &fields).await;
        let next = asks_again(&luis, address, &shown).await;
        assert_eq!(next.status, StatusCode::OK, "{address}");
        assert_ne!(stamp(&next), shown);
    }
}

#[tokio::test]
async fn whoever_signed_out_hears_nothing_more_of_an_open_page() {
    let house = House::opens_on_monday().await;
    let larkspur = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &larkspur.mentor).await;
    let shown = stamp(&mei.opens("/larkspur/meetings").await);
    mei.posts("/larkspur/sign-out", &[]).await;
    let answer = asks_again(&mei, "/larkspur/meetings", &shown).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    // Nobody else's stamp opens another organization's page.
    let edda = &house.world.quillfield.administrator;
    let edda = house.signs_in("quillfield", edda).await;
    let answer = asks_again(&edda, "/larkspur/meetings", &shown).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
