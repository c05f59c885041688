//! Whose turn it is to change an organization.
//!
//! Changes of one organization wait for each other in the database, and each that waits
//! there holds a connection. Here they wait without one: however many change one
//! organization at once, the others and whoever only reads find connections (F44).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mentoring::organization::OrganizationId;
use sea_orm::{ConnAcquireErr, DbErr};
use tokio::sync::OwnedMutexGuard;

use super::{StoreError, Stored};

/// Nobody waits longer for their turn than for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Held for as long as a change lasts.
pub(super) type Turn = OwnedMutexGuard<()>;

/// The turns of one process.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<OrganizationId, Weak<tokio::sync::Mutex<()>>>>>);

impl Turns {
    /// Waits for this process's turn to change an organization.
    pub async fn take(&self, organization: OrganizationId) -> Stored<Turn> {
        self.take_within(PATIENCE, organization).await
    }

    async fn take_within(&self, patience: Duration, organization: OrganizationId) -> Stored<Turn> {
        let queue = self.of(organization);
        tokio::time::timeout(patience, queue.lock_owned())
            .await
            .map_err(|_| StoreError::Busy(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))
    }

    /// Queues in which nobody stands are forgotten, so the map doesn't grow.
    fn of(&self, organization: OrganizationId) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = queues.get(&organization).and_then(Weak::upgrade) {
            return known;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let fresh = Arc::default();
        queues.insert(organization, Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(number: u128) -> OrganizationId {
        OrganizationId(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn one_at_a_time_changes_an_organization_and_nobody_waits_forever() {
        let turns = Turns::default();
        let first = turns.take(organization(1)).await.unwrap();
        assert!(
            turns.take(organization(2)).await.is_ok(),
            "another organization"
        );
        let patience = Duration::from_millis(20);
        let waited = turns.take_within(patience, organization(1)).await;
        assert!(matches!(waited, Err(StoreError::Busy(_))), "{waited:?}");
        drop(first);
        assert!(turns.take(organization(1)).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_is_done_is_forgotten() {
        let turns = Turns::default();
        for number in 0..1_000 {
            drop(turns.take(organization(number)).await.unwrap());
        }
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
