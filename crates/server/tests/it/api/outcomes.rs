//! How a meeting went, as programs say and read it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Program, draft, plans};
use crate::pages::House;

#[tokio::test]
async fn luis_says_through_a_program_that_he_met_mei() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let mut wanted = draft(company);
    wanted["local_start"] = json!("2026-11-24T15:00:00");
    let made = plans(&mei, company, wanted).await;
    let meeting = format!("/meetings/{}", made["id"].as_str().unwrap());
    let path = format!("{meeting}/occurrences/2026-11-24T15:00:00/outcomes");
    let held = json!({ "outcome": "held" });
    luis.posts(&path, held.clone()).await.refuses(409);

    house.world.clock.advance(SignedDuration::from_hours(36));
    let said = luis.posts(&path, held).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.body);
    assert_eq!(said.json()["status"], "held");
    let read = mei.gets(&meeting).await.json();
    assert_eq!(
        (&read["status"], &read["revision"]),
        (&json!("held"), &json!(1))
    );
    let moved = json!({ "outcome": "moved", "local_start": "2026-11-24T17:00:00" });
    mei.posts(&path, json!({ "outcome": "moved" }))
        .await
        .refuses(422);
    let said = mei.posts(&path, moved).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.body);
    let listed = mei.gets(&path).await.json();
    let said: Vec<&Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(said.len(), 2, "{listed}");
    assert!(said.contains(&&json!("held")) && said.contains(&&json!("moved")));
    // Who runs the organization sees that it was held, and not who says so.
    let amara = Program::of(&house, &company.administrator).await;
    assert_eq!(amara.gets(&meeting).await.json()["status"], "held");
    assert_eq!(amara.gets(&path).await.json()["items"], json!([]));
    amara
        .posts(&path, json!({ "outcome": "missed" }))
        .await
        .refuses(403);
}
