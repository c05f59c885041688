//! A change of host, up to the decision: what another account that signed in would mean is
//! kept and shown, and nothing happens before a person says yes (C-10).

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::integration::IntegrationState;
use mentoring::reconnect::{self, Account, Kinship, Phase};
use microsoft::{Grant, Identity};
use secrecy::{ExposeSecret, SecretString};

use crate::app::{Acting, App, AppError, Done, record};
use crate::store::integrations::{self, Host, Integration};
use crate::store::reconnections::{self, Reconnection, token_place};
use crate::store::{Tx, links, meetings};
use crate::wake::Reconciler;

const VOID: &str = "There is no change of host to decide on any more. Sign in at Microsoft again.";

/// Whether another account than the host signed in while something lives under the host, or
/// one of another directory.
pub(super) async fn is_a_change_of_host(
    tx: &Tx,
    before: &Integration,
    identity: &Identity,
) -> Done<bool> {
    let Some(host) = &before.host else {
        return Ok(false);
    };
    let is_settled =
        before.state.is_connected() && before.state != IntegrationState::AwaitingConfirmation;
    let host = Account {
        tenant: host.tenant_id,
        object_id: host.object_id,
    };
    let signed_in = Account {
        tenant: identity.tenant.0,
        object_id: identity.object_id.0,
    };
    Ok(is_settled
        && match reconnect::kinship(host, signed_in) {
            Kinship::SameHost => false,
            Kinship::OtherTenant => true,
            Kinship::OtherHost => {
                links::count_being_deleted(tx, before.organization).await? > 0
                    || !meetings::future_teams_in(tx, before.organization, None)
                        .await?
                        .is_empty()
            }
        })
}

impl App {
    /// Keeps the account until somebody decides; the live test looks whether it could host.
    pub(super) async fn propose_host(
        &self,
        tx: Tx,
        acting: &Acting,
        grant: &Grant,
        refresh_token: &SecretString,
        identity: &Identity,
    ) -> Done<()> {
        let organization = acting.actor.organization;
        let lasts = SignedDuration::try_from(grant.expires_in).unwrap_or(SignedDuration::ZERO);
        let seal = |column, secret: &SecretString| {
            let place = token_place(organization, column);
            self.vault.seal(place, secret.expose_secret().as_bytes())
        };
        let reconnection = Reconnection {
            organization,
            phase: Phase::Testing,
            host: Host {
                tenant_id: identity.tenant.0,
                tenant_name: String::new(),
                object_id: identity.object_id.0,
                name: identity.name.clone(),
                user_principal_name: identity.preferred_username.clone(),
            },
            scopes: grant.scopes.iter().cloned().collect(),
            refresh_token: seal("refresh_token", refresh_token),
            access_token: (seal("access_token", &grant.access_token), tx.now + lasts),
            by: (acting.actor.member, acting.actor.name.clone()),
            started_at: tx.now,
            checks: Vec::new(),
        };
        reconnections::put(&tx, &reconnection).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        integrations::save(&tx, &integration, Some(tx.now)).await?;
        let event = Event::TeamsHostProposed {
            tenant: identity.tenant.0,
            host: identity.object_id.0,
            host_name: identity.name.clone(),
        };
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Health);
        Ok(())
    }

    /// Says yes: what lives under the old host is deleted as far as that can be, then the
    /// new one takes over.
    pub async fn change_host(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        let integration = integrations::find_in(&tx, organization).await?;
        let reconnection = reconnections::find_in(&tx, organization)
            .await?
            .filter(|found| reconnect::is_open(found.phase, found.started_at, tx.now))
            .filter(|found| found.phase == Phase::Proposed)
            .ok_or_else(|| AppError::Conflict(VOID.to_owned()))?;
        if !integration.state.is_connected() || integration.state.is_ending() {
            return Err(AppError::Conflict(VOID.to_owned()));
        }
        let moved: Vec<_> = meetings::future_teams_in(&tx, organization, None)
            .await?
            .into_iter()
            // Whoever meets just now is not interrupted; that link ends with the meeting.
            .filter(|stored| {
                stored
                    .meeting
                    .ahead(tx.now)
                    .any(|one| one.starts_at > tx.now)
            })
            .map(|stored| stored.meeting.id)
            .collect();
        links::move_away(&tx, organization, &moved).await?;
        if !reconnect::can_delete(&integration.state) {
            links::give_up_deleting(&tx, organization).await?;
        }
        let next = Integration {
            state: IntegrationState::Reconnecting,
            ..integration
        };
        integrations::save(&tx, &next, Some(tx.now)).await?;
        let moving = Reconnection {
            phase: Phase::Moving,
            started_at: tx.now,
            ..reconnection
        };
        reconnections::put(&tx, &moving).await?;
        let event = Event::TeamsHostChangeBegun {
            host_name: moving.host.name.clone(),
            meetings: moved.len(),
        };
        record(&tx, acting, &event).await?;
        tx.commit().await?;
        self.wake.ring(Reconciler::Links);
        self.wake.ring(Reconciler::Health);
        Ok(())
    }

    /// Says no: the other account is forgotten, and everything is as it was.
    pub async fn keep_host(&self, acting: &Acting) -> Done<()> {
        if !acting.actor.may_manage_organization() {
            return Err(AppError::NotFound);
        }
        let organization = acting.actor.organization;
        let tx = self.store.begin(organization).await?;
        reconnections::find_in(&tx, organization)
            .await?
            .filter(|found| found.phase != Phase::Moving)
            .ok_or_else(|| AppError::Conflict(VOID.to_owned()))?;
        reconnections::delete(&tx, organization).await?;
        let host = integrations::find_in(&tx, organization).await?.host;
        let host_name = host.map(|host| host.name).unwrap_or_default();
        record(&tx, acting, &Event::TeamsHostKept { host_name }).await?;
        Ok(tx.commit().await?)
    }
}
