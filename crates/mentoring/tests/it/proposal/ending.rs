use jiff::SignedDuration;
use mentoring::meeting::{self, MeetingState, Scope};
use mentoring::proposal::{self, ProposalState, Told, outlived, overdue};
use mentoring::refusal::Refusal;

use super::{accept, offer, offered_to_both, offered_to_luis, on, only, told, wanted};
use crate::people::{self, JONAS, LUIS, MEI, PRIYA, jonas, meeting as scheduled, mei, now, weekly};

#[test]
fn luis_declines_and_the_meeting_ends() {
    let (meeting, first) = offered_to_luis();
    let step = proposal::decline(LUIS, &meeting, &first, "I am away all week.").unwrap();
    let declined = only(&step);
    assert_eq!(declined.state, ProposalState::Declined);
    assert_eq!(declined.reply, "I am away all week.");
    assert_eq!(told(&step), [(MEI, Told::Declined)]);
    let after = step.meeting.unwrap();
    assert_eq!(after.state, MeetingState::Cancelled);
    assert_eq!(
        after.cancellation_reason.as_deref(),
        Some("I am away all week.")
    );
}

#[test]
fn who_offered_withdraws_and_nobody_else() {
    let (meeting, first) = offered_to_luis();
    let all = [first.clone()];
    let step = proposal::withdraw(MEI, &meeting, &all, &first).unwrap();
    assert_eq!(step.meeting.unwrap().state, MeetingState::Cancelled);
    assert_eq!(
        only(&proposal::withdraw(MEI, &meeting, &all, &first).unwrap()).state,
        ProposalState::Withdrawn
    );
    assert_eq!(
        proposal::withdraw(LUIS, &meeting, &all, &first).unwrap_err(),
        Refusal::OrganizerSettles
    );
    assert_eq!(
        proposal::decline(MEI, &meeting, &first, "").unwrap_err(),
        Refusal::OwnProposal
    );
    assert_eq!(
        proposal::withdraw(PRIYA, &meeting, &all, &first).unwrap_err(),
        Refusal::NotInvited
    );
}

#[test]
fn in_a_group_the_meeting_outlives_what_an_attendee_offered() {
    let (meeting, first) = offered_to_both();
    let step = offer(
        PRIYA,
        &meeting,
        std::slice::from_ref(&first),
        &wanted(&[27]),
    )
    .unwrap();
    let (meeting, priyas) = (step.meeting.clone().unwrap(), only(&step));
    let all = [first.clone(), priyas.clone()];
    let declined = proposal::decline(MEI, &meeting, &priyas, "").unwrap();
    assert!(declined.meeting.is_none());
    assert_eq!(told(&declined), [(PRIYA, Told::Declined)]);
    assert_eq!(
        proposal::decline(LUIS, &meeting, &priyas, "").unwrap_err(),
        Refusal::OrganizerSettles
    );
    let withdrawn = proposal::withdraw(PRIYA, &meeting, &all, &priyas).unwrap();
    assert!(withdrawn.meeting.is_none());
    let ended = proposal::withdraw(MEI, &meeting, &all, &first).unwrap();
    assert_eq!(
        ended.meeting.as_ref().unwrap().state,
        MeetingState::Cancelled
    );
    assert_eq!(ended.proposals.len(), 2);
    assert_eq!(
        told(&ended),
        [(LUIS, Told::Withdrawn), (PRIYA, Told::Withdrawn)]
    );
}

#[test]
fn whoever_has_not_answered_is_reminded_once_after_two_days() {
    let (meeting, mut first) = offered_to_both();
    first = only(&proposal::answer(LUIS, &meeting, &first, &[0]).unwrap());
    let all = [first.clone()];
    let later = now() + SignedDuration::from_hours(48);
    assert_eq!(first.due_at(), Some(later));
    let just_before = later - SignedDuration::from_secs(1);
    assert_eq!(overdue(&meeting, &all, &first, just_before), None);
    let step = overdue(&meeting, &all, &first, later).unwrap();
    assert_eq!(told(&step), [(PRIYA, Told::Reminder)]);
    let reminded = only(&step);
    assert_eq!(overdue(&meeting, &all, &reminded, later), None);
    assert_eq!(reminded.due_at(), Some(reminded.expires_at));
}

#[test]
fn when_the_last_time_has_passed_the_meeting_ends_and_both_are_told() {
    let (meeting, first) = offered_to_luis();
    let all = [first.clone()];
    let step = overdue(&meeting, &all, &first, first.expires_at).unwrap();
    assert_eq!(only(&step).state, ProposalState::Expired);
    assert_eq!(step.meeting.clone().unwrap().state, MeetingState::Cancelled);
    assert_eq!(told(&step), [(MEI, Told::Expired), (LUIS, Told::Expired)]);
    assert_eq!(
        overdue(&meeting, &all, &only(&step), first.expires_at),
        None
    );
    assert_eq!(only(&step).due_at(), None);
}

#[test]
fn while_another_offer_stands_a_proposed_meeting_goes_on() {
    let (meeting, first) = offered_to_both();
    let step = offer(
        PRIYA,
        &meeting,
        std::slice::from_ref(&first),
        &wanted(&[30]),
    )
    .unwrap();
    let (meeting, priyas) = (step.meeting.clone().unwrap(), only(&step));
    let all = [first.clone(), priyas];
    let step = overdue(&meeting, &all, &first, first.expires_at).unwrap();
    assert!(step.meeting.is_none());
    assert_eq!(told(&step), [(MEI, Told::Expired)]);
}

#[test]
fn a_planned_meeting_stays_when_nobody_answers_what_luis_offered() {
    let meeting = scheduled();
    let proposal = only(&offer(LUIS, &meeting, &[], &wanted(&[25])).unwrap());
    let all = [proposal.clone()];
    let step = overdue(&meeting, &all, &proposal, proposal.expires_at).unwrap();
    assert!(step.meeting.is_none());
    assert_eq!(told(&step), [(LUIS, Told::Expired), (MEI, Told::Expired)]);
}

#[test]
fn what_was_to_move_and_moved_otherwise_is_no_question_any_more() {
    let before = scheduled();
    let open = [only(&offer(LUIS, &before, &[], &wanted(&[25])).unwrap())];
    let (moved, _) =
        people::reschedule(&mei(), &before, on(27), "Europe/Berlin", 45, None, now()).unwrap();
    let step = outlived(&before, &moved, &open, MEI);
    assert_eq!(only(&step).state, ProposalState::Superseded);
    assert!(step.news.is_empty(), "everyone is told of the move");
    let (cancelled, _) = meeting::cancel(&mei(), &before, Scope::All, None, now()).unwrap();
    assert_eq!(outlived(&before, &cancelled, &open, MEI).proposals.len(), 1);
    assert_eq!(outlived(&before, &before, &open, MEI).proposals.len(), 0);

    let before = weekly();
    let open = offer(LUIS, &before, &[], &wanted(&[25])).unwrap().proposals;
    let later = before.occurrences[2].original_start;
    let (without_later, _) =
        meeting::cancel(&mei(), &before, Scope::This(later), None, now()).unwrap();
    assert!(
        outlived(&before, &without_later, &open, MEI)
            .proposals
            .is_empty()
    );
}

#[test]
fn who_leaves_takes_their_offers_along_and_the_rest_is_told_when_it_ends() {
    let (two, first) = offered_to_luis();
    let (after, _) = meeting::leave(&two, LUIS, "Luis left the track.", now()).unwrap();
    assert_eq!(after.state, MeetingState::Cancelled);
    let step = outlived(&two, &after, &[first], JONAS);
    assert_eq!(told(&step), [(MEI, Told::Ended), (LUIS, Told::Ended)]);

    let (group, first) = offered_to_both();
    let step = offer(PRIYA, &group, std::slice::from_ref(&first), &wanted(&[27])).unwrap();
    let (group, priyas) = (step.meeting.clone().unwrap(), only(&step));
    let (after, _) = meeting::leave(&group, PRIYA, "Priya left the track.", now()).unwrap();
    assert_eq!(after.state, MeetingState::Proposed);
    let all = [first.clone(), priyas];
    let ended = only(&outlived(&group, &after, &all, JONAS));
    assert_eq!(ended.by, PRIYA);
    // Two are left: Luis accepts for himself.
    assert!(accept(&people::luis(), &after, &[first], 0, now()).is_ok());
}

#[test]
fn the_tracks_administrator_ends_a_proposal_with_a_reason_that_all_are_told() {
    let (meeting, first) = offered_to_luis();
    let cancel = |reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        meeting::cancel(&jonas(), &meeting, Scope::All, reason, now())
    };
    assert_eq!(cancel(None).unwrap_err(), Refusal::ReasonMissing);
    let (after, _) = cancel(Some("The program pauses.")).unwrap();
    let step = outlived(&meeting, &after, &[first], JONAS);
    assert_eq!(told(&step), [(MEI, Told::Ended), (LUIS, Told::Ended)]);
    let cancelled = meeting::cancel(&people::luis(), &meeting, Scope::All, None, now());
    assert_eq!(cancelled.unwrap_err(), Refusal::NotYourMeeting);
}
