//! The operator's page: what is wrong, what waits, and how each node does.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use jiff::Timestamp;

use super::report::{self, Report};
use super::{Shown, broken, span};
use crate::phase::Standing;
use crate::web::assets;

#[derive(Template)]
#[template(path = "operator/status.html")]
struct Page {
    stylesheet: String,
    icon: String,
    at: String,
    standing: &'static str,
    wrong: Vec<String>,
    work: Vec<Row>,
    nodes: Vec<NodeRow>,
    integrations: Vec<(String, i64)>,
}

struct Row {
    reconciler: &'static str,
    waiting: i64,
    held: i64,
    oldest: String,
    next: String,
}

struct NodeRow {
    id: String,
    version: String,
    up: String,
    seen: String,
    reconcilers: Vec<ReconcilerRow>,
}

struct ReconcilerRow {
    name: String,
    looked: String,
    worked: String,
    looks: String,
    running: usize,
    finished: u64,
    failed: u64,
    last_error: String,
}

pub(super) async fn show(State(shown): State<Shown>) -> Response {
    let report = match report::read(&shown.tools.store).await {
        Ok(report) => report,
        Err(error) => return broken(&error),
    };
    let page = page(report, shown.phase.now());
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "the operator's page could not be rendered");
            http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn page(report: Report, standing: Standing) -> Page {
    let at = report.at;
    let ago = |then: Option<Timestamp>| {
        then.map_or_else(
            || "not yet".to_owned(),
            |then| format!("{} ago", span(at.duration_since(then))),
        )
    };
    let ahead = |then: Option<Timestamp>| {
        then.map_or_else(
            || "–".to_owned(),
            |then| format!("in {}", span(then.duration_since(at))),
        )
    };
    Page {
        stylesheet: assets::address("ithaca.css"),
        icon: assets::address("ithaca.svg"),
        at: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        standing: match standing {
            Standing::Starting => "starting",
            Standing::Serving => "serving",
            Standing::Draining => "draining",
        },
        work: report
            .work
            .iter()
            .map(|work| Row {
                reconciler: work.reconciler,
                waiting: work.waiting,
                held: work.held,
                oldest: work
                    .oldest
                    .map_or("–".to_owned(), |oldest| span(at.duration_since(oldest))),
                next: ahead(work.next),
            })
            .collect(),
        nodes: report
            .nodes
            .into_iter()
            .map(|node| NodeRow {
                up: span(at.duration_since(node.started_at)),
                seen: ago(Some(node.seen_at)),
                reconcilers: node
                    .reconcilers
                    .into_iter()
                    .map(|(name, status)| ReconcilerRow {
                        name,
                        looked: ago(status.looked_at),
                        worked: ago(status.worked_at),
                        looks: ahead(status.looks_at),
                        running: status.running,
                        finished: status.finished,
                        failed: status.failed,
                        last_error: status.last_error.unwrap_or_default(),
                    })
                    .collect(),
                id: node.id,
                version: node.version,
            })
            .collect(),
        integrations: report.integrations.into_iter().collect(),
        wrong: report.wrong,
    }
}
