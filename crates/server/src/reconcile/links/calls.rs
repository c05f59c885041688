//! A step, as calls to Microsoft, and what their answers teach.

use jiff::Timestamp;
use mentoring::link::{LinkPerson, Step, Wanted};
use mentoring::lobby::{Difference, LobbyScope, Setting};
use microsoft::online_meetings::{
    AllowedLobbyAdmitters, AllowedPresenters, Attendee, LobbyScope as TeamsLobby, Role as TeamsRole,
};
use microsoft::{Changes, Client, Failure, Kind, NewOnlineMeeting, ObjectId, OnlineMeeting};

use crate::reconcile::host::Access;
use crate::store::links::Link;

/// What a step taught us.
pub(super) enum Learned {
    /// The link as it is now known.
    Link(Box<Link>),
    /// Teams deleted it behind our back: a new one is wanted.
    Vanished,
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

pub(super) async fn apply(
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
            // A change by somebody else, or an old one that arrives late, may have come between.
            // What is kept otherwise a second time is the tenant's own policy.
            let is_kept = |found| link.differences.contains(found);
            if next.differences.iter().all(is_kept) {
                next.observed.applied_revision = Some(wanted.revision);
                next.observed.applied_start = Some(wanted.start);
                next.observed.checked_at = Some(now);
            }
        }
        Step::Check { id } => {
            let Some(read_back) = calls.get(id).await? else {
                return Ok(Learned::Vanished);
            };
            next.observed.join_url = Some(read_back.join_web_url.to_string());
            next.differences = differences(wanted, &read_back);
            next.observed.checked_at = Some(now);
            let is_known = |found| link.differences.contains(found);
            if !next.differences.iter().all(is_known) {
                // Somebody changed it: it is set again.
                next.observed.applied_start = None;
            }
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
pub(in crate::reconcile) async fn delete(
    client: &Client,
    access: &Access,
    id: &str,
) -> Result<(), Failure> {
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
pub(in crate::reconcile) fn differences(
    wanted: &Wanted,
    read_back: &OnlineMeeting,
) -> Vec<Difference> {
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
