//! A Microsoft that answers what it is told to, and remembers what it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use jiff::{SignedDuration, Timestamp};
use microsoft::{
    AccessToken, Application, Client, Clock, Cloud, Grant, Holder, ObjectId, Randomness, TenantId,
    Transport,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::BoxError;
use url::form_urlencoded;
use uuid::{Uuid, uuid};

pub const CLIENT_ID: Uuid = uuid!("11111111-aaaa-4aaa-8aaa-111111111111");
pub const LARKSPUR: TenantId = TenantId(uuid!("22222222-bbbb-4bbb-8bbb-222222222222"));
pub const QUILLFIELD: TenantId = TenantId(uuid!("33333333-cccc-4ccc-8ccc-333333333333"));
/// The account "Teams Scheduler", host of Larkspur's meetings.
pub const SCHEDULER: ObjectId = ObjectId(uuid!("44444444-dddd-4ddd-8ddd-444444444444"));
pub const MEI: ObjectId = ObjectId(uuid!("55555555-eeee-4eee-8eee-555555555555"));
pub const HOLDER: Holder = Holder(uuid!("66666666-ffff-4fff-8fff-666666666666"));

pub const ACCESS: &str = "canary-access-token";
pub const REFRESH: &str = "canary-refresh-token";
pub const NEW_SECRET: &str = "canary-new-client-secret";
pub const OLD_SECRET: &str = "canary-old-client-secret";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// A fake with its client and its clock.
pub struct Fake {
    pub client: Client,
    seen: Arc<Mutex<Vec<Seen>>>,
    now: Arc<Mutex<Timestamp>>,
}

impl Fake {
    /// At login.microsoftonline.com and graph.microsoft.com, or so the client thinks.
    pub fn new(answer: impl Fn(&Seen) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let remembered = Arc::clone(&seen);
        let service = tower::service_fn(move |request: Request<Full<Bytes>>| {
            let (answer, remembered) = (Arc::clone(&answer), Arc::clone(&remembered));
            async move {
                let (parts, body) = request.into_parts();
                let request = Seen {
                    method: parts.method,
                    uri: parts.uri,
                    headers: parts.headers,
                    body: body.collect().await?.to_bytes(),
                };
                remembered.lock().unwrap().push(request.clone());
                Ok::<_, BoxError>(answer(&request).map(Full::new))
            }
        });
        let now = Arc::new(Mutex::new(today()));
        let clock = Arc::clone(&now);
        let client = Client::new(
            Cloud::global(),
            application(),
            Transport::service(service),
            Clock::new(move || *clock.lock().unwrap()),
            randomness(),
        );
        Self { client, seen, now }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn seen_at(&self, path: &str) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.path() == path)
            .count()
    }

    pub fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }
}

pub fn today() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub fn application() -> Application {
    Application {
        client_id: CLIENT_ID,
        client_secrets: vec![NEW_SECRET.into(), OLD_SECRET.into()],
        redirect_uri: "https://ithaca.example/integrations/microsoft/callback"
            .parse()
            .unwrap(),
    }
}

pub fn randomness() -> Randomness {
    Randomness::new(|bytes| bytes.fill(7))
}

/// The host's token, fresh.
pub fn token() -> AccessToken {
    let grant = Grant {
        access_token: SecretString::from(ACCESS),
        refresh_token: None,
        id_token: None,
        scopes: BTreeSet::new(),
        expires_in: Duration::from_hours(1),
    };
    AccessToken::new(HOLDER, SCHEDULER, &grant, today())
}

pub fn answer(status: u16, body: &Value) -> Response<Bytes> {
    raw(status, "application/json; charset=utf-8", body.to_string())
}

pub fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

pub fn empty(status: u16) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .body(Bytes::new())
        .unwrap()
}

pub fn graph_error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let inner =
        json!({ "date": "2026-03-02T09:00:00", "request-id": "r-1", "client-request-id": "c-1" });
    answer(
        status,
        &json!({ "error": { "code": code, "message": message, "innerError": inner } }),
    )
}

pub fn meeting(id: &str) -> Value {
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#onlineMeetings/$entity",
        "id": id,
        "externalId": "meeting-1:0",
        "subject": "First conversation",
        "startDateTime": "2026-03-09T14:00:00.0000000Z",
        "endDateTime": "2026-03-09T14:30:00.0000000Z",
        "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting_X%40thread.v2/0?context=%7b%7d",
        "participants": {
            "organizer": {
                "upn": "scheduler@larkspur.example", "role": null,
                "identity": { "user": { "id": SCHEDULER, "displayName": null } },
            },
            "attendees": [
                { "upn": "mei.tanaka@larkspur.example", "role": "coorganizer",
                  "identity": { "user": { "id": MEI } } },
                { "upn": "luis@elsewhere.example", "role": null, "identity": null },
            ],
        },
        "lobbyBypassSettings": { "scope": "organization", "isDialInBypassEnabled": false },
        "allowedPresenters": "organization",
        "allowedLobbyAdmitters": "somethingNew",
    })
}

pub fn account(object_id: ObjectId, upn: &str, mail: Option<&str>) -> Value {
    json!({
        "id": object_id, "userPrincipalName": upn, "mail": mail,
        "givenName": "Mei", "surname": "Tanaka", "displayName": "Mei Tanaka",
    })
}
