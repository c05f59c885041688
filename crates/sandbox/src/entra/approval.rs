//! `/{tenant}/v2.0/adminconsent` and its older kin `/{tenant}/adminconsent`:
//! an administrator approves an application for everyone.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;

use crate::Sandbox;
use crate::entra::asked::Segment;
use crate::entra::authorize::{ATTEMPT_LIFE, Client, client};
use crate::entra::failure::{Failure, Trace};
use crate::entra::{Parameters, pages, parameters, permissions, step};
use crate::tenant::attempt::{ApprovalRequest, Attempt, Purpose};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{tenant}/v2.0/adminconsent", get(ask))
        .route("/{tenant}/adminconsent", get(ask_older))
}

async fn ask(
    sandbox: State<Sandbox>,
    segment: Segment,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    begin(&sandbox, &segment.0, query, &headers, false)
}

async fn ask_older(
    sandbox: State<Sandbox>,
    segment: Segment,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    begin(&sandbox, &segment.0, query, &headers, true)
}

fn begin(
    sandbox: &Sandbox,
    segment: &str,
    RawQuery(query): RawQuery,
    headers: &HeaderMap,
    older: bool,
) -> Response {
    let asked = parameters(&query.unwrap_or_default());
    let trace = Trace::new(
        sandbox,
        headers,
        asked.as_ref().unwrap_or(&Parameters::new()),
    );
    let begun = asked.and_then(|asked| {
        sandbox.read(|state| {
            let Client {
                app, redirect_uri, ..
            } = client(state, segment, &asked)?;
            // The older endpoint has no `scope`: it approves all that the registration lists.
            let scope = match (older, asked.get("scope")) {
                (true, _) => ".default",
                (false, Some(scope)) => scope.as_str(),
                (false, None) => return Err(Failure::missing("scope")),
            };
            let everything = scope.to_ascii_lowercase().contains(".default");
            Ok(Attempt {
                segment: segment.to_owned(),
                client_id: app.client_id,
                redirect_uri,
                state: asked.get("state").cloned(),
                purpose: Purpose::Approval(ApprovalRequest {
                    older,
                    scopes: permissions::parse(scope, app)?,
                    roles: if everything {
                        app.roles.clone()
                    } else {
                        BTreeSet::new()
                    },
                }),
                account: None,
                expires_at: sandbox
                    .now()
                    .saturating_add(ATTEMPT_LIFE)
                    .unwrap_or(sandbox.now()),
            })
        })
    });
    match begun {
        Err(failure) => pages::failure(&failure, &trace),
        Ok(attempt) => step::begin(sandbox, attempt, &trace),
    }
}
