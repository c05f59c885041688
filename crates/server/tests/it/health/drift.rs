//! What others do to Teams meetings, and what Ithaca does about it.

use ithaca::content::Content;
use ithaca::store::lease::Work;
use ithaca::store::{drift, links};
use jiff::SignedDuration;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::invitation::Change;
use mentoring::link::LinkState;
use mentoring::meeting::Scope;
use mentoring::organization::MeetingId;
use sandbox::tenant::meetings::{LobbyScope, OnlineMeeting};
use sea_orm::ConnectionTrait as _;

use super::{Office, TEAMS, due, minutes, works};
use crate::pages::tenant::SCHEDULER;

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn office() -> (Office, MeetingId) {
    let office = Office::is_integrated().await;
    let meeting = office.mei_plans("Planned", "2026-12-03T09:00").await;
    office.lives(minutes(2)).await;
    (office, meeting)
}

fn at_microsoft(office: &Office, title: &str) -> OnlineMeeting {
    office.tenant.sandbox.read(|state| {
        let mut all: Vec<_> = state.meetings.iter().collect();
        all.retain(|one| one.is_live() && one.subject.as_deref() == Some(title));
        assert_eq!(all.len(), 1, "{title}");
        all.remove(0)
    })
}

/// Somebody opens the host's calendar and changes it there.
fn somebody_changes(office: &Office, meeting: &OnlineMeeting, change: fn(&mut OnlineMeeting)) {
    office.microsoft(|state| {
        state.meetings.change(meeting.thread, change).unwrap();
    });
}

#[tokio::test]
async fn what_somebody_changed_in_teams_is_set_again_by_night_and_shown() {
    type Changed = fn(&mut OnlineMeeting);
    let rows: [(Changed, &str); 4] = [
        (|one| one.subject = Some("Hijacked".into()), "another title"),
        (
            |one| one.start += SignedDuration::from_hours(-1),
            "other times",
        ),
        (
            |one| one.lobby.scope = LobbyScope::Everyone,
            "another lobby",
        ),
        (|one| one.attendees.clear(), "a co-organizer was missing"),
    ];
    for (change, words) in rows {
        let (office, meeting) = office().await;
        let before = at_microsoft(&office, "Planned");
        let was = office.link(meeting).await.observed;
        somebody_changes(&office, &before, change);
        office.lives(DAY).await;
        let after = at_microsoft(&office, "Planned");
        assert_eq!(after.thread, before.thread, "{words}");
        assert_eq!((after.start, after.end), (before.start, before.end));
        assert_eq!(after.lobby, before.lobby, "{words}");
        assert_eq!(after.attendees, before.attendees, "{words}");
        assert_eq!(office.link(meeting).await.observed.join_url, was.join_url);
        let page = office.page().await;
        assert!(page.contains(words), "{words}: {page}");
        assert!(page.contains("Set again."), "{page}");
        assert!(page.contains(&format!("/larkspur/meetings/{meeting}")));
        assert!(
            !page.contains("Hijacked") && !page.contains(">Planned"),
            "no titles"
        );
        let told = office.mails(&office.house.world.larkspur.mentee).await;
        assert_eq!(told.len(), 1, "nobody is told that all is as they know it");
    }
}

#[tokio::test]
async fn what_is_not_ours_is_neither_read_nor_touched() {
    let (office, _) = office().await;
    let ours = at_microsoft(&office, "Planned");
    let foreign = OnlineMeeting {
        thread: uuid::Uuid::from_u128(77),
        external_id: None,
        subject: Some("The host's own".into()),
        ..ours
    };
    office.microsoft(|state| state.meetings.insert(foreign.clone()));
    office.lives(DAY * 3).await;
    let after = at_microsoft(&office, "The host's own");
    assert_eq!(after.revision, foreign.revision);
    assert_eq!(after.changed, foreign.changed);
    assert!(!office.page().await.contains("Set again."));
}

#[tokio::test]
async fn a_meeting_is_read_once_a_night_and_an_hour_at_the_most_on_demand() {
    let (office, _) = office().await;
    office.lives(DAY).await;
    let asked = office.tenant.looked();
    let amara = office.amara().await;
    let compare = format!("{TEAMS}/comparison");
    assert_eq!(
        amara.posts(&compare, &[]).await.status,
        http::StatusCode::SEE_OTHER
    );
    office.lives(SignedDuration::from_secs(30)).await;
    assert_eq!(office.tenant.looked() - asked, 1);
    assert_eq!(
        amara.posts(&compare, &[]).await.status,
        http::StatusCode::CONFLICT
    );
    office.lives(SignedDuration::from_secs(30)).await;
    assert_eq!(office.tenant.looked() - asked, 1);
}

#[tokio::test]
async fn a_comparison_that_is_asked_for_while_one_is_under_way_is_made() {
    let (office, _) = office().await;
    office.house.app.clock.advance(DAY);
    let tools = office.tools();
    for claim in due(&tools, Work::Credentials).await {
        works(&tools, claim).await;
    }
    let claim = due(&tools, Work::Drift).await.remove(0);
    office.tenant.wire.hangs_after(1, true);
    let by_night = tokio::spawn(async move { works(&tools, claim).await });
    office.tenant.wire.hung().await;
    office.house.app.clock.advance(minutes(1));
    let amara = office.amara().await;
    let asked = amara.posts(&format!("{TEAMS}/comparison"), &[]).await;
    assert_eq!(asked.status, http::StatusCode::SEE_OTHER);
    office.tenant.wire.goes_on();
    by_night.await.unwrap();
    let tx = office.house.world.store.begin(office.id()).await.unwrap();
    let sweep = drift::find_in(&tx, office.id()).await.unwrap().unwrap();
    assert_eq!(sweep.begun_at, office.now(), "it was forgotten");
}

#[tokio::test]
async fn n10_a_comparison_that_stood_still_goes_on_once_the_sign_in_works_again() {
    let (office, _) = office().await;
    let gone = at_microsoft(&office, "Planned");
    let now = office.now();
    office.microsoft(|state| {
        let change = |one: &mut OnlineMeeting| one.deleted_at = Some(now);
        state.meetings.change(gone.thread, change).unwrap();
    });
    let revoked = now + SignedDuration::from_millis(1);
    office.account(SCHEDULER, |host| host.sessions_valid_from = revoked);
    let amara = office.amara().await;
    amara.posts(&format!("{TEAMS}/comparison"), &[]).await;
    office.lives(minutes(1)).await;
    let state = office.state().await;
    assert_eq!(state, IntegrationState::NeedsAttention(Cause::TokenRevoked));
    office.connects(SCHEDULER).await;
    office.lives(minutes(1)).await;
    assert_ne!(at_microsoft(&office, "Planned").thread, gone.thread);
}

#[tokio::test]
async fn a_meeting_deleted_in_teams_comes_back_with_one_new_invitation() {
    let (office, meeting) = office().await;
    let gone = at_microsoft(&office, "Planned");
    let now = office.now();
    office.microsoft(|state| {
        let change = |one: &mut OnlineMeeting| one.deleted_at = Some(now);
        state.meetings.change(gone.thread, change).unwrap();
    });
    office.lives(DAY).await;
    let anew = at_microsoft(&office, "Planned");
    assert_ne!(anew.thread, gone.thread);
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
    assert!(office.page().await.contains("it was deleted in Teams"));
    for person in [
        &office.house.world.larkspur.mentor,
        &office.house.world.larkspur.mentee,
    ] {
        let mails = office.mails(person).await;
        let [Content::Invitation(first), Content::Invitation(second)] = &mails[..] else {
            panic!("{mails:?}");
        };
        assert_eq!(second.change, Change::LinkChanged);
        assert_eq!(second.calendar.uid, first.calendar.uid);
        assert!(second.calendar.sequence > first.calendar.sequence);
    }

    // Whoever opens the old link revives it: then it is deleted again.
    office.microsoft(|state| {
        state
            .meetings
            .change(gone.thread, |one| one.deleted_at = None)
            .unwrap();
    });
    office.lives(DAY).await;
    assert_eq!(at_microsoft(&office, "Planned").thread, anew.thread);
    assert!(
        office
            .page()
            .await
            .contains("a deleted one was there again")
    );
}

#[tokio::test]
async fn n02_a_cancelled_meeting_that_somebody_revives_is_deleted_again() {
    let (office, meeting) = office().await;
    let there = at_microsoft(&office, "Planned");
    let mei = office.house.acts(&office.house.world.larkspur.mentor).await;
    let cancelled = office
        .house
        .app
        .cancel_meeting(&mei, meeting, 1, Scope::All, None);
    cancelled.await.unwrap();
    office.lives(minutes(5)).await;
    assert_eq!(office.hosted(), []);
    office.microsoft(|state| {
        state
            .meetings
            .change(there.thread, |one| one.deleted_at = None)
            .unwrap();
    });
    office.lives(DAY).await;
    assert_eq!(office.hosted(), []);
    assert!(
        office
            .page()
            .await
            .contains("a deleted one was there again")
    );
}

#[tokio::test]
async fn f41_after_a_restore_what_is_known_is_found_and_what_is_not_is_left_alone() {
    let (office, known) = office().await;
    let unknown = office
        .mei_plans("Since the backup", "2026-12-04T09:00")
        .await;
    office.lives(minutes(2)).await;
    let before = at_microsoft(&office, "Planned");
    // As the backup of yesterday has it: one meeting without its link, the other not at all.
    let write = office.house.world.store.read();
    for text in [
        format!("DELETE FROM meetings WHERE title = 'Since the backup'; DELETE FROM meeting_links WHERE hex(id) = '{}'", unknown.0.simple().to_string().to_uppercase()),
        "UPDATE meeting_links SET online_meeting_id = NULL, join_url = NULL, applied_version = NULL, applied_start = NULL, ever_called = FALSE, host_object_id = NULL, state = 'waiting', reason = NULL, due_at = 0".to_owned(),
    ] {
        write.execute_unprepared(&text).await.unwrap();
    }
    office.lives(DAY).await;
    assert_eq!(
        at_microsoft(&office, "Planned").thread,
        before.thread,
        "found, not doubled"
    );
    assert_eq!(office.link(known).await.state, LinkState::Ready);
    at_microsoft(&office, "Since the backup");
    let row = links::find_for_work(&office.house.world.store, office.id(), unknown).await;
    assert_eq!(row.unwrap(), None);
    let page = office.page().await;
    assert!(
        page.contains(
            "After a restore from a backup, meetings made since it was taken are unknown here"
        ),
        "{page}"
    );
}
