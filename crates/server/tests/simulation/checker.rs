//! Whether every promise was kept, when all has come to rest.

use std::collections::BTreeMap;

use ithaca::store::integrations::Integration;
use ithaca::store::links::{self, Link};
use ithaca::store::meetings::{self, StoredMeeting};
use ithaca::store::{audit, integrations, tracks};
use jiff::Timestamp;
use mentoring::integration::IntegrationState;
use mentoring::link::LinkState;
use mentoring::lobby::LobbyScope;
use mentoring::meeting::MeetingState;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::track::Mode;
use sandbox::tenant::meetings::{LobbyScope as TeamsLobby, OnlineMeeting};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement};
use uuid::Uuid;

use crate::calendars;
use crate::companies::Company;
use crate::meddling::is_trial;
use crate::world::World;

/// Checks N1 to N5 and N8 to N11; N6 and N7 are watched while a history goes on.
pub async fn check(world: &World) {
    nothing_is_left_to_do(world).await;
    for company in &world.companies {
        let integration = integrations::find_for_work(&world.store, company.id)
            .await
            .expect("integrations can be read");
        teams_has_what_is_wanted(world, company, &integration).await;
        let state = integration.state;
        calendars::are_right(world, company).await;
        if let Some(number) = audit::first_break(&world.store, company.id)
            .await
            .expect("the log can be read")
        {
            world
                .stage
                .broken(format!("N11: the chain breaks at {number}"));
        }
        if matches!(
            state,
            IntegrationState::Removed | IntegrationState::NotIntegrated
        ) {
            nothing_is_left_of_the_token(world, company).await;
        } else if state != IntegrationState::Integrated {
            world
                .stage
                .broken(format!("N10: {} is {state:?}", company.domain));
        }
    }
    what_was_acknowledged_is_there(world).await;
    world.offers_are_settled().await;
    no_message_is_there_twice(world).await;
}

async fn rows(world: &World, text: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(DbBackend::Sqlite, text.to_owned());
    world
        .store
        .read()
        .query_all_raw(statement)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// All meetings of an organization.
pub async fn meeting_ids(world: &World, organization: OrganizationId) -> Vec<MeetingId> {
    let id = organization.0.simple();
    rows(
        world,
        &format!("SELECT id FROM meetings WHERE organization_id = x'{id}' ORDER BY id"),
    )
    .await
    .iter()
    .map(|row| MeetingId(row.try_get::<Uuid>("", "id").expect("it is a UUID")))
    .collect()
}

/// When the last lease ends that somebody holds.
pub async fn last_lease(world: &World) -> Option<Timestamp> {
    let mut last = None;
    for table in world.tables() {
        let text =
            format!("SELECT MAX(lease_until) AS until FROM {table} WHERE lease_owner IS NOT NULL");
        for row in rows(world, &text).await {
            let until: Option<i64> = row.try_get("", "until").expect("it is a number");
            last = last.max(until.map(ithaca::store::instant));
        }
    }
    last
}

/// Until when a call may arrive late that makes a Teams meeting which nobody wants any more.
pub async fn last_late_call(world: &World) -> Option<Timestamp> {
    let text = "SELECT MAX(late_until) AS until FROM meeting_links WHERE NOT wanted AND NOT kept AND due_at IS NOT NULL";
    let row = rows(world, text).await.pop()?;
    let until: Option<i64> = row.try_get("", "until").expect("it is a number");
    until.map(ithaca::store::instant)
}

/// All that stands in a row of work.
pub async fn row(world: &World, table: &str, id: Uuid) -> Vec<String> {
    let text = format!(
        "SELECT group_concat('quote(' || name || ')', ' || ') AS all_ FROM pragma_table_info('{table}')"
    );
    let columns = rows(world, &text).await;
    let columns: Vec<String> = columns
        .iter()
        .map(|row| row.try_get("", "all_").expect("it is a text"))
        .collect();
    let (columns, id) = (columns.join(""), id.simple());
    let text = format!("SELECT {columns} AS row_ FROM {table} WHERE id = x'{id}'");
    let all = rows(world, &text).await;
    all.iter()
        .map(|row| row.try_get("", "row_").expect("it is a text"))
        .collect()
}

/// What became of the messages to somebody about a meeting, oldest first.
pub async fn messages(world: &World, meeting: MeetingId, member: MemberId) -> Vec<String> {
    let (meeting, member) = (meeting.0.simple(), member.0.simple());
    let text = format!(
        "SELECT topic || ' ' || fate || ' ' || coalesce(reason, '') AS row_ FROM outbox WHERE meeting_id = x'{meeting}' AND member_id = x'{member}' ORDER BY id"
    );
    let all = rows(world, &text).await;
    all.iter()
        .map(|row| row.try_get("", "row_").expect("it is a text"))
        .collect()
}

/// N9 and N10: nothing is due, and nobody holds anything.
async fn nothing_is_left_to_do(world: &World) {
    let now = world.stage.clock.now().as_millisecond();
    for table in world.tables() {
        for row in rows(
            world,
            &format!("SELECT hex(id) AS id, lease_owner, due_at FROM {table} WHERE due_at IS NOT NULL AND (lease_owner IS NOT NULL OR due_at <= {now})"),
        )
        .await
        {
            let id: String = row.try_get("", "id").expect("it is a text");
            world.stage.broken(format!("N9: the row {id} of {table} is still worked on"));
        }
    }
}

/// N1, N2, N9 and N10 of links.
async fn teams_has_what_is_wanted(world: &World, company: &Company, integration: &Integration) {
    let state = integration.state;
    let host = integration.host.as_ref().map(|host| host.object_id);
    let tenant = world.microsoft.tenant(company.id);
    let now = world.microsoft.sandbox.now();
    let truth: Vec<OnlineMeeting> = world.microsoft.sandbox.read(|state| {
        let all = state.meetings.iter();
        all.filter(|meeting| meeting.tenant == tenant && meeting.is_known_at(now))
            .collect()
    });
    let told = told_to_administrators(world, company).await;
    let truth: Vec<&OnlineMeeting> = truth
        .iter()
        .filter(|meeting| !is_trial(meeting) && !told.iter().any(|one| names(one, meeting)))
        // What somebody brought back only its own host can delete, and once its time has come
        // it does no harm.
        .filter(|meeting| {
            !world.meddled.is_revived(meeting)
                || host == Some(meeting.organizer.0) && meeting.start > now
        })
        .collect();
    let mut by_meeting: BTreeMap<String, Vec<&OnlineMeeting>> = BTreeMap::new();
    for teams in truth {
        let external_id = teams.external_id.as_deref().unwrap_or_default();
        let (meeting, _) = external_id.split_once(':').unwrap_or((external_id, ""));
        by_meeting
            .entry(meeting.to_owned())
            .or_default()
            .push(teams);
    }
    for (meeting, all) in &by_meeting {
        if all.len() > 1 {
            world
                .stage
                .broken(format!("N1: {} Teams meetings of {meeting}", all.len()));
        }
        let Ok(id) = meeting.parse::<Uuid>() else {
            world.stage.broken(format!("N2: nobody knows of {meeting}"));
            continue;
        };
        let link = links::find_for_work(&world.store, company.id, MeetingId(id))
            .await
            .expect("links can be read");
        match link {
            None => world.stage.broken(format!(
                "N2: no row knows of the Teams meeting of {meeting}"
            )),
            Some(link) if !link.wanted && !is_listed(world, company, &link).await => {
                world.stage.broken(format!(
                    "N2: {meeting} has a Teams meeting that nobody wants"
                ));
            }
            Some(_) => {}
        }
    }
    let lobby = tracks::find_for_work(&world.store, company.id, company.track)
        .await
        .expect("tracks can be read")
        .map(|track| track.lobby);
    for id in meeting_ids(world, company.id).await {
        let Some(stored) = find(world, company, id).await else {
            continue;
        };
        let link = links::find_for_work(&world.store, company.id, id)
            .await
            .expect("links can be read");
        let wants =
            stored.meeting.mode == Mode::Teams && stored.meeting.state == MeetingState::Scheduled;
        let Some(link) = link else {
            if wants {
                world
                    .stage
                    .broken(format!("N10: {id} has no row for its link"));
            }
            continue;
        };
        if !wants || link.kept || stored.meeting.is_over(world.stage.clock.now()) {
            continue;
        }
        let teams = by_meeting.get(&id.to_string()).and_then(|all| all.first());
        if state == IntegrationState::Integrated {
            is_as_wanted(world, &stored, &link, teams.copied(), lobby);
        }
    }
}

/// N10: the link works, and Teams has what the meeting says.
fn is_as_wanted(
    world: &World,
    stored: &StoredMeeting,
    link: &Link,
    teams: Option<&OnlineMeeting>,
    lobby: Option<LobbyScope>,
) {
    let meeting = &stored.meeting;
    let id = meeting.id;
    if link.state != LinkState::Ready {
        world
            .stage
            .broken(format!("N10: the link of {id} is {:?}", link.state));
        return;
    }
    let Some(teams) = teams else {
        world.stage.broken(format!(
            "N10: the link of {id} is ready and there is no Teams meeting"
        ));
        return;
    };
    let url = teams.join_url("http://localhost:8443");
    if link.observed.join_url.as_deref() != Some(&url) {
        world
            .stage
            .broken(format!("N4: the link of {id} leads elsewhere"));
    }
    let now = world.stage.clock.now();
    let current = meeting.current(now);
    let times = (current.starts_at, current.ends_at);
    if teams.subject.as_deref() != Some(&meeting.title) || (teams.start, teams.end) != times {
        world
            .stage
            .broken(format!("N10: Teams has another time or title of {id}"));
    }
    let wanted = lobby.map(|scope| match scope {
        LobbyScope::Organization => TeamsLobby::Organization,
        LobbyScope::Invited => TeamsLobby::Invited,
        LobbyScope::Everyone => TeamsLobby::Everyone,
    });
    // Whoever meets just now keeps the lobby that they came through.
    if current.starts_at > now && Some(teams.lobby.scope) != wanted {
        let there = teams.lobby.scope;
        world
            .stage
            .broken(format!("N10: {id} has the lobby {there:?}, not {wanted:?}"));
    }
    let ran = world.meddled.taken_out_of(teams);
    if !ran.is_empty() && teams.attendees.is_empty() {
        world
            .stage
            .broken(format!("N10: nobody runs the Teams meeting of {id}"));
    }
    if link.told_generation != Some(link.observed.generation) {
        world
            .stage
            .broken(format!("N4: nobody was told of the link of {id}"));
    }
}

/// The Teams meetings that administrators were told of as left behind, each by Microsoft's id
/// or by the external id.
async fn told_to_administrators(world: &World, company: &Company) -> Vec<String> {
    let organization = company.id.0.simple();
    let text = format!(
        "SELECT online_meeting_id AS id FROM left_meetings WHERE organization_id = x'{organization}' AND fate = 'left'"
    );
    let left = rows(world, &text).await;
    left.iter()
        .map(|row| row.try_get("", "id").expect("it is a text"))
        .collect()
}

fn names(id: &str, meeting: &OnlineMeeting) -> bool {
    meeting.id() == id || meeting.external_id.as_deref() == Some(id)
}

/// N2: what can't be deleted any more is told to the administrators.
async fn is_listed(world: &World, company: &Company, link: &Link) -> bool {
    if !link.kept {
        return false;
    }
    let id =
        link.observed.online_meeting_id.clone().unwrap_or_else(|| {
            mentoring::link::external_id(link.meeting, link.observed.generation)
        });
    let organization = company.id.0.simple();
    let text = format!(
        "SELECT COUNT(*) AS told FROM audit_entries WHERE organization_id = x'{organization}' AND instr(details, '{id}') > 0"
    );
    let told = rows(world, &text).await;
    told.iter()
        .any(|row| row.try_get::<i64>("", "told").is_ok_and(|count| count > 0))
}

pub async fn find(world: &World, company: &Company, id: MeetingId) -> Option<StoredMeeting> {
    meetings::find_for_work(&world.store, company.id, id)
        .await
        .expect("meetings can be read")
}

/// N5.
async fn what_was_acknowledged_is_there(world: &World) {
    for promised in world.promises.meetings() {
        let promised = &promised.meeting;
        let kept = meetings::find_for_work(&world.store, promised.organization, promised.id)
            .await
            .expect("meetings can be read");
        let Some(kept) = kept.map(|stored| stored.meeting) else {
            world.stage.broken(format!("N5: {} is gone", promised.id));
            continue;
        };
        let is_older = kept.revision < promised.revision;
        let differs = kept.revision == promised.revision
            && (kept.title != promised.title
                || kept.schedule != promised.schedule
                || kept.state != promised.state
                || kept.mode != promised.mode);
        let is_back =
            promised.state == MeetingState::Cancelled && kept.state != MeetingState::Cancelled;
        if is_older || differs || is_back {
            world
                .stage
                .broken(format!("N5: {} is not as was acknowledged", promised.id));
        }
    }
}

/// N3: one row per meeting, person and topic.
async fn no_message_is_there_twice(world: &World) {
    let twice = rows(
        world,
        "SELECT COUNT(*) AS rows_ FROM (SELECT 1 FROM outbox GROUP BY about_id, member_id, topic HAVING COUNT(*) > 1)",
    )
    .await;
    let count = twice
        .first()
        .map_or(0, |row| row.try_get::<i64>("", "rows_").unwrap_or(0));
    if count > 0 {
        world
            .stage
            .broken(format!("N3: {count} messages are there twice"));
    }
}

/// N8.
async fn nothing_is_left_of_the_token(world: &World, company: &Company) {
    let left = ithaca::store::credentials::find(&world.store, company.id)
        .await
        .expect("credentials can be read");
    let proposed = ithaca::store::reconnections::find_for_work(&world.store, company.id)
        .await
        .expect("changes of host can be read");
    if left.is_some() || proposed.is_some() {
        world
            .stage
            .broken(format!("N8: a token of {} is left", company.domain));
    }
}
