//! What Microsoft may answer about a meeting that is not so, or that leads nowhere. The
//! numbers are those of the attack list.

use jiff::SignedDuration;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::LinkState;
use mentoring::meeting::Scope;
use serde_json::{Value, json};

use super::{Office, minutes};

const MEETINGS: &str = "/v1.0/me/onlineMeetings";
const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn goes_wrong(office: &Office, fault: Value) {
    let fault = serde_json::from_value(fault).unwrap();
    office.tenant.sandbox.fault(fault);
}

/// How often Microsoft was asked for a meeting.
fn asked(office: &Office) -> usize {
    office.tenant.sandbox.read(|state| {
        let calls = state.calls.recent();
        calls
            .filter(|call| call.path.starts_with(CREATE_OR_GET))
            .count()
    })
}

async fn letters(office: &Office) -> usize {
    let luis = &office.house.world.larkspur.mentee;
    office.mails(luis).await.len()
}

#[tokio::test]
async fn g09_g10_without_a_join_link_nobody_is_invited_and_a_link_that_comes_back_is_taken() {
    let office = Office::is_integrated().await;
    let kept = office.mei_plans("Kept", "2026-12-03T09:00").await;
    office.settles().await;
    let before = office.link(kept).await.observed.join_url;
    assert_eq!(letters(&office).await, 1);
    goes_wrong(
        &office,
        json!({ "on": { "path_prefix": MEETINGS }, "do": { "alter": { "joinWebUrl": null } } }),
    );
    let meeting = office.mei_plans("Without a link", "2026-12-04T09:00").await;
    office.lives(minutes(5)).await;
    let state = office.link(meeting).await.state;
    assert!(matches!(state, LinkState::Waiting(_)), "{state:?}");
    assert_eq!(letters(&office).await, 1, "nobody is invited to nothing");
    let still = office.link(kept).await;
    assert_eq!(
        (still.state, still.observed.join_url),
        (LinkState::Ready, before)
    );

    office.tenant.sandbox.clear_faults();
    office.lives(minutes(10)).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
    assert_eq!(letters(&office).await, 2);
    assert_eq!(office.hosted().len(), 2, "N1: one each");
}

#[tokio::test]
async fn g12_a_meeting_that_is_answered_with_the_id_of_another_takes_nothing_from_it() {
    let office = Office::is_integrated().await;
    let first = office.mei_plans("First", "2026-12-03T09:00").await;
    office.settles().await;
    let was = office.link(first).await;
    goes_wrong(
        &office,
        json!({
            "on": { "path_prefix": CREATE_OR_GET }, "times": 1,
            "do": { "alter": { "id": was.observed.online_meeting_id } },
        }),
    );
    let second = office.mei_plans("Second", "2026-12-04T09:00").await;
    office.lives(minutes(30)).await;
    let state = office.link(second).await.state;
    assert_eq!(state, LinkState::Failed(Cause::WrongAnswer));
    let is = office.link(first).await;
    assert_eq!((is.state, &is.observed), (LinkState::Ready, &was.observed));
    assert_eq!(letters(&office).await, 1, "nobody is invited to another's");
}

#[tokio::test]
async fn g13_a_deletion_that_was_confirmed_and_did_not_happen_is_done_again() {
    let office = Office::is_integrated().await;
    let meeting = office.mei_plans("Called off", "2026-12-03T09:00").await;
    office.settles().await;
    goes_wrong(
        &office,
        json!({ "on": { "method": "DELETE" }, "times": 1, "do": { "status": 204 } }),
    );
    let mei = office.house.acts(&office.house.world.larkspur.mentor).await;
    let called_off = office
        .house
        .app
        .cancel_meeting(&mei, meeting, 1, Scope::All, None);
    called_off.await.unwrap();
    office.lives(minutes(1)).await;
    assert_eq!(office.hosted().len(), 1, "Microsoft only said so");
    office.lives(DAY).await;
    assert_eq!(office.hosted(), []);
}

#[tokio::test]
async fn g14_a_token_that_is_challenged_without_end_ends_in_a_word_to_the_administrators() {
    let office = Office::is_integrated().await;
    goes_wrong(
        &office,
        json!({ "on": { "path_prefix": MEETINGS }, "do": { "claims_challenge": true } }),
    );
    let meeting = office.mei_plans("Challenged", "2026-12-03T09:00").await;
    let before = asked(&office);
    office.lives(minutes(30)).await;
    let calls = asked(&office) - before;
    assert!((2..=10).contains(&calls), "{calls} calls in half an hour");
    let state = office.state().await;
    assert!(
        matches!(state, IntegrationState::NeedsAttention(_)),
        "{state:?}"
    );
    assert_eq!(office.warnings().await, 1);

    office.tenant.sandbox.clear_faults();
    office.connects(crate::pages::tenant::SCHEDULER).await;
    office.settles().await;
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
}

#[tokio::test]
async fn g15_what_a_policy_forbids_is_not_asked_for_again_and_the_reason_is_shown() {
    let office = Office::is_integrated().await;
    goes_wrong(
        &office,
        json!({ "on": { "path_prefix": MEETINGS }, "do": { "graph_error": "Forbidden" } }),
    );
    let before = asked(&office);
    office.mei_plans("Forbidden", "2026-12-03T09:00").await;
    office.lives(minutes(60)).await;
    let calls = asked(&office) - before;
    assert!((1..=3).contains(&calls), "{calls} calls in an hour");
    let state = office.state().await;
    let forbidden = IntegrationState::NeedsAttention(Cause::HostMayNotSchedule);
    assert_eq!(state, forbidden);
    let page = office.page().await;
    assert!(
        page.contains("let the host account make Teams meetings"),
        "{page}"
    );
    assert_eq!(office.warnings().await, 1);
}
