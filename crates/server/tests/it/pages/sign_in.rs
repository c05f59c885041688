//! Coming in and going out.

use http::StatusCode;
use ithaca::store::members;
use secrecy::SecretString;

use super::House;

const PASSWORD: &str = "sails of black and white";

async fn with_password(house: &House) {
    let mei = &house.world.larkspur.mentor;
    let password = SecretString::from(PASSWORD);
    let hash = house.app.passwords.hash(&password).await.unwrap();
    let tx = house
        .world
        .store
        .begin(house.world.larkspur.id)
        .await
        .unwrap();
    members::set_password_hash(&tx, mei.organization, mei.id, &hash)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn mei_signs_in_and_lands_where_she_wanted_to_go() {
    let house = House::opens().await;
    with_password(&house).await;
    let mei = house.stranger();
    let asked = mei.opens("/larkspur/meetings?past").await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    assert_eq!(
        asked.location(),
        "/larkspur/sign-in?return_to=%2Flarkspur%2Fmeetings%3Fpast"
    );
    let fields = [
        ("email", "mei@larkspur.example"),
        ("password", PASSWORD),
        ("return_to", "/larkspur/meetings?past"),
    ];
    let answer = mei.posts("/larkspur/sign-in", &fields).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-ithaca="), "{cookie}");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{attribute}");
    }
    assert!(!cookie.contains("Domain"));
    let checked = mei.opens(answer.location()).await;
    assert_eq!(checked.location(), "/larkspur/meetings?past");
    assert_eq!(mei.opens(checked.location()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn w14_a_wrong_password_and_a_wrong_address_read_the_same() {
    let house = House::opens().await;
    with_password(&house).await;
    let try_as = async |email: &str| {
        let fields = [("email", email), ("password", "not that one at all")];
        let answer = house.stranger().posts("/larkspur/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.headers.contains_key("set-cookie"));
        answer.body.replace(email, "")
    };
    assert_eq!(
        try_as("mei@larkspur.example").await,
        try_as("odysseus@larkspur.example").await
    );
}

#[tokio::test]
async fn w15_guessing_ends_after_ten_tries() {
    let house = House::opens().await;
    let guess = [("email", "mei@larkspur.example"), ("password", "guess")];
    for _ in 0..10 {
        let answer = house.stranger().posts("/larkspur/sign-in", &guess).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let answer = house.stranger().posts("/larkspur/sign-in", &guess).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!answer.header("retry-after").is_empty());
    assert!(answer.body.contains("Too many tries"));
}

#[tokio::test]
async fn c21_signing_in_leads_nowhere_else() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for attack in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/quillfield",
        "/larkspur/../quillfield",
        "javascript:alert(1)",
    ] {
        let attack = serde_urlencoded::to_string([("return_to", attack)]).unwrap();
        let answer = mei.opens(&format!("/larkspur/signed-in?{attack}")).await;
        assert_eq!(answer.location(), "/larkspur", "{attack}");
    }
    let look = [("theme", "dark"), ("return_to", "//evil.example")];
    assert_eq!(mei.posts("/theme", &look).await.location(), "/");
    let look = [("theme", "dark"), ("return_to", "/larkspur/profile")];
    assert_eq!(
        mei.posts("/theme", &look).await.location(),
        "/larkspur/profile"
    );
    let page = mei.opens("/larkspur/profile").await;
    assert!(page.body.contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn w08_who_signed_out_is_out() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let old = mei.cookies();
    let answer = mei.posts("/larkspur/sign-out", &[]).await;
    assert_eq!(answer.location(), "/larkspur/sign-in");
    assert!(answer.header("clear-site-data").contains("storage"));
    assert!(!mei.cookies().contains("__Host-ithaca="));
    let request = http::Request::get("/larkspur")
        .header("host", super::HOST)
        .header("cookie", old)
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(house.asks(request).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_browser_that_refuses_secure_cookies_is_told() {
    let house = House::opens().await;
    let answer = house.stranger().opens("/larkspur/signed-in").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("keep the sign-in"));
}

#[tokio::test]
async fn the_demo_offers_its_people() {
    let house = House::opens().await;
    let page = house.stranger().opens("/").await;
    assert_eq!(page.status, StatusCode::OK);
    for name in ["Amara Okafor", "Mei Tanaka", "Edda Lindqvist"] {
        assert!(page.body.contains(&format!("Continue as {name}")), "{name}");
    }
    assert!(page.body.contains("Mentor in New Managers"));
}

#[tokio::test]
async fn a_broken_link_says_what_to_do() {
    let house = House::opens().await;
    let invitation = house.stranger().opens("/larkspur/invitation/nothing").await;
    assert_eq!(invitation.status, StatusCode::NOT_FOUND);
    assert!(invitation.body.contains("This link no longer works"));
    let password = house.stranger().opens("/larkspur/password/nothing").await;
    assert!(password.body.contains("/larkspur/sign-in/forgotten"));
}

#[tokio::test]
async fn a_part_of_a_page_asks_for_the_whole_once_nobody_is_signed_in() {
    let house = House::opens().await;
    let asks = [("hx-request", "true".to_owned())];
    let answer = house
        .stranger()
        .sends(http::Method::GET, "/larkspur/meetings", &[], &asks)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("hx-refresh"), "true");
}
