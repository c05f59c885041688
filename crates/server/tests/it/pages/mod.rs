//! The pages, asked as a browser asks, over a store of their own and without a network.

mod after;
mod answers;
mod calendar;
mod forms;
mod guard;
mod integrations;
mod isolation;
mod lists;
mod live;
mod manage;
mod meetings;
mod outbox;
mod proposals;
mod reminders;
mod series;
mod settings;
mod settling;
mod sign_in;
pub mod tenant;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode, header};
use ithaca::app::passwords::Hasher;
use ithaca::app::{Acting, App};
use ithaca::clock::Clock;
use ithaca::figures::Figures;
use ithaca::instance::Instance;
use ithaca::phase::{Peers, Phase};
use ithaca::program::{self, microsoft_client};
use ithaca::store::tracks;
use ithaca::vault::{Key, Vault};
use ithaca::wake::Wake;
use mentoring::member::Member;
use mentoring::role::Actor;
use microsoft::{Application, Client, Cloud, Transport};
use tower::ServiceExt as _;

use crate::store::World;
use tenant::Tenant;

pub const HOST: &str = "127.0.0.1:8080";

/// An Ithaca whose people one may choose to be.
pub struct House {
    pub world: World,
    pub app: App,
    pages: Router,
}

impl House {
    /// One that Microsoft never answers.
    pub async fn opens() -> Self {
        Self::opens_in(World::on_sqlite().await)
    }

    /// One whose clock the test moves; it stands at eight on Monday, 23 November 2026.
    pub async fn opens_on_monday() -> Self {
        let eight = "2026-11-23T08:00:00Z".parse().expect("it is one");
        Self::opens_in(World::on_sqlite_at(Clock::manual(eight)).await)
    }

    /// One on this database, which may be PostgreSQL.
    pub fn opens_in(world: World) -> Self {
        let silent = tower::service_fn(async |_| Err::<http::Response<String>, _>(Silence));
        let nobody = Application {
            client_id: uuid::Uuid::nil(),
            client_secrets: Vec::new(),
            redirect_uri: tenant::CALLBACK.parse().expect("an address"),
        };
        let microsoft = microsoft_client(
            Cloud::global(),
            nobody,
            Transport::service(silent),
            &world.clock,
            &world.randomness,
        );
        Self::with(world, microsoft)
    }

    /// One beside this tenant.
    pub async fn opens_beside(tenant: &Tenant) -> Self {
        let world = World::on_sqlite().await;
        let microsoft = tenant.client(&world.clock, &world.randomness);
        Self::with(world, microsoft)
    }

    /// One beside this tenant, on Monday, 23 November 2026, whose clock the test moves.
    pub async fn opens_on_monday_beside(tenant: &Tenant, clock: Clock) -> Self {
        let world = World::on_sqlite_at(clock).await;
        let microsoft = tenant.client(&world.clock, &world.randomness);
        Self::with(world, microsoft)
    }

    /// One whose settings differ.
    pub async fn opens_with(change: impl FnOnce(&mut App)) -> Self {
        let Self { world, mut app, .. } = Self::opens().await;
        change(&mut app);
        let pages = program::router(app.clone());
        Self { world, app, pages }
    }

    fn with(world: World, microsoft: Client) -> Self {
        let instance = Instance {
            public_url: format!("http://{HOST}").parse().expect("an address"),
            mail_from: "ithaca@ithaca.example".to_owned(),
            offers_people: true,
            sends_mail: true,
            integrates_teams: true,
            demo: None,
            trusted_proxies: Vec::new(),
        };
        let randomness = world.randomness.clone();
        let app = App {
            store: world.store.clone(),
            vault: Arc::new(Vault::new(
                Key::generate(&randomness),
                Vec::new(),
                randomness.clone(),
            )),
            clock: world.clock.clone(),
            wake: Wake::default(),
            instance: Arc::new(instance),
            microsoft,
            passwords: Hasher::new(randomness.clone()),
            sign_in_failures: 10,
            api_requests_per_minute: 3_000,
            peers: Peers::default(),
            figures: Figures::default(),
            phase: Phase::default(),
            randomness,
        };
        let pages = program::router(app.clone());
        Self { world, app, pages }
    }

    /// A browser that nobody is signed in with.
    pub fn stranger(&self) -> Browser<'_> {
        Browser {
            house: self,
            cookies: Mutex::default(),
        }
    }

    /// A browser in which this member is signed in.
    pub async fn signs_in(&self, slug: &str, member: &Member) -> Browser<'_> {
        let browser = self.stranger();
        let id = member.id.to_string();
        let answer = browser
            .posts(&format!("/{slug}/sign-in"), &[("person", &id)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    /// A member as they act, without a browser.
    pub async fn acts(&self, member: &Member) -> Acting {
        let (organization, id) = (member.organization, member.id);
        let enrolments = tracks::enrolments_of(&self.world.store, organization, id).await;
        Acting {
            actor: Actor {
                organization,
                member: id,
                name: member.name(),
                global_administrator: member.global_administrator,
                enrolments: enrolments.expect("they can be read"),
            },
            address: "192.0.2.7".to_owned(),
        }
    }

    /// A request, exactly as it is.
    pub async fn asks(&self, request: Request<Body>) -> Answer {
        let response = self
            .pages
            .clone()
            .oneshot(request)
            .await
            .expect("it never fails");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("it arrives whole");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("nobody answers")]
struct Silence;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("it is text"))
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// What stands in a hidden field.
    pub fn hidden(&self, name: &str) -> &str {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).expect("the field is there");
        rest.split('"').next().expect("it ends")
    }
}

/// One browser with its cookies.
pub struct Browser<'a> {
    house: &'a House,
    cookies: Mutex<Vec<(String, String)>>,
}

impl Browser<'_> {
    pub async fn opens(&self, address: &str) -> Answer {
        self.sends(Method::GET, address, &[], &[]).await
    }

    pub async fn posts(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            ("origin", format!("http://{HOST}")),
            ("sec-fetch-site", "same-origin".to_owned()),
        ];
        self.sends(Method::POST, address, fields, &headers).await
    }

    pub async fn sends(
        &self,
        method: Method,
        address: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, String)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(address)
            .header(header::HOST, HOST);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let body = if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Body::from(serde_urlencoded::to_string(fields).expect("fields are text"))
        } else {
            Body::empty()
        };
        let request = request.body(body).expect("it is a request");
        let answer = self.house.asks(request).await;
        self.keeps(&answer.headers);
        answer
    }

    /// All cookies as a header.
    pub fn cookies(&self) -> String {
        let cookies = self.cookies.lock().expect("nobody panicked");
        let pairs: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keeps(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().expect("nobody panicked");
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie is text");
            let pair = line.split(';').next().expect("it begins");
            let (name, value) = pair.split_once('=').expect("it has a name");
            cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}
