//! Proposals: times that somebody offers for a meeting, and what becomes of them.
//!
//! A meeting that is only proposed has no time until one is accepted. Two people offer each
//! other times until one of them accepts; of a group everybody says which times they can,
//! and the organizer settles. For a meeting that is scheduled its attendees offer other
//! times, which the organizer accepts or declines. Whatever happens is a [`Step`].

mod ending;
mod offering;
mod settling;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::meeting::{Meeting, MeetingState, check_text};
use crate::organization::{MemberId, OrganizationId, ProposalId};
use crate::refusal::Refusal;
use crate::schedule::Schedule;

pub use ending::{decline, outlived, overdue, withdraw};
pub use offering::{Wanted, offer, propose};
pub use settling::{accept, answer};

/// So many times are offered at once.
pub const MOST_TIMES: usize = 5;
/// Whoever has not answered after that is reminded, once.
pub const REMINDS_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// So often one person offers times for one meeting.
const MOST_PROPOSALS: usize = 20;
const LONGEST_NOTE: usize = 500;

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// It waits for an answer.
    Open,
    /// One of its times was settled on.
    Accepted,
    /// None of its times is wanted.
    Declined,
    /// Something else took its place.
    Superseded,
    /// Whoever made it took it back.
    Withdrawn,
    /// The last of its times passed.
    Expired,
}

crate::words!(ProposalState { Open = "open", Accepted = "accepted", Declined = "declined", Superseded = "superseded", Withdrawn = "withdrawn", Expired = "expired" });

impl ProposalState {
    /// Why it can't be answered any more.
    pub fn why_closed(self) -> &'static str {
        match self {
            Self::Open => "These times still wait for an answer.",
            Self::Accepted => {
                "One of these times was accepted in the meantime. Look at the meeting again."
            }
            Self::Declined => "These times were declined in the meantime.",
            Self::Superseded => {
                "Something else took the place of these times. Look at the meeting again."
            }
            Self::Withdrawn => "These times were withdrawn in the meantime.",
            Self::Expired => "All of these times have passed. Offer others.",
        }
    }
}

/// Times that somebody offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Its organization.
    pub organization: OrganizationId,
    /// Who offers.
    pub by: MemberId,
    /// Which occurrence of a scheduled meeting is to move, by its original start; nothing
    /// for a meeting that is only proposed.
    pub about: Option<DateTime>,
    /// The times, the soonest first.
    pub times: Vec<Schedule>,
    /// What they add; may be empty.
    pub note: String,
    /// What became of it.
    pub state: ProposalState,
    /// What was said when it was declined; may be empty.
    pub reply: String,
    /// Of a group, which of the times each can who answered; none of them is an answer too.
    pub answers: BTreeMap<MemberId, BTreeSet<usize>>,
    /// Whether those who had not answered were reminded.
    pub reminded: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When nothing of it can be accepted any more.
    pub expires_at: Timestamp,
}

impl Proposal {
    /// Whether it waits for an answer.
    pub fn is_open(&self) -> bool {
        self.state == ProposalState::Open
    }

    /// When something is to happen to it by itself; nothing once it was answered.
    pub fn due_at(&self) -> Option<Timestamp> {
        let reminder = self.created_at + REMINDS_AFTER;
        self.is_open().then(|| {
            if self.reminded {
                self.expires_at
            } else {
                self.expires_at.min(reminder)
            }
        })
    }

    fn became(&self, state: ProposalState) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }

    fn open(&self) -> Result<(), Refusal> {
        if self.is_open() {
            Ok(())
        } else {
            Err(Refusal::ProposalClosed(self.state))
        }
    }

    fn ended(&self, meeting: &Meeting, starts_at: Option<Timestamp>) -> Event {
        Event::ProposalEnded {
            meeting: meeting.id,
            track: meeting.track,
            proposal: self.id,
            state: self.state,
            starts_at,
        }
    }
}

/// What somebody is told of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Times are offered to them.
    Offered,
    /// They have not answered yet.
    Reminder,
    /// Their times were declined.
    Declined,
    /// The times they were offered were withdrawn.
    Withdrawn,
    /// All the times have passed.
    Expired,
    /// The meeting that was proposed will not be.
    Ended,
}

crate::words!(Told { Offered = "offered", Reminder = "reminder", Declined = "declined", Withdrawn = "withdrawn", Expired = "expired", Ended = "ended" });

/// One message to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// To whom.
    pub to: MemberId,
    /// About which proposal.
    pub proposal: ProposalId,
    /// What.
    pub told: Told,
}

/// What one thing that happened makes of a meeting and its proposals: saved as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The meeting's next revision, if it has one.
    pub meeting: Option<Meeting>,
    /// The proposals that are new or different.
    pub proposals: Vec<Proposal>,
    /// What happened; that of the meeting first.
    pub events: Vec<Event>,
    /// Who is told what.
    pub news: Vec<News>,
}

/// Whether more than two people are to meet: then one says what they can, and the organizer
/// settles.
pub fn is_group(meeting: &Meeting) -> bool {
    meeting.attendees.len() > 2
}

/// What somebody may do with a proposal that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each right is its own question"
)]
pub struct ProposalRights {
    /// Accept one of its times.
    pub accept: bool,
    /// Say which of its times they can.
    pub answer: bool,
    /// Decline it.
    pub decline: bool,
    /// Take it back.
    pub withdraw: bool,
}

/// What somebody may do with a proposal; nothing once it is closed.
pub fn rights(member: MemberId, meeting: &Meeting, proposal: &Proposal) -> ProposalRights {
    if !proposal.is_open() || !meeting.is_attended_by(member) {
        return ProposalRights::default();
    }
    let (is_own, organizes) = (proposal.by == member, meeting.organizer == member);
    let is_groups = meeting.state == MeetingState::Proposed && is_group(meeting);
    let is_for_organizer = is_groups || meeting.state == MeetingState::Scheduled;
    ProposalRights {
        accept: if is_for_organizer { organizes } else { !is_own },
        answer: is_groups && !organizes && !is_own,
        decline: !is_own && (organizes || !is_for_organizer),
        withdraw: is_own,
    }
}

/// Whether somebody may offer times for a meeting now.
pub fn may_offer(member: MemberId, meeting: &Meeting, now: Timestamp) -> Result<(), Refusal> {
    if !meeting.is_attended_by(member) {
        return Err(Refusal::NotInvited);
    }
    match meeting.state {
        MeetingState::Cancelled => Err(Refusal::MeetingCancelled),
        MeetingState::Scheduled if meeting.is_over(now) => Err(Refusal::MeetingOver),
        MeetingState::Scheduled if meeting.organizer == member => Err(Refusal::OrganizerMoves),
        MeetingState::Proposed | MeetingState::Scheduled => Ok(()),
        MeetingState::Held | MeetingState::Missed => Err(Refusal::MeetingOver),
    }
}

/// Whose answer a proposal waits for. Of a group first those who have not said what they
/// can, then the organizer; what an attendee offers waits for the organizer.
pub fn awaited(meeting: &Meeting, proposal: &Proposal) -> Vec<MemberId> {
    if !proposal.is_open() {
        return Vec::new();
    }
    let others = meeting.attendees.iter().map(|attendee| attendee.member);
    let others = others.filter(|member| *member != proposal.by);
    if meeting.state == MeetingState::Proposed && !is_group(meeting) {
        return others.collect();
    }
    if proposal.by != meeting.organizer {
        return vec![meeting.organizer];
    }
    let silent: Vec<MemberId> = others
        .filter(|member| !proposal.answers.contains_key(member))
        .collect();
    if silent.is_empty() {
        vec![meeting.organizer]
    } else {
        silent
    }
}

/// Whom an offer asks when it is made.
fn asked(meeting: &Meeting, proposal: &Proposal) -> Vec<MemberId> {
    if meeting.state == MeetingState::Proposed && !is_group(meeting) {
        awaited(meeting, proposal)
    } else if proposal.by == meeting.organizer {
        let others = meeting.attendees.iter().map(|attendee| attendee.member);
        others.filter(|member| *member != proposal.by).collect()
    } else {
        vec![meeting.organizer]
    }
}

fn tell(to: impl IntoIterator<Item = MemberId>, proposal: &Proposal, told: Told) -> Vec<News> {
    to.into_iter()
        .map(|to| News {
            to,
            proposal: proposal.id,
            told,
        })
        .collect()
}

fn check_note(note: &str) -> Result<String, Refusal> {
    check_text(note, LONGEST_NOTE).map_err(Refusal::NoteTooLong)
}

fn next_revision(meeting: &Meeting) -> Meeting {
    Meeting {
        revision: meeting.revision + 1,
        ..meeting.clone()
    }
}
