//! What is looked at when nobody asks, and who is told.

use ithaca::content::Content;
use ithaca::store::{host_months, tracks};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::role::{Role, Roles};
use sandbox::faults::{Act, Fault};
use serde_json::json;

use super::{Office, TEAMS};
use crate::pages::tenant::SCHEDULER;

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn every_night_of_the_organization_the_connection_is_tested() {
    let office = Office::is_integrated().await;
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let mut nights = std::collections::BTreeSet::new();
    for _ in 0..5 {
        office.lives(DAY).await;
        let tested = office.integration().await.checked_at.unwrap();
        let local = berlin.to_datetime(tested);
        assert!((1..5).contains(&local.hour()), "tested at {local}");
        nights.insert(local.date());
    }
    assert_eq!(nights.len(), 5);
    assert_eq!(office.hosted(), [], "no trial meeting stays");
    assert_eq!(office.warnings().await, 0);
}

#[tokio::test]
async fn what_every_night_finds_broken_is_told_once() {
    let office = Office::is_integrated().await;
    office.account(SCHEDULER, |host| host.teams_licensed = false);
    office.lives(DAY * 5).await;
    let state = office.state().await;
    assert_eq!(
        state,
        IntegrationState::NeedsAttention(Cause::HostMayNotSchedule)
    );
    assert_eq!(office.warnings().await, 1);
}

#[tokio::test]
async fn n10_however_long_microsoft_is_down_a_minute_after_it_the_connection_is_live() {
    let office = Office::is_integrated().await;
    let mut down = Fault::once("/v1.0", Act::lose_answer());
    down.times = None;
    office.tenant.sandbox.fault(down);
    let amara = office.amara().await;
    amara.posts(&format!("{TEAMS}/check"), &[]).await;
    office.lives(SignedDuration::from_hours(7)).await;
    let down = IntegrationState::NeedsAttention(Cause::Unreachable);
    assert_eq!(office.state().await, down);
    office.tenant.sandbox.clear_faults();
    office.lives(super::minutes(1)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.warnings().await, 0, "it mended itself");
}

#[tokio::test]
async fn n10_an_answer_without_sense_is_looked_at_again_within_a_minute() {
    let place = "/v1.0/me/onlineMeetings";
    let another = json!({ "joinWebUrl": "https://teams.example/l/meetup-join/x" });
    for what in [
        json!({ "on": { "path_prefix": place }, "times": 1, "do": { "status": 201, "body": { "id": 7 } } }),
        json!({ "on": { "path_prefix": place }, "times": 1, "do": { "alter": another } }),
        json!({ "on": { "method": "PATCH" }, "times": 1, "do": { "graph_error": "NotFound", "status": 404 } }),
    ] {
        let office = Office::is_integrated().await;
        let fault: Fault = serde_json::from_value(what.clone()).unwrap();
        office.tenant.sandbox.fault(fault);
        let amara = office.amara().await;
        amara.posts(&format!("{TEAMS}/check"), &[]).await;
        office.settles().await;
        let wrong = IntegrationState::NeedsAttention(Cause::WrongAnswer);
        assert_eq!(office.state().await, wrong, "{what}");
        office.lives(super::minutes(1)).await;
        assert_eq!(office.state().await, IntegrationState::Integrated, "{what}");
    }
}

#[tokio::test]
async fn everyone_reads_as_much_of_the_trouble_as_concerns_them() {
    let office = Office::is_integrated().await;
    let house = &office.house;
    let company = &house.world.larkspur;
    office.mei_plans("Tomorrow", "2026-11-24T09:00").await;
    office.settles().await;
    office.account(SCHEDULER, |host| host.enabled = false);
    office.lives(super::minutes(6)).await;
    let waits = office
        .mei_plans_anyway("Next week", "2026-11-30T09:00")
        .await;
    office.settles().await;

    let amara = office.amara().await.opens("/larkspur").await.body;
    assert!(
        amara.contains("The host account is disabled at Microsoft."),
        "{amara}"
    );
    assert!(amara.contains("Look at the integration"));

    let luis = house.signs_in("larkspur", &company.mentee).await;
    let home = luis.opens("/larkspur").await.body;
    assert!(!home.contains("needs attention"), "{home}");
    let page = luis
        .opens(&format!("/larkspur/meetings/{waits}"))
        .await
        .body;
    let sentence =
        "connection to Microsoft Teams needs attention. Your administrators know; the link comes";
    assert!(page.contains(sentence), "{page}");

    // Mei also runs the track, so she is told how many of its meetings it concerns.
    let tx = house.world.store.begin(company.id).await.unwrap();
    let roles: Roles = [Role::Mentor, Role::TrackAdministrator]
        .into_iter()
        .collect();
    tracks::enrol(&tx, company.id, company.track.id, company.mentor.id, &roles)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let home = mei.opens("/larkspur").await.body;
    assert!(
        home.contains("2 planned meetings of your tracks are affected."),
        "{home}"
    );
    assert!(!home.contains("manage/integrations"), "{home}");
}

#[tokio::test]
async fn a_full_month_is_warned_of_once_and_refused_never() {
    let office = Office::is_integrated().await;
    let amara = &office.house.world.larkspur.administrator;
    let host = office.integration().await.host.unwrap().object_id;
    let tx = office.house.world.store.begin(office.id()).await.unwrap();
    for _ in 0..1_598 {
        host_months::count(&tx, office.id(), host, "2026-11")
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let warnings = async || {
        let mails = office.mails(amara).await;
        let near = |mail: &&Content| matches!(mail, Content::TeamsNearCeiling { made: 1_600, .. });
        mails.iter().filter(near).count()
    };
    let page = office.page().await;
    assert!(page.contains("1599 of the 2000 a month"), "{page}");
    assert!(!page.contains("comes near the ceiling"));
    assert_eq!(warnings().await, 0);
    for title in ["One", "Two", "Three"] {
        office.mei_plans(title, "2026-11-30T09:00").await;
        office.settles().await;
        assert_eq!(warnings().await, 1, "{title}");
    }
    let page = office.page().await;
    assert!(page.contains("1602 of the 2000 a month"), "{page}");
    assert!(page.contains("comes near the ceiling"));
    assert_eq!(office.hosted().len(), 3);
}
