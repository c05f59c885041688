//! What becomes of letters while the mail server is not well.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ithaca::mail::{Delivery, Smtp};
use ithaca::reconcile::Tools;
use ithaca::store::lease::Work;
use jiff::SignedDuration;
use mentoring::meeting::Draft;
use mentoring::track::Mode;
use sea_orm::ConnectionTrait as _;

use super::{Office, due, minutes, works};

/// Mei means to meet Luis by phone, in a month.
async fn plans(office: &Office) {
    let company = &office.house.world.larkspur;
    let draft = Draft {
        title: "First steps".to_owned(),
        agenda: String::new(),
        attendees: vec![company.mentee.id],
        local_start: "2026-12-23T09:00".parse().unwrap(),
        time_zone: "Europe/Berlin".to_owned(),
        duration_minutes: 45,
        mode: Mode::Phone,
        location: String::new(),
        repetition: None,
    };
    let mei = office.house.acts(&company.mentor).await;
    let app = &office.house.app;
    let made = app.create_meeting(&mei, company.track.id, &draft, None);
    made.await.unwrap();
}

/// A node whose mail server answers so, and how often it was asked.
fn beside(office: &Office, answer: &'static str) -> (Tools, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let smtp = Smtp::service(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            match answer {
                "" => Delivery::Delivered,
                why => Delivery::TryAgain(why.to_owned()),
            }
        }
    });
    let smtp = Some(Arc::new(smtp));
    let tools = Tools {
        smtp,
        ..office.tools()
    };
    (tools, asked)
}

/// The outbox is worked on for so long.
async fn sends(office: &Office, tools: &Tools, minutes_long: i64) {
    for _ in 0..minutes_long {
        for claim in due(tools, Work::Outbox).await {
            works(tools, claim).await;
        }
        office.house.app.clock.advance(minutes(1));
    }
}

async fn fates(office: &Office) -> Vec<String> {
    let read = office.house.world.store.read();
    let text = "SELECT fate FROM outbox WHERE meeting_id IS NOT NULL ORDER BY id";
    let rows = sea_orm::Statement::from_string(read.get_database_backend(), text);
    let rows = read.query_all_raw(rows).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "fate").unwrap())
        .collect()
}

#[tokio::test]
async fn after_a_weekend_without_ithaca_a_mail_server_that_says_not_now_is_asked_again() {
    let office = Office::opens().await;
    plans(&office).await;
    office
        .house
        .app
        .clock
        .advance(SignedDuration::from_hours(72));
    let (greylisting, _) = beside(&office, "451 greylisted, come back later");
    sends(&office, &greylisting, 15).await;
    assert_eq!(fates(&office).await, ["waiting", "waiting"]);
    let (again, asked) = beside(&office, "");
    sends(&office, &again, 2).await;
    assert_eq!(fates(&office).await, ["sent", "sent"]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn f32_a_mail_server_that_is_down_for_two_days_is_given_up() {
    let office = Office::opens().await;
    plans(&office).await;
    let (down, asked) = beside(&office, "421 closed");
    sends(&office, &down, 60).await;
    office
        .house
        .app
        .clock
        .advance(SignedDuration::from_hours(46));
    sends(&office, &down, 30).await;
    assert_eq!(fates(&office).await, ["waiting", "waiting"]);
    sends(&office, &down, 40).await;
    assert_eq!(fates(&office).await, ["failed", "failed"]);
    let before = asked.load(Ordering::Relaxed);
    sends(&office, &down, 10).await;
    assert_eq!(
        asked.load(Ordering::Relaxed),
        before,
        "nobody asks any more"
    );
}
