//! Manage and everything behind it.

use super::people::{self, as_amara, women_in_engineering};
use super::{Sample, sample};
use crate::web::pages::audit::{Audit, AuditEntry};
use crate::web::pages::integrations::{
    Attempt, Check, CheckResult, Closing, Connection, Drift, HostChange, IntegrationList, NoLink,
    Removal, Removed, Stage, Teams, TeamsState,
};
use crate::web::pages::manage::Manage;
use crate::web::pages::members::{Deactivation, Invite, Member, MemberList, MemberRow, Standing};
use crate::web::pages::organization::Organization;
use crate::web::pages::shown::Tone;
use crate::web::pages::tracks::{NewTrack, TrackList, TrackRow};
use crate::web::pages::{Choice, Errors, Face, Here, Mode, Tag, Way};

pub fn samples() -> Vec<Sample> {
    let mut pages = vec![
        sample(
            "manage",
            &Manage {
                frame: as_amara(Here::Manage),
                integrations: Some(Tag::new("Not integrated", Tone::Plain)),
                members: "6 members".into(),
                tracks: "2 tracks".into(),
            },
        ),
        sample(
            "organization",
            &Organization {
                frame: as_amara(Here::Manage),
                revision: "1".into(),
                errors: Errors::none(),
                name: "Larkspur Health".into(),
                zones: people::zones(),
                languages: people::languages(),
            },
        ),
    ];
    pages.extend(teams());
    pages.extend(changes_of_host());
    pages.extend(removal());
    pages.extend(members());
    pages.extend(tracks());
    pages.push(audit());
    pages
}

fn attempt() -> Attempt {
    Attempt {
        id: "0193-44".into(),
        ask: Some(
            "https://login.microsoftonline.com/larkspur.example/adminconsent?client_id=…".into(),
        ),
    }
}

fn checks(last: CheckResult) -> Vec<Check> {
    let names = [
        "Sign in as the host",
        "Read the tenant",
        "Create a trial meeting",
        "Read it back",
        "Change it",
    ];
    let mut checks: Vec<Check> = names
        .iter()
        .map(|name| Check {
            name: (*name).into(),
            result: CheckResult::Passed,
        })
        .collect();
    checks.push(Check {
        name: "Delete it".into(),
        result: last,
    });
    checks
}

fn connection() -> Connection {
    Connection {
        host: "Teams Scheduler".into(),
        host_email: "scheduler@larkspur.example".into(),
        tenant: "Larkspur Health".into(),
        tenant_id: "5c6d7e8f-0000-4000-8000-000000000001".into(),
        permissions: vec![
            "View and manage the host's online meetings".into(),
            "Basic information about people: name, e-mail, photo".into(),
            "Stay connected when nobody is signed in".into(),
        ],
        connected_by: "Amara Okafor".into(),
        connected_at: "Mon 23 Nov 2026, 14:02".into(),
        last_check: "Today at 14:02: all well".into(),
        checks: checks(CheckResult::Passed),
        month: "1612 of the 2000 a month that Microsoft documents for one host".into(),
        is_near_the_ceiling: true,
        without_link: vec![NoLink {
            title: "Interview practice".into(),
            meeting: "/larkspur/meetings/2".into(),
            reason: "Microsoft answered something that Ithaca could not use.".into(),
            until: "Tue 24 Nov, 15:45".into(),
        }],
        compared: "Today at 02:46".into(),
        drift: vec![Drift {
            at: "Today at 02:46".into(),
            meeting: "/larkspur/meetings/1".into(),
            what: "other times, another lobby".into(),
            done: "Set again".into(),
        }],
        left: vec!["MSoxMjM0NTY3OA of Old Scheduler, until Tue 24 Nov, 15:45".into()],
        advice: Some("Teams Scheduler no longer needs its administrative privileges; you can take them away in Microsoft. Leave it its Teams licence and the right to plan meetings, or existing links can stop working.".into()),
    }
}

fn teams_page(stage: Stage, poll: Option<&str>) -> Teams {
    let address = "/larkspur/manage/integrations/teams".to_owned();
    Teams {
        frame: as_amara(Here::Manage),
        state: TeamsState {
            poll: poll.map(|shown| format!("{address}/state?attempt=0193-44&shown={shown}")),
            address,
            ended: None,
            stage,
        },
    }
}

fn integrated() -> Stage {
    Stage::Integrated {
        attempt: attempt(),
        connection: connection(),
    }
}

/// Another account signed in at Microsoft, of this directory or of another one.
fn host_change(other_tenant: Option<&str>) -> Stage {
    let result = match other_tenant {
        None => CheckResult::Passed,
        Some(_) => CheckResult::Waiting,
    };
    Stage::HostChange {
        attempt: attempt(),
        change: HostChange {
            old: "Teams Scheduler".into(),
            new: "Ithaca Scheduler".into(),
            new_email: "ithaca@larkspur.example".into(),
            other_tenant: other_tenant.map(str::to_owned),
            is_ordinary: other_tenant.is_some(),
            checks: checks(result),
            is_testing: other_tenant.is_some(),
            can_change: other_tenant.is_none(),
            count: 4,
            tracks: vec![
                ("New Managers".into(), 3),
                ("Women in Engineering".into(), 1),
            ],
            can_delete: other_tenant.is_none(),
        },
    }
}

fn changes_of_host() -> Vec<Sample> {
    vec![
        sample("teams-host-change", &teams_page(host_change(None), None)),
        sample(
            "teams-host-change-tenant",
            &teams_page(host_change(Some("Larkspur Group")), Some("host-testing")),
        ),
        sample(
            "teams-reconnecting",
            &teams_page(
                Stage::Reconnecting {
                    host: "Ithaca Scheduler".into(),
                    settled: 1,
                    total: 4,
                },
                Some("reconnecting-3"),
            ),
        ),
    ]
}

fn teams() -> Vec<Sample> {
    let before = Stage::NotIntegrated {
        attempt: attempt(),
        removed: None,
    };
    let mut cancelled = teams_page(
        Stage::NotIntegrated {
            attempt: Attempt {
                id: "0193-45".into(),
                ask: None,
            },
            removed: None,
        },
        None,
    );
    cancelled.state.ended =
        Some("You pressed Cancel at Microsoft, so nothing has changed here.".into());
    let removed = Stage::NotIntegrated {
        attempt: attempt(),
        removed: Some(Removed {
            sentence: "Amara Okafor removed Microsoft Teams today at 16:40. Ithaca keeps neither its key nor anything from your directory.".into(),
            left: vec!["First weeks as a manager, Tue 24 Nov, 15:00".into()],
        client_id: "11111111-2222-4333-8444-555555555555".into(),
        }),
    };
    let attention = Stage::NeedsAttention {
        attempt: attempt(),
        connection: connection(),
        reason: "Microsoft no longer accepts the connection: the password of Teams Scheduler was changed.".into(),
        remedy: vec![
            "Press Reconnect.".into(),
            "Sign in as scheduler@larkspur.example with its new password and accept.".into(),
        ],
        quote: Some("AADSTS50173, HTTP 400, trace 7c9e6679-7425-40de-944b-e07fc1f90ae7".into()),
        affected: Some("4 planned meetings are affected: their links work, but can't be changed.".into()),
    };
    vec![
        sample(
            "integrations",
            &IntegrationList {
                frame: as_amara(Here::Manage),
                teams: Tag::new("Not integrated", Tone::Plain),
                line: None,
            },
        ),
        sample("teams-before", &teams_page(before, None)),
        sample("teams-cancelled", &cancelled),
        sample(
            "teams-waiting",
            &teams_page(Stage::Waiting { attempt: attempt() }, Some("waiting")),
        ),
        sample(
            "teams-checking",
            &teams_page(
                Stage::Checking {
                    checks: checks(CheckResult::Waiting),
                },
                Some("checking-5"),
            ),
        ),
        sample(
            "teams-host",
            &teams_page(
                Stage::ConfirmHost {
                    attempt: attempt(),
                    host: "Amara Okafor".into(),
                },
                None,
            ),
        ),
        sample("teams-integrated", &teams_page(integrated(), None)),
        sample("teams-attention", &teams_page(attention, None)),
        sample(
            "teams-removing",
            &teams_page(
                Stage::Removing {
                    settled: 12,
                    total: 40,
                },
                Some("removing-12"),
            ),
        ),
        sample("teams-removed", &teams_page(removed, None)),
        sample(
            "closing",
            &Closing {
                frame: people::at_the_door(),
                way: Way::new(
                    "Go on in this window",
                    "/larkspur/manage/integrations/teams",
                ),
            },
        ),
    ]
}

fn removal() -> Vec<Sample> {
    let page = Removal {
        frame: as_amara(Here::Manage),
        errors: Errors::none(),
        count: 5,
        tracks: vec![
            ("New Managers".into(), 4),
            ("Women in Engineering".into(), 1),
        ],
        links: "delete".into(),
        replacements: vec![
            Choice::new("in_person", "In person", false),
            Choice::new("phone", "Phone", true),
        ],
        word: "remove".into(),
        confirmation: "yes".into(),
    };
    let mut refused = page.clone();
    refused
        .errors
        .push("confirmation", "Type the word remove to confirm.");
    let mut nobody = page;
    nobody.count = 0;
    nobody.tracks = Vec::new();
    vec![
        sample("removal", &refused),
        sample("removal-nobody", &nobody),
    ]
}

fn row(face: Face, role: Option<&str>, tag: Option<Tag>) -> MemberRow {
    MemberRow {
        id: face.initials.clone(),
        email: format!(
            "{}@larkspur.example",
            face.name.split(' ').next().unwrap().to_lowercase()
        ),
        face,
        role: role.map(Into::into),
        tracks: "New Managers, Women in Engineering".into(),
        tag,
    }
}

fn members() -> Vec<Sample> {
    let mut errors = Errors::none();
    errors.push(
        "email",
        "luis@larkspur.example already belongs to Luis Ortega.",
    );
    let member = Member {
        frame: as_amara(Here::Manage),
        id: "luis".into(),
        face: people::luis(),
        email: "luis@larkspur.example".into(),
        tag: Tag::new("Active", Tone::Well),
        global_administrator: false,
        zone: "America/Chicago".into(),
        last_seen: "Today at 09:12".into(),
        tracks: vec![("New Managers".into(), "mentee".into())],
        directory: Some(Tag::new("Account in your organization", Tone::Well)),
        standing: Standing::Active { kept: None },
        invitation: None,
    };
    let mut last = member.clone();
    last.face = people::amara();
    last.global_administrator = true;
    last.standing = Standing::Active {
        kept: Some("Larkspur Health needs one active global administrator, and Amara Okafor is the only one.".into()),
    };
    let mut invited = member.clone();
    invited.tag = Tag::new("Invited", Tone::Waiting);
    invited.standing = Standing::Invited;
    invited.invitation = Some("http://127.0.0.1:8080/larkspur/invitations/3fk9".into());
    let mut gone = member.clone();
    gone.tag = Tag::new("Deactivated", Tone::Plain);
    gone.standing = Standing::Deactivated;
    vec![
        sample(
            "members",
            &MemberList {
                frame: as_amara(Here::Manage),
                query: String::new(),
                members: vec![
                    row(people::amara(), Some("Global administrator"), None),
                    row(people::hanna(), Some("Global administrator"), None),
                    row(people::jonas(), None, None),
                    row(
                        people::luis(),
                        None,
                        Some(Tag::new("Invited", Tone::Waiting)),
                    ),
                    row(
                        people::priya(),
                        None,
                        Some(Tag::new("Deactivated", Tone::Plain)),
                    ),
                ],
                next: Some("/larkspur/manage/members?after=x".into()),
            },
        ),
        sample(
            "member-invite",
            &Invite {
                frame: as_amara(Here::Manage),
                errors,
                first_name: "Luis".into(),
                last_name: "Ortega".into(),
                email: "luis@larkspur.example".into(),
                global_administrator: false,
            },
        ),
        sample("member", &member),
        sample("member-last", &last),
        sample("member-invited", &invited),
        sample("member-deactivated", &gone),
        sample(
            "member-deactivation",
            &Deactivation {
                frame: as_amara(Here::Manage),
                id: "luis".into(),
                face: people::luis(),
                touches: vec![
                    "They are signed out everywhere within seconds.".into(),
                    "Their 2 planned meetings stay; the others still meet.".into(),
                    "You can reactivate them at any time.".into(),
                ],
                errors: Errors::none(),
            },
        ),
    ]
}

fn tracks() -> Vec<Sample> {
    vec![
        sample(
            "tracks",
            &TrackList {
                frame: as_amara(Here::Manage),
                rows: vec![
                    TrackRow {
                        track: people::new_managers(),
                        people: 4,
                        modes: vec![Mode::InPerson, Mode::Phone, Mode::Teams],
                        planned: 4,
                    },
                    TrackRow {
                        track: women_in_engineering(),
                        people: 1,
                        modes: vec![Mode::InPerson],
                        planned: 0,
                    },
                ],
            },
        ),
        sample(
            "track-new",
            &NewTrack {
                frame: as_amara(Here::Manage),
                errors: Errors::none(),
                name: String::new(),
                modes: super::rooms::modes(None),
            },
        ),
    ]
}

fn audit() -> Sample {
    let entry = |at: &str, who: &str, what: &str, details: Option<&str>| AuditEntry {
        at: at.into(),
        instant: "2026-11-23T13:02:11Z".into(),
        who: who.into(),
        what: what.into(),
        details: details.map(Into::into),
        origin: "127.0.0.1".into(),
    };
    sample(
        "audit",
        &Audit {
            frame: as_amara(Here::Manage),
            who: String::new(),
            what: vec![
                Choice::new("", "Everything", true),
                Choice::new("meeting", "Meetings", false),
            ],
            from: String::new(),
            until: String::new(),
            entries: vec![
                entry(
                    "Today, 14:05",
                    "Mei Tanaka",
                    "planned First weeks as a manager",
                    Some("Tue 24 Nov, 15:00, Teams video call"),
                ),
                entry(
                    "Today, 14:03",
                    "Jonas Weber",
                    "changed the meeting modes of New Managers",
                    Some("added Teams video call"),
                ),
                entry(
                    "Today, 14:02",
                    "Amara Okafor",
                    "integrated Microsoft Teams",
                    Some("host Teams Scheduler"),
                ),
            ],
            newer: None,
            older: Some("/larkspur/manage/audit?before=x".into()),
            export: Some("/larkspur/manage/audit.csv".into()),
        },
    )
}

/// S1, S2, S4, S13, S14, S20.
#[test]
fn before_it_is_pressed_integrate_says_what_it_needs_and_what_it_lets_ithaca_see() {
    use askama::Template;
    let before = Stage::NotIntegrated {
        attempt: attempt(),
        removed: None,
    };
    let html = teams_page(before, None).render().unwrap();
    for words in [
        "A Microsoft 365 tenant with Teams",
        "A dedicated Microsoft account in it, with administrative privileges",
        "Teams Scheduler",
        "Ithaca Scheduler",
        "The dedicated account hosts every Teams meeting",
        "Participants authorize nothing",
        "first name, last name, e-mail and photo",
        "recordings, transcripts or chats: Ithaca has no access to them",
        ">Integrate</button>",
        "Ask a Microsoft administrator",
    ] {
        assert!(html.contains(words), "{words}");
    }
}

#[test]
fn an_integrated_organization_reads_who_hosts_and_asks_no_more() {
    use askama::Template;
    let page = teams_page(integrated(), None);
    let html = page.render().unwrap();
    for words in [
        "Integrated",
        "Teams Scheduler",
        "scheduler@larkspur.example",
        "Amara Okafor",
        "Last check",
    ] {
        assert!(html.contains(words), "{words}");
    }
    let state = page.state.render().unwrap();
    assert!(!state.contains("hx-get"), "nothing is waited for");
}

#[test]
fn a_page_that_waits_for_microsoft_asks_about_its_own_attempt() {
    use askama::Template;
    let before = Stage::NotIntegrated {
        attempt: attempt(),
        removed: None,
    };
    let html = teams_page(before, None).render().unwrap();
    let (page, waiting) = html
        .split_once("<template data-stage=\"waiting\">")
        .unwrap();
    assert!(!page.contains("hx-get"));
    assert!(waiting.contains("/teams/state?attempt=0193-44&#38;shown=waiting"));
}
