//! Meetings that took place without having been planned: people do meet by chance. They
//! are written down afterwards, never get a Teams link, and nobody is invited to them.

use jiff::civil::DateTime;

use super::{Context, Meeting, MeetingState, check_location, check_title, people, place};
use crate::event::Event;
use crate::organization::{MeetingId, MemberId};
use crate::refusal::Refusal;
use crate::repetition::{Occurrence, OccurrenceState};
use crate::role::Actor;
use crate::schedule::{self, When};
use crate::track::Mode;

/// What a form says of a meeting that took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The title.
    pub title: String,
    /// The other people.
    pub attendees: Vec<MemberId>,
    /// The local time.
    pub local_start: DateTime,
    /// The zone that it is local in.
    pub time_zone: String,
    /// Minutes.
    pub duration_minutes: u16,
    /// How. Any: how people met does not depend on what the track offers.
    pub mode: Mode,
    /// Where.
    pub location: String,
}

/// Writes down a meeting that took place within the last year, or answers everything that
/// is wrong with it at once. Of the context only track, people and instant count.
pub fn log(
    actor: &Actor,
    record: &Record,
    context: &Context<'_>,
    id: MeetingId,
    uid_domain: &str,
) -> Result<(Meeting, Event), Vec<Refusal>> {
    let track = context.track;
    if actor.organization != track.organization || !actor.may_create_meeting_in(track.id) {
        return Err(vec![Refusal::NotEnrolled]);
    }
    let mut refusals = Vec::new();
    let mut keep = |refusal| refusals.push(refusal);
    let title = check_title(&record.title).map_err(&mut keep);
    let location = check_location(&record.location).map_err(&mut keep);
    let attendees = people(actor.member, &record.attendees, |id| {
        context.enrolled.contains(&id)
    })
    .map_err(&mut keep);
    let when = When {
        local_start: record.local_start,
        time_zone: record.time_zone.clone(),
        duration_minutes: record.duration_minutes,
    };
    let schedule = schedule::check_past(&when, context.now).map_err(|all| refusals.extend(all));
    let (Ok(title), Ok(location), Ok(attendees), Ok(schedule)) =
        (title, location, attendees, schedule)
    else {
        return Err(refusals);
    };
    let meeting = Meeting {
        id,
        organization: actor.organization,
        track: track.id,
        organizer: actor.member,
        title,
        agenda: String::new(),
        attendees,
        repetition: None,
        occurrences: vec![Occurrence {
            state: OccurrenceState::Held,
            ..Occurrence::of(&schedule)
        }],
        schedule,
        mode: record.mode,
        location: place(record.mode, location),
        state: MeetingState::Held,
        revision: 1,
        sequence: 0,
        uid: format!("{id}@{uid_domain}"),
        cancellation_reason: None,
    };
    let event = Event::MeetingLogged {
        meeting: meeting.id,
        track: meeting.track,
        mode: meeting.mode,
        starts_at: meeting.schedule.starts_at,
        people: meeting.attendees.len(),
    };
    Ok((meeting, event))
}
