//! How the instance does: its nodes, what waits, and what is wrong in a sentence each.
//!
//! All of it is read from the database, so that it says the same wherever it is asked:
//! on the operator's page, as metrics, and by `ithaca status`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mentoring::integration::Cause;
use mentoring::stumble::MOST_TRIES;
use serde::Serialize;

use crate::reconcile::nodes::Statuses;
use crate::reconcile::{Status, rows_of};
use crate::store::lease;
use crate::store::{Store, Stored, integrations, nodes, stumbles};
use crate::wake::Reconciler;

/// A node says every ten seconds that it is there.
const UNSEEN: SignedDuration = SignedDuration::from_mins(1);
/// A reconciler looks at least every ten seconds, the one that tidies up every ten minutes.
const UNTURNED: SignedDuration = SignedDuration::from_mins(2);
/// Longer than a row that is due waits while all is well.
const TOO_LONG: SignedDuration = SignedDuration::from_mins(10);

/// How the instance does.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// When it was asked, by the database's clock where it has one.
    pub at: Timestamp,
    /// The nodes by their names.
    pub nodes: Vec<Node>,
    /// What waits, by reconciler.
    pub work: Vec<Waiting>,
    /// How many organizations there are by how their Teams integration stands.
    pub integrations: BTreeMap<String, i64>,
    /// Rows that are not tried again by themselves.
    pub set_aside: Vec<SetAside>,
    /// What an operator should look at, in sentences; nothing while all is well.
    pub wrong: Vec<String>,
}

/// A node as it last said.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// Its machine and port.
    pub id: String,
    /// Which version it runs.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it is there.
    pub seen_at: Timestamp,
    /// How its reconcilers do.
    pub reconcilers: Statuses,
}

/// What waits for a reconciler, on whichever node.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// Its name.
    pub reconciler: &'static str,
    /// Rows that are due and that nobody holds.
    pub waiting: i64,
    /// Rows that somebody works on.
    pub held: i64,
    /// Since when the oldest of the waiting ones is due.
    pub oldest: Option<Timestamp>,
    /// When the next one that rests is due.
    pub next: Option<Timestamp>,
}

/// Rows of one table whose work came to no end too often.
#[derive(Clone, Debug, Serialize)]
pub struct SetAside {
    /// The table.
    pub of: String,
    /// How many.
    pub rows: i64,
    /// Over what one of them stumbled.
    pub reason: String,
}

/// Reads how the instance does.
pub async fn read(store: &Store) -> Stored<Report> {
    let at = store.clock().now();
    let known = nodes::list(store).await?.into_iter().map(|node| Node {
        id: node.id,
        version: node.version,
        started_at: node.started_at,
        seen_at: node.seen_at,
        // What another version wrote may have another shape.
        reconcilers: serde_json::from_str(&node.reconcilers).unwrap_or_default(),
    });
    let mut report = Report {
        at,
        nodes: known.collect(),
        work: Vec::new(),
        integrations: integrations::count_by_state(store)
            .await?
            .into_iter()
            .collect(),
        set_aside: Vec::new(),
        wrong: Vec::new(),
    };
    for reconciler in Reconciler::ALL {
        let Some(rows) = rows_of(reconciler) else {
            continue;
        };
        let backlog = lease::backlog(store, rows).await?;
        report.work.push(Waiting {
            reconciler: reconciler.name(),
            waiting: backlog.waiting,
            held: backlog.held,
            oldest: backlog.oldest,
            next: backlog.next,
        });
    }
    for aside in stumbles::list_aside(store).await? {
        report.set_aside.push(SetAside {
            rows: aside.rows,
            of: aside.work,
            reason: aside.reason,
        });
    }
    report.wrong = wrong(&report);
    Ok(report)
}

fn wrong(report: &Report) -> Vec<String> {
    let at = report.at;
    let ago = |then: Timestamp| super::span(at.duration_since(then));
    let mut wrong = Vec::new();
    let is_seen = |node: &&Node| at.duration_since(node.seen_at) <= UNSEEN;
    if !report.nodes.iter().any(|node| is_seen(&node)) {
        wrong.push(
            "No node is there: nobody answers, and no links are made. Start `ithaca serve`."
                .to_owned(),
        );
    }
    for node in &report.nodes {
        if !is_seen(&node) {
            wrong.push(format!(
                "The node {} was last seen {} ago. Look at its log, or start it again.",
                node.id,
                ago(node.seen_at)
            ));
            continue;
        }
        for (name, status) in &node.reconcilers {
            if let Some(sentence) = unwell(node, name, status) {
                wrong.push(sentence);
            }
        }
    }
    for work in &report.work {
        if let Some(oldest) = work.oldest
            && at.duration_since(oldest) > TOO_LONG
        {
            wrong.push(format!(
                "{} rows of {} are due, the oldest since {}.",
                work.waiting,
                work.reconciler,
                ago(oldest)
            ));
        }
    }
    for aside in &report.set_aside {
        wrong.push(format!(
            "{} rows of {} are set aside after {MOST_TRIES} tries ({}). They are tried once more when Ithaca is started again; until then what they are for does not happen.",
            aside.rows, aside.of, aside.reason
        ));
    }
    for cause in [Cause::ApplicationSecret, Cause::RegistrationWrong] {
        if let Some(many) = report.integrations.get(cause.as_str()) {
            wrong.push(format!(
                "Teams stands still for {many} organizations: {} Look at `[microsoft]` in the configuration.",
                cause.sentence_for_administrator()
            ));
        }
    }
    wrong
}

/// What is wrong with a reconciler of a node that is there, if anything.
fn unwell(node: &Node, name: &str, status: &Status) -> Option<String> {
    let since = |then: Timestamp| node.seen_at.duration_since(then);
    if let (Some(failed_at), Some(error)) = (status.failed_at, &status.last_error)
        && since(failed_at) < TOO_LONG
    {
        return Some(format!(
            "The reconciler {name} of {} failed {} ago: {error}",
            node.id,
            super::span(since(failed_at))
        ));
    }
    let looks_at = status.looks_at.or(status.looked_at)?;
    // One whose places are all taken looks when one is free.
    let is_late = since(looks_at) > UNTURNED && status.running == 0;
    is_late.then(|| {
        format!(
            "The reconciler {name} of {} should have looked {} ago.",
            node.id,
            super::span(since(looks_at))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn well() -> Report {
        let status = Status {
            looked_at: Some(at(60)),
            looks_at: Some(at(60)),
            ..Status::default()
        };
        Report {
            at: at(60),
            nodes: vec![Node {
                id: "one:8080".to_owned(),
                version: "0.1.0".to_owned(),
                started_at: at(0),
                seen_at: at(60),
                reconcilers: [("links".to_owned(), status)].into(),
            }],
            work: vec![Waiting {
                reconciler: "links",
                waiting: 3,
                held: 4,
                oldest: Some(at(55)),
                next: None,
            }],
            integrations: [("integrated".to_owned(), 2)].into(),
            set_aside: Vec::new(),
            wrong: Vec::new(),
        }
    }

    #[test]
    fn while_all_is_well_nothing_is_said() {
        assert_eq!(wrong(&well()), Vec::<String>::new());
    }

    #[test]
    fn what_an_operator_should_look_at_is_said_in_a_sentence() {
        type Change = fn(&mut Report);
        let changes: [(Change, &str); 6] = [
            (|report| report.nodes.clear(), "No node is there"),
            (
                |report| report.nodes[0].seen_at = at(57),
                "one:8080 was last seen 3 min ago",
            ),
            (
                |report| report.work[0].oldest = Some(at(20)),
                "3 rows of links are due, the oldest since 40 min",
            ),
            (
                |report| {
                    report
                        .integrations
                        .extend([("application_secret".to_owned(), 7)]);
                },
                "Teams stands still for 7 organizations",
            ),
            (
                |report| {
                    let status = report.nodes[0].reconcilers.get_mut("links").unwrap();
                    status.failed_at = Some(at(59));
                    status.last_error = Some("disk full".to_owned());
                },
                "The reconciler links of one:8080 failed 1 min ago: disk full",
            ),
            (
                |report| {
                    report.nodes[0]
                        .reconcilers
                        .get_mut("links")
                        .unwrap()
                        .looks_at = Some(at(50));
                },
                "should have looked 10 min ago",
            ),
        ];
        for (change, sentence) in changes {
            let mut report = well();
            change(&mut report);
            let said = wrong(&report);
            assert!(
                said.iter().any(|one| one.contains(sentence)),
                "no “{sentence}” in {said:?}"
            );
        }
    }
}
