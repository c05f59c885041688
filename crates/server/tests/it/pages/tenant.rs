//! The pretend Microsoft beside a house: asked by Ithaca without a network, and by people
//! with a browser that reads forms.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Method, Request, header};
use ithaca::clock::{Clock, Randomness};
use ithaca::program::microsoft_client;
use microsoft::{Application, Client, Cloud, Transport};
use sandbox::random::Random;
use sandbox::tenant::meetings::OnlineMeeting;
use sandbox::{Sandbox, Settings, SigningKey};
use scraper::{Html, Selector};
use secrecy::SecretString;
use tower::ServiceExt as _;
use url::Url;

pub const MICROSOFT: &str = "http://localhost:8081";
pub const CALLBACK: &str = "http://127.0.0.1:8080/integrations/microsoft/callback";
pub const SCHEDULER: &str = "scheduler@larkspur.example";

/// A tenant of Microsoft's, or rather all of them.
pub struct Tenant {
    pub sandbox: Sandbox,
    pages: Router,
    redeemed: Arc<AtomicUsize>,
    looked: Arc<AtomicUsize>,
    claims: Arc<Mutex<String>>,
    /// A client secret that Ithaca has beside the one of the seed, and asks with first.
    pub newer_secret: Option<&'static str>,
    /// The wire between the two.
    pub wire: Wire,
}

/// What goes over the wire, for tests that cut it.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Cut>>);

#[derive(Default)]
struct Cut {
    calls: usize,
    /// Which call never comes back, and whether it was done before.
    at: Option<(usize, bool)>,
    reached: Arc<tokio::sync::Notify>,
    held: Arc<tokio::sync::Notify>,
}

impl Wire {
    fn cut(&self) -> std::sync::MutexGuard<'_, Cut> {
        self.0.lock().expect("nobody panicked")
    }

    /// How many calls there were so far.
    pub fn calls(&self) -> usize {
        self.cut().calls
    }

    /// Lets the call after so many more hang, before it is done or after that.
    pub fn hangs_after(&self, calls: usize, done: bool) {
        let mut cut = self.cut();
        cut.at = Some((cut.calls + calls, done));
    }

    /// Lets every call come back.
    pub fn hangs_never(&self) {
        self.cut().at = None;
    }

    /// Waits until a call hangs.
    pub async fn hung(&self) {
        let reached = self.cut().reached.clone();
        reached.notified().await;
    }

    /// Lets the call that hangs go on.
    pub fn goes_on(&self) {
        self.cut().held.notify_one();
    }

    async fn passes(&self, number: usize, done: bool) {
        let held = {
            let mut cut = self.cut();
            if cut.at != Some((number, done)) {
                return;
            }
            cut.at = None;
            cut.reached.notify_one();
            cut.held.clone()
        };
        held.notified().await;
    }
}

impl Tenant {
    pub fn new() -> Self {
        Self::by(sandbox::clock::Clock::system())
    }

    /// One that looks at this clock.
    pub fn at(clock: &Clock) -> Self {
        let clock = clock.clone();
        Self::by(sandbox::clock::Clock::from_source(move || clock.now()))
    }

    fn by(clock: sandbox::clock::Clock) -> Self {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        let key = KEY.get_or_init(|| SigningKey::generate(Random::seeded(b"consent")));
        let sandbox = Sandbox::new(Settings {
            signing_key: Some(key.clone()),
            clock,
            ..Settings::new(MICROSOFT, CALLBACK)
        });
        Self {
            pages: sandbox.router(),
            sandbox,
            redeemed: Arc::default(),
            looked: Arc::default(),
            claims: Arc::default(),
            newer_secret: None,
            wire: Wire::default(),
        }
    }

    /// The client that Ithaca asks it with.
    pub fn client(&self, clock: &Clock, randomness: &Randomness) -> Client {
        let (pages, redeemed) = (self.pages.clone(), self.redeemed.clone());
        let looked = self.looked.clone();
        let claims = self.claims.clone();
        let wire = self.wire.clone();
        let service = tower::service_fn(move |request: Request<_>| {
            if request.uri().path().ends_with("/token") {
                redeemed.fetch_add(1, Ordering::SeqCst);
            }
            if request.method() == Method::GET && request.uri().path().contains("/onlineMeetings/")
            {
                looked.fetch_add(1, Ordering::SeqCst);
            }
            let (pages, wire, claims) = (pages.clone(), wire.clone(), claims.clone());
            async move {
                let (head, body) = request.map(Body::new).into_parts();
                let body = to_bytes(body, 1 << 20).await.expect("it is at hand");
                if head.uri.path().ends_with("/token") {
                    let asked = url::form_urlencoded::parse(&body)
                        .find(|(name, _)| name == "claims")
                        .map(|(_, value)| value.into_owned());
                    *claims.lock().expect("nobody panicked") = asked.unwrap_or_default();
                }
                let request = Request::from_parts(head, Body::from(body));
                let number = {
                    let mut cut = wire.cut();
                    cut.calls += 1;
                    cut.calls
                };
                wire.passes(number, false).await;
                let answer = pages.oneshot(request).await;
                wire.passes(number, true).await;
                answer
            }
        });
        let (client_id, secret) = self.sandbox.ithaca();
        let login: Url = MICROSOFT.parse().expect("an address");
        let secrets = self.newer_secret.into_iter().chain([secret.reveal()]);
        let application = Application {
            client_id: client_id.0,
            client_secrets: secrets.map(SecretString::from).collect(),
            redirect_uri: CALLBACK.parse().expect("an address"),
        };
        microsoft_client(
            Cloud::at(login.clone(), login, vec!["localhost:8081".to_owned()]).expect("a cloud"),
            application,
            Transport::service(service),
            clock,
            randomness,
        )
        // The clock here is the test's.
        .without_patience()
    }

    /// The subject, the start and the join address of each Teams meeting that is there.
    pub fn meetings(&self) -> Vec<(String, jiff::Timestamp, String)> {
        self.sandbox.read(|state| {
            let mut all: Vec<_> = state.meetings.iter().collect();
            all.retain(OnlineMeeting::is_live);
            all.iter()
                .map(|meeting| {
                    let subject = meeting.subject.as_deref().unwrap_or_default();
                    let url = meeting.join_url(MICROSOFT);
                    (subject.to_owned(), meeting.start, url)
                })
                .collect()
        })
    }

    /// What Ithaca last wanted of a token, as it said so: JSON.
    pub fn claims(&self) -> String {
        self.claims.lock().expect("nobody panicked").clone()
    }

    /// How often Ithaca asked for a token.
    pub fn redeemed(&self) -> usize {
        self.redeemed.load(Ordering::SeqCst)
    }

    /// Takes mail at a port of this machine, until the test is over.
    pub async fn takes_mail(&self) -> u16 {
        let door = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let door = door.expect("a port is free");
        let port = door.local_addr().expect("it is bound").port();
        let sandbox = self.sandbox.clone();
        tokio::spawn(sandbox::smtp::serve(sandbox, door, std::future::pending()));
        port
    }

    /// The text of what arrived for this address, oldest first.
    pub fn letters(&self, address: &str) -> Vec<String> {
        self.sandbox.read(|state| {
            let all = state
                .mailboxes
                .iter()
                .filter(|mail| mail.to.iter().any(|to| to == address));
            all.map(|mail| {
                let message = mail_parser::MessageParser::new().parse(&mail.raw);
                let message = message.expect("it is a message");
                format!(
                    "{}\n{}",
                    message.subject().unwrap_or_default(),
                    message.body_text(0).unwrap_or_default()
                )
            })
            .collect()
        })
    }

    /// How often Ithaca read a Teams meeting.
    pub fn looked(&self) -> usize {
        self.looked.load(Ordering::SeqCst)
    }

    /// Somebody deletes every Teams meeting there is, behind Ithaca's back.
    pub fn loses_all_meetings(&self) {
        self.sandbox.change(|state| {
            let all: Vec<_> = state.meetings.iter().collect();
            for meeting in all {
                let at = meeting.start;
                state
                    .meetings
                    .change(meeting.thread, |meeting| meeting.deleted_at = Some(at));
            }
        });
    }

    /// Somebody opens the authorize address, chooses an account and presses a button:
    /// the query with which Microsoft sends them back.
    pub async fn sends_back(&self, address: &str, account: &str, button: &str) -> String {
        self.answers(address, account, button, &[]).await
    }

    /// The scheduler accepts on behalf of everybody in the tenant.
    pub async fn approves_for_everyone(&self, address: &str) -> String {
        let everyone = [("organization", "yes")];
        self.answers(address, SCHEDULER, "Accept", &everyone).await
    }

    async fn answers(
        &self,
        address: &str,
        account: &str,
        button: &str,
        ticked: &[(&str, &str)],
    ) -> String {
        let mut cookie = String::new();
        let target = address
            .strip_prefix(MICROSOFT)
            .expect("it leads to Microsoft");
        let picker = self.asks(Method::GET, target, &[], &mut cookie).await;
        let picker = picker.expect_err("an account is to be chosen");
        let id = self.sandbox.read(|state| {
            let person = state.people.find_anywhere(account);
            person.expect("there is such an account").id.to_string()
        });
        let (action, mut fields) = form(&picker, "sign-in/account", None);
        fields.insert("account".to_owned(), id);
        let next = self
            .asks(Method::POST, &action, &pairs(&fields), &mut cookie)
            .await;
        let page = match next {
            Ok(query) => return query,
            Err(page) => page,
        };
        let (action, fields) = form(&page, "", Some(button));
        self.asks(
            Method::POST,
            &action,
            &[&pairs(&fields), ticked].concat(),
            &mut cookie,
        )
        .await
        .unwrap_or_else(|page| panic!("still at Microsoft: {page}"))
    }

    /// The query of the way back, or the page one is still on.
    async fn asks(
        &self,
        method: Method,
        target: &str,
        fields: &[(&str, &str)],
        cookie: &mut String,
    ) -> Result<String, String> {
        let body = serde_urlencoded::to_string(fields).expect("fields are text");
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, "localhost:8081")
            .header(header::COOKIE, cookie.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("it is a request");
        let response = self
            .pages
            .clone()
            .oneshot(request)
            .await
            .expect("it answers");
        let headers = response.headers();
        if let Some(set) = headers.get(header::SET_COOKIE) {
            let set = set.to_str().expect("it is text");
            set.split(';').next().unwrap_or_default().clone_into(cookie);
        }
        if let Some(location) = headers.get(header::LOCATION) {
            let location = location.to_str().expect("it is text");
            let query = location.strip_prefix(CALLBACK).unwrap_or_default();
            return Ok(query.trim_start_matches('?').to_owned());
        }
        let body = to_bytes(response.into_body(), usize::MAX).await;
        Err(String::from_utf8_lossy(&body.expect("it arrives whole")).into_owned())
    }
}

fn pairs(fields: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// The form that leads there and has this button, with its hidden fields.
fn form(page: &str, leads_to: &str, button: Option<&str>) -> (String, BTreeMap<String, String>) {
    let html = Html::parse_document(page);
    let all = |query: &str| Selector::parse(query).expect("a selector");
    for form in html.select(&all("form")) {
        let action = form.attr("action").unwrap_or_default();
        let pressed = form
            .select(&all("button"))
            .find(|found| button.is_some_and(|name| found.text().collect::<String>() == name));
        if !action.contains(leads_to) || (button.is_some() && pressed.is_none()) {
            continue;
        }
        let hidden = all("input[type=hidden]");
        let hidden = form.select(&hidden);
        let fields = hidden.chain(pressed).filter_map(|field| {
            let name = field.attr("name")?.to_owned();
            Some((name, field.attr("value").unwrap_or_default().to_owned()))
        });
        return (action.to_owned(), fields.collect());
    }
    panic!("no form leads to {leads_to:?} by {button:?} on {page}")
}
