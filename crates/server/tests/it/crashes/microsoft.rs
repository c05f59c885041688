//! Microsoft misbehaves: it answers nonsense, refuses, is slow, loses answers. Meetings stand,
//! pages stay quick, and each meeting gets one Teams meeting in the end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::checker;
use super::deeds::{asks, integrate, meeting, new_meeting, plan_as, waits_for_link};
use super::ground::Ground;
use crate::demo::Demo;
use crate::runtime::{GLANCE, PATIENCE};
use crate::stories::gets_teams;

fn goes_wrong(demo: &Demo, fault: &Value) {
    demo.tells_the_sandbox("POST", "faults", &fault.to_string());
}

fn heals(demo: &Demo) {
    demo.tells_the_sandbox("DELETE", "faults", "");
}

fn plans_on_teams(demo: &Demo, title: &str) {
    let (path, body) = new_meeting(demo, title, "teams").unwrap();
    let (status, answer) = asks(demo, "Mei Tanaka", "POST", &path, Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
}

#[test]
fn g01_to_g17_whatever_microsoft_answers_each_meeting_gets_one_teams_meeting() {
    let ground = Ground::on_sqlite("answers");
    let demo = ground.starts();
    gets_teams(&demo);
    let create = "/v1.0/me/onlineMeetings/createOrGet";
    let any = "/v1.0/me/onlineMeetings";
    let cases = [
        ("G-01 no JSON", create, json!({ "garbage": "html" })),
        (
            "G-01 another shape",
            create,
            json!({ "garbage": "empty_object" }),
        ),
        (
            "G-02 a foreign link",
            create,
            json!({ "alter": { "joinWebUrl": "https://teams.microsoft.com.evil.example/l/meetup-join/1" } }),
        ),
        ("G-03 too long", create, json!({ "garbage": "endless" })),
        (
            "G-05 a wait of nothing",
            create,
            json!({ "status": 429, "headers": { "Retry-After": 0 } }),
        ),
        (
            "G-05 a wait that is none",
            create,
            json!({ "status": 429, "headers": { "Retry-After": "soon" } }),
        ),
        ("G-05 no wait", create, json!({ "status": 429 })),
        ("G-07 500", any, json!({ "status": 500 })),
        ("G-07 503", any, json!({ "status": 503 })),
        (
            "G-08 the answer lost",
            create,
            json!({ "lose_answer": true }),
        ),
        (
            "F02 the request lost",
            create,
            json!({ "lose_request": true }),
        ),
        (
            "G-14 the token refused",
            create,
            json!({ "claims_challenge": true }),
        ),
        (
            "G-16 elsewhere",
            create,
            json!({ "redirect": "http://169.254.169.254/", "status": 307 }),
        ),
    ];
    for (name, place, act) in &cases {
        ground.comes_to_rest(&demo);
        // Refused right after it was refreshed, it would be the sign-in that is refused.
        ground.does("UPDATE credentials SET refreshed_at = refreshed_at - 120000");
        goes_wrong(
            &demo,
            &json!({ "on": { "path_prefix": place }, "times": 1, "do": act }),
        );
        plans_on_teams(&demo, name);
        waits_for_link(&demo, "Mei Tanaka", name);
    }
    let truth = demo.asks_the_sandbox("truth");
    for (name, ..) in &cases {
        assert_eq!(checker::live_of(&truth, name).len(), 1, "N1: {name}");
    }
}

#[test]
fn f18_while_microsoft_is_down_meetings_are_planned_and_each_link_follows_afterwards() {
    let ground = Ground::on_sqlite("down");
    let demo = ground.starts();
    gets_teams(&demo);
    ground.comes_to_rest(&demo);
    goes_wrong(
        &demo,
        &json!({ "on": { "path_prefix": "/v1.0" }, "do": { "status": 503 } }),
    );
    for number in 0..10 {
        plans_on_teams(&demo, &format!("Down {number}"));
    }
    let waiting = meeting(&demo, "Mei Tanaka", "Down 0").unwrap().unwrap();
    assert_eq!(waiting["link"]["state"], "waiting");
    heals(&demo);
    for number in 0..10 {
        let title = format!("Down {number}");
        waits_for_link(&demo, "Mei Tanaka", &title);
        let truth = demo.asks_the_sandbox("truth");
        assert_eq!(checker::live_of(&truth, &title).len(), 1, "N1: {title}");
    }
}

/// How long a page takes, of several tries the middle one.
fn page_takes(demo: &Demo) -> Duration {
    let mut took: Vec<Duration> = (0..21)
        .map(|_| {
            let began = Instant::now();
            let (status, _) = asks(demo, "Luis Ortega", "GET", "/meetings", None).unwrap();
            assert_eq!(status, 200);
            began.elapsed()
        })
        .collect();
    took.sort();
    took[10]
}

#[test]
fn f19_a_slow_organization_slows_nobody_else_and_no_page() {
    let ground = Ground::on_sqlite("slow");
    let demo = ground.starts();
    gets_teams(&demo);
    integrate(&demo, "").unwrap();
    ground.comes_to_rest(&demo);
    for number in 0..2 {
        plans_on_teams(&demo, &format!("Warm {number}"));
    }
    ground.comes_to_rest(&demo);
    let before = page_takes(&demo);

    let larkspur = &ground.sandbox.first_line.tenants[0];
    assert_eq!(larkspur.domain, "larkspur.example");
    let slow = json!({
        "on": { "tenant": larkspur.id, "path_prefix": "/v1.0/me/onlineMeetings" },
        "do": { "delay_ms": 25_000 },
    });
    goes_wrong(&demo, &slow);
    // More than there are places for all organizations together.
    for number in 0..80 {
        plans_on_teams(&demo, &format!("Slow {number}"));
    }
    let held = || {
        ground.count("SELECT COUNT(*) AS found FROM meeting_links WHERE lease_owner IS NOT NULL")
    };
    let deadline = Instant::now() + PATIENCE;
    while held() < 4 {
        assert!(Instant::now() < deadline, "nobody works on the slow ones");
        std::thread::sleep(GLANCE);
    }
    assert!(
        held() <= 8,
        "{} places are taken by one organization",
        held()
    );
    let meanwhile = page_takes(&demo);
    assert!(
        meanwhile < before * 4 + Duration::from_millis(20),
        "a page took {before:?} and takes {meanwhile:?} while Microsoft is slow"
    );
    let began = Instant::now();
    plan_as(
        &demo,
        "Edda Lindqvist",
        "beth.collins@quillfield.example",
        "Quick",
    )
    .unwrap();
    waits_for_link(&demo, "Edda Lindqvist", "Quick");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let slowest = meeting(&demo, "Mei Tanaka", "Slow 79").unwrap().unwrap();
    assert_eq!(
        slowest["link"]["state"], "waiting",
        "the slow ones still wait"
    );
}

/// What the sandbox counted of calls for hosts.
fn calls(demo: &Demo, what: &str) -> u32 {
    let limits = demo.asks_the_sandbox("limits");
    let count = limits[what]["host"].as_u64().unwrap_or(0);
    u32::try_from(count).unwrap()
}

/// `ITHACA_LINKS=1000` makes it as many as the promise names.
#[test]
fn f17_g06_under_a_limit_nearly_all_of_it_is_used_and_no_link_is_lost() {
    let links: i64 = std::env::var("ITHACA_LINKS").map_or(60, |links| links.parse().unwrap());
    let (a_second, least): (u32, f64) = if links < 500 { (8, 0.8) } else { (20, 0.95) };
    let ground = Ground::on_sqlite("limited");
    let demo = ground.starts();
    gets_teams(&demo);
    integrate(&demo, "").unwrap();
    ground.comes_to_rest(&demo);
    let before = page_takes(&demo);
    let limit = json!({ "host": { "calls": a_second, "seconds": 1 } });
    demo.tells_the_sandbox("PATCH", "limits", &limit.to_string());
    for number in 0..links {
        plans_on_teams(&demo, &format!("Many {number}"));
    }
    let waiting =
        || ground.count("SELECT COUNT(*) AS found FROM meeting_links WHERE state = 'waiting'");
    let deadline = Instant::now() + PATIENCE + Duration::from_secs(links.unsigned_abs());
    while calls(&demo, "refused") == 0 {
        assert!(Instant::now() < deadline, "the limit is never met");
        std::thread::sleep(GLANCE);
    }
    let (began, taken) = (Instant::now(), calls(&demo, "taken"));
    // Another organization gets its link meanwhile, and pages are quick.
    plan_as(
        &demo,
        "Edda Lindqvist",
        "beth.collins@quillfield.example",
        "Quick",
    )
    .unwrap();
    waits_for_link(&demo, "Edda Lindqvist", "Quick");
    let waited = began.elapsed();
    let meanwhile = page_takes(&demo);
    // The last few don't use all there is.
    while waiting() > 6 {
        assert!(Instant::now() < deadline, "{} links still wait", waiting());
        std::thread::sleep(GLANCE);
    }
    let used = f64::from(calls(&demo, "taken") - taken);
    let used = used / began.elapsed().as_secs_f64() / f64::from(a_second);
    println!(
        "{links} links under {a_second} calls a second: {:?}, {:.1} % used, {} calls refused, \
         another organization's link after {waited:?}, a page {meanwhile:?} instead of {before:?}",
        began.elapsed(),
        used * 100.0,
        calls(&demo, "refused"),
    );
    assert!(used >= least, "{used} of the limit is used");
    assert!(
        waited < Duration::from_secs(5),
        "another organization waited {waited:?}"
    );
    assert!(
        meanwhile < before * 4 + Duration::from_millis(100),
        "a page took {before:?} and takes {meanwhile:?}"
    );
    while waiting() > 0 {
        assert!(Instant::now() < deadline, "{} links still wait", waiting());
        std::thread::sleep(GLANCE);
    }
    let truth = demo.asks_the_sandbox("truth");
    for number in 0..links {
        let title = format!("Many {number}");
        assert_eq!(checker::live_of(&truth, &title).len(), 1, "N1: {title}");
    }
    let attempts = ground.count("SELECT COALESCE(MAX(attempts), 0) AS found FROM meeting_links");
    assert_eq!(attempts, 0, "to wait costs no attempt");
}

#[test]
fn f31_the_mail_server_takes_a_message_and_its_answer_is_lost() {
    let ground = Ground::on_sqlite("mail-answer");
    let demo = ground.starts();
    let lost = json!({ "on": { "stage": "message" }, "times": 1, "do": { "lose_answer": true } });
    demo.tells_the_sandbox("POST", "mail/faults", &lost.to_string());
    let (path, body) = new_meeting(&demo, "Twice", "phone").unwrap();
    let (status, answer) = asks(&demo, "Mei Tanaka", "POST", &path, Some(&body)).unwrap();
    assert_eq!(status, 201, "{answer}");
    let deadline = Instant::now() + 2 * PATIENCE;
    let ids = || -> Vec<String> {
        let mail = demo.asks_the_sandbox("mail");
        let raw = mail.as_array().unwrap().iter();
        raw.filter_map(|message| message["raw"].as_str())
            .filter_map(|raw| raw.lines().find(|line| line.starts_with("Message-ID:")))
            .map(str::to_owned)
            .collect()
    };
    // Two people, and one of them twice.
    while ids().len() < 3 {
        assert!(Instant::now() < deadline, "{:?}", ids());
        std::thread::sleep(GLANCE);
    }
    let different: std::collections::BTreeSet<String> = ids().into_iter().collect();
    assert_eq!(
        different.len(),
        2,
        "N3: the same message under one Message-ID"
    );
}
