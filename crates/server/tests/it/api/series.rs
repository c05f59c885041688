//! Series, as programs make and change them.

use http::Method;
use serde_json::{Value, json};

use super::{Program, draft, plans, with};
use crate::pages::House;
use crate::store::Company;

async fn weekly(program: &Program<'_>, company: &Company, count: u16) -> Value {
    let rule = json!({ "every": "week", "count": count });
    plans(program, company, with(draft(company), "repetition", rule)).await
}

async fn starts(program: &Program<'_>, id: &str) -> Vec<(String, String)> {
    let page = program
        .gets(&format!("/meetings/{id}/occurrences"))
        .await
        .json();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|one| (text(one, "starts_at"), text(one, "status")))
        .collect()
}

#[tokio::test]
async fn a_series_says_its_rule_back_and_each_of_its_occurrences() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    for (rule, back, expected) in [
        (
            json!({ "every": "week", "count": 3 }),
            None,
            vec![
                "2027-11-24T14:00:00Z",
                "2027-12-01T14:00:00Z",
                "2027-12-08T14:00:00Z",
            ],
        ),
        (
            json!({ "every": "two_weeks", "until": "2027-12-08" }),
            None,
            vec!["2027-11-24T14:00:00Z", "2027-12-08T14:00:00Z"],
        ),
        (
            json!({ "every": "month", "count": 2 }),
            Some(json!({ "every": "month", "by": "day", "count": 2 })),
            vec!["2027-11-24T14:00:00Z", "2027-12-24T14:00:00Z"],
        ),
        (
            json!({ "every": "month", "by": "weekday", "count": 2 }),
            None,
            vec!["2027-11-24T14:00:00Z", "2027-12-22T14:00:00Z"],
        ),
        (
            json!({ "every": "day", "count": 1 }),
            None,
            vec!["2027-11-24T14:00:00Z"],
        ),
    ] {
        let made = plans(
            &mei,
            company,
            with(draft(company), "repetition", rule.clone()),
        )
        .await;
        assert_eq!(made["repetition"], back.unwrap_or(rule));
        let found = starts(&mei, made["id"].as_str().unwrap()).await;
        let found: Vec<&str> = found.iter().map(|(start, _)| start.as_str()).collect();
        assert_eq!(found, expected, "{}", made["repetition"]);
    }
}

#[tokio::test]
async fn a_series_keeps_its_local_time_across_a_clock_change() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let body = with(draft(company), "local_start", json!("2027-10-27T15:00"));
    let body = with(body, "repetition", json!({ "every": "week", "count": 2 }));
    let made = plans(&mei, company, body).await;
    let found = starts(&mei, made["id"].as_str().unwrap()).await;
    assert_eq!(found[0].0, "2027-10-27T13:00:00Z");
    assert_eq!(found[1].0, "2027-11-03T14:00:00Z");
}

#[tokio::test]
async fn one_occurrence_is_moved_or_called_off_and_the_others_stay() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = weekly(&mei, company, 4).await;
    let id = made["id"].as_str().unwrap();
    let one = |start: &str| format!("/meetings/{id}/occurrences/{start}");
    let body = json!({ "local_start": "2027-12-02T10:00", "duration_minutes": 30 });
    let answer = mei
        .sends(Method::PATCH, &one("2027-12-01T15:00:00"), Some(body), &[])
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    assert_eq!(answer.header("etag"), "\"2\"");
    let address = format!("{}/cancellation", one("2027-12-08T15:00"));
    let answer = mei
        .sends(Method::POST, &address, None, &[("if-match", "\"2\"")])
        .await;
    assert_eq!(answer.json()["status"], "scheduled", "{}", answer.body);
    let expected = [
        ("2027-11-24T14:00:00Z", "scheduled"),
        ("2027-12-02T09:00:00Z", "scheduled"),
        ("2027-12-08T14:00:00Z", "cancelled"),
        ("2027-12-15T14:00:00Z", "scheduled"),
    ];
    let expected = expected.map(|(start, status)| (start.to_owned(), status.to_owned()));
    assert_eq!(starts(&mei, id).await, expected);
    // What was called off, and what never was, cannot be changed.
    mei.posts(&address, json!({})).await.refuses(409);
    for start in ["2027-12-02T10:00:00", "nonsense", "2027-13-01T00:00:00"] {
        let body = json!({ "duration_minutes": 30 });
        mei.sends(Method::PATCH, &one(start), Some(body), &[])
            .await
            .refuses(404);
    }
    let body = json!({ "duration_minutes": 2, "scope": "everything" });
    let answer = mei
        .sends(Method::PATCH, &one("2027-12-15T15:00:00"), Some(body), &[])
        .await;
    assert_eq!(answer.refuses(422).fields(), ["scope"]);
}

#[tokio::test]
async fn one_and_all_that_follow_go_together() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = weekly(&mei, company, 4).await;
    let id = made["id"].as_str().unwrap();
    let second = format!("/meetings/{id}/occurrences/2027-12-01T15:00:00");
    let body = json!({ "local_start": "2027-12-02T16:00", "scope": "following" });
    let answer = mei.sends(Method::PATCH, &second, Some(body), &[]).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let found = starts(&mei, id).await;
    let found: Vec<&str> = found.iter().map(|(start, _)| start.as_str()).collect();
    assert_eq!(
        found,
        [
            "2027-11-24T14:00:00Z",
            "2027-12-02T15:00:00Z",
            "2027-12-09T15:00:00Z",
            "2027-12-16T15:00:00Z"
        ]
    );
    let body = json!({ "scope": "following" });
    let answer = mei.posts(&format!("{second}/cancellation"), body).await;
    assert_eq!(
        answer.json()["next_occurrence"]["starts_at"],
        "2027-11-24T14:00:00Z"
    );
    let found = starts(&mei, id).await;
    assert_eq!(
        found
            .iter()
            .filter(|(_, status)| status == "cancelled")
            .count(),
        3
    );
    let first = format!("/meetings/{id}/occurrences/2027-11-24T15:00:00/cancellation");
    let answer = mei.posts(&first, json!({})).await.json();
    assert_eq!(
        answer["status"], "cancelled",
        "the last one takes the meeting with it"
    );
    assert_eq!(answer["next_occurrence"], Value::Null);
}

#[tokio::test]
async fn a_change_of_the_meeting_moves_the_whole_series() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = weekly(&mei, company, 3).await;
    let id = made["id"].as_str().unwrap();
    let body =
        json!({ "local_start": "2027-11-25T16:00", "repetition": { "every": "week", "count": 2 } });
    let answer = mei
        .sends(Method::PATCH, &format!("/meetings/{id}"), Some(body), &[])
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let found = starts(&mei, id).await;
    let found: Vec<&str> = found.iter().map(|(start, _)| start.as_str()).collect();
    assert_eq!(found, ["2027-11-25T15:00:00Z", "2027-12-02T15:00:00Z"]);
    let body = json!({ "repetition": null });
    let answer = mei
        .sends(Method::PATCH, &format!("/meetings/{id}"), Some(body), &[])
        .await;
    assert_eq!(answer.json()["repetition"], Value::Null);
    assert_eq!(starts(&mei, id).await.len(), 1);
}

#[tokio::test]
async fn a_series_stands_in_a_list_once_at_its_first_occurrence_in_the_window() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let series = weekly(&mei, company, 10).await["id"].clone();
    let start = json!("2027-12-05T09:00");
    let single =
        plans(&mei, company, with(draft(company), "local_start", start)).await["id"].clone();
    for list in [
        "/meetings".to_owned(),
        format!("/tracks/{}/meetings", company.track.id),
    ] {
        let ids = async |query: &str| {
            let page = mei.gets(&format!("{list}?{query}")).await.json();
            let items = page["items"].as_array().unwrap();
            items
                .iter()
                .map(|item| item["id"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("").await, [series.clone(), single.clone()], "{list}");
        let later = "from=2027-12-04T00:00:00Z";
        assert_eq!(ids(later).await, [single.clone(), series.clone()], "{list}");
        let before = "from=2027-12-02T00:00:00Z&to=2027-12-06T00:00:00Z";
        assert_eq!(ids(before).await, std::slice::from_ref(&single), "{list}");
        let first = mei
            .gets(&format!("{list}?page_size=1&{later}"))
            .await
            .json();
        let token = first["next_page_token"].as_str().unwrap();
        let rest = ids(&format!("page_size=1&{later}&page_token={token}")).await;
        assert_eq!(rest, std::slice::from_ref(&series));
    }
}

#[tokio::test]
async fn a_long_series_is_read_in_parts() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let made = weekly(&mei, company, 5).await;
    let path = format!(
        "/meetings/{}/occurrences?page_size=2",
        made["id"].as_str().unwrap()
    );
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = mei.gets(&format!("{path}{next}")).await.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|one| one["original_start"].clone()));
        match page["next_page_token"].as_str() {
            Some(token) => next = format!("&page_token={token}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    seen.dedup();
    assert_eq!(seen.len(), 5);
}
