//! What the API keeps and reads: tokens, requests that may be sent again, lists in parts.

use ithaca::store::idempotency::{self, Kept, Known};
use ithaca::store::meetings::{self, Line, Window};
use ithaca::store::{Store, StoreError, api_tokens};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, ToSpan};
use mentoring::api_token::{ApiToken, TokenScope};
use mentoring::meeting::Meeting;
use mentoring::member::Member;
use mentoring::repetition::{End, Every, Occurrence, Repetition};
use mentoring::schedule::schedule;

use super::sight::meeting;
use super::{Company, World, on_both};

on_both! {
    a_token_is_found_by_its_hash_until_it_ends,
    a_request_runs_once_and_its_answer_is_kept,
    what_a_crash_left_behind_runs_again_as_what_it_was,
    a_meeting_stands_in_a_list_once_at_the_first_of_its_occurrences_in_the_window,
}

async fn insert_token(world: &World, company: &Company, hash: &[u8], hours: i64) -> ApiToken {
    let now = world.clock.now();
    let token = ApiToken {
        id: world.randomness.uuid_v7(now),
        member: company.mentor.id,
        name: "Calendar".to_owned(),
        scope: TokenScope::Read,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(hours),
        last_used_at: None,
    };
    let tx = world.store.begin(company.id).await.unwrap();
    api_tokens::insert(&tx, company.id, &token, hash)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    token
}

async fn a_token_is_found_by_its_hash_until_it_ends(world: &World) {
    let company = &world.larkspur;
    let token = insert_token(world, company, b"good", 1).await;
    insert_token(world, company, b"over", -1).await;
    let found = api_tokens::find(&world.store, b"good").await.unwrap();
    assert_eq!(found, Some((company.id, token.clone())));
    assert_eq!(api_tokens::find(&world.store, b"over").await.unwrap(), None);
    assert_eq!(api_tokens::find(&world.store, b"none").await.unwrap(), None);
    let mine = company.sight_of(&world.store, &company.mentor).await;
    assert_eq!(
        api_tokens::list_mine(&world.store, &mine)
            .await
            .unwrap()
            .len(),
        2
    );
    for other in [&company.mentee, &company.administrator] {
        let sight = company.sight_of(&world.store, other).await;
        assert_eq!(
            api_tokens::list_mine(&world.store, &sight).await.unwrap(),
            []
        );
    }
    let tx = world.store.begin(company.id).await.unwrap();
    let theirs = api_tokens::find_in(&tx, company.id, company.mentee.id, token.id).await;
    assert_eq!(theirs.unwrap(), None, "it is not Luis's");
    api_tokens::touch(&tx, company.id, token.id, tx.now)
        .await
        .unwrap();
    let touched = api_tokens::find_in(&tx, company.id, company.mentor.id, token.id).await;
    assert_eq!(touched.unwrap().unwrap().last_used_at, Some(tx.now));
    let again = api_tokens::insert(&tx, company.id, &token, b"good").await;
    assert!(matches!(again, Err(StoreError::Taken(_))), "{again:?}");
    drop(tx);
    let tx = world.store.begin(company.id).await.unwrap();
    api_tokens::delete_of_member(&tx, company.id, company.mentor.id)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(api_tokens::find(&world.store, b"good").await.unwrap(), None);
}

async fn begin(world: &World, body: &[u8]) -> Known {
    idempotency::begin(&world.store, world.larkspur.id, b"request", body)
        .await
        .unwrap()
}

async fn a_request_runs_once_and_its_answer_is_kept(world: &World) {
    assert!(matches!(begin(world, b"body").await, Known::Begun(_)));
    assert_eq!(begin(world, b"body").await, Known::Running);
    assert_eq!(begin(world, b"other").await, Known::OtherBody);
    let elsewhere =
        idempotency::begin(&world.store, world.quillfield.id, b"request", b"body").await;
    assert!(matches!(elsewhere.unwrap(), Known::Begun(_)));
    let kept = Kept {
        status: 201,
        headers: "{}".to_owned(),
        body: "{\"id\":1}".to_owned(),
    };
    idempotency::keep(&world.store, world.larkspur.id, b"request", kept.clone())
        .await
        .unwrap();
    assert_eq!(begin(world, b"body").await, Known::Answered(kept));
    idempotency::forget(&world.store, world.larkspur.id, b"request")
        .await
        .unwrap();
    assert!(matches!(begin(world, b"other").await, Known::Begun(_)));
}

async fn what_a_crash_left_behind_runs_again_as_what_it_was(world: &World) {
    let Known::Begun(began) = begin(world, b"body").await else {
        panic!("nobody sent it before");
    };
    let clock = ithaca::clock::Clock::manual(world.clock.now());
    let later = Store::open(&world.place, clock.clone()).await.unwrap();
    let ask = async || {
        idempotency::begin(&later, world.larkspur.id, b"request", b"body")
            .await
            .unwrap()
    };
    assert_eq!(ask().await, Known::Running);
    clock.advance(SignedDuration::from_mins(2));
    assert_eq!(
        ask().await,
        Known::Begun(began),
        "it is still the same request"
    );
    clock.advance(SignedDuration::from_hours(25));
    let Known::Begun(anew) = ask().await else {
        panic!("a day is over");
    };
    assert!(anew > began, "and now it is another");
    later.close().await;
}

/// A daily series of the mentor and the mentee that begins tomorrow.
fn daily(world: &World, company: &Company, title: &str, count: u16) -> Meeting {
    let single = meeting(world, company, title);
    let zone = single.schedule.time_zone.clone();
    let at = |day: i32| -> DateTime { single.schedule.local_start.saturating_add(day.days()) };
    let occurrences: Vec<Occurrence> = (0..i32::from(count))
        .map(|day| schedule(at(day), &zone, 45, world.clock.now()).expect("a time in UTC"))
        .map(|schedule| Occurrence::of(&schedule))
        .collect();
    Meeting {
        repetition: Some(Repetition {
            every: Every::Day,
            end: End::Count(count),
        }),
        occurrences,
        ..single
    }
}

fn window(from: Option<Timestamp>, to: Option<Timestamp>) -> Window {
    Window {
        from,
        to,
        after: None,
        most: 50,
    }
}

fn shown(lines: &[Line]) -> Vec<(String, Timestamp)> {
    let shown = lines.iter().map(|line| {
        let title = line.stored.meeting.title.clone();
        (title, line.occurrence.starts_at)
    });
    shown.collect()
}

async fn a_meeting_stands_in_a_list_once_at_the_first_of_its_occurrences_in_the_window(
    world: &World,
) {
    let company = &world.larkspur;
    let one = daily(world, company, "One", 5);
    let two = daily(world, company, "Two", 3);
    let theirs = daily(world, &world.quillfield, "Theirs", 3);
    for meeting in [&one, &two, &theirs] {
        let tx = world.store.begin(meeting.organization).await.unwrap();
        let code = world.randomness.code();
        meetings::insert(&tx, meeting, &code, None).await.unwrap();
        tx.commit().await.unwrap();
    }
    let start = |meeting: &Meeting, day: usize| meeting.occurrences[day].starts_at;
    let from = |at: Timestamp| Some(at);
    let members: [&Member; 3] = [&company.mentor, &company.mentee, &company.administrator];
    for member in members {
        let sight = company.sight_of(&world.store, member).await;
        let attends = member.id != company.administrator.id;
        let lists = async |window: &Window| {
            let mine = meetings::page_mine(&world.store, &sight, window)
                .await
                .unwrap();
            let of_track =
                meetings::page_of_track(&world.store, &sight, company.track.id, window).await;
            let of_track = shown(&of_track.unwrap());
            assert_eq!(
                shown(&mine),
                if attends {
                    of_track.clone()
                } else {
                    Vec::new()
                }
            );
            of_track
        };
        let all = lists(&window(None, None)).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all.contains(&("One".to_owned(), start(&one, 0))), "{all:?}");
        assert!(all.contains(&("Two".to_owned(), start(&two, 0))), "{all:?}");
        let later = lists(&window(from(start(&one, 2)), None)).await;
        assert!(
            later.contains(&("One".to_owned(), start(&one, 2))),
            "{later:?}"
        );
        assert_eq!(later.len(), 2, "{later:?}");
        let last = lists(&window(from(start(&one, 4)), None)).await;
        assert_eq!(last, [("One".to_owned(), start(&one, 4))]);
        let until = lists(&window(None, Some(start(&one, 0)))).await;
        assert!(!until.iter().any(|(title, _)| title == "One"), "{until:?}");
        let mut parts = Vec::new();
        let mut part = Window {
            most: 1,
            ..window(None, None)
        };
        loop {
            let page = meetings::page_of_track(&world.store, &sight, company.track.id, &part).await;
            let Some(line) = page.unwrap().pop() else {
                break;
            };
            part.after = Some(line.place());
            parts.extend(shown(&[line]));
        }
        assert_eq!(parts, all, "in parts it is the same list");
    }
}
