//! One organization does not exist for the people of another.

use http::StatusCode;

use super::House;

#[tokio::test]
async fn i02_a_foreign_organization_is_answered_like_none() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for page in [
        "",
        "/meetings",
        "/tracks/new-managers",
        "/manage",
        "/profile",
    ] {
        let foreign = mei.opens(&format!("/quillfield{page}")).await;
        let missing = mei.opens(&format!("/nowhere{page}")).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(foreign.status, missing.status, "{page}");
        assert_eq!(foreign.body, missing.body, "{page}");
        assert_eq!(foreign.headers, missing.headers, "{page}");
    }
}

#[tokio::test]
async fn i02_a_foreign_meeting_is_answered_like_none() {
    let house = House::opens().await;
    let edda = house
        .signs_in("quillfield", &house.world.quillfield.mentor)
        .await;
    let made = super::meetings::plans(&edda, &house.world.quillfield, "phone").await;
    let id = made.location().rsplit('/').next().unwrap().to_owned();
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for page in ["", "/link", "/schedule", "/cancellation"] {
        let foreign = mei.opens(&format!("/larkspur/meetings/{id}{page}")).await;
        let random = "0193e0c4-7f1e-7000-8000-000000000000";
        let missing = mei
            .opens(&format!("/larkspur/meetings/{random}{page}"))
            .await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{page}");
        assert_eq!(foreign.body, missing.body, "{page}");
    }
    let nonsense = mei.opens("/larkspur/meetings/nonsense").await;
    assert_eq!(nonsense.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn i04_nobody_of_another_organization_can_be_met() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    let stranger = house.world.quillfield.mentee.id.to_string();
    let fields = [
        ("title", "Found you"),
        ("people", stranger.as_str()),
        ("date", "2027-11-24"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", "phone"),
    ];
    let answer = mei
        .posts("/larkspur/tracks/new-managers/meetings", &fields)
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Somebody you chose is not"));
    assert!(answer.body.contains("Found you"), "what was typed is kept");
}

#[tokio::test]
async fn i08_a_page_token_that_was_made_up_is_refused() {
    let house = House::opens().await;
    let mei = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    for token in [
        "x",
        "1.2",
        "99999999999999999999.0193e0c47f1e70008000000000000000",
        "1700000000000.0193e0c47f1e70008000000000000000",
    ] {
        let answer = mei
            .opens(&format!("/larkspur/meetings?after={token}"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{token}");
    }
}
