//! Times that people offer each other: as the meeting's page, lists and the links of mails
//! show them, and what their forms do.

pub mod answer;
pub mod link;
pub mod new;
pub mod other;
mod typed;

use std::collections::BTreeMap;

use mentoring::meeting::{Meeting, MeetingState};
use mentoring::member::Member;
use mentoring::organization::{MemberId, ProposalId};
use mentoring::proposal::{self, Proposal, awaited, is_group};
use mentoring::role::Sight;

use super::actor::SignedIn;
use super::answer::Failed;
use super::meetings::words::names;
use super::pages::proposals::{Offer, OfferedTime, Person, Waiting, Waits};
use super::pages::shown::{Tag, Tone};
use super::times::{self, Reader};
use crate::app::App;
use crate::store::meetings::{StoredMeeting, people_of};
use crate::store::proposals::{busy, list, list_open};

/// Who looks at a meeting's proposals, and where they answer.
pub(super) struct Looking<'a> {
    pub app: &'a App,
    pub sight: &'a Sight,
    pub member: &'a Member,
    /// Below it is what the forms are sent to.
    pub base: String,
    /// The page that offers other times.
    pub other: Option<String>,
}

/// What was refused of which proposal.
pub(super) struct Problem {
    pub proposal: ProposalId,
    pub sentence: String,
    pub choice: Option<usize>,
}

/// The open proposals of a meeting, those that wait for the reader first.
pub(super) async fn offers(
    looking: &Looking<'_>,
    stored: &StoredMeeting,
    problem: Option<&Problem>,
) -> Result<Vec<Offer>, Failed> {
    let (store, sight) = (&looking.app.store, looking.sight);
    let meeting = &stored.meeting;
    let mut open = list(store, sight, meeting.id).await?;
    open.retain(Proposal::is_open);
    let me = looking.member.id;
    open.sort_by_key(|proposal| !awaited(meeting, proposal).contains(&me));
    let people = people_of(store, sight, [stored]).await?;
    let mut offers = Vec::new();
    for proposal in &open {
        let busy = busy(store, sight, meeting, &proposal.times).await?;
        let mut offer = offer(looking, meeting, proposal, &people);
        for (time, busy) in offer.times.iter_mut().zip(busy) {
            time.busy = has_another(&busy.into_iter().collect::<Vec<_>>(), me, &people);
        }
        if let Some(problem) = problem.filter(|problem| problem.proposal == proposal.id) {
            offer.problem = Some(problem.sentence.clone());
            for time in &mut offer.times {
                time.chosen |= problem.choice == Some(time.place);
            }
        }
        offers.push(offer);
    }
    Ok(offers)
}

fn offer(
    looking: &Looking<'_>,
    meeting: &Meeting,
    proposal: &Proposal,
    people: &BTreeMap<MemberId, Member>,
) -> Offer {
    let me = looking.member.id;
    let now = looking.app.clock.now();
    let may = proposal::rights(me, meeting, proposal);
    let attends = meeting.is_attended_by(me);
    let others: Vec<(&str, &str)> = people
        .values()
        .filter(|person| person.id != me && meeting.is_attended_by(person.id))
        .map(|person| (person.first_name.as_str(), person.time_zone.as_str()))
        .collect();
    let mine = proposal.answers.get(&me);
    let by = people.get(&proposal.by);
    let by = by.map_or("Somebody", |person| person.first_name.as_str());
    let is_groups = proposal.about.is_none() && is_group(meeting);
    let asked = meeting.attendees.iter().map(|attendee| attendee.member);
    let asked = asked.filter(|member| *member != proposal.by && *member != meeting.organizer);
    Offer {
        id: proposal.id.to_string(),
        base: looking.base.clone(),
        revision: meeting.revision.to_string(),
        heading: match (proposal.by == me, proposal.about) {
            (true, None) => "You offered these times".to_owned(),
            (false, None) => format!("{by} offers these times"),
            (true, Some(_)) => "You proposed another time".to_owned(),
            (false, Some(_)) => format!("{by} proposes another time"),
        },
        note: Some(proposal.note.clone()).filter(|note| attends && !note.is_empty()),
        waiting: waiting(me, meeting, proposal, people),
        problem: None,
        times: proposal
            .times
            .iter()
            .enumerate()
            .map(|(place, time)| OfferedTime {
                place,
                when: times::when(
                    (time.starts_at, time.ends_at),
                    now,
                    Reader::from(looking.member),
                    &others,
                ),
                chosen: mine.is_some_and(|can| can.contains(&place)),
                is_past: time.starts_at <= now,
                busy: None,
            })
            .collect(),
        people: asked
            .filter(|_| is_groups && attends)
            .filter_map(|member| people.get(&member))
            .map(|person| Person {
                name: person.name(),
                can: proposal.answers.get(&person.id).map(|can| {
                    let all = 0..proposal.times.len();
                    all.map(|place| can.contains(&place)).collect()
                }),
            })
            .collect(),
        accept: may.accept.then_some(if is_groups {
            "Settle on this time"
        } else {
            "Accept this time"
        }),
        answers: may.answer,
        declines: may.decline,
        withdraws: may.withdraw,
        other: looking
            .other
            .clone()
            .filter(|_| proposal::may_offer(me, meeting, now).is_ok()),
    }
}

/// Whose answer it waits for.
fn waiting(
    me: MemberId,
    meeting: &Meeting,
    proposal: &Proposal,
    people: &BTreeMap<MemberId, Member>,
) -> Tag {
    let awaited = awaited(meeting, proposal);
    if awaited.contains(&me) {
        return Tag::new("Waiting for your answer", Tone::Waiting);
    }
    let first_names: Vec<&str> = awaited
        .iter()
        .filter_map(|member| people.get(member))
        .map(|person| person.first_name.as_str())
        .collect();
    let sentence = match first_names.len() {
        0 => "Waiting".to_owned(),
        1..=3 => format!("Waiting for {}", names(&first_names)),
        many => format!("Waiting for {many} people"),
    };
    Tag::new(sentence, Tone::Plain)
}

/// That somebody meets somebody else then: by name, and nothing more.
fn has_another(
    busy: &[MemberId],
    me: MemberId,
    people: &BTreeMap<MemberId, Member>,
) -> Option<String> {
    let mut all: Vec<&str> = busy
        .iter()
        .filter(|member| **member != me)
        .filter_map(|member| people.get(member))
        .map(|person| person.first_name.as_str())
        .collect();
    let is_me = busy.contains(&me);
    if is_me && all.is_empty() {
        return Some("You have another meeting then.".to_owned());
    }
    if is_me {
        all.insert(0, "You");
    }
    match all.len() {
        0 => None,
        1 => Some(format!("{} has another meeting then.", all[0])),
        _ => Some(format!("{} have other meetings then.", names(&all))),
    }
}

/// What waits for an answer among the actor's own meetings, what waits for theirs first.
pub(super) async fn waits(signed_in: &SignedIn) -> Result<Waits, Failed> {
    let (store, sight) = (&signed_in.app.store, &signed_in.sight);
    let open = list_open(store, sight).await?;
    if open.is_empty() {
        return Ok(Waits::default());
    }
    let people = people_of(store, sight, open.iter().map(|(stored, _)| stored)).await?;
    let me = signed_in.member().id;
    let mut all = Vec::new();
    for (stored, proposals) in &open {
        let meeting = &stored.meeting;
        let mine = proposals
            .iter()
            .find(|proposal| awaited(meeting, proposal).contains(&me));
        if let Some(proposal) = mine.or(proposals.first()) {
            let line = line(signed_in, meeting, proposal, &people);
            all.push((mine.is_none(), line));
        }
    }
    all.sort_by_key(|(is_others, _)| *is_others);
    Ok(Waits {
        heading: "Waiting for an answer",
        all: all.into_iter().map(|(_, line)| line).collect(),
    })
}

fn line(
    signed_in: &SignedIn,
    meeting: &Meeting,
    proposal: &Proposal,
    people: &BTreeMap<MemberId, Member>,
) -> Waiting {
    let now = signed_in.app.clock.now();
    let reader = Reader::from(signed_in.member());
    let last = proposal.times.last().map(|time| time.starts_at);
    let last = last.map_or(String::new(), |at| times::day(at, now, reader));
    Waiting {
        title: meeting.title.clone(),
        address: signed_in.to(&format!("meetings/{}", meeting.id)),
        tag: waiting(signed_in.member().id, meeting, proposal, people),
        summary: match (proposal.times.len(), meeting.state) {
            (1, MeetingState::Scheduled) => format!("Another time, {last}"),
            (count, MeetingState::Scheduled) => {
                format!("{count} other times, the last on {last}")
            }
            (1, _) => format!("One time, {last}"),
            (count, _) => format!("{count} times, the last on {last}"),
        },
    }
}

/// What of a track is only proposed, as far as the actor may see it.
pub(super) async fn proposed_in(
    signed_in: &SignedIn,
    track: mentoring::organization::TrackId,
) -> Result<Waits, Failed> {
    let (store, sight) = (&signed_in.app.store, &signed_in.sight);
    let all = crate::store::meetings::list_proposed(store, sight, track, 20).await?;
    let people = people_of(store, sight, &all).await?;
    let mut lines = Vec::new();
    for stored in &all {
        let open = list(store, sight, stored.meeting.id).await?;
        let open = open.iter().find(|proposal| proposal.is_open());
        if let Some(proposal) = open {
            lines.push(line(signed_in, &stored.meeting, proposal, &people));
        }
    }
    Ok(Waits {
        heading: "Proposed",
        all: lines,
    })
}
