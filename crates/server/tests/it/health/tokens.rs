//! The host's sign-in: kept alive by one at a time, and missed the moment it is gone.

use ithaca::clock::Clock;
use ithaca::reconcile::Tools;
use ithaca::store::alarms;
use ithaca::store::credentials;
use ithaca::store::lease::Work;
use jiff::SignedDuration;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::{LinkState, WaitingReason};
use sandbox::Secret;
use sandbox::faults::{Act, Fault};
use sandbox::tenant::app::ClientSecret;
use uuid::Uuid;

use super::{Office, due, minutes, works};
use crate::pages::tenant::{SCHEDULER, Tenant};

const TOKEN: &str = "/oauth2/v2.0/token";

/// Every refresh token counts once, and who uses one again ends them all.
fn tokens_count_once(office: &Office) {
    office.microsoft(|state| {
        for tenant in state.tenants.values_mut() {
            tenant.switches.one_use_refresh_tokens = true;
        }
    });
}

fn refuses(office: &Office, code: u32, times: Option<u64>) {
    let mut fault = Fault::once("/", Act::aadsts(code));
    fault.on.path_prefix = None;
    fault.on.path_contains = Some(TOKEN.to_owned());
    fault.times = times;
    office.tenant.sandbox.fault(fault);
}

async fn refreshes_if_due(tools: &Tools) {
    for claim in due(tools, Work::Credentials).await {
        works(tools, claim).await;
    }
}

async fn version(office: &Office) -> i64 {
    let found = credentials::find(&office.house.world.store, office.id()).await;
    found.unwrap().unwrap().version
}

async fn asks_for_a_refresh(office: &Office) {
    let tx = office.house.world.store.begin(office.id()).await.unwrap();
    credentials::wake(&tx, office.id()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn f09_two_hundred_days_without_a_meeting_end_no_sign_in() {
    let office = Office::is_integrated().await;
    let asked = office.tenant.redeemed();
    office.lives(SignedDuration::from_hours(24 * 200)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.warnings().await, 0);
    let refreshes = office.tenant.redeemed() - asked;
    assert!((200..=600).contains(&refreshes), "{refreshes} refreshes");
    let meeting = office
        .mei_plans("After all this time", "2027-07-01T15:00")
        .await;
    office.settles().await;
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
}

#[tokio::test]
async fn n06_f06_two_nodes_that_refresh_together_ask_once_each_time() {
    let office = Office::is_integrated().await;
    tokens_count_once(&office);
    let (one, two) = (office.tools(), office.another_node().await);
    for round in 1..=20 {
        let (asked, before) = (office.tenant.redeemed(), version(&office).await);
        asks_for_a_refresh(&office).await;
        tokio::join!(refreshes_if_due(&one), refreshes_if_due(&two));
        assert_eq!(office.tenant.redeemed() - asked, 1, "round {round}");
        assert_eq!(version(&office).await, before + 1);
        office.house.app.clock.advance(minutes(1));
    }
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.warnings().await, 0);
}

#[tokio::test]
async fn f06_a_node_that_slept_through_its_lease_asks_nothing() {
    let office = Office::is_integrated().await;
    tokens_count_once(&office);
    let (one, two) = (office.tools(), office.another_node().await);
    asks_for_a_refresh(&office).await;
    let slept = due(&one, Work::Credentials).await.remove(0);
    office.house.app.clock.advance(minutes(4));
    refreshes_if_due(&two).await;
    let (asked, newest) = (office.tenant.redeemed(), version(&office).await);
    works(&one, slept).await;
    assert_eq!(office.tenant.redeemed(), asked);
    assert_eq!(version(&office).await, newest);
    asks_for_a_refresh(&office).await;
    refreshes_if_due(&one).await;
    assert_eq!(version(&office).await, newest + 1);
    assert_eq!(office.state().await, IntegrationState::Integrated);
}

#[tokio::test]
async fn f06_whoever_comes_too_late_and_is_refused_does_not_call_it_broken() {
    let office = Office::is_integrated().await;
    let (one, two) = (office.tools(), office.another_node().await);
    asks_for_a_refresh(&office).await;
    let late = due(&one, Work::Credentials).await.remove(0);
    office.tenant.wire.hangs_after(1, false);
    let late = tokio::spawn(async move { works(&one, late).await });
    office.tenant.wire.hung().await;
    office.house.app.clock.advance(minutes(4));
    refreshes_if_due(&two).await;
    let newest = version(&office).await;
    refuses(&office, 70000, Some(1));
    office.tenant.wire.goes_on();
    late.await.unwrap();
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(version(&office).await, newest);
    assert_eq!(office.warnings().await, 0);
}

#[tokio::test]
async fn f07_a_crash_before_the_new_token_is_kept_goes_on_with_the_old_one() {
    let office = Office::is_integrated().await;
    asks_for_a_refresh(&office).await;
    office.tenant.wire.hangs_after(1, true);
    assert!(office.lives_or_dies(minutes(1)).await);
    office.lives(minutes(10)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.warnings().await, 0);
}

#[tokio::test]
async fn f07_where_the_old_one_dies_with_it_somebody_is_asked_to_reconnect() {
    let office = Office::is_integrated().await;
    tokens_count_once(&office);
    asks_for_a_refresh(&office).await;
    office.tenant.wire.hangs_after(1, true);
    assert!(office.lives_or_dies(minutes(1)).await);
    office.lives(minutes(60)).await;
    let state = office.state().await;
    assert_eq!(state, IntegrationState::NeedsAttention(Cause::TokenRevoked));
    assert_eq!(office.warnings().await, 1);
    let page = office.page().await;
    for words in ["no longer accepts the stored access", "Reconnect"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn f08_a_revoked_sign_in_is_noticed_within_five_minutes_and_told_once() {
    let office = Office::is_integrated().await;
    let near = office.mei_plans("Tomorrow", "2026-11-24T09:00").await;
    office.settles().await;
    let revoked = office.now() + SignedDuration::from_millis(1);
    office.account(SCHEDULER, |host| host.sessions_valid_from = revoked);
    office.lives(minutes(5)).await;
    let state = office.state().await;
    assert_eq!(state, IntegrationState::NeedsAttention(Cause::TokenRevoked));
    assert_eq!(office.link(near).await.state, LinkState::Ready);
    let mut waiting = Vec::new();
    for title in ["One", "Two", "Three"] {
        waiting.push(office.mei_plans_anyway(title, "2026-11-26T09:00").await);
    }
    office.lives(SignedDuration::from_hours(72)).await;
    assert_eq!(office.warnings().await, 1);
    for meeting in waiting {
        let because = WaitingReason::Because(Cause::TokenRevoked);
        assert_eq!(
            office.link(meeting).await.state,
            LinkState::Waiting(because)
        );
    }
}

#[tokio::test]
async fn g14_what_microsoft_wants_of_the_next_token_is_asked_for_once() {
    let office = Office::is_integrated().await;
    office.lives(minutes(10)).await;
    let now = office.now();
    office.account(SCHEDULER, |host| host.standing.challenged_at = Some(now));
    office.house.app.clock.advance(minutes(1));
    office.mei_plans("Challenged", "2026-11-24T09:00").await;
    office.lives(minutes(1)).await;
    let asked = office.tenant.claims();
    assert!(
        asked.contains("nbf"),
        "the challenge is handed back: {asked}"
    );
    assert!(asked.contains("CP1"), "{asked}");
    assert_eq!(office.hosted().len(), 1);
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.warnings().await, 0);

    asks_for_a_refresh(&office).await;
    office.settles().await;
    let asked = office.tenant.claims();
    assert!(!asked.contains("nbf"), "it was answered: {asked}");
}

#[tokio::test]
async fn the_sign_in_is_tried_every_five_minutes_while_people_are_about_to_meet() {
    let office = Office::is_integrated().await;
    let asked = office.tenant.redeemed();
    office.lives(SignedDuration::from_hours(2)).await;
    let idle = office.tenant.redeemed() - asked;
    assert!(idle <= 1, "{idle} refreshes for nobody");
    office.mei_plans("In three days", "2026-11-26T12:00").await;
    office.lives(SignedDuration::from_hours(2)).await;
    assert!(office.tenant.redeemed() - asked <= 2);

    office.mei_plans("Tomorrow", "2026-11-24T10:00").await;
    office.settles().await;
    let asked = office.tenant.redeemed();
    office.lives(SignedDuration::from_hours(1)).await;
    assert_eq!(office.tenant.redeemed() - asked, 12);
}

#[tokio::test]
async fn f10_a_disabled_host_keeps_the_links_there_are_and_heals_when_it_is_enabled() {
    let office = Office::is_integrated().await;
    let near = office.mei_plans("Tomorrow", "2026-11-24T09:00").await;
    office.settles().await;
    office.account(SCHEDULER, |host| host.enabled = false);
    office.lives(minutes(5)).await;
    let state = office.state().await;
    assert_eq!(state, IntegrationState::NeedsAttention(Cause::HostDisabled));
    assert_eq!(office.warnings().await, 1);
    assert_eq!(office.link(near).await.state, LinkState::Ready);
    let waits = office
        .mei_plans_anyway("Next week", "2026-11-30T09:00")
        .await;
    office.settles().await;
    let because = WaitingReason::Because(Cause::HostDisabled);
    assert_eq!(office.link(waits).await.state, LinkState::Waiting(because));

    office.account(SCHEDULER, |host| host.enabled = true);
    office.lives(minutes(10)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.link(waits).await.state, LinkState::Ready);
    assert_eq!(office.warnings().await, 1);
}

#[tokio::test]
async fn f10_a_host_without_a_licence_is_noticed_by_the_first_meeting_or_by_night() {
    for somebody_plans in [true, false] {
        let office = Office::is_integrated().await;
        office.account(SCHEDULER, |host| host.teams_licensed = false);
        if somebody_plans {
            office.mei_plans("Next week", "2026-11-30T09:00").await;
            office.lives(minutes(5)).await;
        } else {
            office.lives(SignedDuration::from_hours(24)).await;
        }
        let state = office.state().await;
        assert_eq!(
            state,
            IntegrationState::NeedsAttention(Cause::HostMayNotSchedule)
        );
        assert_eq!(office.warnings().await, 1);
        office.account(SCHEDULER, |host| host.teams_licensed = true);
        office.lives(SignedDuration::from_hours(7)).await;
        assert_eq!(office.state().await, IntegrationState::Integrated);
    }
}

#[tokio::test]
async fn f11_a_consent_that_was_taken_back_is_called_by_its_name() {
    type Taken = fn(&mut sandbox::tenant::State);
    let withdrawn: Taken = |state| state.grants.clear();
    let deleted: Taken = |state| state.service_principals.clear();
    for (taken, words) in [
        (
            withdrawn,
            "The permissions aren&#39;t approved, or no longer.",
        ),
        (
            deleted,
            "The app was deleted or disabled in your Microsoft tenant.",
        ),
    ] {
        let office = Office::is_integrated().await;
        office.mei_plans("Tomorrow", "2026-11-24T09:00").await;
        office.settles().await;
        office.microsoft(taken);
        office.lives(minutes(5)).await;
        let state = office.state().await;
        assert_eq!(
            state,
            IntegrationState::NeedsAttention(Cause::ConsentRemoved)
        );
        assert_eq!(office.warnings().await, 1);
        let page = office.page().await;
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn f12_an_expired_secret_is_the_instances_one_alarm_and_nobodys_mail() {
    let office = Office::is_integrated().await;
    let house = &office.house;
    let edda = &house.world.quillfield.administrator;
    let browser = house.signs_in("quillfield", edda).await;
    let teams = "/quillfield/manage/integrations/teams";
    let other = "scheduler@quillfield.example";
    office.signs_in_at_microsoft(&browser, teams, other).await;
    office.settles().await;
    refuses(&office, 7_000_222, None);
    office.lives(SignedDuration::from_hours(48)).await;
    let alarms = alarms::list(&house.world.store).await.unwrap();
    let [alarm] = &alarms[..] else {
        panic!("{alarms:?}");
    };
    assert!(alarm.detail.contains("has expired"), "{}", alarm.detail);
    assert_eq!(office.warnings().await, 0);
    assert_eq!(office.mails(edda).await.len(), 0);
    let state = office.state().await;
    assert_eq!(
        state,
        IntegrationState::NeedsAttention(Cause::ApplicationSecret)
    );

    office.tenant.sandbox.clear_faults();
    office.lives(minutes(10)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(alarms::list(&house.world.store).await.unwrap(), []);
}

/// The operator rolls the secret: the new one is put into the configuration before Microsoft
/// knows it, the old one ends by itself, and nobody notices anything.
#[tokio::test]
async fn f12_a_secret_is_rolled_without_an_interruption_while_two_are_configured() {
    const NEWER: &str = "the newer secret";
    let clock = Clock::manual("2026-11-23T08:00:00Z".parse().unwrap());
    let mut tenant = Tenant::at(&clock);
    tenant.newer_secret = Some(NEWER);
    let app = tenant.sandbox.ithaca().0;
    let in_days = |days: i64| clock.now() + SignedDuration::from_hours(24 * days);
    let (day_two, day_six) = (in_days(2), in_days(6));
    tenant.sandbox.change(|state| {
        let app = state.apps.get_mut(&app).unwrap();
        app.secrets
            .iter_mut()
            .for_each(|old| old.expires_at = day_two);
    });
    let office = Office::opens_beside(tenant, clock).await;
    office.connects(SCHEDULER).await;
    let a_day = SignedDuration::from_hours(24);
    let works = async |title: &str| {
        office.lives(a_day).await;
        assert_eq!(
            office.state().await,
            IntegrationState::Integrated,
            "{title}"
        );
        let meeting = office.mei_plans(title, "2026-12-07T09:00").await;
        office.settles().await;
        assert_eq!(
            office.link(meeting).await.state,
            LinkState::Ready,
            "{title}"
        );
        assert_eq!(alarms::list(&office.house.world.store).await.unwrap(), []);
    };
    works("Only the old one is known").await;
    office.microsoft(|state| {
        state
            .apps
            .get_mut(&app)
            .unwrap()
            .secrets
            .push(ClientSecret {
                id: Uuid::nil(),
                value: Secret::new(NEWER),
                expires_at: day_six,
            });
    });
    for title in [
        "Both are",
        "The old one has ended",
        "Only the new one is known",
    ] {
        works(title).await;
    }
    assert_eq!(office.warnings().await, 0);

    // All are refused: that is the instance's alarm, and says so of the newest.
    office.lives(a_day * 3).await;
    let alarms = alarms::list(&office.house.world.store).await.unwrap();
    let [alarm] = &alarms[..] else {
        panic!("{alarms:?}");
    };
    assert!(alarm.detail.contains("has expired"), "{}", alarm.detail);
    assert!(!alarm.detail.contains(NEWER), "{}", alarm.detail);
    assert_eq!(office.warnings().await, 0);
}
