//! Metrics in Prometheus' text format: what this node has counted, and what waits in the
//! database that all nodes share.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use jiff::Timestamp;

use super::Shown;
use super::report::{self, Report};
use crate::figures::Exposition;
use crate::phase::Standing;
use crate::sink;
use crate::wake::Reconciler;

pub(super) async fn show(State(shown): State<Shown>) -> Response {
    let mut out = Exposition::default();
    out.family(
        "ithaca_build_info",
        "gauge",
        "Which version this node runs.",
    );
    let version = env!("CARGO_PKG_VERSION");
    out.sample("ithaca_build_info", &[("version", version)], 1);
    out.family(
        "ithaca_serving",
        "gauge",
        "1 while somebody may be sent here.",
    );
    let serving = shown.phase.now() == Standing::Serving;
    out.sample("ithaca_serving", &[], u8::from(serving));
    reconcilers(&shown, &mut out);
    shown.tools.figures.write(&mut out);
    let name = "ithaca_log_lines_dropped_total";
    out.family(name, "counter", "Log lines that nobody read in time.");
    out.sample(name, &[], sink::dropped());
    process(&mut out);
    let read = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        report::read(&shown.tools.store),
    );
    let report = read.await.ok().and_then(Result::ok);
    out.family(
        "ithaca_database_up",
        "gauge",
        "Whether the database answers.",
    );
    out.sample("ithaca_database_up", &[], u8::from(report.is_some()));
    if let Some(report) = report {
        shared(&report, &mut out);
    }
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, out.text()).into_response()
}

/// What the reconcilers of this node did.
fn reconcilers(shown: &Shown, out: &mut Exposition) {
    let all = Reconciler::ALL.map(|one| (one.name(), shown.tools.statuses.of(one)));
    let name = "ithaca_reconciler_batches_total";
    out.family(name, "counter", "Batches worked on by this node.");
    for (reconciler, status) in &all {
        for (outcome, count) in [("finished", status.finished), ("failed", status.failed)] {
            let labels = [("reconciler", *reconciler), ("outcome", outcome)];
            out.sample(name, &labels, count);
        }
    }
    let name = "ithaca_reconciler_running";
    out.family(name, "gauge", "Batches that this node works on.");
    for (reconciler, status) in &all {
        out.sample(name, &[("reconciler", reconciler)], status.running);
    }
    let name = "ithaca_reconciler_looked_timestamp_seconds";
    out.family(name, "gauge", "When it last looked for work.");
    for (reconciler, status) in &all {
        if let Some(at) = status.looked_at {
            out.sample(name, &[("reconciler", reconciler)], seconds(at));
        }
    }
}

/// What all nodes share.
fn shared(report: &Report, out: &mut Exposition) {
    let name = "ithaca_waiting_rows";
    out.family(
        name,
        "gauge",
        "Rows that are due and that nobody holds, over all nodes.",
    );
    for work in &report.work {
        out.sample(name, &[("reconciler", work.reconciler)], work.waiting);
    }
    let name = "ithaca_held_rows";
    out.family(
        name,
        "gauge",
        "Rows that somebody works on, over all nodes.",
    );
    for work in &report.work {
        out.sample(name, &[("reconciler", work.reconciler)], work.held);
    }
    let name = "ithaca_oldest_waiting_seconds";
    out.family(name, "gauge", "For how long the oldest waiting row is due.");
    for work in &report.work {
        let waited = work
            .oldest
            .map_or(0.0, |oldest| report.at.duration_since(oldest).as_secs_f64());
        out.sample(name, &[("reconciler", work.reconciler)], waited.max(0.0));
    }
    let name = "ithaca_node_seen_timestamp_seconds";
    out.family(name, "gauge", "When a node last said that it is there.");
    for node in &report.nodes {
        out.sample(name, &[("node", &node.id)], seconds(node.seen_at));
    }
    let name = "ithaca_integrations";
    out.family(
        name,
        "gauge",
        "Organizations by how their Teams integration stands.",
    );
    for (state, many) in &report.integrations {
        out.sample(name, &[("state", state)], many);
    }
    let name = "ithaca_wrong";
    out.family(
        name,
        "gauge",
        "How many sentences `ithaca status` has to say.",
    );
    out.sample(name, &[], report.wrong.len());
}

/// What the operating system knows of this process, by the names that Prometheus' own
/// clients use.
fn process(out: &mut Exposition) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}"));
    if let Ok(status) = read("status")
        && let Some(kilobytes) = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
    {
        let name = "process_resident_memory_bytes";
        out.family(name, "gauge", "Resident memory.");
        out.sample(name, &[], kilobytes * 1_024);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        out.family("process_open_fds", "gauge", "Open files.");
        out.sample("process_open_fds", &[], files.count());
    }
}

fn seconds(at: Timestamp) -> f64 {
    std::time::Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH))
        .unwrap_or_default()
        .as_secs_f64()
}
