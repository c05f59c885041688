//! What happens to the database, or between it and the nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Cluster, MeisProgram, comes, comes_within};
use crate::runtime::GLANCE;

/// F30: every connection is cut at once and none can be made for a while, three times, as
/// when PostgreSQL is restarted. A program that sends its request again until it is answered
/// ends with each thing done once.
#[test]
fn f30_the_database_goes_and_comes_and_no_acknowledged_write_is_lost() {
    let cluster = Cluster::starts("restarts", 2);
    let work = Work::begins(&cluster);
    for _ in 0..3 {
        cluster.gets_some_work_done();
        cluster.loses_the_database();
        cluster.is_unready();
        cluster.finds_the_database();
        for node in &cluster.nodes {
            node.is_ready();
        }
    }
    assert!(work.ends(&cluster) > 0, "nobody met with the trouble");
}

/// F30: what the nodes ask doesn't arrive, or what they are answered doesn't, and nobody is
/// told; then all that was on its way arrives late.
#[test]
fn f30_a_wire_that_is_dead_in_one_direction_loses_nothing() {
    let (cluster, wire) = Cluster::starts_on_a_wire("wires", 2);
    let work = Work::begins(&cluster);
    for dead in [&wire.asks_nothing, &wire.answers_nothing] {
        cluster.gets_some_work_done();
        dead.store(true, Ordering::SeqCst);
        cluster.is_unready();
        dead.store(false, Ordering::SeqCst);
        for node in &cluster.nodes {
            node.is_ready();
        }
    }
    work.ends(&cluster);
}

/// What a program was told was done: the meetings' ids with their titles.
type Acknowledged = BTreeMap<String, String>;

/// Three programs that make meetings by phone, each until it is answered with success.
struct Work {
    ends: Arc<AtomicBool>,
    workers: Vec<JoinHandle<(Acknowledged, usize)>>,
}

impl Work {
    fn begins(cluster: &Cluster) -> Self {
        let (path, draft) = cluster.meeting("", "phone");
        let ends = Arc::new(AtomicBool::new(false));
        let workers = (0..3).map(|worker| {
            let (program, ends) = (cluster.program(), ends.clone());
            let (path, draft) = (path.clone(), draft.clone());
            std::thread::spawn(move || {
                let (mut acknowledged, mut troubles) = (Acknowledged::new(), 0);
                while !ends.load(Ordering::SeqCst) {
                    let title = format!("Call {worker}-{:03}", acknowledged.len());
                    let (id, met) = makes(&program, &path, &draft, &title);
                    acknowledged.insert(id, title);
                    troubles += met;
                }
                (acknowledged, troubles)
            })
        });
        Self {
            workers: workers.collect(),
            ends,
        }
    }

    /// Lets them end, and looks that everything they were told is there once and nothing
    /// else is. How often they had to try again.
    fn ends(self, cluster: &Cluster) -> usize {
        self.ends.store(true, Ordering::SeqCst);
        let (mut acknowledged, mut troubles) = (Acknowledged::new(), 0);
        for worker in self.workers {
            let (theirs, met) = worker.join().unwrap();
            acknowledged.extend(theirs);
            troubles += met;
        }
        let titles: BTreeSet<&String> = acknowledged.values().collect();
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
        troubles
    }
}

/// Asks until it is answered with success; the meeting's id, and how often it was not.
fn makes(program: &MeisProgram, path: &str, draft: &Value, title: &str) -> (String, usize) {
    let mut body = draft.clone();
    body["title"] = Value::String(title.to_owned());
    let key = [("idempotency-key", title)];
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut troubles = 0;
    loop {
        match program.asks(Method::POST, path, Some(&body), &key) {
            Ok((StatusCode::CREATED, meeting)) => {
                return (meeting["id"].as_str().unwrap().to_owned(), troubles);
            }
            Ok((status, answer)) if !status.is_server_error() && status != StatusCode::CONFLICT => {
                panic!("a retry would not cure {status}: {answer}")
            }
            _ => troubles += 1,
        }
        assert!(Instant::now() < deadline, "{title} is never answered");
        std::thread::sleep(GLANCE);
    }
}

impl Cluster {
    fn gets_some_work_done(&self) {
        let count = "SELECT COUNT(*) FROM meetings";
        let before = self.counts(count);
        let minute = Duration::from_mins(1);
        comes_within(minute, "some work", || self.counts(count) > before + 5);
    }

    /// All nodes say that their database does not answer.
    fn is_unready(&self) {
        comes("all nodes to notice", || {
            self.nodes.iter().all(|node| node.readiness().0 == 503)
        });
    }

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
