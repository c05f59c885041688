//! Tracks, who one is, and the integration, as programs see them.

use http::Method;
use serde_json::json;

use super::Program;
use crate::pages::House;

#[tokio::test]
async fn everybody_sees_their_own_tracks_and_the_people_in_them() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let me = mei.gets("/me").await.json();
    assert_eq!(me["email"], "mei@larkspur.example");
    assert_eq!(me["organization"]["slug"], "larkspur");
    assert_eq!(me["token"]["scope"], "write");
    let track = company.track.id.to_string();
    assert_eq!(
        me["enrolments"],
        json!([{ "track_id": track, "roles": ["mentor"] }])
    );
    let tracks = mei.gets("/tracks").await.json();
    let shown = json!({ "id": track, "slug": "new-managers", "name": "New Managers", "meeting_modes": ["phone", "teams"], "roles": ["mentor"] });
    assert_eq!(tracks, json!({ "items": [shown], "next_page_token": null }));
    assert_eq!(mei.gets(&format!("/tracks/{track}")).await.json(), shown);
    let people = mei
        .gets(&format!("/tracks/{track}/participants?page_size=1"))
        .await
        .json();
    assert_eq!(people["items"][0]["name"], "Luis Ortega");
    let token = people["next_page_token"].as_str().unwrap();
    let rest = mei
        .gets(&format!(
            "/tracks/{track}/participants?page_size=1&page_token={token}"
        ))
        .await
        .json();
    assert_eq!(rest["items"][0]["email"], "mei@larkspur.example");
    assert_eq!(rest["next_page_token"], json!(null));
}

#[tokio::test]
async fn an_administrator_sets_the_meeting_modes_of_a_track() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = Program::of(&house, &company.administrator).await;
    let path = format!("/tracks/{}/meeting-modes", company.track.id);
    let puts = async |body| amara.sends(Method::PUT, &path, Some(body), &[]).await;
    let answer = puts(json!({ "modes": ["in_person", "phone"] })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(
        answer.json()["meeting_modes"],
        json!(["in_person", "phone"])
    );
    let answer = puts(json!({ "modes": ["phone", "teams"] })).await;
    assert_eq!(
        answer.refuses(409).fields(),
        ["modes"],
        "Teams is not integrated"
    );
    assert_eq!(
        puts(json!({ "modes": [] })).await.refuses(422).fields(),
        ["modes"]
    );
    assert_eq!(puts(json!({})).await.refuses(422).fields(), ["modes"]);
    assert_eq!(
        puts(json!({ "modes": ["fax"] }))
            .await
            .refuses(422)
            .fields(),
        ["modes"]
    );
    assert_eq!(
        puts(json!({ "modes": "phone" }))
            .await
            .refuses(400)
            .fields(),
        ["modes"]
    );
    let wrong = json!({ "modes": ["phone"], "teams_meetings": "burn" });
    assert_eq!(puts(wrong).await.refuses(422).fields(), ["teams_meetings"]);
}

#[tokio::test]
async fn everybody_sees_whether_teams_is_integrated_and_administrators_see_more() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let seen = mei.gets("/integrations/teams").await.json();
    assert_eq!(seen["state"], "not_integrated");
    assert_eq!(seen["offers_teams"], json!(false));
    assert_eq!(seen["checks"], json!(null));
    let amara = Program::of(&house, &company.administrator).await;
    assert_eq!(
        amara.gets("/integrations/teams").await.json()["checks"],
        json!([])
    );
}
