//! What happens by itself.
//!
//! Each reconciler compares what is wanted with what is, makes a
//! plan, applies a step, and writes down what it learned; it takes no input, so that the
//! path after a crash is the everyday path.

pub mod directory;
pub mod drift;
pub mod driver;
pub mod health;
pub mod host;
pub mod links;
pub mod nodes;
pub mod outbox;
pub mod proposals;
pub mod reconnection;
pub mod reminders;
pub mod removal;
pub mod retention;
pub mod stumbling;
pub mod tokens;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Randomness};
use crate::figures::Figures;
use crate::instance::Instance;
use crate::mail::{Sender, Smtp};
use crate::phase::Peers;
use crate::store::Store;
use crate::store::lease::{Claim, Work as Rows};
use crate::vault::Vault;
use crate::wake::{Reconciler, Wake};

pub use driver::{Rhythm, Status, Statuses, Trouble};

/// Everything that a reconciler works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Where things are kept.
    pub store: Store,
    /// Opens and seals tokens.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Clock,
    /// Spreads retries, makes ids.
    pub randomness: Randomness,
    /// Hears and rings doorbells.
    pub wake: Wake,
    /// What this instance knows of itself.
    pub instance: Arc<Instance>,
    /// Speaks with Microsoft.
    pub microsoft: microsoft::Client,
    /// Hands mail to the mail server; without one, messages wait.
    pub smtp: Option<Arc<Smtp>>,
    /// Whom the mail is from.
    pub sender: Sender,
    /// How many mails are on their way at once.
    pub mails_at_once: u16,
    /// This process among the nodes, under which it takes leases.
    pub node: Arc<str>,
    /// Where it runs, for an operator.
    pub place: Arc<str>,
    /// How many nodes share the work.
    pub peers: Peers,
    /// What it has counted.
    pub figures: Figures,
    /// What an operator can read.
    pub statuses: Statuses,
}

impl Tools {
    /// 0 to 1000, for spreading retries.
    pub(crate) fn jitter(&self) -> u32 {
        u32::from(u16::from_le_bytes(self.randomness.bytes())) % 1_001
    }
}

/// The longest call to Microsoft ends after thirty seconds; an activation makes a few.
const LEASE: SignedDuration = SignedDuration::from_mins(3);

/// Rows about the meetings of one organization's host that are worked on at once, over all
/// nodes: links, a live test, a comparison. Microsoft takes four calls at once for one host
/// ("Microsoft Graph throttling guidance", Outlook limits).
const AT_ONE_HOST: u32 = 4;
/// So that some organizations whose Microsoft is slow don't fill all places (F19).
const LINKS_AT_ONCE: usize = 32;

fn rhythm(reconciler: Reconciler, work: Rows, at_once: usize, batch: usize) -> Rhythm {
    Rhythm {
        reconciler,
        work,
        interval: Duration::from_secs(10),
        at_once,
        batch,
        of_one: u32::MAX,
        lease: LEASE,
    }
}

/// The reconcilers of one process, running.
#[derive(Debug)]
pub struct Running {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    /// Lets each finish the row it holds, for so long; then ends them all.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.cancel();
        let finished = tokio::time::timeout(patience, async {
            while self.tasks.join_next().await.is_some() {}
        });
        if finished.await.is_err() {
            tracing::warn!("some rows were not finished in time; they are given back");
            self.tasks.shutdown().await;
        }
    }
}

/// A reconciler with how it is turned.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// How it is turned.
    pub rhythm: Rhythm,
    /// What it does with the rows of one organization.
    pub work: fn(Tools, Vec<Claim>) -> Work<'static>,
}

/// The work on claimed rows, under way.
pub type Work<'a> = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send + 'a>>;

/// Which rows a reconciler works on; one that only tidies up has none.
pub fn rows_of(reconciler: Reconciler) -> Option<Rows> {
    match reconciler {
        Reconciler::Links => Some(Rows::Links),
        Reconciler::Directory => Some(Rows::Directory),
        Reconciler::Tokens => Some(Rows::Credentials),
        Reconciler::Health => Some(Rows::Integrations),
        Reconciler::Drift => Some(Rows::Drift),
        Reconciler::Outbox => Some(Rows::Outbox),
        Reconciler::Reminders => Some(Rows::Reminders),
        Reconciler::Proposals => Some(Rows::Proposals),
        Reconciler::Retention => None,
    }
}

/// Every reconciler that works on rows.
pub fn turns(tools: &Tools) -> Vec<Turn> {
    let mails_at_once = usize::from(tools.mails_at_once).max(1);
    vec![
        Turn {
            rhythm: Rhythm {
                of_one: AT_ONE_HOST,
                ..rhythm(Reconciler::Links, Rows::Links, LINKS_AT_ONCE, 1)
            },
            work: |tools, claims| Box::pin(links::reconcile(tools, claims)),
        },
        Turn {
            rhythm: rhythm(
                Reconciler::Directory,
                Rows::Directory,
                2,
                microsoft::users::LOOKUP_BATCH,
            ),
            work: |tools, claims| Box::pin(directory::reconcile(tools, claims)),
        },
        Turn {
            rhythm: rhythm(Reconciler::Tokens, Rows::Credentials, 4, 1),
            work: |tools, claims| Box::pin(tokens::reconcile(tools, claims)),
        },
        Turn {
            rhythm: Rhythm {
                of_one: AT_ONE_HOST,
                ..rhythm(Reconciler::Health, Rows::Integrations, 4, 1)
            },
            work: |tools, claims| Box::pin(health::reconcile(tools, claims)),
        },
        Turn {
            rhythm: Rhythm {
                of_one: AT_ONE_HOST,
                ..rhythm(Reconciler::Drift, Rows::Drift, 2, 1)
            },
            work: |tools, claims| Box::pin(drift::reconcile(tools, claims)),
        },
        Turn {
            rhythm: rhythm(Reconciler::Outbox, Rows::Outbox, mails_at_once, 1),
            work: |tools, claims| Box::pin(outbox::reconcile(tools, claims)),
        },
        Turn {
            rhythm: rhythm(Reconciler::Reminders, Rows::Reminders, 2, 8),
            work: |tools, claims| Box::pin(reminders::reconcile(tools, claims)),
        },
        Turn {
            rhythm: rhythm(Reconciler::Proposals, Rows::Proposals, 2, 1),
            work: |tools, claims| Box::pin(proposals::reconcile(tools, claims)),
        },
    ]
}

/// Starts all reconcilers.
pub fn start(tools: &Tools) -> Running {
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    for Turn { rhythm, work } in turns(tools) {
        tasks.spawn(driver::turn(tools.clone(), rhythm, stop.clone(), work));
    }
    tasks.spawn(retention::turn(tools.clone(), stop.clone()));
    tasks.spawn(nodes::turn(tools.clone(), stop.clone()));
    Running { stop, tasks }
}
