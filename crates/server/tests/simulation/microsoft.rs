//! The seam to Microsoft: every call of every node passes here on its way to the sandbox's
//! router, may go wrong, and is looked at as it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use ithaca::store::integrations::Integration;
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::organization::OrganizationId;
use microsoft::Transport;
use sandbox::Sandbox;
use sandbox::ids::{ObjectId, TenantId};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::mutants::Mutant;
use crate::promises::Newness;
use crate::stage::{Acting, Stage};

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Response<Full<Bytes>>, Failed>;

/// How long a caller waits for an answer.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait that Ithaca lets itself be asked for, with what it adds to spread.
const LONGEST_WAIT: i64 = 3_600;

/// Microsoft, with what is known of it from outside.
#[derive(Clone)]
pub struct Microsoft {
    pub sandbox: Sandbox,
    router: Router,
    stage: Stage,
    mutant: Option<Mutant>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    tenants: BTreeMap<OrganizationId, TenantId>,
    /// Requests that a proxy holds, with when it lets go of them.
    held: Vec<(Timestamp, Call)>,
    /// Refreshes that Microsoft works on, by organization.
    refreshing: BTreeMap<OrganizationId, usize>,
    /// Organizations that took their integration down, and may not be called for.
    removed: BTreeMap<OrganizationId, bool>,
    /// Who hosts, and whether another is about to.
    hosts: BTreeMap<OrganizationId, (Option<ObjectId>, bool)>,
    /// Accounts that hosted before another took over, and may not be called as.
    retired: BTreeSet<(OrganizationId, ObjectId)>,
    /// How new the refresh token is that is kept.
    kept: BTreeMap<OrganizationId, Newness>,
    /// Refresh tokens in the order in which Microsoft gave them out, each with the sign-in that
    /// it goes back to.
    given_out: Vec<(String, usize)>,
    calls: usize,
    last_bearer: Option<HeaderValue>,
}

impl Shared {
    fn place_of(&self, refresh_token: &str) -> Option<Newness> {
        let mut all = self.given_out.iter().enumerate();
        let (place, (_, sign_in)) = all.find(|(_, (token, _))| token == refresh_token)?;
        Some((*sign_in, place))
    }
}

/// A request with what it asks for.
struct Call {
    name: &'static str,
    parts: http::request::Parts,
    body: Bytes,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug)]
enum Fault {
    LoseRequest,
    LoseAnswer,
    Hold(SignedDuration),
    Refuse(StatusCode, Option<&'static str>),
    Nonsense(&'static str),
    Lie(&'static str),
}

impl Microsoft {
    pub fn new(sandbox: Sandbox, stage: Stage, mutant: Option<Mutant>) -> Self {
        Self {
            router: sandbox.router(),
            sandbox,
            stage,
            mutant,
            shared: Arc::default(),
        }
    }

    fn shared<T>(&self, change: impl FnOnce(&mut Shared) -> T) -> T {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says which tenant an organization belongs to.
    pub fn belongs(&self, organization: OrganizationId, domain: &str) {
        let tenant = self
            .sandbox
            .read(|state| state.find_tenant(domain).map(|one| one.id));
        let tenant = tenant.expect("the seed has this tenant");
        self.shared(|shared| shared.tenants.insert(organization, tenant));
    }

    pub fn tenant(&self, organization: OrganizationId) -> TenantId {
        self.shared(|shared| shared.tenants[&organization])
    }

    /// Says whether an organization's integration is down, so that no call may be made for it.
    pub fn is_removed(&self, organization: OrganizationId, removed: bool) {
        self.shared(|shared| shared.removed.insert(organization, removed));
    }

    /// Whether a proxy holds a request that makes this Teams meeting.
    pub fn is_on_its_way(&self, external_id: &str) -> bool {
        let makes = |(_, call): &(Timestamp, Call)| {
            let asked = serde_json::from_slice::<Value>(&call.body);
            asked.is_ok_and(|asked| asked["externalId"].as_str() == Some(external_id))
        };
        self.shared(|shared| shared.held.iter().any(makes))
    }

    /// Says who hosts. Once another took over, nothing is done as the one before.
    pub fn is_hosted(&self, integration: &Integration) {
        let host = integration.host.as_ref();
        let host = host.map(|host| ObjectId(host.object_id));
        let moves = integration.state == IntegrationState::Reconnecting;
        let organization = integration.organization;
        self.shared(|shared| {
            let before = shared.hosts.insert(organization, (host, moves));
            if let Some((Some(before), true)) = before
                && Some(before) != host
            {
                shared.retired.insert((organization, before));
            }
            if let Some(host) = host {
                shared.retired.remove(&(organization, host));
            }
        });
    }

    /// Somebody signs in with this account for an organization.
    pub fn signs_in(&self, organization: OrganizationId, host: ObjectId) {
        self.shared(|shared| shared.retired.remove(&(organization, host)));
    }

    /// Says how new the refresh token is that is kept. Answers whether that is news.
    pub fn keeps(&self, organization: OrganizationId, place: Newness) -> bool {
        self.shared(|shared| shared.kept.insert(organization, place)) != Some(place)
    }

    /// How new a refresh token is.
    pub fn place_of(&self, refresh_token: &str) -> Option<Newness> {
        self.shared(|shared| shared.place_of(refresh_token))
    }

    /// How many calls arrived.
    pub fn calls(&self) -> usize {
        self.shared(|shared| shared.calls)
    }

    /// The refreshes of nodes that died are nobody's any more.
    pub fn forget_refreshes(&self) {
        self.shared(|shared| shared.refreshing.clear());
    }

    /// The way to Microsoft for one node.
    pub fn transport(&self) -> Transport {
        let microsoft = self.clone();
        Transport::service(tower::service_fn(move |request: Request<Full<Bytes>>| {
            let microsoft = microsoft.clone();
            async move { microsoft.exchange(request).await }
        }))
    }

    async fn exchange(self, request: Request<Full<Bytes>>) -> Answer {
        let (parts, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)?;
        let name = name(&parts, &body);
        let mut call = Call { name, parts, body };
        if let Some(mutant) = self.mutant {
            self.shared(|shared| {
                let last = &mut shared.last_bearer;
                mutant.touches(&mut call.parts, &mut call.body, last, &self.stage);
            });
        }
        let acting = self.stage.lock().acting;
        let left_at = self.stage.clock.now();
        let is_refresh = name == "refresh";
        self.stage.boundary(format!("{name} leaves")).await;
        // Whether its rows are still its own may have changed meanwhile.
        let acting = self.stage.lock().acting.or(acting);
        let waited = |stage: &Stage| stage.clock.now().duration_since(left_at) > PATIENCE;
        if waited(&self.stage) && self.stage.happens(500) {
            return Err("the request did not get out in time".into());
        }
        if let Some(acting) = acting {
            self.look(&call, acting);
        }
        let fault = self.fault(&call);
        if let Some(fault) = fault {
            self.stage.note(&format!("Microsoft: {name} {fault:?}"));
        }
        match fault {
            Some(Fault::LoseRequest) => return Err("the connection was reset".into()),
            Some(Fault::Hold(time)) => {
                let until = self.stage.clock.now() + time;
                self.shared(|shared| shared.held.push((until, call)));
                self.stage.boundary(format!("{name} is held")).await;
                return Err("no answer came in time".into());
            }
            Some(Fault::Refuse(status, retry_after)) => return Ok(refusal(status, retry_after)),
            Some(Fault::Nonsense(text)) => return Ok(json_answer(StatusCode::OK, text.into())),
            Some(Fault::LoseAnswer | Fault::Lie(_)) | None => {}
        }
        let organization = acting.map(|acting| acting.organization);
        if is_refresh && let Some(organization) = organization {
            self.begin_refresh(organization, acting, &call.body);
        }
        let answer = self.deliver(call).await;
        self.stage.boundary(format!("{name} is done")).await;
        if is_refresh && let Some(organization) = organization {
            self.shared(|shared| {
                let under_way = shared.refreshing.entry(organization).or_default();
                *under_way = under_way.saturating_sub(1);
            });
        }
        let too_late = waited(&self.stage) && self.stage.happens(500);
        match fault {
            Some(Fault::LoseAnswer) => Err("the connection was reset".into()),
            _ if too_late => Err("no answer came in time".into()),
            Some(Fault::Lie(member)) => lie(answer?, member),
            _ => answer,
        }
    }

    /// Hands a request to the sandbox, and notes what only this place sees.
    async fn deliver(&self, call: Call) -> Answer {
        let Call { name, parts, body } = call;
        let what = serde_json::from_slice::<Value>(&body)
            .ok()
            .and_then(|asked| Some(format!(" of {}", asked["externalId"].as_str()?)))
            .unwrap_or_default();
        let spent = refresh_token(&body);
        self.shared(|shared| shared.calls += 1);
        let request = Request::from_parts(parts, Body::from(body));
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        self.stage.note(&format!(
            "Microsoft: {name} {}{what}",
            parts.status.as_u16()
        ));
        if matches!(name, "refresh" | "redeem")
            && let Ok(grant) = serde_json::from_slice::<Value>(&body)
            && let Some(token) = grant["refresh_token"].as_str()
        {
            let token = token.to_owned();
            self.shared(|shared| {
                let sign_in = match spent {
                    // Those of the template go back to the one before all others.
                    Some(spent) => shared.place_of(&spent).map_or(0, |(sign_in, _)| sign_in),
                    None => shared.given_out.len() + 1,
                };
                shared.given_out.push((token, sign_in));
            });
        }
        Ok(Response::from_parts(parts, Full::new(body)))
    }

    /// Lets go of what proxies held long enough; all of it when `everything`.
    pub async fn let_go(&self, everything: bool) {
        loop {
            let now = self.stage.clock.now();
            let next = self.shared(|shared| {
                let place = shared
                    .held
                    .iter()
                    .position(|(until, _)| everything || *until <= now)?;
                Some(shared.held.remove(place).1)
            });
            let Some(call) = next else { return };
            self.stage
                .note(&format!("a proxy lets go of {}", call.name));
            // Nobody waits for this answer any more.
            let _ = self.deliver(call).await;
        }
    }

    /// N7 and N8, as the call arrives.
    fn look(&self, call: &Call, acting: Acting) {
        // Whoever was stopped longer than their lease can't know better.
        let is_overtaken = self.stage.clock.now() > acting.holds_until;
        let removed = self.shared(|shared| {
            let removed = shared.removed.get(&acting.organization);
            removed.copied().unwrap_or(false)
        });
        let bearer = call.parts.headers.get(header::AUTHORIZATION);
        if removed && !is_overtaken && (bearer.is_some() || call.name == "refresh") {
            self.stage
                .broken(format!("N8: {} after the removal", call.name));
        }
        let Some(bearer) = bearer.and_then(|value| value.to_str().ok()) else {
            return;
        };
        let token = bearer.trim_start_matches("Bearer ");
        let now = self.sandbox.now();
        let access = self.sandbox.read(|state| {
            let access = state.find_bearer(token, now).ok()?;
            Some((access.tenant, access.person?))
        });
        let Some((tenant, person)) = access else {
            return;
        };
        let retired = (acting.organization, person);
        if !is_overtaken && self.shared(|shared| shared.retired.contains(&retired)) {
            self.stage
                .broken(format!("N8: {} as the host before", call.name));
        }
        if tenant != self.tenant(acting.organization) {
            self.stage.broken(format!(
                "N7: {} with the token of another organization",
                call.name
            ));
        }
    }

    /// N6, as the refresh arrives.
    fn begin_refresh(&self, organization: OrganizationId, acting: Option<Acting>, body: &Bytes) {
        let is_overtaken = acting.is_some_and(|acting| self.stage.clock.now() > acting.holds_until);
        let under_way = self.shared(|shared| {
            let under_way = shared.refreshing.entry(organization).or_default();
            *under_way += 1;
            *under_way
        });
        let older = self.shared(|shared| {
            let asked = shared.place_of(&refresh_token(body)?)?;
            let kept = *shared.kept.get(&organization)?;
            // Somebody may have signed in anew meanwhile, which ends nothing.
            (asked.0 == kept.0 && asked.1 < kept.1).then_some((asked, kept))
        });
        if let Some((asked, kept)) = older
            && !is_overtaken
        {
            self.stage.broken(format!(
                "N6: a refresh with token {asked:?} where {kept:?} is kept"
            ));
        }
        if under_way > 1 && !is_overtaken && !self.stage.lock().weather.overtook {
            self.stage
                .broken(format!("N6: {under_way} refreshes at a time"));
        }
    }

    fn fault(&self, call: &Call) -> Option<Fault> {
        const ABSURD: &str = "99999999999999999999";
        let mut inner = self.stage.lock();
        if inner.weather.is_calm {
            return None;
        }
        if inner.weather.microsoft_is_down {
            return Some(match inner.choices.below(3) {
                0 => Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE, None),
                1 => Fault::Refuse(StatusCode::BAD_GATEWAY, None),
                _ => Fault::LoseRequest,
            });
        }
        let often = inner.weather.calls_fail;
        if !inner.choices.happens(often) {
            return None;
        }
        let changes = matches!(call.name, "createOrGet" | "update" | "delete");
        let choices = &mut inner.choices;
        let fault = match choices.below(12) {
            0 | 1 => Fault::LoseRequest,
            2..=4 => Fault::LoseAnswer,
            5 | 6 if changes => {
                let minutes = choices.one(&[1, 5, 10]);
                Fault::Hold(SignedDuration::from_mins(minutes))
            }
            5..=7 => {
                let wait = choices.one(&[None, Some("1"), Some("30"), Some("600"), Some(ABSURD)]);
                Fault::Refuse(StatusCode::TOO_MANY_REQUESTS, wait)
            }
            8 => Fault::Refuse(StatusCode::INTERNAL_SERVER_ERROR, None),
            9 => Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE, Some("20")),
            10 => Fault::Nonsense(choices.one(&["", "null", "[]", "{\"id\":", "<html>"])),
            _ => Fault::Lie(choices.one(&["id", "joinWebUrl", "startDateTime"])),
        };
        if let Fault::Refuse(_, Some(wait)) = fault {
            let seconds = wait
                .parse::<i64>()
                .unwrap_or(LONGEST_WAIT)
                .min(LONGEST_WAIT);
            // Whoever waits adds up to a fifth, so that not all come back at once.
            let until = self.stage.clock.now() + SignedDuration::from_secs(seconds * 6 / 5);
            let before = inner.weather.asked_to_wait_until;
            inner.weather.asked_to_wait_until = before.max(Some(until));
        }
        Some(fault)
    }
}

/// The refresh token that a request brings.
fn refresh_token(body: &Bytes) -> Option<String> {
    url::form_urlencoded::parse(body)
        .find(|(name, _)| name == "refresh_token")
        .map(|(_, token)| token.into_owned())
}

fn name(parts: &http::request::Parts, body: &Bytes) -> &'static str {
    let path = parts.uri.path();
    if path.ends_with("/oauth2/v2.0/token") {
        let refreshes = body.windows(8).any(|part| part == b"refresh_");
        return if refreshes { "refresh" } else { "redeem" };
    }
    if path.to_ascii_lowercase().ends_with("/createorget") {
        return "createOrGet";
    }
    match (&parts.method, path.contains("/onlineMeetings/")) {
        (&Method::PATCH, true) => "update",
        (&Method::DELETE, true) => "delete",
        (&Method::GET, true) => "read",
        _ if path.ends_with("/$batch") => "batch",
        _ if path.ends_with("/me") => "me",
        _ if path.contains("/users") => "users",
        _ if path.contains("/organization") => "organization",
        _ if path.contains("/keys") => "keys",
        _ => "other",
    }
}

fn refusal(status: StatusCode, retry_after: Option<&str>) -> Response<Full<Bytes>> {
    let code = match status {
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        _ => "InternalServerError",
    };
    let text = json!({"error": {"code": code, "message": "Not now."}}).to_string();
    let mut response = json_answer(status, text);
    if let Some(wait) = retry_after {
        let value = wait.parse().expect("digits are a header's value");
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn json_answer(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(text)))
        .expect("it is a response")
}

/// The same answer with one member untrue.
fn lie(answer: Response<Full<Bytes>>, member: &str) -> Answer {
    let (parts, body) = answer.into_parts();
    let bytes = match futures::FutureExt::now_or_never(body.collect()) {
        Some(collected) => collected?.to_bytes(),
        None => Bytes::new(),
    };
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok(Response::from_parts(parts, Full::new(bytes)));
    };
    if let Some(object) = value.as_object_mut()
        && object.contains_key(member)
    {
        object.insert(
            member.to_owned(),
            json!("https://elsewhere.example/l/meetup-join/1"),
        );
    }
    let mut parts = parts;
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(
        parts,
        Full::new(Bytes::from(value.to_string())),
    ))
}
