//! Meetings: the agenda, the meeting, and the forms that make, move and cancel one.

pub mod answers;
pub mod cancellation;
pub mod details;
pub mod link;
pub mod list;
pub mod logged;
pub mod new;
pub mod notes;
pub mod outcome;
mod repetition;
pub mod schedule;
mod scope;
pub mod show;
pub(super) mod words;

use mentoring::link::LinkState;
use mentoring::meeting::Meeting;
use mentoring::member::Member;
use mentoring::organization::{MeetingId, MemberId};
use mentoring::repetition::Occurrence;
use mentoring::role::rights;
use std::collections::BTreeMap;

use super::actor::SignedIn;
use super::answer::{self, Failed};
use super::pages::meetings::MeetingLine;
use super::pages::shown::{Mode, When};
use super::times::{self, Reader};
use crate::store::meetings::{Line, StoredMeeting};
use crate::store::{self, tracks};
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
pub(super) fn when(
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
    match meeting.repetition {
        None => String::new(),
        Some(_) => format!("?occurrence={}", occurrence.original_start),
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

/// Meetings as lists show them.
pub(super) async fn lines(
    signed_in: &SignedIn,
    lines: Vec<Line>,
) -> Result<Vec<MeetingLine>, Failed> {
    let store = &signed_in.app.store;
    let people = store::meetings::people_of(
        store,
        &signed_in.sight,
        lines.iter().map(|line| &line.stored),
    )
    .await?;
    let all: Vec<&Member> = people.values().collect();
    let faces: BTreeMap<MemberId, _> = all
        .iter()
        .map(|person| person.id)
        .zip(signed_in.faces(&all).await?)
        .collect();
    let tracks: BTreeMap<_, _> = tracks::list(store, &signed_in.sight)
        .await?
        .into_iter()
        .map(|track| (track.id, track.name))
        .collect();
    let now = signed_in.app.clock.now();
    Ok(lines
        .iter()
        .map(|line| {
            let (meeting, occurrence) = (&line.stored.meeting, &line.occurrence);
            let opens = occurrence.starts_at - OPENS_BEFORE;
            let open = line.link == Some(LinkState::Ready)
                && occurrence.is_ahead(now)
                && opens <= now
                && rights(&signed_in.acting().actor, meeting).see_content;
            MeetingLine {
                address: signed_in.to(&format!(
                    "meetings/{}{}",
                    meeting.id,
                    of(meeting, occurrence)
                )),
                title: meeting.title.clone(),
                when: when(signed_in, meeting, occurrence, &people),
                mode: mode(meeting.mode),
                people: others(signed_in, meeting, &people)
                    .filter_map(|person| faces.get(&person.id).cloned())
                    .collect(),
                track: tracks.get(&meeting.track).cloned(),
                tag: words::tag(occurrence, line.link.as_ref()),
                join: open.then(|| format!("/j/{}", line.stored.join_code)),
            }
        })
        .collect())
}
