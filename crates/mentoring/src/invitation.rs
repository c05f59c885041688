//! Which change tells whom what, and the calendar object as data.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::meeting::{Meeting, MeetingState, Part};
use crate::organization::MemberId;
use crate::repetition::{self, Occurrence, OccurrenceState, Repetition};
use crate::schedule::Schedule;
use crate::track::Mode;

/// iCalendar's METHOD (RFC 5546).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Put it in, or replace what is there.
    Request,
    /// Take it out.
    Cancel,
}

/// What happened, from the reader's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// There is a new meeting.
    Created,
    /// It moved.
    Rescheduled {
        /// When it was.
        was: Schedule,
    },
    /// It was called off.
    Cancelled {
        /// Why, if that was said.
        reason: Option<String>,
    },
    /// A series ends earlier than it would have.
    Shortened {
        /// The first occurrence that was called off.
        from: Schedule,
    },
    /// Something else of it is different.
    Changed {
        /// What.
        what: Vec<Part>,
    },
    /// It takes place another way.
    ModeChanged {
        /// How it would have.
        was: Mode,
    },
    /// The reader is no longer invited.
    Removed,
    /// It has another Teams link.
    LinkChanged,
}

/// One message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// To whom.
    pub to: MemberId,
    /// What their calendar is to do.
    pub method: Method,
    /// With which SEQUENCE.
    pub sequence: i64,
    /// What happened.
    pub change: Change,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The one occurrence that it is about, by its original start; otherwise it is about
    /// the whole meeting.
    pub only: Option<DateTime>,
}

/// Who is told what of the step from `before`, as people last knew it, to `after`.
///
/// Everyone of the meeting, the one who made it included, is told every change once;
/// somebody who is no longer of it gets a CANCEL, and nobody else does (E-06). That others
/// come or go is told to them and to the organizer; that the agenda is different, to
/// nobody. What was cancelled before anybody knew of it is nobody's business.
pub fn notices(before: Option<&Meeting>, after: &Meeting) -> Vec<Notice> {
    notices_because(before, after, None)
}

/// The same for a change whose reason was said: all are told it.
pub fn notices_because(
    before: Option<&Meeting>,
    after: &Meeting,
    reason: Option<&str>,
) -> Vec<Notice> {
    let is_cancelled = after.state == MeetingState::Cancelled;
    let before = match before {
        Some(before) if before.state == MeetingState::Cancelled => return Vec::new(),
        None if is_cancelled => return Vec::new(),
        before => before,
    };
    let notice = |to, method, change| Notice {
        to,
        method,
        sequence: after.sequence,
        change,
        reason: None,
        only: None,
    };
    let knew = |member| before.is_some_and(|before| before.is_attended_by(member));
    let told_all = if is_cancelled {
        let reason = after.cancellation_reason.clone();
        Some(Notice {
            reason: reason.clone(),
            ..notice(
                after.organizer,
                Method::Cancel,
                Change::Cancelled { reason },
            )
        })
    } else {
        before.and_then(|before| difference(before, after, reason))
    };
    let concerns = |to| match told_all.as_ref().map(|notice| &notice.change) {
        Some(Change::Changed { what }) if what[..] == [Part::People] => to == after.organizer,
        _ => true,
    };
    let come = after.attendees.iter().map(|attendee| attendee.member);
    let told = come.filter_map(|to| match &told_all {
        _ if !knew(to) => (!is_cancelled).then(|| notice(to, Method::Request, Change::Created)),
        Some(told) if concerns(to) => Some(Notice { to, ..told.clone() }),
        _ => None,
    });
    let gone = before
        .iter()
        .flat_map(|before| before.attendees.iter().map(|attendee| attendee.member))
        .filter(|member| !after.is_attended_by(*member))
        .map(|to| notice(to, Method::Cancel, Change::Removed));
    told.chain(gone).collect()
}

/// What those who knew the meeting are told. A change of which people are told raises the
/// sequence; one that shows nowhere else is one of the link.
fn difference(before: &Meeting, after: &Meeting, reason: Option<&str>) -> Option<Notice> {
    let mut what = Part::differing(before, after);
    what.retain(|part| *part != Part::Agenda);
    let mut notice = Notice {
        to: after.organizer,
        method: Method::Request,
        sequence: after.sequence,
        change: Change::LinkChanged,
        reason: reason.map(str::to_owned),
        only: None,
    };
    notice.change = if what.contains(&Part::Mode) {
        Change::ModeChanged { was: before.mode }
    } else if what.contains(&Part::Repetition) {
        Change::Changed { what }
    } else if what.contains(&Part::Time) {
        let apart = apart(before, after);
        let was = apart.first().map_or_else(
            || before.schedule.clone(),
            |(was, _)| was.schedule(&before.schedule.time_zone),
        );
        let called_off = !apart.is_empty()
            && apart
                .iter()
                .all(|(_, is)| is.is_some_and(|is| is.state == OccurrenceState::Cancelled));
        if let ([(_, Some(is))], [Part::Time]) = (&apart[..], &what[..])
            && after.repetition.is_some()
        {
            notice.only = Some(is.original_start);
        }
        match (notice.only, called_off) {
            (Some(_), true) => {
                notice.method = Method::Cancel;
                Change::Cancelled {
                    reason: notice.reason.clone(),
                }
            }
            (None, true) => Change::Shortened { from: was },
            (_, false) => Change::Rescheduled { was },
        }
    } else if !what.is_empty() {
        Change::Changed { what }
    } else if before.sequence < after.sequence {
        Change::LinkChanged
    } else {
        return None;
    };
    Some(notice)
}

/// The occurrences that are not as they were, each with what became of it if it is still
/// the same one.
fn apart(before: &Meeting, after: &Meeting) -> Vec<(Occurrence, Option<Occurrence>)> {
    before
        .occurrences
        .iter()
        .map(|was| (*was, after.occurrence(was.original_start)))
        .filter(|(was, is)| *is != Some(*was))
        .collect()
}

/// iCalendar's PARTSTAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Participation {
    /// Has not answered.
    NeedsAction,
    /// Yes.
    Accepted,
    /// Maybe.
    Tentative,
    /// No.
    Declined,
}

impl From<Option<Answer>> for Participation {
    fn from(answer: Option<Answer>) -> Self {
        match answer {
            None => Self::NeedsAction,
            Some(Answer::Yes) => Self::Accepted,
            Some(Answer::Maybe) => Self::Tentative,
            Some(Answer::No) => Self::Declined,
        }
    }
}

/// A meeting as a calendar object: what the mail module writes as iCalendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarObject {
    /// METHOD.
    pub method: Method,
    /// UID.
    pub uid: String,
    /// SEQUENCE.
    pub sequence: i64,
    /// SUMMARY.
    pub summary: String,
    /// DESCRIPTION.
    pub description: String,
    /// LOCATION; empty for none.
    pub location: String,
    /// URL.
    pub url: Option<String>,
    /// The start as an instant.
    pub starts_at: Timestamp,
    /// The end as an instant.
    pub ends_at: Timestamp,
    /// The start on the wall.
    pub local_start: DateTime,
    /// The zone of that wall.
    pub time_zone: String,
    /// ORGANIZER: the name of the person and the instance's address.
    pub organizer: (String, String),
    /// ATTENDEE: name, address, answer.
    pub attendees: Vec<(String, String, Participation)>,
    /// DTSTAMP.
    pub stamp: Timestamp,
    /// STATUS:CANCELLED.
    pub cancelled: bool,
    /// How it repeats, in an object about a whole series.
    #[serde(default)]
    pub recurrence: Option<Recurrence>,
    /// RECURRENCE-ID on the wall, in an object about one occurrence alone.
    #[serde(default)]
    pub only: Option<DateTime>,
}

/// What a calendar object names beside the meeting.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// METHOD.
    pub method: Method,
    /// SEQUENCE.
    pub sequence: i64,
    /// The one occurrence that it is about; otherwise it is about the whole meeting.
    pub only: Option<DateTime>,
    /// Ithaca's join address, for a Teams meeting.
    pub join_address: Option<&'a str>,
    /// The name of the person who made the meeting, and the instance's address.
    pub organizer: (String, String),
    /// DTSTAMP.
    pub stamp: Timestamp,
}

impl CalendarObject {
    /// A meeting as a calendar object. `person` answers with name and address.
    pub fn of(
        meeting: &Meeting,
        entry: Entry<'_>,
        person: impl Fn(MemberId) -> Option<(String, String)>,
    ) -> Self {
        let zone = &meeting.schedule.time_zone;
        let alone = entry.only.and_then(|original| meeting.occurrence(original));
        let when = alone.map_or_else(|| meeting.schedule.clone(), |one| one.schedule(zone));
        let attendees = meeting.attendees.iter().filter_map(|attendee| {
            let (name, address) = person(attendee.member)?;
            Some((name, address, attendee.answer.into()))
        });
        Self {
            method: entry.method,
            uid: meeting.uid.clone(),
            sequence: entry.sequence,
            summary: meeting.title.clone(),
            description: meeting.agenda.clone(),
            location: entry.join_address.unwrap_or(&meeting.location).to_owned(),
            url: entry.join_address.map(str::to_owned),
            starts_at: when.starts_at,
            ends_at: when.ends_at,
            local_start: when.local_start,
            time_zone: when.time_zone,
            organizer: entry.organizer,
            attendees: attendees.collect(),
            stamp: entry.stamp,
            cancelled: entry.method == Method::Cancel,
            recurrence: match entry.only {
                None => recurrence(meeting),
                Some(_) => None,
            },
            only: entry.only,
        }
    }
}

/// RRULE and what deviates from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// RRULE.
    pub rule: Repetition,
    /// DTSTART on the wall: the rule begins here.
    pub first_local: DateTime,
    /// EXDATE on the wall: what was called off.
    pub excluded: Vec<DateTime>,
    /// What was moved: each is a VEVENT of its own.
    pub overrides: Vec<Override>,
}

/// An occurrence that is elsewhere than its rule puts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// RECURRENCE-ID on the wall.
    pub original: DateTime,
    /// The start on the wall.
    pub local_start: DateTime,
    /// The start.
    pub starts_at: Timestamp,
    /// The end.
    pub ends_at: Timestamp,
}

/// How a calendar object of the whole meeting repeats.
///
/// Asks the rule again, so that what a calendar program makes of it and what takes place
/// are the same, whatever became of the meeting.
pub fn recurrence(meeting: &Meeting) -> Option<Recurrence> {
    let rule = meeting.repetition?;
    let first = &meeting.schedule;
    let by_rule = repetition::occurrences(first, &rule, first.starts_at).ok()?;
    let mut excluded = Vec::new();
    let mut overrides = Vec::new();
    for natural in by_rule {
        match meeting.occurrence(natural.original_start) {
            Some(is) if is.state != OccurrenceState::Cancelled => {
                if (is.starts_at, is.ends_at) != (natural.starts_at, natural.ends_at) {
                    overrides.push(Override {
                        original: is.original_start,
                        local_start: is.local_start,
                        starts_at: is.starts_at,
                        ends_at: is.ends_at,
                    });
                }
            }
            _ => excluded.push(natural.original_start),
        }
    }
    Some(Recurrence {
        rule,
        first_local: first.local_start,
        excluded,
        overrides,
    })
}
