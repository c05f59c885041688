//! Which fault happens to which call.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::sync::watch;

use super::{Act, Fault, On, Pull, What};
use crate::Sandbox;
use crate::ids::{ObjectId, TenantId};

/// What is still to go wrong.
#[derive(Debug)]
pub(crate) struct Faults {
    queue: Mutex<Queue>,
    /// Counts how often everything was called off, which lets held calls go on.
    cleared: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Queue {
    last: u64,
    faults: Vec<Queued>,
}

/// A fault that waits for its calls.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Queued {
    /// Counts up from 1.
    pub(crate) number: u64,
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// How many calls it happened to.
    pub(crate) happened: u64,
    /// When it ends by itself, on the sandbox's clock.
    pub(crate) until: Option<Timestamp>,
}

/// Whose call it is, as far as a fault asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) person: Option<ObjectId>,
}

/// What happens to a call.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Levers to pull before anything else.
    pub(crate) pulls: Vec<Pull>,
    pub(crate) act: Option<Act>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            cleared: watch::Sender::new(0),
        }
    }
}

impl Faults {
    pub(crate) fn push(&self, fault: Fault, now: Timestamp) -> Queued {
        let until = fault.for_seconds.map(|seconds| {
            now.saturating_add(SignedDuration::from_secs(seconds.into()))
                .unwrap_or(Timestamp::MAX)
        });
        let mut queue = self.queue();
        queue.last += 1;
        let queued = Queued {
            number: queue.last,
            fault,
            happened: 0,
            until,
        };
        queue.faults.push(queued.clone());
        queued
    }

    pub(crate) fn clear(&self) {
        self.queue().faults.clear();
        self.cleared.send_modify(|count| *count += 1);
    }

    /// Calls one off. False when there is none with this number.
    pub(crate) fn remove(&self, number: u64) -> bool {
        let faults = &mut self.queue().faults;
        let before = faults.len();
        faults.retain(|queued| queued.number != number);
        faults.len() < before
    }

    pub(crate) fn list(&self, now: Timestamp) -> Vec<Queued> {
        let faults = &mut self.queue().faults;
        faults.retain(|queued| !queued.is_over(now));
        faults.clone()
    }

    /// A signal when everything is called off.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.cleared.subscribe()
    }

    /// What happens to this call: the first fault that is about it. Those that only pull a lever
    /// don't keep others from happening.
    pub(crate) fn take(
        &self,
        sandbox: &Sandbox,
        method: &Method,
        path: &str,
        caller: impl FnOnce() -> Caller,
    ) -> Taken {
        let mut taken = Taken::default();
        let mut queue = self.queue();
        if queue.faults.is_empty() {
            return taken;
        }
        let now = sandbox.now();
        let (path, caller) = (readable(path), caller());
        for queued in &mut queue.faults {
            if queued.is_over(now) || !queued.fault.on.fits(sandbox, method, &path, caller) {
                continue;
            }
            if queued.fault.after > 0 {
                queued.fault.after -= 1;
                continue;
            }
            if let What::Pull(pull) = &queued.fault.act.what {
                taken.pulls.push(pull.clone());
            } else if taken.act.is_none() {
                taken.act = Some(queued.fault.act.clone());
            } else {
                continue;
            }
            queued.happened += 1;
            if let Some(times) = &mut queued.fault.times {
                *times -= 1;
            }
        }
        queue.faults.retain(|queued| !queued.is_over(now));
        taken
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued {
    fn is_over(&self, now: Timestamp) -> bool {
        self.fault.times == Some(0) || self.until.is_some_and(|until| until <= now)
    }
}

impl On {
    fn fits(&self, sandbox: &Sandbox, method: &Method, path: &str, caller: Caller) -> bool {
        let wanted = |text: &Option<String>| text.as_deref().map(readable);
        self.method
            .as_deref()
            .is_none_or(|wanted| wanted == "*" || wanted.eq_ignore_ascii_case(method.as_str()))
            && wanted(&self.path_prefix).is_none_or(|prefix| path.starts_with(&prefix))
            && wanted(&self.path_contains).is_none_or(|part| path.contains(&part))
            && self.tenant.as_deref().is_none_or(|name| {
                let tenant = sandbox.read(|state| state.find_tenant(name).map(|one| one.id));
                tenant.is_some() && tenant == caller.tenant
            })
            && self.user.as_deref().is_none_or(|name| {
                let person = sandbox.read(|state| {
                    let person = state.people.find_anywhere(name).map(|person| person.id);
                    person.or_else(|| name.parse().ok())
                });
                person.is_some() && person == caller.person
            })
    }
}

/// A path as it is compared: decoded and in lower case.
fn readable(path: &str) -> String {
    percent_decode_str(path)
        .decode_utf8_lossy()
        .to_ascii_lowercase()
}
