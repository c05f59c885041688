//! Nodes are replaced one by one while people work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cluster, comes};

/// F36, F37: no request of anybody fails, and nothing is left undone.
#[test]
fn f37_nodes_are_restarted_one_by_one_and_nobody_notices() {
    let mut cluster = Cluster::starts_with("rolling", 3, "drain_seconds = 1");
    cluster.gets_teams();
    let (path, draft) = cluster.meeting("", "teams");
    let (ends, made) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let program = cluster.program();
    let works = std::thread::spawn({
        let (ends, made) = (ends.clone(), made.clone());
        move || {
            let mut wrong = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                let mut body = draft.clone();
                let title = format!("Step {:03}", made.load(Ordering::SeqCst));
                body["title"] = Value::String(title);
                match program.asks(Method::POST, &path, Some(&body), &[]) {
                    Ok((StatusCode::CREATED, _)) => {
                        made.fetch_add(1, Ordering::SeqCst);
                    }
                    other => wrong.push(format!("{other:?}")),
                }
            }
            wrong
        }
    });
    for node in 0..3 {
        let before = made.load(Ordering::SeqCst);
        cluster.nodes[node].program.is_sent("TERM");
        comes("it to say that it drains", || {
            cluster.nodes[node].readiness().1 == "draining\n"
        });
        let status = cluster.nodes[node].program.ended();
        assert!(status.success(), "{}", cluster.nodes[node].program.errors());
        cluster.starts_again(node);
        comes("people to work on", || {
            made.load(Ordering::SeqCst) > before + 3
        });
    }
    ends.store(true, Ordering::SeqCst);
    let wrong = works.join().unwrap();
    assert_eq!(wrong, Vec::<String>::new());
    let made = made.load(Ordering::SeqCst);
    let undone = "SELECT (SELECT COUNT(*) FROM meeting_links WHERE state <> 'ready') \
                  + (SELECT COUNT(*) FROM outbox WHERE due_at IS NOT NULL)";
    comes("all links and letters", || cluster.counts(undone) == 0);
    let meetings = cluster.teams_meetings();
    assert_eq!(meetings.len(), made, "one Teams meeting each: {meetings:?}");
    let (code, status) = cluster.status();
    assert_eq!(
        (code, status["wrong"].to_string().as_str()),
        (Some(0), "[]"),
        "{status}"
    );
}
