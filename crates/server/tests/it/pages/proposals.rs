//! Times that people offer each other, on pages and by the links of mails.

use http::{Method, StatusCode};
use ithaca::content::{Content, OfferedTimes};
use ithaca::reconcile::{Tools, proposals as reconciler};
use ithaca::store::lease::{self, Claim, Work};
use ithaca::store::{meetings, members, outbox, tracks};
use jiff::SignedDuration;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::member::{EmailAddress, Member};
use mentoring::organization::{MeetingId, MemberId};
use mentoring::proposal::Told;
use mentoring::role::{Role, Roles};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use uuid::Uuid;

use super::outbox::told;
use super::series::tools;
use super::{Answer, Browser, House};

const DAYS: [&str; 3] = ["2026-11-24", "2026-11-25", "2026-11-26"];

/// Offers these people Tuesday to Thursday at three in the afternoon, Berlin time.
async fn proposes(browser: &Browser<'_>, people: &[&Member], mode: &str) -> Answer {
    let track = "/larkspur/tracks/new-managers/proposals";
    let form = browser.opens(&format!("{track}/new")).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let ids: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
    let mut fields = vec![
        ("once", form.hidden("once")),
        ("title", "First weeks as a manager"),
        ("agenda", "What surprised you?"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", mode),
        ("location", ""),
    ];
    fields.extend(ids.iter().map(|id| ("people", id.as_str())));
    let names = [
        ("date_1", "time_1"),
        ("date_2", "time_2"),
        ("date_4", "time_4"),
    ];
    for (day, (date, time)) in DAYS.into_iter().zip(names) {
        fields.extend([(date, day), (time, "15:00")]);
    }
    fields.extend([("date_3", ""), ("time_3", "")]);
    browser.posts(track, &fields).await
}

async fn proposed(browser: &Browser<'_>, people: &[&Member]) -> String {
    let made = proposes(browser, people, "phone").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    made.location().to_owned()
}

async fn the_meeting(house: &House, address: &str) -> Meeting {
    let id = address.rsplit('/').next().unwrap().parse().unwrap();
    let company = &house.world.larkspur;
    let stored = meetings::find_for_work(&house.world.store, company.id, MeetingId(id)).await;
    stored.unwrap().unwrap().meeting
}

/// What somebody is told of proposals, oldest first.
async fn letters(house: &House, member: &Member) -> Vec<OfferedTimes> {
    let store = &house.world.store;
    let text = "SELECT id FROM outbox ORDER BY rowid";
    let rows = Statement::from_string(DbBackend::Sqlite, text);
    let mut all = Vec::new();
    for row in store.read().query_all_raw(rows).await.unwrap() {
        let id: Uuid = row.try_get("", "id").unwrap();
        let message = outbox::find_for_work(store, member.organization, id).await;
        if let Some(message) = message.unwrap()
            && message.member == member.id
            && let Content::OfferedTimes(said) = outbox::content(&message).unwrap()
        {
            all.push(*said);
        }
    }
    all
}

async fn says(house: &House, member: &Member) -> Vec<Told> {
    let all = letters(house, member).await;
    all.iter().map(|letter| letter.told).collect()
}

/// The path of the link in somebody's newest letter.
async fn link(house: &House, member: &Member) -> String {
    let letter = letters(house, member).await.pop().expect("there is one");
    let path = letter.page.strip_prefix("http://127.0.0.1:8080").unwrap();
    path.to_owned()
}

/// A third person in the track.
async fn priya(house: &House) -> Member {
    let world = &house.world;
    let company = &world.larkspur;
    let priya = Member {
        id: MemberId(world.randomness.uuid_v7(world.clock.now())),
        first_name: "Priya".to_owned(),
        last_name: "Nair".to_owned(),
        email: EmailAddress::parse("priya@alumni.example").unwrap(),
        ..company.mentee.clone()
    };
    let tx = world.store.begin(company.id).await.unwrap();
    members::insert(&tx, &priya).await.unwrap();
    let roles: Roles = [Role::Mentee].into_iter().collect();
    tracks::enrol(&tx, company.id, company.track.id, priya.id, &roles)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    priya
}

async fn sends(browser: &Browser<'_>, address: &str, deed: &str, more: &[(&str, &str)]) -> Answer {
    let page = browser.opens(address).await;
    let mut fields = vec![("proposal", page.hidden("proposal"))];
    fields.extend(more);
    browser.posts(&format!("{address}/{deed}"), &fields).await
}

#[tokio::test]
async fn mei_offers_three_times_and_luis_accepts_one() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let meeting = the_meeting(&house, &address).await;
    assert_eq!(meeting.state, MeetingState::Proposed);
    assert!(told(&house, company.id, &company.mentee).await.is_empty());
    assert_eq!(says(&house, &company.mentee).await, [Told::Offered]);
    assert_eq!(says(&house, &company.mentor).await, []);
    let page = mei.opens(&address).await;
    for words in [
        "You offered these times",
        "Waiting for Luis",
        "Withdraw",
        "Phone",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    for place in ["/larkspur", "/larkspur/meetings"] {
        let page = mei.opens(place).await;
        assert!(
            page.body.contains("Waiting for Luis"),
            "{place}: {}",
            page.body
        );
        assert!(!page.body.contains(">Join<"));
    }
    let luis = house.signs_in("larkspur", &company.mentee).await;
    for place in ["/larkspur", "/larkspur/meetings"] {
        let page = luis.opens(place).await;
        assert!(page.body.contains("Waiting for your answer"), "{place}");
    }
    // Luis lives in Tokyo.
    let page = luis.opens(&address).await;
    assert!(
        page.body.contains("Wed 25 Nov, 23:00–23:45"),
        "{}",
        page.body
    );
    let done = sends(
        &luis,
        &address,
        "acceptance",
        &[("revision", "1"), ("choice", "1")],
    )
    .await;
    assert_eq!(done.location(), address, "{}", done.body);
    let meeting = the_meeting(&house, &address).await;
    assert_eq!(meeting.state, MeetingState::Scheduled);
    assert_eq!(
        meeting.schedule.starts_at.to_string(),
        "2026-11-25T14:00:00Z"
    );
    for member in [&company.mentor, &company.mentee] {
        let invited = told(&house, company.id, member).await;
        assert_eq!(invited.len(), 1);
        assert_eq!(invited[0].topic, "request:0");
    }
    let page = mei.opens("/larkspur").await;
    assert!(!page.body.contains("Waiting for"), "{}", page.body);
}

#[tokio::test]
async fn who_is_second_sees_what_happened() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let page = luis.opens(&address).await;
    let proposal = page.hidden("proposal").to_owned();
    let fields = |choice| {
        [
            ("proposal", proposal.as_str()),
            ("revision", "1"),
            ("choice", choice),
        ]
    };
    let path = format!("{address}/acceptance");
    let first = luis.posts(&path, &fields("0")).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
    let second = luis.posts(&path, &fields("2")).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    for words in [
        "was accepted in the meantime",
        "Tue 24 Nov",
        "Look at the meeting",
    ] {
        assert!(second.body.contains(words), "{words}: {}", second.body);
    }
    let meeting = the_meeting(&house, &address).await;
    assert_eq!(
        meeting.schedule.starts_at.to_string(),
        "2026-11-24T14:00:00Z"
    );
    assert_eq!(told(&house, company.id, &company.mentee).await.len(), 1);
}

#[tokio::test]
async fn the_link_of_the_mail_asks_and_only_its_buttons_count() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let link = link(&house, &company.mentee).await;
    let stranger = house.stranger();
    for method in [Method::GET, Method::HEAD] {
        let page = stranger.sends(method, &link, &[], &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
    assert_eq!(the_meeting(&house, &address).await.revision, 1);
    let page = stranger.opens(&link).await;
    assert!(
        page.body.contains("Luis Ortega, these times are offered."),
        "{}",
        page.body
    );
    assert!(
        !page.body.contains("What surprised you?"),
        "the agenda is for who is in"
    );
    let nothing = sends(&stranger, &link, "acceptance", &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        nothing
            .body
            .contains("Choose one of the times that were offered.")
    );
    let done = sends(&stranger, &link, "acceptance", &[("choice", "0")]).await;
    assert_eq!(done.location(), link, "{}", done.body);
    assert_eq!(
        the_meeting(&house, &address).await.state,
        MeetingState::Scheduled
    );
    let page = stranger.opens(&link).await;
    assert!(page.body.contains("There is nothing to answer any more."));
    for made_up in ["/a/nonsense/times", "/a/nonsense/times/acceptance"] {
        let page = stranger.posts(made_up, &[]).await;
        assert_ne!(page.status, StatusCode::OK, "{made_up}");
    }
    let unknown = stranger.opens("/a/nonsense/times").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn luis_offers_other_times_and_mei_declines_with_a_note() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let form = luis.opens(&format!("{address}/proposals/new")).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let revision = form.hidden("revision").to_owned();
    let offers = |date| {
        [
            ("revision", revision.as_str()),
            ("date_1", date),
            ("time_1", "09:00"),
            ("zone", "Asia/Tokyo"),
            ("duration", "30"),
            ("note", "Mornings are better."),
        ]
    };
    let path = format!("{address}/proposals");
    let past = luis.posts(&path, &offers("2026-11-20")).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        past.body.contains("Time 1: That time has passed."),
        "{}",
        past.body
    );
    assert!(
        past.body.contains("value=\"2026-11-20\""),
        "what was typed is kept"
    );
    let done = luis.posts(&path, &offers("2026-11-27")).await;
    assert_eq!(done.location(), address, "{}", done.body);
    assert_eq!(says(&house, &company.mentor).await, [Told::Offered]);
    let late = luis.posts(&path, &offers("2026-11-28")).await;
    assert_eq!(
        late.status,
        StatusCode::CONFLICT,
        "made from an older revision"
    );
    let page = mei.opens(&address).await;
    for words in [
        "Luis offers these times",
        "Mornings are better.",
        "Waiting for your answer",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let declined = sends(&mei, &address, "refusal", &[("note", "Not this month.")]).await;
    assert_eq!(declined.location(), address, "{}", declined.body);
    let told = letters(&house, &company.mentee).await.pop().unwrap();
    assert_eq!(
        (told.told, told.note.as_str()),
        (Told::Declined, "Not this month.")
    );
    let page = luis.opens(&address).await;
    assert!(page.body.contains("Not this month."), "{}", page.body);
    assert_eq!(
        the_meeting(&house, &address).await.state,
        MeetingState::Cancelled
    );
}

#[tokio::test]
async fn a_group_says_what_it_can_and_mei_settles() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let third = priya(&house).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee, &third]).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let page = luis.opens(&address).await;
    assert!(!page.body.contains("Settle on this time"));
    let empty = sends(&luis, &address, "availability", &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        empty.body.contains("Tick the times that you can"),
        "{}",
        empty.body
    );
    let given = sends(
        &luis,
        &address,
        "availability",
        &[("can", "0"), ("can", "2")],
    )
    .await;
    assert_eq!(given.location(), address, "{}", given.body);
    let forced = sends(&luis, &address, "acceptance", &[("choice", "0")]).await;
    assert_eq!(forced.status, StatusCode::FORBIDDEN, "{}", forced.body);
    // Priya answers from her mail.
    let link = link(&house, &third).await;
    let none = sends(&house.stranger(), &link, "availability", &[("none", "yes")]).await;
    assert_eq!(none.location(), link, "{}", none.body);
    let page = mei.opens(&address).await;
    for words in [
        "Who can when",
        "Cannot",
        "1 of 2",
        "0 of 2",
        "Settle on this time",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let settled = sends(&mei, &address, "acceptance", &[("choice", "2")]).await;
    assert_eq!(settled.location(), address, "{}", settled.body);
    let meeting = the_meeting(&house, &address).await;
    assert_eq!(
        meeting.schedule.starts_at.to_string(),
        "2026-11-26T14:00:00Z"
    );
    assert_eq!(told(&house, company.id, &third).await.len(), 1);
}

#[tokio::test]
async fn luis_proposes_another_time_for_a_planned_meeting_and_mei_accepts() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let made = super::meetings::plans(&mei, company, "phone").await;
    let address = made.location().to_owned();
    let before = the_meeting(&house, &address).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    assert!(
        luis.opens(&address)
            .await
            .body
            .contains("Propose another time")
    );
    assert!(
        !mei.opens(&address)
            .await
            .body
            .contains("Propose another time")
    );
    let form = luis.opens(&format!("{address}/proposals/new")).await;
    let occurrence = form.hidden("occurrence").to_owned();
    let fields = [
        ("revision", "1"),
        ("occurrence", occurrence.as_str()),
        ("date_1", "2026-12-01"),
        ("time_1", "10:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("note", ""),
    ];
    let done = luis.posts(&format!("{address}/proposals"), &fields).await;
    assert_eq!(done.location(), address, "{}", done.body);
    assert_eq!(
        the_meeting(&house, &address).await,
        before,
        "it stays until then"
    );
    let letter = letters(&house, &company.mentor).await.pop().unwrap();
    assert!(letter.moving.is_some());
    let page = mei.opens(&address).await;
    assert!(
        page.body.contains("Luis proposes another time"),
        "{}",
        page.body
    );
    let done = sends(
        &mei,
        &address,
        "acceptance",
        &[("revision", "1"), ("choice", "0")],
    )
    .await;
    assert_eq!(done.location(), address, "{}", done.body);
    let after = the_meeting(&house, &address).await;
    assert_eq!(after.schedule.starts_at.to_string(), "2026-12-01T09:00:00Z");
    assert_eq!((&after.uid, after.sequence), (&before.uid, 1));
}

#[tokio::test]
async fn somebody_is_busy_is_all_that_is_said() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let third = priya(&house).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    // Luis meets Priya on Wednesday.
    let address = proposed(&luis, &[&third]).await;
    let of_priya = house.signs_in("larkspur", &third).await;
    let done = sends(&of_priya, &address, "acceptance", &[("choice", "1")]).await;
    assert_eq!(done.location(), address, "{}", done.body);
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let page = mei.opens(&address).await;
    assert_eq!(
        page.body.matches("Luis has another meeting then.").count(),
        1
    );
    assert!(!page.body.contains("Priya"), "{}", page.body);
    let page = luis.opens(&address).await;
    assert!(page.body.contains("You have another meeting then."));
    // Whoever runs the organization sees the proposal, but not who is busy or the agenda.
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let page = amara.opens(&address).await;
    assert!(
        page.body.contains("Mei offers these times"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("another meeting then"), "{}", page.body);
    assert!(!page.body.contains("What surprised you?"));
    assert!(!page.body.contains("Accept this time"));
    let track = amara.opens("/larkspur/tracks/new-managers").await;
    assert!(track.body.contains("Proposed"), "{}", track.body);
    let stranger = house.signs_in("larkspur", &third).await;
    assert_eq!(stranger.opens(&address).await.status, StatusCode::NOT_FOUND);
    let refused = stranger.posts(&format!("{address}/acceptance"), &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

async fn due(tools: &Tools) -> Vec<Claim> {
    let lease = SignedDuration::from_mins(3);
    lease::claim(&tools.store, Work::Proposals, "test", 10, lease)
        .await
        .unwrap()
}

async fn works(tools: &Tools) -> usize {
    let claims = due(tools).await;
    let count = claims.len();
    reconciler::reconcile(tools.clone(), claims).await.unwrap();
    count
}

#[tokio::test]
async fn luis_is_reminded_once_after_two_days_even_after_a_crash() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let tools = tools(&house);
    let mei = house.signs_in("larkspur", &company.mentor).await;
    proposed(&mei, &[&company.mentee]).await;
    assert_eq!(works(&tools).await, 0, "nothing is due");
    house.world.clock.advance(SignedDuration::from_hours(48));
    // One node takes the row and falls over; another takes it when the lease ends, and the
    // first one, back again, finishes nothing.
    let late = due(&tools).await;
    assert_eq!(late.len(), 1);
    house.world.clock.advance(SignedDuration::from_mins(4));
    assert_eq!(works(&tools).await, 1);
    reconciler::reconcile(tools.clone(), late).await.unwrap();
    assert_eq!(works(&tools).await, 0);
    assert_eq!(
        says(&house, &company.mentee).await,
        [Told::Offered, Told::Reminder]
    );
    assert_eq!(says(&house, &company.mentor).await, []);
}

#[tokio::test]
async fn when_all_times_have_passed_the_meeting_ends_and_both_are_told_once() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let tools = tools(&house);
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    house
        .world
        .clock
        .advance(SignedDuration::from_hours(24 * 4));
    assert_eq!(works(&tools).await, 1);
    assert_eq!(works(&tools).await, 0);
    assert_eq!(
        says(&house, &company.mentee).await,
        [Told::Offered, Told::Expired]
    );
    assert_eq!(says(&house, &company.mentor).await, [Told::Expired]);
    assert_eq!(
        the_meeting(&house, &address).await.state,
        MeetingState::Cancelled
    );
}

#[tokio::test]
async fn who_leaves_the_track_ends_what_was_proposed_to_them() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let amara = house.acts(&company.administrator).await;
    house
        .app
        .enrol(
            &amara,
            company.track.id,
            company.mentee.id,
            Roles::default(),
        )
        .await
        .unwrap();
    let letter = letters(&house, &company.mentor).await.pop().unwrap();
    assert_eq!(letter.told, Told::Ended);
    assert_eq!(letter.note, "Luis Ortega has left the track.");
    assert_eq!(
        the_meeting(&house, &address).await.state,
        MeetingState::Cancelled
    );
    assert!(told(&house, company.id, &company.mentor).await.is_empty());
}

#[tokio::test]
async fn a_mode_that_is_gone_is_refused_with_what_to_do() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let address = proposed(&mei, &[&company.mentee]).await;
    let tx = house.world.store.begin(company.id).await.unwrap();
    let mut track = company.track.clone();
    track.modes = mentoring::track::Modes::from_iter([mentoring::track::Mode::InPerson]).unwrap();
    tracks::update(&tx, &track).await.unwrap();
    tx.commit().await.unwrap();
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let refused = sends(&luis, &address, "acceptance", &[("choice", "0")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("propose it again in another way"),
        "{}",
        refused.body
    );
    assert_eq!(
        the_meeting(&house, &address).await.state,
        MeetingState::Proposed
    );
    let withdrawn = sends(&mei, &address, "withdrawal", &[]).await;
    assert_eq!(withdrawn.location(), address, "{}", withdrawn.body);
    assert_eq!(
        says(&house, &company.mentee).await,
        [Told::Offered, Told::Withdrawn]
    );
}
