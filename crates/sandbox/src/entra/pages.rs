//! The pages of a sign-in, in the shape that Microsoft's are known for. They
//! work without scripts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use url::Url;

use crate::Sandbox;
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};
use crate::entra::permissions::{application_title, find};
use crate::entra::requests::{self, Asking};
use crate::ids::ObjectId;
use crate::pages::page;
use crate::tenant::attempt::{Attempt, Purpose};
use crate::tenant::person::{AdminRole, Person, PersonKind};
use crate::tenant::{PERSONAL_TENANT, State};

#[derive(Template)]
#[template(path = "entra/accounts.html")]
struct AccountsPage<'a> {
    app: String,
    segment: &'a str,
    ctx: &'a str,
    everyone: bool,
    groups: Vec<Group>,
}

struct Group {
    name: String,
    accounts: Vec<Listed>,
}

struct Listed {
    id: ObjectId,
    name: String,
    address: String,
    note: Option<&'static str>,
}

/// The account list: those that the seed offers, or everyone.
pub(super) fn accounts(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    everyone: bool,
) -> Response {
    let template = sandbox.read(|state| AccountsPage {
        app: app(state, attempt).0,
        segment: &attempt.segment,
        ctx,
        everyone,
        groups: if everyone {
            every_account(state)
        } else {
            vec![offered(state, attempt)]
        },
    });
    page(StatusCode::OK, &template, &origins(sandbox, attempt))
}

fn every_account(state: &State) -> Vec<Group> {
    let mut groups: Vec<Group> = state
        .tenants
        .values()
        .map(|tenant| Group {
            name: tenant.name.clone(),
            accounts: state.people.list(tenant.id).map(listed).collect(),
        })
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups.push(Group {
        name: "Personal accounts".to_owned(),
        accounts: state.people.list(PERSONAL_TENANT).map(listed).collect(),
    });
    groups
}

/// The account that the application hinted at, then each tenant's scheduler, then the odd ones.
fn offered(state: &State, attempt: &Attempt) -> Group {
    let request = match &attempt.purpose {
        Purpose::Code(request) => Some(request),
        Purpose::Approval(_) => None,
    };
    let hint = request.and_then(|request| request.login_hint.as_deref());
    let is_welcome =
        |person: &Person| request.is_none_or(|request| request.welcomes(state, person));
    let only = Authority::parse(state, &attempt.segment)
        .ok()
        .and_then(Authority::tenant);
    let mut tenants: Vec<_> = state.tenants.values().collect();
    tenants.sort_by(|a, b| a.name.cmp(&b.name));
    let mut found: Vec<(u8, &Person)> = tenants
        .iter()
        .map(|tenant| tenant.id)
        .chain([PERSONAL_TENANT])
        .filter(|id| only.is_none_or(|only| only == *id))
        .flat_map(|id| {
            state
                .people
                .list(id)
                .filter(|person| person.offered && is_welcome(person))
                .enumerate()
        })
        .map(|(at, person)| (if at == 0 { 1 } else { 2 }, person))
        .collect();
    for (rank, person) in &mut found {
        if person.kind == PersonKind::Personal {
            *rank = 3;
        }
    }
    if let Some(hinted) = hint.and_then(|hint| state.people.find_anywhere(hint)) {
        found.retain(|(_, person)| person.id != hinted.id);
        found.push((0, hinted));
    }
    found.sort_by_key(|(rank, _)| *rank);
    Group {
        name: String::new(),
        accounts: found
            .into_iter()
            .map(|(_, person)| listed(person))
            .collect(),
    }
}

fn listed(person: &Person) -> Listed {
    let note = match (person.kind, person.enabled, person.teams_licensed) {
        (PersonKind::Personal, ..) => Some("Personal account"),
        (PersonKind::Guest, ..) => Some("Guest"),
        (_, false, _) => Some("Disabled"),
        (_, _, false) => Some("No Teams licence"),
        _ => None,
    };
    Listed {
        id: person.id,
        name: person.display_name.clone(),
        address: person.upn.clone(),
        note,
    }
}

#[derive(Template)]
#[template(path = "entra/address.html")]
struct AddressPage<'a> {
    app: String,
    segment: &'a str,
    ctx: &'a str,
    address: &'a str,
    problem: Option<&'a str>,
}

/// "Use another account".
pub(super) fn address(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    address: &str,
    problem: Option<&str>,
) -> Response {
    let template = AddressPage {
        app: sandbox.read(|state| app(state, attempt).0),
        segment: &attempt.segment,
        ctx,
        address,
        problem,
    };
    page(StatusCode::OK, &template, &origins(sandbox, attempt))
}

#[derive(Template)]
#[template(path = "entra/password.html")]
struct PasswordPage<'a> {
    segment: &'a str,
    ctx: &'a str,
    address: String,
    problem: Option<&'a str>,
}

pub(super) fn password(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    person: ObjectId,
    problem: Option<&str>,
) -> Response {
    let template = PasswordPage {
        segment: &attempt.segment,
        ctx,
        address: upn(sandbox, person),
        problem,
    };
    page(StatusCode::OK, &template, &origins(sandbox, attempt))
}

#[derive(Template)]
#[template(path = "entra/second_factor.html")]
struct SecondFactorPage<'a> {
    segment: &'a str,
    ctx: &'a str,
    address: String,
    /// Nothing is set up yet.
    enrols: bool,
}

pub(super) fn second_factor(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    person: ObjectId,
) -> Response {
    let template = SecondFactorPage {
        segment: &attempt.segment,
        ctx,
        address: upn(sandbox, person),
        enrols: sandbox.read(|state| {
            let person = state.people.find(person);
            person.is_some_and(|person| person.standing.must_enrol)
        }),
    };
    page(StatusCode::OK, &template, &origins(sandbox, attempt))
}

#[derive(Template)]
#[template(path = "entra/permissions.html")]
struct PermissionsPage<'a> {
    segment: &'a str,
    ctx: &'a str,
    address: String,
    app: String,
    publisher: String,
    for_all: bool,
    offers_organization: bool,
    permissions: Vec<Permission>,
}

struct Permission {
    title: &'static str,
    detail: &'static str,
}

/// "Permissions requested".
pub(super) fn permissions(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    person: ObjectId,
) -> Response {
    let template = sandbox.read(|state| {
        let (app, publisher) = app(state, attempt);
        let role = state
            .people
            .find(person)
            .map_or(AdminRole::None, |person| person.role);
        let roles = match &attempt.purpose {
            Purpose::Code(_) => None,
            Purpose::Approval(request) => Some(&request.roles),
        };
        let own = roles
            .into_iter()
            .flatten()
            .filter_map(|name| application_title(name))
            .map(|title| Permission { title, detail: "" });
        PermissionsPage {
            segment: &attempt.segment,
            ctx,
            address: state
                .people
                .find(person)
                .map(|person| person.upn.clone())
                .unwrap_or_default(),
            app,
            publisher,
            for_all: roles.is_some(),
            offers_organization: roles.is_none() && role == AdminRole::GlobalAdministrator,
            permissions: delegated(attempt).chain(own).collect(),
        }
    });
    page(StatusCode::OK, &template, &origins(sandbox, attempt))
}

#[derive(Template)]
#[template(path = "entra/need_approval.html")]
struct NeedApprovalPage<'a> {
    segment: &'a str,
    ctx: &'a str,
    address: String,
    app: String,
    publisher: String,
    may_ask: bool,
    is_blocked: bool,
    permissions: Vec<Permission>,
}

#[derive(Template)]
#[template(path = "entra/request_sent.html")]
struct RequestSentPage<'a> {
    segment: &'a str,
    ctx: &'a str,
    address: String,
    app: String,
}

/// "Need admin approval": the browser stays here. Where the tenant has a workflow, people may ask
/// for it.
pub(super) fn need_approval(
    sandbox: &Sandbox,
    attempt: &Attempt,
    ctx: &str,
    person: ObjectId,
) -> Response {
    let address = upn(sandbox, person);
    let origins = origins(sandbox, attempt);
    let (app, publisher) = sandbox.read(|state| app(state, attempt));
    let asking = sandbox.read(|state| requests::asking(state, attempt, person));
    let segment = &attempt.segment;
    if asking == Asking::Pending {
        let template = RequestSentPage {
            segment,
            ctx,
            address,
            app,
        };
        return page(StatusCode::OK, &template, &origins);
    }
    let template = NeedApprovalPage {
        segment,
        ctx,
        address,
        app,
        publisher,
        may_ask: asking == Asking::Possible,
        is_blocked: asking == Asking::Blocked,
        permissions: delegated(attempt).collect(),
    };
    page(StatusCode::OK, &template, &origins)
}

/// The delegated permissions that are asked for, in plain words.
fn delegated(attempt: &Attempt) -> impl Iterator<Item = Permission> {
    let scopes = match &attempt.purpose {
        Purpose::Code(request) => &request.scopes,
        Purpose::Approval(request) => &request.scopes,
    };
    scopes
        .iter()
        .filter_map(|name| find(name))
        .map(|scope| Permission {
            title: scope.title,
            detail: scope.detail,
        })
}

#[derive(Template)]
#[template(path = "entra/failure.html")]
struct FailurePage {
    message: String,
    trace_id: String,
    correlation_id: String,
    time: String,
}

/// A refusal that stays at Microsoft.
pub(super) fn failure(failure: &Failure, trace: &Trace) -> Response {
    let template = FailurePage {
        message: failure.message(),
        trace_id: trace.id.to_string(),
        correlation_id: trace.correlation.to_string(),
        time: trace.time(),
    };
    page(StatusCode::BAD_REQUEST, &template, &[])
}

#[derive(Template)]
#[template(path = "entra/notice.html")]
struct NoticePage {
    heading: &'static str,
    text: &'static str,
}

/// The attempt is over or was never there.
pub(super) fn expired() -> Response {
    page(
        StatusCode::BAD_REQUEST,
        &NoticePage {
            heading: "This sign-in has ended",
            text: "It was finished already, or it took too long. Go back to the application and \
                   start again.",
        },
        &[],
    )
}

pub(super) fn signed_out() -> Response {
    page(
        StatusCode::OK,
        &NoticePage {
            heading: "You signed out of your account",
            text: "It's a good idea to close all browser windows.",
        },
        &[],
    )
}

#[derive(Template)]
#[template(path = "entra/form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    fields: &'a [(&'a str, String)],
}

/// Response mode `form_post`: the browser carries the answer in a form.
pub(super) fn form_post(redirect_uri: &str, fields: &[(&str, String)]) -> Response {
    page(
        StatusCode::OK,
        &FormPost {
            action: redirect_uri,
            fields,
        },
        &origin(redirect_uri).into_iter().collect::<Vec<_>>(),
    )
}

/// Name and publisher of the application.
fn app(state: &State, attempt: &Attempt) -> (String, String) {
    state
        .apps
        .get(&attempt.client_id)
        .map(|app| (app.name.clone(), app.publisher.clone()))
        .unwrap_or_default()
}

fn upn(sandbox: &Sandbox, person: ObjectId) -> String {
    sandbox
        .read(|state| Some(state.people.find(person)?.upn.clone()))
        .unwrap_or_default()
}

/// Where the application's codes may go. Browsers follow a redirect after a form only to an
/// origin that the page named.
fn origins(sandbox: &Sandbox, attempt: &Attempt) -> Vec<String> {
    sandbox.read(|state| {
        state
            .apps
            .get(&attempt.client_id)
            .into_iter()
            .flat_map(|app| &app.redirects)
            .filter_map(|redirect| origin(&redirect.uri))
            .collect()
    })
}

fn origin(uri: &str) -> Option<String> {
    Some(Url::parse(uri).ok()?.origin().ascii_serialization())
}
