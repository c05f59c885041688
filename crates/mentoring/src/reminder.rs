//! Reminders: who is to be reminded of what now, and when to look again. Nothing is
//! remembered but the instant of the last look, so whoever looks late, twice or after a
//! crash comes to the same answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::meeting::{Attendee, Meeting, MeetingState};
use crate::organization::MemberId;
use crate::refusal::Refusal;
use crate::repetition::{Occurrence, OccurrenceState};

/// What somebody is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A day before the start.
    DayBefore,
    /// So many minutes before the start as they chose.
    Shortly,
    /// After the end: to say how it went.
    After,
}

crate::words!(Kind { DayBefore = "day_before", Shortly = "shortly", After = "after" });

/// When somebody wants to hear of their meetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// A day before.
    pub day_before: bool,
    /// So many minutes before.
    pub minutes_before: Option<u16>,
    /// Afterwards, to say how it went.
    pub after: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            day_before: true,
            minutes_before: Some(15),
            after: true,
        }
    }
}

/// The minutes before the start that can be chosen.
pub const MINUTES: [u16; 5] = [5, 15, 30, 60, 120];

/// The earliest reminder of a meeting comes so long before its start.
pub const EARLIEST: SignedDuration = SignedDuration::from_hours(24);

/// Meetings run over, so the question afterwards waits a little.
const ASKED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Who was not asked within a week is not asked any more.
const ASKED_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Setting {
    /// What a form says, or why it can't be.
    pub fn check(
        day_before: bool,
        minutes_before: Option<u16>,
        after: bool,
    ) -> Result<Self, Refusal> {
        if minutes_before.is_some_and(|minutes| !MINUTES.contains(&minutes)) {
            return Err(Refusal::ReminderInvalid);
        }
        Ok(Self {
            day_before,
            minutes_before,
            after,
        })
    }

    /// When they are to hear of this occurrence in that way, if at all.
    fn moment(self, kind: Kind, of: &Occurrence) -> Option<Timestamp> {
        match kind {
            Kind::DayBefore => self.day_before.then(|| of.starts_at - EARLIEST),
            Kind::Shortly => self
                .minutes_before
                .map(|minutes| of.starts_at - lead(minutes)),
            Kind::After => self.after.then(|| of.ends_at + ASKED_AFTER),
        }
    }

    /// From when on it makes no sense any more: the day before once the shorter reminder
    /// would be due, that one once the meeting has begun, the question after a week.
    fn too_late(self, kind: Kind, of: &Occurrence) -> Timestamp {
        match kind {
            Kind::DayBefore => of.starts_at - lead(self.minutes_before.unwrap_or(15)),
            Kind::Shortly => of.starts_at,
            Kind::After => of.ends_at + ASKED_WITHIN,
        }
    }
}

fn lead(minutes: u16) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

/// One person is reminded of one occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Whom.
    pub to: MemberId,
    /// How.
    pub kind: Kind,
    /// Of which occurrence.
    pub occurrence: Occurrence,
    /// When they were to be reminded.
    pub moment: Timestamp,
}

impl Reminder {
    /// What every reminder's topic begins with.
    pub const TOPIC: &'static str = "remind:";

    /// What tells it apart: the same for whoever makes it, and another one once the meeting
    /// is moved.
    pub fn topic(&self) -> String {
        format!(
            "{}{}:{}:{}",
            Self::TOPIC,
            self.kind.as_str(),
            self.occurrence.original_start,
            self.occurrence.starts_at.as_second()
        )
    }
}

/// What is known of the people of a meeting.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who chose otherwise than the default.
    pub settings: &'a BTreeMap<MemberId, Setting>,
    /// Who was of which occurrence that is over, and has not said how it went.
    pub unanswered: &'a BTreeSet<(DateTime, MemberId)>,
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Who is reminded.
    pub due: Vec<Reminder>,
    /// Who isn't, since it is too late for it.
    pub late: Vec<Reminder>,
    /// When to look again, if ever.
    pub again: Option<Timestamp>,
}

/// Who is to be reminded of what, of all that fell due after `looked_at` until now.
///
/// Nobody who said that they won't come is reminded. A clock that was ahead and is put back
/// silences nobody: what was looked at in a time that has not come counts for nothing.
pub fn plan(meeting: &Meeting, known: Known<'_>, looked_at: Timestamp, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    if !matches!(
        meeting.state,
        MeetingState::Scheduled | MeetingState::Held | MeetingState::Missed
    ) {
        return plan;
    }
    let from = looked_at.min(now);
    for attendee in &meeting.attendees {
        let setting = known.settings.get(&attendee.member).copied();
        let setting = setting.unwrap_or_default();
        for occurrence in &meeting.occurrences {
            for kind in Kind::ALL.iter().copied() {
                let Some(moment) = setting.moment(kind, occurrence) else {
                    continue;
                };
                if moment <= from || !concerns(kind, attendee, occurrence) {
                    continue;
                }
                if moment > now {
                    plan.again = Some(plan.again.map_or(moment, |again| again.min(moment)));
                    continue;
                }
                let key = (occurrence.original_start, attendee.member);
                if kind == Kind::After && !known.unanswered.contains(&key) {
                    continue;
                }
                let reminder = Reminder {
                    to: attendee.member,
                    kind,
                    occurrence: *occurrence,
                    moment,
                };
                if now < setting.too_late(kind, occurrence) {
                    plan.due.push(reminder);
                } else {
                    plan.late.push(reminder);
                }
            }
        }
    }
    plan
}

fn concerns(kind: Kind, attendee: &Attendee, occurrence: &Occurrence) -> bool {
    match kind {
        Kind::DayBefore | Kind::Shortly => {
            occurrence.state == OccurrenceState::Scheduled && attendee.answer != Some(Answer::No)
        }
        // Who could not come may know whether the others met.
        Kind::After => occurrence.state != OccurrenceState::Cancelled,
    }
}
