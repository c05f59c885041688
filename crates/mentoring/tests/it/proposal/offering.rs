use jiff::civil::datetime;
use mentoring::invitation;
use mentoring::meeting::{Draft, MeetingState};
use mentoring::proposal::{ProposalState, Told, Wanted, awaited};
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::repetition::{End, Every, Repetition};
use mentoring::schedule::When;

use super::{
    SECOND, berlin, offer, offered_to_both, offered_to_luis, on, only, propose, times, told, wanted,
};
use crate::people::{
    AMARA, JONAS, LUIS, MEI, PRIYA, draft, edda, meeting as scheduled, mei, now, weekly,
};

#[test]
fn mei_offers_luis_three_times_and_he_alone_is_asked() {
    let (meeting, step) = propose(&mei(), &draft(), &times(&[26, 24, 25])).unwrap();
    assert_eq!(meeting.state, MeetingState::Proposed);
    assert_eq!((meeting.revision, meeting.occurrences.len()), (1, 0));
    let proposal = only(&step);
    let starts: Vec<_> = proposal.times.iter().map(|time| time.local_start).collect();
    assert_eq!(starts, [on(24), on(25), on(26)], "the soonest first");
    assert_eq!(meeting.schedule, proposal.times[0]);
    assert_eq!(told(&step), [(LUIS, Told::Offered)]);
    assert_eq!(awaited(&meeting, &proposal), [LUIS]);
    assert_eq!(step.events[0].action(), "meeting.proposed");
    assert_eq!(proposal.expires_at, proposal.times[2].starts_at);
}

#[test]
fn a_proposed_meeting_is_in_nobodys_calendar() {
    let (meeting, _) = offered_to_luis();
    assert!(meeting.next(now()).is_none());
    assert!(meeting.is_over(now()));
    assert!(meeting.ahead(now()).next().is_none());
    let cancelled = mentoring::meeting::cancel(
        &mei(),
        &meeting,
        mentoring::meeting::Scope::All,
        None,
        now(),
    )
    .unwrap()
    .0;
    assert!(invitation::notices(None, &cancelled).is_empty());
}

#[test]
fn one_to_five_times_are_offered_each_once() {
    let refused = |days: &[i8]| propose(&mei(), &draft(), &times(days)).unwrap_err();
    assert_eq!(refused(&[]), [Refusal::NoTimes]);
    assert_eq!(
        refused(&[24, 25, 26, 27, 28, 29]),
        [Refusal::TooManyTimes(6)]
    );
    assert_eq!(refused(&[24, 24]), [Refusal::TimesTwice]);
    assert!(propose(&mei(), &draft(), &times(&[24, 25, 26, 27, 28])).is_ok());
    // The same instant on another wall is the same time.
    let kathmandu = When {
        local_start: datetime(2026, 11, 24, 19, 45, 0, 0),
        time_zone: "Asia/Kathmandu".to_owned(),
        duration_minutes: 45,
    };
    let both = [berlin(on(24)), kathmandu];
    assert_eq!(
        propose(&mei(), &draft(), &both).unwrap_err(),
        [Refusal::TimesTwice]
    );
}

#[test]
fn each_time_is_checked_as_that_of_a_meeting_is_and_named() {
    let skipped = datetime(2027, 3, 28, 2, 30, 0, 0);
    let late = datetime(2029, 1, 1, 15, 0, 0, 0);
    let all = [
        berlin(on(22)),
        berlin(on(24)),
        berlin(skipped),
        berlin(late),
    ];
    let refusals = propose(&mei(), &draft(), &all).unwrap_err();
    let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "Time 1: That time has passed. Choose one from now on.",
            "Time 3: 02:30 on 28 March 2027 does not exist in Europe/Berlin: the clocks jump over it. Choose 01:59 on 28 March 2027 or 03:00 on 28 March 2027.",
            "Time 4: That is more than two years ahead. Choose an earlier date.",
        ]
    );
    assert!(
        refusals
            .iter()
            .all(|refusal| refusal.field() == Some("times"))
    );
    let wrong = Draft {
        title: String::new(),
        attendees: Vec::new(),
        ..draft()
    };
    assert_eq!(
        propose(&mei(), &wrong, &times(&[24, 25])).unwrap_err(),
        [Refusal::TitleInvalid, Refusal::NobodyElse],
        "what is wrong with the meeting is said once"
    );
    assert_eq!(
        propose(&edda(), &draft(), &times(&[24])).unwrap_err(),
        [Refusal::NotEnrolled]
    );
}

#[test]
fn a_series_is_proposed_by_its_first_meeting() {
    let weekly = Draft {
        repetition: Some(Repetition {
            every: Every::Week,
            end: End::Count(4),
        }),
        ..draft()
    };
    let (meeting, _) = propose(&mei(), &weekly, &times(&[24, 25])).unwrap();
    assert_eq!(meeting.repetition, weekly.repetition);
}

#[test]
fn luis_offers_other_times_and_the_two_change_sides() {
    let (meeting, first) = offered_to_luis();
    let step = offer(LUIS, &meeting, &[first], &wanted(&[27, 28])).unwrap();
    let [was, is] = &step.proposals[..] else {
        panic!("{step:?}");
    };
    assert_eq!((was.by, was.state), (MEI, ProposalState::Superseded));
    assert_eq!((is.by, is.state), (LUIS, ProposalState::Open));
    assert_eq!(told(&step), [(MEI, Told::Offered)]);
    let after = step.meeting.unwrap();
    assert_eq!((after.revision, after.schedule.local_start), (2, on(27)));
    assert_eq!(awaited(&after, is), [MEI]);
}

#[test]
fn in_a_group_other_times_stand_beside_the_organizers() {
    let (meeting, first) = offered_to_both();
    let step = offer(
        PRIYA,
        &meeting,
        std::slice::from_ref(&first),
        &wanted(&[27]),
    )
    .unwrap();
    let priyas = only(&step);
    assert_eq!(told(&step), [(MEI, Told::Offered)]);
    let meeting = step.meeting.unwrap();
    assert_eq!(awaited(&meeting, &first), [LUIS, PRIYA]);
    assert_eq!(awaited(&meeting, &priyas), [MEI]);
    let both = [first, priyas];
    let again = offer(PRIYA, &meeting, &both, &wanted(&[28])).unwrap();
    assert_eq!(again.proposals[0].id, SECOND);
    assert_eq!(again.proposals[0].state, ProposalState::Superseded);
    let again = offer(MEI, &meeting, &both, &wanted(&[28])).unwrap();
    assert_eq!(again.proposals[0].by, MEI, "Priya's stays");
    assert_eq!(again.proposals.len(), 2);
    assert_eq!(
        told(&again),
        [(LUIS, Told::Offered), (PRIYA, Told::Offered)]
    );
}

#[test]
fn luis_proposes_another_time_for_a_meeting_that_is_planned() {
    let meeting = scheduled();
    let proposal = only(&offer(LUIS, &meeting, &[], &wanted(&[25])).unwrap());
    assert_eq!(proposal.about, Some(on(24)));
    assert_eq!(awaited(&meeting, &proposal), [MEI]);
    let step = offer(LUIS, &meeting, &[], &wanted(&[25])).unwrap();
    assert!(step.meeting.is_none(), "the meeting is as it was");
    // It ends with the occurrence that it would move.
    let late = only(&offer(LUIS, &meeting, &[], &wanted(&[30])).unwrap());
    assert_eq!(late.expires_at, meeting.schedule.ends_at);
    assert_eq!(
        offer(LUIS, &meeting, &[], &wanted(&[24])).unwrap_err(),
        [Refusal::OfferedTime(1, Box::new(Refusal::TimeUnchanged))]
    );
}

#[test]
fn of_a_series_one_meeting_is_to_move() {
    let meeting = weekly();
    let second = datetime(2026, 12, 1, 15, 0, 0, 0);
    let of_second = Wanted {
        about: Some(second),
        ..wanted(&[30])
    };
    let proposal = only(&offer(LUIS, &meeting, &[], &of_second).unwrap());
    assert_eq!(proposal.about, Some(second));
    let nowhere = Wanted {
        about: Some(on(27)),
        ..wanted(&[30])
    };
    assert_eq!(
        offer(LUIS, &meeting, &[], &nowhere).unwrap_err(),
        [Refusal::OccurrenceGone]
    );
}

#[test]
fn only_the_people_of_a_meeting_offer_times_for_it_and_its_organizer_moves_it_at_once() {
    let (proposed, first) = offered_to_luis();
    for member in [PRIYA, JONAS, AMARA] {
        for (meeting, all) in [(&proposed, vec![first.clone()]), (&scheduled(), vec![])] {
            let refused = offer(member, meeting, &all, &wanted(&[27])).unwrap_err();
            assert_eq!(refused, [Refusal::NotInvited]);
            assert_eq!(refused[0].kind(), RefusalKind::Forbidden);
        }
    }
    assert_eq!(
        offer(MEI, &scheduled(), &[], &wanted(&[27])).unwrap_err(),
        [Refusal::OrganizerMoves]
    );
    let note = Wanted {
        note: "x".repeat(501),
        ..wanted(&[27])
    };
    assert_eq!(
        offer(LUIS, &proposed, std::slice::from_ref(&first), &note).unwrap_err(),
        [Refusal::NoteTooLong(501)]
    );
    let many = vec![super::Proposal { by: LUIS, ..first }; 20];
    assert_eq!(
        offer(LUIS, &proposed, &many, &wanted(&[27])).unwrap_err(),
        [Refusal::TooManyProposals(20)]
    );
}
