//! The people of Larkspur Health, and what they plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{DateTime, datetime};
use mentoring::eligibility::Reason;
use mentoring::event::Event;
use mentoring::lobby::LobbyScope;
use mentoring::meeting::{self, Changes, Context, Draft, Meeting, Move, Scope};
use mentoring::member::{EmailAddress, Member, MemberState};
use mentoring::organization::{MeetingId, MemberId, OrganizationId, TrackId};
use mentoring::refusal::Refusal;
use mentoring::repetition::{End, Every, Repetition};
use mentoring::role::{Actor, Role, Roles};
use mentoring::schedule::When;
use mentoring::track::{Mode, Modes, Track};
use uuid::Uuid;

pub const LARKSPUR: OrganizationId = OrganizationId(Uuid::from_u128(1));
pub const QUILLFIELD: OrganizationId = OrganizationId(Uuid::from_u128(2));

pub const NEW_MANAGERS: TrackId = TrackId(Uuid::from_u128(0x10));
pub const WOMEN_IN_ENGINEERING: TrackId = TrackId(Uuid::from_u128(0x11));

pub const AMARA: MemberId = MemberId(Uuid::from_u128(0xA0));
pub const HANNA: MemberId = MemberId(Uuid::from_u128(0xA1));
pub const JONAS: MemberId = MemberId(Uuid::from_u128(0xA2));
pub const MEI: MemberId = MemberId(Uuid::from_u128(0xA3));
pub const LUIS: MemberId = MemberId(Uuid::from_u128(0xA4));
pub const PRIYA: MemberId = MemberId(Uuid::from_u128(0xA5));
pub const EDDA: MemberId = MemberId(Uuid::from_u128(0xE0));

fn actor(member: MemberId, name: &str, enrolments: &[(TrackId, &[Role])]) -> Actor {
    let enrolments = enrolments
        .iter()
        .map(|(track, roles)| (*track, roles.iter().copied().collect::<Roles>()))
        .collect::<BTreeMap<_, _>>();
    Actor {
        organization: LARKSPUR,
        member,
        name: name.to_owned(),
        global_administrator: false,
        enrolments,
    }
}

/// Global administrator, enrolled nowhere.
pub fn amara() -> Actor {
    Actor {
        global_administrator: true,
        ..actor(AMARA, "Amara Okafor", &[])
    }
}

/// Track administrator of New Managers.
pub fn jonas() -> Actor {
    actor(
        JONAS,
        "Jonas Weber",
        &[(NEW_MANAGERS, &[Role::TrackAdministrator])],
    )
}

/// Mentor in both tracks.
pub fn mei() -> Actor {
    let mentor: &[Role] = &[Role::Mentor];
    actor(
        MEI,
        "Mei Tanaka",
        &[(NEW_MANAGERS, mentor), (WOMEN_IN_ENGINEERING, mentor)],
    )
}

/// Mentee in New Managers.
pub fn luis() -> Actor {
    actor(LUIS, "Luis Ortega", &[(NEW_MANAGERS, &[Role::Mentee])])
}

/// Mentee in New Managers.
pub fn priya() -> Actor {
    actor(PRIYA, "Priya Nair", &[(NEW_MANAGERS, &[Role::Mentee])])
}

/// Global administrator of the other organization.
pub fn edda() -> Actor {
    Actor {
        organization: QUILLFIELD,
        global_administrator: true,
        ..actor(EDDA, "Edda Lindqvist", &[])
    }
}

pub fn member(id: MemberId, first_name: &str, last_name: &str) -> Member {
    let email = format!("{}@larkspur.example", first_name.to_lowercase());
    Member {
        id,
        organization: LARKSPUR,
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        email: EmailAddress::parse(&email).unwrap(),
        time_zone: "Europe/Berlin".to_owned(),
        language: "en".to_owned(),
        state: MemberState::Active,
        global_administrator: false,
    }
}

pub fn modes(modes: &[Mode]) -> Modes {
    Modes::from_iter(modes.iter().copied()).unwrap()
}

/// New Managers, with Teams.
pub fn new_managers() -> Track {
    Track {
        id: NEW_MANAGERS,
        organization: LARKSPUR,
        slug: "new-managers".to_owned(),
        name: "New Managers".to_owned(),
        modes: modes(Mode::ALL),
        lobby: LobbyScope::Organization,
    }
}

pub fn everyone() -> BTreeSet<MemberId> {
    [JONAS, MEI, LUIS, PRIYA].into()
}

/// Monday 23 November 2026, 10:00 in Berlin.
pub fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// Tomorrow at three.
pub fn tomorrow() -> DateTime {
    datetime(2026, 11, 24, 15, 0, 0, 0)
}

pub fn draft() -> Draft {
    Draft {
        title: "First hundred days".to_owned(),
        agenda: "What went well?".to_owned(),
        attendees: vec![LUIS],
        local_start: tomorrow(),
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 45,
        mode: Mode::Teams,
        location: String::new(),
        repetition: None,
    }
}

pub fn context<'a>(track: &'a Track, enrolled: &'a BTreeSet<MemberId>) -> Context<'a> {
    let eligibility: Result<Uuid, Vec<Reason>> = Ok(Uuid::from_u128(7));
    Context {
        track,
        enrolled,
        eligibility,
        now: now(),
    }
}

pub fn create(
    actor: &Actor,
    draft: &Draft,
    context: &Context<'_>,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let id = MeetingId(Uuid::from_u128(0x77));
    meeting::create(actor, draft, context, id, "ithaca.example")
}

/// What becomes of a meeting when this person asks for that on Monday, or at another time.
pub fn change(
    actor: &Actor,
    meeting: &Meeting,
    changes: &Changes,
    now: Timestamp,
) -> Result<Option<(Meeting, Event)>, Vec<Refusal>> {
    let (track, enrolled) = (new_managers(), everyone());
    let context = Context {
        now,
        ..context(&track, &enrolled)
    };
    meeting::change(actor, meeting, changes, &context)
}

/// Moves all of a meeting.
pub fn reschedule(
    actor: &Actor,
    meeting: &Meeting,
    local_start: DateTime,
    time_zone: &str,
    duration_minutes: u16,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let when = When {
        local_start,
        time_zone: time_zone.to_owned(),
        duration_minutes,
    };
    let changes = Changes {
        time: Some(Move {
            when,
            scope: Scope::All,
        }),
        reason,
        ..Changes::default()
    };
    change(actor, meeting, &changes, now).map(|changed| changed.expect("it moved"))
}

/// Mei meets Luis tomorrow on Teams.
pub fn meeting() -> Meeting {
    let track = new_managers();
    let enrolled = everyone();
    create(&mei(), &draft(), &context(&track, &enrolled))
        .unwrap()
        .0
}

/// Mei meets Luis on Tuesdays at three, from tomorrow on: 24 November, 1, 8 and 15 December.
pub fn weekly() -> Meeting {
    let track = new_managers();
    let enrolled = everyone();
    let draft = Draft {
        repetition: Some(Repetition {
            every: Every::Week,
            end: End::Count(4),
        }),
        ..draft()
    };
    create(&mei(), &draft, &context(&track, &enrolled))
        .unwrap()
        .0
}
