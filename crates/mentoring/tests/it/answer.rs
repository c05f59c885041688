use jiff::SignedDuration;
use jiff::civil::datetime;
use mentoring::answer::{Answer, answer, asks_again, may_answer};
use mentoring::event::Event;
use mentoring::invitation::Participation;
use mentoring::meeting::{self, Changes, Meeting, MeetingState, Scope};
use mentoring::organization::MemberId;
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::role::Actor;

use crate::people::{self, JONAS, LUIS, MEI, PRIYA, jonas, meeting, mei, now};

fn answered(meeting: &Meeting, member: MemberId) -> Option<Answer> {
    let mut all = meeting.attendees.iter();
    let attendee = all.find(|attendee| attendee.member == member);
    attendee.expect("they are of it").answer
}

/// First talk, to which everyone has said yes.
fn agreed() -> Meeting {
    let mut meeting = meeting();
    for attendee in &mut meeting.attendees {
        attendee.answer = Some(Answer::Yes);
    }
    meeting
}

#[test]
fn whoever_makes_a_meeting_means_to_come_and_the_others_are_asked() {
    assert_eq!(answered(&meeting(), MEI), Some(Answer::Yes));
    assert_eq!(answered(&meeting(), LUIS), None);
}

#[test]
fn the_people_of_a_meeting_answer_as_long_as_it_lies_ahead() {
    let meeting = meeting();
    let cancelled = meeting::cancel(&mei(), &meeting, Scope::All, None, now());
    let cancelled = cancelled.expect("Mei may cancel").0;
    let missed = Meeting {
        state: MeetingState::Missed,
        ..meeting.clone()
    };
    let end = meeting.ends_at();
    let second = SignedDuration::from_secs(1);
    for (member, meeting, at, expected) in [
        (LUIS, &meeting, now(), Ok(())),
        (MEI, &meeting, now(), Ok(())),
        (LUIS, &meeting, end - second, Ok(())),
        (LUIS, &meeting, end, Err(Refusal::OverUnanswered)),
        (LUIS, &missed, now(), Err(Refusal::OverUnanswered)),
        (LUIS, &cancelled, now(), Err(Refusal::CancelledUnanswered)),
        (PRIYA, &meeting, now(), Err(Refusal::NotInvited)),
        (JONAS, &cancelled, now(), Err(Refusal::NotInvited)),
    ] {
        assert_eq!(may_answer(member, meeting, at), expected);
        let given = answer(member, meeting, Answer::Maybe, "", at);
        assert_eq!(given.map(|_| ()), expected);
    }
    assert_eq!(Refusal::NotInvited.kind(), RefusalKind::Forbidden);
    assert_eq!(Refusal::OverUnanswered.kind(), RefusalKind::Conflict);
}

#[test]
fn a_note_has_a_limit_and_is_not_what_the_audit_log_is_told() {
    let note = "I am on the train;\r\nten minutes late, perhaps 🙂";
    let (reply, event) = answer(LUIS, &meeting(), Answer::Maybe, note, now()).unwrap();
    assert_eq!(
        reply.note,
        "I am on the train;\nten minutes late, perhaps 🙂"
    );
    assert_eq!(
        event,
        Event::MeetingAnswered {
            meeting: meeting().id,
            track: meeting().track,
            member: LUIS,
            answer: Answer::Maybe,
        }
    );
    let told = serde_json::to_string(&event).unwrap() + &event.sentence();
    assert!(!told.contains("train"), "{told}");
    let say = |length: usize| answer(LUIS, &meeting(), Answer::No, &"ש".repeat(length), now());
    assert!(say(500).is_ok());
    let refused = say(501).unwrap_err();
    assert_eq!(refused, Refusal::NoteTooLong(501));
    assert_eq!(refused.field(), Some("note"));
}

#[test]
fn a_moved_meeting_asks_everyone_but_who_moved_it_again() {
    let noon = datetime(2026, 11, 25, 12, 0, 0, 0);
    let to = |actor: Actor, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        people::reschedule(&actor, &agreed(), noon, "Europe/Berlin", 45, reason, now())
            .expect("it may be moved")
            .0
    };
    let by_mei = to(mei(), None);
    assert_eq!(answered(&by_mei, MEI), Some(Answer::Yes));
    assert_eq!(answered(&by_mei, LUIS), None);
    let by_jonas = to(jonas(), Some("The room is closed."));
    assert_eq!(answered(&by_jonas, MEI), None);
    assert_eq!(answered(&by_jonas, LUIS), None);
}

#[test]
fn another_title_asks_nobody_again() {
    let changes = Changes {
        title: Some("Second talk".to_owned()),
        attendees: Some(vec![LUIS, PRIYA]),
        ..Changes::default()
    };
    let after = people::change(&mei(), &agreed(), &changes, now());
    let after = after.unwrap().expect("it is different").0;
    assert_eq!(answered(&after, LUIS), Some(Answer::Yes));
    assert_eq!(answered(&after, PRIYA), None);
}

/// Fewer meetings are no other meetings; one that takes place at another time is.
#[test]
fn an_occurrence_that_is_called_off_asks_nobody_and_one_that_moves_asks_all() {
    let mut series = people::weekly();
    for attendee in &mut series.attendees {
        attendee.answer = Some(Answer::Yes);
    }
    let second = series.occurrences[1].original_start;
    let fewer = meeting::cancel(&mei(), &series, Scope::This(second), None, now());
    let fewer = fewer.expect("Mei may").0;
    assert_eq!(answered(&fewer, LUIS), Some(Answer::Yes));
    assert_eq!(
        answered(&asks_again(&series, fewer.clone(), MEI), LUIS),
        Some(Answer::Yes)
    );
    let mut moved = series.clone();
    moved.occurrences[1].starts_at += SignedDuration::from_hours(1);
    assert_eq!(answered(&asks_again(&series, moved, MEI), LUIS), None);
}

#[test]
fn an_answer_is_what_calendars_call_it() {
    for (answer, expected) in [
        (None, Participation::NeedsAction),
        (Some(Answer::Yes), Participation::Accepted),
        (Some(Answer::No), Participation::Declined),
        (Some(Answer::Maybe), Participation::Tentative),
    ] {
        assert_eq!(Participation::from(answer), expected);
    }
}
