//! Occurrences and the agenda, as rows.

use ithaca::clock::Clock;
use ithaca::store::meetings::{self, List, Listed, Part, Whose};
use ithaca::store::{Store, links};
use jiff::civil::DateTime;
use jiff::{SignedDuration, ToSpan};
use mentoring::meeting::{Attendee, Meeting};
use mentoring::member::Member;
use mentoring::organization::MeetingId;
use mentoring::repetition::{End, Every, Occurrence, OccurrenceState, Repetition};
use mentoring::role::Sight;
use mentoring::schedule::schedule;
use sea_orm::ConnectionTrait;

use super::sight::{meeting, planned};
use super::{World, on_both};

on_both! {
    a_series_comes_back_with_its_occurrences_and_lists_show_each,
    a_list_goes_on_between_two_occurrences_at_one_instant,
    who_comes_later_has_nothing_on_their_agenda_of_what_was_over,
    fifty_people_have_a_hundred_and_four_meetings_each,
    what_was_planned_before_there_were_series_is_a_series_of_one,
}

/// Every day at the time of tomorrow's meeting, so many times; the first ones are over.
fn daily(world: &World, title: &str, over: i32, count: u16) -> Meeting {
    let single = meeting(world, &world.larkspur, title);
    let zone = &single.schedule.time_zone;
    let at = |day: i32| -> DateTime { single.schedule.local_start.saturating_add(day.days()) };
    let long_ago = world.clock.now() - SignedDuration::from_hours(24 * 200);
    let occurrences: Vec<Occurrence> = (-over..i32::from(count) - over)
        .map(|day| schedule(at(day), zone, 45, long_ago).expect("a time in UTC"))
        .map(|schedule| Occurrence::of(&schedule))
        .collect();
    Meeting {
        schedule: occurrences[0].schedule(zone),
        repetition: Some(Repetition {
            every: Every::Day,
            end: End::Count(count),
        }),
        occurrences,
        ..single
    }
}

async fn insert(world: &World, meeting: &Meeting) {
    let tx = world.store.begin(meeting.organization).await.unwrap();
    let code = world.randomness.code();
    meetings::insert(&tx, meeting, &code, None).await.unwrap();
    tx.commit().await.unwrap();
}

async fn update(world: &World, meeting: &Meeting) {
    let tx = world.store.begin(meeting.organization).await.unwrap();
    meetings::update(&tx, meeting).await.unwrap();
    tx.commit().await.unwrap();
}

async fn listed(world: &World, member: &Member, whose: Whose, part: Part) -> Vec<Listed> {
    let sight = world.larkspur.sight_of(&world.store, member).await;
    meetings::list(&world.store, &sight, &List::of(whose, part, 200))
        .await
        .unwrap()
        .lines
}

async fn coming(world: &World, member: &Member) -> Vec<Listed> {
    listed(world, member, Whose::Mine, Part::Coming(world.clock.now())).await
}

async fn past(world: &World, member: &Member) -> Vec<Listed> {
    listed(world, member, Whose::Mine, Part::Past(world.clock.now())).await
}

async fn a_series_comes_back_with_its_occurrences_and_lists_show_each(world: &World) {
    let larkspur = &world.larkspur;
    // Of those before tomorrow's, today's may be under way just now.
    let mut series = daily(world, "Every day", 3, 6);
    insert(world, &series).await;
    let found = meetings::find_for_work(&world.store, larkspur.id, series.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.meeting, series);
    assert!(coming(world, &larkspur.mentee).await.len() >= 3);
    assert!(past(world, &larkspur.mentee).await.len() >= 2);

    // Moved and called off, rows change with it and nothing else does.
    let day = SignedDuration::from_hours(24);
    let last = series.occurrences.len() - 1;
    series.occurrences[last].starts_at += day;
    series.occurrences[last].ends_at += day;
    series.occurrences[last].local_start += day;
    series.occurrences[last - 1].state = OccurrenceState::Cancelled;
    series.revision += 1;
    update(world, &series).await;
    let lines = coming(world, &larkspur.mentor).await;
    let last = lines.last().unwrap();
    assert_eq!(last.occurrence, *series.occurrences.last().unwrap());
    assert_eq!(last.meeting, series.id);
    let (whose, now) = (Whose::Track(larkspur.track.id), world.clock.now());
    let of_track = listed(world, &larkspur.administrator, whose, Part::Coming(now)).await;
    assert_eq!(of_track.len(), lines.len());
}

async fn a_list_goes_on_between_two_occurrences_at_one_instant(world: &World) {
    let mut series = daily(world, "Every day", 0, 3);
    // The second was moved onto the third.
    let third = series.occurrences[2];
    series.occurrences[1] = Occurrence {
        original_start: series.occurrences[1].original_start,
        ..third
    };
    insert(world, &series).await;
    let other = planned(world, &world.larkspur, "At the first's time").await;
    let sight = world
        .larkspur
        .sight_of(&world.store, &world.larkspur.mentor)
        .await;
    let now = world.clock.now();
    let later = now + SignedDuration::from_hours(24 * 30);
    let mut seen = one_by_one(world, &sight, Part::Coming(now)).await;
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert!(seen.iter().any(|(id, _)| *id == other.id));
    let back = one_by_one(world, &sight, Part::Past(later)).await;
    seen.reverse();
    assert_eq!(back, seen);
}

/// What a list shows that is read a line at a time.
async fn one_by_one(world: &World, sight: &Sight, part: Part) -> Vec<(MeetingId, DateTime)> {
    let mut seen = Vec::new();
    let mut list = List::of(Whose::Mine, part, 1);
    loop {
        let found = meetings::list(&world.store, sight, &list).await.unwrap();
        for line in &found.lines {
            seen.push((line.meeting, line.occurrence.original_start));
        }
        list.after = found.next;
        if list.after.is_none() {
            return seen;
        }
    }
}

async fn who_comes_later_has_nothing_on_their_agenda_of_what_was_over(world: &World) {
    let larkspur = &world.larkspur;
    let mut series = daily(world, "Half-way", 4, 8);
    let amara = Attendee {
        member: larkspur.administrator.id,
        organizer: false,
        answer: None,
    };
    insert(world, &series).await;
    series.attendees.push(amara);
    series.revision += 1;
    update(world, &series).await;
    assert!(past(world, &larkspur.administrator).await.is_empty());
    let ahead = coming(world, &larkspur.administrator).await.len();
    assert_eq!(ahead, coming(world, &larkspur.mentor).await.len());
    // A later change does not give it to them after all.
    "Half-way there".clone_into(&mut series.title);
    series.occurrences.last_mut().unwrap().state = OccurrenceState::Cancelled;
    series.revision += 1;
    update(world, &series).await;
    assert!(past(world, &larkspur.administrator).await.is_empty());
    assert!(!past(world, &larkspur.mentor).await.is_empty());
    // Whoever goes has nothing of it any more.
    series.attendees.retain(|attendee| *attendee != amara);
    series.revision += 1;
    update(world, &series).await;
    assert!(coming(world, &larkspur.administrator).await.is_empty());
    assert_eq!(coming(world, &larkspur.mentor).await.len(), ahead);
}

async fn fifty_people_have_a_hundred_and_four_meetings_each(world: &World) {
    let larkspur = &world.larkspur;
    let mut series = daily(world, "All of us", 0, 104);
    for _ in 2..50 {
        let id = world.randomness.uuid_v7(world.clock.now());
        series.attendees.push(Attendee {
            member: mentoring::organization::MemberId(id),
            organizer: false,
            answer: None,
        });
    }
    insert(world, &series).await;
    assert_eq!(coming(world, &larkspur.mentee).await.len(), 104);
    let tx = world.store.begin(larkspur.id).await.unwrap();
    let theirs = meetings::future_of_in(&tx, larkspur.id, larkspur.mentee.id, None)
        .await
        .unwrap();
    assert_eq!(theirs.len(), 1);
    assert_eq!(theirs[0].meeting.attendees.len(), 50);
}

/// The step is taken back by hand and made again, with a meeting in the database.
async fn what_was_planned_before_there_were_series_is_a_series_of_one(world: &World) {
    let larkspur = &world.larkspur;
    let before = planned(world, larkspur, "From before").await;
    for statement in [
        "DROP TABLE agenda",
        "DROP TABLE occurrences",
        "DROP INDEX meetings_last_end",
        "ALTER TABLE meetings DROP COLUMN repetition",
        "ALTER TABLE meetings DROP COLUMN last_ends_at",
        "ALTER TABLE meetings DROP COLUMN announced_mode",
        "ALTER TABLE attendees DROP COLUMN since",
        "ALTER TABLE meeting_links DROP COLUMN applied_start",
        "CREATE INDEX attendees_mine ON attendees (organization_id, member_id, starts_at, meeting_id)",
        "DELETE FROM seaql_migrations WHERE version = 'm0002_series'",
        "UPDATE meetings SET announced_sequence = 0",
    ] {
        world
            .store
            .read()
            .execute_unprepared(statement)
            .await
            .unwrap();
    }
    let again = Store::open(&world.place, Clock::system()).await.unwrap();
    let found = meetings::find_for_work(&again, larkspur.id, before.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.meeting, before);
    assert_eq!(found.announced_mode, Some(before.mode));
    let link = links::find_for_work(&again, larkspur.id, before.id).await;
    assert_eq!(link.unwrap(), None);
    again.close().await;
    assert_eq!(coming(world, &larkspur.mentee).await.len(), 1);
}
