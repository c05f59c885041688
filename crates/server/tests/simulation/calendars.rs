//! Whether everybody's calendar is right, by the mail that they got.

use std::collections::{BTreeMap, BTreeSet};

use ithaca::store::links;
use ithaca::store::meetings::StoredMeeting;
use ithaca::store::members;
use jiff::civil::DateTime;
use mentoring::invitation;
use mentoring::link::LinkState;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::member::{Member, MemberState};
use mentoring::repetition::Occurrence;
use mentoring::track::Mode;

use crate::checker;
use crate::companies::Company;
use crate::mail::{Calendar, Received};
use crate::world::World;

/// N3 and N4: whoever is of a meeting has it in their calendar as it is, and nobody else does.
pub async fn are_right(world: &World, company: &Company) {
    let boxes = world.mail.boxes();
    let refused = world.mail.refused();
    let now = world.stage.clock.now();
    let people: Vec<Member> = members::list_for_work(&world.store, company.id, &company.people)
        .await
        .expect("members can be read");
    for id in checker::meeting_ids(world, company.id).await {
        let Some(stored) = checker::find(world, company, id).await else {
            continue;
        };
        let meeting = &stored.meeting;
        for person in &people {
            let mail = boxes
                .get(person.email.as_str())
                .map_or(&[][..], Vec::as_slice);
            let about: Vec<&Received> = mail
                .iter()
                .filter(|one| is_about(one, &meeting.uid))
                .collect();
            each_says_one_thing(world, person, &about);
            let invited = about.iter().any(|one| method(one) == "REQUEST");
            if invited && !world.promises.was_attended_by(id, person.id) {
                world.stage.broken(format!(
                    "N3: {} was invited to {id} and never of it",
                    person.name()
                ));
            }
            if invited && meeting.state == MeetingState::Proposed {
                world.stage.broken(format!(
                    "N3: {} was invited to {id}, which is only proposed",
                    person.name()
                ));
            }
            // What is over is nobody's business any more, and what a mailbox will not take can't
            // be told.
            if meeting.ends_at() <= now || refused.iter().any(|one| is_about(one, &meeting.uid)) {
                continue;
            }
            // What is said of one occurrence leaves the rest of the series as it was.
            let newest = about
                .iter()
                .filter(|one| is_whole(one))
                .max_by_key(|one| sequence(one));
            let newest = newest.copied();
            let comes = meeting.is_attended_by(person.id)
                && meeting.state == MeetingState::Scheduled
                && person.state == MemberState::Active;
            if comes {
                knows_it(world, person, &stored, newest, &about).await;
            } else if newest.is_some_and(|one| method(one) == "REQUEST")
                && (meeting.state == MeetingState::Cancelled || !meeting.is_attended_by(person.id))
            {
                world.stage.broken(format!(
                    "N3: {} still has {id} in the calendar: {:?}",
                    person.name(),
                    checker::messages(world, id, person.id).await
                ));
            }
        }
    }
}

async fn knows_it(
    world: &World,
    person: &Member,
    stored: &StoredMeeting,
    newest: Option<&Received>,
    about: &[&Received],
) {
    let meeting = &stored.meeting;
    let link = links::find_for_work(&world.store, meeting.organization, meeting.id)
        .await
        .expect("links can be read");
    let is_another = link
        .as_ref()
        .is_some_and(|link| link.told_generation > Some(1));
    let works = link.is_some_and(|link| link.state == LinkState::Ready || link.kept);
    if meeting.mode == Mode::Teams && !works && stored.announced_mode != Some(Mode::Teams) {
        return;
    }
    let calendar = newest.and_then(|one| one.calendar.as_ref());
    let Some(calendar) = calendar.filter(|calendar| calendar.method == "REQUEST") else {
        world.stage.broken(format!(
            "N3: {} has no invitation to {}: {:?}",
            person.name(),
            meeting.id,
            checker::messages(world, meeting.id, person.id).await
        ));
        return;
    };
    if is_another {
        hears_of_another_link(world, person, meeting, about).await;
    }
    let starts = written(meeting.schedule.local_start);
    if calendar.starts != starts || calendar.summary != meeting.title {
        world.stage.broken(format!(
            "N3: {} has {} at {} where {} is {} at {starts}",
            person.name(),
            calendar.summary,
            calendar.starts,
            meeting.id,
            meeting.title
        ));
    }
    let now = world.stage.clock.now();
    let (mut has, mut is) = (series_in(calendar, about), series_of(meeting));
    // What is over is in nobody's way any more, however it was.
    for over in meeting.occurrences.iter().filter(|one| one.ends_at <= now) {
        has.forgets(over);
        is.forgets(over);
    }
    if has != is {
        world.stage.broken(format!(
            "N3: {} has other occurrences of {} than there are: {has:?}, not {is:?}",
            person.name(),
            meeting.id
        ));
    }
}

/// N4: where a link took another's place, the last word about it arrived.
async fn hears_of_another_link(
    world: &World,
    person: &Member,
    meeting: &Meeting,
    about: &[&Received],
) {
    let told = checker::messages(world, meeting.id, person.id).await;
    let last = told.iter().filter_map(|message| {
        let (_, rest) = message.split_once("request:")?;
        rest.split(' ').next()?.parse::<i64>().ok()
    });
    let (last, heard) = (last.max(), about.iter().map(|one| sequence(one)).max());
    if heard < last {
        world.stage.broken(format!(
            "N4: {} heard of {} up to {heard:?}: {told:?}",
            person.name(),
            meeting.id
        ));
    }
}

/// How a series differs from its rule: what was called off, and what was moved to when.
#[derive(Debug, PartialEq, Eq)]
struct Series {
    excluded: BTreeSet<String>,
    moved: BTreeMap<String, String>,
}

impl Series {
    fn forgets(&mut self, occurrence: &Occurrence) {
        let original = written(occurrence.original_start);
        self.excluded.remove(&original);
        self.moved.remove(&original);
    }
}

/// As a calendar has it: by the newest word about the whole, and what was said of single
/// occurrences since.
fn series_in(whole: &Calendar, about: &[&Received]) -> Series {
    let mut series = Series {
        excluded: whole.excluded.clone(),
        moved: whole.moved.clone(),
    };
    let mut since: Vec<(&String, &Calendar)> = about
        .iter()
        .filter_map(|one| one.calendar.as_ref())
        .filter(|one| one.sequence > whole.sequence)
        .filter_map(|one| Some((one.only.as_ref()?, one)))
        .collect();
    since.sort_by_key(|(_, one)| one.sequence);
    for (original, one) in since {
        if one.method == "CANCEL" {
            series.moved.remove(original);
            series.excluded.insert(original.clone());
        } else {
            series.excluded.remove(original);
            series.moved.insert(original.clone(), one.starts.clone());
        }
    }
    series.moved.retain(|original, starts| original != starts);
    series
}

/// As it is.
fn series_of(meeting: &Meeting) -> Series {
    let recurrence = invitation::recurrence(meeting);
    let excluded = recurrence.iter().flat_map(|one| &one.excluded);
    let overrides = recurrence.iter().flat_map(|one| &one.overrides);
    let moved = overrides.map(|one| (written(one.original), written(one.local_start)));
    Series {
        excluded: excluded.map(|original| written(*original)).collect(),
        moved: moved
            .filter(|(original, starts)| original != starts)
            .collect(),
    }
}

fn written(local: DateTime) -> String {
    local.strftime("%Y%m%dT%H%M%S").to_string()
}

/// N3: what is sent again is the same message.
fn each_says_one_thing(world: &World, person: &Member, about: &[&Received]) {
    let mut said: BTreeMap<(i64, String, Option<String>), &Received> = BTreeMap::new();
    for one in about {
        let Some(calendar) = &one.calendar else {
            continue;
        };
        let key = (
            calendar.sequence,
            calendar.method.clone(),
            calendar.only.clone(),
        );
        let first = said.entry(key).or_insert(one);
        if first.message_id != one.message_id
            || first.calendar.as_ref().map(|one| &one.text) != Some(&calendar.text)
        {
            world.stage.broken(format!(
                "N3: {} got {} {} of {} in two messages",
                person.name(),
                calendar.method,
                calendar.sequence,
                calendar.summary
            ));
        }
    }
}

fn is_about(one: &Received, uid: &str) -> bool {
    one.calendar
        .as_ref()
        .is_some_and(|calendar| calendar.uid == uid)
}

fn is_whole(one: &Received) -> bool {
    one.calendar
        .as_ref()
        .is_some_and(|calendar| calendar.only.is_none())
}

fn method(one: &Received) -> &str {
    one.calendar
        .as_ref()
        .map_or("", |calendar| &calendar.method)
}

fn sequence(one: &Received) -> i64 {
    one.calendar
        .as_ref()
        .map_or(-1, |calendar| calendar.sequence)
}
