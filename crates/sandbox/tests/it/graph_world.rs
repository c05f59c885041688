//! Calls to Graph as an application makes them.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use sandbox::tenant::token::AccessToken;
use serde_json::{Value, json};

use crate::world::{Answer, World, http};

pub const SCHEDULER: &str = "scheduler@larkspur.example";

/// An application with an access token.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    /// Ithaca with a token for the scheduler, got as Ithaca gets it.
    pub async fn connect(world: &World) -> Self {
        let code = world.code().await;
        let tokens = world.redeem(&code, &[]).await;
        Self::with_token(world, tokens.text("access_token"))
    }

    pub fn with_token(world: &World, token: &str) -> Self {
        Self {
            http: http(),
            url: world.url.clone(),
            token: token.to_owned(),
            headers: Vec::new(),
        }
    }

    /// A token for somebody with these delegated permissions, without the way through sign-in.
    pub fn signed_in(world: &World, address: &str, scopes: &[&str]) -> Self {
        let person = world.person(address);
        Self::issued(
            world,
            AccessToken {
                person: Some(person.id),
                tenant: person.tenant,
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                ..Self::nobodys(world)
            },
        )
    }

    /// An application that acts by itself in Larkspur's tenant.
    pub fn by_itself(world: &World, roles: &[&str]) -> Self {
        Self::issued(
            world,
            AccessToken {
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                ..Self::nobodys(world)
            },
        )
    }

    /// The same client with one more header on every call.
    pub fn saying(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// `path` is below the sandbox, or a whole address.
    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        Answer::read(self.raw(method, path, body).await).await
    }

    pub async fn raw(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Response {
        self.try_send(method, path, body).await.unwrap()
    }

    /// The same where the connection may be cut.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<reqwest::Response> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        };
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        request.send().await
    }

    /// Whether an answer arrives whole.
    pub async fn hears_back(&self, method: &str, path: &str, body: Option<Value>) -> bool {
        match self.try_send(method, path, body).await {
            Ok(response) => response.bytes().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Sends a body as it is.
    pub async fn send_text(
        &self,
        method: &str,
        path: &str,
        body: &'static str,
    ) -> reqwest::Response {
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(body);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }

    /// Each part of a batch by its id: status and body.
    pub async fn batch(&self, requests: Value) -> std::collections::BTreeMap<String, Value> {
        let answer = self
            .post("/v1.0/$batch", json!({ "requests": requests }))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["responses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| (part["id"].as_str().unwrap().to_owned(), part.clone()))
            .collect()
    }

    fn nobodys(world: &World) -> AccessToken {
        let now = world.sandbox.now();
        AccessToken {
            tenant: world.larkspur(),
            client_id: world.sandbox.ithaca().0,
            person: None,
            scopes: std::collections::BTreeSet::new(),
            roles: std::collections::BTreeSet::new(),
            issued_at: now,
            expires_at: now + jiff::SignedDuration::from_hours(1),
            understands_claims: false,
        }
    }

    fn issued(world: &World, token: AccessToken) -> Self {
        let text = world.sandbox.random().text(32);
        world
            .sandbox
            .change(|state| state.access_tokens.insert(&text, token));
        Self::with_token(world, &text)
    }
}

/// Asserts a refusal in Graph's shape.
#[track_caller]
pub fn assert_failure(answer: &Answer, status: u16, code: &str) {
    let error = &answer.body["error"];
    assert_eq!(error["code"], code, "{answer:?}");
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(error["message"].is_string(), "{answer:?}");
    let inner = &error["innerError"];
    assert_eq!(inner["date"].as_str().unwrap().len(), 19);
    assert_eq!(
        inner["request-id"].as_str().unwrap(),
        answer.headers["request-id"]
    );
    assert_eq!(
        inner["client-request-id"].as_str().unwrap(),
        answer.headers["client-request-id"]
    );
}
