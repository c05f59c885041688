//! The workflow for consent: people ask for what they may not approve, and
//! administrators look at it and decide.
//!
//! Source: "Configure the admin consent workflow", "Review admin consent requests". At Microsoft
//! the decision is made in the admin center; here it has a page of its own.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use uuid::Uuid;

use crate::Sandbox;
use crate::entra::asked::{Segment, Sent};
use crate::entra::authority::Authority;
use crate::entra::consent::{self, Ids};
use crate::entra::failure::{Failure, Trace};
use crate::entra::{Parameters, pages, permissions};
use crate::ids::{ObjectId, TenantId};
use crate::pages::page;
use crate::tenant::State as World;
use crate::tenant::app::{ConsentRequest, Decision};
use crate::tenant::attempt::{Attempt, Purpose};
use crate::tenant::person::AdminRole;

/// How much of a reason is kept, in characters.
const LONGEST_REASON: usize = 500;

/// How many requests a tenant keeps; the oldest goes first.
const MOST: usize = 1_000;

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/consent-requests", get(list).post(decide))
}

/// Whether somebody may ask the administrators, and what became of it where they asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// The tenant has no such workflow.
    Impossible,
    Possible,
    Pending,
    /// The administrators want no more requests for this application.
    Blocked,
}

/// Where a person stands with this application.
pub(super) fn asking(state: &World, attempt: &Attempt, person: ObjectId) -> Asking {
    let Some(tenant) = state.people.find(person).map(|person| person.tenant) else {
        return Asking::Impossible;
    };
    if !state.switches(tenant).consent_requests || !matches!(attempt.purpose, Purpose::Code(_)) {
        return Asking::Impossible;
    }
    let mut theirs = state
        .consent_requests
        .iter()
        .filter(|request| request.tenant == tenant && request.client_id == attempt.client_id);
    if theirs
        .clone()
        .any(|request| request.decision == Some(Decision::Blocked))
    {
        Asking::Blocked
    } else if theirs.any(|request| request.by == person && request.decision.is_none()) {
        Asking::Pending
    } else {
        Asking::Possible
    }
}

/// Writes down that somebody asks.
pub(super) fn ask(sandbox: &Sandbox, attempt: &Attempt, person: ObjectId, reason: &str) {
    let id = sandbox.random().uuid();
    let at = sandbox.now();
    sandbox.change(|state| {
        if asking(state, attempt, person) != Asking::Possible {
            return;
        }
        let (Some(person), Purpose::Code(request)) = (state.people.find(person), &attempt.purpose)
        else {
            return;
        };
        let asked = ConsentRequest {
            id,
            tenant: person.tenant,
            client_id: attempt.client_id,
            scopes: request.scopes.clone(),
            by: person.id,
            reason: reason.trim().chars().take(LONGEST_REASON).collect(),
            at,
            decision: None,
        };
        if state.consent_requests.len() >= MOST {
            state.consent_requests.remove(0);
        }
        state.consent_requests.push(asked);
    });
}

#[derive(Template)]
#[template(path = "entra/consent_requests.html")]
struct Page {
    tenant: String,
    segment: TenantId,
    administrators: Vec<Administrator>,
    requests: Vec<Row>,
}

struct Administrator {
    id: ObjectId,
    name: String,
}

struct Row {
    id: Uuid,
    app: String,
    by: String,
    reason: String,
    permissions: Vec<String>,
    /// None while somebody has to decide.
    decision: Option<&'static str>,
}

async fn list(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
) -> Response {
    show(&sandbox, &segment, &headers)
}

fn show(sandbox: &Sandbox, segment: &str, headers: &HeaderMap) -> Response {
    let found = sandbox.read(|state| {
        let tenant = tenant(state, segment)?;
        let name = state.tenants.get(&tenant).map(|tenant| tenant.name.clone());
        Ok::<_, Failure>(Page {
            tenant: name.unwrap_or_default(),
            segment: tenant,
            administrators: administrators(state, tenant),
            requests: rows(state, tenant),
        })
    });
    match found {
        Ok(template) => page(StatusCode::OK, &template, &[]),
        Err(failure) => pages::failure(&failure, &Trace::new(sandbox, headers, &Parameters::new())),
    }
}

fn tenant(state: &World, segment: &str) -> Result<TenantId, Failure> {
    match Authority::parse(state, segment)? {
        Authority::Tenant(tenant) => Ok(tenant),
        Authority::Organizations | Authority::Common | Authority::Consumers => {
            Err(Failure::new(50059))
        }
    }
}

fn administrators(state: &World, tenant: TenantId) -> Vec<Administrator> {
    state
        .people
        .list(tenant)
        .filter(|person| person.enabled && person.role.may_consent_for_all())
        .map(|person| Administrator {
            id: person.id,
            name: format!("{} ({})", person.display_name, person.upn),
        })
        .collect()
}

fn rows(state: &World, tenant: TenantId) -> Vec<Row> {
    state
        .consent_requests
        .iter()
        .rev()
        .filter(|request| request.tenant == tenant)
        .map(|request| Row {
            id: request.id,
            app: state
                .apps
                .get(&request.client_id)
                .map_or_else(|| request.client_id.to_string(), |app| app.name.clone()),
            by: state
                .people
                .find(request.by)
                .map_or_else(|| request.by.to_string(), |person| person.upn.clone()),
            reason: request.reason.clone(),
            permissions: request
                .scopes
                .iter()
                .map(|name| {
                    permissions::find(name)
                        .map_or_else(|| name.clone(), |scope| format!("{} ({name})", scope.title))
                })
                .collect(),
            decision: request.decision.map(|decision| match decision {
                Decision::Approved => "Approved",
                Decision::Denied => "Denied",
                Decision::Blocked => "Blocked",
            }),
        })
        .collect()
}

/// An administrator decides. The request's id, which no foreign page knows, is what keeps others
/// from deciding in somebody's browser.
async fn decide(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
    Sent(form): Sent,
) -> Response {
    let decided = decision(&form).and_then(|(request, administrator, decision)| {
        let ids = Ids::draw(&sandbox);
        let now = sandbox.now();
        sandbox.change(|state| {
            let tenant = tenant(state, &segment)?;
            let role = state
                .people
                .find(administrator)
                .filter(|person| person.tenant == tenant && person.enabled)
                .map_or(AdminRole::None, |person| person.role);
            if !role.may_consent_for_all() {
                return Err(Failure::new(90094));
            }
            let found = state
                .consent_requests
                .iter_mut()
                .find(|one| one.id == request && one.tenant == tenant && one.decision.is_none());
            let Some(found) = found else {
                return Err(Failure::new(90014).saying("There is no such request to decide."));
            };
            found.decision = Some(decision);
            if decision == Decision::Approved {
                let (client_id, scopes) = (found.client_id, found.scopes.clone());
                consent::approve(
                    state,
                    consent::Approval::for_everyone(tenant, client_id, scopes, administrator),
                    ids,
                    now,
                );
            }
            Ok(())
        })
    });
    match decided {
        Ok(()) => show(&sandbox, &segment, &headers),
        Err(failure) => pages::failure(
            &failure,
            &Trace::new(&sandbox, &headers, &Parameters::new()),
        ),
    }
}

fn decision(form: &Parameters) -> Result<(Uuid, ObjectId, Decision), Failure> {
    let field = |name: &str| form.get(name).ok_or_else(|| Failure::missing(name));
    let unreadable = |_| Failure::new(9_002_313);
    let decision = match field("decision")?.as_str() {
        "approve" => Decision::Approved,
        "deny" => Decision::Denied,
        "block" => Decision::Blocked,
        _ => return Err(Failure::new(9_002_313)),
    };
    Ok((
        field("request")?.parse().map_err(unreadable)?,
        field("administrator")?.parse().map_err(unreadable)?,
        decision,
    ))
}
