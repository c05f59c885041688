//! How much an application may ask of Graph, and how much it has asked: token
//! buckets on the sandbox's clock.
//!
//! Source: "Microsoft Graph service-specific throttling limits".

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ClientId, ObjectId, TenantId};
use crate::tenant::meetings::MEETINGS_A_MONTH;

/// How many buckets there are at least before those that are full again are forgotten.
const BUCKETS: usize = 10_000;

const SECOND: i128 = 1_000_000_000;

/// So many calls (or resource units) in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Written")]
pub struct Rate {
    pub calls: u32,
    pub seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    calls: u32,
    #[serde(default = "one")]
    seconds: u32,
}

fn one() -> u32 {
    1
}

impl TryFrom<Written> for Rate {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        if written.calls == 0 || written.seconds == 0 {
            return Err("a limit allows at least one call in at least one second");
        }
        Ok(Self::new(written.calls, written.seconds))
    }
}

impl Rate {
    pub const fn new(calls: u32, seconds: u32) -> Self {
        Self { calls, seconds }
    }
}

/// Which limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Every call of an application, in all tenants together.
    App,
    /// Resource units that an application spends on a tenant's directory.
    DirectoryReads,
    /// What an application changes in a tenant's directory.
    DirectoryWrites,
    /// Calls about online meetings of an application in a tenant.
    Meetings,
    /// The same for one host. Microsoft names no such limit.
    Host,
    /// Calls of an application to one mailbox, photos among them.
    Mailbox,
    /// Such calls at the same time.
    MailboxAtOnce,
    /// Meetings that one person makes in a month.
    MeetingsAMonth,
}

/// What happens to the meeting after the last one that a month allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverTheMonth {
    /// It is made, and counted.
    #[default]
    Count,
    /// It is refused. That Microsoft does so is unverified.
    Refuse,
}

/// The limits that act. What is left out of a change stays; null sets Microsoft's own value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub app: Rate,
    /// None: by the size of the tenant.
    pub directory_reads: Option<Rate>,
    pub directory_writes: Rate,
    pub meetings: Rate,
    /// None: no limit.
    pub host: Option<Rate>,
    pub mailbox: Rate,
    pub mailbox_at_once: u32,
    /// How long a call to a mailbox takes, in milliseconds of the machine's own clock, so that
    /// several can be under way at once.
    pub mailbox_takes_ms: u32,
    pub meetings_a_month: u32,
    pub over_the_month: OverTheMonth,
    #[serde(skip)]
    pub usage: Usage,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            app: Rate::new(130_000, 10),
            directory_reads: None,
            directory_writes: Rate::new(3_000, 150),
            meetings: Rate::new(50_000, 15),
            host: None,
            mailbox: Rate::new(10_000, 600),
            mailbox_at_once: 4,
            mailbox_takes_ms: 0,
            meetings_a_month: MEETINGS_A_MONTH,
            over_the_month: OverTheMonth::Count,
            usage: Usage::default(),
        }
    }
}

impl Limits {
    /// What an application may spend on reading a directory with so many people.
    pub fn directory_reads_of(&self, people: usize) -> Rate {
        let by_size = match people {
            0..50 => 3_500,
            50..=500 => 5_000,
            _ => 8_000,
        };
        self.directory_reads.unwrap_or(Rate::new(by_size, 10))
    }
}

/// What the limits are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spender {
    pub limit: Limit,
    pub app: ClientId,
    pub tenant: Option<TenantId>,
    pub person: Option<ObjectId>,
}

/// What was asked so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// When each bucket is full again, in nanoseconds since 1970.
    full_at: HashMap<Spender, i128>,
    /// How many buckets there may be before the full ones are looked for.
    tidy_at: usize,
    under_way: HashMap<(ClientId, ObjectId), u32>,
    refused: BTreeMap<Limit, u64>,
    taken: BTreeMap<Limit, u64>,
}

/// What became of a call at one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// How much of the limit is used up, in percent.
    pub percent: u32,
    /// In how many seconds the call would be taken; none where it is taken now.
    pub retry_after: Option<u32>,
}

impl Usage {
    /// Spends so much. A call that is refused counts too. Source: "Microsoft Graph throttling
    /// guidance" ("all requests accrue against your usage limits").
    pub fn spend(&mut self, spender: Spender, rate: Rate, cost: u32, now: Timestamp) -> Spent {
        let now = now.as_nanosecond();
        if self.full_at.len() >= self.tidy_at.max(BUCKETS) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.tidy_at = self.full_at.len() * 2;
        }
        let period = i128::from(rate.seconds) * SECOND;
        let step = period * i128::from(cost.min(rate.calls)) / i128::from(rate.calls);
        let full_at = self.full_at.entry(spender).or_insert(now);
        // The clock may have been moved back, and the limit changed.
        let before = (*full_at).clamp(now, now + 2 * period);
        let is_refused = before + step > now + period;
        *full_at = (before + step).min(now + 2 * period);
        let used = *full_at - now;
        let retry_after = is_refused.then(|| {
            let wait = used + step - period;
            u32::try_from((wait + SECOND - 1) / SECOND)
                .unwrap_or(u32::MAX)
                .max(1)
        });
        if is_refused {
            self.note_refusal(spender.limit);
        } else {
            *self.taken.entry(spender.limit).or_default() += 1;
        }
        Spent {
            percent: u32::try_from(used * 100 / period).unwrap_or(u32::MAX),
            retry_after,
        }
    }

    /// Begins a call to a mailbox, unless too many are under way.
    pub fn begin(&mut self, app: ClientId, mailbox: ObjectId, at_once: u32) -> bool {
        let count = self.under_way.entry((app, mailbox)).or_default();
        if *count >= at_once {
            self.note_refusal(Limit::MailboxAtOnce);
            return false;
        }
        *count += 1;
        true
    }

    /// Ends such a call.
    pub fn end(&mut self, app: ClientId, mailbox: ObjectId) {
        if let Some(count) = self.under_way.get_mut(&(app, mailbox)) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.under_way.remove(&(app, mailbox));
            }
        }
    }

    pub fn note_refusal(&mut self, limit: Limit) {
        *self.refused.entry(limit).or_default() += 1;
    }

    /// How many calls each limit has let pass.
    pub fn taken(&self) -> &BTreeMap<Limit, u64> {
        &self.taken
    }

    /// How many calls each limit has refused.
    pub fn refused(&self) -> &BTreeMap<Limit, u64> {
        &self.refused
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    use super::{Limit, Limits, Rate, Spender, Usage};
    use crate::ids::ClientId;

    const SPENDER: Spender = Spender {
        limit: Limit::App,
        app: ClientId(Uuid::nil()),
        tenant: None,
        person: None,
    };

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut usage = Usage::default();
        let rate = Rate::new(5, 1);
        let mut taken = |ms| usage.spend(SPENDER, rate, 1, at(ms)).retry_after.is_none();
        assert!((0..5).all(|_| taken(0)));
        assert!(taken(200) && taken(400));
        assert!(!taken(401));
        // The refused call counted too.
        assert!(!taken(700));
        assert!(taken(3_000));
    }

    #[test]
    fn who_waits_as_long_as_is_asked_is_taken() {
        for (rate, cost) in [
            (Rate::new(1, 1), 1),
            (Rate::new(3, 10), 2),
            (Rate::new(1, 7), 5),
            (Rate::new(130_000, 10), 1),
        ] {
            let mut usage = Usage::default();
            let mut wait = 0;
            for _ in 0..rate.calls * 5 {
                let spent = usage.spend(SPENDER, rate, cost, at(0));
                wait = spent.retry_after.unwrap_or(0);
            }
            assert!(wait > 0, "{rate:?}");
            let later = at(i64::from(wait) * 1_000);
            let spent = usage.spend(SPENDER, rate, cost, later);
            assert_eq!(spent.retry_after, None, "{rate:?}");
        }
    }

    #[test]
    fn a_larger_tenant_may_be_asked_more() {
        let limits = Limits::default();
        let calls = [10, 50, 500, 501].map(|people| limits.directory_reads_of(people).calls);
        assert_eq!(calls, [3_500, 5_000, 5_000, 8_000]);
    }
}
