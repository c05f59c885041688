//! Accept or Cancel on the permission page, and what accepting writes down.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;

use crate::Sandbox;
use crate::entra::failure::{Failure, Trace};
use crate::entra::step::{self, Step};
use crate::entra::{Parameters, pages, reply};
use crate::ids::ObjectId;
use crate::tenant::State as World;
use crate::tenant::app::{Grant, Grantee, ServicePrincipal};
use crate::tenant::attempt::{Attempt, Purpose};
use crate::tenant::person::AdminRole;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/consent", post(decide))
}

#[derive(Deserialize)]
struct Answer {
    ctx: String,
    decision: String,
    /// The box "Consent on behalf of your organization".
    organization: Option<String>,
}

async fn decide(
    State(sandbox): State<Sandbox>,
    Path(_): Path<String>,
    headers: HeaderMap,
    Form(answer): Form<Answer>,
) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let found = sandbox.read(|state| {
        let attempt = state.find_attempt(&answer.ctx, sandbox.now())?.clone();
        Some((step::next(state, &attempt), attempt))
    });
    let Some((step, attempt)) = found else {
        return pages::expired();
    };
    match (step, answer.decision.as_str()) {
        (Step::AcceptPermissions(person), "accept") => {
            let ids = Ids {
                principal: ObjectId(sandbox.random().uuid()),
                grant: sandbox.random().text(32),
            };
            let everyone = answer.organization.is_some();
            let now = sandbox.now();
            sandbox.change(|state| accept(state, &attempt, person, everyone, ids, now));
            reply::succeed(&sandbox, &answer.ctx, &attempt, person)
        }
        (Step::AcceptPermissions(_), _) => {
            reply::refuse(&sandbox, &attempt, &Failure::new(65004), &trace)
        }
        (Step::NeedAdminApproval(_), _) => {
            reply::refuse(&sandbox, &attempt, &Failure::new(90094), &trace)
        }
        // The page was from an earlier state of affairs: show what holds now.
        _ => step::proceed(&sandbox, &answer.ctx, &trace),
    }
}

struct Ids {
    principal: ObjectId,
    grant: String,
}

fn accept(
    state: &mut World,
    attempt: &Attempt,
    person: ObjectId,
    everyone: bool,
    ids: Ids,
    now: jiff::Timestamp,
) {
    let Some(person) = state.people.find(person) else {
        return;
    };
    let (tenant, role) = (person.tenant, person.role);
    let (scopes, roles, to) = match &attempt.purpose {
        // Only global administrators are shown the box.
        Purpose::Code(request) if everyone && role == AdminRole::GlobalAdministrator => (
            request.scopes.clone(),
            BTreeSet::new(),
            Grantee::AllPrincipals,
        ),
        Purpose::Code(request) => (
            request.scopes.clone(),
            BTreeSet::new(),
            Grantee::Principal(person.id),
        ),
        Purpose::Approval(request) => (
            request.scopes.clone(),
            request.roles.clone(),
            Grantee::AllPrincipals,
        ),
    };
    let by = person.id;
    install(state, tenant, attempt, roles, ids.principal, now);
    let same = state.grants.iter_mut().find(|grant| {
        grant.tenant == tenant && grant.client_id == attempt.client_id && grant.to == to
    });
    match same {
        Some(grant) => grant.scopes.extend(scopes),
        None => state.grants.push(Grant {
            id: ids.grant,
            tenant,
            client_id: attempt.client_id,
            to,
            scopes,
            by,
            at: now,
        }),
    }
}

/// The first consent in a tenant makes the enterprise application.
fn install(
    state: &mut World,
    tenant: crate::ids::TenantId,
    attempt: &Attempt,
    roles: BTreeSet<String>,
    id: ObjectId,
    now: jiff::Timestamp,
) {
    let there = state
        .service_principals
        .iter_mut()
        .find(|principal| principal.tenant == tenant && principal.client_id == attempt.client_id);
    match there {
        Some(principal) => principal.roles.extend(roles),
        None => state.service_principals.push(ServicePrincipal {
            id,
            tenant,
            client_id: attempt.client_id,
            enabled: true,
            created: now,
            roles,
        }),
    }
}
