use jiff::civil::{DateTime, datetime};
use mentoring::event::Event;
use mentoring::link::LinkState;
use mentoring::meeting::{self, Joining, Meeting, MeetingState, Record, joining};
use mentoring::organization::MeetingId;
use mentoring::refusal::Refusal;
use mentoring::repetition::OccurrenceState;
use mentoring::track::Mode;
use uuid::Uuid;

use crate::people::{LUIS, MEI, amara, context, everyone, mei, modes, new_managers, now};

fn record(local_start: DateTime) -> Record {
    Record {
        title: "Met in the hall".to_owned(),
        attendees: vec![LUIS],
        local_start,
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 20,
        mode: Mode::Teams,
        location: String::new(),
    }
}

fn logs(record: &Record) -> Result<(Meeting, Event), Vec<Refusal>> {
    let (track, everyone) = (new_managers(), everyone());
    let id = MeetingId(Uuid::from_u128(0x78));
    meeting::log(
        &mei(),
        record,
        &context(&track, &everyone),
        id,
        "ithaca.example",
    )
}

#[test]
fn mei_logs_that_she_met_luis_this_morning() {
    let (logged, event) = logs(&record(datetime(2026, 11, 23, 9, 30, 0, 0))).unwrap();
    assert_eq!(logged.state, MeetingState::Held);
    assert_eq!(logged.occurrences[0].state, OccurrenceState::Held);
    assert!(logged.is_attended_by(MEI) && logged.is_attended_by(LUIS));
    assert_eq!(logged.mode, Mode::Teams, "as a word");
    let opened = joining(&logged, LinkState::Closed, now());
    assert_eq!(opened, Joining::Over, "and never with a link");
    assert!(matches!(event, Event::MeetingLogged { people: 2, .. }));
}

#[test]
fn only_what_is_over_and_within_a_year_is_logged() {
    // It is ten in Berlin on 23 November 2026.
    for (start, expected) in [
        (datetime(2026, 11, 23, 9, 40, 0, 0), Ok(())),
        (datetime(2026, 11, 23, 9, 41, 0, 0), Err(Refusal::NotOver)),
        (datetime(2026, 11, 24, 9, 0, 0, 0), Err(Refusal::NotOver)),
        (datetime(2025, 11, 23, 10, 0, 0, 0), Ok(())),
        (
            datetime(2025, 11, 23, 9, 59, 0, 0),
            Err(Refusal::TooLongAgo),
        ),
        (DateTime::MIN, Err(Refusal::TooLongAgo)),
        (DateTime::MAX, Err(Refusal::NotOver)),
    ] {
        let logged = logs(&record(start))
            .map(|_| ())
            .map_err(|all| all[0].clone());
        assert_eq!(logged, expected, "{start}");
    }
    let twice = logs(&record(datetime(2026, 10, 25, 2, 30, 0, 0)));
    assert!(matches!(
        twice.unwrap_err()[..],
        [Refusal::TimeTwice { .. }]
    ));
}

#[test]
fn how_people_met_does_not_depend_on_what_the_track_offers() {
    let mut track = new_managers();
    track.modes = modes(&[Mode::Phone]);
    let everyone = everyone();
    let context = context(&track, &everyone);
    let id = MeetingId(Uuid::from_u128(0x78));
    let met = Record {
        mode: Mode::InPerson,
        location: "Canteen".to_owned(),
        ..record(datetime(2026, 11, 20, 12, 0, 0, 0))
    };
    let logged = meeting::log(&mei(), &met, &context, id, "ithaca.example");
    assert_eq!(logged.unwrap().0.location, "Canteen");
    let refused = meeting::log(&amara(), &met, &context, id, "ithaca.example");
    assert_eq!(refused.unwrap_err(), [Refusal::NotEnrolled]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = Record {
        title: String::new(),
        attendees: Vec::new(),
        duration_minutes: 0,
        time_zone: "Mars/Olympus".to_owned(),
        ..record(datetime(2026, 11, 20, 12, 0, 0, 0))
    };
    let refusals = logs(&wrong).unwrap_err();
    assert_eq!(
        refusals,
        [
            Refusal::TitleInvalid,
            Refusal::NobodyElse,
            Refusal::DurationInvalid,
            Refusal::ZoneUnknown("Mars/Olympus".to_owned()),
        ]
    );
}
