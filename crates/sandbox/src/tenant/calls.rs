//! What was asked of the sandbox: the last calls in full, and counts of all.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::calls::Exchange;
use crate::ids::TenantId;

const KEPT: usize = 500;

/// One request and what became of it. Holds no secret: the query is masked.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Counts up from 1.
    pub number: u64,
    pub at: Timestamp,
    pub method: String,
    /// The path as it was asked, with a masked query.
    pub path: String,
    /// The route that answered, such as `POST /v1.0/me/onlineMeetings/createOrGet`.
    pub route: String,
    pub status: u16,
    pub tenant: Option<TenantId>,
    pub request_id: Option<String>,
    /// What was done to the answer on demand (see `faults`).
    pub fault: Option<&'static str>,
    #[serde(skip)]
    pub(crate) exchange: Option<Arc<Exchange>>,
}

/// The log of calls since the start or the last reset. It is not kept over a restart.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    last: VecDeque<Call>,
    total: u64,
    by_route: BTreeMap<String, u64>,
    by_organization: BTreeMap<TenantId, u64>,
}

impl Calls {
    /// Writes a call down, and numbers it.
    pub fn push(&mut self, mut call: Call) {
        self.total += 1;
        call.number = self.total;
        match self.by_route.get_mut(&call.route) {
            Some(count) => *count += 1,
            None => {
                self.by_route.insert(call.route.clone(), 1);
            }
        }
        if let Some(tenant) = call.tenant {
            *self.by_organization.entry(tenant).or_default() += 1;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(call);
    }

    /// The last calls, newest first.
    pub fn recent(&self) -> impl Iterator<Item = &Call> {
        self.last.iter().rev()
    }

    /// A call, if it is one of the last.
    pub fn find(&self, number: u64) -> Option<&Call> {
        self.last.iter().rev().find(|call| call.number == number)
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn by_route(&self) -> &BTreeMap<String, u64> {
        &self.by_route
    }

    pub fn by_organization(&self) -> &BTreeMap<TenantId, u64> {
        &self.by_organization
    }
}
