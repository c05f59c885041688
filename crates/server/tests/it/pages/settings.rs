//! Program Settings: who may change a track, and what becomes of it.

use http::StatusCode;
use ithaca::store::tracks;
use mentoring::integration::IntegrationState;
use mentoring::lobby::LobbyScope;
use mentoring::role::{Role, Roles};
use mentoring::track::{Mode, Modes, Track};

use super::integrations::stands;
use super::meetings::plans;
use super::{Browser, House};

const SETTINGS: &str = "/larkspur/tracks/new-managers/settings";

/// Mei runs the track from now on.
async fn mei_runs(house: &House) -> Browser<'_> {
    let company = &house.world.larkspur;
    let roles: Roles = [Role::Mentor, Role::TrackAdministrator]
        .into_iter()
        .collect();
    let tx = house.world.store.begin(company.id).await.unwrap();
    let (track, mei) = (company.track.id, &company.mentor);
    tracks::enrol(&tx, company.id, track, mei.id, &roles)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    house.signs_in("larkspur", mei).await
}

async fn uses(house: &House, modes: &[Mode]) {
    let company = &house.world.larkspur;
    let track = Track {
        modes: Modes::from_iter(modes.iter().copied()).unwrap(),
        ..company.track.clone()
    };
    let tx = house.world.store.begin(company.id).await.unwrap();
    tracks::update(&tx, &track).await.unwrap();
    tx.commit().await.unwrap();
}

async fn stored(house: &House) -> Track {
    let company = &house.world.larkspur;
    let found = tracks::find_for_work(&house.world.store, company.id, company.track.id).await;
    found.unwrap().unwrap()
}

#[tokio::test]
async fn r02_settings_are_for_those_who_run_the_track() {
    let house = House::opens().await;
    let luis = &house.world.larkspur.mentee;
    let browser = house.signs_in("larkspur", luis).await;
    for tab in ["general", "permissions", "participants"] {
        let page = browser.opens(&format!("{SETTINGS}/{tab}")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{tab}");
    }
    let fields = [("modes", "phone"), ("lobby", "everyone")];
    let refused = browser
        .posts(&format!("{SETTINGS}/permissions"), &fields)
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let oneself = format!("{SETTINGS}/participants/{}", luis.id);
    let refused = browser
        .posts(&oneself, &[("roles", "track_administrator")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(stored(&house).await, house.world.larkspur.track);
    let edda = &house.world.quillfield.administrator;
    let edda = house.signs_in("quillfield", edda).await;
    let foreign = edda.opens(&format!("{SETTINGS}/general")).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn s11_s15_teams_can_be_ticked_only_while_it_is_integrated() {
    let house = House::opens().await;
    uses(&house, &[Mode::Phone]).await;
    let mei = mei_runs(&house).await;
    let here = format!("{SETTINGS}/permissions");
    let page = mei.opens(&here).await;
    assert!(
        page.body.contains("Microsoft Teams is not integrated yet."),
        "{}",
        page.body
    );
    assert!(page.body.contains("disabled"));
    assert!(!page.body.contains("Look at the integration"));
    let admin = &house.world.larkspur.administrator;
    let amara = house.signs_in("larkspur", admin).await;
    assert!(
        amara
            .opens(&here)
            .await
            .body
            .contains("Look at the integration")
    );

    let teams = [
        ("modes", "phone"),
        ("modes", "teams"),
        ("lobby", "everyone"),
    ];
    let forged = mei.posts(&here, &teams).await;
    assert_eq!(forged.status, StatusCode::CONFLICT);
    assert!(
        forged
            .body
            .contains("Microsoft Teams is not integrated yet.")
    );
    assert!(!stored(&house).await.modes.contains(Mode::Teams));

    stands(&house, IntegrationState::Integrated).await;
    let saved = mei.posts(&here, &teams).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let track = stored(&house).await;
    assert!(track.modes.contains(Mode::Teams));
    assert_eq!(track.lobby, LobbyScope::Everyone);
}

#[tokio::test]
async fn what_cannot_be_saved_comes_back_as_it_was_typed() {
    let house = House::opens().await;
    let mei = mei_runs(&house).await;
    let here = format!("{SETTINGS}/permissions");
    let refused = mei.posts(&here, &[("lobby", "everyone")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Choose at least one meeting mode."));
    let unknown = mei
        .posts(&here, &[("modes", "fax"), ("lobby", "everyone")])
        .await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    let here = format!("{SETTINGS}/general");
    let refused = mei.posts(&here, &[("name", "  ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Give it a name"));
}

#[tokio::test]
async fn a_form_that_is_out_of_date_writes_over_nothing() {
    let house = House::opens().await;
    let mei = mei_runs(&house).await;
    let here = format!("{SETTINGS}/general");
    let page = mei.opens(&here).await;
    assert!(
        page.body.contains("value=\"New Managers\""),
        "{}",
        page.body
    );
    let revision = page.hidden("revision").to_owned();
    mei.posts(&here, &[("name", "Managers")]).await;
    let stale = [("revision", revision.as_str()), ("name", "Leaders")];
    let refused = mei.posts(&here, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    for words in ["Managers", "Leaders"] {
        assert!(refused.body.contains(words), "{words}");
    }
    assert_eq!(stored(&house).await.name, "Managers");
}

#[tokio::test]
async fn unticking_teams_asks_what_becomes_of_the_planned_meetings() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    stands(&house, IntegrationState::Integrated).await;
    super::meetings::has_an_account(&house, &company.mentor).await;
    let mei = mei_runs(&house).await;
    let made = plans(&mei, company, "teams").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let here = format!("{SETTINGS}/permissions");
    let mut fields = vec![("modes", "in_person phone"), ("lobby", "organization")];
    let asked = mei.posts(&here, &fields).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(
        asked.body.contains("1 planned Teams meeting"),
        "{}",
        asked.body
    );
    assert!(asked.body.contains("First weeks as a manager"));
    assert!(stored(&house).await.modes.contains(Mode::Teams));
    fields.push(("links", "turn"));
    let unclear = mei.posts(&here, &fields).await;
    assert_eq!(unclear.status, StatusCode::UNPROCESSABLE_ENTITY);
    fields.push(("replacement", "phone"));
    let saved = mei.posts(&here, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert!(!stored(&house).await.modes.contains(Mode::Teams));
    let page = mei.opens(made.location()).await;
    assert!(page.body.contains("Phone"));
    assert!(!page.body.contains("Join Teams meeting"));
}

#[tokio::test]
async fn participants_come_change_and_go() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    stands(&house, IntegrationState::Integrated).await;
    let mei = mei_runs(&house).await;
    let here = format!("{SETTINGS}/participants");
    let page = mei.opens(&here).await;
    assert!(page.body.contains("Being looked up"), "{}", page.body);
    assert!(page.body.contains("Amara Okafor"));
    let amara = company.administrator.id.to_string();
    let refused = mei.posts(&here, &[("member", &amara)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Choose at least one role."));
    let foreign = house.world.quillfield.mentee.id.to_string();
    let refused = mei
        .posts(&here, &[("member", &foreign), ("roles", "mentor")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let added = mei
        .posts(&here, &[("member", &amara), ("roles", "mentor")])
        .await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.body);

    let theirs = format!("{here}/{amara}");
    let none = mei.posts(&theirs, &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    mei.posts(&theirs, &[("roles", "mentee"), ("roles", "mentor")])
        .await;
    let page = mei.opens(&here).await;
    assert!(page.body.contains("Mentor, Mentee"), "{}", page.body);
    mei.posts(&format!("{theirs}/removal"), &[]).await;
    let gone = mei.posts(&format!("{theirs}/removal"), &[]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let oneself = format!("{here}/{}", company.mentor.id);
    let left = mei.posts(&oneself, &[("roles", "mentor")]).await;
    assert_eq!(left.location(), "/larkspur");
}
