//! `/{tenant}/oauth2/v2.0/authorize`: an application asks for a code.
//!
//! What is wrong with the application itself is told on a page and never sent
//! back to it; everything else goes back by redirect.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::Sandbox;
use crate::entra::asked::{Posted, Segment};
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};
use crate::entra::{Parameters, claims, pages, parameters, permissions, reply, sign_in, step};
use crate::tenant::State as World;
use crate::tenant::app::{AppRegistration, Audience, RedirectKind};
use crate::tenant::attempt::{Account, Attempt, CodeRequest, Prompt, Purpose, ResponseMode};
use crate::tenant::token::Session;

/// How long a person may take over the pages.
pub(super) const ATTEMPT_LIFE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route(
        "/{tenant}/oauth2/v2.0/authorize",
        get(begin).post(begin_posted),
    )
}

async fn begin(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = parameters(&query.unwrap_or_default());
    authorize(&sandbox, segment, asked, &headers)
}

/// OpenID Connect Core, 3.1.2.1: the request may come as a form too.
async fn begin_posted(
    State(sandbox): State<Sandbox>,
    Segment(segment): Segment,
    headers: HeaderMap,
    form: Posted,
) -> Response {
    authorize(&sandbox, segment, form.parameters(), &headers)
}

fn authorize(
    sandbox: &Sandbox,
    segment: String,
    asked: Result<Parameters, Failure>,
    headers: &HeaderMap,
) -> Response {
    let (asked, unreadable) = match asked {
        Ok(asked) => (asked, None),
        Err(failure) => (Parameters::new(), Some(failure)),
    };
    let trace = Trace::new(sandbox, headers, &asked);
    if let Some(failure) = unreadable {
        return pages::failure(&failure, &trace);
    }
    let session = sign_in::session(sandbox, headers);
    let expires_at = sandbox
        .now()
        .saturating_add(ATTEMPT_LIFE)
        .unwrap_or(sandbox.now());
    let begun = sandbox.read(|state| {
        let Client {
            app,
            redirect_uri,
            redirect_kind,
        } = client(state, &segment, &asked)?;
        let mut attempt = Attempt {
            segment,
            client_id: app.client_id,
            redirect_uri,
            state: asked.get("state").cloned(),
            purpose: Purpose::Code(CodeRequest::empty(redirect_kind)),
            account: None,
            expires_at,
        };
        let refusal = match read(app, &asked) {
            Ok(mut request) => {
                request.redirect_kind = redirect_kind;
                attempt.account = at_once(state, &attempt, &request, session.as_ref());
                attempt.purpose = Purpose::Code(request);
                None
            }
            Err(failure) => {
                if let Purpose::Code(request) = &mut attempt.purpose {
                    request.response_mode = response_mode(&asked).unwrap_or(ResponseMode::Query);
                }
                Some(failure)
            }
        };
        Ok((attempt, refusal))
    });
    match begun {
        Err(failure) => pages::failure(&failure, &trace),
        Ok((attempt, Some(failure))) => reply::refuse(sandbox, &attempt, &failure, &trace),
        Ok((attempt, None)) => step::begin(sandbox, attempt, &trace),
    }
}

/// The application, and where its answer goes.
pub(super) struct Client<'a> {
    pub(super) app: &'a AppRegistration,
    /// As it was asked for: the port of `localhost` may differ from the registered one.
    pub(super) redirect_uri: String,
    pub(super) redirect_kind: RedirectKind,
}

/// The application and the address that codes may be sent to. Whatever is wrong here is never
/// redirected.
pub(super) fn client<'a>(
    state: &'a World,
    segment: &str,
    asked: &Parameters,
) -> Result<Client<'a>, Failure> {
    let authority = Authority::parse(state, segment)?;
    let client_id = asked
        .get("client_id")
        .ok_or_else(|| Failure::missing("client_id"))?;
    let app = find_app(state, client_id, segment)?;
    one_tenant(app, authority)?;
    let uri = asked
        .get("redirect_uri")
        .or_else(|| Some(&app.redirects.first()?.uri))
        .ok_or_else(|| Failure::missing("redirect_uri"))?;
    let redirect = app.find_redirect(uri).ok_or_else(|| {
        Failure::new(50011).saying(format!(
            "The redirect URI '{uri}' specified in the request does not match the redirect URIs \
             configured for the application '{}'. Make sure the redirect URI sent in the request \
             matches one added to your application in the Azure portal. Navigate to \
             https://aka.ms/redirectUriMismatchError to learn more about how to fix this.",
            app.client_id
        ))
    })?;
    Ok(Client {
        app,
        redirect_uri: uri.clone(),
        redirect_kind: redirect.kind,
    })
}

/// An application of one tenant is at home at that tenant's own addresses only.
pub(super) fn one_tenant(app: &AppRegistration, authority: Authority) -> Result<(), Failure> {
    if let (Audience::OneTenant(_), None) = (app.audience, authority.tenant()) {
        return Err(Failure::new(50194).saying(format!(
            "Application '{}'({}) is not configured as a multi-tenant application. Usage of the \
             /common endpoint is not supported for such apps created after '10/15/2018'. Use a \
             tenant-specific endpoint or configure the application to be multi-tenant.",
            app.client_id, app.name
        )));
    }
    Ok(())
}

/// The app registration with this client id.
pub(super) fn find_app<'a>(
    state: &'a World,
    client_id: &str,
    segment: &str,
) -> Result<&'a AppRegistration, Failure> {
    client_id
        .parse()
        .ok()
        .and_then(|id| state.apps.get(&id))
        .ok_or_else(|| not_found(client_id, segment))
}

/// The application is not there.
pub(super) fn not_found(client_id: &str, tenant: &str) -> Failure {
    Failure::new(700_016).saying(format!(
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. \
         This can happen if the application has not been installed by the administrator of the \
         tenant or consented to by any user in the tenant. You may have sent your authentication \
         request to the wrong tenant."
    ))
}

/// Reads the rest of the request; what is wrong here goes back to the application.
fn read(app: &AppRegistration, asked: &Parameters) -> Result<CodeRequest, Failure> {
    let response_mode = response_mode(asked)?;
    response_type(asked)?;
    let scopes = asked
        .get("scope")
        .ok_or_else(|| Failure::missing("scope"))?;
    let prompt = match asked.get("prompt").map(String::as_str) {
        None => None,
        Some("none") => Some(Prompt::None),
        Some("login") => Some(Prompt::Login),
        Some("consent") => Some(Prompt::Consent),
        Some("select_account") => Some(Prompt::SelectAccount),
        // `admin_consent` belongs to the older endpoint.
        Some(_) => return Err(Failure::new(90023).saying("Unsupported 'prompt' value.")),
    };
    let claims = claims::read(asked)?;
    Ok(CodeRequest {
        response_mode,
        scopes: permissions::parse(scopes, app)?,
        nonce: asked.get("nonce").cloned(),
        challenge: challenge(asked)?,
        prompt,
        login_hint: asked.get("login_hint").cloned(),
        domain_hint: asked.get("domain_hint").cloned(),
        step_up: claims.step_up,
        signed_in_after: claims.not_before,
        wants_client_info: asked.get("client_info").is_some_and(|value| value == "1"),
        understands_claims: claims.understood,
        redirect_kind: RedirectKind::Web,
    })
}

/// Only codes: no application here is registered for tokens in the browser's address.
fn response_type(asked: &Parameters) -> Result<(), Failure> {
    let text = asked
        .get("response_type")
        .ok_or_else(|| Failure::missing("response_type"))?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let known = |word: &&str| matches!(*word, "code" | "id_token" | "token");
    if words.is_empty() || !words.iter().all(known) {
        return Err(Failure::new(70005).saying(format!(
            "The provided value for the input parameter 'response_type' is not valid. Expected \
             values are the following: 'code', 'token', 'id_token'. The value '{text}' is not."
        )));
    }
    for (word, code) in [("token", 700_051), ("id_token", 700_054)] {
        if words.contains(&word) {
            return Err(Failure::new(code).saying(format!(
                "response_type '{word}' is not enabled for the application."
            )));
        }
    }
    Ok(())
}

fn response_mode(asked: &Parameters) -> Result<ResponseMode, Failure> {
    match asked.get("response_mode").map(String::as_str) {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("fragment") => Ok(ResponseMode::Fragment),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(_) => Err(Failure::new(70007)),
    }
}

/// The S256 challenge; a plain one, which Microsoft allows too, is turned into it.
fn challenge(asked: &Parameters) -> Result<Option<String>, Failure> {
    let Some(challenge) = asked.get("code_challenge") else {
        return Ok(None);
    };
    if !(43..=128).contains(&challenge.len()) {
        return Err(Failure::new(501_491));
    }
    match asked.get("code_challenge_method").map(String::as_str) {
        Some("S256") => Ok(Some(challenge.clone())),
        None | Some("plain") => Ok(Some(s256(challenge))),
        Some(_) => Err(Failure::new(90023).saying("Unsupported 'code_challenge_method' value.")),
    }
}

/// RFC 7636, 4.2.
pub(super) fn s256(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Who goes on without choosing: whoever is signed in, or is hinted at, unless the request wants
/// a choice.
fn at_once(
    state: &World,
    attempt: &Attempt,
    request: &CodeRequest,
    session: Option<&Session>,
) -> Option<Account> {
    if request.prompt == Some(Prompt::SelectAccount) {
        return None;
    }
    let authority = Authority::parse(state, &attempt.segment).ok()?;
    let hint = request.login_hint.as_deref();
    let signed_in = session.and_then(|session| {
        let person = state.people.find(session.person)?;
        let hinted = hint.is_none_or(|hint| person.answers_to(hint));
        let may = hinted && authority.admits(person) && request.welcomes(state, person);
        may.then(|| Account {
            person: person.id,
            proven: request.prompt != Some(Prompt::Login),
            second_factor: request.prompt != Some(Prompt::Login) && session.second_factor,
            signed_in_at: Some(session.at),
        })
    });
    if signed_in.is_some() || request.prompt == Some(Prompt::None) {
        return signed_in;
    }
    // Its address is filled in already, so that the password comes next.
    let person = state.people.find_anywhere(hint?)?;
    authority.admits(person).then_some(Account {
        person: person.id,
        proven: false,
        second_factor: false,
        signed_in_at: None,
    })
}
