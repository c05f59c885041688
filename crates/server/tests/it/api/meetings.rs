//! Meetings, as programs make, read and call them off.

use http::Method;
use serde_json::{Value, json};

use super::{Program, draft, plans, with};
use crate::pages::House;

#[tokio::test]
async fn a_program_makes_a_meeting_and_reads_it_back() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let path = format!("/tracks/{}/meetings", company.track.id);
    let answer = mei.posts(&path, draft(company)).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    let made = answer.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(answer.location(), format!("/api/v1/meetings/{id}"));
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(
        made,
        json!({
            "id": id,
            "track_id": company.track.id.to_string(),
            "title": "First steps",
            "agenda": "How did the first week go?",
            "organizer": { "member_id": company.mentor.id.to_string(), "name": "Mei Tanaka", "email": "mei@larkspur.example" },
            "attendees": [
                { "member_id": company.mentor.id.to_string(), "name": "Mei Tanaka", "email": "mei@larkspur.example", "answer": "yes" },
                { "member_id": company.mentee.id.to_string(), "name": "Luis Ortega", "email": "luis@larkspur.example", "answer": null },
            ],
            "starts_at": "2027-11-24T14:00:00Z",
            "ends_at": "2027-11-24T14:45:00Z",
            "local_start": "2027-11-24T15:00:00",
            "time_zone": "Europe/Berlin",
            "duration_minutes": 45,
            "mode": "phone",
            "location": "",
            "repetition": null,
            "next_occurrence": {
                "original_start": "2027-11-24T15:00:00",
                "local_start": "2027-11-24T15:00:00",
                "starts_at": "2027-11-24T14:00:00Z",
                "ends_at": "2027-11-24T14:45:00Z",
                "duration_minutes": 45,
                "status": "scheduled",
            },
            "status": "scheduled",
            "cancellation_reason": null,
            "revision": 1,
            "link": null,
        })
    );
    let luis = Program::of(&house, &company.mentee).await;
    assert_eq!(luis.gets(&format!("/meetings/{id}")).await.json(), made);
    assert_eq!(luis.gets("/meetings").await.json()["items"], json!([made]));
    let by_id = with(
        draft(company),
        "attendees",
        json!([company.mentee.id.to_string()]),
    );
    plans(&mei, company, by_id).await;
    let shouted = with(
        draft(company),
        "attendees",
        json!(["LUIS@larkspur.example", "luis@larkspur.example"]),
    );
    assert_eq!(
        plans(&mei, company, shouted).await["attendees"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn an_administrator_sees_when_and_who_but_not_what_about() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let amara = Program::of(&house, &company.administrator).await;
    let seen = amara
        .gets(&format!("/meetings/{}", made["id"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(seen["agenda"], Value::Null);
    assert_eq!(seen["attendees"], made["attendees"]);
    assert_eq!(
        amara.gets("/meetings").await.json()["items"],
        json!([]),
        "they are not hers"
    );
    let of_track = format!("/tracks/{}/meetings", company.track.id);
    assert_eq!(amara.gets(&of_track).await.json()["items"], json!([seen]));
    amara.posts(&of_track, draft(company)).await.refuses(403);
}

#[tokio::test]
async fn a_long_list_is_read_in_parts_and_nothing_comes_twice() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let mut expected = Vec::new();
    for hour in [15, 9, 15, 9, 15, 12, 11] {
        let start = json!(format!("2027-11-24T{hour:02}:00"));
        let made = plans(&mei, company, with(draft(company), "local_start", start)).await;
        expected.push((
            made["starts_at"].clone().to_string(),
            made["id"].clone().to_string(),
        ));
    }
    expected.sort();
    for list in [
        "/meetings".to_owned(),
        format!("/tracks/{}/meetings", company.track.id),
    ] {
        let (mut seen, mut next) = (Vec::new(), String::new());
        loop {
            let page = mei.gets(&format!("{list}?page_size=2{next}")).await.json();
            let items = page["items"].as_array().unwrap();
            assert!((1..=2).contains(&items.len()));
            seen.extend(
                items
                    .iter()
                    .map(|item| (item["starts_at"].to_string(), item["id"].to_string())),
            );
            match page["next_page_token"].as_str() {
                Some(token) => next = format!("&page_token={token}"),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{list}");
    }
    let window = "/meetings?from=2027-11-24T10:00:00Z&to=2027-11-24T14:00:00Z";
    let within = mei.gets(window).await.json();
    assert_eq!(
        within["items"].as_array().unwrap().len(),
        2,
        "12:00 and 11:00 in Berlin"
    );
}

#[tokio::test]
async fn a09_a_list_is_asked_for_within_bounds() {
    let house = House::opens().await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    for (query, field) in [
        ("page_size=0", "page_size"),
        ("page_size=-1", "page_size"),
        ("page_size=65536", "page_size"),
        ("page_size=NaN", "page_size"),
        ("page_size=1&page_size=2", "page_size"),
        ("from=yesterday", "from"),
        ("to=2027-01-01", "to"),
        ("from=9999999-01-01T00:00:00Z", "from"),
        ("sort=title", "sort"),
        ("form=2027-01-01T00:00:00Z", "form"),
    ] {
        let answer = mei.gets(&format!("/meetings?{query}")).await;
        assert_eq!(answer.refuses(400).fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn a_program_calls_a_meeting_off() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}/cancellation", made["id"].as_str().unwrap());
    let amara = Program::of(&house, &company.administrator).await;
    let answer = amara.posts(&path, json!({})).await;
    assert_eq!(answer.refuses(422).fields(), ["reason"]);
    let answer = mei.sends(Method::POST, &path, None, &[]).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answer.json()["status"], "cancelled");
    assert_eq!(answer.header("etag"), "\"2\"");
    mei.posts(&path, json!({})).await.refuses(409);
}

#[tokio::test]
async fn a11_who_saw_an_earlier_revision_is_shown_what_it_is_now() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}/cancellation", made["id"].as_str().unwrap());
    let cancels = async |tag: &str| {
        let headers = [("if-match", tag)];
        mei.sends(
            Method::POST,
            &path,
            Some(json!({ "reason": "Ill" })),
            &headers,
        )
        .await
    };
    for tag in ["", "x", "\"1"] {
        assert_eq!(cancels(tag).await.refuses(400).fields(), ["If-Match"]);
    }
    for tag in ["\"0\"", "\"2\"", "W/\"1\"", "2", "\"x\", \"7\""] {
        let answer = cancels(tag).await;
        assert_eq!(answer.refuses(412).json()["current"], made, "{tag}");
    }
    let answer = cancels("\"9\", \"1\"").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let answer = cancels("\"1\"").await;
    let current = &answer.refuses(412).json()["current"];
    assert_eq!(current["status"], "cancelled");
    assert_eq!(current["cancellation_reason"], "Ill");
}

#[tokio::test]
async fn a_program_changes_what_it_sends_and_nothing_else() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    let patches = async |body: Value| mei.sends(Method::PATCH, &path, Some(body), &[]).await;
    let answer = patches(json!({ "title": "Second steps" })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answer.header("etag"), "\"2\"");
    let expected = with(
        with(made, "title", json!("Second steps")),
        "revision",
        json!(2),
    );
    assert_eq!(answer.json(), expected);
    let moved = patches(json!({ "local_start": "2027-11-25T09:00" }))
        .await
        .json();
    assert_eq!(moved["starts_at"], "2027-11-25T08:00:00Z");
    assert_eq!(moved["ends_at"], "2027-11-25T08:45:00Z");
    let zone = patches(json!({ "time_zone": "Asia/Kathmandu", "duration_minutes": 30 })).await;
    assert_eq!(zone.json()["starts_at"], "2027-11-25T03:15:00Z");
    assert_eq!(zone.json()["ends_at"], "2027-11-25T03:45:00Z");
    let now = zone.json();
    let same = json!({ "title": "Second steps", "local_start": "2027-11-25T09:00", "agenda": now["agenda"] });
    assert_eq!(patches(same).await.json(), now, "nothing is different");
    assert_eq!(
        patches(json!({ "local_start": "2027-11-25T09:00" }))
            .await
            .json(),
        now
    );
    assert_eq!(patches(json!({})).await.json(), now);
    let answer = patches(json!({ "title": "", "duration_minutes": 2, "mode": "in_person" })).await;
    let fields = answer.fields();
    for field in ["title", "duration_minutes", "mode"] {
        assert!(
            fields.contains(&field.to_owned()),
            "{field}: {}",
            answer.body
        );
    }
    let merge = [("content-type", "application/merge-patch+json")];
    let body = json!({ "agenda": "" });
    let answer = mei.sends(Method::PATCH, &path, Some(body), &merge).await;
    assert_eq!(answer.json()["agenda"], "");
    let amara = Program::of(&house, &company.administrator).await;
    let without = amara
        .sends(Method::PATCH, &path, Some(json!({ "title": "x" })), &[])
        .await;
    assert_eq!(without.refuses(422).fields(), ["reason"]);
    let why = json!({ "title": "Renamed", "reason": "A slip." });
    assert_eq!(
        amara
            .sends(Method::PATCH, &path, Some(why), &[])
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn a11_the_second_of_two_is_shown_what_the_first_changed() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    let seen = [("if-match", "\"1\"")];
    let first = json!({ "title": "Mei was first", "local_start": "2027-11-25T09:00" });
    let first = mei.sends(Method::PATCH, &path, Some(first), &seen).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.body);
    let second =
        json!({ "title": "Mei was second", "agenda": made["agenda"], "duration_minutes": 45 });
    let second = mei.sends(Method::PATCH, &path, Some(second), &seen).await;
    let problem = second.refuses(412).json();
    assert_eq!(problem["current"], first.json());
    let change = json!({ "field": "title", "now": "Mei was first", "yours": "Mei was second" });
    assert_eq!(problem["changes"], json!([change]));
    // Without If-Match the last one wins, also of several at once.
    let renames = (0..4).map(|number| {
        let body = json!({ "title": format!("At once {number}") });
        mei.sends(Method::PATCH, &path, Some(body), &[])
    });
    for answer in futures::future::join_all(renames).await {
        assert!(
            [200, 409].contains(&answer.status.as_u16()),
            "{}",
            answer.body
        );
    }
}
