//! What comes next in a sign-in: one decision, made anew after every page.

use std::collections::BTreeSet;

use axum::response::Response;
use jiff::Timestamp;

use crate::Sandbox;
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};
use crate::entra::{pages, permissions, reply};
use crate::ids::ObjectId;
use crate::tenant::access::is_over;
use crate::tenant::app::{AppRegistration, Audience};
use crate::tenant::attempt::{Account, ApprovalRequest, Attempt, CodeRequest, Prompt, Purpose};
use crate::tenant::person::{AdminRole, Person, PersonKind};
use crate::tenant::{ConsentPolicy, State};

/// What a person is shown next.
#[derive(Debug)]
pub(super) enum Step {
    ChooseAccount,
    GivePassword(ObjectId),
    /// A second factor is asked for, or set up where there is none.
    ApproveSignIn(ObjectId),
    AcceptPermissions(ObjectId),
    NeedAdminApproval(ObjectId),
    /// Nothing: the browser goes back to the application.
    Done(ObjectId),
    /// A refusal on a page.
    Stop(Failure),
    /// A refusal that goes back to the application.
    Return(Failure),
}

/// Keeps a new attempt and shows its first page.
pub(super) fn begin(sandbox: &Sandbox, attempt: Attempt, trace: &Trace) -> Response {
    let ctx = sandbox.random().text(24);
    let now = sandbox.now();
    sandbox.note(|state| {
        state.attempts.retain(|attempt| now < attempt.expires_at);
        state.attempts.insert(&ctx, attempt);
    });
    proceed(sandbox, &ctx, trace)
}

/// Shows the page that comes next, or goes back to the application.
pub(super) fn proceed(sandbox: &Sandbox, ctx: &str, trace: &Trace) -> Response {
    let found = sandbox.read(|state| {
        let attempt = state.find_attempt(ctx, sandbox.now())?.clone();
        let step = next(state, &attempt, sandbox.now());
        Some((attempt, step))
    });
    let Some((attempt, step)) = found else {
        return pages::expired();
    };
    match step {
        Step::ChooseAccount => pages::accounts(sandbox, &attempt, ctx, false),
        Step::GivePassword(person) => pages::password(sandbox, &attempt, ctx, person, None),
        Step::ApproveSignIn(person) => pages::second_factor(sandbox, &attempt, ctx, person),
        Step::AcceptPermissions(person) => pages::permissions(sandbox, &attempt, ctx, person),
        Step::NeedAdminApproval(person) => pages::need_approval(sandbox, &attempt, ctx, person),
        Step::Done(person) => reply::succeed(sandbox, ctx, &attempt, person),
        Step::Stop(failure) => pages::failure(&failure, trace),
        Step::Return(failure) => reply::refuse(sandbox, &attempt, &failure, trace),
    }
}

/// Decides. Looks at the world and changes nothing.
pub(super) fn next(state: &State, attempt: &Attempt, now: Timestamp) -> Step {
    let Some(app) = state.apps.get(&attempt.client_id) else {
        return Step::Stop(Failure::new(700_016));
    };
    let silent = matches!(
        &attempt.purpose,
        Purpose::Code(CodeRequest {
            prompt: Some(Prompt::None),
            ..
        })
    );
    let Some(account) = attempt.account else {
        return if silent {
            Step::Return(Failure::new(50058))
        } else {
            Step::ChooseAccount
        };
    };
    let Some(person) = state.people.find(account.person) else {
        return Step::Stop(Failure::new(50034));
    };
    if let Err(failure) = admitted(state, attempt, app, person) {
        return Step::Stop(failure);
    }
    if let Some(step) = proof(state, attempt, account, person, silent, now) {
        return step;
    }
    let principal = state.find_service_principal(person.tenant, app.client_id);
    if principal.is_some_and(|principal| !principal.enabled) {
        return Step::Stop(disabled(app));
    }
    match &attempt.purpose {
        Purpose::Approval(request) if may_approve(person, request) => {
            Step::AcceptPermissions(person.id)
        }
        Purpose::Approval(_) => Step::NeedAdminApproval(person.id),
        Purpose::Code(request) => code(state, app, person, request, silent),
    }
}

/// What an account has still to show of itself, or why that wouldn't help.
fn proof(
    state: &State,
    attempt: &Attempt,
    account: Account,
    person: &Person,
    silent: bool,
    now: Timestamp,
) -> Option<Step> {
    let refused = |failure: Failure| {
        if silent {
            Step::Return(failure.named("interaction_required"))
        } else {
            Step::Stop(failure)
        }
    };
    let access = state.access(person);
    let (step_up, after) = match &attempt.purpose {
        Purpose::Code(request) => (request.step_up, request.signed_in_after),
        Purpose::Approval(_) => (false, None),
    };
    let signed_in_at = account.signed_in_at.unwrap_or(now);
    let is_old = is_over(access.sign_in_hours, signed_in_at, now)
        || after.is_some_and(|after| signed_in_at < after && after <= now);
    if !account.proven || is_old {
        return Some(if silent {
            Step::Return(Failure::new(70044))
        } else {
            Step::GivePassword(person.id)
        });
    }
    if !person.enabled {
        return Some(refused(
            Failure::new(50057).saying("The user account is disabled. Contact your support team."),
        ));
    }
    if person.standing.password_expired {
        return Some(refused(Failure::new(50055)));
    }
    if let Some(block) = access.block {
        return Some(refused(Failure::new(block.code())));
    }
    let expired = is_over(access.second_factor_hours, signed_in_at, now);
    let wanted = state.needs_second_factor(person) || step_up;
    if wanted && (!account.second_factor || expired) {
        return Some(if silent {
            Step::Return(second_factor(person, account.second_factor && expired))
        } else {
            Step::ApproveSignIn(person.id)
        });
    }
    None
}

/// A second factor is missing: none was set up, or it is too old, or there was none.
pub(super) fn second_factor(person: &Person, expired: bool) -> Failure {
    Failure::new(if person.standing.must_enrol {
        50079
    } else if expired {
        50078
    } else {
        50076
    })
}

/// The tenant's administrators switched the application off.
pub(super) fn disabled(app: &AppRegistration) -> Failure {
    Failure::new(7_000_112).saying(format!(
        "Application '{}'({}) is disabled.",
        app.client_id, app.name
    ))
}

/// Who may approve for everyone. Application permissions of Graph are for global administrators.
/// Source: "Microsoft Entra built-in roles", Application Administrator.
fn may_approve(person: &Person, request: &ApprovalRequest) -> bool {
    person.role.may_consent_for_all()
        && (request.roles.is_empty() || person.role == AdminRole::GlobalAdministrator)
}

/// Whether the permissions that a code asks for are there, or who may give them.
fn code(
    state: &State,
    app: &AppRegistration,
    person: &Person,
    request: &CodeRequest,
    silent: bool,
) -> Step {
    let missing = missing(state, app, person, &request.scopes);
    // Since about March 2026 `prompt=consent` stops people without a role even where everything
    // was approved before (Microsoft Q&A 5847660).
    let asks_anyway = request.prompt == Some(Prompt::Consent);
    if missing.is_empty() && !asks_anyway {
        return Step::Done(person.id);
    }
    if silent {
        return Step::Return(unapproved(app).named("interaction_required"));
    }
    let policy = match person.kind {
        // Nobody administers a personal account.
        PersonKind::Personal => ConsentPolicy::Allow,
        PersonKind::Member | PersonKind::Guest => state
            .tenants
            .get(&person.tenant)
            .map_or_else(ConsentPolicy::default, |tenant| tenant.consent_policy),
    };
    if permissions::may_consent(person, policy, &request.scopes) {
        Step::AcceptPermissions(person.id)
    } else {
        Step::NeedAdminApproval(person.id)
    }
}

/// The scopes that nobody has approved yet.
pub(super) fn missing(
    state: &State,
    app: &AppRegistration,
    person: &Person,
    scopes: &BTreeSet<String>,
) -> BTreeSet<String> {
    let installed = state
        .find_service_principal(person.tenant, app.client_id)
        .is_some();
    if !installed {
        return scopes.clone();
    }
    let granted = state.granted_scopes(person.tenant, app.client_id, person.id);
    scopes.difference(&granted).cloned().collect()
}

/// Nobody has approved what the application asks for.
pub(super) fn unapproved(app: &AppRegistration) -> Failure {
    Failure::new(65001).saying(format!(
        "The user or administrator has not consented to use the application with ID '{}' named \
         '{}'. Send an interactive authorization request for this user and resource.",
        app.client_id, app.name
    ))
}

/// Whether this account may sign in to this application at this address.
fn admitted(
    state: &State,
    attempt: &Attempt,
    app: &AppRegistration,
    person: &Person,
) -> Result<(), Failure> {
    let authority = Authority::parse(state, &attempt.segment)?;
    if person.kind == PersonKind::Personal
        && (app.audience != Audience::AnyTenantAndPersonal || authority == Authority::Organizations)
    {
        return Err(Failure::new(500_200).saying(format!(
            "User account '{}' is a personal Microsoft account. Personal Microsoft accounts \
                 are not supported for this application unless explicitly invited to an \
                 organization. Try signing out and signing back in with an organizational account.",
            person.upn
        )));
    }
    let own_tenant = match app.audience {
        Audience::OneTenant(tenant) => tenant == person.tenant,
        Audience::AnyTenant | Audience::AnyTenantAndPersonal => true,
    };
    if authority.admits(person) && own_tenant {
        return Ok(());
    }
    let provider = match person.kind {
        PersonKind::Personal => "live.com".to_owned(),
        PersonKind::Member | PersonKind::Guest => {
            format!("https://sts.windows.net/{}/", person.tenant)
        }
    };
    let tenant = authority
        .tenant()
        .and_then(|id| state.tenants.get(&id))
        .map_or(attempt.segment.as_str(), |tenant| tenant.name.as_str());
    Err(Failure::new(50020).saying(format!(
        "User account '{}' from identity provider '{provider}' does not exist in tenant '{tenant}' \
         and cannot access the application '{}'({}) in that tenant. The account needs to be added \
         as an external user in the tenant first. Sign out and sign in again with a different \
         Azure Active Directory user account.",
        person.upn, app.client_id, app.name
    )))
}
