//! Answers, as programs give and read them.

use serde_json::{Value, json};

use super::{Program, draft, plans};
use crate::pages::House;

fn answers(meeting: &Value) -> Vec<(String, Value)> {
    let attendees = meeting["attendees"].as_array().unwrap();
    attendees
        .iter()
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["answer"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn luis_answers_through_a_program_and_mei_sees_it() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let luis = Program::of(&house, &company.mentee).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    let expected = |of_luis: Value| {
        [
            ("Mei Tanaka".to_owned(), json!("yes")),
            ("Luis Ortega".to_owned(), of_luis),
        ]
    };
    assert_eq!(answers(&made), expected(Value::Null));
    let body = json!({ "answer": "maybe", "note": "The train may be late." });
    let answer = luis.posts(&format!("{path}/answers"), body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answers(&answer.json()), expected(json!("maybe")));
    assert_eq!(
        answer.json()["revision"],
        1,
        "the meeting itself stays as it is"
    );
    assert_eq!(
        answers(&mei.gets(&path).await.json()),
        expected(json!("maybe"))
    );
    let listed = mei.gets(&format!("{path}/answers")).await.json();
    assert_eq!(listed["items"][1]["note"], "The train may be late.");
    assert_eq!(listed["items"][0]["note"], Value::Null);
    let first = mei
        .gets(&format!("{path}/answers?page_size=1"))
        .await
        .json();
    let token = first["next_page_token"].as_str().unwrap();
    let rest = mei
        .gets(&format!("{path}/answers?page_size=1&page_token={token}"))
        .await
        .json();
    assert_eq!(rest["items"], json!([listed["items"][1]]));
    // Who runs the track sees who comes, but not what they say to each other.
    let amara = Program::of(&house, &company.administrator).await;
    let seen = amara.gets(&format!("{path}/answers")).await.json();
    assert_eq!(seen["items"][1]["answer"], "maybe");
    assert_eq!(seen["items"][1]["note"], Value::Null);
    let theirs = json!({ "answer": "yes" });
    amara
        .posts(&format!("{path}/answers"), theirs)
        .await
        .refuses(403);
    luis.posts(&format!("{path}/answers"), json!({ "answer": "no" }))
        .await;
    assert_eq!(
        answers(&mei.gets(&path).await.json()),
        expected(json!("no"))
    );
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = plans(&mei, company, draft(company)).await;
    let path = format!("/meetings/{}", made["id"].as_str().unwrap());
    let answers = format!("{path}/answers");
    for (body, status, field) in [
        (json!({}), 422, "answer"),
        (json!({ "answer": "perhaps" }), 422, "answer"),
        (json!({ "answer": true }), 400, "answer"),
        (
            json!({ "answer": "yes", "note": "x".repeat(501) }),
            422,
            "note",
        ),
        (
            json!({ "answer": "yes", "member_id": company.mentee.id.to_string() }),
            400,
            "member_id",
        ),
    ] {
        let answer = mei.posts(&answers, body).await;
        assert_eq!(answer.refuses(status).fields(), [field]);
    }
    mei.posts(&format!("{path}/cancellation"), json!({})).await;
    mei.posts(&answers, json!({ "answer": "no" }))
        .await
        .refuses(409);
}
