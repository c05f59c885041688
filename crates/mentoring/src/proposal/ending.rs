//! How proposals end without a time: declined, withdrawn, passed, or overtaken.

use jiff::Timestamp;

use super::{
    Proposal, ProposalState, REMINDS_AFTER, Step, Told, asked, awaited, check_note, is_group,
    rights, tell,
};
use crate::meeting::{self, Meeting, MeetingState};
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::repetition::OccurrenceState;

/// Declines what somebody else offers. Two people then don't meet; for a group or a
/// scheduled meeting the organizer declines what an attendee offers, and the rest stays.
pub fn decline(
    member: MemberId,
    meeting: &Meeting,
    proposal: &Proposal,
    note: &str,
) -> Result<Step, Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    proposal.open()?;
    if !rights(member, meeting, proposal).decline {
        return Err(if proposal.by == member {
            Refusal::OwnProposal
        } else {
            Refusal::OrganizerSettles
        });
    }
    let declined = Proposal {
        reply: check_note(note)?,
        ..proposal.became(ProposalState::Declined)
    };
    let ends = meeting.state == MeetingState::Proposed && !is_group(meeting);
    let reason = Some(declined.reply.clone()).filter(|reply| !reply.is_empty());
    Ok(Step {
        news: tell([proposal.by], &declined, Told::Declined),
        events: vec![declined.ended(meeting, None)],
        meeting: ends.then(|| called_off(meeting, reason)),
        proposals: vec![declined],
    })
}

/// Takes back what one offered. A meeting that is only proposed ends with it, unless an
/// attendee of a group takes back what they offered beside the organizer.
pub fn withdraw(
    member: MemberId,
    meeting: &Meeting,
    all: &[Proposal],
    proposal: &Proposal,
) -> Result<Step, Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    proposal.open()?;
    if !rights(member, meeting, proposal).withdraw {
        return Err(Refusal::OrganizerSettles);
    }
    let withdrawn = proposal.became(ProposalState::Withdrawn);
    let ends = meeting.state == MeetingState::Proposed
        && (member == meeting.organizer || others(all, proposal).next().is_none());
    let mut proposals = vec![withdrawn.clone()];
    if ends {
        proposals
            .extend(others(all, proposal).map(|other| other.became(ProposalState::Superseded)));
    }
    let told = if ends {
        let all = meeting.attendees.iter().map(|attendee| attendee.member);
        all.filter(|other| *other != member).collect()
    } else {
        asked(meeting, proposal)
    };
    Ok(Step {
        meeting: ends.then(|| called_off(meeting, None)),
        news: tell(told, &withdrawn, Told::Withdrawn),
        events: vec![withdrawn.ended(meeting, None)],
        proposals,
    })
}

/// What happens to a proposal by itself at this moment.
///
/// Whoever has not answered is reminded once. When the last time has passed it ends, and
/// with the last of its proposals a meeting that was only proposed.
pub fn overdue(
    meeting: &Meeting,
    all: &[Proposal],
    proposal: &Proposal,
    now: Timestamp,
) -> Option<Step> {
    if !proposal.is_open() {
        return None;
    }
    if now >= proposal.expires_at {
        return Some(expired(meeting, all, proposal));
    }
    if proposal.reminded || now < proposal.created_at + REMINDS_AFTER {
        return None;
    }
    let reminded = Proposal {
        reminded: true,
        ..proposal.clone()
    };
    Some(Step {
        news: tell(awaited(meeting, proposal), &reminded, Told::Reminder),
        proposals: vec![reminded],
        ..Step::default()
    })
}

fn expired(meeting: &Meeting, all: &[Proposal], proposal: &Proposal) -> Step {
    let expired = proposal.became(ProposalState::Expired);
    let is_proposed = meeting.state == MeetingState::Proposed;
    let ends = is_proposed && others(all, proposal).next().is_none();
    let told: Vec<MemberId> = match meeting.state {
        MeetingState::Proposed if ends => {
            let all = meeting.attendees.iter();
            all.map(|attendee| attendee.member).collect()
        }
        MeetingState::Proposed | MeetingState::Scheduled if proposal.by == meeting.organizer => {
            vec![proposal.by]
        }
        MeetingState::Proposed | MeetingState::Scheduled => vec![proposal.by, meeting.organizer],
        MeetingState::Cancelled | MeetingState::Held | MeetingState::Missed => Vec::new(),
    };
    Step {
        meeting: ends.then(|| called_off(meeting, None)),
        news: tell(told, &expired, Told::Expired),
        events: vec![expired.ended(meeting, None)],
        proposals: vec![expired],
    }
}

/// What a change of the meeting makes of its open proposals.
///
/// Who left has none, and what was to move is elsewhere or gone. When a meeting ends that
/// was only proposed, everyone but the one who ended it is told.
pub fn outlived(before: &Meeting, after: &Meeting, open: &[Proposal], actor: MemberId) -> Step {
    let ends = before.state == MeetingState::Proposed && after.state == MeetingState::Cancelled;
    let stays = |proposal: &Proposal| {
        let has_place = match proposal.about {
            None => after.state == MeetingState::Proposed,
            Some(original) => {
                let is = after.occurrence(original);
                after.state == MeetingState::Scheduled
                    && is.is_some_and(|is| is.state == OccurrenceState::Scheduled)
                    && is == before.occurrence(original)
            }
        };
        has_place && after.is_attended_by(proposal.by)
    };
    let ended: Vec<Proposal> = open
        .iter()
        .filter(|proposal| proposal.is_open() && !stays(proposal))
        .map(|proposal| {
            proposal.became(if proposal.by == actor {
                ProposalState::Withdrawn
            } else {
                ProposalState::Superseded
            })
        })
        .collect();
    let told = after.attendees.iter().map(|attendee| attendee.member);
    let told = told.filter(|member| *member != actor);
    Step {
        meeting: None,
        news: match ended.first() {
            Some(first) if ends => tell(told, first, Told::Ended),
            _ => Vec::new(),
        },
        events: ended.iter().map(|one| one.ended(after, None)).collect(),
        proposals: ended,
    }
}

fn others<'a>(all: &'a [Proposal], proposal: &Proposal) -> impl Iterator<Item = &'a Proposal> {
    let id = proposal.id;
    all.iter()
        .filter(move |other| other.is_open() && other.id != id)
}

fn called_off(meeting: &Meeting, reason: Option<String>) -> Meeting {
    meeting::called_off(meeting.clone(), reason).0
}
