//! The sandbox's clock: a source of time that is handed in, plus an offset
//! that can be moved, so that ninety days pass in no time.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Clones share the offset.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    offset_ms: Arc<AtomicI64>,
    /// Where it stands, in milliseconds since 1970, while it is frozen.
    stands_at: Arc<Mutex<Option<i64>>>,
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
            stands_at: Arc::default(),
        }
    }

    /// The time here and now.
    pub fn now(&self) -> Timestamp {
        let source = match *self.standing() {
            Some(ms) => Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX),
            None => (self.source)(),
        };
        source
            .saturating_add(self.offset())
            .unwrap_or(Timestamp::MAX)
    }

    /// Puts the clock to a time, from which it runs on unless it is frozen.
    pub fn set(&self, to: Timestamp) {
        self.move_by(to.duration_since(self.now()));
    }

    /// Lets the clock stand, or run again from where it stood.
    pub fn freeze(&self, stand: bool) {
        let now = self.now();
        let mut standing = self.standing();
        if stand == standing.is_some() {
            return;
        }
        *standing = stand.then(|| (self.source)().as_millisecond());
        drop(standing);
        if !stand {
            self.set(now);
        }
    }

    /// Whether it moves only when it is moved.
    pub fn is_frozen(&self) -> bool {
        self.standing().is_some()
    }

    fn standing(&self) -> MutexGuard<'_, Option<i64>> {
        self.stands_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The time that others on this machine have, however far this clock was moved.
    pub fn unmoved(&self) -> Timestamp {
        (self.source)()
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
