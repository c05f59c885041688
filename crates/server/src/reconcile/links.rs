//! The Teams meeting of each meeting: made once, kept true, deleted when it is not wanted
//! any more. People are told of a meeting in the commit that records its working link.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mentoring::health;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::{self, LinkPerson, LinkState, Retry, Step, WaitingReason, Wanted};
use mentoring::lobby::{self, Difference, LobbyScope, Person, Setting};
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::role::Role;
use mentoring::track::Mode;
use microsoft::online_meetings::{
    AllowedLobbyAdmitters, AllowedPresenters, Attendee, LobbyScope as TeamsLobby, Role as TeamsRole,
};
use microsoft::{Changes, Client, Failure, Kind, NewOnlineMeeting, ObjectId, OnlineMeeting};

use super::host::{self, Access, Blocked};
use super::{Tools, Trouble};
use crate::store::invitations::Telling;
use crate::store::lease::{self, Claim};
use crate::store::left_meetings::{self, Fate, LeftMeeting};
use crate::store::links::{self, Link};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::{StoreError, Tx, credentials, directory, members, reminders, tracks};
use crate::wake::Reconciler;

/// A plan comes to rest within this many steps: create, update, and one to spare.
const MOST_STEPS: usize = 4;
/// A link whose integration waits for a person looks again this often by itself.
const WHILE_BLOCKED: SignedDuration = SignedDuration::from_hours(6);

/// A call whose answer never came may stand in a proxy and arrive as late as this (F04).
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// How often a meeting that is not found under a new id is asked for again.
const MOST_DOUBTS: i64 = 3;
const SOON: SignedDuration = SignedDuration::from_secs(2);

/// What a step taught us.
enum Learned {
    /// The link as it is now known.
    Link(Box<Link>),
    /// Teams deleted it behind our back: a new one is wanted.
    Vanished,
}

/// Works on one link until wanted and observed agree, or something stands in the way.
pub async fn reconcile(tools: Tools, claims: Vec<Claim>) -> Result<(), Trouble> {
    for claim in claims {
        one(&tools, &claim).await?;
    }
    Ok(())
}

async fn one(tools: &Tools, claim: &Claim) -> Result<(), Trouble> {
    for _ in 0..MOST_STEPS {
        let Some((mut link, stored, wanted)) = read(tools, claim).await? else {
            return rest(tools, claim, None).await;
        };
        let over = stored.meeting.is_over(tools.clock.now());
        let step = match link::plan(&wanted, &link.observed) {
            Step::CreateOrGet { .. } | Step::Check { .. } if over => Step::Nothing,
            Step::Nothing if is_to_look_again(&link, tools.clock.now()) => Step::GetThenDelete {
                external_id: link::external_id(link.meeting, link.observed.generation),
            },
            step => step,
        };
        if step == Step::Nothing {
            return settle(tools, claim, &link, &stored.meeting).await;
        }
        let access = match host::access(tools, claim.organization).await? {
            Ok(access) => access,
            Err(blocked) => return wait(tools, claim, link, blocked).await,
        };
        let makes = matches!(step, Step::CreateOrGet { .. } | Step::Update { .. });
        if makes && access.integration.state == IntegrationState::Reconnecting {
            return wait(tools, claim, link, Blocked::NotIntegrated).await;
        }
        if let Some(wait) = tools.microsoft.is_paused(&access.token) {
            return put_off(tools, claim, link, Some(wait)).await;
        }
        let late_before = link.late_until;
        if !announce_call(tools, claim, &mut link, &step).await? {
            return rest(tools, claim, Some(tools.clock.now())).await;
        }
        let now = tools.clock.now();
        match apply(&tools.microsoft, &access, &step, &link, &wanted, now).await {
            Ok(Learned::Link(mut learned)) => {
                // This call has arrived; what an earlier one does is still open.
                let now = tools.clock.now();
                learned.late_until = late_before.filter(|until| *until > now);
                if !record(tools, claim, *learned, &wanted).await? {
                    return Ok(());
                }
            }
            Ok(Learned::Vanished) if is_doubtful(&link) => {
                return ask_again(tools, claim, link).await;
            }
            Ok(Learned::Vanished) => {
                if !want_anew(tools, claim, &link, &access).await? {
                    return Ok(());
                }
            }
            Err(failure) => {
                if has_arrived(&failure) {
                    link.late_until = late_before;
                }
                return failed(tools, claim, link, &access, &failure).await;
            }
        }
    }
    rest(tools, claim, Some(tools.clock.now())).await
}

/// Whether a call that failed was answered by Microsoft itself, and is on no way any more.
/// One that was too many was refused, or never left.
fn has_arrived(failure: &Failure) -> bool {
    failure.kind == Kind::Throttled
        || failure
            .status
            .is_some_and(|status| !matches!(status, 502 | 504))
}

/// Whether a call that was never answered may have made a Teams meeting after all was
/// deleted.
fn is_to_look_again(link: &Link, now: Timestamp) -> bool {
    link.observed.deleted_confirmed && link.late_until.is_some_and(|until| until <= now)
}

/// Records that a call is about to leave, so that nothing which waits for calls to end can
/// overlook this one. Answers no if the wish it serves is gone: then it must not leave.
async fn announce_call(
    tools: &Tools,
    claim: &Claim,
    link: &mut Link,
    step: &Step,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let current = links::find_in(&tx, claim.organization, link.meeting).await?;
    let stands = current.is_some_and(|current| !current.kept && current.version == link.version);
    if !stands || !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    if matches!(step, Step::CreateOrGet { .. } | Step::GetThenDelete { .. }) {
        let late_until = tx.now + LATE;
        links::mark_called(&tx, claim.organization, link.meeting, late_until).await?;
        tx.commit().await?;
        // What is saved of this link later must not take that back.
        link.observed.ever_called = true;
        link.late_until = Some(late_until);
    }
    Ok(true)
}

/// What is wanted and what was observed, read anew before every step.
async fn read(
    tools: &Tools,
    claim: &Claim,
) -> Result<Option<(Link, StoredMeeting, Wanted)>, Trouble> {
    wanted_of(tools, claim.organization, MeetingId(claim.id)).await
}

/// The same for whoever only compares.
pub(super) async fn wanted_of(
    tools: &Tools,
    organization: OrganizationId,
    id: MeetingId,
) -> Result<Option<(Link, StoredMeeting, Wanted)>, Trouble> {
    let Some(link) = links::find_for_work(&tools.store, organization, id).await? else {
        return Ok(None);
    };
    let Some(stored) = meetings::find_for_work(&tools.store, organization, id).await? else {
        return Ok(None);
    };
    if link.kept {
        return Ok(None);
    }
    let meeting = &stored.meeting;
    let ids: Vec<MemberId> = meeting
        .attendees
        .iter()
        .map(|attendee| attendee.member)
        .collect();
    let accounts = directory::list_for_work(&tools.store, organization, &ids).await?;
    let addresses: BTreeMap<MemberId, String> =
        members::list_for_work(&tools.store, organization, &ids)
            .await?
            .into_iter()
            .map(|member| (member.id, member.email.as_str().to_owned()))
            .collect();
    let enrolments =
        tracks::participants_for_work(&tools.store, organization, meeting.track).await?;
    let lobby = tracks::find_for_work(&tools.store, organization, meeting.track)
        .await?
        .map_or(LobbyScope::default(), |track| track.lobby);
    let people: Vec<Person> = meeting
        .attendees
        .iter()
        .map(|attendee| Person {
            member: attendee.member,
            organizer: attendee.organizer,
            mentor: enrolments
                .iter()
                .any(|one| one.member.id == attendee.member && one.roles.contains(Role::Mentor)),
            object_id: accounts
                .get(&attendee.member)
                .and_then(directory::Lookup::member_object_id),
            guest: false,
        })
        .collect();
    let coorganizers = lobby::coorganizers(&people);
    let people = people
        .iter()
        .map(|person| LinkPerson {
            member: person.member,
            upn: accounts
                .get(&person.member)
                .and_then(|lookup| lookup.account.as_ref())
                .map(|account| account.user_principal_name.clone())
                .or_else(|| addresses.get(&person.member).cloned())
                .unwrap_or_default(),
            object_id: person.object_id,
            coorganizer: coorganizers.contains(&person.member),
        })
        .collect();
    let current = meeting.current(tools.clock.now());
    let wanted = Wanted {
        meeting: id,
        present: link.wanted
            && !link.moving
            && meeting.state != MeetingState::Cancelled
            && meeting.mode == Mode::Teams,
        revision: link.version,
        subject: meeting.title.clone(),
        start: current.starts_at,
        end: current.ends_at,
        people,
        lobby,
        checked_since: link.check_since,
    };
    Ok(Some((link, stored, wanted)))
}

fn attendees(wanted: &Wanted) -> Vec<Attendee> {
    wanted
        .people
        .iter()
        .map(|person| Attendee {
            upn: person.upn.clone(),
            role: if person.coorganizer {
                TeamsRole::CoOrganizer
            } else {
                TeamsRole::Attendee
            },
            object_id: person.object_id.map(ObjectId),
        })
        .collect()
}

fn teams_lobby(scope: LobbyScope) -> TeamsLobby {
    match scope {
        LobbyScope::Organization => TeamsLobby::Organization,
        LobbyScope::Invited => TeamsLobby::Invited,
        LobbyScope::Everyone => TeamsLobby::Everyone,
    }
}

async fn apply(
    client: &Client,
    access: &Access,
    step: &Step,
    link: &Link,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Learned, Failure> {
    let calls = client.online_meetings(&access.token);
    let mut next = link.clone();
    match step {
        Step::CreateOrGet { external_id } | Step::GetThenDelete { external_id } => {
            let new = NewOnlineMeeting {
                external_id: external_id.clone(),
                subject: wanted.subject.clone(),
                start: wanted.start,
                end: wanted.end,
                attendees: attendees(wanted),
            };
            let (made, _) = calls.create_or_get(&new).await?;
            if matches!(step, Step::GetThenDelete { .. }) {
                delete(client, access, &made.id).await?;
                next.observed.deleted_confirmed = true;
            } else {
                next.observed.join_url = Some(made.join_web_url.to_string());
                next.observed.online_meeting_id = Some(made.id);
            }
            next.host = Some(access.token.host().0);
            next.observed.ever_called = true;
        }
        Step::Update { id } => {
            let changes = Changes {
                subject: Some(wanted.subject.clone()),
                times: Some((wanted.start, wanted.end)),
                attendees: Some(attendees(wanted)),
                lobby_scope: Some(teams_lobby(wanted.lobby)),
                // Nobody who dials in can be told from a stranger.
                dial_in_bypass: Some(false),
                // Any colleague who is there can let others in (product, section 5).
                allowed_presenters: Some(AllowedPresenters::Organization),
                allowed_lobby_admitters: Some(
                    AllowedLobbyAdmitters::OrganizerAndCoOrganizersAndPresenters,
                ),
            };
            match calls.update(id, &changes).await {
                Ok(_) => {}
                Err(failure) if failure.kind == Kind::NotFound => {
                    return Ok(Learned::Vanished);
                }
                Err(failure) => return Err(failure),
            }
            let Some(read_back) = calls.get(id).await? else {
                return Ok(Learned::Vanished);
            };
            next.observed.join_url = Some(read_back.join_web_url.to_string());
            next.differences = differences(wanted, &read_back);
            next.observed.applied_revision = Some(wanted.revision);
            next.observed.applied_start = Some(wanted.start);
            next.observed.checked_at = Some(now);
        }
        Step::Check { id } => {
            let Some(read_back) = calls.get(id).await? else {
                return Ok(Learned::Vanished);
            };
            next.observed.join_url = Some(read_back.join_web_url.to_string());
            next.differences = differences(wanted, &read_back);
            next.observed.checked_at = Some(now);
        }
        Step::Delete { id } => {
            delete(client, access, id).await?;
            next.observed.deleted_confirmed = true;
        }
        Step::Nothing => {}
    }
    Ok(Learned::Link(Box::new(next)))
}

/// Deletes a Teams meeting. Microsoft's own link may outlive that and even revive the
/// meeting, so its door is shut first as far as it can be (microsoft: C4).
pub(super) async fn delete(client: &Client, access: &Access, id: &str) -> Result<(), Failure> {
    let calls = client.online_meetings(&access.token);
    let shut = Changes {
        attendees: Some(Vec::new()),
        lobby_scope: Some(TeamsLobby::Organizer),
        ..Changes::default()
    };
    match calls.update(id, &shut).await {
        Ok(_) => {}
        // The deletion itself will say what matters of a refusal.
        Err(failure) if !failure.heals_by_itself() => {}
        Err(failure) => return Err(failure),
    }
    calls.delete(id).await.map(|_| ())
}

/// What Teams kept differently from what was set.
pub(super) fn differences(wanted: &Wanted, read_back: &OnlineMeeting) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |setting, teams: &str| {
        found.push(Difference {
            setting,
            teams: teams.to_owned(),
        });
    };
    match &read_back.lobby_scope {
        Some(scope) if *scope != teams_lobby(wanted.lobby) => note(Setting::Lobby, scope.as_str()),
        _ => {}
    }
    match &read_back.allowed_presenters {
        Some(presenters) if *presenters != AllowedPresenters::Organization => {
            note(Setting::Presenters, presenters.as_str());
        }
        _ => {}
    }
    match &read_back.allowed_lobby_admitters {
        Some(admitters)
            if *admitters != AllowedLobbyAdmitters::OrganizerAndCoOrganizersAndPresenters =>
        {
            note(Setting::Admitters, admitters.as_str());
        }
        _ => {}
    }
    let missing = wanted
        .people
        .iter()
        .filter(|person| person.coorganizer)
        .any(|person| !is_coorganizer(read_back, person));
    if missing {
        note(Setting::CoOrganizers, "missing");
    }
    found
}

fn is_coorganizer(read_back: &OnlineMeeting, person: &LinkPerson) -> bool {
    read_back.attendees.iter().any(|attendee| {
        let is_same = match (attendee.object_id, person.object_id) {
            (Some(theirs), Some(ours)) => theirs.0 == ours,
            _ => attendee
                .upn
                .as_ref()
                .is_some_and(|upn| upn.eq_ignore_ascii_case(&person.upn)),
        };
        is_same && attendee.role == Some(TeamsRole::CoOrganizer)
    })
}

/// Writes what a step taught. When the link works for the first time, or the first time
/// since the meeting became one on Teams, everyone is told in the same commit (N4). Answers whether the lease still held.
async fn record(
    tools: &Tools,
    claim: &Claim,
    mut learned: Link,
    wanted: &Wanted,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    let id = MeetingId(claim.id);
    let Some(current) = links::find_in(&tx, claim.organization, id).await? else {
        return Ok(false);
    };
    if let (None, Some(host)) = (current.host, learned.host) {
        host::count_made(tools, &tx, claim.organization, host).await?;
    }
    if current.observed.generation != learned.observed.generation {
        return Ok(false);
    }
    if current.wanted && !current.moving && learned.observed.deleted_confirmed {
        // It was wanted again while it was being deleted.
        let (waiting, generation) = (
            LinkState::Waiting(WaitingReason::BeingMade),
            current.integration_generation,
        );
        links::want(&tx, claim.organization, id, &waiting, generation).await?;
        tx.commit().await?;
        return Ok(true);
    }
    // Somebody may have cancelled while Microsoft answered; their word about the state stands.
    learned.state = if !current.wanted {
        LinkState::Closed
    } else if current.moving {
        LinkState::Waiting(WaitingReason::BeingMade)
    } else if learned.observed.applied_revision.is_some() {
        LinkState::Ready
    } else {
        LinkState::Waiting(WaitingReason::BeingMade)
    };
    if learned.state == LinkState::Ready || learned.observed.deleted_confirmed {
        learned.attempts = 0;
    }
    match links::save(&tx, &learned).await {
        Err(StoreError::Taken(_)) => {
            drop(tx);
            tracing::error!(organization.id = %claim.organization, meeting.id = %id, "Microsoft answered with the id of another meeting");
            give_up(tools, claim, Cause::WrongAnswer).await?;
            return Ok(false);
        }
        other => other?,
    }
    let is_another = current.told_generation != Some(learned.observed.generation);
    if learned.state == LinkState::Ready
        && wanted.present
        && let Some(stored) = meetings::find_in(&tx, claim.organization, id).await?
        && (stored.announced_mode != Some(Mode::Teams) || is_another)
        && stored.meeting.state == MeetingState::Scheduled
    {
        tell(tools, &tx, stored).await?;
        links::mark_told(&tx, claim.organization, id, learned.observed.generation).await?;
    }
    reminders::wake(&tx, claim.organization, id).await?;
    if learned.state == LinkState::Ready && wanted.start > tx.now {
        credentials::due_by(
            &tx,
            claim.organization,
            health::try_by(tx.now, wanted.start),
        )
        .await?;
    }
    host::answered(tools, &tx, claim.organization).await?;
    if current.attempts > 0 {
        // Whatever stood in the way of this one is over for all of them (N10).
        links::wake_waiting(&tx, claim.organization).await?;
        tools.wake.ring(Reconciler::Links);
    }
    tx.commit().await?;
    tools.wake.ring(Reconciler::Outbox);
    tools.wake.ring(Reconciler::Reminders);
    Ok(true)
}

/// Tells everyone that the link works: of the meeting, or of another link than they have.
async fn tell(tools: &Tools, tx: &Tx, mut stored: StoredMeeting) -> Result<(), Trouble> {
    let mut known = stored.known();
    if stored.announced_mode == Some(Mode::Teams) {
        known = Some(known.unwrap_or_else(|| stored.meeting.clone()));
        stored.meeting.sequence += 1;
        meetings::raise_sequence(tx, &stored.meeting).await?;
    }
    let tell = Telling {
        tx,
        instance: &tools.instance,
        randomness: &tools.randomness,
        before: known.as_ref(),
        after: &stored,
        reason: None,
    };
    Ok(tell.everyone().await?)
}

/// Whether the id that Microsoft gave may be untrue: nothing was ever found under it.
fn is_doubtful(link: &Link) -> bool {
    link.observed.applied_revision.is_none() && link.attempts < MOST_DOUBTS
}

/// Asks for the meeting by its external id again. To want another one would leave this one
/// behind, if it was the answer that was wrong.
async fn ask_again(tools: &Tools, claim: &Claim, mut link: Link) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    link.observed.online_meeting_id = None;
    link.observed.join_url = None;
    link.attempts += 1;
    save_and_release(&tx, claim, &link, Some(tx.now + SOON)).await?;
    tx.commit().await?;
    Ok(())
}

async fn want_anew(
    tools: &Tools,
    claim: &Claim,
    link: &Link,
    access: &Access,
) -> Result<bool, Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if !lease::holds(&tx, claim).await? {
        return Ok(false);
    }
    want_another(tools, &tx, link, access).await?;
    tx.commit().await?;
    Ok(true)
}

/// Wants a new Teams meeting in place of one that is gone. The old one is remembered, for
/// whoever opens its link may bring it back.
pub(super) async fn want_another(
    tools: &Tools,
    tx: &Tx,
    link: &Link,
    access: &Access,
) -> Result<(), Trouble> {
    let organization = link.organization;
    let current = links::find_in(tx, organization, link.meeting).await?;
    if current.is_none_or(|current| !current.wanted) {
        return Ok(());
    }
    let stored = meetings::find_in(tx, organization, link.meeting).await?;
    if let (Some(id), Some(stored)) = (&link.observed.online_meeting_id, stored) {
        let host = access.integration.host.as_ref();
        let gone = LeftMeeting {
            id: tools.randomness.uuid_v7(tx.now),
            organization,
            meeting: link.meeting,
            online_meeting_id: id.clone(),
            host: link.host.unwrap_or(access.token.host().0),
            host_name: host.map(|host| host.name.clone()).unwrap_or_default(),
            fate: Fate::Gone,
            since: tx.now,
            until: stored.meeting.ends_at(),
        };
        left_meetings::insert(tx, &gone).await?;
    }
    let waiting = LinkState::Waiting(WaitingReason::BeingMade);
    let generation = access.integration.generation;
    Ok(links::want(tx, organization, link.meeting, &waiting, generation).await?)
}

/// Wanted and observed agree: the row rests, unless something changed meanwhile. The link
/// of a series rests until the occurrence is over whose times it carries, and then moves on
/// to the next.
async fn settle(
    tools: &Tools,
    claim: &Claim,
    seen: &Link,
    meeting: &Meeting,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let current = links::find_in(&tx, claim.organization, MeetingId(claim.id)).await?;
    let changed = current.is_some_and(|current| current.version != seen.version);
    let moves_on = meeting
        .next(tx.now)
        .filter(|current| seen.wanted && meeting.ahead(tx.now).any(|one| one != *current))
        .map(|current| current.ends_at);
    let looks_again = seen
        .late_until
        .filter(|_| seen.observed.deleted_confirmed)
        .map(|until| until.max(tx.now));
    let due_at = if changed {
        Some(tx.now)
    } else {
        moves_on.or(looks_again)
    };
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    if seen.observed.deleted_confirmed {
        tools.wake.ring(Reconciler::Health);
    }
    Ok(())
}

async fn rest(tools: &Tools, claim: &Claim, due_at: Option<Timestamp>) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    lease::release(&tx, claim, due_at).await?;
    tx.commit().await?;
    Ok(())
}

/// A link that works stays ready while a change of it waits; others say why they wait.
fn waiting(link: &Link, cause: Option<Cause>) -> LinkState {
    match link.state {
        LinkState::Ready | LinkState::Closed => link.state,
        _ => LinkState::Waiting(cause.map_or(WaitingReason::BeingMade, WaitingReason::Because)),
    }
}

async fn wait(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    blocked: Blocked,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    let due_at = match blocked {
        Blocked::TokenComing => Some(tx.now + SignedDuration::from_secs(5)),
        Blocked::NeedsAttention(cause) => {
            link.state = waiting(&link, Some(cause));
            Some(tx.now + WHILE_BLOCKED)
        }
        // Nothing can be called, and integrating again wakes every link that waits.
        Blocked::NotIntegrated => None,
    };
    save_and_release(&tx, claim, &link, due_at).await?;
    tx.commit().await?;
    Ok(())
}

async fn save_and_release(
    tx: &Tx,
    claim: &Claim,
    link: &Link,
    due_at: Option<Timestamp>,
) -> Result<(), Trouble> {
    if !lease::holds(tx, claim).await? {
        return Ok(());
    }
    let current = links::find_in(tx, claim.organization, link.meeting).await?;
    let changed = current
        .as_ref()
        .is_none_or(|current| current.version != link.version);
    if changed {
        // What was learned is about an older wish; the newer one is worked on at once.
        lease::release(tx, claim, Some(tx.now)).await?;
        return Ok(());
    }
    links::save(tx, link).await?;
    lease::release(tx, claim, due_at).await?;
    Ok(())
}

async fn failed(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    access: &Access,
    failure: &Failure,
) -> Result<(), Trouble> {
    host::log(claim.organization, "keep a Teams meeting", failure);
    if failure.kind == Kind::Throttled {
        let wait = failure.retry_after;
        return put_off(tools, claim, link, wait).await;
    }
    let tx = tools.store.begin(claim.organization).await?;
    let Some(cause) = host::cause(failure) else {
        let refused = host::token_refused(tools, &tx, access, failure).await?;
        link.state = waiting(&link, refused);
        let later = refused.map_or(SignedDuration::from_secs(5), |_| WHILE_BLOCKED);
        let gives_up = access.integration.state.is_ending() && refused.is_some();
        let due_at = (!gives_up).then_some(tx.now + later);
        save_and_release(&tx, claim, &link, due_at).await?;
        tx.commit().await?;
        return Ok(());
    };
    let heals = failure.heals_by_itself();
    let concerns_all = !heals && cause != Cause::WrongAnswer;
    if concerns_all {
        host::attention(tools, &tx, claim.organization, cause, failure).await?;
    }
    let attempts = u32::try_from(link.attempts).unwrap_or(u32::MAX);
    let attempts = link::attempts_after(attempts, heals);
    link.attempts = i64::from(attempts);
    let asked = failure
        .retry_after
        .and_then(|wait| SignedDuration::try_from(wait).ok());
    let due_at = if concerns_all {
        link.state = waiting(&link, Some(cause));
        Some(tx.now + WHILE_BLOCKED)
    } else {
        match link::retry_at(attempts, tx.now, heals, asked, tools.jitter()) {
            Retry::At(at) => {
                link.state = waiting(&link, Some(cause));
                Some(at)
            }
            Retry::GiveUp => {
                if link.state != LinkState::Closed {
                    link.state = LinkState::Failed(cause);
                }
                None
            }
        }
    };
    // While Teams is being removed or moved, what cannot be deleted is left and listed.
    let ending = access.integration.state.is_ending();
    let due_at = if ending && concerns_all { None } else { due_at };
    save_and_release(&tx, claim, &link, due_at).await?;
    tx.commit().await?;
    if ending {
        tools.wake.ring(Reconciler::Health);
    }
    Ok(())
}

/// Microsoft has been asked too much for this host: whatever waits for it waits until then,
/// without one more call, and no row has spent an attempt.
async fn put_off(
    tools: &Tools,
    claim: &Claim,
    mut link: Link,
    wait: Option<Duration>,
) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    link.state = waiting(&link, Some(Cause::Throttled));
    let until = link::resume_at(tx.now, wait.and_then(|wait| wait.try_into().ok()));
    save_and_release(&tx, claim, &link, Some(until)).await?;
    links::put_off(&tx, claim.organization, until).await?;
    tx.commit().await?;
    Ok(())
}

async fn give_up(tools: &Tools, claim: &Claim, cause: Cause) -> Result<(), Trouble> {
    let tx = tools.store.begin(claim.organization).await?;
    if let Some(mut link) = links::find_in(&tx, claim.organization, MeetingId(claim.id)).await? {
        link.state = LinkState::Failed(cause);
        save_and_release(&tx, claim, &link, None).await?;
    }
    tx.commit().await?;
    Ok(())
}
