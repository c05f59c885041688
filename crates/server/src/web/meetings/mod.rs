//! Meetings: the agenda, the meeting, and the forms that make, move and cancel one.

pub(super) mod about;
pub mod answers;
pub mod calendar;
pub mod cancellation;
pub mod details;
mod filter;
pub(super) mod head;
pub mod link;
pub mod list;
pub mod logged;
pub mod new;
pub mod notes;
pub mod outcome;
pub(super) mod repetition;
pub mod schedule;
pub(super) mod scope;
pub mod show;
pub(super) mod words;

use mentoring::link::LinkState;
use mentoring::meeting::Meeting;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, MemberId};
use mentoring::repetition::Occurrence;
use std::collections::BTreeMap;

use super::actor::SignedIn;
use super::answer::{self, Failed};
use super::pages::meetings::MeetingLine;
use super::pages::shown::{Mode, When};
use super::times::{self, Reader};
use crate::store;
use crate::store::meetings::{Attending, Listed, StoredMeeting};
use mentoring::meeting::OPENS_BEFORE;

/// A meeting of an address, as far as the actor may see it.
pub(super) async fn find(signed_in: &SignedIn, id: &str) -> Result<StoredMeeting, Failed> {
    let id = MeetingId(answer::id(id)?);
    store::meetings::find(&signed_in.app.store, &signed_in.sight, id)
        .await?
        .ok_or(Failed::NotFound)
}

/// How a page shows a mode.
pub(super) fn mode(mode: mentoring::track::Mode) -> Mode {
    match mode {
        mentoring::track::Mode::InPerson => Mode::InPerson,
        mentoring::track::Mode::Phone => Mode::Phone,
        mentoring::track::Mode::Teams => Mode::Teams,
    }
}

/// When one of a meeting's occurrences is for the actor, and for the others where their
/// clocks differ.
pub(in crate::web) fn when(
    signed_in: &SignedIn,
    meeting: &Meeting,
    occurrence: &Occurrence,
    people: &BTreeMap<MemberId, Member>,
) -> When {
    let others: Vec<(&str, &str)> = others(signed_in, meeting, people)
        .map(|person| (person.first_name.as_str(), person.time_zone.as_str()))
        .collect();
    times::when(
        (occurrence.starts_at, occurrence.ends_at),
        signed_in.app.clock.now(),
        Reader::from(signed_in.member()),
        &others,
    )
}

/// Which occurrence of a series an address is about.
fn of(meeting: &Meeting, occurrence: &Occurrence) -> String {
    at(meeting.repetition.is_some(), occurrence)
}

fn at(repeats: bool, occurrence: &Occurrence) -> String {
    if repeats {
        format!("?occurrence={}", occurrence.original_start)
    } else {
        String::new()
    }
}

/// The people of a meeting without the actor.
fn others<'a>(
    signed_in: &'a SignedIn,
    meeting: &'a Meeting,
    people: &'a BTreeMap<MemberId, Member>,
) -> impl Iterator<Item = &'a Member> {
    meeting
        .attendees
        .iter()
        .filter(|attendee| attendee.member != signed_in.member().id)
        .filter_map(|attendee| people.get(&attendee.member))
}

/// A meeting as lists show it.
pub(super) fn line(signed_in: &SignedIn, listed: &Listed) -> MeetingLine {
    let now = signed_in.app.clock.now();
    let (me, occurrence) = (signed_in.member().id, &listed.occurrence);
    let others: Vec<&Attending> = listed
        .people
        .iter()
        .filter(|person| person.member != me)
        .collect();
    let clocks: Vec<(&str, &str)> = others
        .iter()
        .map(|person| (person.first_name.as_str(), person.time_zone.as_str()))
        .collect();
    let is_open = listed.link == Some(LinkState::Ready)
        && occurrence.is_ahead(now)
        && occurrence.starts_at - OPENS_BEFORE <= now
        && listed.is_attended_by(me);
    let face = |person: &&Attending| {
        let (first, last) = (&person.first_name, &person.last_name);
        signed_in.face(person.member, first, last, person.has_photo)
    };
    MeetingLine {
        address: signed_in.to(&format!(
            "meetings/{}{}",
            listed.meeting,
            at(listed.repeats, occurrence)
        )),
        title: listed.title.clone(),
        when: times::when(
            (occurrence.starts_at, occurrence.ends_at),
            now,
            Reader::from(signed_in.member()),
            &clocks,
        ),
        mode: mode(listed.mode),
        people: others.iter().map(face).collect(),
        track: Some(listed.track.clone()),
        tag: words::tag(occurrence, listed.link.as_ref()),
        join: is_open.then(|| format!("/j/{}", listed.join_code)),
    }
}
