//! What was asked of the sandbox: the last calls in full, and counts of all.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::calls::Exchange;
use crate::ids::TenantId;

const KEPT: usize = 500;

/// How many routes are counted by name. The real ones are far fewer; the rest are methods and
/// paths that somebody made up.
const ROUTES: usize = 300;

/// The longest route that is counted by name, in bytes.
const LONGEST: usize = 200;

/// Where the others are counted together.
const OTHER: &str = "other";

/// The methods that have a count of their own (RFC 9110, and PATCH of RFC 5789).
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE",
];

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
        self.count(&call);
        if let Some(tenant) = call.tenant {
            *self.by_organization.entry(tenant).or_default() += 1;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(call);
    }

    fn count(&mut self, call: &Call) {
        if let Some(count) = self.by_route.get_mut(&call.route) {
            *count += 1;
            return;
        }
        let is_real = call.route.len() <= LONGEST && METHODS.contains(&call.method.as_str());
        let has_room = self.by_route.len() < ROUTES;
        let route = if is_real && has_room {
            &call.route
        } else {
            OTHER
        };
        *self.by_route.entry(route.to_owned()).or_default() += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, route: &str) -> Call {
        Call {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            method: method.to_owned(),
            path: route.to_owned(),
            route: format!("{method} {route}"),
            status: 404,
            tenant: None,
            request_id: None,
            fault: None,
            exchange: None,
        }
    }

    #[test]
    fn invented_methods_and_paths_are_counted_together() {
        let mut calls = Calls::default();
        calls.push(call("GET", "/v1.0/me"));
        for number in 0..10_000 {
            calls.push(call(&format!("GET{number}"), "/v1.0/me"));
        }
        assert_eq!(calls.by_route().len(), 2);
        assert_eq!(calls.by_route()[OTHER], 10_000);
        calls.push(call("GET", &"/{unknown}".repeat(1_000)));
        assert_eq!(calls.by_route()[OTHER], 10_001);
        for number in 0..10_000 {
            calls.push(call("GET", &format!("/v1.0/{number}")));
        }
        calls.push(call("GET", "/v1.0/me"));
        assert!(calls.by_route().len() <= ROUTES + 1);
        assert_eq!(calls.by_route()["GET /v1.0/me"], 2);
        assert_eq!(calls.by_route().values().sum::<u64>(), calls.total());
    }
}
