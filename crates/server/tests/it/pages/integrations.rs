//! The Microsoft Teams page, from the first look to the removal.

use http::StatusCode;
use ithaca::store::integrations::{self, Check, Host, Integration};
use ithaca::store::tracks;
use mentoring::integration::{Cause, IntegrationState};
use mentoring::track::Mode;
use uuid::Uuid;

use super::tenant::{SCHEDULER, Tenant};
use super::{Browser, House};

const TEAMS: &str = "/larkspur/manage/integrations/teams";

/// Larkspur's integration stands like this.
pub async fn stands(house: &House, state: IntegrationState) {
    let company = &house.world.larkspur;
    let check = |name: &str| Check {
        name: name.to_owned(),
        passed: true,
        reason: String::new(),
    };
    let integration = Integration {
        state,
        generation: 1,
        host: Some(Host {
            tenant_id: Uuid::from_u128(1),
            tenant_name: "Larkspur".to_owned(),
            object_id: Uuid::from_u128(2),
            name: "Teams Scheduler".to_owned(),
            user_principal_name: SCHEDULER.to_owned(),
        }),
        scopes: vec!["OnlineMeetings.ReadWrite".to_owned(), "openid".to_owned()],
        connected_by: Some((company.administrator.id, "Amara Okafor".to_owned())),
        connected_at: Some(house.app.clock.now()),
        checked_at: Some(house.app.clock.now()),
        checks: vec![check("A Teams meeting can be made")],
        ..Integration::none(company.id)
    };
    let tx = house.world.store.begin(company.id).await.unwrap();
    integrations::save(&tx, &integration, None).await.unwrap();
    tx.commit().await.unwrap();
}

async fn amara(house: &House) -> Browser<'_> {
    let admin = &house.world.larkspur.administrator;
    house.signs_in("larkspur", admin).await
}

async fn state(house: &House) -> IntegrationState {
    let id = house.world.larkspur.id;
    let found = integrations::find_for_work(&house.world.store, id).await;
    found.unwrap().state
}

#[tokio::test]
async fn s5_s7_the_page_behind_the_popup_learns_from_the_server_how_it_went() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let amara = amara(&house).await;
    let page = amara.opens(TEAMS).await;
    let attempt = page.hidden("attempt").to_owned();
    let asks = format!("{TEAMS}/state?attempt={attempt}&shown=waiting");
    // The pop-up opens before its form has arrived.
    assert_eq!(amara.opens(&asks).await.status, StatusCode::NO_CONTENT);
    let fields = [("attempt", attempt.as_str()), ("window", "popup")];
    let away = amara.posts(&format!("{TEAMS}/consent"), &fields).await;
    assert_eq!(amara.opens(&asks).await.status, StatusCode::NO_CONTENT);

    let query = tenant
        .sends_back(away.location(), SCHEDULER, "Cancel")
        .await;
    let back = amara
        .opens(&format!("/integrations/microsoft/callback?{query}"))
        .await;
    assert_eq!(back.location(), format!("{TEAMS}/finished"));
    let closing = amara.opens(back.location()).await;
    assert!(closing.body.contains("You can close this window"));
    assert!(closing.body.contains("The permission was not given"));
    let ended = amara.opens(&asks).await;
    assert!(
        ended.body.contains("The permission was not given"),
        "{}",
        ended.body
    );
    assert!(ended.body.contains(">Integrate</button>"));

    // The second try is made from the same page, by the same name.
    let away = amara.posts(&format!("{TEAMS}/consent"), &fields).await;
    let query = tenant
        .sends_back(away.location(), SCHEDULER, "Accept")
        .await;
    amara
        .opens(&format!("/integrations/microsoft/callback?{query}"))
        .await;
    let checking = amara.opens(&asks).await;
    assert!(checking.body.contains("Checking…"), "{}", checking.body);
    assert!(checking.body.contains("shown=checking-0"));
    let same = asks.replace("waiting", "checking-0");
    assert_eq!(amara.opens(&same).await.status, StatusCode::NO_CONTENT);
    stands(&house, IntegrationState::Integrated).await;
    let integrated = amara.opens(&same).await;
    for words in ["Integrated", "Teams Scheduler", "Amara Okafor", "all well"] {
        assert!(integrated.body.contains(words), "{words}");
    }
    assert!(!integrated.body.contains("hx-get"), "{}", integrated.body);
}

#[tokio::test]
async fn without_a_popup_one_comes_straight_back_to_the_page() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let amara = amara(&house).await;
    let page = amara.opens(TEAMS).await;
    let fields = [("attempt", page.hidden("attempt")), ("window", "page")];
    let away = amara.posts(&format!("{TEAMS}/consent"), &fields).await;
    let waiting = amara.opens(TEAMS).await;
    assert!(waiting.body.contains("Waiting for Microsoft…"));
    let query = tenant
        .sends_back(away.location(), SCHEDULER, "Accept")
        .await;
    let back = amara
        .opens(&format!("/integrations/microsoft/callback?{query}"))
        .await;
    let page = amara.opens(back.location()).await;
    assert!(page.body.contains("Checking…"), "{}", page.body);
}

#[tokio::test]
async fn an_ordinary_account_hosts_only_once_somebody_said_yes() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    stands(&house, IntegrationState::AwaitingConfirmation).await;
    let page = amara.opens(TEAMS).await;
    assert!(
        page.body.contains("Is this the right host?"),
        "{}",
        page.body
    );
    let host = format!("{TEAMS}/host");
    let unclear = amara.posts(&host, &[]).await;
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
    amara.posts(&host, &[("answer", "yes")]).await;
    assert_eq!(state(&house).await, IntegrationState::Checking);
    let late = amara.posts(&host, &[("answer", "no")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    stands(&house, IntegrationState::AwaitingConfirmation).await;
    amara.posts(&host, &[("answer", "no")]).await;
    assert_eq!(state(&house).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn what_needs_attention_says_why_and_what_to_do() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    stands(
        &house,
        IntegrationState::NeedsAttention(Cause::TokenRevoked),
    )
    .await;
    let page = amara.opens(TEAMS).await;
    for words in [
        "Needs attention",
        "was signed out at Microsoft",
        "Reconnect",
    ] {
        assert!(page.body.contains(words), "{words}");
    }
    let checked = amara.posts(&format!("{TEAMS}/check"), &[]).await;
    let page = amara.opens(checked.location()).await;
    assert!(page.body.contains("&#38;since=") || page.body.contains("&amp;since="));
}

#[tokio::test]
async fn s12_nothing_is_removed_without_the_word_and_a_choice() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    let removal = format!("{TEAMS}/removal");
    assert_eq!(amara.opens(&removal).await.location(), TEAMS);
    stands(&house, IntegrationState::Integrated).await;
    let page = amara.opens(&removal).await;
    assert!(
        page.body.contains("Type remove to confirm"),
        "{}",
        page.body
    );
    let fields = [
        ("links", "delete"),
        ("replacement", "teams"),
        ("confirmation", "yes <b>"),
    ];
    let refused = amara.posts(&removal, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "Choose what they become.",
        "Type the word remove",
        "yes &#60;b&#62;",
    ] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    assert_eq!(state(&house).await, IntegrationState::Integrated);

    let begun = amara.posts(&removal, &[("confirmation", " Remove ")]).await;
    assert_eq!(begun.location(), TEAMS);
    let page = amara.opens(TEAMS).await;
    assert!(page.body.contains("Removing…"), "{}", page.body);
    let company = &house.world.larkspur;
    let track = tracks::find_for_work(&house.world.store, company.id, company.track.id).await;
    assert!(!track.unwrap().unwrap().modes.contains(Mode::Teams));
    let again = amara.posts(&removal, &[("confirmation", "remove")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn s12_afterwards_one_reads_what_is_left_to_do_at_microsoft() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    stands(&house, IntegrationState::Integrated).await;
    let fields = [("confirmation", "remove")];
    amara.posts(&format!("{TEAMS}/removal"), &fields).await;
    stands(&house, IntegrationState::Removed).await;
    let page = amara.opens(TEAMS).await;
    for words in [
        "Amara Okafor removed Microsoft Teams",
        "Enterprise applications",
    ] {
        assert!(page.body.contains(words), "{words}");
    }
    let client = house.app.microsoft.application().client_id.to_string();
    assert!(page.body.contains(&client));
}
