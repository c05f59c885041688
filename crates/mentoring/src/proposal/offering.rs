//! Offering times: for a new meeting, in place of others, or for a meeting that is to move.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{
    MOST_PROPOSALS, MOST_TIMES, Proposal, ProposalState, Step, Told, asked, check_note, is_group,
    may_offer, next_revision, tell,
};
use crate::event::Event;
use crate::meeting::{self, Context, Draft, Meeting, MeetingState};
use crate::organization::{MeetingId, MemberId, ProposalId};
use crate::refusal::Refusal;
use crate::role::Actor;
use crate::schedule::{self, Schedule, When};

/// What a form or the API offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Which occurrence of a scheduled meeting is to move; nothing means the next one.
    pub about: Option<DateTime>,
    /// The times.
    pub times: Vec<When>,
    /// What is added for the others.
    pub note: String,
}

/// Proposes a meeting at one of several times, or answers everything that is wrong with it.
///
/// All that a meeting has to fulfil it has to fulfil at each of them; what the draft says of
/// the time does not count.
pub fn propose(
    actor: &Actor,
    draft: &Draft,
    times: &[When],
    context: &Context<'_>,
    (id, proposal): (MeetingId, ProposalId),
    uid_domain: &str,
) -> Result<(Meeting, Step), Vec<Refusal>> {
    let made = each(times, |when| {
        let draft = Draft {
            local_start: when.local_start,
            time_zone: when.time_zone.clone(),
            duration_minutes: when.duration_minutes,
            ..draft.clone()
        };
        meeting::create(actor, &draft, context, id, uid_domain).map(|(meeting, _)| meeting)
    })?;
    let times = in_order(made.iter().map(|meeting| meeting.schedule.clone()))?;
    let Some((first, soonest)) = made.into_iter().next().zip(times.first()) else {
        return Err(vec![Refusal::NoTimes]);
    };
    let meeting = Meeting {
        schedule: soonest.clone(),
        occurrences: Vec::new(),
        state: MeetingState::Proposed,
        ..first
    };
    let event = Event::MeetingProposed {
        meeting: meeting.id,
        track: meeting.track,
        mode: meeting.mode,
        times: times.len(),
        people: meeting.attendees.len(),
    };
    let offered = made_of(&meeting, proposal, actor.member, times, context.now);
    let step = Step {
        meeting: None,
        news: tell(asked(&meeting, &offered), &offered, Told::Offered),
        proposals: vec![offered],
        events: vec![event],
    };
    Ok((meeting, step))
}

/// Offers times: others for a meeting that is only proposed, or to move one that is
/// scheduled.
///
/// Of two people the last offer is the one that counts; of a group each person's last.
pub fn offer(
    member: MemberId,
    meeting: &Meeting,
    all: &[Proposal],
    wanted: &Wanted,
    id: ProposalId,
    now: Timestamp,
) -> Result<Step, Vec<Refusal>> {
    may_offer(member, meeting, now).map_err(|refusal| vec![refusal])?;
    let made = all.iter().filter(|known| known.by == member).count();
    if made >= MOST_PROPOSALS {
        return Err(vec![Refusal::TooManyProposals(made)]);
    }
    let mut refusals = Vec::new();
    let note = check_note(&wanted.note).map_err(|refusal| refusals.push(refusal));
    let times = each(&wanted.times, |when| {
        let (zone, minutes) = (&when.time_zone, when.duration_minutes);
        let schedule = schedule::check(when.local_start, zone, minutes, now)?;
        if meeting.state == MeetingState::Proposed {
            meeting::expand(&schedule, meeting.repetition.as_ref(), now)?;
        }
        Ok(schedule)
    })
    .and_then(in_order)
    .map_err(|all| refusals.extend(all));
    let (Ok(note), Ok(times)) = (note, times) else {
        return Err(refusals);
    };
    let moving = moving(meeting, wanted.about, now).map_err(|refusal| vec![refusal])?;
    let mut offered = Proposal {
        note,
        ..made_of(meeting, id, member, times, now)
    };
    if let Some(moving) = moving {
        let is =
            |time: &Schedule| (time.starts_at, time.ends_at) == (moving.starts_at, moving.ends_at);
        if let Some(place) = offered.times.iter().position(is) {
            let same = Box::new(Refusal::TimeUnchanged);
            return Err(vec![Refusal::OfferedTime(place + 1, same)]);
        }
        offered.about = Some(moving.original_start);
        offered.expires_at = offered.expires_at.min(moving.ends_at);
    }
    let is_replaced = |known: &&Proposal| {
        let is_same = match moving {
            Some(_) => known.by == member && known.about == offered.about,
            None => known.by == member || !is_group(meeting),
        };
        known.is_open() && is_same
    };
    let mut proposals: Vec<Proposal> = all
        .iter()
        .filter(is_replaced)
        .map(|known| known.became(ProposalState::Superseded))
        .collect();
    let event = Event::TimesOffered {
        meeting: meeting.id,
        track: meeting.track,
        proposal: id,
        times: offered.times.len(),
    };
    let soonest = offered.times.first().cloned();
    let news = tell(asked(meeting, &offered), &offered, Told::Offered);
    proposals.push(offered);
    Ok(Step {
        meeting: soonest
            .filter(|_| moving.is_none())
            .map(|schedule| Meeting {
                schedule,
                ..next_revision(meeting)
            }),
        proposals,
        events: vec![event],
        news,
    })
}

/// The occurrence that is to move, of a meeting that is scheduled.
fn moving(
    meeting: &Meeting,
    about: Option<DateTime>,
    now: Timestamp,
) -> Result<Option<crate::repetition::Occurrence>, Refusal> {
    if meeting.state != MeetingState::Scheduled {
        return Ok(None);
    }
    let moving = match about {
        Some(original) if meeting.repetition.is_some() => meeting.occurrence(original),
        _ => meeting.next(now),
    };
    let moving = moving.filter(|occurrence| occurrence.is_ahead(now));
    moving.map(Some).ok_or(Refusal::OccurrenceGone)
}

fn made_of(
    meeting: &Meeting,
    id: ProposalId,
    by: MemberId,
    times: Vec<Schedule>,
    now: Timestamp,
) -> Proposal {
    let last = times.iter().map(|time| time.starts_at).max();
    Proposal {
        id,
        organization: meeting.organization,
        by,
        about: None,
        times,
        note: String::new(),
        state: ProposalState::Open,
        reply: String::new(),
        answers: BTreeMap::new(),
        reminded: false,
        created_at: now,
        expires_at: last.unwrap_or(now),
    }
}

/// Checks each of the times, and says of which one what is wrong with it.
fn each<T>(
    times: &[When],
    check: impl Fn(&When) -> Result<T, Vec<Refusal>>,
) -> Result<Vec<T>, Vec<Refusal>> {
    if times.is_empty() {
        return Err(vec![Refusal::NoTimes]);
    }
    if times.len() > MOST_TIMES {
        return Err(vec![Refusal::TooManyTimes(times.len())]);
    }
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for (place, when) in times.iter().enumerate() {
        let all = match check(when) {
            Ok(time) => {
                found.push(time);
                continue;
            }
            Err(all) => all,
        };
        for refusal in all {
            let refusal = match refusal.field() {
                Some("time" | "date") => Refusal::OfferedTime(place + 1, Box::new(refusal)),
                _ => refusal,
            };
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    if refusals.is_empty() {
        Ok(found)
    } else {
        Err(refusals)
    }
}

fn in_order(times: impl IntoIterator<Item = Schedule>) -> Result<Vec<Schedule>, Vec<Refusal>> {
    let mut times: Vec<Schedule> = times.into_iter().collect();
    times.sort_by_key(|time| (time.starts_at, time.ends_at));
    let spans: BTreeSet<_> = times
        .iter()
        .map(|time| (time.starts_at, time.ends_at))
        .collect();
    if spans.len() < times.len() {
        return Err(vec![Refusal::TimesTwice]);
    }
    Ok(times)
}
