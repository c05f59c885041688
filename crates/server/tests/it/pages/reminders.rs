//! Reminders: a mail before each meeting, as everybody chose, and one afterwards.

use std::sync::Arc;

use http::StatusCode;
use ithaca::config;
use ithaca::content::{Content, Reminder};
use ithaca::mail::Smtp;
use ithaca::reconcile::outbox::reconcile as reconcile_outbox;
use ithaca::reconcile::{Tools, reminders};
use ithaca::store::lease::{self, Work};
use ithaca::store::outbox;
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::member::Member;
use mentoring::reminder::Kind;
use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

use super::integrations::stands;
use super::meetings::has_an_account;
use super::series::{tools, works};
use super::tenant::Tenant;
use super::{Browser, House};

const TRACK: &str = "/larkspur/tracks/new-managers/meetings";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Everything that somebody was ever reminded of, oldest first.
pub async fn reminded(house: &House, member: &Member) -> Vec<Reminder> {
    let store = &house.world.store;
    let on = store.read();
    let rows = Statement::from_string(
        on.get_database_backend(),
        "SELECT id FROM outbox ORDER BY created_at, id",
    );
    let mut all = Vec::new();
    for row in on.query_all_raw(rows).await.expect("it is a table") {
        let id: Uuid = row.try_get("", "id").expect("an id");
        let message = outbox::find_for_work(store, member.organization, id).await;
        let message = message.expect("it is readable");
        let Some(message) = message.filter(|message| message.member == member.id) else {
            continue;
        };
        if let Content::Reminder(reminder) = outbox::content(&message).expect("it is readable") {
            all.push(*reminder);
        }
    }
    all
}

async fn kinds(house: &House, member: &Member) -> Vec<Kind> {
    let all = reminded(house, member).await;
    all.iter().map(|reminder| reminder.kind).collect()
}

/// Thinks of everybody whose time has come, until nobody is left.
pub async fn thinks(tools: &Tools) {
    loop {
        let lease = SignedDuration::from_mins(3);
        let claims = lease::claim(&tools.store, Work::Reminders, "test", 10, lease).await;
        let claims = claims.expect("they can be claimed");
        if claims.is_empty() {
            return;
        }
        let done = reminders::reconcile(tools.clone(), claims).await;
        done.expect("nothing is broken");
    }
}

/// Lets time pass, with a look every five minutes.
pub async fn passes(house: &House, tools: &Tools, until: &str) {
    let until: Timestamp = until.parse().expect("an instant");
    while house.world.clock.now() < until {
        house.world.clock.advance(MINUTE * 5);
        thinks(tools).await;
    }
}

/// Mei plans to call Luis on Wednesday at three in Berlin, which is two in Greenwich.
pub async fn plans_for_wednesday(house: &House, mei: &Browser<'_>) -> String {
    let luis = house.world.larkspur.mentee.id.to_string();
    let fields = [
        ("title", "First weeks"),
        ("agenda", "What surprised you?"),
        ("people", luis.as_str()),
        ("date", "2026-11-25"),
        ("time", "15:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
        ("mode", "phone"),
        ("location", ""),
    ];
    let made = mei.posts(TRACK, &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    made.location().to_owned()
}

#[tokio::test]
async fn mei_and_luis_are_reminded_a_day_and_a_quarter_of_an_hour_before_and_asked_afterwards() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    plans_for_wednesday(&house, &mei).await;
    let tools = tools(&house);
    for (until, expected) in [
        ("2026-11-24T13:55:00Z", &[][..]),
        ("2026-11-24T14:00:00Z", &[Kind::DayBefore]),
        ("2026-11-25T13:40:00Z", &[Kind::DayBefore]),
        ("2026-11-25T13:45:00Z", &[Kind::DayBefore, Kind::Shortly]),
        ("2026-11-25T14:55:00Z", &[Kind::DayBefore, Kind::Shortly]),
        (
            "2026-11-27T12:00:00Z",
            &[Kind::DayBefore, Kind::Shortly, Kind::After],
        ),
    ] {
        passes(&house, &tools, until).await;
        for member in [&company.mentor, &company.mentee] {
            assert_eq!(kinds(&house, member).await, expected, "{until}");
        }
    }
    let due = lease::next_due(&house.world.store, Work::Reminders).await;
    assert_eq!(due.unwrap(), None, "nobody is thought of for nothing");
}

/// Whatever the row remembers: after a crash, on a second node, with a clock that went back.
#[tokio::test]
async fn n3_nobody_is_reminded_twice_however_often_it_is_looked_at() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    plans_for_wednesday(&house, &mei).await;
    let tools = tools(&house);
    passes(&house, &tools, "2026-11-24T14:30:00Z").await;
    for _ in 0..3 {
        forgets(&house, "2026-11-23T08:00:00Z").await;
        house.world.clock.advance(MINUTE);
        thinks(&tools).await;
    }
    house.world.clock.advance(-MINUTE * 60);
    passes(&house, &tools, "2026-11-24T15:00:00Z").await;
    assert_eq!(kinds(&house, &company.mentee).await, [Kind::DayBefore]);
}

/// As if nobody had looked since then.
async fn forgets(house: &House, since: &str) {
    let since: Timestamp = since.parse().expect("an instant");
    let on = house.world.store.read();
    let text = format!(
        "UPDATE reminders SET looked_at = {}, due_at = 0",
        since.as_millisecond()
    );
    on.execute_unprepared(&text).await.expect("it is a table");
}

#[tokio::test]
async fn a_meeting_that_moves_is_reminded_of_at_its_new_time_and_one_that_is_cancelled_never() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let moved = plans_for_wednesday(&house, &mei).await;
    let cancelled = plans_for_wednesday(&house, &mei).await;
    let tools = tools(&house);
    passes(&house, &tools, "2026-11-24T14:00:00Z").await;
    assert_eq!(kinds(&house, &company.mentee).await.len(), 2);
    let fields = [
        ("revision", "1"),
        ("date", "2026-11-26"),
        ("time", "16:00"),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
    ];
    mei.posts(&format!("{moved}/schedule"), &fields).await;
    let fields = [("revision", "1"), ("reason", "")];
    mei.posts(&format!("{cancelled}/cancellation"), &fields)
        .await;

    passes(&house, &tools, "2026-11-25T14:55:00Z").await;
    assert_eq!(
        kinds(&house, &company.mentee).await.len(),
        2,
        "not of its old time"
    );
    passes(&house, &tools, "2026-11-26T15:00:00Z").await;
    let all = reminded(&house, &company.mentee).await;
    let of_its_new_time: Vec<Kind> = all[2..].iter().map(|one| one.kind).collect();
    assert_eq!(of_its_new_time, [Kind::DayBefore, Kind::Shortly]);
    let start: Timestamp = "2026-11-26T15:00:00Z".parse().unwrap();
    assert!(all[2..].iter().all(|one| one.starts_at == start));
}

#[tokio::test]
async fn luis_chooses_in_his_profile_when_he_is_reminded() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    plans_for_wednesday(&house, &mei).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    let profile = luis.opens("/larkspur/profile").await;
    assert!(
        profile.body.contains("value=\"15\" selected"),
        "{}",
        profile.body
    );
    let address = "/larkspur/profile/reminders";
    let saved = luis.posts(address, &[("minutes_before", "60")]).await;
    assert_eq!(saved.location(), "/larkspur/profile", "{}", saved.body);
    let profile = luis.opens("/larkspur/profile").await;
    assert!(profile.body.contains("value=\"60\" selected"));
    for odd in ["1", "", "-5", "soon", "99999"] {
        let refused = luis.posts(address, &[("minutes_before", odd)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused
                .body
                .contains("Choose one of the times that are offered.")
        );
    }
    let tools = tools(&house);
    passes(&house, &tools, "2026-11-25T13:00:00Z").await;
    assert_eq!(kinds(&house, &company.mentee).await, [Kind::Shortly]);
    let off = [("minutes_before", "off")];
    mei.posts(address, &off).await;
    passes(&house, &tools, "2026-11-25T16:00:00Z").await;
    assert_eq!(kinds(&house, &company.mentee).await, [Kind::Shortly]);
    assert_eq!(kinds(&house, &company.mentor).await, [Kind::DayBefore]);
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let log = amara.opens("/larkspur/manage/audit").await;
    assert!(
        log.body
            .contains("Changed when they are reminded of meetings.")
    );
}

#[tokio::test]
async fn who_says_no_is_left_alone() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    let luis = house.signs_in("larkspur", &company.mentee).await;
    luis.posts(&format!("{meeting}/answer"), &[("answer", "no")])
        .await;
    passes(&house, &tools(&house), "2026-11-25T14:00:00Z").await;
    assert_eq!(kinds(&house, &company.mentee).await, []);
    let of_mei = kinds(&house, &company.mentor).await;
    assert_eq!(of_mei, [Kind::DayBefore, Kind::Shortly]);
}

/// The Teams meeting is read once before people are reminded of it; one that somebody
/// deleted is made anew, and the reminder leads there.
#[tokio::test]
async fn a_reminder_looks_at_the_link_first() {
    let tenant = Tenant::new();
    let house = House::opens_beside(&tenant).await;
    let company = &house.world.larkspur;
    let amara = house.signs_in("larkspur", &company.administrator).await;
    let teams = "/larkspur/manage/integrations/teams";
    let page = amara.opens(teams).await;
    let fields = [("attempt", page.hidden("attempt")), ("window", "popup")];
    let away = amara.posts(&format!("{teams}/consent"), &fields).await;
    let query = tenant.approves_for_everyone(away.location()).await;
    amara
        .opens(&format!("/integrations/microsoft/callback?{query}"))
        .await;
    has_an_account(&house, &company.mentor).await;
    stands(&house, IntegrationState::Integrated).await;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let now = house.world.clock.now();
    let start = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime();
    let start = start.checked_add(SignedDuration::from_mins(12)).unwrap();
    let luis = company.mentee.id.to_string();
    let (date, time) = (
        start.date().to_string(),
        start.strftime("%H:%M").to_string(),
    );
    let fields = [
        ("title", "Soon"),
        ("agenda", ""),
        ("people", luis.as_str()),
        ("date", date.as_str()),
        ("time", time.as_str()),
        ("zone", "UTC"),
        ("duration", "45"),
        ("mode", "teams"),
        ("location", ""),
    ];
    let made = mei.posts(TRACK, &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let tools = tools(&house);
    works(&tools).await;
    thinks(&tools).await;
    assert_eq!(
        kinds(&house, &company.mentee).await,
        [],
        "it was planned too late for one"
    );

    // As if Ithaca had slept since yesterday.
    let yesterday = (now - SignedDuration::from_hours(36)).to_string();
    forgets(&house, &yesterday).await;
    let made_before = tenant.meetings();
    tenant.loses_all_meetings();
    let looked = tenant.looked();
    let long_ago = now - SignedDuration::from_hours(20);
    let text = format!(
        "UPDATE meeting_links SET checked_at = {}",
        long_ago.as_millisecond()
    );
    let on = house.world.store.read();
    on.execute_unprepared(&text).await.expect("it is a table");
    thinks(&tools).await;
    assert_eq!(
        kinds(&house, &company.mentee).await,
        [],
        "first the link is looked at"
    );
    works(&tools).await;
    thinks(&tools).await;
    let all = reminded(&house, &company.mentee).await;
    let [soon] = &all[..] else {
        panic!("{all:?}");
    };
    assert!(
        soon.join_address
            .as_ref()
            .is_some_and(|address| address.contains("/j/"))
    );
    assert_eq!(soon.trouble, None);
    let anew = tenant.meetings();
    assert_eq!(anew.len(), 1, "it was made anew");
    assert_ne!(anew, made_before);
    assert!(tenant.looked() > looked);

    // Looked at again, it is neither read nor anybody reminded again.
    let looked = tenant.looked();
    forgets(&house, &yesterday).await;
    thinks(&tools).await;
    works(&tools).await;
    assert_eq!(
        tenant.looked(),
        looked,
        "it was read for this moment already"
    );
    assert_eq!(reminded(&house, &company.mentee).await.len(), 1);
}

/// What is due leaves, until nothing is.
async fn delivers(tools: &Tools) {
    loop {
        let lease = SignedDuration::from_mins(3);
        let claims = lease::claim(&tools.store, Work::Outbox, "test", 10, lease).await;
        let claims = claims.expect("they can be claimed");
        if claims.is_empty() {
            return;
        }
        let done = reconcile_outbox(tools.clone(), claims).await;
        done.expect("nothing is broken");
    }
}

/// From the plan to the question afterwards, as it comes through SMTP into Luis's mailbox.
#[tokio::test]
async fn luis_is_written_to_before_the_meeting_and_after_it_and_answers_from_his_mailbox() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let tenant = Tenant::new();
    let smtp = config::Smtp::plain(
        "127.0.0.1",
        tenant.takes_mail().await,
        "ithaca@ithaca.example",
    );
    let mut tools = tools(&house);
    tools.smtp = Some(Arc::new(
        Smtp::new(&smtp, "localhost").expect("no secret to read"),
    ));
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans_for_wednesday(&house, &mei).await;
    delivers(&tools).await;
    for (until, count) in [
        ("2026-11-24T14:00:00Z", 2),
        ("2026-11-25T13:45:00Z", 3),
        ("2026-11-25T15:00:00Z", 4),
        ("2026-11-28T15:00:00Z", 4),
    ] {
        passes(&house, &tools, until).await;
        delivers(&tools).await;
        for person in [&company.mentor, &company.mentee] {
            let letters = tenant.letters(person.email.as_str());
            assert_eq!(letters.len(), count, "{until}: {letters:?}");
        }
    }
    let letters = tenant.letters(company.mentee.email.as_str());
    for reminder in &letters[1..3] {
        assert!(reminder.starts_with("Reminder: First weeks"), "{reminder}");
        assert!(reminder.contains("23:00"), "in Tokyo: {reminder}");
        assert!(!reminder.contains("BEGIN:VCALENDAR") && !reminder.contains("What surprised"));
    }
    let asked = &letters[3];
    assert!(asked.starts_with("Did you meet? First weeks"), "{asked}");
    let mut words = asked.split_whitespace();
    let link = words
        .find(|word| word.ends_with("said=held"))
        .expect("a link");
    let link = link
        .strip_prefix("http://127.0.0.1:8080")
        .expect("it is ours");
    let somebody = house.stranger();
    let page = somebody.opens(link).await;
    let fields = [("occurrence", page.hidden("occurrence")), ("said", "held")];
    let path = link.split('?').next().unwrap();
    let saved = somebody.posts(path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let page = mei.opens(&meeting).await;
    assert!(
        page.body.contains("This meeting was held."),
        "{}",
        page.body
    );
}
