//! Links that are given up: people are told the truth, somebody can ask once more, and what
//! heals by itself is found healed.

use ithaca::content::Content;
use ithaca::reconcile::Tools;
use ithaca::reconcile::stumbling::work_on;
use ithaca::store::lease::{self, Work};
use mentoring::integration::{Cause, IntegrationState};
use mentoring::link::{LinkState, WaitingReason};
use mentoring::organization::MeetingId;
use sandbox::faults::{Act, Fault, What};
use serde_json::json;

use super::{Office, TEAMS, due, minutes};

const CREATE: &str = "/v1.0/me/onlineMeetings/createOrGet";

/// Whoever works on this link panics, until it is set aside.
async fn is_set_aside(office: &Office, tools: &Tools, meeting: MeetingId) {
    loop {
        for claim in due(tools, Work::Links).await {
            assert_eq!(claim.id, meeting.0);
            let panics = |_, _| async { panic!("nobody can read this") };
            work_on(tools, &[claim], panics).await.unwrap();
        }
        let Some(next) = lease::next_due(&tools.store, Work::Links).await.unwrap() else {
            return;
        };
        let clock = &office.house.app.clock;
        clock.advance(next.duration_since(office.now()));
    }
}

#[tokio::test]
async fn n9_f35_a_link_that_ithaca_stumbles_over_is_given_up_and_said_and_can_be_asked_for_again() {
    let office = Office::is_integrated().await;
    let company = &office.house.world.larkspur;
    let meeting = office.mei_plans("Poison", "2026-11-26T09:00").await;
    is_set_aside(&office, &office.tools(), meeting).await;

    let failed = LinkState::Failed(Cause::OwnFault);
    assert_eq!(office.link(meeting).await.state, failed);
    assert_eq!(office.warnings().await, 1, "the administrators are told");
    let listed = office.page().await;
    assert!(listed.contains("Meetings without a link"), "{listed}");
    assert!(listed.contains(">Poison</a>"), "{listed}");
    let address = format!("/larkspur/meetings/{meeting}");
    let luis = office.house.signs_in("larkspur", &company.mentee).await;
    let page = luis.opens(&address).await.body;
    let sentence = "Ithaca could not get the link of this meeting. Your administrators know;";
    assert!(page.contains(sentence), "{page}");
    assert!(!page.contains("Try again</button>"), "it is not his");
    let refused = luis.posts(&format!("{address}/link"), &[]).await;
    assert_eq!(refused.status, 403);

    let mei = office.house.signs_in("larkspur", &company.mentor).await;
    let page = mei.opens(&address).await.body;
    assert!(page.contains("Try again</button>"), "{page}");
    mei.posts(&format!("{address}/link"), &[]).await;
    office.settles().await;
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
    let told = office.mails(&company.mentee).await;
    let is_invitation = |mail: &&Content| matches!(mail, Content::Invitation(_));
    assert_eq!(told.iter().filter(is_invitation).count(), 1);
    let again = mei.posts(&format!("{address}/link"), &[]).await;
    assert_eq!(again.status, 409, "there is nothing to try again");
    let audit = office.amara().await.opens("/larkspur/manage/audit").await;
    for said in [
        "Gave up making a meeting&#39;s Teams link.",
        "Asked once more",
    ] {
        assert!(audit.body.contains(said), "{said}: {}", audit.body);
    }
}

#[tokio::test]
async fn g07_what_microsoft_never_answers_sensibly_is_given_up_within_a_day_and_told_once() {
    let office = Office::is_integrated().await;
    let elsewhere = json!({ "joinWebUrl": "https://teams.microsoft.com.evil.example/l/1" });
    let mut nonsense = Fault::once(CREATE, What::Alter(elsewhere).into());
    nonsense.times = None;
    office.tenant.sandbox.fault(nonsense);
    let first = office.mei_plans("First", "2026-12-03T09:00").await;
    let second = office.mei_plans("Second", "2026-12-04T09:00").await;
    office.lives(minutes(60)).await;
    let failed = LinkState::Failed(Cause::WrongAnswer);
    assert_eq!(office.link(first).await.state, failed);
    assert_eq!(office.link(second).await.state, failed);
    assert_eq!(office.warnings().await, 1, "one mail for both");

    office.tenant.sandbox.clear_faults();
    let amara = office.amara().await;
    amara.posts(&format!("{TEAMS}/check"), &[]).await;
    office.settles().await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    assert_eq!(office.link(first).await.state, LinkState::Ready);
    assert_eq!(office.link(second).await.state, LinkState::Ready);
    assert!(!office.page().await.contains("Meetings without a link"));
}

#[tokio::test]
async fn g07_one_meeting_that_microsoft_is_broken_for_is_given_up_once_the_others_got_through() {
    let office = Office::is_integrated().await;
    let cursed = office.mei_plans("Cursed", "2026-12-03T09:00").await;
    let broken = |path: &str| Fault::once(path, Act::answer(503, json!({})));
    // Made it was, and now nothing else can be done with it.
    let mut update = broken("/v1.0/me/onlineMeetings/");
    update.on.method = Some("PATCH".to_owned());
    office.tenant.sandbox.fault(update);
    office.settles().await;
    let id = office
        .link(cursed)
        .await
        .observed
        .online_meeting_id
        .unwrap();
    let mut forever = broken(&format!("/v1.0/me/onlineMeetings/{id}"));
    forever.times = None;
    office.tenant.sandbox.fault(forever);

    office.lives(minutes(60 * 23)).await;
    let waits = LinkState::Waiting(WaitingReason::Because(Cause::Unreachable));
    assert_eq!(office.link(cursed).await.state, waits, "it may still heal");
    assert_eq!(office.warnings().await, 0);
    office.lives(minutes(60 * 3)).await;
    let other = office.mei_plans("Blessed", "2026-12-04T09:00").await;
    office.lives(minutes(10)).await;
    assert_eq!(office.link(other).await.state, LinkState::Ready);
    let failed = LinkState::Failed(Cause::Unreachable);
    assert_eq!(office.link(cursed).await.state, failed);
    assert_eq!(office.warnings().await, 1);
}

#[tokio::test]
async fn n9_a_night_later_a_link_that_was_given_up_is_tried_once_more() {
    let office = Office::is_integrated().await;
    let meeting = office.mei_plans("Poison", "2026-11-26T09:00").await;
    is_set_aside(&office, &office.tools(), meeting).await;
    assert_eq!(office.state().await, IntegrationState::Integrated);
    office.lives(minutes(60 * 24)).await;
    assert_eq!(office.link(meeting).await.state, LinkState::Ready);
}
