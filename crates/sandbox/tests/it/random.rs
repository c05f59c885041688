//! Ten thousand requests that nobody should send, to every door, each answered as a server
//! answers: with a status, and with JSON or a page that is whole.
//!
//! They are the same every time. `SANDBOX_SEED` makes others; a failure prints its seed.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use sandbox::Sandbox;
use sandbox::ids::{ClientId, ObjectId, TenantId};
use sandbox::random::Random;
use sandbox::tenant::app::RedirectKind;
use sandbox::tenant::attempt::{Account, Attempt, CodeRequest, Purpose};
use sandbox::tenant::token::{AccessToken, Code, RefreshToken};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::random_requests::Chance;
use crate::world::{CALLBACK, SCOPES, settings};

const REQUESTS: u32 = 10_000;

/// How long one answer may take. The slowest needs a signature or a drawn portrait.
const PATIENCE: Duration = Duration::from_secs(20);

/// After so many requests the world is put right again, so that the next ones find somebody.
const LASTING: u32 = 250;

#[tokio::test]
async fn ten_thousand_random_requests_are_all_answered_well() {
    let seed = std::env::var("SANDBOX_SEED").unwrap_or_else(|_| "1".to_owned());
    let sandbox = Sandbox::new(settings("http://localhost:4000"));
    let mut chance = Chance(Random::seeded(seed.as_bytes()));
    let mut world = World::of(&sandbox);
    let doors = [sandbox.router(), sandbox.admin_router()];
    for number in 0..REQUESTS {
        if number % LASTING == 0 {
            sandbox.reset();
            world = World::of(&sandbox);
        }
        let asked = chance.request(&world);
        let told = asked.told();
        let router = doors[usize::from(asked.admin)].clone();
        let request = asked.request();
        let method = request.method().clone();
        let answer = tokio::spawn(tokio::time::timeout(PATIENCE, answered(router, request)));
        let problem = match answer.await {
            Err(error) => Some(format!("it panicked: {error}")),
            Ok(Err(_)) => Some(format!("no answer in {PATIENCE:?}")),
            Ok(Ok((parts, body))) => ill_formed(&parts, body.as_deref(), &method).map(|problem| {
                let body = body.unwrap_or_default();
                let body = String::from_utf8_lossy(&body[..body.len().min(2_000)]);
                format!("{problem}\n{parts:?}\n{body}")
            }),
        };
        if let Some(problem) = problem {
            panic!("SANDBOX_SEED={seed}, request {number}: {problem}\n{told}");
        }
        // What was to go wrong on demand has its own tests.
        sandbox.clear_faults();
    }
}

type Parts = http::response::Parts;

/// The whole answer; no body where it broke off.
async fn answered(router: Router, request: Request<Body>) -> (Parts, Option<Vec<u8>>) {
    let response: Response<Body> = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.ok();
    (parts, body.map(|body| body.to_bytes().to_vec()))
}

/// What is wrong with an answer.
fn ill_formed(parts: &Parts, body: Option<&[u8]>, method: &http::Method) -> Option<String> {
    let Some(body) = body else {
        return Some("the answer broke off".to_owned());
    };
    if parts.status.is_informational() || parts.status == StatusCode::INTERNAL_SERVER_ERROR {
        return Some(format!("status {}", parts.status));
    }
    if parts.status.is_redirection() && parts.status != StatusCode::NOT_MODIFIED {
        let whither = parts.headers.get(header::LOCATION);
        return whither
            .is_none()
            .then(|| "a redirect to nowhere".to_owned());
    }
    if body.is_empty() {
        let may = method == http::Method::HEAD
            || matches!(
                parts.status,
                StatusCode::OK
                    | StatusCode::ACCEPTED
                    | StatusCode::NO_CONTENT
                    | StatusCode::NOT_MODIFIED
            );
        return (!may).then(|| "a refusal without a word".to_owned());
    }
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if kind.starts_with("application/json") {
        let value: Result<Value, _> = serde_json::from_slice(body);
        return value.err().map(|error| format!("no JSON: {error}"));
    }
    let text = String::from_utf8_lossy(body);
    if kind.starts_with("text/html") {
        let whole = text.trim_start().starts_with("<!DOCTYPE html>")
            && text.trim_end().ends_with("</html>");
        return (!whole).then(|| "half a page".to_owned());
    }
    let is_file = ["text/css", "text/javascript", "image/", "message/rfc822"]
        .iter()
        .any(|known| kind.starts_with(known));
    let is_source = kind.starts_with("text/plain") && parts.status == StatusCode::OK;
    (!is_file && !is_source).then(|| format!("an answer of kind {kind:?}"))
}

/// What is true in the sandbox and may be named in a request.
pub struct World {
    pub words: Vec<String>,
    pub tokens: Vec<String>,
    pub ctx: Vec<String>,
    pub secret: String,
}

impl World {
    /// Somebody signed in, somebody on the way, and what they hold.
    fn of(sandbox: &Sandbox) -> Self {
        let (client_id, secret) = sandbox.ithaca();
        let held = Held {
            client_id,
            scopes: SCOPES.split(' ').map(str::to_owned).collect(),
            at: sandbox.now(),
        };
        let refresh = "r".repeat(1_200);
        let words = sandbox.change(|state| {
            let larkspur = state.find_tenant("larkspur.example").unwrap().id;
            let quillfield = state.find_tenant("quillfield.example").unwrap().id;
            let scheduler = state.people.find_anywhere("scheduler@larkspur.example");
            let person = scheduler.unwrap().id;
            let (theirs, own) = (
                held.access(larkspur, Some(person)),
                held.access(larkspur, None),
            );
            state.access_tokens.insert("an.access.token", theirs);
            state.access_tokens.insert("an.own.token", own);
            let token = held.refresh(larkspur, person);
            state.refresh_tokens.insert(&refresh, token);
            state.codes.insert("a-code", held.code(larkspur, person));
            state.attempts.insert("begun", held.attempt(None));
            state.attempts.insert("chosen", held.attempt(Some(person)));
            [
                "organizations".to_owned(),
                "common".to_owned(),
                "consumers".to_owned(),
                "larkspur.example".to_owned(),
                quillfield.to_string(),
                client_id.to_string(),
                person.to_string(),
                "scheduler@larkspur.example".to_owned(),
                "mei@larkspur.example".to_owned(),
                "dana.cole_partner.example#EXT#@larkspur.example".to_owned(),
                CALLBACK.to_owned(),
                SCOPES.to_owned(),
            ]
        });
        let tokens = ["an.access.token", "an.own.token", "a-code", &refresh];
        Self {
            words: words.to_vec(),
            tokens: tokens.map(str::to_owned).to_vec(),
            ctx: ["begun", "chosen"].map(str::to_owned).to_vec(),
            secret: secret.reveal().to_owned(),
        }
    }
}

/// What Ithaca holds without the way through the pages.
struct Held {
    client_id: ClientId,
    scopes: BTreeSet<String>,
    at: Timestamp,
}

impl Held {
    fn access(&self, tenant: TenantId, person: Option<ObjectId>) -> AccessToken {
        let roles = ["User.Read.All", "OnlineMeetings.ReadWrite.All"];
        AccessToken {
            tenant,
            client_id: self.client_id,
            person,
            scopes: self.scopes.clone(),
            roles: roles.map(str::to_owned).into(),
            issued_at: self.at,
            expires_at: Timestamp::MAX,
            understands_claims: true,
        }
    }

    fn refresh(&self, tenant: TenantId, person: ObjectId) -> RefreshToken {
        RefreshToken {
            tenant,
            client_id: self.client_id,
            person,
            session: uuid::Uuid::nil(),
            redirect_kind: RedirectKind::Web,
            issued_at: self.at,
            signed_in_at: self.at,
            second_factor: false,
            expires_at: Timestamp::MAX,
            used: false,
        }
    }

    fn code(&self, tenant: TenantId, person: ObjectId) -> Code {
        Code {
            tenant,
            segment: "organizations".to_owned(),
            client_id: self.client_id,
            person,
            redirect_uri: CALLBACK.to_owned(),
            redirect_kind: RedirectKind::Web,
            scopes: self.scopes.clone(),
            nonce: None,
            challenge: None,
            session: uuid::Uuid::nil(),
            signed_in_at: self.at,
            second_factor: false,
            expires_at: Timestamp::MAX,
            redeemed: false,
            understands_claims: false,
        }
    }

    fn attempt(&self, person: Option<ObjectId>) -> Attempt {
        Attempt {
            segment: "organizations".to_owned(),
            client_id: self.client_id,
            redirect_uri: CALLBACK.to_owned(),
            state: Some("a state".to_owned()),
            purpose: Purpose::Code(CodeRequest {
                scopes: self.scopes.clone(),
                ..CodeRequest::empty(RedirectKind::Web)
            }),
            account: person.map(|person| Account {
                person,
                proven: true,
                second_factor: false,
                signed_in_at: None,
            }),
            expires_at: Timestamp::MAX,
        }
    }
}
