//! What is everybody's on whichever node: sessions, limits, links, and the clock.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cluster, comes, comes_within};
use crate::reader::{CLIENT, Reader};
use crate::runtime::{PATIENCE, wait_for};
use crate::visitor::Visitor as _;

/// A reconciler looks by itself this often; who is quicker was woken.
const INTERVAL: Duration = Duration::from_secs(10);

#[test]
fn people_and_programs_go_on_at_whichever_node_answers() {
    let cluster = Cluster::starts("sharing", 3);
    cluster.gets_teams();

    let began = Instant::now();
    let meeting = cluster.makes("First steps");
    assert!(
        began.elapsed() < INTERVAL,
        "the node that is asked for a link makes it at once: {:?}",
        began.elapsed()
    );
    let mut luis = cluster.signs_in("Luis Ortega");
    luis.opens(&format!(
        "{}/larkspur/meetings/{}",
        cluster.balancer.url,
        meeting["id"].as_str().unwrap()
    ));
    luis.sees("Join Teams meeting");
    let here = luis.address();
    let page = |node: usize| here.replace(&cluster.balancer.url, &cluster.nodes[node].url);
    let cookie = luis.cookie(&here, "__Host-ithaca").unwrap().to_owned();
    let seen_at = |node: usize| {
        let host = cluster.balancer.url.trim_start_matches("http://");
        let request = CLIENT
            .get(page(node))
            .header("host", host)
            .header("cookie", format!("__Host-ithaca={cookie}"));
        wait_for(async { request.send().await.unwrap().status() })
    };
    for node in 0..3 {
        assert_eq!(seen_at(node), StatusCode::OK, "node {node}");
    }
    luis.clicks("Sign out");
    for node in 0..3 {
        assert_eq!(
            seen_at(node),
            StatusCode::SEE_OTHER,
            "who signed out at one is signed out at node {node}"
        );
    }
    assert!(
        cluster.balancer.handed().iter().all(|handed| *handed > 4),
        "all took part: {:?}",
        cluster.balancer.handed()
    );

    // Tries at a password count wherever they are made.
    let mut guesser = Reader::new();
    guesser.opens(&format!("{}/larkspur/sign-in", cluster.balancer.url));
    for _ in 0..11 {
        guesser.fills("E-mail", "amara@larkspur.example");
        guesser.fills("Password", "sails of another colour");
        guesser.clicks("Sign in");
    }
    assert_eq!(guesser.status(), 429, "{}", guesser.text());

    // And an operator finds all of them in one place.
    let names = || {
        let (_, status) = cluster.status();
        let nodes = status["nodes"].as_array().cloned().unwrap_or_default();
        let names = nodes
            .iter()
            .map(|node| node["id"].as_str().unwrap_or_default().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    comes("three nodes to be known", || names().len() == 3);
}

/// F29: every node runs every reconciler, and nobody is the first among them.
#[test]
fn f29_three_nodes_make_each_meeting_and_send_each_message_once() {
    const MEETINGS: usize = 24;
    let cluster = Cluster::starts("schedulers", 3);
    cluster.gets_teams();
    let before = cluster.letters("luis@larkspur.example").len();
    let titles: Vec<String> = (0..MEETINGS)
        .map(|number| format!("Step {number:02}"))
        .collect();
    let (path, draft) = cluster.meeting("", "teams");
    for title in &titles {
        let mut body = draft.clone();
        body["title"] = Value::String(title.clone());
        let (status, made) = cluster.asks(Method::POST, &path, Some(&body), &[]).unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made}");
        // Whoever is woken by nobody looks too.
        cluster.does_to_the_database("UPDATE outbox SET due_at = due_at WHERE due_at IS NOT NULL");
    }
    let letters = || cluster.letters("luis@larkspur.example").split_off(before);
    comes("an invitation to each", || letters().len() >= MEETINGS);
    let at_rest = "SELECT (SELECT COUNT(*) FROM outbox WHERE due_at IS NOT NULL) \
                   + (SELECT COUNT(*) FROM meeting_links WHERE lease_until IS NOT NULL)";
    comes("all to rest", || cluster.counts(at_rest) == 0);
    assert_eq!(
        cluster.teams_meetings(),
        titles,
        "N1: one Teams meeting each"
    );
    let different: BTreeSet<String> = letters().into_iter().collect();
    assert_eq!(
        (letters().len(), different.len()),
        (MEETINGS, MEETINGS),
        "N3: {:?}",
        letters()
    );
    let working = "SELECT COUNT(DISTINCT fencing) FROM meeting_links";
    assert!(cluster.counts(working) >= 1);
}

/// Links, live tests and comparisons of one organization, on whichever node.
#[test]
fn f17_g06_three_nodes_make_four_calls_at_once_for_one_host_and_no_more() {
    const MEETINGS: usize = 30;
    let (cluster, meter) = Cluster::starts_metered("metered", 3);
    cluster.gets_teams();
    // So long that the calls of all nodes meet.
    let slow = serde_json::json!({
        "on": { "path_prefix": "/v1.0/me/onlineMeetings" },
        "do": { "delay_ms": 400 },
    });
    cluster.tells_the_sandbox(Method::POST, "faults", &slow);
    let (path, draft) = cluster.meeting("", "teams");
    for number in 0..MEETINGS {
        let mut body = draft.clone();
        body["title"] = Value::String(format!("Step {number:02}"));
        let (status, made) = cluster.asks(Method::POST, &path, Some(&body), &[]).unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made}");
    }
    let tested = || {
        cluster.counts("SELECT COALESCE(MAX(checked_at), 0) FROM integrations")
            + cluster.counts("SELECT COALESCE(MAX(finished_at), 0) FROM drift_sweeps")
    };
    let before = tested();
    let waiting = "SELECT COUNT(*) FROM meeting_links WHERE state = 'waiting'";
    comes_within(3 * PATIENCE, "every link", || {
        cluster.does_to_the_database(
            "UPDATE integrations SET due_at = 0; UPDATE drift_sweeps SET due_at = 0",
        );
        cluster.counts(waiting) == 0
    });
    comes("a test and a comparison", || tested() > before);
    let (all, most) = meter.counted();
    assert!(all >= 3 * MEETINGS, "{all} calls");
    assert!((2..=4).contains(&most), "{most} at once, of {all} calls");
    // A test that is under way has a trial meeting.
    let subjects = cluster.teams_meetings();
    let made = subjects.iter().filter(|one| one.starts_with("Step "));
    assert_eq!(made.count(), MEETINGS, "N1: {subjects:?}");
}

#[test]
fn n06_f06_nodes_on_one_postgresql_refresh_a_token_once_each_time() {
    const ROUNDS: i64 = 5;
    let cluster = Cluster::starts("refreshing", 3);
    cluster.gets_teams();
    // The loser of two that refresh together would be told that its token is spent.
    let tenants = cluster.asks_the_sandbox("truth")["tenants"].clone();
    let tenants = tenants.as_array().expect("a list of tenants");
    for tenant in tenants {
        let once = serde_json::json!({ "one_use_refresh_tokens": true });
        let place = format!("tenants/{}", tenant["id"].as_str().unwrap());
        cluster.tells_the_sandbox(Method::PATCH, &place, &once);
    }
    let asked = || -> i64 {
        let truth = cluster.asks_the_sandbox("truth");
        let routes = truth["calls"]["by_route"].as_object().unwrap().iter();
        routes
            .filter(|(route, _)| route.ends_with("/token"))
            .map(|(_, count)| count.as_i64().unwrap())
            .sum()
    };
    let version = || cluster.counts("SELECT MAX(version) FROM credentials");
    let at_rest = "SELECT COUNT(*) FROM credentials WHERE lease_owner IS NOT NULL";
    comes("the token to rest", || cluster.counts(at_rest) == 0);
    let (asked_before, first) = (asked(), version());
    for round in 1..=ROUNDS {
        cluster.does_to_the_database("UPDATE credentials SET due_at = 0");
        comes("a newer token", || version() >= first + round);
        comes("the token to rest", || cluster.counts(at_rest) == 0);
    }
    assert_eq!(
        asked() - asked_before,
        version() - first,
        "N6: one question for each newer token"
    );
    let well = "SELECT COUNT(*) FROM integrations WHERE state = 'integrated'";
    assert_eq!(cluster.counts(well), 1, "nobody calls it broken");
}
