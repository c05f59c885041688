//! The live test of an integration: the same calls as for real meetings, on one trial
//! meeting that is gone afterwards. What it finds is shown line by line.

use jiff::{SignedDuration, Timestamp};
use mentoring::event::Event;
use mentoring::health::next_night;
use mentoring::integration::IntegrationState;
use microsoft::online_meetings::LobbyScope;
use microsoft::{AccessToken, Changes, Failure, NewOnlineMeeting};

use super::host::{self, Access, Blocked};
use super::{Tools, Trouble, reconnection, removal};
use crate::store::audit::{self, Author};
use crate::store::drift::{self, Sweep};
use crate::store::integrations::{self, Check, Host, Integration};
use crate::store::lease::{self, Claim};
use crate::store::{Tx, credentials, directory, links, organizations, tracks};
use crate::wake::Reconciler;

/// The check after which there is one Teams meeting more.
const MADE: &str = "A Teams meeting can be made";
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
        IntegrationState::Reconnecting => return reconnection::step(tools, claim).await,
        // For one that needs attention, the test says whether it healed.
        IntegrationState::Checking
        | IntegrationState::Integrated
        | IntegrationState::NeedsAttention(_) => {}
        _ => return release(tools, claim, None).await,
    }
    reconnection::test(tools, claim).await?;
    if let IntegrationState::NeedsAttention(cause) = integration.state
        && cause.is_about_sign_in()
    {
        return try_the_sign_in(tools, claim).await;
    }
    // A refresh that succeeds asks for the test by itself; while the sign-in is refused,
    // asking again every few seconds would only add to it.
    let waits = match integration.state {
        IntegrationState::NeedsAttention(cause) => cause.heals_by_itself(),
        state => state == IntegrationState::Checking,
    };
    let again = waits.then_some(WHILE_BLOCKED);
    let access = match host::access_for_test(tools, integration).await? {
        Ok(access) => access,
        Err(Blocked::TokenComing) => return release(tools, claim, again).await,
        Err(Blocked::NotIntegrated | Blocked::NeedsAttention(_)) => {
            return release(tools, claim, None).await;
        }
    };
    let trial = Trial::run(tools, &access.integration, &access.token).await;
    conclude(tools, claim, &access, trial).await
}

/// An access token outlives the sign-in that it came from, so calls that still work would
/// prove nothing: the sign-in is tried first, and asks for the test once it is taken again.
async fn try_the_sign_in(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    let organization = claim.organization;
    let tx = tools.store.begin(organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(());
    }
    let integration = integrations::find_in(&tx, organization).await?;
    let reason = integration.diagnosis.as_ref().map_or_else(
        || "Microsoft refuses it.".to_owned(),
        |found| format!("{} {}", found.sentence, found.steps.join(" ")),
    );
    let looked = Integration {
        checks: vec![Check {
            name: "Microsoft takes the host's sign-in".to_owned(),
            passed: false,
            reason,
        }],
        checked_at: Some(tx.now),
        ..integration
    };
    integrations::save(&tx, &looked, None).await?;
    credentials::wake(&tx, organization).await?;
    lease::release(&tx, claim, None).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Tokens);
    Ok(())
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
pub(super) struct Trial {
    pub(super) checks: Vec<Check>,
    tenant_name: Option<String>,
    host_name: Option<String>,
    host_user_principal_name: Option<String>,
    pub(super) failure: Option<Failure>,
}

impl Trial {
    pub(super) async fn run(tools: &Tools, integration: &Integration, token: &AccessToken) -> Self {
        let mut trial = Self {
            checks: Vec::new(),
            tenant_name: None,
            host_name: None,
            host_user_principal_name: None,
            failure: None,
        };
        if let Err(failure) = trial.walk(tools, integration, token).await {
            host::log(integration.organization, "run the live test", &failure);
            trial.failure = Some(failure);
        }
        trial
    }

    /// The host with the names that Microsoft gave, as far as it did.
    pub(super) fn named(&self, host: Host) -> Host {
        Host {
            tenant_name: self.tenant_name.clone().unwrap_or(host.tenant_name),
            name: self.host_name.clone().unwrap_or(host.name),
            user_principal_name: self
                .host_user_principal_name
                .clone()
                .unwrap_or(host.user_principal_name),
            ..host
        }
    }

    /// Whether it made a meeting, which counts like any other.
    pub(super) fn made_one(&self) -> bool {
        let is_it = |check: &Check| check.name == MADE && check.passed;
        self.checks.iter().any(is_it)
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

    async fn walk(
        &mut self,
        tools: &Tools,
        integration: &Integration,
        token: &AccessToken,
    ) -> Result<(), Failure> {
        let users = tools.microsoft.users(token);
        let organization = users.organization().await;
        let organization = self.note("The Microsoft directory answers", organization)?;
        self.tenant_name = Some(organization.display_name);
        let me = users.me().await;
        let me = self.note("The host account is there", me)?;
        self.host_name = me.display_name;
        self.host_user_principal_name = Some(me.user_principal_name);

        let meetings = tools.microsoft.online_meetings(token);
        let start = tools.clock.now() + SignedDuration::from_hours(24);
        let new = NewOnlineMeeting {
            external_id: external_id(integration),
            subject: "Ithaca: trial meeting".to_owned(),
            start,
            end: start + SignedDuration::from_mins(30),
            attendees: Vec::new(),
        };
        let made = meetings.create_or_get(&new).await;
        let (made, _) = self.note(MADE, made)?;
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

/// The same for as long as no test was concluded: the test after a crash gets the meeting
/// that was left behind, and deletes it.
fn external_id(integration: &Integration) -> String {
    let before = integration.checked_at.map_or(0, Timestamp::as_millisecond);
    format!(
        "trial:{}:{}:{before}",
        integration.organization, integration.generation
    )
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
        || current.state.is_ending()
    {
        // Reconnected or being removed meanwhile: this test was of something else.
        lease::release(&tx, claim, Some(tx.now)).await?;
        tx.commit().await?;
        return Ok(());
    }
    let was_tested = current.checked_at.is_some();
    let host = current.host.clone().map(|host| trial.named(host));
    if trial.made_one() {
        host::count_made(tools, &tx, organization, access.token.host().0).await?;
    }
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
                    let refused = host::token_refused(tools, &tx, access, &failure).await?;
                    // What was refreshed a moment ago is refused: the sign-in is tried again
                    // in its own time, and asks for the next test (G-14).
                    refused.is_none().then_some(tx.now + WHILE_BLOCKED)
                }
                Some(cause) => {
                    host::attention(tools, &tx, organization, cause, &failure).await?;
                    let known = integrations::find_in(&tx, organization).await?.diagnosis;
                    let since = known.map_or(tx.now, |known| known.since);
                    host::look_again(cause, &failure, since, tx.now)
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
    let sweep = drift::find_in(tx, organization).await?;
    if sweep.is_none() {
        let sweep = Sweep {
            begun_at: tx.now,
            asked_at: None,
            finished_at: None,
            looked: 0,
        };
        drift::save(tx, organization, &sweep).await?;
    }
    // A comparison that stood still meanwhile goes on at once (N10).
    let stood_still =
        |sweep: Sweep| was != IntegrationState::Integrated && sweep.begun_at <= tx.now;
    if sweep.is_none_or(stood_still) {
        drift::due_at(tx, organization, tx.now).await?;
    }
    if was == IntegrationState::Integrated {
        return Ok(links::wake_given_up(tx, organization).await?);
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
