//! The audit log, for global administrators: filtered, page by page, and as a file.

use http::StatusCode;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::actor::GlobalAdministrator;
use super::answer::{Answer, Failed, view_as};
use super::form::{Fields, FromFields, Query};
use super::pages::Choice;
use super::pages::audit::{Audit, AuditEntry};
use super::pages::frame::{Flash, Here};
use super::{csv, local, times};
use crate::store::audit::{self, Filter, Part};

const A_PAGE: usize = 50;
/// A file of more lines than this is asked for in parts, by its dates.
const MOST_EXPORTED: usize = 10_000;

const KINDS: [(&str, &str); 8] = [
    ("", "Everything"),
    ("session", "Signing in"),
    ("member", "Members"),
    ("token", "API tokens"),
    ("track", "Tracks"),
    ("meeting", "Meetings"),
    ("integration", "Integrations"),
    ("organization", "Organization"),
];

/// What is looked for, as it was typed.
#[derive(Debug)]
pub struct Search {
    who: String,
    what: String,
    from: String,
    until: String,
    part: Part,
}

impl FromFields for Search {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let unknown =
            || Failed::Refused(StatusCode::BAD_REQUEST, "There is no such list.".to_owned());
        let mut number = |name: &str| -> Result<Option<i64>, Failed> {
            let given = fields.optional(name)?;
            given
                .map(|text| text.parse().map_err(|_| unknown()))
                .transpose()
        };
        let part = match (number("before")?, number("after")?) {
            (Some(before), _) => Part::Before(before),
            (None, Some(after)) => Part::After(after),
            (None, None) => Part::Newest,
        };
        let search = Self {
            who: fields.one("who")?,
            what: fields.one("what")?,
            from: fields.one("from")?,
            until: fields.one("until")?,
            part,
        };
        if KINDS.iter().any(|(kind, _)| *kind == search.what) {
            Ok(search)
        } else {
            Err(unknown())
        }
    }
}

impl Search {
    /// What the store understands; none if a date is no date.
    fn filter(&self, zone: &str) -> Option<Filter> {
        let action = if self.what.is_empty() {
            String::new()
        } else {
            format!("{}.", self.what)
        };
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        Some(Filter {
            author: self.who.trim().chars().take(200).collect(),
            action,
            from: midnight(&self.from, 0, &zone)?,
            until: midnight(&self.until, 1, &zone)?,
        })
    }

    fn address(&self, path: &str, further: Option<(&str, i64)>) -> String {
        let number = further.map(|(_, number)| number.to_string());
        let mut pairs: Vec<(&str, &str)> = [
            ("who", &self.who),
            ("what", &self.what),
            ("from", &self.from),
            ("until", &self.until),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.as_str()))
        .collect();
        if let (Some((name, _)), Some(number)) = (further, &number) {
            pairs.push((name, number));
        }
        local::with_query(path, &pairs)
    }
}

/// The beginning of a day, or of one so many days later. Nothing typed is no bound.
#[expect(clippy::option_option, reason = "no date and a wrong date differ")]
fn midnight(typed: &str, later: i64, zone: &TimeZone) -> Option<Option<Timestamp>> {
    if typed.is_empty() {
        return Some(None);
    }
    let day: Date = typed.parse().ok()?;
    let day = day.checked_add(later.days()).ok()?;
    let beginning = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(Some(beginning))
}

/// `/manage/audit`
pub async fn list(admin: GlobalAdministrator, Query(search): Query<Search>) -> Answer {
    let (reader, now) = (admin.member(), admin.app.clock.now());
    let path = admin.to("manage/audit");
    let mut frame = admin.frame(Here::Manage).await?;
    let (mut entries, mut status) = (Vec::new(), StatusCode::OK);
    if let Some(filter) = search.filter(&reader.time_zone) {
        let most = u64::try_from(A_PAGE + 1).unwrap_or(u64::MAX);
        let (store, sight) = (&admin.app.store, &admin.sight);
        entries = audit::list(store, sight, &filter, search.part, most).await?;
    } else {
        frame.flash = Some(Flash::Refused("Enter a date, like 2026-11-24.".to_owned()));
        status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    let goes_on = entries.len() > A_PAGE;
    if goes_on {
        match search.part {
            Part::After(_) => drop(entries.remove(0)),
            Part::Newest | Part::Before(_) => entries.truncate(A_PAGE),
        }
    }
    let (has_newer, has_older) = match search.part {
        Part::Newest => (false, goes_on),
        Part::Before(_) => (true, goes_on),
        Part::After(_) => (goes_on, true),
    };
    let (first, last) = (entries.first(), entries.last());
    let newer = first
        .filter(|_| has_newer)
        .map(|entry| search.address(&path, Some(("after", entry.number))));
    let older = last
        .filter(|_| has_older)
        .map(|entry| search.address(&path, Some(("before", entry.number))));
    let export = (!entries.is_empty()).then(|| search.address(&format!("{path}.csv"), None));
    let page = Audit {
        what: KINDS
            .iter()
            .map(|(kind, label)| Choice::new(*kind, *label, *kind == search.what))
            .collect(),
        entries: entries
            .into_iter()
            .map(|entry| AuditEntry {
                at: times::moment(entry.at, now, reader.into()),
                instant: entry.at.to_string(),
                who: entry.author,
                what: entry.sentence,
                details: None,
                origin: entry.address,
            })
            .collect(),
        frame,
        who: search.who,
        from: search.from,
        until: search.until,
        newer,
        older,
        export,
    };
    view_as(status, &page)
}

/// `/manage/audit.csv`
pub async fn export(admin: GlobalAdministrator, Query(search): Query<Search>) -> Answer {
    let filter = search.filter(&admin.member().time_zone).ok_or_else(|| {
        Failed::Refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Enter a date, like 2026-11-24.".to_owned(),
        )
    })?;
    let most = u64::try_from(MOST_EXPORTED).unwrap_or(u64::MAX);
    let (store, sight) = (&admin.app.store, &admin.sight);
    let entries = audit::list(store, sight, &filter, Part::Newest, most).await?;
    let rows = entries.into_iter().map(|entry| {
        [
            entry.number.to_string(),
            entry.at.to_string(),
            entry.author,
            entry.action,
            entry.sentence,
            entry.address,
        ]
    });
    let heads = ["Number", "When", "Who", "Action", "What", "From where"];
    csv::file(&format!("audit-{}", admin.session.slug), heads, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_counts_until_its_end() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let end = midnight("2026-11-24", 1, &berlin).unwrap().unwrap();
        assert_eq!(end.to_string(), "2026-11-24T23:00:00Z");
        assert_eq!(midnight("", 1, &berlin), Some(None));
        assert_eq!(midnight("tomorrow", 0, &berlin), None);
    }
}
