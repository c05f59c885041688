//! One running Ithaca: what pages and reconcilers share, put together.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use microsoft::Client;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::passwords::Hasher;
use crate::clock::{Clock, Randomness};
use crate::config::Limits;
use crate::figures::Figures;
use crate::instance::Instance;
use crate::mail::{Sender, Smtp};
use crate::phase::{Peers, Phase};
use crate::reconcile::{self, Statuses, Tools};
use crate::store::alone::Alone;
use crate::store::{Store, lease, stumbles};
use crate::vault::Vault;
use crate::wake::Wake;
use crate::{api, failpoints, request, server, web};

/// What a program is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where things are kept.
    pub store: Store,
    /// Seals secrets.
    pub vault: Vault,
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and codes.
    pub randomness: Randomness,
    /// What it knows of itself.
    pub instance: Instance,
    /// Speaks with Microsoft.
    pub microsoft: Client,
    /// The mail server, if there is one.
    pub smtp: Option<Smtp>,
    /// Whom the mail is from.
    pub sender: Sender,
    /// How much of what may happen.
    pub limits: Limits,
    /// The port where it answers, by which an operator tells nodes of one machine apart.
    pub port: u16,
    /// That no other program works on its database file.
    pub alone: Option<Alone>,
}

/// One running Ithaca.
#[derive(Clone, Debug)]
pub struct Program {
    /// What can be done.
    pub app: App,
    /// What happens by itself.
    pub tools: Tools,
    /// Held as long as the program runs.
    _alone: Option<Arc<Alone>>,
}

impl Program {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let vault = Arc::new(parts.vault);
        let instance = Arc::new(parts.instance);
        let wake = Wake::default();
        let node = format!("{}-{}", std::process::id(), parts.randomness.code());
        let (figures, peers) = (Figures::default(), Peers::default());
        let heard = figures.clone();
        parts.microsoft.tell(Box::new(move |call, failure, took| {
            let outcome = failure.map_or("ok", |failure| failure.kind.name());
            heard.call(call, outcome, took);
        }));
        let app = App {
            store: parts.store.clone(),
            vault: vault.clone(),
            clock: parts.clock.clone(),
            randomness: parts.randomness.clone(),
            wake: wake.clone(),
            instance: instance.clone(),
            microsoft: parts.microsoft.clone(),
            passwords: Hasher::new(parts.randomness.clone()),
            sign_in_failures: parts.limits.sign_in_failures,
            api_requests_per_minute: parts.limits.api_requests_per_minute,
            peers: peers.clone(),
            figures: figures.clone(),
            phase: Phase::default(),
        };
        let tools = Tools {
            store: parts.store,
            vault,
            clock: parts.clock,
            randomness: parts.randomness,
            wake,
            instance,
            microsoft: parts.microsoft,
            smtp: parts.smtp.map(Arc::new),
            sender: parts.sender,
            mails_at_once: parts.limits.mails_at_once,
            node: node.into(),
            place: reconcile::nodes::place(parts.port).into(),
            peers,
            figures,
            statuses: Statuses::default(),
        };
        Self {
            app,
            tools,
            _alone: parts.alone.map(Arc::new),
        }
    }

    /// Answers pages at the listener and does the work, until `stop`.
    pub async fn run(self, listener: tokio::net::TcpListener, stop: CancellationToken) {
        let served = server::serve(listener, router(self.app.clone()), stop);
        self.work_while(served).await;
    }

    /// Does the work as long as pages are `served`.
    pub async fn work_while(self, served: impl Future<Output = ()>) {
        if let Err(error) = lease::take_back(&self.tools.store).await {
            tracing::error!(%error, "what the process before this one held could not be taken back; it is due again when its leases end");
        }
        if let Err(error) = stumbles::take_up(&self.tools.store).await {
            tracing::error!(%error, "rows that were set aside could not be taken up");
        }
        let reconcilers = reconcile::start(&self.tools);
        self.app.phase.serve();
        served.await;
        reconcilers.stop(server::DRAIN).await;
        // Whatever was cut off is somebody else's to take up, at once.
        if let Err(error) = lease::give_back(&self.tools.store, &self.tools.node).await {
            tracing::warn!(%error, "rows under work could not be given back; they are due again when their leases end");
        }
        self.app.store.close().await;
    }
}

/// Everything that is answered: the API under its own roof, and pages everywhere else.
pub fn router(app: App) -> Router {
    let document = Arc::new(api::document());
    Router::new()
        .route(&format!("{}/", api::PLACE), api::nothing())
        .nest(api::PLACE, api::router(app.clone()))
        .merge(web::router(app.clone(), document))
        .layer(from_fn_with_state(app, request::observed))
}

/// The client that speaks with Microsoft, telling the time and drawing chance as the rest
/// of the program does.
pub fn microsoft_client(
    cloud: microsoft::Cloud,
    application: microsoft::Application,
    transport: microsoft::Transport,
    clock: &Clock,
    randomness: &Randomness,
) -> Client {
    let clock = clock.clone();
    let randomness = randomness.clone();
    Client::new(
        cloud,
        application,
        transport.watched(|method, uri| {
            let place = Place(uri.path());
            failpoints::pass(format_args!("answered {method} {place}"));
        }),
        microsoft::Clock::new(move || clock.now()),
        microsoft::Randomness::new(move |bytes| randomness.fill(bytes)),
    )
}

/// A path of Microsoft's without the ids in it.
struct Place<'a>(&'a str);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in self.0.split('/').skip(1) {
            let is_id = part.len() > 24 || part.contains(['@', '(']);
            write!(f, "/{}", if is_id { "*" } else { part })?;
        }
        Ok(())
    }
}
