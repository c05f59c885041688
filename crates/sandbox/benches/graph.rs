//! What the sandbox costs: meeting calls per second, and memory with many
//! people and meetings.
//!
//! `cargo bench -p sandbox` prints the figures. The callers share the machine's cores with the
//! sandbox, so that the calls over HTTP cost more here than the sandbox alone. Memory is that of
//! the whole program, callers included.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that can't go on stops, and prints what it finds"
)]

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use jiff::SignedDuration;
use sandbox::tenant::limits::Rate;
use sandbox::tenant::person::Person;
use sandbox::tenant::token::AccessToken;
use sandbox::{Sandbox, Settings};
use tower::ServiceExt as _;
use uuid::Uuid;

const PEOPLE: u128 = 50_000;
const MEETINGS: usize = 100_000;
/// Calls over HTTP, and how many are under way at once.
const CALLS: usize = 30_000;
const CALLERS: usize = 16;

#[tokio::main(worker_threads = 2)]
async fn main() {
    // `cargo test --benches` merely asks whether it starts.
    let is_short = !std::env::args().any(|argument| argument == "--bench");
    let (meetings, calls) = if is_short {
        (100, 100)
    } else {
        (MEETINGS, CALLS)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sandbox = Sandbox::new(Settings::new(&url, "http://localhost/callback"));
    println!("{:>8.1} MB before anything is in it", megabytes());
    let token = fill(&sandbox);
    println!("{:>8.1} MB with {PEOPLE} people", megabytes());

    let router = sandbox.router();
    let (door, bearer) = (router.clone(), token.clone());
    let create = move |number| call(door.clone(), create_or_get(&bearer, number));
    let made = rate(meetings, create.clone()).await;
    println!("{made:>8} meetings a second, made without a network");
    println!("{:>8.1} MB with {meetings} meetings too", megabytes());
    let got = rate(calls, move |number| create(number % meetings)).await;
    println!("{got:>8} meetings a second, got without a network");

    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let http = over_http();
    let over = rate(calls, move |number| {
        let request = http
            .post(format!("{url}/v1.0/me/onlineMeetings/createOrGet"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(body(meetings + number));
        async move {
            let response = request.send().await.unwrap();
            assert!(response.status().is_success());
            response.bytes().await.unwrap();
        }
    })
    .await;
    println!("{over:>8} meetings a second, made over HTTP by {CALLERS} callers on the same cores");
}

/// People, and a host's token.
fn fill(sandbox: &Sandbox) -> String {
    let token = sandbox.random().text(32);
    let now = sandbox.now();
    let client_id = sandbox.ithaca().0;
    sandbox.change(|state| {
        // It is the sandbox that is measured and not its limits.
        state.limits.app = Rate::new(u32::MAX, 1);
        state.limits.meetings = Rate::new(u32::MAX, 1);
        let host = state
            .people
            .find_anywhere("scheduler@larkspur.example")
            .unwrap()
            .clone();
        for number in 0..PEOPLE {
            let upn = address(number);
            state.people.put(Person {
                id: sandbox::ids::ObjectId(Uuid::from_u128(number + 1)),
                mail: Some(upn.clone()),
                given_name: format!("Given{number}"),
                surname: format!("Surname{number}"),
                display_name: format!("Given{number} Surname{number}"),
                upn,
                ..host.clone()
            });
        }
        state.access_tokens.insert(
            &token,
            AccessToken {
                tenant: host.tenant,
                client_id,
                person: Some(host.id),
                scopes: ["OnlineMeetings.ReadWrite".to_owned()].into(),
                roles: std::collections::BTreeSet::new(),
                issued_at: now,
                expires_at: now + SignedDuration::from_hours(1),
                understands_claims: false,
            },
        );
    });
    token
}

fn address(number: u128) -> String {
    format!("given.surname{number}@larkspur.example")
}

/// A meeting as Ithaca asks for one: an external id, a subject, two people.
fn body(number: usize) -> String {
    let id = Uuid::from_u128(u128::try_from(number).unwrap() << 64);
    let people = u128::try_from(number).unwrap();
    let (one, other) = (address(people % PEOPLE), address((people + 1) % PEOPLE));
    format!(
        "{{\"externalId\":\"{id}\",\"subject\":\"Mentoring {number}\",\
         \"startDateTime\":\"2030-03-09T10:00:00Z\",\"endDateTime\":\"2030-03-09T11:00:00Z\",\
         \"participants\":{{\"attendees\":[{{\"upn\":\"{one}\",\"role\":\"coorganizer\"}},\
         {{\"upn\":\"{other}\",\"role\":\"attendee\"}}]}}}}"
    )
}

fn create_or_get(token: &str, number: usize) -> Request<Body> {
    Request::post("/v1.0/me/onlineMeetings/createOrGet")
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .body(Body::from(body(number)))
        .unwrap()
}

async fn call(router: Router, asked: Request<Body>) {
    let response = router.oneshot(asked).await.unwrap();
    assert!(response.status().is_success());
    to_bytes(response.into_body(), usize::MAX).await.unwrap();
}

/// How many of so many calls are done in a second, several at once.
async fn rate<F>(calls: usize, call: impl Fn(usize) -> F + Clone + Send + 'static) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for first in 0..CALLERS {
        let call = call.clone();
        callers.spawn(async move {
            for number in (first..calls).step_by(CALLERS) {
                call(number).await;
            }
        });
    }
    callers.join_all().await;
    let took = began.elapsed().max(Duration::from_millis(1));
    calls * 1_000 / usize::try_from(took.as_millis()).unwrap()
}

fn over_http() -> reqwest::Client {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    #[expect(
        clippy::disallowed_methods,
        reason = "This is the one place that makes a client, for calls to a loopback port."
    )]
    reqwest::Client::builder().build().unwrap()
}

/// What the program occupies.
fn megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse::<u32>().ok())
        .unwrap_or_default();
    f64::from(kilobytes) / 1_024.0
}
