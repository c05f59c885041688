//! How many requests a token may send: a bucket each, on this node. Where several nodes
//! share the work, each lets its share of them through.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use crate::phase::Peers;

/// More buckets than this are looked through for full ones, which need not be kept.
const MANY: usize = 10_000;

/// A bucket: how much is in it, and when it was looked at.
type Bucket = (f64, Timestamp);

/// The buckets of all tokens that were used of late.
#[derive(Debug)]
pub struct Limiter {
    per_minute: f64,
    peers: Peers,
    buckets: Mutex<HashMap<Uuid, Bucket>>,
}

impl Limiter {
    /// One that lets so many requests of a token through in a minute, over all nodes.
    pub fn new(per_minute: u16, peers: Peers) -> Self {
        Self {
            per_minute: f64::from(per_minute),
            peers,
            buckets: Mutex::default(),
        }
    }

    /// This node's share, one request at least.
    fn share(&self) -> f64 {
        (self.per_minute / f64::from(self.peers.count())).max(1.0)
    }

    fn filled(&self, (level, at): Bucket, now: Timestamp) -> f64 {
        let seconds = now.duration_since(at).as_secs_f64().max(0.0);
        (level + seconds * self.share() / 60.0).min(self.share())
    }

    /// Counts a request, or says how many seconds to wait for the next.
    pub fn count(&self, token: Uuid, now: Timestamp) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > MANY {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.share());
        }
        let bucket = buckets.get(&token).copied();
        let level = bucket.map_or_else(|| self.share(), |bucket| self.filled(bucket, now));
        if level < 1.0 {
            buckets.insert(token, (level, now));
            let seconds = (1.0 - level) * 60.0 / self.share();
            return Err(std::time::Duration::from_secs_f64(seconds).as_secs() + 1);
        }
        buckets.insert(token, (level - 1.0, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn who_asks_too_often_is_told_how_long_to_wait() {
        let limiter = Limiter::new(60, Peers::default());
        let (mei, luis) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let now = Timestamp::UNIX_EPOCH;
        for _ in 0..60 {
            limiter.count(mei, now).unwrap();
        }
        let wait = limiter.count(mei, now).unwrap_err();
        assert!((1..=2).contains(&wait), "{wait}");
        limiter.count(luis, now).unwrap();
        limiter
            .count(mei, now + SignedDuration::from_secs(2))
            .unwrap();
        limiter
            .count(mei, now + SignedDuration::from_secs(2))
            .unwrap();
        limiter
            .count(mei, now + SignedDuration::from_secs(2))
            .unwrap_err();
    }

    #[test]
    fn three_nodes_let_a_third_through_each() {
        let peers = Peers::default();
        let limiter = Limiter::new(60, peers.clone());
        let now = Timestamp::UNIX_EPOCH;
        peers.are(3);
        let let_through = (0..60)
            .filter(|_| limiter.count(Uuid::from_u128(1), now).is_ok())
            .count();
        assert_eq!(let_through, 20);
    }

    #[test]
    fn a_clock_that_goes_back_lets_nobody_in() {
        let limiter = Limiter::new(1, Peers::default());
        let (mei, now) = (Uuid::from_u128(1), Timestamp::UNIX_EPOCH);
        limiter.count(mei, now).unwrap();
        assert!(
            limiter
                .count(mei, now - SignedDuration::from_hours(1))
                .is_err()
        );
    }
}
