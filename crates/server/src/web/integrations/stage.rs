//! What the Microsoft Teams page shows: one stage by the state of the integration, and by
//! how the attempt stands that the page belongs to.

use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;

use super::{Integrator, Look};
use crate::store::audit::{self, Filter, Part};
use crate::store::consents::{self, Consent};
use crate::store::integrations::{self, Integration};
use crate::store::{links, meetings};
use crate::web::answer::Failed;
use crate::web::manage::counted;
use crate::web::pages::integrations::{
    Attempt, Check, CheckResult, Connection, Removed, Stage, TeamsState,
};
use crate::web::times;

/// A page that is opened anew waits no longer than this for an attempt.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

/// What the live test goes through, for as long as it has not said how each went.
const TESTS: [&str; 6] = [
    "The Microsoft directory answers",
    "The host account is there",
    "A Teams meeting can be made",
    "It can be changed",
    "It can be read",
    "It can be deleted",
];

/// The fragment, and the word for what it shows.
type Shown = (TeamsState, String);

/// For the page itself.
pub(super) async fn on_a_page(actor: &Integrator, look: &Look) -> Result<Shown, Failed> {
    let newest = consents::newest(&actor.app.store, &actor.sight).await?;
    let mine = newest
        .as_ref()
        .filter(|consent| look.attempt == Some(consent.id));
    let ended = mine.and_then(problem);
    let now = actor.app.clock.now();
    let pending = newest.as_ref().filter(|consent| {
        consent.outcome.is_none() && now.duration_since(consent.started_at) < PATIENCE
    });
    let id = pending.map_or_else(|| actor.app.randomness.uuid_v7(now), |consent| consent.id);
    let attempt = named(actor, id.to_string())?;
    if pending.is_some() {
        return Ok(waiting(actor, &attempt));
    }
    let (mut state, shown) = by_state(actor, attempt, look).await?;
    state.ended = ended.or_else(|| unregistered(actor));
    Ok((state, shown))
}

/// An instance that Microsoft does not know says so before anybody presses anything.
fn unregistered(actor: &Integrator) -> Option<String> {
    (!actor.app.instance.integrates_teams).then(|| {
        "This Ithaca has no app registration at Microsoft yet. Ask whoever runs it to follow docs/entra-app.md."
            .to_owned()
    })
}

/// For the page that asks again by itself.
pub(super) async fn asked_again(actor: &Integrator, look: &Look) -> Result<Shown, Failed> {
    let newest = consents::newest(&actor.app.store, &actor.sight).await?;
    let id = look
        .attempt
        .unwrap_or_else(|| actor.app.randomness.uuid_v7(actor.app.clock.now()));
    let attempt = named(actor, id.to_string())?;
    let mine = newest.as_ref().filter(|consent| consent.id == id);
    let is_under_way = match mine {
        Some(consent) => consent.outcome.is_none(),
        // The form may still be on its way here.
        None => look.shown == "waiting",
    };
    if is_under_way {
        return Ok(waiting(actor, &attempt));
    }
    let ended = mine.and_then(problem);
    let (mut state, mut shown) = by_state(actor, attempt.clone(), look).await?;
    if ended.is_some() && state.poll.is_none() {
        // The next try is made from this very page, so it goes on asking.
        "ended".clone_into(&mut shown);
        state.poll = Some(state.poll_address(&attempt, &shown));
    }
    state.ended = ended;
    Ok((state, shown))
}

fn problem(consent: &Consent) -> Option<String> {
    consent
        .outcome
        .clone()
        .filter(|problem| !problem.is_empty())
}

fn named(actor: &Integrator, id: String) -> Result<Attempt, Failed> {
    let ask = if actor.app.instance.integrates_teams {
        Some(actor.app.admin_consent_address(actor.acting())?.into())
    } else {
        None
    };
    Ok(Attempt { id, ask })
}

fn bare(actor: &Integrator, stage: Stage) -> TeamsState {
    TeamsState {
        address: actor.teams(),
        poll: None,
        ended: None,
        stage,
    }
}

fn waiting(actor: &Integrator, attempt: &Attempt) -> Shown {
    let shown = "waiting".to_owned();
    let mut state = bare(
        actor,
        Stage::Waiting {
            attempt: attempt.clone(),
        },
    );
    state.poll = Some(state.poll_address(attempt, &shown));
    (state, shown)
}

async fn by_state(actor: &Integrator, attempt: Attempt, look: &Look) -> Result<Shown, Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let integration = integrations::find(store, sight).await?;
    let checked = integration.checked_at.map_or(0, Timestamp::as_millisecond);
    let again = attempt.clone();
    // Whether the page goes on asking, and with what beside its attempt.
    let mut asks = None;
    let (stage, shown) = match integration.state {
        IntegrationState::NotIntegrated => (
            Stage::NotIntegrated {
                attempt,
                removed: None,
            },
            "before".to_owned(),
        ),
        IntegrationState::Removed => (
            Stage::NotIntegrated {
                attempt,
                removed: Some(removed(actor, &integration).await?),
            },
            "removed".to_owned(),
        ),
        IntegrationState::AwaitingConfirmation => {
            let host = integration.host.map(|host| host.name).unwrap_or_default();
            (Stage::ConfirmHost { attempt, host }, "host".to_owned())
        }
        IntegrationState::Checking => {
            asks = Some(String::new());
            let checks = checks(&integration);
            let shown = format!("checking-{}", integration.checks.len());
            (Stage::Checking { checks }, shown)
        }
        IntegrationState::Integrated => (
            Stage::Integrated(connection(actor, &integration)),
            format!("integrated-{checked}"),
        ),
        IntegrationState::NeedsAttention(cause) => {
            let planned: u64 = meetings::count_future_teams(store, sight)
                .await?
                .values()
                .sum();
            let affected = counted(
                planned,
                "planned meeting is affected.",
                "planned meetings are affected.",
            );
            let stage = Stage::NeedsAttention {
                attempt,
                connection: connection(actor, &integration),
                reason: cause.sentence_for_administrator().to_owned(),
                remedy: vec![cause.remedy().to_owned()],
                affected: (planned > 0).then_some(affected),
            };
            (stage, format!("attention-{}-{checked}", cause.as_str()))
        }
        IntegrationState::Removing => {
            let left = links::count_tombstones(store, sight).await?;
            let total = look.of.unwrap_or(left).max(left);
            asks = Some(format!("&of={total}"));
            let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            let stage = Stage::Removing {
                settled: number(total - left),
                total: number(total),
            };
            (stage, format!("removing-{left}"))
        }
    };
    if look.since == Some(checked) {
        // A check was asked for and has not said anything yet.
        asks = asks.or(Some(format!("&since={checked}")));
    }
    let mut fragment = bare(actor, stage);
    fragment.poll = asks.map(|further| fragment.poll_address(&again, &shown) + &further);
    Ok((fragment, shown))
}

fn checks(integration: &Integration) -> Vec<Check> {
    let found = integration.checks.iter().map(|check| Check {
        name: check.name.clone(),
        result: if check.passed {
            CheckResult::Passed
        } else {
            CheckResult::Failed {
                reason: check.reason.clone(),
                remedy: String::new(),
            }
        },
    });
    let is_known = |name: &str| integration.checks.iter().any(|check| check.name == name);
    let waits = integration.state == IntegrationState::Checking;
    let ahead = TESTS.iter().filter(|name| waits && !is_known(name));
    let ahead = ahead.map(|name| Check {
        name: (*name).to_owned(),
        result: CheckResult::Waiting,
    });
    found.chain(ahead).collect()
}

/// A scope of Microsoft's in plain words.
fn permission(scope: &str) -> String {
    let words = match scope.rsplit('/').next().unwrap_or(scope) {
        "OnlineMeetings.ReadWrite" => "Make, change and delete the host's Teams meetings",
        "User.ReadBasic.All" => "Look up your members' name, e-mail and photo",
        "User.Read" => "Read the host's own account",
        "offline_access" => "Stay connected when nobody is signed in",
        "openid" | "profile" | "email" => "Know which account signed in",
        other => return format!("{other}, which Ithaca did not ask for and does not use"),
    };
    words.to_owned()
}

fn said(actor: &Integrator, at: Timestamp) -> String {
    times::moment(at, actor.app.clock.now(), actor.member().into())
}

fn connection(actor: &Integrator, integration: &Integration) -> Connection {
    let said = |at: Timestamp| said(actor, at);
    let mut permissions: Vec<String> = Vec::new();
    for scope in &integration.scopes {
        let words = permission(scope);
        if !permissions.contains(&words) {
            permissions.push(words);
        }
    }
    let host = integration.host.as_ref();
    let host_name = host.map(|host| host.name.clone()).unwrap_or_default();
    let is_well = integration.checks.iter().all(|check| check.passed);
    let well = if is_well {
        "all well"
    } else {
        "something failed"
    };
    Connection {
        host_email: host
            .map(|host| host.user_principal_name.clone())
            .unwrap_or_default(),
        tenant: host
            .map(|host| host.tenant_name.clone())
            .unwrap_or_default(),
        tenant_id: host
            .map(|host| host.tenant_id.to_string())
            .unwrap_or_default(),
        permissions,
        connected_by: integration
            .connected_by
            .as_ref()
            .map(|(_, name)| name.clone())
            .unwrap_or_default(),
        connected_at: integration.connected_at.map(said).unwrap_or_default(),
        last_check: integration.checked_at.map_or_else(
            || "Not yet".to_owned(),
            |at| format!("{}: {well}", said(at)),
        ),
        checks: checks(integration),
        advice: Some(format!(
            "{host_name} no longer needs its administrative privileges; you can take them away in Microsoft. Leave it its Teams licence and the right to plan meetings, or existing links can stop working."
        )),
        host: host_name,
    }
}

async fn removed(actor: &Integrator, integration: &Integration) -> Result<Removed, Failed> {
    let filter = Filter {
        action: "integration.removal_begun".to_owned(),
        ..Filter::default()
    };
    let (store, sight) = (&actor.app.store, &actor.sight);
    let begun = audit::list(store, sight, &filter, Part::Newest, 1).await?;
    let who = begun.first().map_or_else(
        || "Microsoft Teams was removed.".to_owned(),
        |entry| {
            let at = said(actor, entry.at);
            format!("{} removed Microsoft Teams: {at}.", entry.author)
        },
    );
    Ok(Removed {
        sentence: format!("{who} Ithaca keeps neither its key nor anything from your directory."),
        left: integration
            .checks
            .iter()
            .map(|check| check.name.clone())
            .collect(),
        client_id: actor.app.microsoft.application().client_id.to_string(),
    })
}
