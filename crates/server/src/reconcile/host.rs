//! The host that calls are made as: its token, and what a failure of it means for the
//! whole organization.

use jiff::{SignedDuration, Timestamp};
use mentoring::event::Event;
use mentoring::health;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::organization::OrganizationId;
use microsoft::{AccessToken, Failure, Grant, Group, Holder, Kind, ObjectId};
use uuid::Uuid;

use super::{Tools, Trouble};
use crate::content::Content;
use crate::store::audit::{self, Author};
use crate::store::credentials::token_place;
use crate::store::integrations::{self, Diagnosis, Integration};
use crate::store::{Tx, alarms, credentials, host_months, links, members, organizations, outbox};
use crate::wake::Reconciler;

/// A sign-in that Microsoft refused may come back: the account is enabled again, the
/// policy mended. Asking this often costs nothing.
pub const WHILE_REFUSED: SignedDuration = SignedDuration::from_mins(5);

/// What heals by itself is looked at again this often, however long it has lasted (N10).
const WHILE_HEALING: SignedDuration = SignedDuration::from_mins(1);
/// What only the live test can tell may have been mended at Microsoft meanwhile; a test
/// makes a meeting, so it doesn't run more often.
const WHILE_BROKEN: SignedDuration = SignedDuration::from_hours(6);

/// Why no call can be made just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// There is no integration that may be called.
    NotIntegrated,
    /// The token is being refreshed; that wakes whoever waits.
    TokenComing,
    /// Somebody has to do something first.
    NeedsAttention(Cause),
}

/// The right to call Microsoft for one organization.
#[derive(Clone, Debug)]
pub struct Access {
    /// The integration that it belongs to.
    pub integration: Integration,
    /// The token.
    pub token: AccessToken,
    /// Which version of the credentials it is of.
    pub version: i64,
    /// When the credentials were last replaced.
    pub refreshed_at: Timestamp,
}

/// The right to call Microsoft for an organization, or why there is none. Only the
/// reconciler of tokens refreshes; everyone else waits for it (N6).
pub async fn access(
    tools: &Tools,
    organization: OrganizationId,
) -> Result<Result<Access, Blocked>, Trouble> {
    let integration = integrations::find_for_work(&tools.store, organization).await?;
    if let IntegrationState::NeedsAttention(cause) = integration.state
        && !cause.heals_by_itself()
    {
        return Ok(Err(Blocked::NeedsAttention(cause)));
    }
    access_for_test(tools, integration).await
}

/// The same for the live test, which asks whether what needed attention still does.
pub async fn access_for_test(
    tools: &Tools,
    integration: Integration,
) -> Result<Result<Access, Blocked>, Trouble> {
    let organization = integration.organization;
    if !integration.state.may_call() {
        return Ok(Err(Blocked::NotIntegrated));
    }
    let Some(stored) = credentials::find(&tools.store, organization).await? else {
        return Ok(Err(Blocked::NotIntegrated));
    };
    let now = tools.clock.now();
    if let Some((sealed, expires_at)) = &stored.access_token {
        let secret = tools
            .vault
            .open_text(token_place(organization, "access_token"), sealed)?;
        let left = expires_at.duration_since(now);
        let grant = Grant {
            access_token: secret,
            refresh_token: None,
            id_token: None,
            scopes: integration.scopes.iter().cloned().collect(),
            expires_in: std::time::Duration::try_from(left).unwrap_or_default(),
        };
        let token = AccessToken::new(
            Holder(organization.0),
            ObjectId(stored.host_object_id),
            &grant,
            now,
        );
        if left > SignedDuration::from_secs(30) {
            return Ok(Ok(Access {
                integration,
                token,
                version: stored.version,
                refreshed_at: stored.refreshed_at,
            }));
        }
    }
    let tx = tools.store.begin(organization).await?;
    credentials::wake(&tx, organization).await?;
    tx.commit().await?;
    tools.wake.ring(Reconciler::Tokens);
    Ok(Err(Blocked::TokenComing))
}

/// What a failure is called in the rules; none for a token that only needs refreshing.
pub fn cause(failure: &Failure) -> Option<Cause> {
    Some(match failure.group() {
        Group::Token => return None,
        Group::Throttled => Cause::Throttled,
        Group::Unreachable => Cause::Unreachable,
        Group::SignIn => match failure.kind {
            Kind::GrantExpired => Cause::TokenExpired,
            Kind::SignInTooOld | Kind::InteractionNeeded | Kind::AccessBlocked => {
                Cause::ConditionalAccess
            }
            _ => Cause::TokenRevoked,
        },
        Group::Consent => match failure.kind {
            Kind::ScopesMissing | Kind::PrivilegesMissing => Cause::PermissionMissing,
            _ => Cause::ConsentRemoved,
        },
        Group::Host => match failure.kind {
            Kind::HostDisabled => Cause::HostDisabled,
            Kind::HostGone => Cause::HostMissing,
            _ => Cause::HostMayNotSchedule,
        },
        Group::Application => match failure.kind {
            Kind::ClientSecretWrong | Kind::ClientSecretExpired | Kind::ClientRefused => {
                Cause::ApplicationSecret
            }
            _ => Cause::RegistrationWrong,
        },
        Group::Garbage | Group::Refused | Group::NotFound => Cause::WrongAnswer,
    })
}

/// A log line's worth of a failure, with Microsoft's ids and no secret.
pub fn log(organization: OrganizationId, doing: &str, failure: &Failure) {
    tracing::warn!(
        organization.id = %organization,
        doing,
        kind = failure.kind.name(),
        status = failure.status,
        code = failure.code.as_deref(),
        microsoft.request_id = failure.request_id.as_deref(),
        microsoft.trace_id = failure.trace_id.as_deref(),
        client_request_id = failure.client_request_id.as_deref(),
        detail = failure.detail.as_deref(),
        "Microsoft did not do what was asked"
    );
}

/// Takes note that Microsoft no longer takes the token. One that was refreshed a moment
/// ago and is refused all the same means that the sign-in itself is refused (G-14).
pub async fn token_refused(
    tools: &Tools,
    tx: &Tx,
    access: &Access,
    failure: &Failure,
) -> Result<Option<Cause>, Trouble> {
    let organization = access.integration.organization;
    if let Some(challenge) = &failure.challenge {
        // Without it the next token may be just as wrong.
        credentials::challenge(tx, organization, challenge.as_json()).await?;
    }
    if tx.now.duration_since(access.refreshed_at) < SignedDuration::from_secs(60) {
        let refused = Failure {
            kind: Kind::GrantUnusable,
            ..failure.clone()
        };
        attention(tools, tx, organization, Cause::TokenRevoked, &refused).await?;
        return Ok(Some(Cause::TokenRevoked));
    }
    credentials::distrust(tx, organization, access.version).await?;
    tools.wake.ring(Reconciler::Tokens);
    Ok(None)
}

/// Microsoft did what was asked: where that is what was missing, the live test says at once
/// whether all is well again (N10).
pub async fn answered(tools: &Tools, tx: &Tx, organization: OrganizationId) -> Result<(), Trouble> {
    let integration = integrations::find_in(tx, organization).await?;
    if integration.state.after_success() != integration.state {
        integrations::save(tx, &integration, Some(tx.now)).await?;
        tools.wake.ring(Reconciler::Health);
    }
    Ok(())
}

/// Counts a Teams meeting that was made, and warns once a month of Microsoft's ceiling.
pub async fn count_made(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    host: Uuid,
) -> Result<(), Trouble> {
    let month = health::month(tx.now);
    let made = host_months::count(tx, organization, host, &month).await?;
    if !health::is_near_the_ceiling(made)
        || !host_months::warn(tx, organization, host, &month).await?
    {
        return Ok(());
    }
    let Some(here) = organizations::find_on(tx.on(), organization).await? else {
        return Ok(());
    };
    let content = Content::TeamsNearCeiling {
        organization: here.name,
        made,
        page: tools
            .instance
            .address(&format!("/{}/manage/integrations/teams", here.slug)),
    };
    let topic = format!("teams-ceiling:{host}:{month}");
    tell_administrators(tools, tx, organization, &topic, &content).await
}

/// When the live test looks again whether what is wrong still is.
///
/// A refused sign-in is tried by the reconciler of tokens, which asks for the test once it
/// is taken again. What heals by itself is looked at every minute, but not before Microsoft
/// wants to be asked. An answer that makes no sense may be Microsoft's for a moment, or that
/// of another test on the same meeting: it is looked at soon, and then ever less often.
pub fn look_again(
    cause: Cause,
    failure: &Failure,
    since: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    if failure.heals_by_itself() {
        let asked = failure
            .retry_after
            .and_then(|wait| SignedDuration::try_from(wait).ok());
        Some(now + asked.unwrap_or(WHILE_HEALING).max(WHILE_HEALING))
    } else if cause.is_about_sign_in() {
        None
    } else if cause == Cause::WrongAnswer {
        Some(now + now.duration_since(since).clamp(WHILE_HEALING, WHILE_BROKEN))
    } else {
        Some(now + WHILE_BROKEN)
    }
}

fn diagnosis(failure: &Failure, since: Timestamp) -> Diagnosis {
    let ids = [
        ("request", &failure.request_id),
        ("trace", &failure.trace_id),
    ];
    let ids = ids
        .into_iter()
        .filter_map(|(name, id)| Some(format!("{name} {}", id.as_deref()?)));
    let quote: Vec<String> = failure
        .code
        .iter()
        .map(ToString::to_string)
        .chain(failure.status.map(|status| format!("HTTP {status}")))
        .chain(ids)
        .collect();
    Diagnosis {
        kind: failure.kind.name().to_owned(),
        sentence: failure.kind.administrator().to_owned(),
        steps: failure
            .kind
            .steps()
            .iter()
            .map(|step| (*step).to_owned())
            .collect(),
        quote: quote.join(", "),
        since,
    }
}

/// Records that the whole integration needs attention, and tells the global
/// administrators once, however many meetings it concerns.
///
/// What only the operator can mend is the instance's alarm instead, and not one for every
/// organization (F12).
pub async fn attention(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    cause: Cause,
    failure: &Failure,
) -> Result<(), Trouble> {
    let before = integrations::find_in(tx, organization).await?;
    let state = before.state.after_failure(cause);
    if state != IntegrationState::NeedsAttention(cause) {
        return Ok(());
    }
    let is_known = before.state == state;
    let mut found = diagnosis(failure, tx.now);
    let known = before.diagnosis.as_ref();
    let is_same = known.is_some_and(|known| known.kind == found.kind);
    // The sign-in was taken again, and the test after it found what was wrong before.
    let is_back = is_same && before.state == IntegrationState::Checking;
    if is_known && is_same {
        return Ok(());
    }
    if let Some(known) = known.filter(|_| is_known || is_back) {
        found.since = known.since;
    }
    let since = found.since;
    let next = Integration {
        state,
        diagnosis: Some(found),
        ..before
    };
    integrations::save(tx, &next, look_again(cause, failure, since, tx.now)).await?;
    if is_known {
        return Ok(());
    }
    if cause.is_about_sign_in() {
        credentials::due_at(tx, organization, tx.now + WHILE_REFUSED).await?;
    }
    if is_back {
        return Ok(());
    }
    audit::append(
        tx,
        organization,
        &Author::ithaca(),
        &Event::TeamsNeedsAttention { cause },
    )
    .await?;
    if cause == Cause::ApplicationSecret {
        return alarm(tx, failure).await;
    }
    if cause.heals_by_itself() {
        return Ok(());
    }
    tell(tools, tx, &next, cause).await
}

async fn alarm(tx: &Tx, failure: &Failure) -> Result<(), Trouble> {
    let detail = format!(
        "{} {}",
        failure.kind.administrator(),
        failure.kind.steps().join(" ")
    );
    if alarms::raise(tx, alarms::CLIENT_SECRET, &detail).await? {
        tracing::error!(
            alarm = alarms::CLIENT_SECRET,
            code = failure.code.as_deref(),
            "Microsoft does not accept this instance's client secret; no organization can use Teams"
        );
    }
    Ok(())
}

async fn tell(tools: &Tools, tx: &Tx, next: &Integration, cause: Cause) -> Result<(), Trouble> {
    let (happened, remedy) = match &next.diagnosis {
        Some(found) => (found.sentence.clone(), found.steps.join("\n")),
        None => (
            cause.sentence_for_administrator().to_owned(),
            cause.remedy().to_owned(),
        ),
    };
    let about = format!("teams:{}:{}", next.generation, cause.as_str());
    tell_once_a_day(tools, tx, next.organization, &about, happened, remedy).await
}

/// Tells the global administrators that a meeting's link was given up, while the integration
/// as a whole works.
pub async fn tell_given_up(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    cause: Cause,
) -> Result<(), Trouble> {
    let happened = format!(
        "A meeting gets no Teams link. {}",
        cause.sentence_for_administrator()
    );
    let remedy = format!(
        "Open the page below: it lists the meetings without a link. Check again has all of them tried once more.\n{}",
        cause.remedy()
    );
    let about = format!("link:{}", cause.as_str());
    tell_once_a_day(tools, tx, organization, &about, happened, remedy).await
}

/// One mail for each such thing and day, however often it comes and goes.
async fn tell_once_a_day(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    about: &str,
    happened: String,
    remedy: String,
) -> Result<(), Trouble> {
    let Some(here) = organizations::find_on(tx.on(), organization).await? else {
        return Ok(());
    };
    let content = Content::TeamsNeedsAttention {
        organization: here.name,
        happened,
        remedy,
        meetings_without_link: links::count_without_link(tx, organization).await?,
        page: tools
            .instance
            .address(&format!("/{}/manage/integrations/teams", here.slug)),
    };
    let topic = format!("{about}:{}", tx.now.as_second() / 86_400);
    tell_administrators(tools, tx, organization, &topic, &content).await
}

/// Writes to every global administrator of an organization, once per topic.
pub async fn tell_administrators(
    tools: &Tools,
    tx: &Tx,
    organization: OrganizationId,
    topic: &str,
    content: &Content,
) -> Result<(), Trouble> {
    for administrator in members::list_administrators_in(tx, organization).await? {
        let message = outbox::Message {
            id: tools.randomness.uuid_v7(tx.now),
            organization,
            member: administrator.id,
            meeting: None,
            topic: topic.to_owned(),
            content: serde_json::to_string(content)?,
            fate: outbox::Fate::Waiting,
            attempts: 0,
            created_at: tx.now,
            reason: None,
        };
        outbox::put(tx, &message, tx.now).await?;
    }
    tools.wake.ring(Reconciler::Outbox);
    Ok(())
}
