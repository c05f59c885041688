//! A node that stops for longer than its leases last, and wakes.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Cluster, comes, comes_within};

/// What the passing of three minutes does to the leases of a node that sleeps.
const TIME_PASSES: &str = "UPDATE meeting_links SET lease_until = 1 WHERE lease_until IS NOT NULL";

/// F05: the one who wakes finds its lease gone; what it learned meanwhile is not written.
#[test]
fn f05_a_node_that_slept_past_its_lease_does_no_harm_when_it_wakes() {
    let cluster = Cluster::starts("pauses", 2);
    cluster.gets_teams();
    // The next creation is done at once, and its answer takes six seconds.
    let slow = json!({
        "on": { "path_contains": "createOrGet" },
        "times": 1,
        "do": { "delay_answer_ms": 6_000 },
    });
    cluster.tells_the_sandbox(Method::POST, "faults", &slow);
    let (path, body) = cluster.meeting("First steps", "teams");
    let (status, made) = cluster.asks(Method::POST, &path, Some(&body), &[]).unwrap();
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let subjects = || cluster.teams_meetings();
    comes("Microsoft to have made it", || {
        subjects() == ["First steps"]
    });

    let held = "SELECT COUNT(*) FROM meeting_links WHERE lease_until IS NOT NULL";
    assert_eq!(
        cluster.counts(held),
        1,
        "somebody waits for Microsoft's answer"
    );
    let sleeper = cluster.sleeper();
    cluster.nodes[sleeper].program.is_sent("STOP");
    cluster.does_to_the_database(TIME_PASSES);
    let ready = "SELECT COUNT(*) FROM meeting_links WHERE state = 'ready'";
    comes_within(
        Duration::from_secs(30),
        "the other node to finish it",
        || cluster.counts(ready) == 1,
    );
    let fencing = "SELECT fencing FROM meeting_links";
    let finished_under = cluster.counts(fencing);
    comes("the invitation", || {
        !cluster.letters("luis@larkspur.example").is_empty()
    });
    let version = "SELECT version FROM meeting_links";
    let as_finished = cluster.counts(version);

    cluster.nodes[sleeper].program.is_sent("CONT");
    comes("it to be awake", || cluster.balancer.all_are_ready());
    // It is quite awake: it works on the next one, whose answer is quick.
    cluster.nodes[1 - sleeper].program.is_sent("STOP");
    comes("the balancer to notice", || {
        !cluster.balancer.all_are_ready()
    });
    cluster.makes("Second steps");
    cluster.nodes[1 - sleeper].program.is_sent("CONT");

    assert_eq!(
        cluster.teams_meetings(),
        ["First steps", "Second steps"],
        "N1"
    );
    let first = "SELECT fencing FROM meeting_links ORDER BY id LIMIT 1";
    assert_eq!(cluster.counts(first), finished_under);
    let first = "SELECT version FROM meeting_links ORDER BY id LIMIT 1";
    assert_eq!(
        cluster.counts(first),
        as_finished,
        "nothing was written late"
    );
    let letters = cluster.letters("luis@larkspur.example");
    let first = letters
        .iter()
        .filter(|subject| subject.contains("First steps"));
    assert_eq!(first.count(), 1, "N3: {letters:?}");
}

impl Cluster {
    /// Which node holds the one lease there is.
    fn sleeper(&self) -> usize {
        let of = |node: usize| {
            let id = self.nodes[node].program.id();
            self.counts(&format!(
                "SELECT COUNT(*) FROM meeting_links WHERE lease_owner LIKE '{id}-%'"
            ))
        };
        (0..self.nodes.len())
            .find(|node| of(*node) == 1)
            .expect("one of them holds it")
    }
}
