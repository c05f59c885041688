//! Times that people offer each other, as programs do.

use http::Method;
use serde_json::{Value, json};

use super::{Program, draft, plans, with};
use crate::pages::House;
use crate::store::Company;

fn time(day: u8) -> Value {
    json!({
        "local_start": format!("2027-11-{day}T15:00"),
        "time_zone": "Europe/Berlin",
        "duration_minutes": 45,
    })
}

/// A draft that offers these days of November 2027.
fn offering(company: &Company, days: &[u8]) -> Value {
    let mut offering = draft(company);
    for field in ["local_start", "time_zone", "duration_minutes"] {
        offering.as_object_mut().unwrap().remove(field);
    }
    let times = days.iter().map(|day| time(*day));
    with(offering, "offered_times", times.collect())
}

fn path_of(meeting: &Value) -> String {
    format!("/meetings/{}", meeting["id"].as_str().unwrap())
}

async fn open(program: &Program<'_>, path: &str) -> Value {
    let listed = program.gets(&format!("{path}/proposals")).await.json();
    let items = listed["items"].as_array().unwrap();
    let open = items.iter().rfind(|one| one["state"] == "open");
    open.unwrap_or_else(|| panic!("nothing is open: {listed}"))
        .clone()
}

fn taking(proposal: &Value, place: usize) -> Value {
    json!({ "proposal_id": proposal["id"], "offered_time": place })
}

#[tokio::test]
async fn a_program_proposes_a_meeting_and_another_accepts() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let made = plans(&mei, company, offering(company, &[26, 24])).await;
    assert_eq!(made["status"], "proposed");
    assert_eq!(made["next_occurrence"], Value::Null);
    assert_eq!(made["local_start"], "2027-11-24T15:00:00");
    assert_eq!(luis.gets("/meetings").await.json()["items"], json!([]));
    let path = path_of(&made);
    let proposal = open(&luis, &path).await;
    assert_eq!(proposal["proposed_by"], json!(company.mentor.id));
    assert_eq!(proposal["waits_for"], json!([company.mentee.id]));
    assert_eq!(
        proposal["offered_times"][1]["local_start"],
        "2027-11-26T15:00:00"
    );

    let acceptance = format!("{path}/acceptance");
    mei.posts(&acceptance, taking(&proposal, 1))
        .await
        .refuses(403);
    luis.posts(&acceptance, taking(&proposal, 3))
        .await
        .refuses(422);
    let stale = [("if-match", "\"7\"")];
    let body = Some(taking(&proposal, 1));
    luis.sends(Method::POST, &acceptance, body.clone(), &stale)
        .await
        .refuses(412);
    let seen = [("if-match", "\"1\"")];
    let done = luis.sends(Method::POST, &acceptance, body, &seen).await;
    assert_eq!(done.status.as_u16(), 200, "{}", done.body);
    let done = done.json();
    assert_eq!(done["status"], "scheduled");
    assert_eq!(done["local_start"], "2027-11-26T15:00:00");
    assert_eq!(done["attendees"][1]["answer"], "yes");
    luis.posts(&acceptance, taking(&proposal, 0))
        .await
        .refuses(409);
    assert_eq!(
        mei.gets(&path).await.json()["local_start"],
        "2027-11-26T15:00:00"
    );
}

#[tokio::test]
async fn one_time_or_several_but_not_both_and_each_as_described() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let tracks = format!("/tracks/{}/meetings", company.track.id);
    let both = with(draft(company), "offered_times", json!([time(24)]));
    let none = offering(company, &[]);
    let many = offering(company, &[20, 21, 22, 23, 24, 25]);
    let twice = offering(company, &[24, 24]);
    let past = with(
        offering(company, &[]),
        "offered_times",
        json!([with(time(24), "local_start", json!("2020-11-24T15:00"))]),
    );
    for body in [both, none, many, twice, past] {
        let answer = mei.posts(&tracks, body).await;
        answer.refuses(422);
        assert_eq!(answer.fields(), ["offered_times"], "{}", answer.body);
    }
    let unknown = with(
        offering(company, &[]),
        "offered_times",
        json!([with(time(24), "mine", json!(1))]),
    );
    let answer = mei.posts(&tracks, unknown).await;
    answer.refuses(400);
    assert_eq!(answer.fields(), ["offered_times.mine"]);
}

#[tokio::test]
async fn sent_again_with_its_key_it_is_one_proposal() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let tracks = format!("/tracks/{}/meetings", company.track.id);
    let key = [("idempotency-key", "mine")];
    let body = Some(offering(company, &[24, 25]));
    let first = mei.sends(Method::POST, &tracks, body.clone(), &key).await;
    let again = mei.sends(Method::POST, &tracks, body, &key).await;
    assert_eq!(first.json()["id"], again.json()["id"]);
    let path = path_of(&first.json());
    let offer = json!({ "offered_times": [time(26)] });
    let proposals = format!("{path}/proposals");
    for _ in 0..2 {
        let offered = mei
            .sends(Method::POST, &proposals, Some(offer.clone()), &key)
            .await;
        assert_eq!(offered.status.as_u16(), 201, "{}", offered.body);
    }
    let listed = mei.gets(&proposals).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed["items"][0]["state"], "superseded");
}

#[tokio::test]
async fn luis_counters_mei_declines_and_only_they_read_why() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let amara = Program::of(&house, &company.administrator).await;
    let made = plans(&mei, company, offering(company, &[24])).await;
    let path = path_of(&made);
    let offer = json!({ "offered_times": [time(27)], "note": "Later suits me." });
    let proposals = format!("{path}/proposals");
    let offered = luis.posts(&proposals, offer.clone()).await.json();
    assert_eq!(offered["waits_for"], json!([company.mentor.id]));
    amara.posts(&proposals, offer).await.refuses(403);
    assert_eq!(open(&amara, &path).await["note"], Value::Null);
    let this = format!("{proposals}/{}", offered["id"].as_str().unwrap());
    luis.posts(&format!("{this}/refusal"), json!({}))
        .await
        .refuses(403);
    mei.posts(&format!("{this}/withdrawal"), json!({}))
        .await
        .refuses(403);
    mei.posts(&format!("{this}/answers"), json!({ "can": [0] }))
        .await
        .refuses(409);
    let note = json!({ "note": "Next year, perhaps." });
    let declined = mei.posts(&format!("{this}/refusal"), note).await;
    assert_eq!(declined.json()["status"], "cancelled", "{}", declined.body);
    let reply = |listed: Value| listed["items"][1]["reply"].clone();
    assert_eq!(
        reply(luis.gets(&proposals).await.json()),
        "Next year, perhaps."
    );
    assert_eq!(reply(amara.gets(&proposals).await.json()), Value::Null);
}

#[tokio::test]
async fn luis_proposes_another_time_and_mei_takes_it() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = path_of(&made);
    let proposals = format!("{path}/proposals");
    let offer = json!({ "offered_times": [time(22)] });
    mei.posts(&proposals, offer.clone()).await.refuses(409);
    let offered = luis.posts(&proposals, offer).await.json();
    assert_eq!(offered["original_start"], "2027-11-24T15:00:00");
    assert_eq!(luis.gets(&path).await.json(), made, "it stays until then");
    let moved = mei
        .posts(&format!("{path}/acceptance"), taking(&offered, 0))
        .await;
    let moved = moved.json();
    assert_eq!(moved["local_start"], "2027-11-22T15:00:00");
    assert_eq!(moved["revision"], 2);
}
