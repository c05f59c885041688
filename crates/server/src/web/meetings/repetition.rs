//! How a meeting repeats: the three fields that say so.

use std::fmt;

use mentoring::meeting::Meeting;
use mentoring::refusal::Refusal;
use mentoring::repetition::{End, Every, MonthlyBy, Repetition, Written};

use crate::web::answer::Failed;
use crate::web::form::{Fields, FromFields};
use crate::web::pages::form::Choice;
use crate::web::pages::meetings as pages;

const NONE: &str = "none";
const CHOICES: [(&str, &str); 6] = [
    (NONE, "Does not repeat"),
    ("day", "Every day"),
    ("week", "Every week"),
    ("two_weeks", "Every two weeks"),
    ("month_day", "Every month on the same day"),
    ("month_weekday", "Every month on the same weekday"),
];

/// How it repeats, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    every: String,
    count: String,
    until: String,
}

impl FromFields for Typed {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let trimmed = |text: String| text.trim().to_owned();
        Ok(Self {
            every: fields.one("repetition").map(trimmed)?,
            count: fields.one("count").map(trimmed)?,
            until: fields.one("until").map(trimmed)?,
        })
    }
}

impl Typed {
    /// A form that begins with how a meeting repeats. What is over is not counted any
    /// more, so a series that has begun says until when it goes.
    pub fn of(meeting: &Meeting, now: jiff::Timestamp) -> Self {
        let Some(rule) = meeting.repetition else {
            return Self {
                every: NONE.to_owned(),
                ..Self::default()
            };
        };
        let every = match rule.every {
            Every::Day => "day",
            Every::Week => "week",
            Every::TwoWeeks => "two_weeks",
            Every::Month(MonthlyBy::Day) => "month_day",
            Every::Month(MonthlyBy::Weekday) => "month_weekday",
        };
        let has_begun = meeting.occurrences.iter().any(|one| one.ends_at <= now);
        let originals = meeting.occurrences.iter().map(|one| one.original_start);
        let (count, until) = match (rule.end, originals.max()) {
            (End::Count(_), Some(last)) if has_begun => (None, Some(last.date())),
            (End::Count(count), _) => (Some(count), None),
            (End::Until(until), _) => (None, Some(until)),
        };
        Self {
            every: every.to_owned(),
            count: count.map(|count| count.to_string()).unwrap_or_default(),
            until: until.map(|until| until.to_string()).unwrap_or_default(),
        }
    }

    /// What was meant, or what is wrong with it.
    pub fn read(&self) -> Result<Option<Repetition>, Refusal> {
        let (every, by) = match self.every.as_str() {
            "" | NONE => return Ok(None),
            word => match word.split_once('_') {
                Some(("month", by)) => ("month", Some(by.to_owned())),
                _ => (word, None),
            },
        };
        let count = Some(self.count.as_str()).filter(|count| !count.is_empty());
        let until = Some(self.until.as_str()).filter(|until| !until.is_empty());
        let written = Written {
            every: every.to_owned(),
            by,
            count: count
                .map(|count| count.parse().map_err(|_| Refusal::RepetitionCount))
                .transpose()?,
            until: until
                .map(|until| until.parse().map_err(|_| Refusal::RepetitionEndless))
                .transpose()?,
        };
        written.try_into().map(Some)
    }

    /// The fields again.
    pub fn shown(&self) -> pages::Repetition {
        let chosen = if self.every.is_empty() {
            NONE
        } else {
            &self.every
        };
        pages::Repetition {
            every: CHOICES
                .iter()
                .map(|(value, label)| Choice::new(*value, *label, *value == chosen))
                .collect(),
            count: self.count.clone(),
            until: self.until.clone(),
        }
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = CHOICES.iter().find(|(value, _)| *value == self.every);
        f.write_str(known.map_or(CHOICES[0].1, |(_, label)| label))?;
        if known.is_none_or(|(value, _)| *value == NONE) {
            return Ok(());
        }
        if !self.count.is_empty() {
            write!(f, ", {} times", self.count)?;
        }
        if !self.until.is_empty() {
            write!(f, ", until {}", self.until)?;
        }
        Ok(())
    }
}
