//! Where a process stands between its start and its end: what a load balancer asks before it
//! sends anybody here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use crate::store::Store;

/// Who asks whether we are ready waits no longer than this for the database.
const GLANCE: Duration = Duration::from_secs(2);

/// Where the process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not yet there for anybody.
    Starting,
    /// It answers.
    Serving,
    /// It still answers, and will end soon.
    Draining,
}

/// The standing of one process; clones stand together.
#[derive(Clone, Debug, Default)]
pub struct Phase(Arc<AtomicU8>);

impl Phase {
    /// Where it stands now.
    pub fn now(&self) -> Standing {
        match self.0.load(Ordering::SeqCst) {
            0 => Standing::Starting,
            1 => Standing::Serving,
            _ => Standing::Draining,
        }
    }

    /// From now on it answers. One that drains goes on draining.
    pub fn serve(&self) {
        let _ = self
            .0
            .compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// From now on nobody should be sent here any more.
    pub fn drain(&self) {
        self.0.store(2, Ordering::SeqCst);
    }

    /// Whether somebody may be sent here, as a load balancer asks.
    pub async fn readiness(&self, store: &Store) -> Response {
        let reachable = tokio::time::timeout(GLANCE, store.is_reachable()).await;
        match self.now() {
            _ if reachable != Ok(true) => unready("the database does not answer\n"),
            Standing::Starting => unready("starting\n"),
            Standing::Serving => "ready\n".into_response(),
            Standing::Draining => unready("draining\n"),
        }
    }
}

/// Come back later, in a word.
pub fn unready(word: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::RETRY_AFTER, "1"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, word).into_response()
}

/// How many nodes share the work, this one included; clones know the same.
#[derive(Clone, Debug)]
pub struct Peers(Arc<AtomicU32>);

impl Default for Peers {
    fn default() -> Self {
        Self(Arc::new(AtomicU32::new(1)))
    }
}

impl Peers {
    /// So many, one at least.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// So many were seen.
    pub fn are(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        self.0.store(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_drains_serves_nobody_anew() {
        let phase = Phase::default();
        assert_eq!(phase.now(), Standing::Starting);
        phase.serve();
        assert_eq!(phase.now(), Standing::Serving);
        phase.drain();
        phase.serve();
        assert_eq!(phase.now(), Standing::Draining);
    }
}
