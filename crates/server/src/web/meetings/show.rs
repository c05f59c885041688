//! One meeting: when, where, with whom, and does the link work?

use std::collections::BTreeMap;

use axum::extract::Path;
use mentoring::answer::{self, Answer, Reply};
use mentoring::lobby::{self, Difference, Entry, LobbyScope, Person};
use mentoring::meeting::{Meeting, MeetingState, may_cancel, may_change};
use mentoring::member::Member;
use mentoring::note::Audience;
use mentoring::organization::MemberId;
use mentoring::proposal;
use mentoring::repetition::{Occurrence, OccurrenceState};
use mentoring::role::{Role, Roles, rights};
use mentoring::track::Mode;

use super::scope::Named;
use super::{link, mode, notes, outcome, when, words};
use crate::app::AppError;
use crate::mail;
use crate::store::meetings::StoredMeeting;
use crate::store::{self, directory, integrations, links, tracks};
use crate::web::actor::SignedIn;
use crate::web::answer::{self as answering, Failed, view};
use crate::web::answers::Words;
use crate::web::form::Query;
use crate::web::pages::form::{Choice, Errors};
use crate::web::pages::frame::Here;
use crate::web::pages::meetings::{self as pages, Agenda, Attendee, OccurrenceLine};
use crate::web::pages::proposals::Offer;
use crate::web::pages::shown::{Tag, Tone};
use crate::web::proposals::{Looking, Problem, offers};
use crate::web::tracks::show as track_page;

/// A meeting's page.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(named): Query<Named>,
) -> answering::Answer {
    let stored = super::find(&signed_in, &id).await?;
    view(&page(&signed_in, &stored, named, None).await?)
}

/// The page; with what was typed into its form, if that was refused.
pub(super) async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    named: Named,
    typed: Option<(Words, Errors)>,
) -> Result<pages::Meeting, Failed> {
    page_with(signed_in, stored, named, typed, None).await
}

/// The same; with what was refused of an answer to times that are offered.
pub(in crate::web) async fn page_with(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    named: Named,
    typed: Option<(Words, Errors)>,
    problem: Option<&Problem>,
) -> Result<pages::Meeting, Failed> {
    let meeting = &stored.meeting;
    let store = &signed_in.app.store;
    let sight = &signed_in.sight;
    // Who has left the track still sees the meetings that they attend.
    let track = store::meetings::track_of(store, sight, stored).await?;
    let people = store::meetings::people_of(store, sight, [stored]).await?;
    let roles: BTreeMap<MemberId, Roles> = tracks::list_participants(store, sight, track.id)
        .await?
        .into_iter()
        .map(|participant| (participant.member.id, participant.roles))
        .collect();
    let link = links::find(store, sight, meeting.id)
        .await?
        .filter(|_| meeting.mode == Mode::Teams);
    let differences = link.as_ref().map_or(&[][..], |link| &link.differences);
    // Once Teams is removed, nothing is known of who would walk in.
    let is_known = integrations::find(store, sight).await?.state.may_call();
    let forecast =
        if is_known && meeting.mode == Mode::Teams && meeting.state == MeetingState::Scheduled {
            let scope = lobby::effective(track.lobby, differences);
            Some(forecast(signed_in, meeting, &roles, scope).await?)
        } else {
            None
        };
    let lobby = forecast.as_ref().map(|forecast| pages::Lobby {
        warning: warning(forecast, &people),
        admits: words::admitting(&first_names(&forecast.admits, &people)),
        differences: differences.iter().map(Difference::sentence).collect(),
    });
    let link = match &link {
        Some(link) => Some(link::fragment(signed_in, stored, link).await?),
        None => None,
    };
    let actor = &signed_in.acting().actor;
    let rights = rights(actor, meeting);
    let now = signed_in.app.clock.now();
    let is_planned = meeting.state == MeetingState::Scheduled && !meeting.is_over(now);
    let occurrence = named.of(meeting, now)?;
    let is_ahead = occurrence.is_ahead(now);
    let (coming, past): (Vec<_>, Vec<_>) = meeting
        .occurrences
        .iter()
        .filter(|_| meeting.occurrences.len() > 1)
        .partition(|one| one.ends_at > now);
    let entry = |one: &Occurrence| entry(signed_in, meeting, &people, one, &occurrence);
    let planner = people.get(&meeting.organizer);
    let replies = store::meetings::replies(store, sight, meeting.id).await?;
    let me = signed_in.member().id;
    let yours = answer::may_answer(me, meeting, now)
        .is_ok()
        .then(|| yours(replies.get(&me), typed));
    let offered = offered(signed_in, stored, &occurrence, problem).await?;
    let crowd = Crowd {
        people: &people,
        roles: &roles,
        forecast: forecast.as_ref(),
        replies: &replies,
        reads_notes: rights.see_content,
    };
    Ok(pages::Meeting {
        frame: signed_in.frame(Here::Meetings).await?,
        id: meeting.id.to_string(),
        title: meeting.title.clone(),
        track: track_page::mark(&track),
        when: when(signed_in, meeting, &occurrence, &people),
        mode: mode(meeting.mode),
        location: Some(meeting.location.clone()).filter(|location| !location.is_empty()),
        state: state(meeting, &occurrence, is_ahead, link.is_some()),
        attendees: attendees(signed_in, meeting, &crowd).await?,
        lobby: lobby.filter(|_| is_planned),
        agenda: agenda(meeting, rights.see_content),
        link,
        may_change: may_change(actor, meeting, now).is_ok(),
        may_cancel: may_cancel(actor, meeting, now).is_ok(),
        repeats: meeting.repetition.map(|rule| {
            let first = meeting.schedule.local_start;
            mail::repeats(&rule, first, &signed_in.member().language)
        }),
        of: if is_ahead {
            super::of(meeting, &occurrence)
        } else {
            String::new()
        },
        coming: coming.into_iter().map(&entry).collect(),
        past: past.into_iter().map(&entry).collect(),
        offers: offered.0,
        other_times: offered.1.filter(|_| is_planned),
        yours,
        afterwards: outcome::afterwards(signed_in, meeting, &occurrence, &people).await?,
        notes: shared_notes(signed_in, meeting, rights.see_content).await?,
        made: planner.map_or(String::new(), |person| {
            let verb = if stored.is_logged() {
                "logged"
            } else {
                "planned"
            };
            format!("{} {verb} this meeting.", person.name())
        }),
    })
}

/// The times that are offered, and where the actor offers others.
async fn offered(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    occurrence: &Occurrence,
    problem: Option<&Problem>,
) -> Result<(Vec<Offer>, Option<String>), Failed> {
    let meeting = &stored.meeting;
    let member = signed_in.member();
    let may_offer = proposal::may_offer(member.id, meeting, signed_in.app.clock.now()).is_ok();
    let of = super::of(meeting, occurrence);
    let other = signed_in.to(&format!("meetings/{}/proposals/new{of}", meeting.id));
    let other = may_offer.then_some(other);
    let is_proposed = meeting.state == MeetingState::Proposed;
    let looking = Looking {
        app: &signed_in.app,
        sight: &signed_in.sight,
        member,
        base: signed_in.to(&format!("meetings/{}", meeting.id)),
        other: other.clone().filter(|_| is_proposed),
    };
    Ok((offers(&looking, stored, problem).await?, other))
}

fn entry(
    signed_in: &SignedIn,
    meeting: &Meeting,
    people: &BTreeMap<MemberId, Member>,
    one: &Occurrence,
    shown: &Occurrence,
) -> OccurrenceLine {
    let is_moved = one.local_start != one.original_start;
    OccurrenceLine {
        when: when(signed_in, meeting, one, people),
        tag: match one.state {
            OccurrenceState::Cancelled => Some(Tag::new("Cancelled", Tone::Wrong)),
            OccurrenceState::Scheduled if is_moved => Some(Tag::new("Moved", Tone::Plain)),
            OccurrenceState::Scheduled | OccurrenceState::Held => None,
            OccurrenceState::Missed => Some(Tag::new("Missed", Tone::Waiting)),
        },
        address: signed_in.to(&format!(
            "meetings/{}{}",
            meeting.id,
            super::of(meeting, one)
        )),
        shown: one.original_start == shown.original_start,
    }
}

/// What its people wrote together.
async fn shared_notes(
    signed_in: &SignedIn,
    meeting: &Meeting,
    may_read: bool,
) -> Result<Option<Vec<String>>, Failed> {
    if !may_read {
        return Ok(None);
    }
    let acting = signed_in.acting();
    match signed_in.app.notes(acting, meeting, Audience::Shared).await {
        Ok(shared) => Ok(Some(notes::lines(&shared.text))),
        Err(AppError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn state(
    meeting: &Meeting,
    occurrence: &Occurrence,
    is_ahead: bool,
    had_link: bool,
) -> pages::MeetingState {
    match meeting.state {
        MeetingState::Scheduled if occurrence.state == OccurrenceState::Cancelled => {
            pages::MeetingState::Cancelled {
                sentence: "Nobody is expected at this meeting of the series.".to_owned(),
                reason: None,
                note: None,
            }
        }
        MeetingState::Cancelled => pages::MeetingState::Cancelled {
            sentence: "Nobody is expected any more.".to_owned(),
            reason: meeting.cancellation_reason.clone(),
            note: (meeting.mode == Mode::Teams && had_link).then(|| {
                "Whoever kept Microsoft's own link may still get in for a while.".to_owned()
            }),
        },
        MeetingState::Proposed => pages::MeetingState::Proposed,
        MeetingState::Scheduled if is_ahead => pages::MeetingState::Scheduled,
        MeetingState::Scheduled | MeetingState::Held | MeetingState::Missed => {
            pages::MeetingState::Over(
                match occurrence.state {
                    OccurrenceState::Held => "This meeting was held.",
                    OccurrenceState::Missed => "This meeting did not take place.",
                    OccurrenceState::Scheduled | OccurrenceState::Cancelled => {
                        "This meeting is over."
                    }
                }
                .to_owned(),
            )
        }
    }
}

async fn forecast(
    signed_in: &SignedIn,
    meeting: &Meeting,
    roles: &BTreeMap<MemberId, Roles>,
    scope: LobbyScope,
) -> Result<lobby::Forecast, Failed> {
    let ids: Vec<MemberId> = meeting.attendees.iter().map(|each| each.member).collect();
    let found = directory::list(&signed_in.app.store, &signed_in.sight, &ids).await?;
    let persons: Vec<Person> = meeting
        .attendees
        .iter()
        .map(|attendee| Person {
            member: attendee.member,
            organizer: attendee.organizer,
            mentor: roles
                .get(&attendee.member)
                .is_some_and(|roles| roles.contains(Role::Mentor)),
            object_id: found
                .get(&attendee.member)
                .and_then(directory::Lookup::object_id),
            guest: found
                .get(&attendee.member)
                .is_some_and(directory::Lookup::is_guest),
        })
        .collect();
    Ok(lobby::forecast(scope, &persons))
}

fn first_names<'a>(ids: &[MemberId], people: &'a BTreeMap<MemberId, Member>) -> Vec<&'a str> {
    ids.iter()
        .filter_map(|member| people.get(member))
        .map(|person| person.first_name.as_str())
        .collect()
}

fn warning(forecast: &lobby::Forecast, people: &BTreeMap<MemberId, Member>) -> Option<String> {
    let waiting: Vec<MemberId> = forecast
        .people
        .iter()
        .filter(|(_, entry)| *entry != Entry::WalksIn)
        .map(|(member, _)| *member)
        .collect();
    let waiting = first_names(&waiting, people);
    (forecast.nobody_to_admit && !waiting.is_empty()).then(|| {
        format!(
            "{} would wait in the lobby, and nobody present could let them in. Invite a colleague who has an account.",
            words::names(&waiting)
        )
    })
}

/// What is known of the people of a meeting.
#[derive(Clone, Copy)]
struct Crowd<'a> {
    people: &'a BTreeMap<MemberId, Member>,
    roles: &'a BTreeMap<MemberId, Roles>,
    forecast: Option<&'a lobby::Forecast>,
    replies: &'a BTreeMap<MemberId, Reply>,
    /// Notes are for those who meet.
    reads_notes: bool,
}

fn yours(reply: Option<&Reply>, typed: Option<(Words, Errors)>) -> pages::YourAnswer {
    let said = reply.map_or(Words::default(), |reply| Words {
        answer: reply.answer.as_str().to_owned(),
        note: Some(reply.note.clone()),
    });
    let (words, errors) = typed.unwrap_or((said, Errors::none()));
    let choice = |answer: &Answer| {
        let key = answer.as_str();
        Choice::new(key, answer.label(), key == words.answer)
    };
    pages::YourAnswer {
        errors,
        choices: Answer::ALL.iter().map(choice).collect(),
        note: words.note.clone().unwrap_or_default(),
    }
}

async fn attendees(
    signed_in: &SignedIn,
    meeting: &Meeting,
    crowd: &Crowd<'_>,
) -> Result<Vec<Attendee>, Failed> {
    let Crowd {
        people,
        roles,
        forecast,
        replies,
        reads_notes,
    } = *crowd;
    let is_off = matches!(
        meeting.state,
        MeetingState::Cancelled | MeetingState::Proposed
    );
    let attending: Vec<(&Member, bool)> = meeting
        .attendees
        .iter()
        .filter_map(|attendee| Some((people.get(&attendee.member)?, attendee.organizer)))
        .collect();
    let members: Vec<&Member> = attending.iter().map(|(member, _)| *member).collect();
    let faces = signed_in.faces(&members).await?;
    let entry = |member: MemberId| {
        let people = &forecast?.people;
        people
            .iter()
            .find(|(known, _)| *known == member)
            .map(|(_, entry)| words::forecast(*entry))
    };
    Ok(attending
        .into_iter()
        .zip(faces)
        .map(|((member, organizer), face)| {
            let labels: Vec<&str> = roles
                .get(&member.id)
                .map_or(vec!["No longer in this track"], |roles| {
                    roles.iter().map(Role::label).collect()
                });
            let mut role = labels.join(", ");
            if organizer {
                role.push_str(", planned this meeting");
            }
            Attendee {
                face,
                role,
                answer: (!is_off).then(|| words::answered(replies.get(&member.id))),
                note: replies
                    .get(&member.id)
                    .map(|reply| reply.note.clone())
                    .filter(|note| reads_notes && !note.is_empty()),
                forecast: entry(member.id),
            }
        })
        .collect())
}

fn agenda(meeting: &Meeting, may_read: bool) -> Agenda {
    if meeting.agenda.is_empty() {
        Agenda::Empty
    } else if may_read {
        Agenda::Shown(
            meeting
                .agenda
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    } else {
        Agenda::Private
    }
}
