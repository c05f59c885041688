//! The organization's connection to Microsoft Teams: made with one consent, taken down
//! with one typed confirmation.
//!
//! The callback is the one request that waits for Microsoft. What the browser brings back
//! proves nothing: the flow is bound to the session, to the browser's own cookie, and to
//! a state, nonce and verifier that only this instance knows.

mod connect;
mod reconnect;
mod removal;

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::integration::IntegrationState;
use mentoring::organization::OrganizationId;
use microsoft::{Attempt, Tenant};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use super::sessions::{SignedIn, key_of};
use super::{Acting, App, AppError, Done, record};
use crate::store::consents::{self, Consent};
use crate::store::drift::{self, Sweep};
use crate::store::integrations::{self, Integration};
use crate::store::{StoreError, credentials};
use crate::vault::Place;
use crate::wake::Reconciler;

/// C-04: a flow that takes longer was forgotten in some tab.
const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// Why nobody signs in at Microsoft just now.
const RECONNECTING: &str =
    "Another account is taking over as host just now. Look again when that has finished.";

/// What the administrator types to remove the integration.
pub const CONFIRMATION: &str = "remove";

/// A flow that has begun: where to send the browser, and the cookie to give it.
#[derive(Debug)]
pub struct Departure {
    /// Microsoft's authorize address.
    pub address: Url,
    /// The value of the cookie that ties the callback to this browser.
    pub cookie: SecretString,
}

/// What came back from Microsoft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The end of a flow that was begun here.
    Flow {
        /// The organization's slug.
        slug: String,
        /// Which flow.
        attempt: Uuid,
        /// What went wrong, in a sentence; none if nothing did.
        problem: Option<String>,
    },
    /// Somebody says to have approved Ithaca for a whole tenant. It proves nothing and
    /// binds nothing (C-09).
    Approval,
}

fn consent_place(organization: OrganizationId, id: Uuid) -> Place {
    Place {
        table: "consents",
        column: "sealed",
        organization: organization.0,
        row: id,
    }
}

impl App {
    /// Begins a consent flow (S5-S7) by the name that its page gave it; an earlier one of
    /// the same member is void.
    pub async fn begin_consent(&self, signed_in: &SignedIn, id: Uuid) -> Done<Departure> {
        let acting = &signed_in.acting;
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        if !self.instance.integrates_teams {
            return Err(AppError::Conflict(
                "This Ithaca has no app registration at Microsoft yet. Ask whoever runs it to follow docs/entra-app.md.".to_owned(),
            ));
        }
        let organization = acting.actor.organization;
        let attempt = Attempt::from_random(&self.randomness.bytes());
        let cookie = SecretString::from(format!(
            "{}{}",
            self.randomness.code(),
            self.randomness.code()
        ));
        let secrets = format!(
            "{} {}",
            attempt.nonce.expose_secret(),
            attempt.verifier.expose_secret()
        );
        let tx = self.store.begin(organization).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        if integration.state == IntegrationState::Removing {
            return Err(AppError::Conflict(
                "Teams is being removed just now. Integrate again when that has finished."
                    .to_owned(),
            ));
        }
        if integration.state == IntegrationState::Reconnecting {
            return Err(AppError::Conflict(RECONNECTING.to_owned()));
        }
        let consent = Consent {
            id,
            organization,
            member: acting.actor.member,
            session_key: signed_in.key.clone(),
            state_key: key_of(attempt.state.expose_secret()),
            browser_key: key_of(cookie.expose_secret()),
            sealed: self
                .vault
                .seal(consent_place(organization, id), secrets.as_bytes()),
            started_at: tx.now,
            taken: false,
            outcome: None,
        };
        match consents::insert(&tx, &consent).await {
            Err(StoreError::Taken(_)) => {
                return Err(AppError::Conflict(
                    "This page is out of date. Open it again, then press Integrate.".to_owned(),
                ));
            }
            other => other?,
        }
        record(&tx, acting, &Event::ConsentBegun).await?;
        tx.commit().await?;
        let address = microsoft::authorize_url(
            self.microsoft.cloud(),
            self.microsoft.application(),
            &attempt,
            Tenant::Organizations,
            None,
        );
        Ok(Departure { address, cookie })
    }

    /// The address that a Microsoft administrator opens to approve Ithaca for everyone,
    /// where the host account itself may not consent.
    pub fn admin_consent_address(&self, acting: &Acting) -> Done<Url> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        // Nothing is bound by what comes back from there, so the state only has to be
        // unguessable to be ignored as unknown.
        let state = SecretString::from(self.randomness.code());
        Ok(microsoft::admin_consent_url(
            self.microsoft.cloud(),
            self.microsoft.application(),
            Tenant::Organizations,
            &state,
        ))
    }

    /// Has the live test run again now, whatever it found before.
    pub async fn check_integration(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let tx = self.store.begin(acting.actor.organization).await?;
        let integration = integrations::find_in(&tx, acting.actor.organization).await?;
        if !matches!(
            integration.state,
            IntegrationState::Integrated | IntegrationState::NeedsAttention(_)
        ) {
            return Err(AppError::Conflict(
                "There is no connection to check just now.".to_owned(),
            ));
        }
        integrations::save(&tx, &integration, Some(tx.now)).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Health);
        Ok(())
    }

    /// Has what Teams keeps compared with what is wanted now, once an hour at the most: it
    /// reads every Teams meeting that lies ahead.
    pub async fn compare_with_teams(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        let sweep = drift::find_in(&tx, organization).await?;
        let sweep = sweep.filter(|_| integration.state == IntegrationState::Integrated);
        let Some(sweep) = sweep else {
            return Err(AppError::Conflict(
                "There is nothing to compare just now.".to_owned(),
            ));
        };
        let lately = tx.now - SignedDuration::from_hours(1);
        if sweep.asked_at.is_some_and(|asked_at| asked_at > lately) {
            return Err(AppError::Conflict(
                "Teams was compared less than an hour ago. Try again later.".to_owned(),
            ));
        }
        let asked = Sweep {
            begun_at: tx.now,
            asked_at: Some(tx.now),
            finished_at: None,
            looked: 0,
        };
        drift::save(&tx, organization, &asked).await?;
        drift::due_at(&tx, organization, tx.now).await?;
        record(&tx, acting, &Event::TeamsComparisonAsked).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Drift);
        Ok(())
    }

    /// Says yes to a host that is an ordinary member's own account.
    pub async fn confirm_host(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let tx = self.store.begin(acting.actor.organization).await?;
        let integration = integrations::find_in(&tx, acting.actor.organization).await?;
        if integration.state != IntegrationState::AwaitingConfirmation {
            return Err(AppError::Conflict(
                "There is nothing to confirm any more.".to_owned(),
            ));
        }
        let host_name = integration
            .host
            .as_ref()
            .map(|host| host.name.clone())
            .unwrap_or_default();
        let next = Integration {
            state: IntegrationState::Checking,
            ..integration
        };
        integrations::save(&tx, &next, Some(tx.now)).await?;
        record(&tx, acting, &Event::HostConfirmed { host_name }).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Health);
        Ok(())
    }

    /// Says no to it: what was connected is forgotten again.
    pub async fn decline_host(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        if integration.state != IntegrationState::AwaitingConfirmation {
            return Err(AppError::Conflict(
                "There is nothing to confirm any more.".to_owned(),
            ));
        }
        credentials::erase(&tx, organization).await?;
        integrations::save(
            &tx,
            &Integration {
                generation: integration.generation,
                ..Integration::none(organization)
            },
            None,
        )
        .await?;
        record(&tx, acting, &Event::HostDeclined).await?;
        tx.commit().await?;
        Ok(())
    }
}
