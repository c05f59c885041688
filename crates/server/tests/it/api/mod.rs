//! The API, asked as programs ask, over a store of its own and without a network.

mod answers;
mod document;
mod guide;
mod idempotency;
mod isolation;
mod meetings;
mod outcomes;
mod problems;
mod proposals;
mod schemathesis;
mod series;
mod tokens;
mod tracks;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use ithaca::app::Acting;
use ithaca::store::tracks as stored_tracks;
use mentoring::api_token::{TokenScope, Wish};
use mentoring::member::Member;
use mentoring::role::Actor;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::pages::{Answer, HOST, House};
use crate::store::Company;

/// A program that has somebody's token.
pub struct Program<'a> {
    house: &'a House,
    token: String,
}

/// Who acts, as for a request of theirs.
pub async fn acting(house: &House, member: &Member) -> Acting {
    let enrolments =
        stored_tracks::enrolments_of(&house.world.store, member.organization, member.id)
            .await
            .expect("they can be read");
    Acting {
        actor: Actor {
            organization: member.organization,
            member: member.id,
            name: member.name(),
            global_administrator: member.global_administrator,
            enrolments,
        },
        address: "192.0.2.7".to_owned(),
    }
}

impl<'a> Program<'a> {
    /// One that may do what the member may.
    pub async fn of(house: &'a House, member: &Member) -> Self {
        Self::with(house, member, TokenScope::Write).await
    }

    pub async fn with(house: &'a House, member: &Member, scope: TokenScope) -> Self {
        let wish = Wish {
            name: "Test".to_owned(),
            scope,
            days: 30,
        };
        let (secret, _) = house
            .app
            .create_api_token(&acting(house, member).await, &wish)
            .await
            .expect("they may");
        Self {
            house,
            token: secret.expose_secret().to_owned(),
        }
    }

    /// One with whatever it has for a token.
    pub fn forged(house: &'a House, token: &str) -> Self {
        Self {
            house,
            token: token.to_owned(),
        }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.sends(Method::GET, path, None, &[]).await
    }

    pub async fn posts(&self, path: &str, body: Value) -> Answer {
        self.sends(Method::POST, path, Some(body), &[]).await
    }

    pub async fn sends(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = body.map(|body| body.to_string());
        self.sends_text(method, path, body.as_deref(), headers)
            .await
    }

    /// The same with a body that need not be JSON.
    pub async fn sends_text(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, HOST)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let says = headers.iter().any(|(name, _)| *name == "content-type");
        if body.is_some() && !says {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_owned()));
        let request = request.body(body).expect("it is a request");
        self.house.asks(request).await
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| {
            panic!(
                "{} with what is not JSON ({error}): {}",
                self.status, self.body
            )
        })
    }

    /// The fields that a problem names.
    pub fn fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|error| error["field"].as_str().expect("it is text").to_owned())
            .collect()
    }

    /// It says why there is no answer, as it should.
    pub fn refuses(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        let body = self.json();
        assert_eq!(body["status"], json!(status));
        for name in ["type", "title", "detail"] {
            assert!(
                body[name].as_str().is_some_and(|text| text.len() > 5),
                "{body}"
            );
        }
        self
    }
}

/// What a program says of a new meeting of mentor and mentee.
pub fn draft(company: &Company) -> Value {
    json!({
        "title": "First steps",
        "agenda": "How did the first week go?",
        "attendees": [company.mentee.email.to_string()],
        "local_start": "2027-11-24T15:00",
        "time_zone": "Europe/Berlin",
        "duration_minutes": 45,
        "mode": "phone",
        "location": "",
    })
}

/// An address of the description with real names in it; an occurrence is that of `draft`.
pub fn filled(path: &str, id: &str) -> String {
    path.replace("{id}", id)
        .replace("{original_start}", "2027-11-24T15:00:00")
        .replace("{proposal_id}", "0193e0c4-7f1e-7000-8000-000000000000")
}

pub fn with(mut draft: Value, name: &str, value: Value) -> Value {
    draft[name] = value;
    draft
}

/// Makes a meeting and answers it.
pub async fn plans(program: &Program<'_>, company: &Company, draft: Value) -> Value {
    let path = format!("/tracks/{}/meetings", company.track.id);
    let answer = program.posts(&path, draft).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()
}
