//! Answering what is offered: saying what one can, and settling on a time.

use super::{Proposal, ProposalState, Step, is_group, next_revision, rights};
use crate::answer::Answer;
use crate::event::Event;
use crate::meeting::{self, Attendee, Changes, Context, Meeting, MeetingState, Move, Scope};
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::role::Actor;
use crate::schedule::{self, Schedule, When};

/// Says which of a group's times somebody can; none of them is an answer too. A later
/// answer takes the place of an earlier one.
pub fn answer(
    member: MemberId,
    meeting: &Meeting,
    proposal: &Proposal,
    can: &[usize],
) -> Result<Step, Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    proposal.open()?;
    if !rights(member, meeting, proposal).answer {
        return Err(if proposal.by == member {
            Refusal::OwnProposal
        } else {
            Refusal::AcceptInstead
        });
    }
    if can.iter().any(|place| *place >= proposal.times.len()) {
        return Err(Refusal::TimeNotOffered);
    }
    let mut answered = proposal.clone();
    let can = can.iter().copied().collect();
    answered.answers.insert(member, can);
    let event = Event::ProposalAnswered {
        meeting: meeting.id,
        track: meeting.track,
        proposal: proposal.id,
        member,
        times: answered.answers[&member].len(),
    };
    Ok(Step {
        proposals: vec![answered],
        events: vec![event],
        ..Step::default()
    })
}

/// Settles on one of the times. All that was checked when the meeting was made is checked
/// again: people leave, tracks change, time passes.
///
/// A meeting that was only proposed is scheduled as if it had just been made; one that was
/// scheduled moves as if its organizer had moved it.
pub fn accept(
    actor: &Actor,
    meeting: &Meeting,
    all: &[Proposal],
    proposal: &Proposal,
    place: usize,
    context: &Context<'_>,
) -> Result<Step, Vec<Refusal>> {
    let one = |refusal| vec![refusal];
    let member = actor.member;
    if !meeting.is_attended_by(member) {
        return Err(vec![Refusal::NotInvited]);
    }
    proposal.open().map_err(one)?;
    if !rights(member, meeting, proposal).accept {
        return Err(vec![if proposal.by == member {
            Refusal::OwnProposal
        } else {
            Refusal::OrganizerSettles
        }]);
    }
    let time = proposal.times.get(place);
    let time = time.ok_or(Refusal::TimeNotOffered).map_err(one)?;
    let (after, event) = if meeting.state == MeetingState::Proposed {
        (scheduled(member, meeting, time, context)?, None)
    } else {
        let (after, event) = moved(actor, meeting, proposal, time, context)?;
        (after, Some(event))
    };
    let accepted = proposal.became(ProposalState::Accepted);
    let ended = accepted.ended(meeting, Some(time.starts_at));
    let is_other = |known: &&Proposal| {
        known.is_open() && known.id != proposal.id && known.about == proposal.about
    };
    let others = all.iter().filter(is_other);
    let mut proposals: Vec<Proposal> = others
        .map(|known| known.became(ProposalState::Superseded))
        .collect();
    proposals.push(accepted);
    Ok(Step {
        meeting: Some(after),
        proposals,
        events: event.into_iter().chain([ended]).collect(),
        news: Vec::new(),
    })
}

fn scheduled(
    member: MemberId,
    meeting: &Meeting,
    time: &Schedule,
    context: &Context<'_>,
) -> Result<Meeting, Vec<Refusal>> {
    let is_there = |attendee: &Attendee| context.enrolled.contains(&attendee.member);
    if !meeting.attendees.iter().all(is_there) {
        return Err(vec![Refusal::ParticipantGone]);
    }
    meeting::check_mode(meeting.mode, context)
        .map_err(|_| vec![Refusal::ProposedModeGone(meeting.mode)])?;
    let (zone, minutes) = (&time.time_zone, time.duration_minutes);
    let schedule = schedule::check(time.local_start, zone, minutes, context.now)?;
    let occurrences = meeting::expand(&schedule, meeting.repetition.as_ref(), context.now)?;
    // Of two, one offered the time and the other took it: both said yes. Of a group, only
    // the one who settled did.
    let says_yes = |attendee: &Attendee| attendee.member == member || !is_group(meeting);
    let attendees = meeting.attendees.iter().map(|attendee| Attendee {
        answer: if says_yes(attendee) {
            Some(Answer::Yes)
        } else {
            attendee.answer
        },
        ..*attendee
    });
    Ok(Meeting {
        attendees: attendees.collect(),
        schedule,
        occurrences,
        state: MeetingState::Scheduled,
        ..next_revision(meeting)
    })
}

fn moved(
    actor: &Actor,
    meeting: &Meeting,
    proposal: &Proposal,
    time: &Schedule,
    context: &Context<'_>,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let changes = Changes {
        time: Some(Move {
            when: When {
                local_start: time.local_start,
                time_zone: time.time_zone.clone(),
                duration_minutes: time.duration_minutes,
            },
            scope: proposal.about.map_or(Scope::All, Scope::This),
        }),
        ..Changes::default()
    };
    let moved = meeting::change(actor, meeting, &changes, context)?;
    moved.ok_or_else(|| vec![Refusal::TimeUnchanged])
}
