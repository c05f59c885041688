//! Meetings and their forms.

use super::people::{self, as_mei};
use super::{Sample, sample};
use crate::web::pages::agenda::{
    Calendar, CalendarDay, CalendarLine, Day, Empty, Filter, Head, MeetingList, Span, Tab,
};
use crate::web::pages::form::Choice;
use crate::web::pages::meetings::{
    Agenda, Attendee, Cancellation, Details, Forecast, Link, LinkState, Lobby, Meeting,
    MeetingLine, MeetingState, ModeOffer, Modes, Neighbour, NewMeeting, OccurrenceLine,
    PersonChoice, Repetition, Reschedule, Schedule, Scoping, YourAnswer,
};
use crate::web::pages::notes::{Notes, Part};
use crate::web::pages::outcomes::{Afterwards, Logged, Outcome};
use crate::web::pages::proposals::Waits;
use crate::web::pages::shown::Tone;
use crate::web::pages::{Errors, Here, Mode, Tag, Way};

pub fn line() -> MeetingLine {
    MeetingLine {
        address: "/larkspur/meetings/7".into(),
        title: "First weeks as a manager".into(),
        when: people::tomorrow(),
        mode: Mode::Teams,
        people: vec![people::luis()],
        track: Some("New Managers".into()),
        tag: None,
        join: None,
    }
}

pub fn joinable() -> MeetingLine {
    let mut line = line();
    line.title = "Saying no, kindly".into();
    line.when.relative = Some("Today".into());
    line.when.day = "Mon 23 Nov".into();
    line.join = Some("/j/k3f9".into());
    line.people.push(people::jonas());
    line
}

pub fn hostile() -> (NewMeeting, &'static str) {
    let hostile = "\"><script>alert(1)</script>";
    let mut page = new_meeting();
    page.title = hostile.into();
    page.agenda = hostile.into();
    page.people[0].face.name = hostile.into();
    page.errors.push("title", hostile);
    (page, hostile)
}

pub fn samples() -> Vec<Sample> {
    let mut pages = lists();
    pages.extend(shown());
    pages.extend(forms());
    pages.extend(afterwards());
    pages
}

fn lists() -> Vec<Sample> {
    let mut cancelled = line();
    cancelled.title = "Feedback that lands".into();
    cancelled.tag = Some(Tag::new("Cancelled", Tone::Plain));
    cancelled.when.hours = "17:00–17:30".into();
    let mut waiting = line();
    waiting.title = "Delegating without losing sleep, nor the thread of what was agreed".into();
    waiting.tag = Some(Tag::new("Creating the Teams link…", Tone::Waiting));
    let list = MeetingList {
        waits: Waits::default(),
        frame: as_mei(Here::Meetings),
        head: head("Coming"),
        days: vec![
            Day {
                heading: "Today, Mon 23 Nov".into(),
                meetings: vec![joinable()],
            },
            Day {
                heading: "Tomorrow, Tue 24 Nov".into(),
                meetings: vec![waiting, cancelled],
            },
        ],
        empty: Empty::default(),
        earlier: None,
        later: Some("/larkspur/meetings?after=x".into()),
    };
    let mut empty = MeetingList {
        waits: Waits::default(),
        days: Vec::new(),
        later: None,
        empty: nothing(),
        ..list.clone()
    };
    empty.head.filter.all = Some("/larkspur/meetings".into());
    empty.head.filter.title = "\"><b>".into();
    let mut long = list.clone();
    long.days[1].meetings[0].title = "Donaudampfschifffahrtsgesellschaft".repeat(6);
    vec![
        sample("meetings", &list),
        sample("meetings-empty", &empty),
        sample("meetings-long", &long),
        sample("meetings-week", &calendar(Span::Week)),
        sample("meetings-month", &calendar(Span::Month)),
        sample(
            "meetings-month-empty",
            &Calendar {
                empty: Some(nothing()),
                ..calendar(Span::Month)
            },
        ),
    ]
}

fn nothing() -> Empty {
    Empty {
        sentence: "Nothing is planned. A meeting takes half a minute to set up.".into(),
        way: Some(Way::new(
            "Plan one",
            "/larkspur/tracks/new-managers/meetings/new",
        )),
    }
}

fn head(present: &str) -> Head {
    let tab = |label: &str| Tab {
        way: Way::new(label, "/larkspur/meetings"),
        present: label == present,
    };
    let any = vec![Choice::new("", "Any", true), Choice::new("x", "One", false)];
    let form = |track: &str| Way::new(track, "/larkspur/tracks/new-managers/meetings/new");
    Head {
        heading: "Meetings".into(),
        above: None,
        tabs: ["Coming", "Past", "Week", "Month"].map(tab).to_vec(),
        new: vec![form("New Managers"), form("Women in Engineering")],
        filter: Filter {
            action: "/larkspur/meetings".into(),
            kept: vec![("past".into(), String::new())],
            modes: any.clone(),
            tracks: any.clone(),
            states: any,
            ..Filter::default()
        },
    }
}

fn calendar(span: Span) -> Calendar {
    let line = |title: &str| CalendarLine {
        address: "/larkspur/meetings/7".into(),
        hour: "15:00".into(),
        title: title.into(),
        people: "Luis Ortega, Jonas Weber".into(),
        tag: None,
        is_off: false,
    };
    let off = CalendarLine {
        tag: Some(Tag::new("Cancelled", Tone::Wrong)),
        is_off: true,
        ..line("Feedback that lands, and what comes of it in the weeks that follow")
    };
    let weeks = if span == Span::Week { 1 } else { 5 };
    let day = |week: i8, day: i8| CalendarDay {
        date: format!("2026-11-{:02}", (week * 7 + day).clamp(1, 30)),
        weekday: "Monday".into(),
        number: week * 7 + day,
        month: "November".into(),
        is_today: (week, day) == (0, 3),
        is_beside: week == 4,
        meetings: match (week, day) {
            (0, 3) => vec![line("Saying no, kindly"), off.clone()],
            (0, 5) => vec![line(&"Donaudampfschiff".repeat(5))],
            _ => Vec::new(),
        },
        further: (day == 5).then(|| Way::new("3 more", "/larkspur/meetings/week")),
    };
    let short = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    Calendar {
        frame: as_mei(Here::Meetings),
        head: head(if weeks == 1 { "Week" } else { "Month" }),
        caption: "November 2026".into(),
        span,
        previous: "/larkspur/meetings/month?on=2026-10".into(),
        today: "/larkspur/meetings/month".into(),
        next: "/larkspur/meetings/month?on=2026-12".into(),
        weekdays: short
            .map(|day| (day.into(), format!("{day} in full")))
            .to_vec(),
        weeks: (0..weeks)
            .map(|week| (1..=7).map(|each| day(week, each)).collect())
            .collect(),
        empty: None,
        note: Some("Only the first 500 meetings are shown. Filter to see the others.".into()),
    }
}

fn shown() -> Vec<Sample> {
    let ready = meeting(LinkState::Ready {
        join: Some("/j/k3f9".into()),
        note: Some("It opens 15 minutes before, at 14:45.".into()),
    });
    let mut waiting = meeting(LinkState::Waiting { reason: None });
    if let Some(link) = &mut waiting.link {
        link.poll = Some("/larkspur/meetings/7/link?shown=waiting".into());
        link.host = None;
    }
    let mut failed = meeting(LinkState::Failed {
        reason:
            "Microsoft refuses to let Teams Scheduler plan meetings. Your administrators know. \
                 The meeting stands; the link follows once it is put right."
                .into(),
        way: Some(Way::new(
            "Meet in another mode",
            "/larkspur/meetings/7/schedule",
        )),
        again: Some("/larkspur/meetings/7/link".into()),
    });
    failed.lobby = Some(Lobby {
        warning: Some(
            "Priya would wait in the lobby, and nobody present could let her in. Invite a \
             colleague who has an account."
                .into(),
        ),
        admits: None,
        differences: vec!["Your organization's Teams decides itself who may present.".into()],
    });
    failed.attendees.push(Attendee {
        face: people::priya(),
        role: "Mentee".into(),
        answer: None,
        note: None,
        forecast: Some(Forecast::Waits),
    });
    let mut cancelled = meeting(LinkState::Closed {
        reason: "The Teams meeting was deleted.".into(),
    });
    cancelled.state = MeetingState::Cancelled {
        sentence: "Jonas Weber cancelled this meeting today at 11:20.".into(),
        reason: Some("The room is needed for the audit. Please find another day.".into()),
        note: Some("Whoever kept Microsoft's own link may still get in.".into()),
    };
    cancelled.may_change = false;
    cancelled.may_cancel = false;
    cancelled.yours = None;
    let mut over = meeting(LinkState::Closed {
        reason: "The meeting is over.".into(),
    });
    over.state = MeetingState::Over("This meeting was held.".into());
    over.notes = Some(vec!["We talked about saying no.".into()]);
    over.afterwards = Some(Afterwards {
        occurrence: "2026-11-24T15:00:00".into(),
        said: vec![
            "Mei Tanaka: It took place.".into(),
            "Luis Ortega: It did not take place.".into(),
        ],
        differ: Some("You say different things. It counts as held."),
        own: Some("It took place"),
        may_say: true,
        opened: vec!["Mei Tanaka opened the join address: Today, Tue 24 Nov at 15:02.".into()],
    });
    let mut series = ready.clone();
    series.repeats = Some("Every Tuesday, 4 times".into());
    series.of = "?occurrence=2026-11-24T15:00:00".into();
    let occurrence = |shown: bool, tag: Option<Tag>| OccurrenceLine {
        when: people::tomorrow(),
        tag,
        address: "/larkspur/meetings/7?occurrence=2026-11-24T15:00:00".into(),
        shown,
    };
    series.past = vec![occurrence(false, None)];
    series.coming = vec![
        occurrence(true, None),
        occurrence(false, Some(Tag::new("Moved", Tone::Plain))),
        occurrence(false, Some(Tag::new("Cancelled", Tone::Wrong))),
    ];
    let mut long = ready.clone();
    long.title = "Donaudampfschifffahrtsgesellschaft".repeat(6);
    long.location = Some("https://maps.example/".to_owned() + &"x".repeat(200));
    over.may_change = false;
    over.may_cancel = false;
    over.yours = None;
    over.agenda = Agenda::Private;
    vec![
        sample("meeting", &ready),
        sample("meeting-waiting", &waiting),
        sample("meeting-failed", &failed),
        sample("meeting-cancelled", &cancelled),
        sample("meeting-over", &over),
        sample("meeting-long", &long),
        sample("meeting-series", &series),
    ]
}

pub(super) fn meeting(state: LinkState) -> Meeting {
    Meeting {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        title: "First weeks as a manager".into(),
        track: people::new_managers(),
        when: people::tomorrow(),
        mode: Mode::Teams,
        location: None,
        state: MeetingState::Scheduled,
        attendees: vec![
            Attendee {
                face: people::mei(),
                role: "Mentor, planned this meeting".into(),
                answer: Some(Tag::new("Yes", Tone::Well)),
                note: None,
                forecast: Some(Forecast::WalksIn),
            },
            Attendee {
                face: people::luis(),
                role: "Mentee".into(),
                answer: Some(Tag::new("Maybe", Tone::Waiting)),
                note: Some("I am on the train that day: ten minutes late, perhaps.".into()),
                forecast: Some(Forecast::WalksIn),
            },
        ],
        lobby: None,
        agenda: Agenda::Shown(vec![
            "What surprised you in the first two weeks?".into(),
            "Your one-to-ones: how long, how often, and what for.".into(),
        ]),
        link: Some(Link {
            poll: None,
            state,
            host: Some("Teams Scheduler".into()),
        }),
        may_change: true,
        may_cancel: true,
        repeats: None,
        of: String::new(),
        coming: Vec::new(),
        past: Vec::new(),
        offers: Vec::new(),
        other_times: None,
        yours: Some(YourAnswer {
            errors: Errors::none(),
            choices: vec![
                Choice::new("yes", "Yes", true),
                Choice::new("no", "No", false),
                Choice::new("maybe", "Maybe", false),
            ],
            note: String::new(),
        }),
        afterwards: None,
        notes: None,
        made: "Mei Tanaka planned this on Mon 23 Nov 2026 at 14:02.".into(),
    }
}

pub(super) fn new_meeting() -> NewMeeting {
    NewMeeting {
        frame: as_mei(Here::Track("new-managers".into())),
        track: people::new_managers(),
        once: "0193".into(),
        errors: Errors::none(),
        title: String::new(),
        agenda: String::new(),
        people: vec![
            PersonChoice {
                id: "jonas".into(),
                face: people::jonas(),
                role: "Track administrator".into(),
                chosen: false,
                forecast: Some(Forecast::WalksIn),
            },
            PersonChoice {
                id: "luis".into(),
                face: people::luis(),
                role: "Mentee".into(),
                chosen: true,
                forecast: Some(Forecast::WalksIn),
            },
            PersonChoice {
                id: "priya".into(),
                face: people::priya(),
                role: "Mentee".into(),
                chosen: false,
                forecast: Some(Forecast::Waits),
            },
        ],
        schedule: schedule(),
        repetition: repetition(),
        modes: Modes {
            poll: None,
            refresh: "/larkspur/tracks/new-managers/meetings/new".into(),
            offered: [Mode::InPerson, Mode::Phone, Mode::Teams]
                .into_iter()
                .map(|mode| ModeOffer {
                    mode,
                    help: None,
                    chosen: mode == Mode::Teams,
                })
                .collect(),
            absent: None,
            why: "/larkspur/tracks/new-managers/teams".into(),
            location: String::new(),
            errors: Errors::none(),
        },
    }
}

pub(super) fn repetition() -> Repetition {
    Repetition {
        every: vec![
            Choice::new("none", "Does not repeat", true),
            Choice::new("week", "Every week", false),
        ],
        ..Repetition::default()
    }
}

fn scoping() -> Scoping {
    Scoping {
        occurrence: "2026-11-24T15:00:00".into(),
        choices: vec![
            Choice::new("this", "Only this meeting", true),
            Choice::new("following", "This one and all that follow", false),
        ],
    }
}

fn details() -> Details {
    let new = new_meeting();
    Details {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        revision: "2".into(),
        shown: "First weeks as a manager".into(),
        errors: Errors::none(),
        title: "First weeks as a manager".into(),
        agenda: Some("What surprised you in the first two weeks?".into()),
        people: new.people,
        repetition: repetition(),
        modes: new.modes,
        told: "Luis gets an update by mail.".into(),
        reason_required: true,
        reason: String::new(),
    }
}

fn schedule() -> Schedule {
    Schedule {
        date: "2026-11-24".into(),
        time: "15:00".into(),
        zones: people::zones(),
        duration: "45".into(),
        neighbours: Vec::new(),
    }
}

fn afterwards() -> Vec<Sample> {
    let outcome = Outcome {
        frame: as_mei(Here::Meetings),
        action: "/larkspur/meetings/7/outcome".into(),
        occurrence: "2026-11-24T15:00:00".into(),
        errors: Errors::none(),
        title: "First weeks as a manager".into(),
        when: people::tomorrow(),
        ask: "Did this meeting take place?".into(),
        schedule: schedule(),
        closed: None,
        ahead: Some(Way::new("Plan it anew", "/larkspur")),
        way: Some(Way::new("Back to the meeting", "/larkspur/meetings/7")),
    };
    let mut closed = outcome.clone();
    closed.closed = Some("This meeting is not over yet. Say how it went once it is.".into());
    let part = |text: &str| Part {
        revision: "1".into(),
        changed: Some("Changed by Mei Tanaka: Today, Mon 23 Nov at 14:02.".into()),
        theirs: None,
        text: text.into(),
    };
    let mut overtaken = Notes {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        title: "First weeks as a manager".into(),
        errors: Errors::none(),
        shared: part("We talked about saying no."),
        private: part(""),
    };
    let notes = overtaken.clone();
    overtaken.shared.theirs = Some(vec!["We talked about delegating.".into()]);
    overtaken.errors.refusal = Some("These notes were changed while you wrote.".into());
    let logged = Logged {
        frame: as_mei(Here::Track("new-managers".into())),
        track: people::new_managers(),
        once: "0193".into(),
        errors: Errors::none(),
        title: String::new(),
        people: new_meeting().people,
        schedule: schedule(),
        modes: vec![
            Choice::new("in_person", "In person", true),
            Choice::new("teams", "Teams video call", false),
        ],
        location: String::new(),
    };
    vec![
        sample("outcome", &outcome),
        sample("outcome-closed", &closed),
        sample("notes", &notes),
        sample("notes-overtaken", &overtaken),
        sample("log-meeting", &logged),
    ]
}

fn forms() -> Vec<Sample> {
    let mut refused = new_meeting();
    refused.agenda = "How the first week went".into();
    refused.people[1].chosen = false;
    refused.schedule.duration = "3".into();
    refused.schedule.neighbours = vec![
        Neighbour {
            value: "2027-03-28T01:30+01:00".into(),
            label: "01:30, before the clocks change".into(),
        },
        Neighbour {
            value: "2027-03-28T03:30+02:00".into(),
            label: "03:30, after".into(),
        },
    ];
    refused.errors.push("title", "Give the meeting a title.");
    refused
        .errors
        .push("people", "Choose at least one person to meet.");
    refused
        .errors
        .push("duration", "Choose between 5 minutes and 24 hours.");

    let mut priya = new_meeting();
    priya.modes.offered.truncate(2);
    priya.modes.offered[0].chosen = true;
    priya.modes.absent = Some(
        "Your address priya@alumni.example is not in Larkspur's Microsoft directory. Ask your \
         track administrator, or meet by phone."
            .into(),
    );
    let mut checked = priya.clone();
    checked.modes.absent =
        Some("Looking up your account in Larkspur's Microsoft directory…".into());
    checked.modes.poll =
        Some("/larkspur/tracks/new-managers/meetings/new/modes?shown=checking".into());

    let reschedule = Reschedule {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        revision: "2".into(),
        title: "First weeks as a manager".into(),
        when: people::tomorrow(),
        told: "Luis gets an update by mail. The Teams link stays the same.".into(),
        errors: Errors::none(),
        scope: None,
        schedule: schedule(),
        reason_required: true,
        reason: String::new(),
    };
    let cancellation = Cancellation {
        frame: as_mei(Here::Meetings),
        id: "7".into(),
        revision: "2".into(),
        title: "First weeks as a manager".into(),
        when: Some(people::tomorrow()),
        told: "Luis is told by mail, and it leaves the calendars.".into(),
        teams: true,
        scope: None,
        errors: Errors::none(),
        reason_required: false,
        reason: String::new(),
    };
    let mut one_of_a_series = reschedule.clone();
    one_of_a_series.scope = Some(scoping());
    let mut all_of_a_series = cancellation.clone();
    all_of_a_series.scope = Some(scoping());
    vec![
        sample("change-meeting", &details()),
        sample("reschedule-series", &one_of_a_series),
        sample("cancellation-series", &all_of_a_series),
        sample("new-meeting", &new_meeting()),
        sample("new-meeting-refused", &refused),
        sample("new-meeting-priya", &priya),
        sample("new-meeting-checking", &checked),
        sample("reschedule", &reschedule),
        sample("cancellation", &cancellation),
    ]
}

#[test]
fn each_field_of_a_new_meeting_bears_its_bare_name_once() {
    use askama::Template;
    let html = new_meeting().render().unwrap();
    for label in [
        "Title",
        "Agenda",
        "Date",
        "Time",
        "Time zone",
        "Duration",
        "Repetition",
        "In person",
        "Phone",
        "Teams video call",
        "Location",
        "Luis Ortega",
    ] {
        let times = html.matches(&format!(">{label}</label>")).count();
        assert_eq!(times, 1, "{label}");
    }
    for legend in ["People", "Meeting mode"] {
        let times = html.matches(&format!(">{legend}</legend>")).count();
        assert_eq!(times, 1, "{legend}");
    }
}

#[test]
fn a_refused_meeting_keeps_what_was_typed() {
    use askama::Template;
    let mut page = new_meeting();
    page.title = "Saying no, kindly".into();
    page.agenda = "Practice".into();
    page.schedule.duration = "3".into();
    page.errors
        .push("duration", "Choose between 5 minutes and 24 hours.");
    let html = page.render().unwrap();
    assert!(html.contains("value=\"Saying no, kindly\""));
    assert!(html.contains("Practice</textarea>"));
    assert!(html.contains("href=\"#duration\">Choose between"));
    assert!(html.contains("aria-describedby=\"duration-help duration-error\""));
}

#[test]
fn a_settled_link_asks_no_more() {
    use askama::Template;
    let settled = meeting(LinkState::Closed {
        reason: "Over.".into(),
    });
    assert!(!settled.render().unwrap().contains("hx-get"));
}
