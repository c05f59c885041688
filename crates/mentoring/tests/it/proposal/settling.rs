use std::collections::BTreeSet;

use jiff::civil::datetime;
use mentoring::answer::{Answer, answer as says};
use mentoring::eligibility::Reason;
use mentoring::invitation::{self, Change, Method};
use mentoring::meeting::{Changes, Context, Draft, MeetingState};
use mentoring::proposal::{self, ProposalState, Wanted, awaited};
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::repetition::{End, Every, Repetition};
use mentoring::track::{Mode, Track};

use super::{accept, offer, offered_to_both, offered_to_luis, on, only, propose, times, wanted};
use crate::people::{
    self, LUIS, MEI, PRIYA, context, draft, everyone, jonas, luis, meeting as scheduled, mei,
    modes, new_managers, now, priya, weekly,
};

#[test]
fn luis_accepts_and_it_is_as_if_mei_had_made_the_meeting_then() {
    let (meeting, first) = offered_to_luis();
    let step = accept(&luis(), &meeting, &[first], 1, now()).unwrap();
    let after = step.meeting.clone().unwrap();
    assert_eq!(after.state, MeetingState::Scheduled);
    assert_eq!(after.schedule.local_start, on(25));
    assert_eq!((after.revision, after.sequence), (2, 0));
    assert_eq!(after.occurrences.len(), 1);
    assert_eq!(only(&step).state, ProposalState::Accepted);
    assert!(
        after
            .attendees
            .iter()
            .all(|who| who.answer == Some(Answer::Yes))
    );
    let notices = invitation::notices(None, &after);
    let told: Vec<_> = notices.iter().map(|one| (one.to, one.method)).collect();
    assert_eq!(told, [(MEI, Method::Request), (LUIS, Method::Request)]);
    assert!(notices.iter().all(|one| one.change == Change::Created));
    assert_eq!(
        step.events[0].sentence(),
        "Accepted 2026-11-25T14:00:00Z of the times offered for a meeting."
    );
}

#[test]
fn a_series_begins_at_the_time_that_was_accepted() {
    let draft = Draft {
        repetition: Some(Repetition {
            every: Every::Week,
            end: End::Count(4),
        }),
        ..draft()
    };
    let (meeting, step) = propose(&mei(), &draft, &times(&[24, 25])).unwrap();
    let after = accept(&luis(), &meeting, &step.proposals, 1, now());
    let after = after.unwrap().meeting.unwrap();
    let starts = after
        .occurrences
        .iter()
        .map(|one| one.local_start.date().to_string());
    assert_eq!(
        starts.collect::<Vec<_>>(),
        ["2026-11-25", "2026-12-02", "2026-12-09", "2026-12-16"]
    );
}

#[test]
fn nobody_accepts_what_they_offered_and_nobody_else_accepts_at_all() {
    let (meeting, first) = offered_to_luis();
    let all = [first];
    for (actor, refusal) in [
        (mei(), Refusal::OwnProposal),
        (priya(), Refusal::NotInvited),
        (jonas(), Refusal::NotInvited),
    ] {
        let refused = accept(&actor, &meeting, &all, 0, now()).unwrap_err();
        assert_eq!(refused, [refusal], "{}", actor.name);
        assert_eq!(refused[0].kind(), RefusalKind::Forbidden);
    }
    assert_eq!(
        accept(&luis(), &meeting, &all, 3, now()).unwrap_err(),
        [Refusal::TimeNotOffered]
    );
}

#[test]
fn what_is_no_longer_open_is_refused_with_what_happened() {
    let (meeting, first) = offered_to_luis();
    for state in ProposalState::ALL.iter().copied().skip(1) {
        let closed = super::Proposal {
            state,
            ..first.clone()
        };
        let refused = accept(&luis(), &meeting, &[closed], 0, now()).unwrap_err();
        assert_eq!(refused, [Refusal::ProposalClosed(state)]);
        assert_eq!(refused[0].kind(), RefusalKind::Conflict);
    }
}

#[test]
fn a_time_in_the_past_is_not_accepted_and_a_later_one_is() {
    let (meeting, first) = offered_to_luis();
    let all = [first];
    let wednesday = "2026-11-25T09:00:00Z".parse().unwrap();
    assert_eq!(
        accept(&luis(), &meeting, &all, 0, wednesday).unwrap_err(),
        [Refusal::InThePast]
    );
    assert!(accept(&luis(), &meeting, &all, 1, wednesday).is_ok());
}

#[test]
fn all_that_was_checked_when_it_was_proposed_is_checked_again() {
    let (meeting, first) = offered_to_luis();
    let all = [first.clone()];
    let enrolled = everyone();
    let track = new_managers();
    let try_in = |context: &Context<'_>| {
        proposal::accept(&luis(), &meeting, &all, &first, 0, context).unwrap_err()
    };
    let without_teams = Track {
        modes: modes(&[Mode::Phone]),
        ..new_managers()
    };
    let gone = [Refusal::ProposedModeGone(Mode::Teams)];
    assert_eq!(try_in(&context(&without_teams, &enrolled)), gone);
    for reason in [Reason::NotIntegrated, Reason::NotInDirectory] {
        let removed = Context {
            eligibility: Err(vec![reason]),
            ..context(&track, &enrolled)
        };
        assert_eq!(try_in(&removed), gone);
    }
    let without_luis: BTreeSet<_> = [MEI, PRIYA].into();
    assert_eq!(
        try_in(&context(&track, &without_luis)),
        [Refusal::ParticipantGone]
    );
    assert!(gone[0].to_string().contains("propose it again"));
}

#[test]
fn in_a_group_people_say_what_they_can_and_the_organizer_settles() {
    let (meeting, first) = offered_to_both();
    let step = proposal::answer(LUIS, &meeting, &first, &[0, 2, 2]).unwrap();
    assert!(step.meeting.is_none() && step.news.is_empty());
    let first = only(&step);
    assert_eq!(first.answers[&LUIS], [0, 2].into());
    assert_eq!(awaited(&meeting, &first), [PRIYA]);
    let first = only(&proposal::answer(PRIYA, &meeting, &first, &[]).unwrap());
    assert!(
        first.answers[&PRIYA].is_empty(),
        "none of them is an answer"
    );
    assert_eq!(awaited(&meeting, &first), [MEI]);
    let all = [first];
    assert_eq!(
        accept(&luis(), &meeting, &all, 2, now()).unwrap_err(),
        [Refusal::OrganizerSettles]
    );
    let after = accept(&mei(), &meeting, &all, 2, now()).unwrap();
    let after = after.meeting.unwrap();
    assert_eq!(after.schedule.local_start, on(26));
    let answers: Vec<_> = after.attendees.iter().map(|who| who.answer).collect();
    assert_eq!(
        answers,
        [Some(Answer::Yes), None, None],
        "the others are asked"
    );
}

#[test]
fn only_those_who_are_asked_say_what_they_can() {
    let (group, first) = offered_to_both();
    for (member, can, refusal) in [
        (MEI, vec![0], Refusal::OwnProposal),
        (crate::people::JONAS, vec![0], Refusal::NotInvited),
        (LUIS, vec![3], Refusal::TimeNotOffered),
    ] {
        assert_eq!(
            proposal::answer(member, &group, &first, &can).unwrap_err(),
            refusal
        );
    }
    let (two, first) = offered_to_luis();
    assert_eq!(
        proposal::answer(LUIS, &two, &first, &[0]).unwrap_err(),
        Refusal::AcceptInstead
    );
}

#[test]
fn mei_settles_on_what_priya_offered_and_her_own_offer_ends() {
    let (meeting, first) = offered_to_both();
    let step = offer(
        PRIYA,
        &meeting,
        std::slice::from_ref(&first),
        &wanted(&[27]),
    )
    .unwrap();
    let meeting = step.meeting.clone().unwrap();
    let all = [first, only(&step)];
    let step = accept(&mei(), &meeting, &all, 0, now()).unwrap();
    let states: Vec<_> = step
        .proposals
        .iter()
        .map(|one| (one.by, one.state))
        .collect();
    assert_eq!(
        states,
        [
            (MEI, ProposalState::Superseded),
            (PRIYA, ProposalState::Accepted)
        ]
    );
}

#[test]
fn mei_accepts_another_time_and_the_meeting_moves_as_if_she_had_moved_it() {
    let meeting = scheduled();
    let (reply, _) = says(LUIS, &meeting, Answer::Yes, "", now()).unwrap();
    assert_eq!(reply.answer, Answer::Yes);
    let all = offer(LUIS, &meeting, &[], &wanted(&[25, 26]))
        .unwrap()
        .proposals;
    assert_eq!(
        accept(&luis(), &meeting, &all, 0, now()).unwrap_err(),
        [Refusal::OwnProposal]
    );
    let step = accept(&mei(), &meeting, &all, 1, now()).unwrap();
    let after = step.meeting.clone().unwrap();
    let moved = people::reschedule(&mei(), &meeting, on(26), "Europe/Berlin", 45, None, now());
    assert_eq!(after, moved.unwrap().0);
    assert_eq!((after.sequence, &after.uid), (1, &meeting.uid));
    let actions: Vec<_> = step
        .events
        .iter()
        .map(mentoring::event::Event::action)
        .collect();
    assert_eq!(actions, ["meeting.rescheduled", "meeting.proposal_ended"]);
}

#[test]
fn of_a_series_only_the_one_meeting_moves() {
    let meeting = weekly();
    let second = datetime(2026, 12, 1, 15, 0, 0, 0);
    let of_second = Wanted {
        about: Some(second),
        ..wanted(&[30])
    };
    let all = offer(LUIS, &meeting, &[], &of_second).unwrap().proposals;
    let after = accept(&mei(), &meeting, &all, 0, now()).unwrap();
    let after = after.meeting.unwrap();
    assert_eq!(after.occurrence(second).unwrap().local_start, on(30));
    let others = |meeting: &mentoring::meeting::Meeting| {
        let mut all = meeting.occurrences.clone();
        all.retain(|one| one.original_start != second);
        all
    };
    assert_eq!(others(&after), others(&meeting));
}

#[test]
fn a_proposed_meeting_is_neither_changed_nor_answered_as_if_it_had_a_time() {
    let (meeting, _) = offered_to_luis();
    let changes = Changes {
        title: Some("Other".to_owned()),
        ..Changes::default()
    };
    assert_eq!(
        people::change(&mei(), &meeting, &changes, now()).unwrap_err(),
        [Refusal::OnlyProposed]
    );
    assert_eq!(
        says(LUIS, &meeting, Answer::Yes, "", now()).unwrap_err(),
        Refusal::OnlyProposed
    );
}
