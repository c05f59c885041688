//! The sandbox's clock: a source of time that is handed in, plus an offset
//! that can be moved, so that ninety days pass in no time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Clones share the offset.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "This is the one place that reads the machine's clock."
        )]
        Self::from_source(Timestamp::now)
    }

    /// A clock that stands at `start` and moves only when it is moved.
    pub fn standing_at(start: Timestamp) -> Self {
        Self::from_source(move || start)
    }

    /// A clock that follows another one, such as a simulation's.
    pub fn from_source(source: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            source: Arc::new(source),
            offset_ms: Arc::default(),
        }
    }

    /// The time here and now.
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        (self.source)()
            .saturating_add(offset)
            .unwrap_or(Timestamp::MAX)
    }

    /// How far this clock is ahead of its source.
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock on (or back, by a negative duration).
    pub fn move_by(&self, duration: SignedDuration) {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |offset| {
                Some(offset.saturating_add(ms))
            })
            .ok();
    }

    /// Sets how far this clock is ahead of its source.
    pub fn set_offset(&self, offset: SignedDuration) {
        let ms = i64::try_from(offset.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.store(ms, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("now", &self.now())
            .field("offset", &self.offset())
            .finish()
    }
}
