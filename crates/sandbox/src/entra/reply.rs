//! The way back to the application: success and refusal, in the response mode
//! that it asked for.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use url::Url;

use crate::Sandbox;
use crate::entra::failure::{Failure, Trace};
use crate::entra::{identity, pages, sign_in};
use crate::ids::ObjectId;
use crate::tenant::attempt::{ApprovalRequest, Attempt, CodeRequest, Purpose, ResponseMode};
use crate::tenant::token::{Code, Session};

/// Source: "Microsoft identity platform and OAuth 2.0 authorization code flow": about 10 minutes.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The person is known and everything is approved: back with a code, or with the approval.
pub(super) fn succeed(
    sandbox: &Sandbox,
    ctx: &str,
    attempt: &Attempt,
    person: ObjectId,
) -> Response {
    sandbox.note(|state| {
        state.attempts.remove(ctx);
    });
    let session = session(sandbox, attempt, person);
    let answer = match &attempt.purpose {
        Purpose::Code(request) => code(sandbox, attempt, request, &session),
        Purpose::Approval(request) => approval(sandbox, attempt, request, person),
    };
    let cookie = sign_in::remember(sandbox, session);
    let mut response = deliver(attempt, &answer);
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// The sign-in as the browser remembers it: a silent one is as old as the one it rests on.
fn session(sandbox: &Sandbox, attempt: &Attempt, person: ObjectId) -> Session {
    let account = attempt.account;
    let now = sandbox.now();
    // Whoever signs in in the very moment of a revocation signs in after it.
    let valid_from = sandbox.read(|state| Some(state.people.find(person)?.sessions_valid_from));
    Session {
        id: sandbox.random().uuid(),
        person,
        at: account
            .and_then(|account| account.signed_in_at)
            .unwrap_or_else(|| now.max(valid_from.unwrap_or(now))),
        second_factor: account.is_some_and(|account| account.second_factor),
    }
}

/// Back with a refusal.
pub(super) fn refuse(
    sandbox: &Sandbox,
    attempt: &Attempt,
    failure: &Failure,
    trace: &Trace,
) -> Response {
    let mut answer = Vec::new();
    let error = match &attempt.purpose {
        Purpose::Code(_) => failure.error,
        Purpose::Approval(request) => {
            // Microsoft says so on refusals too.
            answer.push(("admin_consent", "True".to_owned()));
            match (request.older, failure.code) {
                (true, _) => "permission_denied",
                (false, 65004) => "consent_required",
                (false, _) => failure.error,
            }
        }
    };
    answer.push(("error", error.to_owned()));
    if matches!(failure.code, 65004 | 90094 | 90095) {
        answer.push(("error_subcode", "cancel".to_owned()));
    }
    answer.push(("error_description", failure.description(trace)));
    if let Purpose::Code(_) = &attempt.purpose {
        answer.push(("error_uri", failure.uri(sandbox)));
    }
    if let Some(state) = &attempt.state {
        answer.push(("state", state.clone()));
    }
    deliver(attempt, &answer)
}

fn code(
    sandbox: &Sandbox,
    attempt: &Attempt,
    request: &CodeRequest,
    session: &Session,
) -> Vec<(&'static str, String)> {
    let text = format!("1.AX{}", sandbox.random().text(420));
    let now = sandbox.now();
    let tenant = sandbox.change(|state| {
        let tenant = state.people.find(session.person)?.tenant;
        state.codes.insert(
            &text,
            Code {
                tenant,
                segment: attempt.segment.clone(),
                client_id: attempt.client_id,
                person: session.person,
                redirect_uri: attempt.redirect_uri.clone(),
                redirect_kind: request.redirect_kind,
                scopes: request.scopes.clone(),
                nonce: request.nonce.clone(),
                challenge: request.challenge.clone(),
                session: session.id,
                signed_in_at: session.at,
                second_factor: session.second_factor,
                expires_at: now.saturating_add(CODE_LIFE).unwrap_or(now),
                redeemed: false,
                understands_claims: request.understands_claims,
            },
        );
        Some(tenant)
    });
    let mut answer = vec![("code", text)];
    if let (true, Some(tenant)) = (request.wants_client_info, tenant) {
        answer.push(("client_info", identity::client_info(tenant, session.person)));
    }
    if let Some(state) = &attempt.state {
        answer.push(("state", state.clone()));
    }
    answer.push(("session_state", session.id.to_string()));
    answer
}

fn approval(
    sandbox: &Sandbox,
    attempt: &Attempt,
    request: &ApprovalRequest,
    person: ObjectId,
) -> Vec<(&'static str, String)> {
    let tenant = sandbox.read(|state| state.people.find(person).map(|person| person.tenant));
    let mut answer = vec![("admin_consent", "True".to_owned())];
    if let Some(tenant) = tenant {
        answer.push(("tenant", tenant.to_string()));
    }
    if !request.older {
        let scopes: Vec<String> = request
            .scopes
            .iter()
            .map(|scope| format!("https://graph.microsoft.com/{scope}"))
            .collect();
        answer.push(("scope", scopes.join(" ")));
    }
    if let Some(state) = &attempt.state {
        answer.push(("state", state.clone()));
    }
    answer
}

fn deliver(attempt: &Attempt, answer: &[(&str, String)]) -> Response {
    let mode = match &attempt.purpose {
        Purpose::Code(request) => request.response_mode,
        Purpose::Approval(_) => ResponseMode::Query,
    };
    if mode == ResponseMode::FormPost {
        return pages::form_post(&attempt.redirect_uri, answer);
    }
    let pairs = || answer.iter().map(|(name, value)| (*name, value.as_str()));
    let Ok(mut url) = Url::parse(&attempt.redirect_uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if mode == ResponseMode::Fragment {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs())
            .finish();
        url.set_fragment(Some(&encoded));
    } else {
        url.query_pairs_mut().extend_pairs(pairs());
    }
    (
        StatusCode::FOUND,
        [
            (header::LOCATION, url.as_str()),
            (header::CACHE_CONTROL, "no-store, no-cache"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
    )
        .into_response()
}
