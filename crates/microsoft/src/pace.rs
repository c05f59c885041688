//! How quickly calls for one host may follow each other: as quickly as they come, until
//! Microsoft refuses one for being too many. Then nobody calls for as long as it asks, and
//! from how many calls it took between two refusals comes the pace from there on.
//!
//! Microsoft names no figure that could be relied on, and counts refused calls too
//! ("Microsoft Graph throttling guidance"), so running into the limit again and again would
//! spend much of it on refusals. The pace grows slowly, because limits do: now and then one
//! call is refused, which measures the limit anew.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// So many calls between two refusals say how much Microsoft takes; fewer only that it
/// refused something.
const ENOUGH: u32 = 8;
/// Nobody is slower than this, in calls a second: what is refused then is refused.
const SLOWEST: f64 = 0.5;
/// How much faster calls become with every second.
const GROWTH: f64 = 1.01;
/// A little more than was measured, or a limit that is used up would never be met again.
const MORE: f64 = 1.02;
/// Who was not refused for so long has no pace any more.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// Who makes no call for longer than this was not held up by any limit meanwhile.
const IDLE: SignedDuration = SignedDuration::from_millis(250);
/// The wait if Microsoft doesn't say for how long; twice as long each time.
const UNSAID: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_UNSAID: SignedDuration = SignedDuration::from_secs(50);

/// The pace of one host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    refused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    /// Since when calls are counted, without the time in which nobody called.
    counted_from: Option<Timestamp>,
    counted: u32,
    last: Option<Timestamp>,
    /// Calls a second, and since when.
    rate: Option<(f64, Timestamp)>,
    next: Option<Timestamp>,
    /// Refusals in a row that don't say for how long.
    unsaid: u32,
}

impl Pace {
    /// How long Microsoft wants to be left alone from now on.
    pub fn paused(&self, now: Timestamp) -> Option<Duration> {
        let left = self.paused_until?.duration_since(now);
        Duration::try_from(left).ok().filter(|left| !left.is_zero())
    }

    /// Takes the next turn: how long to wait for it.
    pub fn turn(&mut self, now: Timestamp) -> Duration {
        if let (Some(from), Some(last)) = (self.counted_from, self.last.max(self.paused_until)) {
            let idle = now.duration_since(last);
            if idle > IDLE {
                self.counted_from = from.saturating_add(idle).ok();
            }
        }
        let Some((rate, since)) = self.rate else {
            return Duration::ZERO;
        };
        if now.duration_since(since) > FORGOTTEN_AFTER {
            (self.rate, self.next) = (None, None);
            return Duration::ZERO;
        }
        let grown = rate * GROWTH.powf(now.duration_since(since).as_secs_f64().max(0.0));
        let step = SignedDuration::from_secs_f64(1.0 / grown);
        let turn = self.next.map_or(now, |next| next.max(now));
        self.next = turn.saturating_add(step).ok();
        // Who waits for their turn is not idle.
        self.last = self.last.max(Some(turn));
        Duration::try_from(turn.duration_since(now)).unwrap_or_default()
    }

    /// A call leaves.
    pub fn left(&mut self, now: Timestamp) {
        self.counted = self.counted.saturating_add(1);
        self.last = self.last.max(Some(now));
    }

    /// A call was not refused for being one too many.
    pub fn was_taken(&mut self, now: Timestamp) {
        self.last = self.last.max(Some(now));
        self.unsaid = 0;
    }

    /// Microsoft refused a call that left then for being one too many.
    pub fn refused(&mut self, left: Timestamp, now: Timestamp, asked: Option<Duration>) {
        // Several that were under way together are refused for the same reason.
        let is_same = self.refused_at.is_some_and(|before| left < before);
        let asked = asked.and_then(|wait| SignedDuration::try_from(wait).ok());
        let wait = asked.unwrap_or_else(|| {
            self.unsaid += u32::from(!is_same);
            (UNSAID * 2_i32.pow(self.unsaid.saturating_sub(1).min(10))).min(LONGEST_UNSAID)
        });
        self.last = self.last.max(Some(now));
        self.paused_until = self.paused_until.max(now.saturating_add(wait).ok());
        if is_same {
            return;
        }
        self.refused_at = Some(now);
        let Some(from) = self.counted_from else {
            (self.counted_from, self.counted) = (Some(now), 0);
            return;
        };
        if self.counted < ENOUGH {
            return;
        }
        let took = now.duration_since(from).as_secs_f64().max(0.001);
        let measured = f64::from(self.counted) / took * MORE;
        self.rate = Some((measured.max(SLOWEST), self.paused_until.unwrap_or(now)));
        (self.counted_from, self.counted) = (Some(now), 0);
        self.next = None;
    }

    /// Whether it says nothing any more.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.paused(now).is_none()
            && self
                .refused_at
                .is_none_or(|at| now.duration_since(at) > FORGOTTEN_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit that gives a burst and then its rate, and counts what it refuses.
    struct Bucket {
        calls: f64,
        left: f64,
        at: f64,
    }

    impl Bucket {
        fn of(calls: f64) -> Self {
            let (left, at) = (calls, 0.0);
            Self { calls, left, at }
        }

        fn takes(&mut self, at: f64) -> bool {
            self.left = (self.left + (at - self.at) * self.calls).min(self.calls);
            self.at = at;
            self.left = (self.left - 1.0).max(-self.calls);
            self.left >= 0.0
        }
    }

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds)
    }

    /// One that never rests, each call taking so long: how many calls a second were taken.
    fn uses(pace: &mut Pace, limit: &mut Bucket, lasts: f64, from: f64, until: f64) -> f64 {
        let (mut now, mut taken) = (from, 0.0);
        while now < until {
            if let Some(wait) = pace.paused(at(now)) {
                now += wait.as_secs_f64();
                continue;
            }
            now += pace.turn(at(now)).as_secs_f64();
            let left = now;
            pace.left(at(left));
            let is_taken = limit.takes(now);
            now += lasts;
            if is_taken {
                pace.was_taken(at(now));
                taken += 1.0;
            } else {
                pace.refused(at(left), at(now), Some(Duration::from_secs(1)));
            }
        }
        taken / (until - from)
    }

    #[test]
    fn whatever_the_limit_is_nearly_all_of_it_is_used() {
        // Of a small limit, the one call that measures it anew is a larger part.
        for (calls, least) in [(2.0, 0.93), (5.0, 0.95), (20.0, 0.97), (100.0, 0.97)] {
            let (mut pace, mut limit) = (Pace::default(), Bucket::of(calls));
            uses(&mut pace, &mut limit, 0.002, 0.0, 20.0);
            let used = uses(&mut pace, &mut limit, 0.002, 20.0, 320.0) / calls;
            assert!((least..=1.01).contains(&used), "{calls} a second: {used}");
        }
    }

    #[test]
    fn a_limit_that_rises_or_falls_is_followed() {
        let (mut pace, mut limit) = (Pace::default(), Bucket::of(20.0));
        uses(&mut pace, &mut limit, 0.002, 0.0, 60.0);
        limit.calls = 5.0;
        uses(&mut pace, &mut limit, 0.002, 60.0, 90.0);
        let used = uses(&mut pace, &mut limit, 0.002, 90.0, 180.0) / 5.0;
        assert!(used > 0.95, "of less: {used}");
        limit.calls = 40.0;
        uses(&mut pace, &mut limit, 0.002, 180.0, 480.0);
        let used = uses(&mut pace, &mut limit, 0.002, 480.0, 600.0) / 40.0;
        assert!(used > 0.95, "of more: {used}");
    }

    #[test]
    fn while_microsoft_wants_to_be_left_alone_nobody_calls_and_afterwards_everybody_may() {
        let mut pace = Pace::default();
        assert_eq!(pace.paused(at(0.0)), None);
        pace.left(at(0.0));
        pace.refused(at(0.0), at(0.1), Some(Duration::from_secs(30)));
        assert_eq!(pace.paused(at(10.1)), Some(Duration::from_secs(20)));
        assert_eq!(pace.paused(at(30.2)), None);
        // One refusal says nothing about how much is taken.
        assert_eq!(pace.turn(at(30.2)), Duration::ZERO);
        let mut waits = Vec::new();
        let mut now = 60.0;
        for _ in 0..7 {
            pace.left(at(now));
            pace.refused(at(now), at(now), None);
            waits.push(pace.paused(at(now)).unwrap_or_default().as_secs());
            now += 100.0;
        }
        assert_eq!(
            waits,
            [2, 4, 8, 16, 32, 50, 50],
            "where it doesn't say how long"
        );
    }

    #[test]
    fn who_calls_now_and_then_and_is_refused_now_and_then_gets_no_pace_from_that() {
        let mut pace = Pace::default();
        for minute in 0..60 {
            let now = f64::from(minute) * 60.0;
            pace.turn(at(now));
            pace.left(at(now));
            pace.was_taken(at(now + 0.1));
            if minute % 10 == 9 {
                pace.refused(at(now), at(now + 0.1), Some(Duration::from_secs(1)));
            }
        }
        let wait = pace.turn(at(3_600.0)) + pace.turn(at(3_600.0));
        assert!(wait < Duration::from_millis(200), "{wait:?}");
        assert!(pace.is_forgotten(at(7_200.0)));
    }
}
