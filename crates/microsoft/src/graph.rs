//! The one place that sends to Graph.
//!
//! A call has a name for logs, a token that says whose it is, and a place among
//! the four that may be under way for one host at once. What comes back is read
//! into a typed answer or into the one table of failures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::client::{Client, Clock};
use crate::failure::{About, Failure, GraphError, Kind};
use crate::pace::Pace;
use crate::token::AccessToken;
use crate::transport::{Answer, DEADLINE};
use crate::{Holder, ObjectId};

/// Calls under way at once for one host ("Microsoft Graph throttling guidance",
/// Outlook limits: four per app and mailbox).
const AT_ONCE_PER_HOST: usize = 4;

/// Until a place is free again.
const SOON: Duration = Duration::from_secs(1);

/// Pages of one list; a list of ours has one or two.
const MOST_PAGES: usize = 5;

/// Without it, members that joined an enumeration later (`coorganizer`,
/// `invited`) read back as `unknownFutureValue` ("Working with members in
/// evolvable enumerations"). Sent with every call about meetings.
const PREFER: &str = "include-unknown-enum-members";

/// Everything that isn't certain to stand for itself in a path or a query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// One call to Graph.
pub(crate) struct Call<'a> {
    /// For logs: `createOrGet`, never the address, which names people.
    pub name: &'static str,
    pub method: Method,
    /// Below `/v1.0`, escaped, with its query.
    pub path: &'a str,
    pub body: Option<serde_json::Value>,
    pub about: About,
}

impl<'a> Call<'a> {
    pub fn get(name: &'static str, path: &'a str) -> Self {
        Self::new(name, Method::GET, path)
    }

    pub fn new(name: &'static str, method: Method, path: &'a str) -> Self {
        Self {
            name,
            method,
            path,
            body: None,
            about: About::People,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct List<T> {
    pub value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
}

impl Client {
    /// The typed answer of a call that gives one.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        call: Call<'_>,
    ) -> Result<T, Failure> {
        let answer = self.call(token, call).await?;
        if answer.status == StatusCode::OK {
            answer.json()
        } else {
            Err(unexpected(&answer))
        }
    }

    /// Any 2xx answer; everything else is a failure.
    pub(crate) async fn call(
        &self,
        token: &AccessToken,
        call: Call<'_>,
    ) -> Result<Answer, Failure> {
        let parts = self.parts();
        let mut url = parts
            .cloud
            .graph()
            .as_str()
            .trim_end_matches('/')
            .to_owned();
        url.push_str("/v1.0");
        url.push_str(call.path);
        self.send(token, &url, call).await
    }

    /// Follows a list to its end. A link to another host isn't followed: it
    /// would take the token along.
    pub(crate) async fn rest_of_list<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        name: &'static str,
        mut list: List<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut pages = 1;
        while let Some(next) = list.next.take() {
            let next = Url::parse(&next)
                .ok()
                .filter(|next| self.cloud().is_at_graph(next))
                .ok_or_else(|| Failure::garbage("a next page at another host"))?;
            if pages == MOST_PAGES {
                return Err(Failure::garbage("a list without an end"));
            }
            pages += 1;
            let call = Call::get(name, "");
            let answer = self.send(token, next.as_str(), call).await?;
            let page: List<T> = answer.json()?;
            list.value.extend(page.value);
            list.next = page.next;
        }
        Ok(list.value)
    }

    async fn send(
        &self,
        token: &AccessToken,
        url: &str,
        call: Call<'_>,
    ) -> Result<Answer, Failure> {
        let parts = self.parts();
        let sent = [token.secret()];
        let request_id = parts.randomness.uuid().to_string();
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", token.secret().expose_secret()))
                .map_err(|_| Failure::new(Kind::AccessTokenRefused))?;
        bearer.set_sensitive(true);
        let mut request = Request::builder()
            .method(call.method)
            .uri(url)
            .header(header::AUTHORIZATION, bearer)
            .header("client-request-id", &request_id)
            .header("return-client-request-id", "true");
        if call.about == About::Meetings {
            request = request.header("prefer", PREFER);
        }
        let body = match call.body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(json.to_string())
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(body))
            .map_err(|_| Failure::new(Kind::RequestWrong))?;
        let host = parts
            .hosts
            .of((token.holder(), token.host()), parts.clock.now());
        let place = host.place(call.about, &parts.clock, parts.patience).await?;
        let began = Instant::now();
        let outcome = parts.transport.exchange(request, &sent).await;
        let outcome = outcome.and_then(|answer| {
            if answer.status.is_success() {
                Ok(answer)
            } else {
                let (headers, body) = (&answer.headers, Some(&answer.body[..]));
                let now = parts.clock.now();
                Err(GraphError::read(
                    answer.status,
                    headers,
                    body,
                    &sent,
                    now,
                    call.about,
                ))
            }
        });
        let outcome = outcome.map_err(|failure| failure.sent_as(&request_id));
        let outcome = place.came_back(parts.clock.now(), outcome);
        self.called(call.name, &outcome, began);
        let holder = token.holder();
        match &outcome {
            Ok(answer) => tracing::debug!(
                call = call.name, %holder, status = answer.status.as_u16(), client_request_id = request_id,
                "Graph answered"
            ),
            Err(failure) => tracing::debug!(
                call = call.name, %holder, %failure, client_request_id = request_id,
                "Graph call failed"
            ),
        }
        outcome
    }
}

/// A success of another kind than documented: something may have happened.
pub(crate) fn unexpected(answer: &Answer) -> Failure {
    Failure::garbage("a success of another kind than documented")
        .with_status(answer.status)
        .with_ids(&answer.headers)
}

/// What is known of each host that was called lately.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Mutex<HashMap<(Holder, ObjectId), Arc<Host>>>);

impl Hosts {
    /// Hosts that nobody calls and of which there is nothing to remember are forgotten, so
    /// the map doesn't grow.
    fn of(&self, host: (Holder, ObjectId), now: Timestamp) -> Arc<Host> {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(&host) {
            return Arc::clone(known);
        }
        hosts.retain(|_, known| Arc::strong_count(known) > 1 || !known.is_forgotten(now));
        let fresh = Arc::new(Host::default());
        hosts.insert(host, Arc::clone(&fresh));
        fresh
    }

    /// How long Microsoft wants to be left alone about meetings of this host.
    pub(crate) fn paused(&self, host: (Holder, ObjectId), now: Timestamp) -> Option<Duration> {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(&host)?.pace(About::Meetings).paused(now)
    }
}

/// Places for calls under way for one host, and how quickly they may follow each other.
#[derive(Debug)]
struct Host {
    places: Semaphore,
    /// About people and about meetings: Microsoft limits each by itself.
    paces: [Mutex<Pace>; 2],
}

impl Default for Host {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE_PER_HOST),
            paces: Default::default(),
        }
    }
}

impl Host {
    fn pace(&self, about: About) -> MutexGuard<'_, Pace> {
        let pace = &self.paces[usize::from(about == About::Meetings)];
        pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        [About::People, About::Meetings]
            .into_iter()
            .all(|about| self.pace(about).is_forgotten(now))
    }

    /// Waits for a place, at most as long as a call may take, and for its turn. Where
    /// Microsoft wants to be left alone for longer than `patience`, there is none.
    async fn place(
        &self,
        about: About,
        clock: &Clock,
        patience: Duration,
    ) -> Result<Place<'_>, Failure> {
        let taken = tokio::time::timeout(DEADLINE, self.places.acquire()).await;
        let Ok(Ok(permit)) = taken else {
            return Err(not_sent(
                "too many calls of ours for this host at once",
                SOON,
            ));
        };
        let mut waited = Duration::ZERO;
        loop {
            let Some(wait) = self.pace(about).paused(clock.now()) else {
                break;
            };
            waited += wait;
            if waited > patience {
                return Err(not_sent(
                    "Microsoft asked to be left alone for a while",
                    wait,
                ));
            }
            tokio::time::sleep(wait).await;
        }
        if !patience.is_zero() {
            let turn = self.pace(about).turn(clock.now());
            tokio::time::sleep(turn).await;
        }
        let left = clock.now();
        self.pace(about).left(left);
        Ok(Place {
            host: self,
            about,
            left,
            _permit: permit,
        })
    }
}

/// A call that Microsoft would have refused.
fn not_sent(why: &'static str, wait: Duration) -> Failure {
    let mut failure = Failure::new(Kind::Throttled).detailed(why, &[]);
    failure.retry_after = Some(wait);
    failure
}

/// A place among the calls under way.
struct Place<'a> {
    host: &'a Host,
    about: About,
    left: Timestamp,
    _permit: SemaphorePermit<'a>,
}

impl Place<'_> {
    /// Takes note of what became of the call. One that was refused says when to come back.
    fn came_back<T>(self, now: Timestamp, outcome: Result<T, Failure>) -> Result<T, Failure> {
        let mut pace = self.host.pace(self.about);
        outcome
            .inspect(|_| pace.was_taken(now))
            .map_err(|mut failure| {
                if failure.kind == Kind::Throttled {
                    pace.refused(self.left, now, failure.retry_after);
                    failure.retry_after = pace.paused(now).or(failure.retry_after);
                }
                failure
            })
    }
}
