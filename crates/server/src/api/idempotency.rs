//! `Idempotency-Key`: a request that changes something may be sent again, and is done once
//! . A key belongs to the token and to the address that it was sent to.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use mentoring::organization::OrganizationId;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::problem::{FieldError, Problem};
use super::{Api, Bearer, body};
use crate::store::Store;
use crate::store::idempotency::{self, Kept, Known};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST: usize = 255;
/// No answer to a change is longer.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The headers that belong to an answer and not to the way that it takes.
const KEPT: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    HeaderName::from_static("preference-applied"),
    header::RETRY_AFTER,
];

/// A mark of a request that stays the same when it is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Once(Uuid);

impl Once {
    /// The key that what is made by the request carries, so that even a crash between the
    /// change and its answer leads to one of it.
    pub fn of(parts: &Parts) -> Option<Uuid> {
        parts.extensions.get::<Self>().map(|once| once.0)
    }

    fn new(id: &[u8], began: Timestamp) -> Self {
        let digest = Sha256::new()
            .chain_update(id)
            .chain_update(began.as_millisecond().to_be_bytes())
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Lets a request with a key run once, and gives its answer again for a day.
pub async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let changes = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    if !changes || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match keyed(&api, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(api: &Api, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, request_body) = request.into_parts();
    let bearer = Bearer::of(&mut parts, api).await?;
    let key = key(&parts)?;
    let request_body = body::bytes(request_body).await?;
    let id = Sha256::new()
        .chain_update(bearer.holder.token.id)
        .chain_update(parts.method.as_str())
        .chain_update([0])
        .chain_update(parts.uri.path())
        .chain_update([0])
        .chain_update(key)
        .finalize()
        .to_vec();
    let body_hash = fingerprint(&parts, &request_body);
    let store = bearer.store().clone();
    let organization = bearer.sight.organization;
    let began = match idempotency::begin(&store, organization, &id, &body_hash).await? {
        Known::Begun(began) => began,
        Known::Answered(kept) => return Ok(again(kept)),
        Known::Running => {
            return Err(Problem::conflict(
                "A request with this Idempotency-Key runs at this moment. Ask again in a second.",
            )
            .later(1));
        }
        Known::OtherBody => {
            return Err(Problem::refused(vec![FieldError::new(
                "Idempotency-Key",
                "This Idempotency-Key was used for another request. Take a new one for each.",
            )]));
        }
    };
    parts.extensions.insert(Once::new(&id, began));
    let request = Request::from_parts(parts, Body::from(request_body));
    // Whoever asks may go away; what they asked for is finished all the same, and its
    // answer is there when they ask again.
    let work = tokio::spawn(async move {
        let (parts, answer) = next.run(request).await.into_parts();
        let answer = to_bytes(answer, LONGEST_ANSWER)
            .await
            .map_err(|error| Problem::broken(error.to_string()))?;
        let settled = if parts.status.is_success() {
            let kept = kept(&parts, &answer);
            idempotency::keep(&store, organization, &id, kept).await
        } else if parts.status.is_server_error() {
            // It may have been done all the same (F24): sent again, it is the same request.
            idempotency::give_back(&store, organization, &id).await
        } else {
            idempotency::forget(&store, organization, &id).await
        };
        if let Err(error) = settled {
            tokio::spawn(give_back(store, organization, id));
            return Err(error.into());
        }
        Ok(Response::from_parts(parts, Body::from(answer)))
    });
    work.await
        .map_err(|_| Problem::broken("a panic in a request with a key"))?
}

/// Lets a request be sent again whose database went away meanwhile, as soon as it is back.
async fn give_back(store: Store, organization: OrganizationId, id: Vec<u8>) {
    for _ in 0..idempotency::LEASE.as_secs() {
        if idempotency::give_back(&store, organization, &id)
            .await
            .is_ok()
        {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What makes a request the same one: all of it that decides what is done.
fn fingerprint(parts: &Parts, body: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new()
        .chain_update(parts.uri.query().unwrap_or_default())
        .chain_update([0]);
    for name in [header::IF_MATCH, header::CONTENT_TYPE] {
        for value in parts.headers.get_all(name) {
            digest.update(value.as_bytes());
            digest.update([0]);
        }
        digest.update([0]);
    }
    digest.chain_update(body).finalize().to_vec()
}

fn is_key(key: &[u8]) -> bool {
    let is_printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    (1..=LONGEST).contains(&key.len()) && key.iter().all(is_printable)
}

fn key(parts: &Parts) -> Result<Vec<u8>, Problem> {
    let mut keys = parts.headers.get_all(KEY).iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key.as_bytes()) => Ok(key.as_bytes().to_vec()),
        _ => Err(Problem::unreadable_fields(vec![FieldError::new(
            "Idempotency-Key",
            "An Idempotency-Key has 1 to 255 characters of ASCII, with no space around them.",
        )])),
    }
}

fn kept(parts: &http::response::Parts, answer: &[u8]) -> Kept {
    let headers: Map<String, Value> = KEPT
        .iter()
        .filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), Value::from(value)))
        })
        .collect();
    Kept {
        status: parts.status.as_u16(),
        headers: Value::Object(headers).to_string(),
        body: String::from_utf8_lossy(answer).into_owned(),
    }
}

fn again(kept: Kept) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut response = (status, kept.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    let headers: Map<String, Value> = serde_json::from_str(&kept.headers).unwrap_or_default();
    for name in KEPT {
        let value = headers.get(name.as_str()).and_then(Value::as_str);
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
