//! A sandbox on a loopback port, a browser, and an application that asks for codes.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use sandbox::clock::Clock;
use sandbox::ids::TenantId;
use sandbox::random::Random;
use sandbox::tenant::person::Person;
use sandbox::{Sandbox, Settings, SigningKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

/// Where Ithaca waits for codes in these tests. Nobody listens there: the browser stops before.
pub const CALLBACK: &str = "http://127.0.0.1:8080/integrations/microsoft/callback";

pub const SCOPES: &str =
    "openid profile offline_access User.Read User.ReadBasic.All OnlineMeetings.ReadWrite";

/// A verifier as an application would make it; its challenge goes with the authorize request.
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-in-length";

pub struct World {
    pub sandbox: Sandbox,
    pub url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    /// The demo's world, on a Monday morning that lasts until the clock is moved.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let mut settings = settings(&url);
        change(&mut settings);
        let sandbox = Sandbox::new(settings);
        Self::serve(sandbox, listener)
    }

    /// Serves a sandbox that was made elsewhere.
    pub fn serve(sandbox: Sandbox, listener: tokio::net::TcpListener) -> Self {
        let router = sandbox.router();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            sandbox,
            url,
            server,
        }
    }

    pub fn larkspur(&self) -> TenantId {
        self.tenant("larkspur.example")
    }

    pub fn tenant(&self, domain: &str) -> TenantId {
        self.sandbox
            .read(|state| state.find_tenant(domain).unwrap().id)
    }

    /// The account with this address.
    pub fn person(&self, address: &str) -> Person {
        self.sandbox
            .read(|state| state.people.find_anywhere(address).unwrap().clone())
    }

    /// Changes the account with this address.
    pub fn change_person(&self, address: &str, change: impl FnOnce(&mut Person)) {
        let id = self.person(address).id;
        assert!(self.sandbox.change(|state| state.people.change(id, change)));
    }

    pub fn browser(&self) -> Browser {
        Browser {
            http: http(),
            url: self.url.clone(),
            cookie: None,
        }
    }

    /// Ithaca's usual authorize request, at `organizations`.
    pub fn authorize_url(&self, change: &[(&str, &str)]) -> String {
        self.authorize_url_at("organizations", change)
    }

    /// The same at another tenant segment. An empty value leaves a parameter out.
    pub fn authorize_url_at(&self, segment: &str, change: &[(&str, &str)]) -> String {
        let client_id = self.sandbox.ithaca().0.to_string();
        let challenge = s256(VERIFIER);
        let mut parameters = BTreeMap::from([
            ("client_id", client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("response_mode", "query"),
            ("scope", SCOPES),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
        ]);
        parameters.extend(change.iter().copied());
        parameters.retain(|_, value| !value.is_empty());
        let query = serde_urlencoded::to_string(parameters).unwrap();
        format!("{}/{segment}/oauth2/v2.0/authorize?{query}", self.url)
    }

    /// Signs the scheduler in and accepts: the code that Ithaca gets.
    pub async fn code(&self) -> String {
        self.code_for("scheduler@larkspur.example", &[]).await
    }

    pub async fn code_for(&self, address: &str, change: &[(&str, &str)]) -> String {
        let back = self
            .browser()
            .sign_in(&self.authorize_url(change), address)
            .await;
        back.get("code")
            .cloned()
            .unwrap_or_else(|| panic!("{back:?}"))
    }

    /// Redeems a code as Ithaca does. An empty value leaves a parameter out.
    pub async fn redeem(&self, code: &str, change: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        form.extend(change);
        self.token("organizations", &form).await
    }

    pub async fn refresh(&self, token: &str, change: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", SCOPES),
        ];
        form.extend(change);
        self.token(&self.larkspur().to_string(), &form).await
    }

    /// Calls the token endpoint with Ithaca's credentials. Later values replace earlier ones.
    pub async fn token(&self, segment: &str, form: &[(&str, &str)]) -> Answer {
        let (client_id, secret) = self.sandbox.ithaca();
        let client_id = client_id.to_string();
        let mut parameters = BTreeMap::from([
            ("client_id", client_id.as_str()),
            ("client_secret", secret.reveal()),
        ]);
        parameters.extend(form.iter().copied());
        parameters.retain(|_, value| !value.is_empty());
        let response = http()
            .post(format!("{}/{segment}/oauth2/v2.0/token", self.url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(parameters).unwrap())
            .send()
            .await
            .unwrap();
        Answer::read(response).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        let response = http()
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        Answer::read(response).await
    }
}

/// The doors for tests, on a port of their own.
pub struct Admin {
    pub url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Admin {
    pub async fn start(world: &World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = world.sandbox.admin_router();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server }
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = http().get(format!("{}/_sandbox/{path}", self.url));
        Answer::read(request.send().await.unwrap()).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_text(method, path, "application/json", &body.to_string())
            .await
    }

    pub async fn send_text(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let request = http()
            .request(
                method.parse().unwrap(),
                format!("{}/_sandbox/{path}", self.url),
            )
            .header(CONTENT_TYPE, kind)
            .body(body.to_owned());
        Answer::read(request.send().await.unwrap()).await
    }
}

/// Settings as most tests want them.
pub fn settings(url: &str) -> Settings {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    let key = KEY.get_or_init(|| SigningKey::generate(Random::seeded(b"tests")));
    Settings {
        clock: Clock::standing_at("2026-03-02T09:00:00Z".parse().unwrap()),
        signing_key: Some(key.clone()),
        ..Settings::new(url, CALLBACK)
    }
}

/// A JSON answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        }
    }

    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    /// Asserts that this is the refusal with this number, in Microsoft's shape.
    #[track_caller]
    pub fn assert_refusal(&self, status: u16, error: &str, code: u32) {
        assert_eq!(
            self.body["error_codes"],
            serde_json::json!([code]),
            "{self:?}"
        );
        assert_eq!(self.text("error"), error);
        assert_eq!(self.status, status);
        let description = self.text("error_description");
        assert!(
            description.starts_with(&format!("AADSTS{code}: ")),
            "{description}"
        );
        for name in ["timestamp", "trace_id", "correlation_id"] {
            assert!(description.contains(self.text(name)), "{description}");
        }
        assert_eq!(
            self.headers["x-ms-request-id"].to_str().unwrap(),
            self.text("trace_id")
        );
    }

    /// The claims of the ID token, its signature checked against the published keys.
    pub async fn id_claims(&self, world: &World) -> Value {
        let keys = world.get("/organizations/discovery/v2.0/keys").await.body;
        verified(self.text("id_token"), &keys)
    }
}

/// A browser without scripts that stops at the application's door.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    url: String,
    cookie: Option<String>,
}

pub enum Shown {
    Page(String),
    /// Back at the application, with these parameters.
    Back(BTreeMap<String, String>),
}

impl Shown {
    #[track_caller]
    pub fn page(self) -> String {
        match self {
            Self::Page(text) => text,
            Self::Back(parameters) => panic!("back at the application: {parameters:?}"),
        }
    }

    #[track_caller]
    pub fn back(self) -> BTreeMap<String, String> {
        match self {
            Self::Back(parameters) => parameters,
            Self::Page(text) => panic!("still at Microsoft: {text}"),
        }
    }
}

impl Browser {
    pub async fn open(&mut self, url: &str) -> Shown {
        let request = self.http.get(url);
        self.show(request).await
    }

    /// Presses the button with this label on a page, with the page's hidden fields and `fields`.
    pub async fn press(&mut self, page: &str, label: &str, fields: &[(&str, &str)]) -> Shown {
        let form = form_with(page, label);
        let mut pairs = vec![("ctx".to_owned(), hidden(form, "ctx"))];
        pairs.extend(button(form, label));
        pairs.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let action = attribute(form, "action");
        let request = self
            .http
            .post(format!("{}{action}", self.url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(serde_urlencoded::to_string(pairs).unwrap());
        self.show(request).await
    }

    /// Chooses an account, wherever the list hides it.
    pub async fn choose(&mut self, page: &str, address: &str) -> Shown {
        if page.contains(&format!(">{address}<")) {
            return self.press(page, address, &[]).await;
        }
        let every = self.follow(page, "Show every account").await.page();
        self.press(&every, address, &[]).await
    }

    /// Follows a link.
    pub async fn follow(&mut self, page: &str, label: &str) -> Shown {
        let end = page.find(&format!(">{label}</a>")).unwrap();
        let start = page[..end].rfind("<a ").unwrap();
        let url = format!("{}{}", self.url, attribute(&page[start..end], "href"));
        self.open(&url).await
    }

    /// Chooses an account and accepts what is asked.
    pub async fn sign_in(&mut self, url: &str, address: &str) -> BTreeMap<String, String> {
        let picker = self.open(url).await.page();
        match self.choose(&picker, address).await {
            Shown::Page(page) => self.press(&page, "Accept", &[]).await.back(),
            Shown::Back(parameters) => parameters,
        }
    }

    async fn show(&mut self, mut request: reqwest::RequestBuilder) -> Shown {
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = request.send().await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        if let Some(location) = response.headers().get(LOCATION) {
            let url = Url::parse(location.to_str().unwrap()).unwrap();
            assert!(url.as_str().starts_with(CALLBACK), "{url}");
            let encoded = url.fragment().or(url.query()).unwrap_or_default();
            return Shown::Back(
                url::form_urlencoded::parse(encoded.as_bytes())
                    .into_owned()
                    .collect(),
            );
        }
        Shown::Page(response.text().await.unwrap())
    }
}

/// The form that holds a button.
fn form_with<'a>(page: &'a str, label: &str) -> &'a str {
    page.split("<form ")
        .skip(1)
        .filter_map(|rest| rest.split("</form>").next())
        .find(|form| find_button(form, label).is_some())
        .unwrap_or_else(|| panic!("no button {label:?} on {page}"))
}

fn find_button<'a>(form: &'a str, label: &str) -> Option<&'a str> {
    form.split("<button").skip(1).find(|rest| {
        rest.split("</button>")
            .next()
            .is_some_and(|inside| inside.contains(&format!(">{label}")))
    })
}

fn button(form: &str, label: &str) -> Option<(String, String)> {
    let tag = find_button(form, label)?.split('>').next()?;
    tag.contains("name=")
        .then(|| (attribute(tag, "name"), attribute(tag, "value")))
}

/// The value of a hidden field.
pub fn hidden(form: &str, name: &str) -> String {
    let at = form.find(&format!("name=\"{name}\"")).unwrap();
    attribute(&form[at..], "value")
}

fn attribute(tag: &str, name: &str) -> String {
    let start = tag.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
    tag[start..].split('"').next().unwrap().to_owned()
}

/// The claims of a token whose signature one of `keys` made. Panics otherwise.
pub fn verified(token: &str, keys: &Value) -> Value {
    use rsa::signature::Verifier as _;

    let mut parts = token.rsplitn(2, '.');
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(parts.next().unwrap())
        .unwrap();
    let signed = parts.next().unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let header = read(header);
    assert_eq!(header["alg"], "RS256");
    let key = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap();
    let number = |name: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(key[name].as_str().unwrap())
            .unwrap();
        rsa::BoxedUint::from_be_slice_vartime(&bytes)
    };
    let public = rsa::PublicKey::new(number("n"), number("e")).unwrap();
    rsa::pkcs1v15::VerifyingKey::<Sha256>::new(public)
        .verify(
            signed.as_bytes(),
            &rsa::pkcs1v15::Signature::try_from(signature.as_slice()).unwrap(),
        )
        .unwrap();
    read(claims)
}

pub fn s256(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The one HTTP client of these tests.
pub fn http() -> reqwest::Client {
    static CLIENT: OnceLock<()> = OnceLock::new();
    CLIENT.get_or_init(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "This is the one place that makes a client, for tests against a loopback port."
    )]
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}
