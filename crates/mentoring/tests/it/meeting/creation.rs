use jiff::civil::datetime;
use mentoring::eligibility::Reason;
use mentoring::event::Event;
use mentoring::integration::Cause;
use mentoring::meeting::{Context, Draft, Meeting, MeetingState};
use mentoring::organization::MemberId;
use mentoring::refusal::{Refusal, RefusalKind};
use mentoring::track::{Mode, Track};
use uuid::Uuid;

use crate::people::{
    self, EDDA, LUIS, MEI, PRIYA, QUILLFIELD, amara, context, draft, edda, everyone, jonas, luis,
    mei, modes, new_managers, priya,
};

fn create(draft: &Draft) -> Result<(Meeting, Event), Vec<Refusal>> {
    people::create(&mei(), draft, &context(&new_managers(), &everyone()))
}

fn refused(draft: &Draft) -> Vec<Refusal> {
    create(draft).unwrap_err()
}

/// S9, S18
#[test]
fn s9_mei_meets_luis_on_teams() {
    let (meeting, event) = create(&draft()).unwrap();
    assert_eq!(meeting.organizer, MEI);
    assert_eq!(
        meeting
            .attendees
            .iter()
            .map(|who| (who.member, who.organizer))
            .collect::<Vec<_>>(),
        [(MEI, true), (LUIS, false)]
    );
    assert_eq!(
        (meeting.state, meeting.mode),
        (MeetingState::Scheduled, Mode::Teams)
    );
    assert_eq!((meeting.revision, meeting.sequence), (1, 0));
    assert_eq!(meeting.uid, format!("{}@ithaca.example", meeting.id));
    assert_eq!(
        meeting.schedule.starts_at.to_string(),
        "2026-11-24T14:00:00Z"
    );
    assert_eq!(event.subject(), ("meeting", meeting.id.to_string()));
}

#[test]
fn only_participants_of_the_track_make_meetings_in_it_administrators_included() {
    let track = new_managers();
    let everyone = everyone();
    for actor in [amara(), edda()] {
        let refusals = people::create(&actor, &draft(), &context(&track, &everyone)).unwrap_err();
        assert_eq!(refusals, [Refusal::NotEnrolled], "{}", actor.name);
        assert_eq!(refusals[0].kind(), RefusalKind::Forbidden);
    }
    let meets_mei = Draft {
        attendees: vec![MEI],
        ..draft()
    };
    for actor in [jonas(), luis(), priya()] {
        assert!(
            people::create(&actor, &meets_mei, &context(&track, &everyone)).is_ok(),
            "{}",
            actor.name
        );
    }
}

/// I-04: the track of another organization, even with an id that Mei is enrolled in.
#[test]
fn i04_a_meeting_is_made_in_no_track_of_another_organization() {
    let foreign = Track {
        organization: QUILLFIELD,
        ..new_managers()
    };
    assert_eq!(
        people::create(&mei(), &draft(), &context(&foreign, &everyone())).unwrap_err(),
        [Refusal::NotEnrolled]
    );
}

#[test]
fn everything_wrong_with_a_form_is_said_at_once_and_once_per_field() {
    let worst = Draft {
        title: " ".to_owned(),
        agenda: "x".repeat(4_001),
        attendees: vec![MEI],
        local_start: datetime(2020, 1, 1, 9, 0, 0, 0),
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 1,
        mode: Mode::InPerson,
        location: "x".repeat(201),
        repetition: None,
    };
    let mut fields: Vec<&str> = refused(&worst).iter().filter_map(Refusal::field).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["agenda", "duration", "location", "people", "time", "title"]
    );
    let nowhere = Draft {
        time_zone: "Mars".to_owned(),
        duration_minutes: 0,
        ..draft()
    };
    let mut fields: Vec<&str> = refused(&nowhere)
        .iter()
        .filter_map(Refusal::field)
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["duration", "time_zone"]);
}

#[test]
fn limits_are_counted_in_characters_to_the_last_one() {
    let title = |title: &str| Draft {
        title: title.to_owned(),
        ..draft()
    };
    assert!(create(&title(&"題".repeat(200))).is_ok());
    assert_eq!(refused(&title(&"題".repeat(201))), [Refusal::TitleInvalid]);
    for text in [
        "",
        "\t",
        "\u{200B}",
        "Hi\r\nBcc: x@y.example",
        "Hi\u{2028}Luis",
        "\u{202E}iH",
    ] {
        assert_eq!(refused(&title(text)), [Refusal::TitleInvalid], "{text:?}");
    }
    let agenda = |agenda: String| Draft { agenda, ..draft() };
    assert!(create(&agenda("議".repeat(4_000))).is_ok());
    assert_eq!(
        refused(&agenda("議".repeat(4_001))),
        [Refusal::AgendaTooLong(4_001)]
    );
    assert!(create(&agenda(String::new())).is_ok());
}

#[test]
fn an_agenda_keeps_its_lines_whichever_way_they_end() {
    for text in [
        "one\r\ntwo\r\n\r\nthree",
        "one\ntwo\n\nthree",
        "one\rtwo\r\rthree",
    ] {
        let (meeting, _) = create(&Draft {
            agenda: text.to_owned(),
            ..draft()
        })
        .unwrap();
        assert_eq!(meeting.agenda, "one\ntwo\n\nthree", "{text:?}");
    }
}

#[test]
fn fifty_people_meet_and_fifty_one_do_not() {
    let member = |number: u128| MemberId(Uuid::from_u128(0x1000 + number));
    let people: Vec<MemberId> = (0..60).map(member).collect();
    let mut enrolled = everyone();
    enrolled.extend(&people);
    let track = new_managers();
    let with = |count: usize| {
        let draft = Draft {
            attendees: people[..count].to_vec(),
            ..draft()
        };
        people::create(&mei(), &draft, &context(&track, &enrolled))
    };
    assert_eq!(with(49).unwrap().0.attendees.len(), 50);
    assert_eq!(with(50).unwrap_err(), [Refusal::TooManyPeople(51)]);
}

#[test]
fn nobody_meets_alone_or_twice_and_the_organizer_comes_anyway() {
    let with = |attendees: &[MemberId]| {
        create(&Draft {
            attendees: attendees.to_vec(),
            ..draft()
        })
    };
    assert_eq!(with(&[]).unwrap_err(), [Refusal::NobodyElse]);
    assert_eq!(with(&[MEI, MEI]).unwrap_err(), [Refusal::NobodyElse]);
    assert_eq!(
        with(&[LUIS, MEI, LUIS, PRIYA]).unwrap().0.attendees.len(),
        3
    );
}

/// I-04: a stranger, somebody of another organization and an id that never was are alike.
#[test]
fn i04_whoever_is_not_in_the_track_cannot_be_told_from_whoever_does_not_exist() {
    let with = |member: MemberId| {
        refused(&Draft {
            attendees: vec![LUIS, member],
            ..draft()
        })
    };
    assert_eq!(with(EDDA), with(MemberId(Uuid::from_u128(0xDEAD))));
    assert_eq!(with(EDDA)[0].field(), Some("people"));
}

fn refused_for(reasons: Vec<Reason>) -> Vec<Refusal> {
    let (track, everyone) = (new_managers(), everyone());
    let context = Context {
        eligibility: Err(reasons),
        ..context(&track, &everyone)
    };
    people::create(&priya(), &draft(), &context).unwrap_err()
}

/// S10, R-11
#[test]
fn s10_r11_priya_cannot_post_what_her_form_did_not_offer() {
    let refusals = refused_for(vec![Reason::NotInDirectory]);
    assert_eq!(
        refusals,
        [Refusal::TeamsNotForYou(vec![Reason::NotInDirectory])]
    );
    assert_eq!(
        (refusals[0].kind(), refusals[0].field()),
        (RefusalKind::Forbidden, Some("mode"))
    );
}

/// what changed between form and post is a conflict, who one is is not.
#[test]
fn r13_who_was_overtaken_by_a_change_is_in_conflict_with_it() {
    for reason in [
        Reason::BeingRemoved,
        Reason::NotIntegrated,
        Reason::NeedsAttention(Cause::TokenRevoked),
        Reason::BeingChecked,
    ] {
        assert_eq!(
            refused_for(vec![reason])[0].kind(),
            RefusalKind::Conflict,
            "{reason:?}"
        );
    }
    assert_eq!(
        refused_for(vec![Reason::BeingRemoved, Reason::Guest])[0].kind(),
        RefusalKind::Forbidden
    );
    let off = Track {
        modes: modes(&[Mode::Phone]),
        ..new_managers()
    };
    let refusals = people::create(&mei(), &draft(), &context(&off, &everyone())).unwrap_err();
    assert_eq!(refusals, [Refusal::ModeOff]);
    assert_eq!(refusals[0].kind(), RefusalKind::Conflict);
}

#[test]
fn priya_meets_by_phone_whatever_the_directory_says() {
    let (track, everyone) = (new_managers(), everyone());
    let context = Context {
        eligibility: Err(vec![Reason::NotInDirectory]),
        ..context(&track, &everyone)
    };
    let phone = Draft {
        mode: Mode::Phone,
        ..draft()
    };
    assert!(people::create(&priya(), &phone, &context).is_ok());
}

#[test]
fn only_a_meeting_in_person_has_a_place() {
    for mode in Mode::ALL.iter().copied() {
        let (meeting, _) = create(&Draft {
            mode,
            location: " Room 4 ".to_owned(),
            ..draft()
        })
        .unwrap();
        assert_eq!(
            meeting.location,
            if mode == Mode::InPerson { "Room 4" } else { "" },
            "{mode:?}"
        );
    }
}
