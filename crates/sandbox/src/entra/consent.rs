//! Accept, Cancel or a request to the administrators on the permission page,
//! and what accepting writes down.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;

use crate::Sandbox;
use crate::entra::asked::Sent;
use crate::entra::failure::{Failure, Trace};
use crate::entra::requests::{self, Asking};
use crate::entra::step::{self, Step};
use crate::entra::{Parameters, pages, reply};
use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::State as World;
use crate::tenant::app::{Grant, Grantee, ServicePrincipal};
use crate::tenant::attempt::{Attempt, Purpose};
use crate::tenant::person::AdminRole;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/consent", post(decide))
}

async fn decide(State(sandbox): State<Sandbox>, headers: HeaderMap, Sent(form): Sent) -> Response {
    let trace = Trace::new(&sandbox, &headers, &Parameters::new());
    let text = |name: &str| form.get(name).map_or("", String::as_str);
    let ctx = text("ctx");
    let found = sandbox.read(|state| {
        let attempt = state.find_attempt(ctx, sandbox.now())?.clone();
        Some((step::next(state, &attempt, sandbox.now()), attempt))
    });
    let Some((step, attempt)) = found else {
        return pages::expired();
    };
    match (step, text("decision")) {
        (Step::AcceptPermissions(person), "accept") => {
            let ids = Ids::draw(&sandbox);
            // The box "Consent on behalf of your organization".
            let everyone = form.contains_key("organization");
            let now = sandbox.now();
            sandbox.change(|state| {
                if let Some(approval) = Approval::of(state, &attempt, person, everyone) {
                    approve(state, approval, ids, now);
                }
            });
            reply::succeed(&sandbox, ctx, &attempt, person)
        }
        (Step::AcceptPermissions(_), _) => {
            reply::refuse(&sandbox, &attempt, &Failure::new(65004), &trace)
        }
        (Step::NeedAdminApproval(person), "request") => {
            requests::ask(&sandbox, &attempt, person, text("reason"));
            pages::need_approval(&sandbox, &attempt, ctx, person)
        }
        (Step::NeedAdminApproval(person), _) => {
            let asking = sandbox.read(|state| requests::asking(state, &attempt, person));
            // In tenants with a workflow, people were told that they may ask.
            let code = if asking == Asking::Impossible {
                90094
            } else {
                90095
            };
            reply::refuse(&sandbox, &attempt, &Failure::new(code), &trace)
        }
        // The page was from an earlier state of affairs: show what holds now.
        _ => step::proceed(&sandbox, ctx, &trace),
    }
}

/// The ids that an approval gives, drawn before the state is locked.
pub(super) struct Ids {
    principal: ObjectId,
    grant: String,
}

impl Ids {
    pub(super) fn draw(sandbox: &Sandbox) -> Self {
        Self {
            principal: ObjectId(sandbox.random().uuid()),
            grant: sandbox.random().text(32),
        }
    }
}

/// What somebody approves, and for whom.
pub(super) struct Approval {
    tenant: TenantId,
    client_id: ClientId,
    to: Grantee,
    scopes: BTreeSet<String>,
    roles: BTreeSet<String>,
    by: ObjectId,
}

impl Approval {
    pub(super) fn for_everyone(
        tenant: TenantId,
        client_id: ClientId,
        scopes: BTreeSet<String>,
        by: ObjectId,
    ) -> Self {
        Self {
            tenant,
            client_id,
            to: Grantee::AllPrincipals,
            scopes,
            roles: BTreeSet::new(),
            by,
        }
    }

    /// What this person approves by accepting.
    fn of(state: &World, attempt: &Attempt, person: ObjectId, everyone: bool) -> Option<Self> {
        let person = state.people.find(person)?;
        let (to, scopes, roles) = match &attempt.purpose {
            // Only global administrators are shown the box.
            Purpose::Code(request) => {
                let for_all = everyone && person.role == AdminRole::GlobalAdministrator;
                let to = if for_all {
                    Grantee::AllPrincipals
                } else {
                    Grantee::Principal(person.id)
                };
                (to, request.scopes.clone(), BTreeSet::new())
            }
            Purpose::Approval(request) => (
                Grantee::AllPrincipals,
                request.scopes.clone(),
                request.roles.clone(),
            ),
        };
        Some(Self {
            tenant: person.tenant,
            client_id: attempt.client_id,
            to,
            scopes,
            roles,
            by: person.id,
        })
    }
}

/// Writes an approval down.
pub(super) fn approve(state: &mut World, approval: Approval, ids: Ids, now: Timestamp) {
    install(state, &approval, ids.principal, now);
    let same = state.grants.iter_mut().find(|grant| {
        grant.tenant == approval.tenant
            && grant.client_id == approval.client_id
            && grant.to == approval.to
    });
    match same {
        Some(grant) => grant.scopes.extend(approval.scopes),
        None => state.grants.push(Grant {
            id: ids.grant,
            tenant: approval.tenant,
            client_id: approval.client_id,
            to: approval.to,
            scopes: approval.scopes,
            by: approval.by,
            at: now,
        }),
    }
}

/// The first consent in a tenant makes the enterprise application.
fn install(state: &mut World, approval: &Approval, id: ObjectId, now: Timestamp) {
    let there = state.service_principals.iter_mut().find(|principal| {
        principal.tenant == approval.tenant && principal.client_id == approval.client_id
    });
    match there {
        Some(principal) => principal.roles.extend(approval.roles.iter().cloned()),
        None => state.service_principals.push(ServicePrincipal {
            id,
            tenant: approval.tenant,
            client_id: approval.client_id,
            enabled: true,
            created: now,
            roles: approval.roles.clone(),
        }),
    }
}
