//! Signing in at Microsoft again: as the same host, as another one, in another directory.

use std::collections::BTreeMap;

use ithaca::content::{Content, Invitation};
use ithaca::store::{directory, meetings, reconnections};
use jiff::SignedDuration;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::invitation::{Change, Method};
use mentoring::link::LinkState;
use mentoring::member::Member;
use mentoring::organization::MeetingId;
use sandbox::tenant::meetings::OnlineMeeting;
use sandbox::tenant::person::AdminRole;

use super::{Office, TEAMS, minutes};
use crate::pages::tenant::SCHEDULER;

const HANNA: &str = "hanna@larkspur.example";
const YES: [(&str, &str); 1] = [("answer", "change")];

/// Two planned Teams meetings, and Hanna's account may consent.
async fn office() -> (Office, [MeetingId; 2]) {
    let office = Office::is_integrated().await;
    let planned = [
        office.mei_plans("One", "2026-11-26T09:00").await,
        office.mei_plans("Two", "2026-12-03T09:00").await,
    ];
    office.lives(minutes(2)).await;
    office.account(HANNA, |hanna| hanna.role = AdminRole::GlobalAdministrator);
    (office, planned)
}

async fn answers(office: &Office, fields: &[(&str, &str)]) -> http::StatusCode {
    let amara = office.amara().await;
    amara
        .posts(&format!("{TEAMS}/reconnection"), fields)
        .await
        .status
}

/// The invitations that somebody got to meetings of these titles.
async fn invitations(office: &Office, to: &Member) -> BTreeMap<String, Vec<Invitation>> {
    let mut found: BTreeMap<String, Vec<Invitation>> = BTreeMap::new();
    for mail in office.mails(to).await {
        if let Content::Invitation(invitation) = mail {
            let title = invitation.calendar.summary.clone();
            found.entry(title).or_default().push(*invitation);
        }
    }
    found
}

async fn everyone_has_one_new_invitation(office: &Office, of: &str) {
    let company = &office.house.world.larkspur;
    for person in [&company.mentor, &company.mentee] {
        for (title, mails) in invitations(office, person).await {
            let [first, second] = &mails[..] else {
                panic!(
                    "{of}: {} mails of {title} to {}",
                    mails.len(),
                    person.name()
                );
            };
            assert_eq!(second.change, Change::LinkChanged, "{of}");
            assert_eq!(second.calendar.method, Method::Request);
            assert_eq!(second.calendar.uid, first.calendar.uid);
            assert_eq!(second.calendar.sequence, first.calendar.sequence + 1);
            assert_eq!(second.join_address, first.join_address);
            assert_eq!(second.host.as_deref(), Some("Hanna Lindgren"));
        }
    }
}

fn hosts(office: &Office) -> Vec<(String, String)> {
    let mut hosted = office.hosted();
    hosted.retain(|(subject, _)| subject != "Ithaca: trial meeting");
    hosted.sort();
    hosted
}

fn by(host: &str) -> Vec<(String, String)> {
    ["One", "Two"]
        .map(|title| (title.to_owned(), host.to_owned()))
        .to_vec()
}

/// N1 in the truth of Microsoft: no meeting was made before the one it replaces was gone.
fn never_two_at_once(office: &Office) {
    office.tenant.sandbox.read(|state| {
        for title in ["One", "Two"] {
            let mut all: Vec<_> = state.meetings.iter().collect();
            all.retain(|meeting| meeting.subject.as_deref() == Some(title));
            all.sort_by_key(|meeting| meeting.created);
            for pair in all.windows(2) {
                let gone = pair[0].deleted_at.expect("the earlier one is gone");
                assert!(gone <= pair[1].created, "{title} was there twice");
            }
        }
    });
}

#[tokio::test]
async fn the_same_host_keeps_every_link_as_it_is() {
    let (office, [one, _]) = office().await;
    let before = (office.link(one).await, hosts(&office));
    office.connects(SCHEDULER).await;
    office.lives(minutes(10)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(
        (office.link(one).await.observed, hosts(&office)),
        (before.0.observed, before.1)
    );
    let luis = &office.house.world.larkspur.mentee;
    assert!(
        invitations(&office, luis)
            .await
            .values()
            .all(|mails| mails.len() == 1)
    );
}

#[tokio::test]
async fn f14_another_host_is_shown_first_and_then_makes_every_meeting_anew() {
    let (office, planned) = office().await;
    let before = office.integration().await;
    office.connects(HANNA).await;
    office.settles().await;
    let page = office.page().await;
    for words in [
        "Change the host?",
        "You signed in as Hanna Lindgren",
        "Teams Scheduler hosts every meeting. Nothing has changed yet.",
        "2 planned Teams meetings get a new link",
        "New Managers",
        "are deleted first, while Teams Scheduler can still do it",
        ">Change the host</button>",
        ">Keep Teams Scheduler</button>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("another Microsoft directory"));
    assert_eq!(office.integration().await.host, before.host);
    assert_eq!(hosts(&office), by(SCHEDULER));

    assert_eq!(answers(&office, &YES).await, http::StatusCode::SEE_OTHER);
    let page = office.page().await;
    assert!(page.contains("Changing the host…"), "{page}");
    assert!(
        page.contains("0 of 2 old Teams meetings settled."),
        "{page}"
    );
    office.lives(minutes(5)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(hosts(&office), by(HANNA));
    never_two_at_once(&office);
    everyone_has_one_new_invitation(&office, "another host").await;
    for meeting in planned {
        assert_eq!(office.link(meeting).await.state, LinkState::Ready);
    }
    assert_eq!(answers(&office, &YES).await, http::StatusCode::CONFLICT);
    office.lives(SignedDuration::from_hours(24)).await;
    everyone_has_one_new_invitation(&office, "a day later").await;
}

#[tokio::test]
async fn f14_what_the_old_host_cannot_delete_is_listed() {
    let (office, _) = office().await;
    office.account(SCHEDULER, |host| host.enabled = false);
    office.lives(SignedDuration::from_hours(24)).await;
    let state = office.state().await;
    assert_eq!(state, IntegrationState::NeedsAttention(Cause::HostDisabled));
    let old: Vec<String> = office.tenant.sandbox.read(|state| {
        let live = state.meetings.iter().filter(OnlineMeeting::is_live);
        live.map(|one| one.id()).collect()
    });
    office.connects(HANNA).await;
    office.settles().await;
    let page = office.page().await;
    assert!(
        page.contains("Microsoft refuses the sign-in of Teams Scheduler"),
        "{page}"
    );
    answers(&office, &YES).await;
    office.lives(minutes(5)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    everyone_has_one_new_invitation(&office, "a dead host").await;
    let page = office.page().await;
    assert!(page.contains("Left at Microsoft"), "{page}");
    for id in &old {
        assert!(page.contains(id.as_str()), "{id}: {page}");
    }

    // The old host comes back, and what it left is found and deleted.
    office.account(SCHEDULER, |host| host.enabled = true);
    office.connects(SCHEDULER).await;
    office.settles().await;
    answers(&office, &YES).await;
    office.lives(SignedDuration::from_hours(25)).await;
    assert_eq!(hosts(&office), by(SCHEDULER));
    let page = office.page().await;
    assert!(!page.contains("Left at Microsoft"), "{page}");
}

#[tokio::test]
async fn f14_a_change_of_host_survives_a_crash_at_every_call() {
    for done in [false, true] {
        for calls in 1.. {
            let (office, _) = office().await;
            office.connects(HANNA).await;
            office.settles().await;
            answers(&office, &YES).await;
            office.tenant.wire.hangs_after(calls, done);
            if !office.lives_or_dies(minutes(2)).await {
                assert!(calls > 8, "{calls} calls are too few");
                break;
            }
            office.lives(minutes(15)).await;
            let of = format!("call {calls}, done: {done}");
            assert_eq!(office.state().await, IntegrationState::Integrated, "{of}");
            assert_eq!(hosts(&office), by(HANNA), "{of}");
            never_two_at_once(&office);
            everyone_has_one_new_invitation(&office, &of).await;
        }
    }
}

#[tokio::test]
async fn c10_another_directory_is_said_and_looked_up_anew() {
    let (office, _) = office().await;
    let company = &office.house.world.larkspur;
    office.connects("scheduler@quillfield.example").await;
    office.settles().await;
    let page = office.page().await;
    for words in [
        "This account belongs to another Microsoft directory: Quillfield College.",
        ">Change directory and host</button>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let tenant = office.integration().await.host.unwrap().tenant_id;
    answers(&office, &YES).await;
    office.lives(minutes(5)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_ne!(office.integration().await.host.unwrap().tenant_id, tenant);
    let store = &office.house.world.store;
    let found = directory::list_for_work(store, company.id, &[company.mentor.id]).await;
    assert_eq!(found.unwrap()[&company.mentor.id].object_id(), None);
    assert_eq!(hosts(&office), by("scheduler@quillfield.example"));
}

#[tokio::test]
async fn who_cannot_host_is_not_offered_and_no_is_an_answer() {
    let (office, _) = office().await;
    office.account(HANNA, |hanna| hanna.teams_licensed = false);
    office.connects(HANNA).await;
    office.settles().await;
    let page = office.page().await;
    assert!(
        page.contains("doesn&#39;t let the host account make Teams meetings"),
        "{page}"
    );
    assert!(!page.contains(">Change the host</button>"));
    assert_eq!(answers(&office, &YES).await, http::StatusCode::CONFLICT);
    let unclear = answers(&office, &[("answer", "perhaps")]).await;
    assert_eq!(unclear, http::StatusCode::BAD_REQUEST);
    answers(&office, &[("answer", "keep")]).await;
    assert!(!office.page().await.contains("Change the host?"));

    office.account(HANNA, |hanna| hanna.teams_licensed = true);
    office.connects(HANNA).await;
    office.settles().await;
    assert!(office.page().await.contains("Change the host?"));
    office.lives(minutes(61)).await;
    assert!(
        !office.page().await.contains("Change the host?"),
        "an hour is enough"
    );
    assert_eq!(answers(&office, &YES).await, http::StatusCode::CONFLICT);
    assert_eq!(hosts(&office), by(SCHEDULER));
}

#[tokio::test]
async fn k10_a_removal_forgets_an_account_that_was_to_host() {
    let (office, [one, _]) = office().await;
    office.connects(HANNA).await;
    office.settles().await;
    let amara = office.amara().await;
    let fields = [("links", "keep"), ("confirmation", "remove")];
    amara.posts(&format!("{TEAMS}/removal"), &fields).await;
    let store = &office.house.world.store;
    let kept = reconnections::find_for_work(store, office.id())
        .await
        .unwrap();
    assert_eq!(kept, None);
    office.lives(minutes(2)).await;
    assert_eq!(office.state().await, IntegrationState::Removed);
    let stored = meetings::find_for_work(store, office.id(), one)
        .await
        .unwrap();
    assert!(stored.is_some());
}
