//! What was asked of the sandbox: a list that grows while one looks, and each
//! call with request and answer.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::{Frame, drawn, refused, tenant_name, time_of_day, written};
use crate::Sandbox;
use crate::calls::Text;
use crate::tenant::State as World;

/// How many calls are listed.
const SHOWN: usize = 100;

pub(super) struct CallRow {
    pub(super) number: u64,
    pub(super) at: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
    /// How the status reads: well, refused, or broken.
    pub(super) tone: &'static str,
    pub(super) tenant: String,
    pub(super) fault: &'static str,
}

#[derive(Template)]
#[template(path = "console/calls.html")]
struct CallsPage {
    frame: Frame,
    calls: Vec<CallRow>,
    total: u64,
}

#[derive(Template)]
#[template(path = "console/call_rows.html")]
struct Rows {
    calls: Vec<CallRow>,
}

pub(super) async fn list(State(sandbox): State<Sandbox>) -> Response {
    let template = sandbox.read(|state| CallsPage {
        frame: Frame::at("/sandbox/calls"),
        calls: recent(state, SHOWN),
        total: state.calls.total(),
    });
    drawn(StatusCode::OK, &template)
}

/// The list alone, for a page that asks again.
pub(super) async fn rows(State(sandbox): State<Sandbox>) -> Response {
    let calls = sandbox.read(|state| recent(state, SHOWN));
    drawn(StatusCode::OK, &Rows { calls })
}

pub(super) fn recent(state: &World, most: usize) -> Vec<CallRow> {
    state
        .calls
        .recent()
        .take(most)
        .map(|call| CallRow {
            number: call.number,
            at: time_of_day(call.at),
            method: call.method.clone(),
            path: call.path.clone(),
            status: call.status,
            tone: match call.status {
                0..400 => "well",
                400..500 => "refused",
                _ => "broken",
            },
            tenant: call
                .tenant
                .map(|tenant| tenant_name(state, tenant))
                .unwrap_or_default(),
            fault: call.fault.unwrap_or_default(),
        })
        .collect()
}

#[derive(Template)]
#[template(path = "console/call.html")]
struct CallPage {
    frame: Frame,
    number: u64,
    facts: Vec<(&'static str, String)>,
    sides: Vec<Side>,
}

/// Request or answer.
struct Side {
    name: &'static str,
    headers: Vec<(String, String)>,
    body: Text,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Path(number): Path<String>) -> Response {
    let found = sandbox.read(|state| {
        let call = state.calls.find(number.parse().ok()?)?.clone();
        let tenant = call.tenant.map(|tenant| tenant_name(state, tenant));
        Some((call, tenant))
    });
    let Some((call, tenant)) = found else {
        return refused(
            StatusCode::NOT_FOUND,
            "This call isn’t kept",
            "The last 500 are, until a reset.",
        );
    };
    let mut facts = vec![
        ("At", written(call.at)),
        ("Call", format!("{} {}", call.method, call.path)),
        ("Route", call.route),
        ("Status", call.status.to_string()),
    ];
    facts.extend(tenant.map(|tenant| ("Tenant", tenant)));
    facts.extend(call.request_id.map(|id| ("Request id", id)));
    facts.extend(call.fault.map(|fault| ("Fault", fault.to_owned())));
    let mut sides = Vec::new();
    if let Some(exchange) = &call.exchange {
        let (headers, body) = exchange.request();
        sides.push(Side {
            name: "Request",
            headers,
            body,
        });
        if let Some((headers, body)) = exchange.answer() {
            sides.push(Side {
                name: "Answer",
                headers,
                body,
            });
        }
    }
    let template = CallPage {
        frame: Frame::at("/sandbox/calls"),
        number: call.number,
        facts,
        sides,
    };
    drawn(StatusCode::OK, &template)
}
