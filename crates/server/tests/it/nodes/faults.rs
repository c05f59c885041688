//! What happens to the database, or between it and the nodes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cluster, comes};
use crate::runtime::GLANCE;

/// F30: every connection is cut at once and none can be made for a while, three times, as
/// when PostgreSQL is restarted. A program that sends its request again until it is answered
/// ends with each thing done once.
#[test]
fn f30_the_database_goes_and_comes_and_no_acknowledged_write_is_lost() {
    let cluster = Cluster::starts("restarts", 2);
    let (path, draft) = cluster.meeting("", "phone");
    let ends = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let (program, ends) = (cluster.program(), ends.clone());
            let (path, draft) = (path.clone(), draft.clone());
            std::thread::spawn(move || {
                let mut acknowledged = BTreeMap::new();
                let (mut troubles, mut number) = (0, 0);
                while !ends.load(Ordering::SeqCst) {
                    number += 1;
                    let title = format!("Call {worker}-{number:03}");
                    let mut body = draft.clone();
                    body["title"] = Value::String(title.clone());
                    let key = [("idempotency-key", title.as_str())];
                    let deadline = Instant::now() + Duration::from_mins(1);
                    let id = loop {
                        match program.asks(Method::POST, &path, Some(&body), &key) {
                            Ok((StatusCode::CREATED, meeting)) => {
                                break meeting["id"].as_str().unwrap().to_owned();
                            }
                            Ok((status, answer))
                                if !status.is_server_error() && status != StatusCode::CONFLICT =>
                            {
                                panic!("a retry would not cure {status}: {answer}")
                            }
                            _ => troubles += 1,
                        }
                        assert!(Instant::now() < deadline, "{title} is never answered");
                        std::thread::sleep(GLANCE);
                    };
                    acknowledged.insert(id, title);
                }
                (acknowledged, troubles)
            })
        })
        .collect();
    for _ in 0..3 {
        let count = "SELECT COUNT(*) FROM meetings";
        let before = cluster.counts(count);
        comes("some work", || cluster.counts(count) > before + 5);
        cluster.loses_the_database();
        comes("both to notice", || {
            let mut nodes = cluster.nodes.iter();
            nodes.all(|node| node.readiness().0 == 503)
        });
        cluster.finds_the_database();
        for node in &cluster.nodes {
            node.is_ready();
        }
    }
    ends.store(true, Ordering::SeqCst);
    let (mut acknowledged, mut troubles) = (BTreeMap::new(), 0);
    for worker in workers {
        let (theirs, met) = worker.join().unwrap();
        acknowledged.extend(theirs);
        troubles += met;
    }
    assert!(troubles > 0, "nobody met with the trouble");
    let titles: std::collections::BTreeSet<&String> = acknowledged.values().collect();
    assert_eq!(titles.len(), acknowledged.len(), "nothing was made twice");
    for (id, title) in &acknowledged {
        let there =
            format!("SELECT COUNT(*) FROM meetings WHERE id = '{id}' AND title = '{title}'");
        assert_eq!(cluster.counts(&there), 1, "N5: {title} was acknowledged");
    }
    let all = cluster.counts("SELECT COUNT(*) FROM meetings");
    assert_eq!(
        usize::try_from(all).unwrap(),
        acknowledged.len(),
        "and nothing else is there"
    );
    let waiting = "SELECT COUNT(*) FROM outbox WHERE due_at IS NOT NULL AND lease_until IS NULL";
    comes("the letters to leave", || cluster.counts(waiting) == 0);
}

impl Cluster {
    fn name_of_the_database(&self) -> &str {
        self.database.rsplit('/').next().unwrap()
    }

    /// As when PostgreSQL stops: who is connected is thrown out, and nobody else comes in.
    fn loses_the_database(&self) {
        let name = self.name_of_the_database();
        self.tells_postgres(&[
            &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        ]);
    }

    fn finds_the_database(&self) {
        let name = self.name_of_the_database();
        self.tells_postgres(&[&format!(
            "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"
        )]);
    }
}
