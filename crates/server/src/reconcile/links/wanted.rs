//! What is wanted of a Teams meeting, read from everything that has a say in it.

use std::collections::BTreeMap;

use mentoring::link::{LinkPerson, Wanted};
use mentoring::lobby::{self, LobbyScope, Person};
use mentoring::meeting::MeetingState;
use mentoring::organization::{MeetingId, MemberId, OrganizationId};
use mentoring::role::Role;
use mentoring::track::Mode;

use crate::reconcile::{Tools, Trouble};
use crate::store::lease::Claim;
use crate::store::links::{self, Link};
use crate::store::meetings::{self, StoredMeeting};
use crate::store::{directory, members, tracks};

/// What is wanted and what was observed, read anew before every step.
pub(super) async fn read(
    tools: &Tools,
    claim: &Claim,
) -> Result<Option<(Link, StoredMeeting, Wanted)>, Trouble> {
    wanted_of(tools, claim.organization, MeetingId(claim.id)).await
}

/// The same for whoever only compares.
pub(in crate::reconcile) async fn wanted_of(
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
