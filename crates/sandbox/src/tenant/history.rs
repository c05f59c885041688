//! What changed in the directory, for those who ask for changes alone
//! (`/users/delta`). Nothing is written down before somebody asks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::ids::{ObjectId, TenantId};
use crate::tenant::person::Person;

/// How many changes are remembered. Who asks for older ones has to begin anew.
const KEPT: usize = 20_000;

/// The last changes, each with the account as it was before.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Tells one beginning from another; none before the first.
    epoch: Option<u64>,
    /// The number of the first change that is remembered.
    first: u64,
    changes: VecDeque<Change>,
    /// Who was deleted for good.
    purged: BTreeSet<ObjectId>,
}

#[derive(Clone, Debug)]
struct Change {
    id: ObjectId,
    tenant: TenantId,
    /// None where the account was made by this change.
    before: Option<Box<Person>>,
}

impl History {
    /// Begins to remember, unless it does already.
    pub(super) fn begin(&mut self, epoch: u64) {
        self.epoch.get_or_insert(epoch);
    }

    pub(super) fn note(&mut self, id: ObjectId, tenant: TenantId, before: Option<&Person>) {
        if self.epoch.is_none() {
            return;
        }
        if self.changes.len() == KEPT {
            self.changes.pop_front();
            self.first += 1;
        }
        self.changes.push_back(Change {
            id,
            tenant,
            before: before.cloned().map(Box::new),
        });
    }

    pub(super) fn note_purge(&mut self, id: ObjectId) {
        if self.epoch.is_some() {
            self.purged.insert(id);
        }
    }

    pub fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// The number that the next change will have.
    pub fn next(&self) -> u64 {
        self.first + u64::try_from(self.changes.len()).unwrap_or(u64::MAX)
    }

    pub fn is_purged(&self, id: ObjectId) -> bool {
        self.purged.contains(&id)
    }

    /// Who of a tenant changed from this number on, each as they were before; none for who wasn't
    /// there. Nothing where that isn't known any more.
    pub fn since(
        &self,
        number: u64,
        tenant: TenantId,
    ) -> Option<BTreeMap<ObjectId, Option<&Person>>> {
        let skipped = usize::try_from(number.checked_sub(self.first)?).ok()?;
        if skipped > self.changes.len() {
            return None;
        }
        let mut changed = BTreeMap::new();
        for change in self.changes.range(skipped..) {
            if change.tenant == tenant {
                changed.entry(change.id).or_insert(change.before.as_deref());
            }
        }
        Some(changed)
    }
}
