//! `docs/api.md` says what is so: its lines are run against the demo, and what they answer
//! has the fields that the page shows.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::reader::CLIENT;
use crate::runtime::wait_for;
use crate::stories::demo_with_teams;

const GUIDE: &str = include_str!("../../../../../docs/api.md");

/// The blocks of the page: their kind and their lines.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    let mut lines = GUIDE.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let inner: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((kind, inner.join("\n")));
        }
    }
    blocks
}

/// The paths of all fields in JSON, whatever they hold; a list is its first item's.
fn fields(value: &Value, within: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                let path = format!("{within}.{name}");
                fields(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items.iter().take(1) {
                fields(item, &format!("{within}[]"), found);
            }
        }
        _ => {}
    }
}

fn fields_of(text: &str) -> BTreeSet<String> {
    let value: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"));
    let mut found = BTreeSet::new();
    fields(&value, "", &mut found);
    found
}

#[test]
fn the_worked_example_works_as_it_stands() {
    const END: &str = "--- end of a block ---";
    let demo = demo_with_teams();
    let blocks = blocks();
    let mut script = String::from("set -euo pipefail\n");
    let mut shown = Vec::new();
    for (index, (kind, lines)) in blocks.iter().enumerate() {
        if *kind == "sh" {
            writeln!(script, "{lines}\necho\necho '{END}'").unwrap();
            let next = blocks.get(index + 1).filter(|(kind, _)| *kind == "json");
            shown.push((lines, next.map(|(_, json)| json)));
        }
    }
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("guide-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let done = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&folder)
        .env("ITHACA", &demo.url)
        .env("TOKEN", &demo.member("Mei Tanaka").api_token)
        .output()
        .expect("every machine has bash");
    std::fs::remove_dir_all(&folder).unwrap();
    let output = String::from_utf8(done.stdout).unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{output}\n{told}");
    let answers: Vec<&str> = output.split(END).collect();
    assert!(
        shown.len() >= 8 && answers.len() == shown.len() + 1,
        "{output}"
    );
    for ((lines, expected), answer) in shown.iter().zip(&answers) {
        if let Some(expected) = expected {
            assert_eq!(fields_of(answer), fields_of(expected), "{lines}");
        }
    }
    assert!(
        output.contains(&format!("{}/j/", demo.url)),
        "the link was waited for: {output}"
    );
}

#[test]
fn everybodys_token_of_the_demo_acts_as_them() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("tokens-{}", std::process::id()));
    let arguments = ["--data", folder.to_str().unwrap()];
    let me = |url: &str, token: &str| {
        let answer = wait_for(async {
            let asked = CLIENT.get(format!("{url}/api/v1/me")).bearer_auth(token);
            let answer = asked.send().await?;
            let status = answer.status().as_u16();
            answer.text().await.map(|text| (status, text))
        });
        answer.unwrap()
    };
    let demo = crate::demo::Demo::starts_with(&arguments);
    let mut earlier = Vec::new();
    for member in demo
        .organizations
        .iter()
        .flat_map(|organization| &organization.people)
    {
        let (status, text) = me(&demo.url, &member.api_token);
        assert_eq!(status, 200, "{}", member.name);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["email"], member.email.as_str());
        assert_eq!(answer["token"]["scope"], "write");
        earlier.push(member.api_token.clone());
    }
    drop(demo);
    let demo = crate::demo::Demo::starts_with(&arguments);
    assert_eq!(
        me(&demo.url, &earlier[0]).0,
        401,
        "each start has tokens of its own"
    );
    assert_eq!(me(&demo.url, &demo.member("Mei Tanaka").api_token).0, 200);
    drop(demo);
    let _ = std::fs::remove_dir_all(&folder);
}

/// One request to the demo: status, headers and JSON.
fn asks(
    demo: &crate::demo::Demo,
    who: &str,
    method: reqwest::Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, reqwest::header::HeaderMap, Value) {
    let mut request = CLIENT
        .request(method, demo.at(&format!("/api/v1{path}")))
        .bearer_auth(&demo.member(who).api_token)
        .header("prefer", "wait=10");
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let answer = wait_for(async {
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        answer.text().await.map(|text| (status, headers, text))
    });
    let (status, headers, text) = answer.unwrap();
    (status, headers, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_program_waits_for_the_link_and_only_who_attends_sees_where_it_leads() {
    use reqwest::Method;
    let demo = demo_with_teams();
    let (_, _, tracks) = asks(&demo, "Mei Tanaka", Method::GET, "/tracks", None);
    let track = tracks["items"][0]["id"].as_str().unwrap().to_owned();
    let draft = serde_json::json!({
        "title": "First steps",
        "attendees": ["luis@larkspur.example"],
        "local_start": "2027-11-24T15:00",
        "time_zone": "Europe/Berlin",
        "duration_minutes": 45,
        "mode": "teams",
        "repetition": { "every": "week", "count": 4 },
    });
    let path = format!("/tracks/{track}/meetings");
    let (status, headers, made) = asks(&demo, "Mei Tanaka", Method::POST, &path, Some(&draft));
    assert_eq!(status, 201, "{made}");
    assert_eq!(headers["preference-applied"], "wait=10");
    assert_eq!(made["link"]["state"], "ready", "{made}");
    let address = made["link"]["join_address"].as_str().unwrap();
    assert!(
        address.starts_with(&format!("{}/j/", demo.url)),
        "{address}"
    );
    let meeting = format!("/meetings/{}", made["id"].as_str().unwrap());
    let (_, _, for_luis) = asks(&demo, "Luis Ortega", Method::GET, &meeting, None);
    assert_eq!(for_luis["link"], made["link"]);
    let (_, _, for_jonas) = asks(&demo, "Jonas Weber", Method::GET, &meeting, None);
    assert_eq!(for_jonas["link"]["state"], "ready");
    assert_eq!(for_jonas["link"]["join_address"], Value::Null);
    assert_eq!(for_jonas["agenda"], Value::Null);
    let modes = format!("/tracks/{track}/meeting-modes");
    let fewer = serde_json::json!({ "modes": ["in_person", "phone"] });
    let (status, _, problem) = asks(&demo, "Jonas Weber", Method::PUT, &modes, Some(&fewer));
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["errors"][0]["field"], "teams_meetings", "{problem}");
    let phone = serde_json::json!({ "modes": ["in_person", "phone"], "teams_meetings": "phone" });
    let (status, _, track) = asks(&demo, "Jonas Weber", Method::PUT, &modes, Some(&phone));
    assert_eq!(status, 200, "{track}");
    let (_, _, now) = asks(&demo, "Luis Ortega", Method::GET, &meeting, None);
    assert_eq!(now["mode"], "phone");
    let priya = serde_json::json!({
        "title": "x", "attendees": ["luis@larkspur.example"], "local_start": "2027-11-24T15:00",
        "time_zone": "Europe/Berlin", "duration_minutes": 45, "mode": "teams",
    });
    let (status, _, problem) = asks(&demo, "Priya Nair", Method::POST, &path, Some(&priya));
    assert!([403, 409].contains(&status), "{problem}");
    let (_, _, teams) = asks(
        &demo,
        "Amara Okafor",
        Method::GET,
        "/integrations/teams",
        None,
    );
    assert_eq!(teams["state"], "integrated");
    assert_eq!(teams["host"]["name"], "Teams Scheduler");
    assert!(
        teams["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["passed"] == true)
    );
    let (_, _, teams) = asks(
        &demo,
        "Mei Tanaka",
        Method::GET,
        "/integrations/teams",
        None,
    );
    assert_eq!(
        (&teams["state"], &teams["host"]),
        (&"integrated".into(), &Value::Null)
    );
}
