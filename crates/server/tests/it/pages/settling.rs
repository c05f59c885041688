//! Quick successive changes settle before people are told of them (F33).

use ithaca::store::outbox::{self, Fate};
use jiff::SignedDuration;
use mentoring::invitation::{Change, Method};
use mentoring::meeting::Part;

use super::meetings::plans;
use super::outbox::{Told, is_emptied, told};
use super::{Browser, House};

async fn moves(browser: &Browser<'_>, meeting: &str, revision: i64, time: &str) {
    let revision = revision.to_string();
    let fields = [
        ("revision", revision.as_str()),
        ("date", "2027-11-25"),
        ("time", time),
        ("zone", "Europe/Berlin"),
        ("duration", "45"),
    ];
    let moved = browser.posts(&format!("{meeting}/schedule"), &fields).await;
    assert_eq!(moved.location(), meeting, "{}", moved.body);
}

async fn cancels(browser: &Browser<'_>, meeting: &str, revision: &str) {
    let fields = [("revision", revision), ("reason", "")];
    let cancelled = browser
        .posts(&format!("{meeting}/cancellation"), &fields)
        .await;
    assert_eq!(cancelled.location(), meeting, "{}", cancelled.body);
}

fn waiting(all: &[Told]) -> Vec<&Told> {
    let all = all.iter();
    all.filter(|told| told.fate == Fate::Waiting).collect()
}

/// Twenty changes within a second are one message a person: it says how it was before the
/// first, and how it is after the last.
#[tokio::test]
async fn f33_a_storm_of_changes_is_one_message() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    let planned = house.world.clock.now();
    let first = told(&house, company.id, luis).await;
    assert_eq!(
        first[0].due_at,
        Some(planned),
        "an invitation is not delayed"
    );
    assert_eq!(is_emptied(&house, company.id, luis).await, 1);

    house.world.clock.advance(SignedDuration::from_mins(5));
    let begun = house.world.clock.now();
    for change in 0..20_i64 {
        moves(&mei, &meeting, change + 1, &format!("{:02}:30", change + 1)).await;
        house.world.clock.advance(SignedDuration::from_millis(50));
    }
    assert_eq!(is_emptied(&house, company.id, luis).await, 0);
    house.world.clock.advance(SignedDuration::from_secs(28));
    assert_eq!(is_emptied(&house, company.id, luis).await, 0);
    house.world.clock.advance(SignedDuration::from_secs(1));
    let all = told(&house, company.id, luis).await;
    let [settled] = waiting(&all)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(settled.due_at, Some(begun + SignedDuration::from_secs(30)));
    let Change::Rescheduled { was } = &settled.invitation.change else {
        panic!("{settled:?}");
    };
    assert_eq!(was.local_start.to_string(), "2027-11-24T15:00:00");
    let object = &settled.invitation.calendar;
    assert_eq!(object.local_start.to_string(), "2027-11-25T20:30:00");
    assert_eq!(
        (object.sequence, settled.topic.as_str()),
        (20, "request:20")
    );
    assert_eq!(is_emptied(&house, company.id, luis).await, 1);

    // The next change opens the next window.
    moves(&mei, &meeting, 21, "21:30").await;
    let all = told(&house, company.id, luis).await;
    let next = house.world.clock.now() + SignedDuration::from_secs(30);
    assert_eq!(waiting(&all)[0].due_at, Some(next));
    let sequences = all.iter().map(|told| told.invitation.calendar.sequence);
    assert!(sequences.is_sorted_by(|one, other| one < other), "{all:?}");
    let uids: Vec<_> = all
        .iter()
        .map(|told| &told.invitation.calendar.uid)
        .collect();
    assert!(uids.iter().all(|uid| *uid == uids[0]), "one UID for life");
}

/// A cancellation takes the place of what waits, and waits for nothing.
#[tokio::test]
async fn a_cancellation_is_told_at_once() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    assert_eq!(is_emptied(&house, company.id, luis).await, 1);
    moves(&mei, &meeting, 1, "10:00").await;
    cancels(&mei, &meeting, "2").await;
    let all = told(&house, company.id, luis).await;
    let [last] = waiting(&all)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(last.due_at, Some(house.world.clock.now()));
    assert_eq!(last.invitation.calendar.method, Method::Cancel);
    assert_eq!(last.invitation.calendar.sequence, 2);
}

/// Who never heard of a meeting is invited to it as it is now, and not told that it is off.
#[tokio::test]
async fn who_has_not_heard_of_a_meeting_is_invited_or_left_in_peace() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    moves(&mei, &meeting, 1, "10:00").await;
    let all = told(&house, company.id, luis).await;
    let [invited] = waiting(&all)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(invited.invitation.change, Change::Created);
    assert_eq!(invited.due_at, Some(house.world.clock.now()));
    cancels(&mei, &meeting, "2").await;
    let all = told(&house, company.id, luis).await;
    assert!(waiting(&all).is_empty(), "{all:?}");
}

/// The mail server's word about the first invitation was lost, so it may be in the calendar.
#[tokio::test]
async fn who_may_have_heard_of_a_meeting_is_told_that_it_is_off() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    let first = told(&house, company.id, luis).await[0].id;
    let store = &house.world.store;
    let mut tried = outbox::find_for_work(store, company.id, first)
        .await
        .unwrap()
        .unwrap();
    tried.attempts += 1;
    let tx = store.begin(company.id).await.unwrap();
    outbox::save(&tx, &tried).await.unwrap();
    tx.commit().await.unwrap();
    moves(&mei, &meeting, 1, "10:00").await;
    cancels(&mei, &meeting, "2").await;
    let all = told(&house, company.id, luis).await;
    let [last] = waiting(&all)[..] else {
        panic!("{all:?}");
    };
    assert_eq!(last.invitation.calendar.method, Method::Cancel);
}

/// Two different changes are one message that names both.
#[tokio::test]
async fn two_kinds_of_change_are_named_in_one_message() {
    let house = House::opens_on_monday().await;
    let company = &house.world.larkspur;
    let luis = &company.mentee;
    let mei = house.signs_in("larkspur", &company.mentor).await;
    let meeting = plans(&mei, company, "phone").await.location().to_owned();
    assert_eq!(is_emptied(&house, company.id, luis).await, 1);
    moves(&mei, &meeting, 1, "10:00").await;
    let acting = house.acts(&company.mentor).await;
    let id = meeting.rsplit('/').next().expect("it ends in an id");
    let changes = mentoring::meeting::Changes {
        title: Some("Second weeks as a manager".to_owned()),
        ..mentoring::meeting::Changes::default()
    };
    let id = mentoring::organization::MeetingId(id.parse().expect("an id"));
    house
        .app
        .change_meeting(&acting, id, 2, &changes)
        .await
        .expect("Mei may");
    let all = told(&house, company.id, luis).await;
    let [settled] = waiting(&all)[..] else {
        panic!("{all:?}");
    };
    let what = vec![Part::Title, Part::Time];
    assert_eq!(settled.invitation.change, Change::Changed { what });
}
