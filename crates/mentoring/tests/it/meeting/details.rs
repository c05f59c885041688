use mentoring::eligibility::Reason;
use mentoring::invitation::{Change, Method, notices};
use mentoring::meeting::{self, Changes, Context, Meeting, Part};
use mentoring::organization::MemberId;
use mentoring::refusal::Refusal;
use mentoring::track::Mode;

use super::made;
use crate::people::{
    self, EDDA, JONAS, LUIS, MEI, PRIYA, context, everyone, jonas, luis, mei, modes, new_managers,
    now,
};

fn changed(changes: &Changes) -> Meeting {
    let next = people::change(&mei(), &made(), changes, now());
    next.unwrap().unwrap().0
}

fn told(after: &Meeting) -> Vec<(MemberId, Method, Change)> {
    notices(Some(&made()), after)
        .into_iter()
        .map(|notice| (notice.to, notice.method, notice.change))
        .collect()
}

#[test]
fn what_is_typed_anew_is_changed_and_everyone_is_told_once() {
    let after = changed(&Changes {
        title: Some(" Second hundred days ".to_owned()),
        agenda: Some("What next?".to_owned()),
        ..Changes::default()
    });
    assert_eq!(
        (after.title.as_str(), after.agenda.as_str()),
        ("Second hundred days", "What next?")
    );
    assert_eq!((after.revision, after.sequence), (2, 1));
    let what = vec![Part::Title];
    assert_eq!(
        told(&after),
        [
            (MEI, Method::Request, Change::Changed { what: what.clone() }),
            (LUIS, Method::Request, Change::Changed { what })
        ]
    );
}

#[test]
fn a_changed_agenda_alone_is_nobodys_mail() {
    let after = changed(&Changes {
        agenda: Some("What next?".to_owned()),
        ..Changes::default()
    });
    assert_eq!((after.revision, after.sequence), (2, 0));
    assert_eq!(told(&after), []);
}

#[test]
fn the_same_again_is_no_change() {
    let same = Changes {
        title: Some(made().title),
        agenda: Some(made().agenda),
        attendees: Some(vec![LUIS]),
        mode: Some(made().mode),
        location: Some(String::new()),
        repetition: Some(None),
        ..Changes::default()
    };
    assert_eq!(people::change(&mei(), &made(), &same, now()), Ok(None));
    assert_eq!(
        people::change(&mei(), &made(), &Changes::default(), now()),
        Ok(None)
    );
}

/// Who comes and who goes is told to them and to the organizer, and to nobody else.
#[test]
fn people_come_and_go_without_a_word_to_the_others() {
    let three = Changes {
        attendees: Some(vec![LUIS, PRIYA]),
        ..Changes::default()
    };
    let before = changed(&three);
    let what = vec![Part::People];
    assert_eq!(
        told(&before),
        [
            (MEI, Method::Request, Change::Changed { what: what.clone() }),
            (PRIYA, Method::Request, Change::Created)
        ]
    );
    let without = Changes {
        attendees: Some(vec![PRIYA]),
        ..Changes::default()
    };
    let (after, _) = people::change(&mei(), &before, &without, now())
        .unwrap()
        .unwrap();
    let all: Vec<_> = notices(Some(&before), &after)
        .into_iter()
        .map(|notice| (notice.to, notice.method, notice.change))
        .collect();
    assert_eq!(
        all,
        [
            (MEI, Method::Request, Change::Changed { what }),
            (LUIS, Method::Cancel, Change::Removed)
        ]
    );
}

#[test]
fn only_people_of_the_track_come_and_who_is_of_the_meeting_may_stay() {
    let with = |attendees: Vec<MemberId>, meeting: &Meeting| {
        let changes = Changes {
            attendees: Some(attendees),
            ..Changes::default()
        };
        people::change(&mei(), meeting, &changes, now())
    };
    assert_eq!(
        with(vec![LUIS, EDDA], &made()).unwrap_err(),
        [Refusal::NotAParticipant]
    );
    assert_eq!(with(vec![], &made()).unwrap_err(), [Refusal::NobodyElse]);
    assert_eq!(with(vec![MEI], &made()).unwrap_err(), [Refusal::NobodyElse]);
    let mut guest = made();
    guest.attendees[1].member = EDDA;
    let (after, _) = with(vec![EDDA, JONAS], &guest).unwrap().unwrap();
    assert_eq!(after.attendees.len(), 3);
}

#[test]
fn everything_wrong_with_a_change_is_said_at_once() {
    let worst = Changes {
        title: Some(" ".to_owned()),
        agenda: Some("x".repeat(4_001)),
        location: Some("x".repeat(201)),
        attendees: Some(vec![]),
        ..Changes::default()
    };
    let mut fields: Vec<&str> = people::change(&mei(), &made(), &worst, now())
        .unwrap_err()
        .iter()
        .filter_map(Refusal::field)
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["agenda", "location", "people", "title"]);
}

#[test]
fn another_mode_needs_what_a_new_meeting_needs() {
    let to = |mode| Changes {
        mode: Some(mode),
        location: Some("Room 4".to_owned()),
        ..Changes::default()
    };
    let room = changed(&to(Mode::InPerson));
    assert_eq!(
        (room.mode, room.location.as_str()),
        (Mode::InPerson, "Room 4")
    );
    let was = Mode::Teams;
    assert_eq!(
        told(&room)[1],
        (LUIS, Method::Request, Change::ModeChanged { was })
    );
    let phone = changed(&to(Mode::Phone));
    assert_eq!(phone.location, "", "only a meeting in person has a place");
    let enrolled = everyone();
    let track = mentoring::track::Track {
        modes: modes(&[Mode::Phone]),
        ..new_managers()
    };
    let off = context(&track, &enrolled);
    assert_eq!(
        meeting::change(&mei(), &phone, &to(Mode::Teams), &off).unwrap_err(),
        [Refusal::ModeOff]
    );
    let track = new_managers();
    let not_hers = Context {
        eligibility: Err(vec![Reason::NotInDirectory]),
        ..context(&track, &enrolled)
    };
    assert_eq!(
        meeting::change(&mei(), &phone, &to(Mode::Teams), &not_hers).unwrap_err(),
        [Refusal::TeamsNotForYou(vec![Reason::NotInDirectory])]
    );
    // What it is already it may stay, whatever became of the track.
    let title = Changes {
        title: Some("Another".to_owned()),
        mode: Some(Mode::Teams),
        ..Changes::default()
    };
    assert!(meeting::change(&mei(), &made(), &title, &off).is_ok());
}

#[test]
fn an_administrator_says_why_and_never_touches_the_agenda() {
    let title = Changes {
        title: Some("Another".to_owned()),
        ..Changes::default()
    };
    assert_eq!(
        people::change(&jonas(), &made(), &title, now()).unwrap_err(),
        [Refusal::ReasonMissing]
    );
    let because = Changes {
        reason: Some("The topic changed.".to_owned()),
        ..title
    };
    assert!(people::change(&jonas(), &made(), &because, now()).is_ok());
    let agenda = Changes {
        agenda: Some(String::new()),
        ..because.clone()
    };
    assert_eq!(
        people::change(&jonas(), &made(), &agenda, now()).unwrap_err(),
        [Refusal::NotYourMeeting]
    );
    assert_eq!(
        people::change(&luis(), &made(), &because, now()).unwrap_err(),
        [Refusal::NotYourMeeting]
    );
}

/// CRLF and commas in every field, and 200 characters of right-to-left text and emoji.
#[test]
fn whatever_is_typed_is_kept_or_refused_whole() {
    let rtl: String = "שלום, "
        .chars()
        .chain("🙂👩‍🔬".chars())
        .cycle()
        .take(200)
        .collect();
    let rtl = format!("{}ם", rtl.chars().take(199).collect::<String>());
    let after = changed(&Changes {
        title: Some(rtl.clone()),
        agenda: Some("one, two\r\nthree; four\\".to_owned()),
        mode: Some(Mode::InPerson),
        location: Some("Room 4, left; \"behind\" the stairs".to_owned()),
        ..Changes::default()
    });
    assert_eq!(after.title, rtl);
    assert_eq!(after.agenda, "one, two\nthree; four\\");
    assert_eq!(after.location, "Room 4, left; \"behind\" the stairs");
    for changes in [
        Changes {
            title: Some("one\r\ntwo".to_owned()),
            ..Changes::default()
        },
        Changes {
            location: Some("one\r\ntwo".to_owned()),
            ..Changes::default()
        },
    ] {
        assert!(people::change(&mei(), &made(), &changes, now()).is_err());
    }
}
