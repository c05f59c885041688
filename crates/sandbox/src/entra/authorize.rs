//! `GET /{tenant}/oauth2/v2.0/authorize`: an application asks for a code.
//!
//! What is wrong with the application itself is told on a page and never sent
//! back to it; everything else goes back by redirect.

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::Sandbox;
use crate::entra::authority::Authority;
use crate::entra::failure::{Failure, Trace};
use crate::entra::{Parameters, pages, parameters, permissions, reply, sign_in, step};
use crate::tenant::State as World;
use crate::tenant::app::{AppRegistration, Audience, Redirect};
use crate::tenant::attempt::{Account, Attempt, CodeRequest, Prompt, Purpose, ResponseMode};

/// How long a person may take over the pages.
pub(super) const ATTEMPT_LIFE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/{tenant}/oauth2/v2.0/authorize", get(begin))
}

async fn begin(
    State(sandbox): State<Sandbox>,
    Path(segment): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let (asked, duplicate) = match parameters(&query) {
        Ok(asked) => (asked, None),
        Err(failure) => (Parameters::new(), Some(failure)),
    };
    let trace = Trace::new(&sandbox, &headers, &asked);
    if let Some(failure) = duplicate {
        return pages::failure(&failure, &trace);
    }
    let session = sign_in::session(&sandbox, &headers);
    let expires_at = sandbox
        .now()
        .saturating_add(ATTEMPT_LIFE)
        .unwrap_or(sandbox.now());
    let begun = sandbox.read(|state| {
        let (app, redirect) = client(state, &segment, &asked)?;
        let mut attempt = Attempt {
            segment: segment.clone(),
            client_id: app.client_id,
            redirect_uri: redirect.uri.clone(),
            state: asked.get("state").cloned(),
            purpose: Purpose::Code(CodeRequest::empty(redirect.kind)),
            account: None,
            expires_at,
        };
        let refusal = match read(app, &asked) {
            Ok(mut request) => {
                request.redirect_kind = redirect.kind;
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
        Ok((attempt, Some(failure))) => reply::refuse(&sandbox, &attempt, &failure, &trace),
        Ok((attempt, None)) => step::begin(&sandbox, attempt, &trace),
    }
}

/// The application and the address that codes may be sent to. Whatever is wrong here is never
/// redirected.
pub(super) fn client<'a>(
    state: &'a World,
    segment: &str,
    asked: &Parameters,
) -> Result<(&'a AppRegistration, &'a Redirect), Failure> {
    let authority = Authority::parse(state, segment)?;
    let client_id = asked
        .get("client_id")
        .ok_or_else(|| Failure::missing("client_id"))?;
    let app = find_app(state, client_id, segment)?;
    if let (Audience::OneTenant(_), None) = (app.audience, authority.tenant()) {
        return Err(Failure::new(50194).saying(format!(
            "Application '{}'({}) is not configured as a multi-tenant application. Usage of the \
             /common endpoint is not supported for such apps created after '10/15/2018'. Use a \
             tenant-specific endpoint or configure the application to be multi-tenant.",
            app.client_id, app.name
        )));
    }
    let redirect = match asked.get("redirect_uri") {
        Some(uri) => app.find_redirect(uri).ok_or_else(|| {
            Failure::new(50011).saying(format!(
                "The redirect URI '{uri}' specified in the request does not match the redirect \
                 URIs configured for the application '{}'. Make sure the redirect URI sent in the \
                 request matches one added to your application in the Azure portal. Navigate to \
                 https://aka.ms/redirectUriMismatchError to learn more about how to fix this.",
                app.client_id
            ))
        })?,
        None => app
            .redirects
            .first()
            .ok_or_else(|| Failure::missing("redirect_uri"))?,
    };
    Ok((app, redirect))
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
    match asked.get("response_type").map(String::as_str) {
        None => return Err(Failure::missing("response_type")),
        Some("code") => {}
        Some(other) => {
            return Err(Failure::new(700_051).saying(format!(
                "response_type '{other}' is not enabled for the application."
            )));
        }
    }
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
    Ok(CodeRequest {
        response_mode,
        scopes: permissions::parse(scopes, app)?,
        nonce: asked.get("nonce").cloned(),
        challenge: challenge(asked)?,
        prompt,
        login_hint: asked.get("login_hint").cloned(),
        wants_client_info: asked.get("client_info").is_some_and(|value| value == "1"),
        understands_claims: understands_claims(asked),
        ..CodeRequest::empty(crate::tenant::app::RedirectKind::Web)
    })
}

fn response_mode(asked: &Parameters) -> Result<ResponseMode, Failure> {
    match asked.get("response_mode").map(String::as_str) {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("fragment") => Ok(ResponseMode::Fragment),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(_) => Err(Failure::new(90023).saying("Unsupported 'response_mode' value.")),
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

/// Whether `claims` declares the client capability `CP1`.
/// Source: "How to use Continuous Access Evaluation enabled APIs".
pub(super) fn understands_claims(asked: &Parameters) -> bool {
    asked
        .get("claims")
        .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
        .and_then(|claims| {
            let values = claims.pointer("/access_token/xms_cc/values")?.as_array()?;
            Some(
                values
                    .iter()
                    .filter_map(|value| value.as_str())
                    .any(|value| value.eq_ignore_ascii_case("cp1")),
            )
        })
        .unwrap_or(false)
}

/// Who goes on without being asked: whoever is signed in, unless the request wants a choice.
fn at_once(
    state: &World,
    attempt: &Attempt,
    request: &CodeRequest,
    session: Option<&crate::tenant::token::Session>,
) -> Option<Account> {
    if request.prompt == Some(Prompt::SelectAccount) {
        return None;
    }
    let session = session?;
    let person = state.people.find(session.person)?;
    let hinted = request
        .login_hint
        .as_deref()
        .is_none_or(|hint| person.answers_to(hint));
    let admitted =
        Authority::parse(state, &attempt.segment).is_ok_and(|authority| authority.admits(person));
    (hinted && admitted).then(|| Account {
        person: person.id,
        proven: request.prompt != Some(Prompt::Login),
        second_factor: request.prompt != Some(Prompt::Login) && session.second_factor,
        signed_in_at: Some(session.at),
    })
}
