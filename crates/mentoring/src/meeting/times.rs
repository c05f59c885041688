//! The times of a meeting that changes: one occurrence, one and all that follow, or all.
//! What is over is never touched.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Changes, Meeting, Move, Scope, expand};
use crate::refusal::Refusal;
use crate::repetition::{End, Occurrence, OccurrenceState, Repetition};
use crate::schedule::{self, Schedule, When, named_zone};

/// The meeting at its times to come.
pub(super) fn timed(
    meeting: &Meeting,
    changes: &Changes,
    now: Timestamp,
) -> Result<Meeting, Vec<Refusal>> {
    let moved = match &changes.time {
        None => meeting.clone(),
        Some(to) => moved(meeting, to, now)?,
    };
    match changes.repetition {
        Some(rule) if rule != moved.repetition => repeated(moved, rule, now),
        _ => Ok(moved),
    }
}

/// What is over, which no change touches.
fn past(meeting: &Meeting, now: Timestamp) -> impl Iterator<Item = Occurrence> + '_ {
    let all = meeting.occurrences.iter().copied();
    all.filter(move |occurrence| occurrence.ends_at <= now)
}

/// The same meeting with another rule, which begins at its next occurrence.
fn repeated(
    meeting: Meeting,
    rule: Option<Repetition>,
    now: Timestamp,
) -> Result<Meeting, Vec<Refusal>> {
    let first = meeting.current(now).schedule(&meeting.schedule.time_zone);
    let fresh = expand(&first, rule.as_ref(), now)?;
    Ok(begins_anew(meeting, first, rule, fresh, now))
}

fn begins_anew(
    meeting: Meeting,
    first: Schedule,
    repetition: Option<Repetition>,
    mut occurrences: Vec<Occurrence>,
    now: Timestamp,
) -> Meeting {
    let is_free = |past: &Occurrence| {
        let mut fresh = occurrences.iter();
        fresh.all(|one| one.original_start != past.original_start)
    };
    let kept: Vec<Occurrence> = past(&meeting, now).filter(is_free).collect();
    occurrences.extend(kept);
    Meeting {
        schedule: first,
        repetition,
        ..meeting
    }
    .with_occurrences(occurrences)
}

fn moved(meeting: &Meeting, to: &Move, now: Timestamp) -> Result<Meeting, Vec<Refusal>> {
    let when = &to.when;
    let check = || {
        schedule::check(
            when.local_start,
            &when.time_zone,
            when.duration_minutes,
            now,
        )
    };
    let Some(rule) = meeting.repetition else {
        let schedule = check()?;
        let only = vec![Occurrence::of(&schedule)];
        return Ok(begins_anew(meeting.clone(), schedule, None, only, now));
    };
    let named = |original| {
        meeting
            .occurrence(original)
            .filter(|occurrence| occurrence.is_ahead(now))
            .ok_or_else(|| vec![Refusal::OccurrenceGone])
    };
    let zone = named_zone(&meeting.schedule.time_zone).map_err(|refusal| vec![refusal])?;
    match to.scope {
        Scope::This(original) => {
            let target = named(original)?;
            let schedule = check()?;
            Ok(with(meeting, |one| {
                if one == target {
                    in_zone(target.original_start, &schedule, &zone)
                } else {
                    one
                }
            }))
        }
        Scope::Following(original) => {
            let target = named(original)?;
            several(meeting, rule, original, &check()?, &zone, |one| {
                one.original_start >= target.original_start
            })
            .at(now)
        }
        Scope::All => {
            let original = meeting.schedule.local_start;
            // The first start may be long over; then only the distance to it counts.
            let schedule = match named(original) {
                Ok(_) => check()?,
                Err(_) => schedule::check_any(when)?,
            };
            several(meeting, rule, original, &schedule, &zone, |_| true).at(now)
        }
    }
}

/// The meeting with each of its occurrences as `to` makes it.
pub(super) fn with(meeting: &Meeting, to: impl FnMut(Occurrence) -> Occurrence) -> Meeting {
    let occurrences = meeting.occurrences.iter().copied().map(to).collect();
    meeting.clone().with_occurrences(occurrences)
}

/// An occurrence where a schedule of any zone puts it.
fn in_zone(original_start: DateTime, schedule: &Schedule, zone: &TimeZone) -> Occurrence {
    Occurrence {
        original_start,
        local_start: zone.to_datetime(schedule.starts_at),
        ..Occurrence::of(schedule)
    }
}

/// Several occurrences that go as far as one of them.
struct Several<'a, F> {
    meeting: &'a Meeting,
    rule: Repetition,
    /// The original start of the one that the new time is about.
    from: DateTime,
    /// The new time of that one.
    to: &'a Schedule,
    zone: &'a TimeZone,
    is_meant: F,
}

fn several<'a, F: Fn(&Occurrence) -> bool>(
    meeting: &'a Meeting,
    rule: Repetition,
    from: DateTime,
    to: &'a Schedule,
    zone: &'a TimeZone,
    is_meant: F,
) -> Several<'a, F> {
    Several {
        meeting,
        rule,
        from,
        to,
        zone,
        is_meant,
    }
}

impl<F: Fn(&Occurrence) -> bool> Several<'_, F> {
    /// A series that moves before its first occurrence is over begins anew, by the same
    /// rule from the new time on. Afterwards the rule stays where it is, so that what is
    /// over stays in calendars, and each occurrence is moved for itself; only another zone
    /// makes the rule begin anew even then.
    fn at(&self, now: Timestamp) -> Result<Meeting, Vec<Refusal>> {
        let all_ahead = self.meeting.ahead(now).all(|one| (self.is_meant)(&one));
        let is_new = past(self.meeting, now).next().is_none();
        let moves_zone = self.to.time_zone != self.meeting.schedule.time_zone;
        let moved = if all_ahead && (is_new || moves_zone) {
            self.anew(now)?
        } else {
            self.shifted(now)
        };
        let earliest = now - SignedDuration::from_mins(1);
        let latest = self.zone.to_datetime(now).saturating_add(2.years());
        let changed = moved
            .ahead(now)
            .chain(past(&moved, now))
            .filter(|one| !self.meeting.occurrences.contains(one));
        for occurrence in changed.filter(|one| one.state == OccurrenceState::Scheduled) {
            if occurrence.starts_at < earliest {
                return Err(vec![Refusal::InThePast]);
            }
            if occurrence.local_start > latest {
                return Err(vec![Refusal::TooFarAhead]);
            }
        }
        Ok(moved)
    }

    fn shifted(&self, now: Timestamp) -> Meeting {
        let to = self.zone.to_datetime(self.to.starts_at);
        let days = self.from.date().until(to.date()).unwrap_or_default();
        with(self.meeting, |one| {
            if !one.is_ahead(now) || !(self.is_meant)(&one) {
                return one;
            }
            let date = one.original_start.date().saturating_add(days);
            let minutes = self.to.duration_minutes;
            Occurrence::at(
                one.original_start,
                date.to_datetime(to.time()),
                minutes,
                self.zone,
            )
        })
    }

    fn anew(&self, now: Timestamp) -> Result<Meeting, Vec<Refusal>> {
        let mut left: Vec<Occurrence> = self.meeting.occurrences.clone();
        left.retain(|one| one.ends_at > now);
        left.sort_by_key(|one| one.original_start);
        let start = left.first().map_or(self.from, |one| one.original_start);
        let days = |from: DateTime, to: DateTime| from.date().until(to.date()).unwrap_or_default();
        let local = start
            .date()
            .saturating_add(days(self.from, self.to.local_start))
            .to_datetime(self.to.local_start.time());
        let first = if local == self.to.local_start {
            self.to.clone()
        } else {
            schedule::check_any(&When {
                local_start: local,
                time_zone: self.to.time_zone.clone(),
                duration_minutes: self.to.duration_minutes,
            })?
        };
        let rule = Repetition {
            every: self.rule.every,
            end: match self.rule.end {
                End::Count(_) => End::Count(u16::try_from(left.len()).unwrap_or(u16::MAX)),
                End::Until(until) => {
                    End::Until(until.saturating_add(days(start, first.local_start)))
                }
            },
        };
        let mut fresh = expand(&first, Some(&rule), now)?;
        for (fresh, left) in fresh.iter_mut().zip(&left) {
            fresh.state = left.state;
        }
        let meeting = self.meeting.clone();
        Ok(begins_anew(meeting, first, Some(rule), fresh, now))
    }
}
