//! Times that people offer each other.

use super::meetings::{meeting, new_meeting, repetition};
use super::people::{self, as_mei, outside};
use super::{Sample, sample};
use crate::web::pages::meetings::{LinkState, MeetingState};
use crate::web::pages::proposals::{
    ByLink, NewProposal, Offer, OfferedTime, OtherTimes, Person, Row, Times,
};
use crate::web::pages::shown::Tone;
use crate::web::pages::{Errors, Here, Mode, Tag, Way};

pub fn samples() -> Vec<Sample> {
    let mut proposed = meeting(LinkState::Waiting { reason: None });
    proposed.state = MeetingState::Proposed;
    proposed.link = None;
    proposed.may_change = false;
    proposed.yours = None;
    let mut asked = proposed.clone();
    asked.offers = vec![between_two()];
    let mut group = proposed;
    group.offers = vec![of_a_group()];
    let mut refused = between_two();
    refused.problem = Some("This time has passed. Accept another one, or offer others.".into());
    let by_link = ByLink {
        frame: outside(),
        name: "Luis Ortega".into(),
        title: "First weeks as a manager".into(),
        mode: Mode::Teams,
        people: "Mei Tanaka".into(),
        offers: vec![refused],
        closed: None,
        way: Some(Way::new(
            "Sign in to see the meeting",
            "/larkspur/meetings/7",
        )),
    };
    let mut closed = by_link.clone();
    closed.offers = Vec::new();
    closed.closed = Some("Mei Tanaka withdrew these times.".into());
    let new = new_proposal();
    let mut wrong = new.clone();
    wrong.errors.push("title", "Give the meeting a title.");
    wrong.times.problems = vec!["Time 2 has no date.".into()];
    vec![
        sample("proposed", &asked),
        sample("proposed-to-a-group", &group),
        sample("proposal-by-link", &by_link),
        sample("proposal-by-link-closed", &closed),
        sample("propose", &new),
        sample("propose-wrong", &wrong),
        sample("propose-other-times", &other_times()),
    ]
}

fn time(place: usize, busy: Option<&str>) -> OfferedTime {
    OfferedTime {
        place,
        when: if place == 0 {
            people::tomorrow()
        } else {
            people::in_december()
        },
        chosen: place == 0,
        is_past: place > 1,
        busy: busy.map(str::to_owned),
    }
}

fn between_two() -> Offer {
    Offer {
        id: "3".into(),
        base: "/larkspur/meetings/7".into(),
        revision: "1".into(),
        heading: "Luis offers these times".into(),
        note: Some("Mornings suit me better.".into()),
        waiting: Tag::new("Waiting for your answer", Tone::Waiting),
        problem: None,
        times: vec![
            time(0, None),
            time(1, Some("You have another meeting then.")),
            time(2, None),
        ],
        people: Vec::new(),
        accept: Some("Accept this time"),
        answers: false,
        declines: true,
        withdraws: false,
        other: Some("/larkspur/meetings/7/proposals/new".into()),
    }
}

fn of_a_group() -> Offer {
    let person = |name: &str, can: Option<Vec<bool>>| Person {
        name: name.into(),
        can,
    };
    Offer {
        id: "4".into(),
        heading: "You offer these times".into(),
        waiting: Tag::new("Waiting for Priya", Tone::Waiting),
        people: vec![
            person("Luis Ortega", Some(vec![true, false, true])),
            person("Priya Nair", None),
        ],
        accept: Some("Settle on this time"),
        declines: false,
        withdraws: true,
        other: None,
        ..between_two()
    }
}

fn times() -> Times {
    let row = |date: &str, time: &str| Row {
        date: date.into(),
        time: time.into(),
    };
    Times {
        rows: vec![
            row("2026-11-24", "15:00"),
            row("", "16:00"),
            Row::default(),
            Row::default(),
            Row::default(),
        ],
        zones: people::zones(),
        duration: "45".into(),
        problems: Vec::new(),
    }
}

fn new_proposal() -> NewProposal {
    let new = new_meeting();
    NewProposal {
        frame: as_mei(Here::Track("new-managers".into())),
        track: new.track,
        once: new.once,
        errors: Errors::none(),
        title: String::new(),
        agenda: String::new(),
        people: new.people,
        times: times(),
        repetition: repetition(),
        modes: new.modes,
    }
}

fn other_times() -> OtherTimes {
    OtherTimes {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        revision: "2".into(),
        occurrence: String::new(),
        title: "First weeks as a manager".into(),
        planned: Some(people::tomorrow()),
        told: "Luis decides, and is told by mail.".into(),
        errors: Errors::none(),
        times: times(),
        note: String::new(),
    }
}
