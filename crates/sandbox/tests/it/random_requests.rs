//! Requests that nobody should send, drawn from a seed: what `random` sends.

use axum::body::Body;
use http::{Request, Version};
use sandbox::random::Random;
use serde_json::{Value, json};

use crate::random::World;
use crate::world::CALLBACK;

/// The doors, with braces for what may be anything.
const DOORS: &str = "
GET /{}/oauth2/v2.0/authorize
GET /{}/oauth2/v2.0/authorize
POST /{}/oauth2/v2.0/token
POST /{}/oauth2/v2.0/token
POST /{}/oauth2/v2.0/token
POST /{}/oauth2/v2.0/devicecode
GET /{}/oauth2/v2.0/logout
GET /{}/v2.0/adminconsent
GET /{}/adminconsent
GET /{}/v2.0/.well-known/openid-configuration
GET /{}/discovery/v2.0/keys
GET /common/discovery/instance
GET /{}/sign-in/accounts
POST /{}/sign-in/account
POST /{}/sign-in/address
POST /{}/sign-in/password
POST /{}/sign-in/approval
POST /{}/consent
GET /{}/consent-requests
POST /{}/consent-requests
GET /oidc/userinfo
GET /v1.0/me
GET /v1.0/users
GET /v1.0/users/{}
GET /v1.0/users/delta
GET /v1.0/users('{}')
GET /v1.0/organization
GET /v1.0/organization/{}
POST /v1.0/$batch
POST /v1.0/$batch
GET /v1.0/me/photo/$value
GET /v1.0/users/{}/photos/{}/$value
POST /v1.0/me/onlineMeetings
POST /v1.0/me/onlineMeetings
GET /v1.0/me/onlineMeetings
POST /v1.0/me/onlineMeetings/createOrGet
PATCH /v1.0/me/onlineMeetings/{}
DELETE /v1.0/me/onlineMeetings/{}
GET /v1.0/users/{}/onlineMeetings
POST /v1.0/users/{}/onlineMeetings
PATCH /v1.0/users/{}/onlineMeetings/{}
GET /v1.0//{}
GET /v1.0
GET /l/meetup-join/{}
GET /l/meetup-join/{}/{}
GET /
GET /mail
GET /mail/{}
GET /mail/{}/{}
GET /mail/{}/{}/source
GET /sandbox.css
GET /{}
GET /{}/{}
GET //{}//{}";

const ADMIN: &str = "
GET /_sandbox/truth
GET /_sandbox/mail
POST /_sandbox/mail/faults
GET /_sandbox/faults
POST /_sandbox/faults
DELETE /_sandbox/faults/{}
POST /_sandbox/clock
POST /_sandbox/clock
PATCH /_sandbox/users/{}
DELETE /_sandbox/users/{}
PATCH /_sandbox/tenants/{}
DELETE /_sandbox/grants/{}
DELETE /_sandbox/applications/{}
GET /_sandbox/openapi.json
POST /_sandbox/reset
GET /_sandbox/{}
GET /{}";

const METHODS: &str = "GET POST PATCH DELETE PUT HEAD OPTIONS TRACE BREW";

/// Names of parameters, of fields and of what may be asked in a query.
const NAMES: &str = "
    client_id client_secret client_assertion client_assertion_type grant_type scope code
    code_verifier code_challenge code_challenge_method redirect_uri refresh_token username
    password claims response_type response_mode state nonce prompt login_hint domain_hint
    client_info ctx account address decision organization reason request administrator
    authorization_endpoint post_logout_redirect_uri $select $filter $top $skip $count $search
    $orderby $expand $skiptoken $deltatoken as from";

const FIELDS: &str = "
    subject startDateTime endDateTime externalId participants attendees organizer upn role
    identity user id lobbyBypassSettings scope isDialInBypassEnabled allowedPresenters
    allowMeetingChat requests method url headers body dependsOn @odata.type chatInfo on do times
    status path_prefix delay_ms advance_seconds enabled licensed guest mfa access block
    sign_in_hours consent_policy loop_limit revoke_sessions display_name mail";

const VALUES: &str = r#"
authorization_code
refresh_token
client_credentials
password
urn:ietf:params:oauth:grant-type:device_code
urn:ietf:params:oauth:client-assertion-type:jwt-bearer
code
id_token
form_post
fragment
query
none
login
consent
select_account
S256
plain
1
accept
approve
request
https://graph.microsoft.com/.default
openid User.Read
mail eq 'mei@larkspur.example'
startswith(displayName,'M')
id,displayName
JoinWebUrl eq 'http://localhost:4000/l/meetup-join/x'
id in ('a','b')
true
2026-03-02T10:00:00Z
2026-03-02T10:30:00+14:00
-262144-01-01T00:00:00Z
9999-12-31T23:59:59.9999999Z
presenter
coorganizer
everyone
GET
PATCH
/me
/users?$top=1
policy
block-teams
eyJhbGciOiJQUzI1NiJ9.e30.AAAA
{"access_token":{"xms_cc":{"values":["cp1"]},"nbf":{"value":"99999999999999"}}}
http://localhost:4000/common/oauth2/v2.0/authorize
"#;

/// Words that have been trouble somewhere.
const JUNK: &str = r#"
../../../etc/passwd
..%2f..%2f
%
%ff%fe
'
''
"
<script>alert(1)</script>
{{7*7}}
undefined
null
-1
18446744073709551616
1e400
NaN
ä ö ü ß
日本語 🏳️‍🌈
a b+c&d=e#f?g/h
(((((((((((((((((((((((((((((((((((((((((((((
not not not not not not not not not not not true
00000000-0000-0000-0000-000000000000
9188040d-6c67-4c5b-b112-36a304b66dad
@
x@
@x
.
a.b.c
https://evil.example/
javascript:alert(1)
"#;

const HEADERS: &str = "
    cookie origin prefer consistencylevel client-request-id return-client-request-id accept
    if-none-match if-match x-http-method-override sec-fetch-site";

const KINDS: &[&str] = &[
    "application/x-www-form-urlencoded",
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "nonsense",
    "",
];

/// A request before it is one, so that it can be told.
#[derive(Debug)]
pub struct Asked {
    pub admin: bool,
    method: String,
    uri: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl Asked {
    pub fn told(&self) -> String {
        let headers: Vec<String> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        let shown = &self.body[..self.body.len().min(2_000)];
        format!(
            "{} {} (admin: {})\n{}\n\n{}",
            self.method,
            self.uri,
            self.admin,
            headers.join("\n"),
            String::from_utf8_lossy(shown)
        )
    }

    pub fn request(self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(self.uri)
            .version(Version::HTTP_11);
        for (name, value) in self.headers {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                request = request.header(name, value);
            }
        }
        request.body(Body::from(self.body)).unwrap()
    }
}

/// The grant types that are there.
const GRANTS: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];

pub struct Chance(pub Random);

impl Chance {
    fn one_in(&mut self, n: u32) -> bool {
        self.0.below(n) == 0
    }

    fn below(&mut self, length: usize) -> usize {
        self.0.below(u32::try_from(length).unwrap()) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn word<'a>(&mut self, from: &'a str) -> &'a str {
        let words: Vec<&str> = from.split_ascii_whitespace().collect();
        words[self.below(words.len())]
    }

    fn line<'a>(&mut self, from: &'a str) -> &'a str {
        let lines: Vec<&str> = from.trim().lines().collect();
        lines[self.below(lines.len())]
    }

    pub fn request(&mut self, world: &World) -> Asked {
        let admin = self.one_in(6);
        let door = self.line(if admin { ADMIN } else { DOORS });
        let (usual, door) = door.split_once(' ').unwrap();
        let mut uri = self.path(world, door);
        if self.one_in(2) {
            uri.push('?');
            uri.push_str(&self.form(world));
        }
        // Some texts can't be sent at all: no client and no server would let them through.
        if uri.parse::<http::Uri>().is_err() || uri.len() > 60_000 {
            "/".clone_into(&mut uri);
        }
        let method = if self.one_in(6) {
            self.word(METHODS)
        } else {
            usual
        };
        Asked {
            admin,
            headers: self.headers(world, door),
            body: self.body(world, method),
            method: method.to_owned(),
            uri,
        }
    }

    fn path(&mut self, world: &World, door: &str) -> String {
        let mut path = String::new();
        for (at, piece) in door.split("{}").enumerate() {
            if at > 0 {
                let part = if self.one_in(3) {
                    self.junk()
                } else {
                    self.pick(&world.words).clone()
                };
                let raw = self.one_in(8);
                path.push_str(&if raw { part } else { encoded(&part) });
            }
            path.push_str(piece);
        }
        if self.one_in(12) {
            path = path.to_uppercase();
        }
        if self.one_in(20) {
            path.push_str(self.word("/ /.. /%2e%2e % %zz %ff %00 /$value"));
        }
        path
    }

    fn headers(&mut self, world: &World, door: &str) -> Vec<(&'static str, Vec<u8>)> {
        let mut headers = Vec::new();
        let kind = if self.one_in(3) {
            *self.pick(KINDS)
        } else {
            KINDS[1]
        };
        if !kind.is_empty() {
            headers.push(("content-type", kind.as_bytes().to_vec()));
        }
        if door.starts_with("/v1.0") && !self.one_in(6) {
            let token = *self.pick(&["an.access.token", "an.access.token", "an.own.token"]);
            headers.push(("authorization", format!("Bearer {token}").into_bytes()));
        } else if self.one_in(2) {
            let token = if self.one_in(5) {
                self.junk()
            } else {
                self.pick(&world.tokens).clone()
            };
            let scheme = *self.pick(&["Bearer ", "Bearer ", "Bearer ", "bearer ", "Basic ", ""]);
            headers.push(("authorization", format!("{scheme}{token}").into_bytes()));
        }
        for name in HEADERS.split_ascii_whitespace() {
            if self.one_in(14) {
                let value = self.value(world);
                headers.push((name, value.into_bytes()));
            }
        }
        headers
    }

    fn body(&mut self, world: &World, method: &str) -> Vec<u8> {
        if method == "GET" && !self.one_in(5) {
            return Vec::new();
        }
        match self.0.below(9) {
            0 => Vec::new(),
            1..=3 => self.form(world).into_bytes(),
            4..=6 => self.json(world, 0).to_string().into_bytes(),
            7 => self.batch(world).to_string().into_bytes(),
            _ => match self.0.below(5) {
                0 => vec![b'['; 200_000],
                1 => vec![b'a'; 300_000],
                2 => br#"{"requests":[{"id":"1""#.to_vec(),
                3 => b"null".to_vec(),
                _ => {
                    let mut bytes = vec![0; 500];
                    self.0.fill(&mut bytes);
                    bytes
                }
            },
        }
    }

    fn form(&mut self, world: &World) -> String {
        let mut pairs = Vec::new();
        // Often enough to get behind the first check.
        if self.one_in(2) {
            let client_id = world.words[5].as_str();
            pairs.push(format!("client_id={client_id}"));
            pairs.push(format!("client_secret={}", encoded(&world.secret)));
            pairs.push(format!("redirect_uri={}", encoded(CALLBACK)));
            let grant = *self.pick(&GRANTS);
            pairs.push(format!("grant_type={grant}"));
        }
        if self.one_in(3) {
            pairs.push(format!("ctx={}", self.pick(&world.ctx)));
        }
        for _ in 0..self.0.below(8) {
            let name = self.word(NAMES);
            let value = match (name, self.one_in(3)) {
                ("code", false) => "a-code".to_owned(),
                ("refresh_token", false) => world.tokens[3].clone(),
                _ => self.value(world),
            };
            let value = if self.one_in(10) {
                value.replace([' ', '#', '&'], "+")
            } else {
                encoded(&value)
            };
            pairs.push(format!("{}={value}", encoded(name)));
        }
        pairs.join("&")
    }

    fn value(&mut self, world: &World) -> String {
        match self.0.below(5) {
            0 => self.junk(),
            1 => self.pick(&world.words).clone(),
            2 => self.pick(&world.tokens).clone(),
            _ => self.line(VALUES).to_owned(),
        }
    }

    fn json(&mut self, world: &World, depth: u32) -> Value {
        match if depth == 0 { 7 } else { self.0.below(10) } {
            0 => Value::Null,
            1 => Value::Bool(self.one_in(2)),
            2 => json!(*self.pick(&[0_i64, 1, -1, 59, i64::MAX, i64::MIN, 86_400 * 400])),
            3 => json!(*self.pick(&[0.5, -1.0e300, 1.0e300, 4.2e9])),
            4 | 5 => Value::String(self.value(world)),
            6 if depth < 5 => {
                let length = self.0.below(4);
                (0..length).map(|_| self.json(world, depth + 1)).collect()
            }
            _ if depth < 5 => {
                let length = self.0.below(7);
                let fields = (0..length)
                    .map(|_| (self.word(FIELDS).to_owned(), self.json(world, depth + 1)));
                Value::Object(fields.collect())
            }
            _ => Value::String(self.junk()),
        }
    }

    fn batch(&mut self, world: &World) -> Value {
        let length = self.0.below(23);
        let requests: Value = (0..length)
            .map(|number| {
                let (_, door) = self.line(DOORS).split_once(' ').unwrap();
                let url = self.path(world, door);
                let url = url.strip_prefix("/v1.0").unwrap_or(&url).to_owned();
                let mut part = json!({
                    "id": self.0.below(length).to_string(),
                    "method": self.word(METHODS),
                    "url": url,
                });
                if self.one_in(2) {
                    part["id"] = json!(number.to_string());
                }
                if self.one_in(3) {
                    part["body"] = self.json(world, 1);
                    part["headers"] = json!({"Content-Type": "application/json"});
                }
                if self.one_in(4) {
                    part["dependsOn"] = json!([self.0.below(length).to_string()]);
                }
                if self.one_in(9) {
                    let field = *self.pick(&["id", "method", "url", "headers", "dependsOn"]);
                    part[field] = self.json(world, 2);
                }
                part
            })
            .collect();
        json!({"requests": requests})
    }

    /// What has no business anywhere.
    fn junk(&mut self) -> String {
        let odd = ["", " ", "\0", "\r\nSet-Cookie: a=b", "\u{202e}txt"];
        let junk = if self.one_in(6) {
            *self.pick(&odd)
        } else {
            self.line(JUNK)
        };
        match self.0.below(12) {
            0 => junk.repeat(50),
            1 => "x".repeat(8_000),
            _ => junk.to_owned(),
        }
    }
}

/// A text as it stands in an address.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
