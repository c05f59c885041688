//! What the Microsoft Teams page shows: one stage by the state of the integration, and by
//! how the attempt stands that the page belongs to.

use jiff::{SignedDuration, Timestamp};
use mentoring::health;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::member::EmailAddress;
use mentoring::reconnect::{self, Phase};

use super::{Integrator, Look};
use crate::store::audit::{self, Filter, Part};
use crate::store::consents::{self, Consent};
use crate::store::drift::{self, Sweep};
use crate::store::integrations::{self, Integration};
use crate::store::reconnections::{self, Reconnection};
use crate::store::{host_months, left_meetings, links, meetings, members, tracks};
use crate::web::answer::Failed;
use crate::web::manage::counted;
use crate::web::pages::integrations::{
    Attempt, Check, CheckResult, Connection, Drift, HostChange, NoLink, Removed, Stage, TeamsState,
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
    let open = reconnections::find(store, sight)
        .await?
        .filter(|found| reconnect::is_open(found.phase, found.started_at, actor.app.clock.now()));
    let (stage, shown) = match integration.state {
        state if open.is_some() && !state.is_ending() && state.is_connected() => {
            let Some(open) = open else {
                return Err(Failed::NotFound);
            };
            if open.phase == Phase::Testing {
                asks = Some(String::new());
            }
            let shown = format!("host-{}", open.phase.as_str());
            let change = host_change(actor, &integration, &open).await?;
            (Stage::HostChange { attempt, change }, shown)
        }
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
            Stage::Integrated {
                attempt,
                connection: connection(actor, &integration).await?,
            },
            format!("integrated-{checked}"),
        ),
        IntegrationState::NeedsAttention(cause) => {
            let stage = needs_attention(actor, attempt, &integration, cause).await?;
            (stage, format!("attention-{}-{checked}", cause.as_str()))
        }
        IntegrationState::Reconnecting | IntegrationState::Removing => {
            let left = links::count_tombstones(store, sight).await?;
            let total = look.of.unwrap_or(left).max(left);
            asks = Some(format!("&of={total}"));
            let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
            let (settled, total) = (number(total - left), number(total));
            if integration.state == IntegrationState::Removing {
                let stage = Stage::Removing { settled, total };
                (stage, format!("removing-{left}"))
            } else {
                let moving = reconnections::find(store, sight).await?;
                let stage = Stage::Reconnecting {
                    host: moving.map(|moving| moving.host.name).unwrap_or_default(),
                    settled,
                    total,
                };
                (stage, format!("reconnecting-{left}"))
            }
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
    let waits = integration.state == IntegrationState::Checking;
    lines(&integration.checks, waits)
}

fn lines(known: &[integrations::Check], waits: bool) -> Vec<Check> {
    let found = known.iter().map(|check| Check {
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
    let is_known = |name: &str| known.iter().any(|check| check.name == name);
    let ahead = TESTS.iter().filter(|name| waits && !is_known(name));
    let ahead = ahead.map(|name| Check {
        name: (*name).to_owned(),
        result: CheckResult::Waiting,
    });
    found.chain(ahead).collect()
}

async fn needs_attention(
    actor: &Integrator,
    attempt: Attempt,
    integration: &Integration,
    cause: Cause,
) -> Result<Stage, Failed> {
    let planned = meetings::count_future_teams(&actor.app.store, &actor.sight).await?;
    let planned: u64 = planned.values().sum();
    let affected = counted(
        planned,
        "planned meeting is affected.",
        "planned meetings are affected.",
    );
    let (reason, remedy, quote) = match integration.diagnosis.clone() {
        Some(found) => (found.sentence, found.steps, Some(found.quote)),
        None => (
            cause.sentence_for_administrator().to_owned(),
            vec![cause.remedy().to_owned()],
            None,
        ),
    };
    Ok(Stage::NeedsAttention {
        attempt,
        connection: connection(actor, integration).await?,
        reason,
        remedy,
        quote: quote.filter(|quote| !quote.is_empty()),
        affected: (planned > 0).then_some(affected),
    })
}

async fn host_change(
    actor: &Integrator,
    integration: &Integration,
    open: &Reconnection,
) -> Result<HostChange, Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let planned = meetings::count_future_teams(store, sight).await?;
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let tracks = tracks::list(store, sight).await?;
    let tracks: Vec<(String, usize)> = tracks
        .into_iter()
        .filter_map(|track| Some((track.name, number(*planned.get(&track.id)?))))
        .collect();
    let old = integration.host.as_ref();
    let other_tenant = old.is_some_and(|old| old.tenant_id != open.host.tenant_id);
    let tenant = match open.host.tenant_name.as_str() {
        "" => open.host.tenant_id.to_string(),
        name => name.to_owned(),
    };
    let email = EmailAddress::parse(&open.host.user_principal_name).ok();
    let is_ordinary = match email {
        Some(email) => members::is_an_address(store, sight, &email).await?,
        None => false,
    };
    Ok(HostChange {
        old: old.map(|old| old.name.clone()).unwrap_or_default(),
        new: open.host.name.clone(),
        new_email: open.host.user_principal_name.clone(),
        other_tenant: other_tenant.then_some(tenant),
        is_ordinary,
        checks: lines(&open.checks, open.phase == Phase::Testing),
        is_testing: open.phase == Phase::Testing,
        can_change: open.phase == Phase::Proposed,
        count: tracks.iter().map(|(_, count)| count).sum(),
        tracks,
        can_delete: reconnect::can_delete(&integration.state),
    })
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

async fn connection(actor: &Integrator, integration: &Integration) -> Result<Connection, Failed> {
    let now = actor.app.clock.now();
    let made = match &integration.host {
        Some(host) => {
            let (store, id) = (&actor.app.store, host.object_id);
            host_months::made(store, integration.organization, id, &health::month(now)).await?
        }
        None => 0,
    };
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
    let (compared, found) = drift_lines(actor).await?;
    let left = left_meetings::list(&actor.app.store, &actor.sight).await?;
    let given_up = links::list_given_up(&actor.app.store, &actor.sight).await?;
    Ok(Connection {
        without_link: given_up
            .into_iter()
            .map(|link| NoLink {
                title: link.title,
                meeting: actor.to(&format!("meetings/{}", link.meeting)),
                reason: link.cause.sentence_for_administrator().to_owned(),
                until: said(link.until),
            })
            .collect(),
        compared,
        drift: found,
        left: left
            .into_iter()
            .map(|left| {
                let until = said(left.until);
                format!(
                    "{} of {}, until {until}",
                    left.online_meeting_id, left.host_name
                )
            })
            .collect(),
        month: format!(
            "{made} of the {} a month that Microsoft documents for one host",
            health::MEETINGS_A_MONTH
        ),
        is_near_the_ceiling: health::is_near_the_ceiling(made),
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
    })
}

/// How the last comparison with Teams went, and what was put right lately.
async fn drift_lines(actor: &Integrator) -> Result<(String, Vec<Drift>), Failed> {
    let (store, sight) = (&actor.app.store, &actor.sight);
    let sweep = drift::find(store, sight).await?;
    let compared = match sweep {
        Some(Sweep {
            finished_at: Some(at),
            ..
        }) => said(actor, at),
        Some(Sweep {
            asked_at: Some(_), ..
        }) => "Under way".to_owned(),
        _ => "Not yet".to_owned(),
    };
    let found = drift::list(store, sight, 20).await?;
    let lines = found.into_iter().map(|found| {
        let labels: Vec<&str> = found.what.iter().map(|what| what.label()).collect();
        Drift {
            at: said(actor, found.at),
            meeting: actor.to(&format!("meetings/{}", found.meeting)),
            what: labels.join(", "),
            done: found
                .what
                .first()
                .map_or("", |what| what.repair())
                .to_owned(),
        }
    });
    Ok((compared, lines.collect()))
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
