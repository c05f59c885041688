//! What the time is, and what chance says: the two things no function may
//! know of itself. Both are handed in, so that a test or a simulation decides
//! them and can repeat a history exactly.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Tells the time in whole milliseconds, the precision the database keeps, so
/// that a time read back equals the time that was written. Clones share the
/// same hands.
#[derive(Clone, Debug)]
pub struct Clock(Hands);

#[derive(Clone, Debug)]
enum Hands {
    System,
    Manual(Arc<AtomicI64>),
    /// Goes on by itself from what it was set to, whatever becomes of the machine's clock.
    Watch {
        since: Instant,
        at_first: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The clock of this machine.
    pub const fn system() -> Self {
        Self(Hands::System)
    }

    /// A clock that stands at `start` until someone moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Hands::Manual(Arc::new(AtomicI64::new(
            start.as_millisecond(),
        ))))
    }

    /// A clock that shows `first` until it is set by another, and goes on by itself in
    /// between: the machine's own may be wrong, and jump (F26, F28).
    pub fn watch(first: Timestamp) -> Self {
        Self(Hands::Watch {
            since: Instant::now(),
            at_first: Arc::new(AtomicI64::new(first.as_millisecond())),
        })
    }

    /// Sets a watch; any other clock goes as it goes.
    pub fn set(&self, now: Timestamp) {
        if let Hands::Watch { since, at_first } = &self.0 {
            let first = now.as_millisecond() - milliseconds(since.elapsed());
            at_first.store(first, Ordering::SeqCst);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    pub fn now(&self) -> Timestamp {
        let millisecond = match &self.0 {
            Hands::System => Timestamp::now().as_millisecond(),
            Hands::Manual(hands) => hands.load(Ordering::SeqCst),
            Hands::Watch { since, at_first } => {
                at_first.load(Ordering::SeqCst) + milliseconds(since.elapsed())
            }
        };
        Timestamp::from_millisecond(millisecond)
            .expect("a clock only ever stands at a time that was a timestamp before")
    }

    /// Moves a manual clock, backwards too, and returns its new time.
    ///
    /// # Panics
    /// On the system's clock, and past the year 9999: both are mistakes of a test.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let Hands::Manual(hands) = &self.0 else {
            panic!("the clock of the machine can't be moved");
        };
        let then = self
            .now()
            .checked_add(by)
            .expect("the clock stays within the years that exist");
        hands.store(then.as_millisecond(), Ordering::SeqCst);
        then
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Chance: the operating system's, or a repeatable one that follows from a
/// seed. Clones draw from the same well.
#[derive(Clone)]
pub struct Randomness(Well);

#[derive(Clone)]
enum Well {
    System,
    /// SHA-256 over the seed and a counter: unpredictable enough for what
    /// simulations make of it (nonces must not repeat), and the same each run.
    Seeded {
        seed: u64,
        drawn: Arc<AtomicU64>,
    },
}

impl Randomness {
    /// The operating system's randomness: the only one fit for production.
    pub const fn system() -> Self {
        Self(Well::System)
    }

    /// The same bytes in the same order for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Well::Seeded {
            seed,
            drawn: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Fills `target`.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give: nothing that
    /// asks for it could go on safely.
    pub fn fill(&self, target: &mut [u8]) {
        match &self.0 {
            Well::System => {
                getrandom::fill(target).expect("the operating system gives randomness");
            }
            Well::Seeded { seed, drawn } => {
                for chunk in target.chunks_mut(32) {
                    let block = Sha256::new()
                        .chain_update(seed.to_be_bytes())
                        .chain_update(drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes())
                        .finalize();
                    chunk.copy_from_slice(&block[..chunk.len()]);
                }
            }
        }
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A UUID of version 7 (RFC 9562): ordered by `now` to the millisecond, so
    /// that new rows land at the end of an index.
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millisecond = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millisecond, &self.bytes()).into_uuid()
    }

    /// A code of 128 random bits for an address: 22 characters of `A-Z a-z 0-9 - _`.
    pub fn code(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<16>())
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Well::System => "Randomness(system)",
            Well::Seeded { .. } => "Randomness(seeded)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monday_morning() -> Timestamp {
        "2026-11-23T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let clock = Clock::manual(monday_morning());
        let the_same_clock = clock.clone();
        assert_eq!(clock.now(), monday_morning());

        clock.advance(SignedDuration::from_mins(15));

        assert_eq!(the_same_clock.now().to_string(), "2026-11-23T08:15:00Z");
        clock.advance(SignedDuration::from_hours(-1));
        assert_eq!(the_same_clock.now().to_string(), "2026-11-23T07:15:00Z");
    }

    #[test]
    fn a_watch_goes_by_what_it_was_set_to() {
        let watch = Clock::watch(monday_morning());
        let the_same_watch = watch.clone();
        assert!(watch.now() >= monday_morning());
        let noon = monday_morning() + SignedDuration::from_hours(4);
        the_same_watch.set(noon);
        let late = watch.now().duration_since(noon);
        assert!(!late.is_negative() && late < SignedDuration::from_mins(1));
        Clock::system().set(noon);
        assert_ne!(Clock::system().now(), noon);
    }

    #[test]
    fn the_time_is_in_whole_milliseconds_like_the_database() {
        let clock = Clock::manual("2026-11-23T08:00:00.123456789Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-11-23T08:00:00.123Z");
        assert_eq!(Clock::system().now().subsec_nanosecond() % 1_000_000, 0);
    }

    #[test]
    #[should_panic(expected = "can't be moved")]
    fn the_clock_of_the_machine_is_not_moved() {
        Clock::system().advance(SignedDuration::from_secs(1));
    }

    #[test]
    fn the_same_seed_gives_the_same_history() {
        let (one, two, other) = (
            Randomness::seeded(7),
            Randomness::seeded(7),
            Randomness::seeded(8),
        );
        let first: [u8; 40] = one.bytes();
        assert_eq!(first, two.bytes());
        assert_ne!(first, one.bytes(), "a well never gives the same twice");
        assert_ne!(first, other.bytes());
        assert_eq!(one.clone().code(), {
            let _: [u8; 40] = two.bytes();
            two.code()
        });
    }

    #[test]
    fn a_code_carries_128_bits_and_fits_into_an_address() {
        let code = Randomness::system().code();
        assert_eq!(code.len(), 22);
        assert_eq!(URL_SAFE_NO_PAD.decode(&code).unwrap().len(), 16);
    }

    #[test]
    fn uuids_are_ordered_by_time() {
        let randomness = Randomness::seeded(1);
        let earlier = randomness.uuid_v7(monday_morning());
        let later = randomness.uuid_v7(monday_morning() + SignedDuration::from_millis(1));
        assert!(earlier < later);
        assert_eq!(earlier.get_version_num(), 7);
    }
}
