//! Several times as they are typed: a row each (`date_1`, `time_1` and so on), one zone and one duration for all.

use jiff::civil::DateTime;
use mentoring::proposal::MOST_TIMES;
use mentoring::refusal::Refusal;
use mentoring::schedule::{When, read_local};

use crate::web::answer::Failed;
use crate::web::form::{Fields, FromFields};
use crate::web::pages::form::Errors;
use crate::web::pages::proposals::{Row, Times};
use crate::web::times;

/// The rows, zone and duration.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    rows: Vec<Row>,
    zone: String,
    duration: String,
}

impl FromFields for Typed {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let mut rows = Vec::new();
        for place in 1..=MOST_TIMES {
            rows.push(Row {
                date: fields.one(&format!("date_{place}"))?,
                time: fields.one(&format!("time_{place}"))?,
            });
        }
        Ok(Self {
            rows,
            zone: fields.one("zone")?,
            duration: fields.one("duration")?,
        })
    }
}

impl Typed {
    /// A form that begins with this.
    pub fn of(local: DateTime, zone: &str, minutes: u16) -> Self {
        Self {
            rows: vec![Row {
                date: local.strftime("%Y-%m-%d").to_string(),
                time: local.strftime("%H:%M").to_string(),
            }],
            zone: zone.to_owned(),
            duration: minutes.to_string(),
        }
    }

    /// The times that were meant, or all that can't be read. A row without a date is none.
    pub fn read(&self) -> Result<Vec<When>, Vec<Refusal>> {
        let (mut times, mut refusals) = (Vec::new(), Vec::new());
        let minutes: Option<u16> = self.duration.trim().parse().ok();
        if minutes.is_none() {
            refusals.push(Refusal::DurationInvalid);
        }
        let given = |row: &&Row| !row.date.trim().is_empty();
        for (place, row) in self.rows.iter().filter(given).enumerate() {
            match read_local(&row.date, &row.time) {
                Ok(local_start) => times.push(When {
                    local_start,
                    time_zone: self.zone.trim().to_owned(),
                    duration_minutes: minutes.unwrap_or_default(),
                }),
                Err(all) => refusals.extend(
                    all.into_iter()
                        .map(|refusal| Refusal::OfferedTime(place + 1, Box::new(refusal))),
                ),
            }
        }
        if refusals.is_empty() {
            Ok(times)
        } else {
            Err(refusals)
        }
    }

    /// The fields again, with room for as many times as there may be.
    pub fn shown(&self, errors: &Errors) -> Times {
        let mut rows = self.rows.clone();
        if rows.len() < MOST_TIMES {
            rows.resize_with(MOST_TIMES, Row::default);
        }
        let problems = errors.fields.iter().filter(|(field, _)| *field == "times");
        Times {
            rows,
            zones: times::zones(&self.zone),
            duration: self.duration.clone(),
            problems: problems.map(|(_, sentence)| sentence.clone()).collect(),
        }
    }
}
