//! The way to Microsoft and back, in hands that mean no good (C).

use axum::body::Body;
use http::{Request, StatusCode, header};
use ithaca::store::{consents, integrations, members, tracks};
use mentoring::integration::IntegrationState;
use mentoring::member::Member;
use mentoring::role::Role;
use sea_orm::ConnectionTrait as _;
use url::Url;
use uuid::Uuid;

use crate::pages::tenant::{MICROSOFT, SCHEDULER, Tenant};
use crate::pages::{Answer, Browser, House};

const TEAMS: &str = "/larkspur/manage/integrations/teams";

/// Presses Integrate, and is on the way to this address.
async fn leaves(browser: &Browser<'_>) -> String {
    let page = browser.opens(TEAMS).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let fields = [("attempt", page.hidden("attempt")), ("window", "page")];
    let away = browser.posts(&format!("{TEAMS}/consent"), &fields).await;
    assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
    away.location().to_owned()
}

async fn comes_back(browser: &Browser<'_>, query: &str) -> Answer {
    let address = format!("/integrations/microsoft/callback?{query}");
    browser.opens(&address).await
}

async fn state(house: &House, admin: &Member) -> IntegrationState {
    let sight = house
        .world
        .larkspur
        .sight_of(&house.world.store, admin)
        .await;
    let found = integrations::find(&house.world.store, &sight).await;
    found.unwrap().state
}

async fn outcome(house: &House, admin: &Member) -> String {
    let sight = house
        .world
        .larkspur
        .sight_of(&house.world.store, admin)
        .await;
    let newest = consents::newest(&house.world.store, &sight).await.unwrap();
    newest.unwrap().outcome.expect("it has ended")
}

fn parameter(address: &str, name: &str) -> String {
    let address = Url::parse(address).unwrap();
    let mut pairs = address.query_pairs();
    let found = pairs.find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn c01_an_answer_without_its_state_asks_microsoft_nothing() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let own = parameter(&away, "state");
    for query in [
        String::new(),
        "code=stolen".to_owned(),
        "code=stolen&state=".to_owned(),
        "code=stolen&state=guessed".to_owned(),
        format!("code=stolen&state={own}&state={own}"),
        format!("code=stolen&code=other&state={own}"),
        format!("state={own}"),
    ] {
        let answer = comes_back(&amara, &query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(tenant.redeemed(), 0);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
    // Nothing of that has spoilt the flow itself.
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    assert_eq!(
        comes_back(&amara, &query).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(state(&house, admin).await, IntegrationState::Checking);
}

#[tokio::test]
async fn c02_c17_an_answer_in_another_browser_is_worth_nothing() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;

    let elsewhere = house.signs_in("larkspur", admin).await;
    let stranger = house.stranger();
    let edda = &house.world.quillfield.administrator;
    let edda = house.signs_in("quillfield", edda).await;
    for browser in [&elsewhere, &stranger, &edda] {
        let answer = comes_back(browser, &query).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    }
    assert_eq!(tenant.redeemed(), 0);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn c02_w07_a_stolen_session_is_not_yet_the_browser_that_asked() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    let all = amara.cookies();
    let session = all
        .split("; ")
        .find(|pair| pair.starts_with("__Host-ithaca="))
        .unwrap();
    for cookies in [
        session.to_owned(),
        format!("{session}; __Host-consent=page.guessed"),
        format!("{session}; __Host-consent="),
        format!("{all}; __Host-consent=page.guessed"),
    ] {
        let request = Request::get(format!("/integrations/microsoft/callback?{query}"))
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, &cookies)
            .body(Body::empty())
            .unwrap();
        let answer = house.asks(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{cookies}");
    }
    assert_eq!(tenant.redeemed(), 0);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn c03_an_answer_is_taken_once() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    let (one, other) = tokio::join!(comes_back(&amara, &query), comes_back(&amara, &query));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
    assert_eq!(tenant.redeemed(), 1);
    let third = comes_back(&amara, &query).await;
    assert_eq!(third.status, StatusCode::BAD_REQUEST);
    assert_eq!(tenant.redeemed(), 1);
}

#[tokio::test]
async fn c04_a_forgotten_flow_has_ended() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    let eleven_minutes_ago = "UPDATE consents SET started_at = started_at - 660000";
    let database = house.world.store.read();
    database
        .execute_unprepared(eleven_minutes_ago)
        .await
        .unwrap();
    let late = comes_back(&amara, &query).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    assert!(late.body.contains("more than ten minutes"), "{}", late.body);
    assert_eq!(tenant.redeemed(), 0);
    assert!(
        outcome(&house, admin)
            .await
            .contains("more than ten minutes")
    );
}

#[tokio::test]
async fn c04_a_flow_ends_with_the_session_it_was_begun_in() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    amara.posts("/larkspur/sign-out", &[]).await;
    let id = admin.id.to_string();
    amara.posts("/larkspur/sign-in", &[("person", &id)]).await;
    let answer = comes_back(&amara, &query).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(tenant.redeemed(), 0);
}

#[tokio::test]
async fn c04_who_is_no_administrator_any_more_connects_nothing() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let company = &house.world.larkspur;
    let admin = &company.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    let tx = house.world.store.begin(company.id).await.unwrap();
    let ordinary = Member {
        global_administrator: false,
        ..admin.clone()
    };
    members::update(&tx, &ordinary).await.unwrap();
    tx.commit().await.unwrap();
    let answer = comes_back(&amara, &query).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert_eq!(tenant.redeemed(), 0);
}

#[tokio::test]
async fn c05_c11_the_way_there_asks_which_account_and_proves_who_asked() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let page = amara.opens(TEAMS).await;
    let attempt = page.hidden("attempt");
    // What a page says of state and challenge is unknown to the form.
    let forged = [("attempt", attempt), ("window", "page"), ("state", "mine")];
    let refused = amara.posts(&format!("{TEAMS}/consent"), &forged).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let away = leaves(&amara).await;
    assert_eq!(parameter(&away, "code_challenge_method"), "S256");
    assert_eq!(parameter(&away, "code_challenge").len(), 43);
    assert_eq!(parameter(&away, "prompt"), "select_account");
    assert_eq!(parameter(&away, "response_mode"), "query");
    let again = leaves(&amara).await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&away, name), parameter(&again, name), "{name}");
    }
    // A code for another challenge is no use, whatever comes with it.
    let other = away.replace(&parameter(&away, "state"), &parameter(&again, "state"));
    let query = tenant.sends_back(&other, SCHEDULER, "Accept").await;
    comes_back(&amara, &query).await;
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn c06_a_token_for_another_question_is_refused() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let replayed = away.replace(&parameter(&away, "nonce"), "an-earlier-nonce");
    let query = tenant.sends_back(&replayed, SCHEDULER, "Accept").await;
    let answer = comes_back(&amara, &query).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
    assert_ne!(outcome(&house, admin).await, "");
}

#[tokio::test]
async fn c09_a_claimed_approval_binds_nothing() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let victim = Uuid::from_u128(99);
    let own = parameter(&away, "state");
    let claimed = format!("admin_consent=True&tenant={victim}&state={own}");
    comes_back(&amara, &claimed).await;
    let stranger = house.stranger();
    let thanked = format!("admin_consent=True&tenant={victim}&state=any");
    let thanked = comes_back(&stranger, &thanked).await;
    assert_eq!(thanked.status, StatusCode::OK, "{}", thanked.body);
    assert!(!thanked.body.contains(&victim.to_string()));
    assert_eq!(tenant.redeemed(), 0);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn c10_another_directory_takes_over_only_after_a_second_yes() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    comes_back(&amara, &query).await;
    let company = house.world.larkspur.id;
    let before = integrations::find_for_work(&house.world.store, company).await;
    let attempt = house
        .app
        .randomness
        .uuid_v7(house.app.clock.now())
        .to_string();
    let fields = [("attempt", attempt.as_str()), ("window", "page")];
    let away = amara.posts(&format!("{TEAMS}/consent"), &fields).await;
    let other = "scheduler@quillfield.example";
    let query = tenant.sends_back(away.location(), other, "Accept").await;
    comes_back(&amara, &query).await;
    assert_eq!(outcome(&house, admin).await, "");
    let page = amara.opens(TEAMS).await;
    assert!(
        page.body.contains("another Microsoft directory"),
        "{}",
        page.body
    );
    let after = integrations::find_for_work(&house.world.store, company).await;
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!(after.state, IntegrationState::Checking);
    assert_eq!(after.host, before.host, "nothing happens before the yes");
}

#[tokio::test]
async fn c12_a_guest_hosts_nothing() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    tenant.approves_for_everyone(&leaves(&amara).await).await;
    let guest = "dana.cole_partner.example#EXT#@larkspur.example";
    let query = tenant
        .sends_back(&leaves(&amara).await, guest, "Accept")
        .await;
    comes_back(&amara, &query).await;
    let sentence = outcome(&house, admin).await;
    assert!(sentence.contains("guests cannot host"), "{sentence}");
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn c22_cancel_changes_nothing_and_its_words_are_only_text() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let own = parameter(&away, "state");
    let script = "%3Cscript%3Ealert(1)%3C/script%3E";
    let query = format!("error=access_denied&error_description={script}&state={own}");
    let answer = comes_back(&amara, &query).await;
    let page = amara.opens(answer.location()).await;
    assert!(
        page.body.contains("The permission was not given"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<script>alert"));
    assert_eq!(tenant.redeemed(), 0);
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);

    let query = tenant
        .sends_back(&leaves(&amara).await, SCHEDULER, "Cancel")
        .await;
    let answer = comes_back(&amara, &query).await;
    let page = amara.opens(answer.location()).await;
    assert!(
        page.body.contains("The permission was not given"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn c25_no_code_stays_in_an_address() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let away = leaves(&amara).await;
    let query = tenant.sends_back(&away, SCHEDULER, "Accept").await;
    let answer = comes_back(&amara, &query).await;
    assert!(
        answer.location().starts_with(TEAMS),
        "{}",
        answer.location()
    );
    assert!(!answer.location().contains("code="));
    assert!(answer.body.is_empty());
    let page = amara.opens(&format!("{TEAMS}/finished")).await;
    assert_eq!(page.header("referrer-policy"), "same-origin");
    let code = url::form_urlencoded::parse(query.as_bytes());
    let code = code
        .into_owned()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1;
    assert!(!page.body.contains(&code));
}

#[tokio::test]
async fn r01_r02_only_a_global_administrator_begins_or_ends_a_connection() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let company = &house.world.larkspur;
    let runs: mentoring::role::Roles = [Role::TrackAdministrator].into_iter().collect();
    let tx = house.world.store.begin(company.id).await.unwrap();
    let mentor = company.mentor.id;
    tracks::enrol(&tx, company.id, company.track.id, mentor, &runs)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let attempt = house
        .app
        .randomness
        .uuid_v7(house.app.clock.now())
        .to_string();
    let begin = [("attempt", attempt.as_str()), ("window", "page")];
    let end = [
        ("links", "keep"),
        ("replacement", ""),
        ("confirmation", "remove"),
    ];
    let yes = [("answer", "yes")];
    for (member, expected) in [
        (&company.mentor, StatusCode::FORBIDDEN),
        (&company.mentee, StatusCode::NOT_FOUND),
    ] {
        let browser = house.signs_in("larkspur", member).await;
        for (path, fields) in [
            ("consent", &begin[..]),
            ("removal", &end[..]),
            ("host", &yes[..]),
            ("check", &[][..]),
        ] {
            let answer = browser.posts(&format!("{TEAMS}/{path}"), fields).await;
            assert_eq!(answer.status, expected, "{path}");
        }
    }
    let admin = &company.administrator;
    assert_eq!(state(&house, admin).await, IntegrationState::NotIntegrated);
}

#[tokio::test]
async fn w02_the_page_that_leads_to_microsoft_names_it_and_no_other_does() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    let policy = "content-security-policy";
    let page = amara.opens(TEAMS).await;
    let leads = format!("form-action 'self' {MICROSOFT};");
    assert!(
        page.header(policy).contains(&leads),
        "{}",
        page.header(policy)
    );
    let page = amara.opens("/larkspur/manage").await;
    assert!(page.header(policy).contains("form-action 'self';"));
}
