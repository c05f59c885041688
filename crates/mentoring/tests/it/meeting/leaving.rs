use mentoring::invitation::{Change, Method, notices};
use mentoring::meeting::{Attendee, Meeting, MeetingState, leave};
use mentoring::organization::MemberId;

use crate::people::{EDDA, LUIS, MEI, PRIYA, now, weekly};

fn with_priya() -> Meeting {
    let mut meeting = weekly();
    meeting.attendees.push(Attendee {
        member: PRIYA,
        organizer: false,
        answer: None,
    });
    meeting
}

fn told(before: &Meeting, after: &Meeting) -> Vec<(MemberId, Method)> {
    notices(Some(before), after)
        .iter()
        .map(|notice| (notice.to, notice.method))
        .collect()
}

/// F16: a cancellation to who leaves, a word to the organizer, nothing to anybody else.
#[test]
fn f16_who_leaves_half_way_is_taken_out_of_what_lies_ahead() {
    let half_way = weekly().occurrences[1].ends_at;
    let (after, event) = leave(&with_priya(), PRIYA, "left", half_way).unwrap();
    assert_eq!(after.attendees.len(), 2);
    assert_eq!((after.state, after.sequence), (MeetingState::Scheduled, 1));
    assert_eq!(event.action(), "meeting.left");
    assert_eq!(
        told(&with_priya(), &after),
        [(MEI, Method::Request), (PRIYA, Method::Cancel)]
    );
    assert_eq!(leave(&after, PRIYA, "left", half_way), None, "once");
}

#[test]
fn f16_without_its_organizer_or_anybody_to_meet_a_meeting_is_called_off() {
    for (meeting, leaver) in [(with_priya(), MEI), (weekly(), LUIS)] {
        let (after, _) = leave(&meeting, leaver, "Somebody left.", now()).unwrap();
        assert_eq!(after.state, MeetingState::Cancelled);
        assert_eq!(after.cancellation_reason.as_deref(), Some("Somebody left."));
        for notice in notices(Some(&meeting), &after) {
            assert_eq!(notice.method, Method::Cancel);
            assert!(matches!(notice.change, Change::Cancelled { .. }));
        }
        assert_eq!(told(&meeting, &after).len(), meeting.attendees.len());
    }
}

#[test]
fn what_is_over_or_somebody_elses_is_left_alone() {
    let over = weekly().ends_at();
    assert_eq!(leave(&with_priya(), PRIYA, "left", over), None);
    assert_eq!(leave(&weekly(), EDDA, "left", now()), None);
}
