//! What people do while Ithaca may die at any moment, each as somebody does it who isn't sure
//! whether it was done already: look first, then do it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use serde_json::{Value, json};

use super::ground::Ground;
use crate::demo::Demo;
use crate::reader::{CLIENT, Reader};
use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::stories::{confirms, goes_to_the_integration, signs_in};
use crate::visitor::Visitor;

/// Ithaca did not answer.
#[derive(Debug)]
pub struct Gone;

/// What somebody found who came to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was done before.
    Already,
    /// They did it now, and were told so.
    Now,
}

/// Something that somebody does, on a thing of this name.
#[derive(Clone, Copy)]
pub struct Deed {
    pub name: &'static str,
    /// What has to be so before.
    pub before: fn(&Ground, &Demo, &str),
    pub does: fn(&Demo, &str) -> Result<Found, Gone>,
    /// What has become of the meeting of this name, if it is about one.
    pub leaves: Option<Leaves>,
}

/// How a deed leaves a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    Scheduled(&'static str),
    Cancelled,
}

const START: &str = "2027-11-24T15:00:00";
pub const LATER: &str = "2027-11-25T10:30:00";

pub const DEEDS: &[Deed] = &[
    Deed {
        name: "plan",
        before: |_, _, _| (),
        does: plan,
        leaves: Some(Leaves::Scheduled(START)),
    },
    Deed {
        name: "move",
        before: |_, demo, title| is_planned(demo, title),
        does: put_off,
        leaves: Some(Leaves::Scheduled(LATER)),
    },
    Deed {
        name: "answer",
        before: |_, demo, title| is_planned(demo, title),
        does: answer,
        leaves: Some(Leaves::Scheduled(START)),
    },
    Deed {
        name: "cancel",
        before: |_, demo, title| is_planned(demo, title),
        does: cancel,
        leaves: Some(Leaves::Cancelled),
    },
    Deed {
        name: "cancel before the link is there",
        before: |_, _, _| (),
        does: |demo, title| plan(demo, title).and_then(|_| cancel(demo, title)),
        leaves: Some(Leaves::Cancelled),
    },
    Deed {
        name: "move while the token is refused",
        before: |ground, demo, title| {
            is_planned(demo, title);
            // Refused right after it was refreshed, it would be the sign-in that is refused.
            ground.does("UPDATE credentials SET refreshed_at = refreshed_at - 120000");
            let once = json!({
                "on": { "path_prefix": "/v1.0/me/onlineMeetings" },
                "times": 1,
                "do": { "graph_error": "InvalidAuthenticationToken" },
            });
            demo.tells_the_sandbox("POST", "faults", &once.to_string());
        },
        does: put_off,
        leaves: Some(Leaves::Scheduled(LATER)),
    },
    Deed {
        name: "choose modes",
        before: |_, _, _| (),
        does: choose_modes,
        leaves: None,
    },
    Deed {
        name: "sign in and out",
        before: |_, _, _| (),
        does: |demo, _| {
            as_a_reader(|| {
                let mut mei = Reader::new();
                signs_in(&mut mei, demo, "Mei Tanaka");
                mei.clicks("Sign out");
                Found::Now
            })
        },
        leaves: None,
    },
    Deed {
        name: "invite a member",
        before: |_, _, _| (),
        does: invite,
        leaves: None,
    },
    Deed {
        name: "integrate",
        before: |_, demo, title| is_not_integrated(demo, title),
        does: integrate,
        leaves: None,
    },
    Deed {
        name: "remove Teams",
        before: |_, demo, title| {
            integrate(demo, title).expect("nothing is armed");
            plan_as(
                demo,
                "Edda Lindqvist",
                "beth.collins@quillfield.example",
                title,
            )
            .expect("nothing is armed");
            waits_for_link(demo, "Edda Lindqvist", title);
        },
        does: remove,
        leaves: None,
    },
];

pub fn asks(
    demo: &Demo,
    who: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value), Gone> {
    let mut request = CLIENT
        .request(method.parse().unwrap(), demo.at(&format!("/api/v1{path}")))
        .bearer_auth(&demo.member(who).api_token);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    sends(request)
}

/// Posts what may be posted again under the same key.
pub fn asks_with_key(
    demo: &Demo,
    who: &str,
    path: &str,
    body: &Value,
    key: &str,
) -> Result<(u16, Value), Gone> {
    let request = CLIENT
        .post(demo.at(&format!("/api/v1{path}")))
        .bearer_auth(&demo.member(who).api_token)
        .header("content-type", "application/json")
        .header("idempotency-key", key.replace(' ', "-"))
        .body(body.to_string());
    sends(request)
}

fn sends(request: reqwest::RequestBuilder) -> Result<(u16, Value), Gone> {
    let answer = wait_for(async {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok::<_, reqwest::Error>((status, answer.text().await?))
    });
    let (status, text) = answer.map_err(|_| Gone)?;
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}

/// The meeting of this title, as this person sees it.
pub fn meeting(demo: &Demo, who: &str, title: &str) -> Result<Option<Value>, Gone> {
    let mut path = "/meetings".to_owned();
    loop {
        let (status, list) = asks(demo, who, "GET", &path, None)?;
        assert_eq!(status, 200, "{list}");
        let found = list["items"].as_array().unwrap().iter();
        if let Some(one) = found.clone().find(|one| one["title"] == title) {
            return Ok(Some(one.clone()));
        }
        match list["next_page_token"].as_str() {
            Some(token) => path = format!("/meetings?page_token={token}"),
            None => return Ok(None),
        }
    }
}

fn the_meeting(demo: &Demo, title: &str) -> Result<Value, Gone> {
    Ok(meeting(demo, "Mei Tanaka", title)?.unwrap_or_else(|| panic!("“{title}” is lost")))
}

fn plan(demo: &Demo, title: &str) -> Result<Found, Gone> {
    plan_as(demo, "Mei Tanaka", "luis@larkspur.example", title)
}

pub fn plan_as(demo: &Demo, who: &str, with: &str, title: &str) -> Result<Found, Gone> {
    if meeting(demo, who, title)?.is_some() {
        return Ok(Found::Already);
    }
    let track = track(demo, who, 0)?;
    let body = body_of(title, with, "teams");
    let path = format!("/tracks/{track}/meetings");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, answer) = asks(demo, who, "POST", &path, Some(&body))?;
        // Until people are looked up in the directory, it is too early.
        match status {
            201 => return Ok(Found::Now),
            409 if Instant::now() < deadline => std::thread::sleep(GLANCE),
            _ => panic!("{status} {answer}"),
        }
    }
}

pub fn plan_by_phone(demo: &Demo, who: &str, with: &str, title: &str) {
    let path = format!("/tracks/{}/meetings", track(demo, who, 0).unwrap());
    let body = body_of(title, with, "phone");
    let (status, answer) = asks(demo, who, "POST", &path, Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
}

fn body_of(title: &str, with: &str, mode: &str) -> Value {
    json!({
        "title": title,
        "attendees": [with],
        "local_start": START,
        "time_zone": "Europe/Berlin",
        "duration_minutes": 45,
        "mode": mode,
    })
}

/// Where and how Mei asks for a meeting with Luis.
pub fn new_meeting(demo: &Demo, title: &str, mode: &str) -> Result<(String, Value), Gone> {
    let track = track(demo, "Mei Tanaka", 0)?;
    let body = body_of(title, "luis@larkspur.example", mode);
    Ok((format!("/tracks/{track}/meetings"), body))
}

fn track(demo: &Demo, who: &str, which: usize) -> Result<String, Gone> {
    let (_, tracks) = asks(demo, who, "GET", "/tracks", None)?;
    Ok(tracks["items"][which]["id"].as_str().unwrap().to_owned())
}

fn is_planned(demo: &Demo, title: &str) {
    plan(demo, title).expect("nothing is armed");
    waits_for_link(demo, "Mei Tanaka", title);
}

pub fn waits_for_link(demo: &Demo, who: &str, title: &str) -> Value {
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        let found = meeting(demo, who, title)
            .expect("nothing is armed")
            .unwrap();
        if found["link"]["state"] == "ready" {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}");
        std::thread::sleep(GLANCE);
    }
}

fn put_off(demo: &Demo, title: &str) -> Result<Found, Gone> {
    let found = the_meeting(demo, title)?;
    if found["local_start"] == LATER {
        return Ok(Found::Already);
    }
    let path = format!("/meetings/{}", found["id"].as_str().unwrap());
    let body = json!({ "local_start": LATER });
    let (status, answer) = asks(demo, "Mei Tanaka", "PATCH", &path, Some(&body))?;
    assert_eq!(status, 200, "{answer}");
    Ok(Found::Now)
}

fn answer(demo: &Demo, title: &str) -> Result<Found, Gone> {
    let found = the_meeting(demo, title)?;
    let answers = found["attendees"].as_array().unwrap();
    if answers
        .iter()
        .any(|one| one["name"] == "Luis Ortega" && one["answer"] == "maybe")
    {
        return Ok(Found::Already);
    }
    let path = format!("/meetings/{}/answers", found["id"].as_str().unwrap());
    let body = json!({ "answer": "maybe", "note": "I may be late." });
    let (status, answer) = asks(demo, "Luis Ortega", "POST", &path, Some(&body))?;
    assert!(status < 300, "{status} {answer}");
    Ok(Found::Now)
}

fn cancel(demo: &Demo, title: &str) -> Result<Found, Gone> {
    let found = the_meeting(demo, title)?;
    if found["status"] == "cancelled" {
        return Ok(Found::Already);
    }
    let path = format!("/meetings/{}/cancellation", found["id"].as_str().unwrap());
    let body = json!({ "reason": "Mei is ill." });
    let (status, answer) = asks(demo, "Mei Tanaka", "POST", &path, Some(&body))?;
    assert!(status < 300, "{status} {answer}");
    Ok(Found::Now)
}

/// Names end in a number; an odd one chooses otherwise than an even one.
fn choose_modes(demo: &Demo, title: &str) -> Result<Found, Gone> {
    let modes = if title.ends_with(['1', '3', '5', '7', '9']) {
        json!(["in_person", "teams"])
    } else {
        json!(["in_person", "phone", "teams"])
    };
    let track = track(demo, "Amara Okafor", 0)?;
    let (_, now) = asks(
        demo,
        "Amara Okafor",
        "GET",
        &format!("/tracks/{track}"),
        None,
    )?;
    if now["meeting_modes"] == modes {
        return Ok(Found::Already);
    }
    let path = format!("/tracks/{track}/meeting-modes");
    let body = json!({ "modes": modes, "teams_meetings": "keep" });
    let (status, answer) = asks(demo, "Amara Okafor", "PUT", &path, Some(&body))?;
    assert!(status < 300, "{status} {answer}");
    Ok(Found::Now)
}

/// A reader stops reading when nothing answers; whoever drives one here takes it as that.
fn as_a_reader(reads: impl FnOnce() -> Found) -> Result<Found, Gone> {
    catch_unwind(AssertUnwindSafe(reads)).map_err(|_| Gone)
}

fn invite(demo: &Demo, title: &str) -> Result<Found, Gone> {
    as_a_reader(|| {
        let number: String = title.chars().filter(char::is_ascii_digit).collect();
        let email = format!("guest-{number}@larkspur.example");
        let mut amara = Reader::new();
        signs_in(&mut amara, demo, "Amara Okafor");
        amara.clicks("Manage");
        amara.clicks("Members");
        if amara.text().contains(&email) {
            return Found::Already;
        }
        amara.clicks("Invite a member");
        amara.fills("First name", "Guest");
        amara.fills("Last name", "Number");
        amara.fills("E-mail", &email);
        amara.clicks("Send invitation");
        amara.sees("invited");
        Found::Now
    })
}

fn integration(demo: &Demo) -> Result<String, Gone> {
    let (status, now) = asks(demo, "Edda Lindqvist", "GET", "/integrations/teams", None)?;
    assert_eq!(status, 200, "{now}");
    Ok(now["state"].as_str().unwrap().to_owned())
}

pub fn integrate(demo: &Demo, _: &str) -> Result<Found, Gone> {
    let before = integration(demo)?;
    if before == "integrated" || before == "checking" {
        waits_for_state(demo, "integrated")?;
        return Ok(Found::Already);
    }
    as_a_reader(|| {
        let mut edda = Reader::new();
        signs_in(&mut edda, demo, "Edda Lindqvist");
        goes_to_the_integration(&mut edda);
        edda.leaves_for_microsoft("Integrate");
        edda.picks("scheduler@quillfield.example");
        if edda.text().contains("Permissions requested") {
            edda.ticks("Consent on behalf of your organization");
            edda.clicks("Accept");
        }
        edda.is_back_from_microsoft();
        Found::Now
    })?;
    waits_for_state(demo, "integrated")?;
    let enabled = as_a_reader(|| {
        let mut edda = Reader::new();
        signs_in(&mut edda, demo, "Edda Lindqvist");
        edda.clicks("First Year");
        edda.clicks("Program Settings");
        edda.clicks("Permissions");
        edda.ticks("Teams video call");
        edda.clicks("Save");
        Found::Now
    })?;
    Ok(enabled)
}

fn waits_for_state(demo: &Demo, wanted: &str) -> Result<(), Gone> {
    let deadline = Instant::now() + 2 * PATIENCE;
    loop {
        let now = integration(demo)?;
        if now == wanted {
            return Ok(());
        }
        assert!(
            Instant::now() < deadline,
            "the integration is {now} and not {wanted}"
        );
        std::thread::sleep(GLANCE);
    }
}

fn remove(demo: &Demo, _: &str) -> Result<Found, Gone> {
    let before = integration(demo)?;
    if before == "removed" || before == "removing" {
        waits_for_state(demo, "removed")?;
        return Ok(Found::Already);
    }
    as_a_reader(|| {
        let mut edda = Reader::new();
        signs_in(&mut edda, demo, "Edda Lindqvist");
        goes_to_the_integration(&mut edda);
        edda.clicks("Remove Microsoft Teams");
        if edda.is_offered("Delete the Teams meetings") {
            edda.chooses("Delete the Teams meetings");
            edda.chooses("In person");
        }
        confirms(&mut edda);
        edda.clicks("Remove");
        Found::Now
    })?;
    waits_for_state(demo, "removed")?;
    Ok(Found::Now)
}

fn is_not_integrated(demo: &Demo, title: &str) {
    if integration(demo).expect("nothing is armed") != "not_integrated" {
        remove(demo, title).expect("nothing is armed");
    }
}
