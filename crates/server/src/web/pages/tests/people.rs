//! The people of the demo, and what surrounds them.

use crate::web::pages::frame::{MemberMark, OrganizationMark, TrackMark};
use crate::web::pages::{Choice, Face, Frame, Here, When};

pub fn amara() -> Face {
    Face::new("Amara", "Okafor")
}

pub fn hanna() -> Face {
    Face::new("Hanna", "Lindgren")
}

pub fn jonas() -> Face {
    Face::new("Jonas", "Weber")
}

pub fn mei() -> Face {
    Face::new("Mei", "Tanaka")
}

pub fn luis() -> Face {
    Face::new("Luis", "Ortega")
}

pub fn priya() -> Face {
    Face::new("Priya", "Nair")
}

pub fn edda() -> Face {
    Face::new("Edda", "Lindqvist")
}

pub fn new_managers() -> TrackMark {
    TrackMark {
        slug: "new-managers".into(),
        name: "New Managers".into(),
    }
}

pub fn women_in_engineering() -> TrackMark {
    TrackMark {
        slug: "women-in-engineering".into(),
        name: "Women in Engineering".into(),
    }
}

/// Nobody signed in, no organization chosen.
pub fn outside() -> Frame {
    Frame {
        address: "/".into(),
        ..Frame::default()
    }
}

/// Nobody signed in, at Larkspur's door.
pub fn at_the_door() -> Frame {
    Frame {
        organization: Some(OrganizationMark {
            slug: "larkspur".into(),
            name: "Larkspur Health".into(),
        }),
        address: "/larkspur/sign-in".into(),
        ..Frame::default()
    }
}

pub fn as_mei(here: Here) -> Frame {
    Frame {
        member: Some(MemberMark {
            face: mei(),
            email: "mei@larkspur.example".into(),
        }),
        tracks: vec![new_managers(), women_in_engineering()],
        here,
        address: "/larkspur".into(),
        ..at_the_door()
    }
}

pub fn as_amara(here: Here) -> Frame {
    Frame {
        member: Some(MemberMark {
            face: amara(),
            email: "amara@larkspur.example".into(),
        }),
        tracks: vec![new_managers(), women_in_engineering()],
        manages: true,
        here,
        address: "/larkspur/manage".into(),
        ..at_the_door()
    }
}

pub fn as_jonas(here: Here) -> Frame {
    Frame {
        member: Some(MemberMark {
            face: jonas(),
            email: "jonas@larkspur.example".into(),
        }),
        tracks: vec![new_managers()],
        here,
        address: "/larkspur/tracks/new-managers".into(),
        ..at_the_door()
    }
}

pub fn tomorrow() -> When {
    When {
        relative: Some("Tomorrow".into()),
        day: "Tue 24 Nov".into(),
        hours: "15:00–15:45".into(),
        zone: String::new(),
        elsewhere: vec!["09:00 for Luis".into()],
        instant: "2026-11-24T14:00:00Z".into(),
    }
}

pub fn in_december() -> When {
    When {
        relative: None,
        day: "Thu 3 Dec".into(),
        hours: "10:00–10:30".into(),
        zone: String::new(),
        elsewhere: Vec::new(),
        instant: "2026-12-03T09:00:00Z".into(),
    }
}

pub fn zones() -> Vec<Choice> {
    ["America/Chicago", "Asia/Tokyo", "Europe/Berlin", "UTC"]
        .iter()
        .map(|zone| Choice::new(*zone, *zone, *zone == "Europe/Berlin"))
        .collect()
}

pub fn languages() -> Vec<Choice> {
    vec![Choice::new("en", "English", true)]
}
