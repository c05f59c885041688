//! The live test of an integration: the same calls as for real meetings, on one trial
//! meeting that is gone afterwards. What it finds is shown line by line.

use jiff::SignedDuration;
use mentoring::event::Event;
use mentoring::health::next_night;
use mentoring::integration::IntegrationState;
use microsoft::online_meetings::LobbyScope;
use microsoft::{Changes, Failure, NewOnlineMeeting};

use super::host::{self, Access, Blocked};
use super::{Tools, Trouble, removal};
use crate::store::audit::{self, Author};
use crate::store::integrations::{self, Check, Host, Integration};
use crate::store::lease::{self, Claim};
use crate::store::{Tx, directory, links, organizations, tracks};
use crate::wake::Reconciler;

const WHILE_BLOCKED: SignedDuration = SignedDuration::from_secs(5);

/// Looks at one integration: tests it, or takes it down.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let integration = integrations::find_for_work(&tools.store, claim.organization).await?;
    match integration.state {
        IntegrationState::Removing => return removal::step(tools, claim).await,
        // For one that needs attention, the test says whether it healed.
        IntegrationState::Checking
        | IntegrationState::Integrated
        | IntegrationState::NeedsAttention(_) => {}
        _ => return release(tools, claim, None).await,
    }
    // A refresh that succeeds asks for the test by itself; while the sign-in is refused,
    // asking again every few seconds would only add to it.
    let again = (integration.state == IntegrationState::Checking).then_some(WHILE_BLOCKED);
    let access = match host::access_for_test(tools, integration).await? {
        Ok(access) => access,
        Err(Blocked::TokenComing) => return release(tools, claim, again).await,
        Err(Blocked::NotIntegrated | Blocked::NeedsAttention(_)) => {
            return release(tools, claim, None).await;
        }
    };
    let trial = Trial::run(tools, &access).await;
    conclude(tools, claim, &access, trial).await
}

async fn release(
    tools: &Tools,
    claim: &Claim,
    after: Option<SignedDuration>,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    lease::release(&tx, claim, after.map(|after| tx.now + after)).await?;
    tx.commit().await?;
    Ok(())
}

/// What a live test found.
struct Trial {
    checks: Vec<Check>,
    tenant_name: Option<String>,
    host_name: Option<String>,
    host_user_principal_name: Option<String>,
    failure: Option<Failure>,
}

impl Trial {
    async fn run(tools: &Tools, access: &Access) -> Self {
        let mut trial = Self {
            checks: Vec::new(),
            tenant_name: None,
            host_name: None,
            host_user_principal_name: None,
            failure: None,
        };
        if let Err(failure) = trial.walk(tools, access).await {
            host::log(
                access.integration.organization,
                "run the live test",
                &failure,
            );
            trial.failure = Some(failure);
        }
        trial
    }

    fn note<T>(&mut self, name: &str, outcome: Result<T, Failure>) -> Result<T, Failure> {
        let reason = match &outcome {
            Ok(_) => String::new(),
            Err(failure) => format!(
                "{} {}",
                failure.kind.administrator(),
                failure.kind.steps().join(" ")
            ),
        };
        self.checks.push(Check {
            name: name.to_owned(),
            passed: outcome.is_ok(),
            reason,
        });
        outcome
    }

    async fn walk(&mut self, tools: &Tools, access: &Access) -> Result<(), Failure> {
        let users = tools.microsoft.users(&access.token);
        let organization = users.organization().await;
        let organization = self.note("The Microsoft directory answers", organization)?;
        self.tenant_name = Some(organization.display_name);
        let me = users.me().await;
        let me = self.note("The host account is there", me)?;
        self.host_name = me.display_name;
        self.host_user_principal_name = Some(me.user_principal_name);

        let meetings = tools.microsoft.online_meetings(&access.token);
        let start = tools.clock.now() + SignedDuration::from_hours(24);
        let new = NewOnlineMeeting {
            external_id: format!("trial:{}", tools.randomness.uuid_v7(tools.clock.now())),
            subject: "Ithaca: trial meeting".to_owned(),
            start,
            end: start + SignedDuration::from_mins(30),
            attendees: Vec::new(),
        };
        let made = meetings.create_or_get(&new).await;
        let (made, _) = self.note("A Teams meeting can be made", made)?;
        let changes = Changes {
            lobby_scope: Some(LobbyScope::Organization),
            times: Some((start, start + SignedDuration::from_mins(45))),
            ..Changes::default()
        };
        let update = meetings.update(&made.id, &changes).await;
        let update = self.note("It can be changed", update);
        let read = match meetings.get(&made.id).await {
            Ok(Some(read)) if read.id == made.id => Ok(()),
            Ok(_) => Err(Failure::new(microsoft::Kind::NotFound)),
            Err(failure) => Err(failure),
        };
        let read = self.note("It can be read", read);
        // Whatever failed before, the trial meeting must not stay.
        let deleted = meetings.delete(&made.id).await;
        self.note("It can be deleted", deleted)?;
        update?;
        read
    }
}

async fn conclude(
    tools: &Tools,
    claim: &Claim,
    access: &Access,
    trial: Trial,
) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let current = integrations::find_in(&tx, organization).await?;
    if current.generation != access.integration.generation
        || !current.state.may_call()
        || current.removal.is_some()
    {
        // Reconnected or being removed meanwhile: this test was of something else.
        lease::release(&tx, claim, Some(tx.now)).await?;
        tx.commit().await?;
        return Ok(());
    }
    let was_tested = current.checked_at.is_some();
    let host = current.host.clone().map(|host| Host {
        tenant_name: trial.tenant_name.clone().unwrap_or(host.tenant_name),
        name: trial.host_name.clone().unwrap_or(host.name),
        user_principal_name: trial
            .host_user_principal_name
            .clone()
            .unwrap_or(host.user_principal_name),
        ..host
    });
    let tested = Integration {
        host,
        checks: trial.checks,
        checked_at: Some(tx.now),
        ..current
    };
    let due_at = match trial.failure {
        None => {
            passed(&tx, tested, was_tested).await?;
            let here = organizations::find_on(tx.on(), organization).await?;
            let zone = here.map(|here| here.time_zone).unwrap_or_default();
            Some(next_night(tx.now, &zone, organization))
        }
        Some(failure) => {
            integrations::save(&tx, &tested, None).await?;
            match host::cause(&failure) {
                None => {
                    host::token_refused(tools, &tx, access, &failure).await?;
                    Some(tx.now + WHILE_BLOCKED)
                }
                Some(cause) => {
                    host::attention(tools, &tx, organization, cause, &failure).await?;
                    host::look_again(cause, tx.now)
                }
            }
        }
    };
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Links);
    tools.wake.ring(Reconciler::Directory);
    Ok(())
}

/// The test passed: the integration goes live, tracks that used Teams before use it
/// again, everyone is looked up, and whatever waited is worked on.
async fn passed(tx: &Tx, tested: Integration, was_tested: bool) -> Result<(), Trouble> {
    let organization = tested.organization;
    let was = tested.state;
    let live = Integration {
        state: IntegrationState::Integrated,
        diagnosis: None,
        ..tested
    };
    integrations::save(tx, &live, None).await?;
    if was == IntegrationState::Integrated {
        return Ok(());
    }
    let event = if was_tested {
        Event::TeamsRecovered
    } else {
        let host = live.host.as_ref();
        Event::TeamsIntegrated {
            host_name: host.map(|host| host.name.clone()).unwrap_or_default(),
        }
    };
    audit::append(tx, organization, &Author::ithaca(), &event).await?;
    for track in tracks::list_remembered(tx, organization).await? {
        tracks::update(tx, &mentoring::track::with_teams(&track)).await?;
        tracks::remember_teams(tx, &track, false).await?;
    }
    directory::want_everyone(tx, organization).await?;
    links::wake_all(tx, organization).await?;
    tracing::info!(organization.id = %organization, "Microsoft Teams is integrated");
    Ok(())
}
