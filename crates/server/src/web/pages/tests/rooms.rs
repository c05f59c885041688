//! Doors, home, tracks, profile, join and failures.

use super::people::{self, as_jonas, as_mei, at_the_door, outside};
use super::{Sample, sample};
use crate::web::pages::answer::{Answer, Reply};
use crate::web::pages::failure::{Change, Failure};
use crate::web::pages::frame::{Banner, Flash};
use crate::web::pages::home::{Home, HomeTrack};
use crate::web::pages::join::{Join, JoinReason};
use crate::web::pages::meetings::MeetingLine;
use crate::web::pages::profile::{
    Calendar, MadeCalendar, NewToken, Profile, Reminders, TokenLine, Tokens,
};
use crate::web::pages::proposals::Waits;
use crate::web::pages::shown::Tone;
use crate::web::pages::sign_in::{
    Choose, Demo, DemoOrganization, DemoPerson, Forgotten, Invitation, NewPassword, SignIn,
};
use crate::web::pages::tracks::{
    Closed, Enrolled, General, ModePermission, OwnTeams, Participant, Participants, Permissions,
    Question, TeamsAccount, TeamsAccounts, Track, Unticked,
};
use crate::web::pages::{Choice, Errors, Face, Here, Mode, Tag, Theme, Way};

pub fn samples() -> Vec<Sample> {
    let mut pages = doors();
    pages.extend(track());
    pages.extend(settings());
    pages.extend(joins());
    pages.extend(answers());
    pages.extend(failures());
    pages
}

fn doors() -> Vec<Sample> {
    let mut errors = Errors::none();
    errors.push(
        "password",
        "That address and password don't belong together.",
    );
    let mut short = Errors::none();
    short.push("password", "Choose at least 12 characters.");
    vec![
        sample(
            "choose-demo",
            &Choose {
                frame: outside(),
                demo: Some(demo()),
                errors: Errors::none(),
                organization: String::new(),
            },
        ),
        sample(
            "choose",
            &Choose {
                frame: outside(),
                demo: None,
                errors: Errors::none(),
                organization: String::new(),
            },
        ),
        sample(
            "sign-in-demo",
            &SignIn {
                frame: at_the_door(),
                demo: Some(Demo {
                    organizations: demo().organizations.into_iter().take(1).collect(),
                    ways: Vec::new(),
                }),
                errors: Errors::none(),
                email: String::new(),
                return_to: String::new(),
            },
        ),
        sample(
            "sign-in",
            &SignIn {
                frame: at_the_door(),
                demo: None,
                errors,
                email: "mei@larkspur.example".into(),
                return_to: "/larkspur/meetings".into(),
            },
        ),
        sample(
            "invitation",
            &Invitation {
                frame: at_the_door(),
                action: "/larkspur/invitations/3fk9".into(),
                organization: "Larkspur Health".into(),
                first_name: "Luis".into(),
                email: "luis@larkspur.example".into(),
                errors: short,
            },
        ),
        sample(
            "forgotten",
            &Forgotten {
                frame: at_the_door(),
                email: String::new(),
                errors: Errors::none(),
                sent: None,
            },
        ),
        sample(
            "forgotten-sent",
            &Forgotten {
                frame: at_the_door(),
                email: String::new(),
                errors: Errors::none(),
                sent: Some("luis@larkspur.example".into()),
            },
        ),
        sample(
            "password",
            &NewPassword {
                frame: at_the_door(),
                action: "/larkspur/passwords/3fk9".into(),
                email: "luis@larkspur.example".into(),
                errors: Errors::none(),
            },
        ),
    ]
}

fn demo() -> Demo {
    let person = |face: Face, line: &str| DemoPerson {
        id: face.name.to_lowercase().replace(' ', "-"),
        face,
        line: line.into(),
    };
    Demo {
        organizations: vec![
            DemoOrganization {
                slug: "larkspur".into(),
                name: "Larkspur Health".into(),
                people: vec![
                    person(
                        people::amara(),
                        "Global administrator: integrate Teams, run everything.",
                    ),
                    person(
                        people::hanna(),
                        "Global administrator: keep it running when Amara leaves.",
                    ),
                    person(
                        people::jonas(),
                        "Runs the track New Managers and chooses its meeting modes.",
                    ),
                    person(people::mei(), "Mentor: plan a meeting."),
                    person(people::luis(), "Mentee: be invited, and join."),
                    person(
                        people::priya(),
                        "Mentee without an account in the Microsoft tenant.",
                    ),
                ],
            },
            DemoOrganization {
                slug: "quillfield".into(),
                name: "Quillfield College".into(),
                people: vec![person(
                    people::edda(),
                    "Global administrator of a second organization, with its own tenant.",
                )],
            },
        ],
        ways: vec![
            Way::new("The pretend Microsoft tenant", "http://localhost:8081/"),
            Way::new("Everybody's mailboxes", "http://localhost:8081/mail"),
        ],
    }
}

fn in_december() -> MeetingLine {
    let mut later = super::meetings::line();
    later.when = people::in_december();
    later.mode = Mode::InPerson;
    later.title = "Reading the quarter's numbers together".into();
    later
}

fn track() -> Vec<Sample> {
    let (line, later) = (super::meetings::line(), in_december());
    let mut dark = as_mei(Here::Home);
    dark.theme = Theme::Dark;
    let home = Home {
        waits: Waits::default(),
        frame: as_mei(Here::Home),
        first_name: "Mei".into(),
        next: Some(super::meetings::joinable()),
        later: vec![line.clone(), later.clone()],
        asked: vec![line.clone()],
        tracks: vec![
            HomeTrack {
                slug: "new-managers".into(),
                name: "New Managers".into(),
                roles: "Mentor".into(),
                summary: "4 people, 2 meetings planned".into(),
                can_meet: true,
                tag: None,
            },
            HomeTrack {
                slug: "women-in-engineering".into(),
                name: "Women in Engineering".into(),
                roles: "Mentor".into(),
                summary: "1 person, nothing planned".into(),
                can_meet: true,
                tag: None,
            },
        ],
        hints: Vec::new(),
    };
    let mut empty = home.clone();
    empty.next = None;
    empty.later = Vec::new();
    empty.tracks = Vec::new();
    empty.frame.tracks = Vec::new();
    let mut troubled = as_jonas(Here::Track("new-managers".into()));
    troubled.banner = Some(Banner {
        text: "Microsoft Teams needs attention: 2 planned meetings in New Managers have no link."
            .into(),
        way: Some(Way::new("Look at them", "/larkspur/meetings")),
    });
    vec![
        sample("home", &home),
        sample(
            "home-dark",
            &Home {
                frame: dark,
                ..home.clone()
            },
        ),
        sample("home-empty", &empty),
        sample(
            "track",
            &Track {
                proposed: Waits::default(),
                frame: troubled,
                track: people::new_managers(),
                description: "First-time managers meet somebody who has been there.".into(),
                people: vec![
                    participant(people::jonas(), "Track administrator"),
                    participant(people::mei(), "Mentor"),
                    participant(people::luis(), "Mentee"),
                    participant(people::priya(), "Mentee"),
                ],
                meetings: vec![line, later],
                can_meet: true,
                may_set: true,
            },
        ),
        sample(
            "profile",
            &Profile {
                frame: as_mei(Here::Elsewhere),
                errors: Errors::none(),
                face: people::mei(),
                email: "mei@larkspur.example".into(),
                zones: people::zones(),
                languages: people::languages(),
                sessions: "You are signed in on 2 browsers.".into(),
                calendar: calendar(),
                reminders: reminders(),
                tokens: tokens(),
            },
        ),
        sample(
            "token",
            &NewToken {
                frame: as_mei(Here::Elsewhere),
                name: "Calendar".into(),
                scope: "Read only".into(),
                expires: "Wed 24 Feb 2027".into(),
                secret: "ith_0123456789012345678901234567890123456789abc".into(),
                example: "curl -H \"Authorization: Bearer ith_…\" https://ithaca.example/api/v1/me"
                    .into(),
            },
        ),
    ]
}

fn reminders() -> Reminders {
    Reminders {
        kinds: vec![
            Choice::new("day_before", "A day before", true),
            Choice::new("after", "Afterwards: did you meet?", false),
        ],
        minutes: vec![
            Choice::new("off", "Not at all", false),
            Choice::new("15", "15 minutes before", true),
        ],
    }
}

fn tokens() -> Tokens {
    Tokens {
        lines: vec![TokenLine {
            id: "0193e0c4-7f1e-7000-8000-000000000001".into(),
            name: "Calendar".into(),
            scope: "Read only".into(),
            expires: "Wed 24 Feb 2027".into(),
            used: "Today, Mon 23 Nov at 14:02".into(),
        }],
        name: String::new(),
        scopes: vec![
            Choice::new("read", "Read only", true).with_help("Sees what you see."),
            Choice::new("write", "Read and write", false),
        ],
        lifetimes: vec![Choice::new("30", "30 days", true)],
    }
}

fn participant(face: Face, roles: &str) -> Participant {
    Participant {
        id: face.initials.clone(),
        face,
        roles: roles.into(),
        email: None,
    }
}

pub fn modes(teams: Option<&str>) -> Vec<ModePermission> {
    let permission = |mode, ticked| ModePermission {
        mode,
        ticked,
        closed: None,
        help: None,
    };
    let mut modes = vec![
        permission(Mode::InPerson, true),
        permission(Mode::Phone, true),
        permission(Mode::Teams, teams.is_none()),
    ];
    modes[2].closed = teams.map(|reason| Closed {
        reason: reason.into(),
        way: Some(Way::new(
            "Integrate it",
            "/larkspur/manage/integrations/teams",
        )),
    });
    modes
}

fn teams_accounts(closed: Option<&str>) -> TeamsAccounts {
    let account = |id: &str, name: &str, email: &str| TeamsAccount {
        id: id.into(),
        name: name.into(),
        email: email.into(),
        state: Some(Tag::new(
            "In Larkspur Health's Microsoft directory",
            Tone::Well,
        )),
        account: Some(email.into()),
        looked_up: Some("today at 09:12".into()),
        by_hand: false,
        typed: String::new(),
        error: None,
    };
    let mut priya = account("4", "Priya Nair", "priya@alumni.example");
    priya.state = Some(Tag::new(
        "No account in your organization with this address",
        Tone::Plain,
    ));
    priya.account = None;
    priya.typed = "priya".into();
    priya.error = closed
        .is_none()
        .then(|| "Enter the account's sign-in name or address.".into());
    TeamsAccounts {
        frame: as_jonas(Here::Track("new-managers".into())),
        track: people::new_managers(),
        closed: closed.map(str::to_owned),
        people: vec![account("3", "Mei Tanaka", "mei@larkspur.example"), priya],
    }
}

fn own_teams() -> OwnTeams {
    let question = |ask: &str, well: bool, answer: &str| Question {
        ask: ask.into(),
        well,
        answer: answer.into(),
    };
    OwnTeams {
        frame: as_jonas(Here::Track("new-managers".into())),
        track: people::new_managers(),
        may: false,
        questions: vec![
            question("Does New Managers use Teams video calls?", true, "Yes."),
            question("Do you have an account?", false, "Not with this address."),
        ],
        looked_up: None,
    }
}

fn lobby() -> Vec<Choice> {
    vec![
        Choice::new("organization", "People in the organization", true)
            .with_help("Everyone with an account in your Microsoft tenant walks in."),
        Choice::new("invited", "People invited", false)
            .with_help("Only co-organizers surely walk in: the organizer, then mentors, then others with an account, ten at most."),
        Choice::new("everyone", "Everyone", false)
            .with_help("People without an account wait until the first colleague is there."),
    ]
}

fn settings() -> Vec<Sample> {
    let here = || Here::Track("new-managers".into());
    let permissions = Permissions {
        frame: as_jonas(here()),
        track: people::new_managers(),
        revision: "3".into(),
        errors: Errors::none(),
        modes: modes(None),
        lobby: lobby(),
    };
    let mut saved = permissions.clone();
    saved.frame.flash = Some(Flash::Done("Saved.".into()));
    let mut refused = permissions.clone();
    refused
        .errors
        .push("modes", "Tick at least one mode, or nobody could meet.");
    let mut closed = permissions.clone();
    closed.modes = modes(Some("Microsoft Teams is not integrated yet."));
    vec![
        sample("permissions", &saved),
        sample("permissions-refused", &refused),
        sample("permissions-closed", &closed),
        sample(
            "unticked",
            &Unticked {
                frame: as_jonas(here()),
                track: people::new_managers(),
                revision: "3".into(),
                modes: vec![Mode::InPerson, Mode::Phone],
                lobby: "organization".into(),
                errors: Errors::none(),
                count: 4,
                meetings: vec![super::meetings::line()],
                links: String::new(),
                replacements: vec![
                    Choice::new("in_person", "In person", false),
                    Choice::new("phone", "Phone", true),
                ],
            },
        ),
        sample(
            "general",
            &General {
                frame: as_jonas(here()),
                track: people::new_managers(),
                revision: "3".into(),
                errors: Errors::none(),
                name: "New Managers".into(),
            },
        ),
        sample("teams-accounts", &teams_accounts(None)),
        sample(
            "teams-accounts-closed",
            &teams_accounts(Some("Microsoft Teams is not integrated yet.")),
        ),
        sample("own-teams", &own_teams()),
        sample(
            "participants",
            &Participants {
                frame: as_jonas(here()),
                track: people::new_managers(),
                errors: Errors::none(),
                people: vec![
                    enrolled(
                        people::mei(),
                        "Mentor",
                        Tag::new("In the directory", Tone::Well),
                    ),
                    enrolled(
                        people::priya(),
                        "Mentee",
                        Tag::new("Not in the directory", Tone::Plain),
                    ),
                ],
                members: vec![
                    Choice::new("amara", "Amara Okafor", true),
                    Choice::new("hanna", "Hanna Lindgren", false),
                ],
                roles: roles(""),
            },
        ),
    ]
}

fn enrolled(face: Face, role: &str, directory: Tag) -> Enrolled {
    Enrolled {
        id: face.initials.to_lowercase(),
        email: format!(
            "{}@larkspur.example",
            face.name.split(' ').next().unwrap().to_lowercase()
        ),
        face,
        roles: role.into(),
        directory: Some(directory),
        choices: roles(role),
    }
}

fn roles(chosen: &str) -> Vec<Choice> {
    [
        ("mentor", "Mentor"),
        ("mentee", "Mentee"),
        ("track_administrator", "Track administrator"),
    ]
    .iter()
    .map(|(value, label)| Choice::new(*value, *label, *label == chosen))
    .collect()
}

fn joins() -> Vec<Sample> {
    let join = |reason| Join {
        frame: at_the_door(),
        title: "First weeks as a manager".into(),
        when: Some(people::tomorrow()),
        reason,
        way: Some(Way::new("Open the meeting", "/larkspur/meetings/7")),
    };
    vec![
        sample(
            "join-early",
            &join(JoinReason::Early {
                opens: "The meeting opens tomorrow at 14:45, 15 minutes before it begins.".into(),
                open_now: "/j/k3f9?now".into(),
            }),
        ),
        sample("join-over", &join(JoinReason::Over)),
        sample(
            "join-cancelled",
            &join(JoinReason::Cancelled {
                reason: Some("I am ill. Let's find another day next week.".into()),
            }),
        ),
        sample(
            "join-moved",
            &join(JoinReason::Moved {
                mode: "In person".into(),
                location: Some("Room 4.12".into()),
            }),
        ),
        sample(
            "join-waiting",
            &join(JoinReason::Waiting {
                reason: None,
                refresh: "/j/k3f9".into(),
            }),
        ),
        sample(
            "join-failed",
            &join(JoinReason::Failed {
                reason: "Microsoft refuses new meetings at the moment. Your administrator knows; meet by phone if it can't wait.".into(),
            }),
        ),
    ]
}

fn calendar() -> Calendar {
    let at = "ithaca.larkspur.example/calendar/Zm9vYmFyYmF6cXV1eHF1eA.ics";
    Calendar {
        since: Some("Today, Mon 23 Nov at 14:02".into()),
        made: Some(MadeCalendar {
            address: format!("https://{at}"),
            webcal: format!("webcal://{at}"),
        }),
    }
}

fn answers() -> Vec<Sample> {
    let open = Answer {
        frame: at_the_door(),
        action: "/a/k3f9".into(),
        errors: Errors::none(),
        name: "Luis Ortega".into(),
        title: "First weeks as a manager".into(),
        when: people::tomorrow(),
        wanted: Reply::Maybe,
        given: Some(Reply::Yes),
        note: "I am on the train that day.".into(),
        closed: None,
        way: None,
    };
    let mut closed = open.clone();
    closed.closed = Some("This meeting was cancelled, so no answer is needed.".into());
    vec![sample("answer", &open), sample("answer-closed", &closed)]
}

fn failures() -> Vec<Sample> {
    vec![
        sample("not-found", &Failure::not_found(as_mei(Here::Elsewhere))),
        sample(
            "forbidden",
            &Failure::forbidden(
                as_mei(Here::Elsewhere),
                "Only the person who planned this meeting and the track's administrators can cancel it.",
            ),
        ),
        sample(
            "conflict",
            &Failure::conflict(
                as_mei(Here::Meetings),
                "Jonas Weber rescheduled this meeting while you were writing.",
                vec![Change {
                    field: "Time".into(),
                    theirs: "Wed 25 Nov, 16:00".into(),
                    yours: "Tue 24 Nov, 17:00".into(),
                }],
                Way::new("Look at it as it is now", "/larkspur/meetings/7"),
            ),
        ),
        sample(
            "too-many-tries",
            &Failure::too_many_tries(at_the_door(), "5 minutes"),
        ),
        sample(
            "broken",
            &Failure::broken(as_mei(Here::Elsewhere), "7F3K-92QD".into()),
        ),
        sample(
            "refused",
            &Failure::refused(
                at_the_door(),
                "This form was sent from another site, so nothing was changed.",
            ),
        ),
        sample("cookie-refused", &Failure::cookie_refused(at_the_door())),
    ]
}
