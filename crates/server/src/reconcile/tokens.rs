//! Keeps the host's tokens fresh: ahead of their end, at least daily, one refresh at a
//! time over all nodes (the lease), the newest always kept (compare and swap).

use jiff::SignedDuration;
use mentoring::health::refresh_due;
use mentoring::integration::IntegrationState;
use microsoft::{ClaimsChallenge, Failure, Grant, TenantId};
use secrecy::ExposeSecret;

use super::host;
use super::{Tools, Trouble};
use crate::store::credentials::{self, Credentials, token_place};
use crate::store::integrations::{self, Integration};
use crate::store::lease::{self, Claim};
use crate::store::{alarms, links, meetings};
use crate::wake::Reconciler;

const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// Refreshes the tokens of one organization.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    // Whoever was paused for longer than its lease asks nothing: another node has, and
    // where a token counts once, asking with the old one would end the newest as well.
    let tx = tools.store.begin(organization).await?;
    if !lease::renew(&tx, claim, super::LEASE).await? {
        return Ok(());
    }
    let Some(stored) = credentials::find_in(&tx, organization).await? else {
        return Ok(());
    };
    tx.commit().await?;
    let refresh_token = tools.vault.open_text(
        token_place(organization, "refresh_token"),
        &stored.refresh_token,
    )?;
    let tenant = TenantId(stored.tenant_id);
    let challenge = stored.challenge.as_deref();
    let answer = match challenge.and_then(ClaimsChallenge::from_json) {
        Some(challenge) => {
            let microsoft = &tools.microsoft;
            microsoft
                .refresh_answering(tenant, &refresh_token, &challenge)
                .await
        }
        None => tools.microsoft.refresh(tenant, &refresh_token).await,
    };
    match answer {
        Ok(grant) => refreshed(tools, claim, &stored, &grant).await,
        Err(failure) => failed(tools, claim, &stored, &failure).await,
    }
}

async fn refreshed(
    tools: &Tools,
    claim: &Claim,
    stored: &Credentials,
    grant: &Grant,
) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    let lasts = SignedDuration::try_from(grant.expires_in).unwrap_or(SignedDuration::ZERO);
    let seal = |column, secret: &secrecy::SecretString| {
        tools.vault.seal(
            token_place(organization, column),
            secret.expose_secret().as_bytes(),
        )
    };
    let next = Credentials {
        refresh_token: match &grant.refresh_token {
            Some(token) => seal("refresh_token", token),
            None => stored.refresh_token.clone(),
        },
        access_token: Some((seal("access_token", &grant.access_token), tx.now + lasts)),
        refreshed_at: tx.now,
        ..stored.clone()
    };
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    if !credentials::replace(&tx, &next, stored.version).await? {
        // Somebody else has newer tokens; ours are forgotten.
        lease::release(&tx, claim, Some(tx.now + LONGEST_WAIT)).await?;
        return Ok(tx.commit().await?);
    }
    let integration = integrations::find_in(&tx, organization).await?;
    if let IntegrationState::NeedsAttention(cause) = integration.state
        && (cause.is_about_sign_in() || stored.attempts > 0)
    {
        // The live test says whether everything else works again as well.
        let next = Integration {
            state: IntegrationState::Checking,
            ..integration
        };
        integrations::save(&tx, &next, Some(tx.now)).await?;
        tools.wake.ring(Reconciler::Health);
    }
    let was_at_hand = stored.attempts == 0
        && stored
            .access_token
            .as_ref()
            .is_some_and(|(_, ends_at)| *ends_at > tx.now);
    if !was_at_hand {
        links::wake_all(&tx, organization).await?;
    }
    if alarms::end(&tx, alarms::CLIENT_SECRET).await? {
        tracing::info!(
            alarm = alarms::CLIENT_SECRET,
            "Microsoft accepts this instance's client secret again"
        );
    }
    let next_start = meetings::next_teams_start_in(&tx, organization).await?;
    let due = refresh_due(tx.now, lasts, next_start);
    lease::release(&tx, claim, Some(due)).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Links);
    Ok(())
}

async fn failed(
    tools: &Tools,
    claim: &Claim,
    stored: &Credentials,
    failure: &Failure,
) -> Result<(), Trouble> {
    let organization = claim.organization;
    host::log(organization, "refresh the host's token", failure);
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let current = credentials::find_in(&tx, organization).await?;
    if current.is_none_or(|current| current.version != stored.version) {
        // There are newer tokens: that the older ones are refused says nothing of them.
        lease::release(&tx, claim, Some(tx.now)).await?;
        return Ok(tx.commit().await?);
    }
    let attempts = stored.attempts + 1;
    credentials::count_failure(&tx, organization, attempts).await?;
    let heals = failure.heals_by_itself();
    let later = if heals {
        let doubled =
            SignedDuration::from_secs(2) * 2_i32.pow(u32::try_from(attempts.min(10)).unwrap_or(10));
        let asked = failure
            .retry_after
            .and_then(|wait| SignedDuration::try_from(wait).ok());
        asked.unwrap_or_else(|| doubled.min(LONGEST_WAIT))
    } else {
        if let Some(cause) = host::cause(failure) {
            host::attention(tools, &tx, organization, cause, failure).await?;
        }
        let integration = integrations::find_in(&tx, organization).await?;
        if integration.state.is_ending() {
            // Nothing can be deleted any more: what is left is listed, and the ending ends.
            links::give_up_deleting(&tx, organization).await?;
            tools.wake.ring(Reconciler::Health);
        }
        host::WHILE_REFUSED
    };
    lease::release(&tx, claim, Some(tx.now + later)).await?;
    tx.commit().await?;
    Ok(())
}
