//! The description of the API says what there is, and nothing else.

use std::collections::BTreeSet;

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::{Program, draft, filled, plans, with};
use crate::pages::{HOST, House};

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// Holds an answer against its described shape: kinds, words, and no field more or less.
fn holds(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return holds(
            document,
            &document["components"]["schemas"][name],
            value,
            place,
        );
    }
    if let Some(choices) = schema["anyOf"]
        .as_array()
        .filter(|_| schema["type"].is_null())
    {
        let chosen = choices
            .iter()
            .find(|choice| (choice["type"] == "null") == value.is_null())
            .unwrap_or_else(|| panic!("{place}: {value}"));
        return holds(document, chosen, value, place);
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(
            words.contains(value),
            "{place}: {value} is none of {words:?}"
        );
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = &schema["type"];
    let fits = kinds == kind
        || kinds
            .as_array()
            .is_some_and(|kinds| kinds.contains(&json!(kind)));
    assert!(fits, "{place} is {kind}, described as {kinds}");
    match value {
        Value::Array(items) => {
            for item in items {
                holds(document, &schema["items"], item, &format!("{place}[]"));
            }
        }
        Value::Object(fields) => {
            let known = names(&schema["properties"]);
            assert!(names(value).is_subset(&known), "{place}: {value}");
            for name in schema["required"].as_array().unwrap() {
                assert!(
                    fields.contains_key(name.as_str().unwrap()),
                    "{place}: {name}"
                );
            }
            for (name, value) in fields {
                holds(
                    document,
                    &schema["properties"][name],
                    value,
                    &format!("{place}.{name}"),
                );
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_description_can_be_read_by_everybody() {
    let house = House::opens().await;
    let request = Request::get("/api/v1/openapi.json").header(header::HOST, HOST);
    let answer = house.asks(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, ithaca::api::document());
}

#[tokio::test]
async fn every_answer_has_the_shape_that_is_described() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = Program::of(&house, &company.mentor).await;
    let weekly = json!({ "every": "month", "by": "weekday", "count": 3 });
    let made = plans(&mei, company, with(draft(company), "repetition", weekly)).await;
    let document = ithaca::api::document();
    let mut seen = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let answer = &methods["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        if path == "/openapi.json" || answer.is_null() {
            continue;
        }
        let of = if path.starts_with("/tracks") {
            json!(company.track.id.to_string())
        } else {
            made["id"].clone()
        };
        let asked = filled(path, of.as_str().unwrap());
        let got = mei.gets(&asked).await;
        assert_eq!(got.status.as_u16(), 200, "{path}: {}", got.body);
        holds(&document, answer, &got.json(), path);
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} were looked at");
}

#[tokio::test]
async fn every_body_takes_the_fields_that_are_described_and_no_other() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let document = ithaca::api::document();
    let writer = Program::of(&house, &company.mentor).await;
    let administrator = Program::of(&house, &company.administrator).await;
    let meeting = plans(&writer, company, draft(company)).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let schema = &described["requestBody"]["content"]["application/json"]["schema"];
            let Some(reference) = schema["$ref"].as_str() else {
                continue;
            };
            let shape = &document["components"]["schemas"][reference.rsplit('/').next().unwrap()];
            let of_track = path.starts_with("/tracks");
            let id = if of_track {
                company.track.id.to_string()
            } else {
                meeting["id"].as_str().unwrap().to_owned()
            };
            let program = if path.ends_with("/meeting-modes") {
                &administrator
            } else {
                &writer
            };
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            // A value of a kind that no field takes names each known field as wrong, and
            // each other as unknown.
            let mut body: Value = json!({ "no_such_field": 1 });
            for name in names(&shape["properties"]) {
                body[&name] = if name == "repetition" {
                    json!(1)
                } else {
                    json!({ "x": {} })
                };
            }
            let answer = program
                .sends(method.clone(), &filled(path, &id), Some(body.clone()), &[])
                .await;
            answer.refuses(400);
            let problem = answer.json();
            let unknown: Vec<&Value> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|error| {
                    error["detail"]
                        .as_str()
                        .unwrap()
                        .starts_with("There is no field")
                })
                .map(|error| &error["field"])
                .collect();
            assert_eq!(unknown, [&json!("no_such_field")], "{method} {path}");
            let wrong: BTreeSet<String> = answer.fields().into_iter().collect();
            assert_eq!(wrong, names(&body), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_described_is_there_and_nothing_else_is() {
    let house = House::opens().await;
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    let document = ithaca::api::document();
    let methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"];
    for (path, described) in document["paths"].as_object().unwrap() {
        for method in methods {
            let asked = filled(path, "0193e0c4-7f1e-7000-8000-000000000000");
            let name = if method == "HEAD" {
                "get".to_owned()
            } else {
                method.to_lowercase()
            };
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let status = mei
                .sends(method.clone(), &asked, None, &[])
                .await
                .status
                .as_u16();
            assert_eq!(
                status == 405,
                described.get(&name).is_none(),
                "{method} {path}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn the_readable_page_has_every_address_and_every_problem() {
    let house = House::opens().await;
    let page = house.stranger().opens("/api").await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    let document = ithaca::api::document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let line = format!("<code>{} {path}</code>", method.to_uppercase());
            assert!(page.body.contains(&line), "{line}");
            assert!(page.body.contains(described["summary"].as_str().unwrap()));
        }
    }
    let mei = Program::of(&house, &house.world.larkspur.mentor).await;
    let kind = mei.gets("/nothing").await.json()["type"]
        .as_str()
        .unwrap()
        .to_owned();
    let anchor = kind.strip_prefix("/api#").unwrap();
    assert!(page.body.contains(&format!("id=\"{anchor}\"")), "{kind}");
    let signed_in = house
        .signs_in("larkspur", &house.world.larkspur.mentor)
        .await;
    assert!(signed_in.opens("/api").await.body.contains("Mei Tanaka"));
}
