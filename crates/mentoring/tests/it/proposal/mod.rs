//! What becomes of times that people offer each other.

mod ending;
mod offering;
mod settling;

use jiff::Timestamp;
use jiff::civil::{DateTime, datetime};
use mentoring::meeting::{Context, Draft, Meeting};
use mentoring::organization::{MeetingId, MemberId, ProposalId};
use mentoring::proposal::{self, Proposal, Step, Told, Wanted};
use mentoring::refusal::Refusal;
use mentoring::role::Actor;
use mentoring::schedule::When;
use uuid::Uuid;

use crate::people::{LUIS, PRIYA, context, draft, everyone, mei, new_managers, now};

pub const FIRST: ProposalId = ProposalId(Uuid::from_u128(0xB0));
pub const SECOND: ProposalId = ProposalId(Uuid::from_u128(0xB1));

/// At three in the afternoon of a day of November 2026, in Berlin.
pub fn on(day: i8) -> DateTime {
    datetime(2026, 11, day, 15, 0, 0, 0)
}

pub fn berlin(local_start: DateTime) -> When {
    When {
        local_start,
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 45,
    }
}

pub fn times(days: &[i8]) -> Vec<When> {
    days.iter().map(|day| berlin(on(*day))).collect()
}

pub fn wanted(days: &[i8]) -> Wanted {
    Wanted {
        times: times(days),
        ..Wanted::default()
    }
}

pub fn propose(
    actor: &Actor,
    draft: &Draft,
    times: &[When],
) -> Result<(Meeting, Step), Vec<Refusal>> {
    let (track, enrolled) = (new_managers(), everyone());
    let ids = (MeetingId(Uuid::from_u128(0x77)), FIRST);
    let context = context(&track, &enrolled);
    proposal::propose(actor, draft, times, &context, ids, "ithaca.example")
}

/// Mei offers Luis Tuesday, Wednesday and Thursday at three.
pub fn offered_to_luis() -> (Meeting, Proposal) {
    let (meeting, step) = propose(&mei(), &draft(), &times(&[24, 25, 26])).unwrap();
    (meeting, only(&step))
}

/// Mei offers Luis and Priya the same.
pub fn offered_to_both() -> (Meeting, Proposal) {
    let draft = Draft {
        attendees: vec![LUIS, PRIYA],
        ..draft()
    };
    let (meeting, step) = propose(&mei(), &draft, &times(&[24, 25, 26])).unwrap();
    (meeting, only(&step))
}

pub fn only(step: &Step) -> Proposal {
    let [proposal] = &step.proposals[..] else {
        panic!("{step:?}");
    };
    proposal.clone()
}

pub fn offer(
    member: MemberId,
    meeting: &Meeting,
    all: &[Proposal],
    wanted: &Wanted,
) -> Result<Step, Vec<Refusal>> {
    proposal::offer(member, meeting, all, wanted, SECOND, now())
}

/// What becomes of it when this person takes that time on Monday, or at another instant.
pub fn accept(
    actor: &Actor,
    meeting: &Meeting,
    all: &[Proposal],
    place: usize,
    now: Timestamp,
) -> Result<Step, Vec<Refusal>> {
    let (track, enrolled) = (new_managers(), everyone());
    let context = Context {
        now,
        ..context(&track, &enrolled)
    };
    let last = all.last().unwrap();
    proposal::accept(actor, meeting, all, last, place, &context)
}

pub fn told(step: &Step) -> Vec<(MemberId, Told)> {
    step.news.iter().map(|news| (news.to, news.told)).collect()
}
