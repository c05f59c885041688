//! Signing in at Microsoft again: with the same host, or with another one, under which all
//! that is planned is made anew.
//!
//! Nobody may have two links to one meeting (N1), so what lives under the old host is
//! deleted first, as long as its sign-in works, and listed where it doesn't (F14).

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::integration::IntegrationState;

/// An account at Microsoft: its tenant and its object id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The tenant.
    pub tenant: Uuid,
    /// The account in it.
    pub object_id: Uuid,
}

/// How an account that signed in relates to the host there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinship {
    /// It is the host: all links stay as they are.
    SameHost,
    /// Another account of the same directory.
    OtherHost,
    /// An account of another directory: members are looked up there as well.
    OtherTenant,
}

/// Whether it is the same host.
pub fn kinship(host: Account, signed_in: Account) -> Kinship {
    if host.tenant != signed_in.tenant {
        Kinship::OtherTenant
    } else if host.object_id != signed_in.object_id {
        Kinship::OtherHost
    } else {
        Kinship::SameHost
    }
}

/// How far a change of host has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Another account signed in, and the live test looks whether it could host.
    Testing,
    /// It could. A person must say yes.
    Proposed,
    /// It could not. Nothing is changed.
    Refused,
    /// A person said yes: what lives under the old host is being deleted.
    Moving,
}

crate::words!(Phase {
    Testing = "testing",
    Proposed = "proposed",
    Refused = "refused",
    Moving = "moving",
});

/// A change of host that nobody decided on is forgotten, with the tokens that it brought.
pub const LASTS: SignedDuration = SignedDuration::from_hours(1);
/// Longer than this, nobody waits for deletions: the meetings need their new links.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// Whether a change of host may still be decided on.
pub fn is_open(phase: Phase, started_at: Timestamp, now: Timestamp) -> bool {
    phase != Phase::Moving && now.duration_since(started_at) < LASTS
}

/// Whether the old host may delete what it made: only its own sign-in can.
pub fn can_delete(state: &IntegrationState) -> bool {
    match state {
        IntegrationState::Integrated => true,
        IntegrationState::NeedsAttention(cause) => cause.heals_by_itself(),
        _ => false,
    }
}

/// What a change of host does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Deletions are under way, or a call is.
    Wait,
    /// The deletions are done, or given up: the new host takes over, in one commit.
    Swap,
}

/// The next step. `being_deleted` are Teams meetings whose deletion is still tried, `held`
/// says whether anybody works with the old token just now.
pub fn step(being_deleted: u64, held: bool, began_at: Timestamp, now: Timestamp) -> Step {
    let is_over = now.duration_since(began_at) >= PATIENCE;
    if held || (being_deleted > 0 && !is_over) {
        Step::Wait
    } else {
        Step::Swap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::Cause;

    #[test]
    fn an_account_is_known_by_its_object_id_and_never_without_its_tenant() {
        let account = |tenant, object_id| Account {
            tenant: Uuid::from_u128(tenant),
            object_id: Uuid::from_u128(object_id),
        };
        let host = account(1, 1);
        assert_eq!(kinship(host, account(1, 1)), Kinship::SameHost);
        assert_eq!(kinship(host, account(1, 2)), Kinship::OtherHost);
        assert_eq!(kinship(host, account(2, 1)), Kinship::OtherTenant);
    }

    #[test]
    fn a_host_whose_sign_in_is_refused_deletes_nothing() {
        assert!(can_delete(&IntegrationState::Integrated));
        for cause in Cause::ALL {
            let state = IntegrationState::NeedsAttention(*cause);
            assert_eq!(can_delete(&state), cause.heals_by_itself(), "{cause:?}");
        }
    }

    #[test]
    fn the_new_host_takes_over_once_nothing_is_left_to_delete_or_after_an_hour() {
        let began: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let hour = began + PATIENCE;
        assert_eq!(step(3, false, began, began), Step::Wait);
        assert_eq!(step(0, true, began, began), Step::Wait);
        assert_eq!(step(0, false, began, began), Step::Swap);
        assert_eq!(step(3, false, began, hour), Step::Swap);
        assert_eq!(
            step(3, true, began, hour),
            Step::Wait,
            "a call is under way"
        );
    }

    #[test]
    fn what_nobody_decides_on_is_void_after_an_hour() {
        let began: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        assert!(is_open(Phase::Proposed, began, began));
        assert!(!is_open(Phase::Proposed, began, began + LASTS));
        assert!(!is_open(Phase::Moving, began, began));
    }
}
