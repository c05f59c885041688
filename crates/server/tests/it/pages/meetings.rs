//! Planning, moving and cancelling a meeting, and the way into Teams.

use http::StatusCode;
use ithaca::store::directory::{self, DirectoryAccount, Lookup};
use ithaca::store::integrations::{self, Host, Integration};
use ithaca::store::{links, meetings};
use mentoring::eligibility::DirectoryFinding;
use mentoring::integration::IntegrationState;
use mentoring::link::LinkState;
use mentoring::member::Member;
use mentoring::organization::MeetingId;
use uuid::Uuid;

use super::{Answer, Browser, House};
use crate::store::Company;

/// Plans a meeting with the company's mentee.
pub async fn plans(browser: &Browser<'_>, company: &Company, mode: &str) -> Answer {
    let slug = company.mentor.email.as_str().split(['@', '.']).nth(1);
    let track = format!("/{}/tracks/new-managers/meetings", slug.unwrap());
    let form = browser.opens(&format!("{track}/new")).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    send(browser, &track, form.hidden("once"), company, mode).await
}

async fn send(
    browser: &Browser<'_>,
    track: &str,
    once: &str,
    company: &Company,
    mode: &str,
) -> Answer {
    let mentee = company.mentee.id.to_string();
    let fields = [
        ("once", once),
        ("title", "First weeks as a manager"),
        ("agenda", "What surprised you?"),
        ("people", mentee.as_str()),
        ("date", "2027-11-24"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", mode),
        ("location", ""),
    ];
    browser.posts(track, &fields).await
}

/// Larkspur has integrated Teams, and this member has an account there or not.
async fn integrates(house: &House, member: &Member, finding: DirectoryFinding) {
    let company = &house.world.larkspur;
    let now = house.world.clock.now();
    let tx = house.world.store.begin(company.id).await.unwrap();
    let integration = Integration {
        state: IntegrationState::Integrated,
        generation: 1,
        host: Some(Host {
            tenant_id: Uuid::from_u128(1),
            tenant_name: "Larkspur".to_owned(),
            object_id: Uuid::from_u128(2),
            name: "Teams Scheduler".to_owned(),
            user_principal_name: "scheduler@larkspur.example".to_owned(),
        }),
        ..Integration::none(company.id)
    };
    integrations::save(&tx, &integration, None).await.unwrap();
    directory::want(&tx, company.id, &[member.id])
        .await
        .unwrap();
    let account = match finding {
        DirectoryFinding::Found { object_id, .. } => Some(DirectoryAccount {
            object_id,
            user_principal_name: member.email.to_string(),
            first_name: member.first_name.clone(),
            last_name: member.last_name.clone(),
            email: None,
            photo: None,
        }),
        _ => None,
    };
    let lookup = Lookup {
        finding,
        account,
        looked_up_at: Some(now),
        ..Lookup::none(member.id)
    };
    directory::save(&tx, company.id, &lookup).await.unwrap();
    tx.commit().await.unwrap();
}

/// This member has an account in Larkspur's directory.
pub async fn has_an_account(house: &House, member: &Member) {
    integrates(house, member, FOUND).await;
}

const FOUND: DirectoryFinding = DirectoryFinding::Found {
    object_id: Uuid::from_u128(7),
    guest: false,
};

fn id_of(made: &Answer) -> MeetingId {
    let id = made.location().rsplit('/').next().unwrap();
    MeetingId(id.parse().unwrap_or_else(|_| panic!("{}", made.body)))
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_form_is_said_at_once() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let long = "x".repeat(201);
    let fields = [
        ("title", long.as_str()),
        ("agenda", ""),
        ("date", "some day"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", "phone"),
        ("location", ""),
    ];
    let path = "/larkspur/tracks/new-managers/meetings";
    let refused = mei.posts(path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["title", "date", "people"] {
        let mark = format!("id=\"{field}-error\"");
        assert!(refused.body.contains(&mark), "{field}: {}", refused.body);
    }
}

#[tokio::test]
async fn a_meeting_is_planned_and_shown() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = plans(&mei, company, "phone").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let page = mei.opens(made.location()).await;
    for words in [
        "First weeks as a manager",
        "The meeting is planned.",
        "Luis Ortega",
        "What surprised you?",
        "Wed 24 Nov 2027",
        "23:00–23:45",
        "Tokyo time",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let list = mei.opens("/larkspur/meetings").await;
    assert!(list.body.contains("First weeks as a manager"));
    let home = mei.opens("/larkspur").await;
    assert!(home.body.contains("First weeks as a manager"));
    let track = mei.opens("/larkspur/tracks/new-managers").await;
    assert!(track.body.contains("First weeks as a manager"));
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let page = luis.opens(made.location()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("Reschedule</a>"));
}

#[tokio::test]
async fn a_double_click_makes_one_meeting() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let track = "/larkspur/tracks/new-managers/meetings";
    let form = mei.opens(&format!("{track}/new")).await;
    let once = form.hidden("once");
    let (first, second) = tokio::join!(
        send(&mei, track, once, company, "phone"),
        send(&mei, track, once, company, "phone"),
    );
    assert_eq!(first.location(), second.location());
    assert_eq!(meetings::count(&house.world.store).await.unwrap(), 1);
    let third = send(&mei, track, once, company, "phone").await;
    assert_eq!(first.location(), third.location());
}

#[tokio::test]
async fn r11_who_has_no_account_is_not_offered_teams_and_is_refused_by_hand() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    integrates(&house, &company.mentee, DirectoryFinding::Missing).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let form = luis
        .opens("/larkspur/tracks/new-managers/meetings/new")
        .await;
    assert!(!form.body.contains("Teams video call"));
    assert!(
        form.body
            .contains("Your address luis@larkspur.example is not in larkspur")
    );
    let mentor = company.mentor.id.to_string();
    let fields = [
        ("title", "By hand"),
        ("people", mentor.as_str()),
        ("date", "2027-11-24"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", "teams"),
    ];
    let answer = luis
        .posts("/larkspur/tracks/new-managers/meetings", &fields)
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("is not in your organization"));
    assert!(answer.body.contains("By hand"), "what was typed is kept");
    assert_eq!(meetings::count(&house.world.store).await.unwrap(), 0);
}

#[tokio::test]
async fn who_is_being_looked_up_waits_for_the_answer() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    integrates(&house, &company.mentor, DirectoryFinding::NotLookedUp).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let form = mei
        .opens("/larkspur/tracks/new-managers/meetings/new")
        .await;
    assert!(form.body.contains("Ithaca is looking for your account"));
    let modes = "/larkspur/tracks/new-managers/meetings/new/modes?shown=checking&mode=phone";
    assert!(form.body.contains("meetings/new/modes?shown=checking"));
    assert_eq!(mei.opens(modes).await.status, StatusCode::NO_CONTENT);
    integrates(&house, &company.mentor, FOUND).await;
    let fragment = mei.opens(modes).await;
    assert_eq!(fragment.status, StatusCode::OK);
    assert!(fragment.body.contains("Teams video call"));
    assert!(!fragment.body.contains("hx-get"));
}

#[tokio::test]
async fn a_teams_meeting_waits_for_its_link_and_then_opens_it() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    integrates(&house, &company.mentor, FOUND).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = plans(&mei, company, "teams").await;
    let id = id_of(&made);
    let page = mei.opens(made.location()).await;
    assert!(page.body.contains("Creating the Teams link…"));
    let fragment = format!("/larkspur/meetings/{id}/link?shown=waiting");
    assert!(page.body.contains(&fragment));
    assert_eq!(mei.opens(&fragment).await.status, StatusCode::NO_CONTENT);

    let teams = "https://teams.microsoft.com/l/meetup-join/19%3ameeting/0";
    finds_link(&house, id, teams).await;
    let ready = mei.opens(&fragment).await;
    assert!(ready.body.contains("Join Teams meeting"), "{}", ready.body);
    assert!(ready.body.contains("Hosted by Teams Scheduler"));
    let join = ready.body.split("href=\"").nth(1).unwrap();
    let join = join.split('"').next().unwrap();

    // Whoever has the address may open it: Luis is not signed in.
    let luis = house.stranger();
    let early = luis.opens(join).await;
    assert_eq!(early.status, StatusCode::OK);
    assert!(early.body.contains("Open Teams now"));
    assert!(early.body.contains("15 minutes before"));
    let now = luis.opens(&format!("{join}?now=1")).await;
    assert_eq!(now.status, StatusCode::SEE_OTHER);
    assert_eq!(now.location(), teams);
    assert_eq!(now.header("referrer-policy"), "no-referrer");

    // An address that is none of Teams' leads nowhere.
    finds_link(&house, id, "https://evil.example/meet").await;
    let evil = luis.opens(&format!("{join}?now=1")).await;
    assert_eq!(evil.status, StatusCode::OK);
    assert!(!evil.body.contains("evil.example"));

    let form = mei
        .opens(&format!("/larkspur/meetings/{id}/cancellation"))
        .await;
    let revision = form.hidden("revision").to_owned();
    let fields = [("revision", revision.as_str()), ("reason", "Luis is ill.")];
    let answer = mei
        .posts(&format!("/larkspur/meetings/{id}/cancellation"), &fields)
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let cancelled = luis.opens(&format!("{join}?now=1")).await;
    assert!(cancelled.body.contains("This meeting was cancelled."));
    assert!(cancelled.body.contains("Luis is ill."));
    let again = mei
        .posts(&format!("/larkspur/meetings/{id}/cancellation"), &fields)
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

async fn finds_link(house: &House, id: MeetingId, address: &str) {
    let organization = house.world.larkspur.id;
    let tx = house.world.store.begin(organization).await.unwrap();
    let mut link = links::find_in(&tx, organization, id)
        .await
        .unwrap()
        .unwrap();
    link.state = LinkState::Ready;
    link.observed.join_url = Some(address.to_owned());
    links::save(&tx, &link).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_meeting_is_moved_by_whoever_looked_last() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = plans(&mei, company, "phone").await;
    let address = format!("{}/schedule", made.location());
    let form = mei.opens(&address).await;
    assert!(form.body.contains("value=\"2027-11-24\""));
    let revision = form.hidden("revision").to_owned();
    let to = async |revision: &str, time: &str| {
        let fields = [
            ("revision", revision),
            ("date", "2027-11-25"),
            ("time", time),
            ("zone", "Europe/Berlin"),
            ("duration", "30"),
        ];
        mei.posts(&address, &fields).await
    };
    assert_eq!(to(&revision, "10:00").await.location(), made.location());
    let late = to(&revision, "11:00").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("2027-11-25 11:00"), "what was sent");
    assert!(late.body.contains("18:00–18:30"), "what is so now");
    let wrong = to("2", "25:00").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Enter a time, like 15:00."));
    assert!(wrong.body.contains("value=\"25:00\""), "it is kept");
}

#[tokio::test]
async fn a_time_that_does_not_exist_comes_back_with_its_neighbours() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = plans(&mei, company, "phone").await;
    let address = format!("{}/schedule", made.location());
    let fields = [
        ("revision", "1"),
        ("date", "2027-03-28"),
        ("time", "02:30"),
        ("zone", "Europe/Berlin"),
        ("duration", "30"),
    ];
    let skipped = mei.posts(&address, &fields).await;
    assert_eq!(skipped.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(skipped.body.contains("value=\"2027-03-28T03:00\""));
    let mut fields = fields.to_vec();
    fields.push(("neighbour", "2027-03-28T03:00"));
    assert_eq!(
        mei.posts(&address, &fields).await.status,
        StatusCode::SEE_OTHER
    );
    let form = mei.opens(&address).await;
    assert!(form.body.contains("value=\"03:00\""));
}

#[tokio::test]
async fn luis_may_see_but_not_change_what_mei_has_planned() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = plans(&mei, company, "phone").await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    for page in ["schedule", "cancellation"] {
        let address = format!("{}/{page}", made.location());
        let answer = luis.opens(&address).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
        assert!(answer.body.contains("You can&#39;t change this"));
    }
    let fields = [("revision", "1"), ("reason", "")];
    let address = format!("{}/cancellation", made.location());
    let answer = luis.posts(&address, &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!mei.opens(made.location()).await.body.contains("Cancelled"));
}

#[tokio::test]
async fn only_participants_meet_in_a_track() {
    let house = House::opens().await;
    let company = &house.world.larkspur;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let track = amara.opens("/larkspur/tracks/new-managers").await;
    assert_eq!(track.status, StatusCode::OK);
    assert!(!track.body.contains("New meeting"));
    let form = amara
        .opens("/larkspur/tracks/new-managers/meetings/new")
        .await;
    assert_eq!(form.status, StatusCode::NOT_FOUND);
}
