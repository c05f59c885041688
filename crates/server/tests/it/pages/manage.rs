//! What global administrators run, and nobody else sees.

use http::StatusCode;
use ithaca::store::members;
use mentoring::member::Member;

use super::{Browser, House};

const MANAGE: &str = "/larkspur/manage";

async fn amara(house: &House) -> Browser<'_> {
    let admin = &house.world.larkspur.administrator;
    house.signs_in("larkspur", admin).await
}

async fn stored(house: &House, member: &Member) -> Member {
    let (store, id) = (&house.world.store, house.world.larkspur.id);
    let found = members::find_for_work(store, id, member.id).await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn r01_for_participants_there_is_nothing_to_manage() {
    let house = House::opens().await;
    let luis = &house.world.larkspur.mentee;
    let amara = amara(&house).await;
    let browser = house.signs_in("larkspur", luis).await;
    let hers = format!("/members/{}", house.world.larkspur.administrator.id);
    let going = format!("{hers}/deactivation");
    for page in [
        "",
        "/organization",
        "/members",
        "/members/invitation",
        &hers,
        &going,
        "/tracks",
        "/tracks/new",
        "/audit",
        "/audit.csv",
        "/integrations",
        "/integrations/teams",
        "/integrations/teams/state",
        "/integrations/teams/finished",
    ] {
        let address = format!("{MANAGE}{page}");
        let shown = amara.opens(&address).await.status;
        assert_eq!(shown, StatusCode::OK, "{page}");
        let hidden = browser.opens(&address).await.status;
        assert_eq!(hidden, StatusCode::NOT_FOUND, "{page}");
    }
    let fields = [
        ("first_name", "Luis"),
        ("last_name", "Two"),
        ("email", "l@x.example"),
    ];
    for (page, fields) in [
        ("/members/invitation", &fields[..]),
        (
            &format!("/members/{}/administrator", luis.id),
            &[("grant", "yes")],
        ),
        ("/organization", &[("name", "Mine")]),
        ("/tracks", &[("name", "Mine"), ("modes", "phone")]),
    ] {
        let answer = browser.posts(&format!("{MANAGE}{page}"), fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
    }
    assert!(!stored(&house, luis).await.global_administrator);
}

#[tokio::test]
async fn an_invitation_that_is_refused_keeps_what_was_typed() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    let form = format!("{MANAGE}/members/invitation");
    let fields = [
        ("first_name", "Priya"),
        ("last_name", "Nair"),
        ("email", "mei@larkspur.example"),
        ("global_administrator", "yes"),
    ];
    let refused = amara.posts(&form, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in [
        "Priya",
        "Nair",
        "mei@larkspur.example",
        "has that address already",
        "checked",
    ] {
        assert!(refused.body.contains(words), "{words}");
    }
    let fields = [
        ("first_name", "Priya"),
        ("last_name", "Nair"),
        ("email", "priya@alumni.example"),
    ];
    let invited = amara.posts(&form, &fields).await;
    let page = amara.opens(invited.location()).await;
    assert!(
        page.body.contains("Send the invitation again"),
        "{}",
        page.body
    );
    let again = format!("{}/invitation", invited.location());
    assert_eq!(amara.posts(&again, &[]).await.status, StatusCode::SEE_OTHER);
    let found = amara.opens(&format!("{MANAGE}/members?q=PRIYA%20n")).await;
    assert!(found.body.contains("priya@alumni.example"));
    assert!(!found.body.contains("mei@larkspur.example"));
    let none = amara.opens(&format!("{MANAGE}/members?q=%27%3B--")).await;
    assert!(none.body.contains("Nobody fits that."));
}

#[tokio::test]
async fn r06_an_organization_keeps_one_administrator() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = amara(&house).await;
    let hers = format!("{MANAGE}/members/{}", company.administrator.id);
    let page = amara.opens(&hers).await;
    assert!(
        page.body.contains("needs one active global administrator"),
        "{}",
        page.body
    );
    let refused = amara
        .posts(&format!("{hers}/administrator"), &[("grant", "no")])
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let meis = format!("{MANAGE}/members/{}", company.mentor.id);
    amara
        .posts(&format!("{meis}/administrator"), &[("grant", "yes")])
        .await;
    assert!(stored(&house, &company.mentor).await.global_administrator);
    let left = amara
        .posts(&format!("{hers}/administrator"), &[("grant", "no")])
        .await;
    assert_eq!(left.location(), "/larkspur");
    assert_eq!(amara.opens(MANAGE).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_is_deactivated_is_out_and_can_come_back() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = amara(&house).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let his = format!("{MANAGE}/members/{}", company.mentee.id);
    let asked = amara.opens(&format!("{his}/deactivation")).await;
    assert!(asked.body.contains("signed out everywhere"));
    amara.posts(&format!("{his}/deactivation"), &[]).await;
    assert_eq!(luis.opens("/larkspur").await.status, StatusCode::SEE_OTHER);
    let page = amara.opens(&his).await;
    assert!(page.body.contains("Reactivate"), "{}", page.body);
    assert!(page.body.contains("Not signed in"), "{}", page.body);
    let back = amara.posts(&format!("{his}/reactivation"), &[]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    let foreign = house.world.quillfield.mentee.id;
    let foreign = format!("{MANAGE}/members/{foreign}/deactivation");
    assert_eq!(
        amara.posts(&foreign, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_organization_is_described_by_who_saw_it_last() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    let form = format!("{MANAGE}/organization");
    let page = amara.opens(&form).await;
    assert!(page.body.contains("value=\"larkspur\""), "{}", page.body);
    let revision = page.hidden("revision").to_owned();
    let with = |name: &'static str, zone: &'static str, language: &'static str| {
        [
            ("revision", revision.as_str()),
            ("name", name),
            ("zone", zone),
            ("language", language),
        ]
    };
    for (fields, sentence) in [
        (with("", "Europe/Berlin", "en"), "Give it a name"),
        (
            with("Larkspur", "Mars/Base", "en"),
            "There is no time zone called",
        ),
        (with("Larkspur", "Europe/Berlin", "xx"), "Choose a language"),
    ] {
        let refused = amara.posts(&form, &fields).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{sentence}"
        );
        assert!(refused.body.contains(sentence), "{sentence}");
    }
    let fields = with("Larkspur Health", "Europe/Paris", "en-US");
    let saved = amara.posts(&form, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let stale = amara
        .posts(&form, &with("Larkspur Inc", "Europe/Paris", "en"))
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Larkspur Health"), "{}", stale.body);
}

#[tokio::test]
async fn a_new_track_stands_in_the_table_with_its_modes() {
    let house = House::opens().await;
    let amara = amara(&house).await;
    let table = format!("{MANAGE}/tracks");
    let nameless = amara
        .posts(&table, &[("name", " "), ("modes", "phone")])
        .await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    let early = [("name", "Women in Engineering"), ("modes", "teams")];
    let early = amara.posts(&table, &early).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.body);
    assert!(early.body.contains("not integrated yet"));
    assert!(early.body.contains("value=\"Women in Engineering\""));
    let fields = [
        ("name", "Women in Engineering"),
        ("modes", "phone"),
        ("modes", "in_person"),
    ];
    let made = amara.posts(&table, &fields).await;
    let settings = "/larkspur/tracks/women-in-engineering/settings/participants";
    assert_eq!(made.location(), settings);
    let page = amara.opens(&table).await;
    assert!(page.body.contains("Women in Engineering"));
    let twice = amara.posts(&table, &fields).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("a track with that name already"));
}

#[tokio::test]
async fn the_audit_log_is_filtered_turned_over_and_taken_along() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let hostile = Member {
        first_name: "=HYPERLINK(1)".to_owned(),
        ..company.mentee.clone()
    };
    let tx = house.world.store.begin(company.id).await.unwrap();
    members::update(&tx, &hostile).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..55 {
        house.signs_in("larkspur", &company.mentee).await;
    }
    let amara = amara(&house).await;
    let log = format!("{MANAGE}/audit");
    let page = amara.opens(&log).await;
    assert!(page.body.contains("Older") && !page.body.contains("Newer"));
    let first = amara.opens(&format!("{log}?before=7")).await;
    assert!(first.body.contains("Newer") && !first.body.contains("Older"));
    let mine = amara.opens(&format!("{log}?who=AMARA&what=session")).await;
    assert!(mine.body.contains("Amara Okafor") && !mine.body.contains("HYPERLINK"));
    let future = amara.opens(&format!("{log}?from=2999-01-01")).await;
    assert!(future.body.contains("Nothing fits that."));
    let wrong = amara.opens(&format!("{log}?until=soon")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Enter a date"));
    for query in ["what=everything", "before=now", "after=1%27"] {
        let refused = amara.opens(&format!("{log}?{query}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let file = amara.opens(&format!("{log}.csv")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        file.header("content-disposition")
            .contains("audit-larkspur.csv")
    );
    assert!(
        file.body.contains("\"'=HYPERLINK(1) Ortega\""),
        "{}",
        file.body
    );
    assert!(file.body.lines().count() > 55);
}
