//! A week and a month of meetings, in the reader's own zone.

use std::collections::BTreeMap;

use axum::extract::Path;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use mentoring::repetition::OccurrenceState;

use super::filter::Typed;
use super::head::{Lists, Which};
use crate::store::meetings::{self, List, Listed, Part, Whose};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, view};
use crate::web::form::{Fields, FromFields, Query};
use crate::web::pages::agenda::{Calendar, CalendarDay, CalendarLine, Span};
use crate::web::pages::frame::Here;
use crate::web::pages::shown::Way;
use crate::web::times::{self, Reader};
use crate::web::tracks::show as tracks;

/// How many meetings one page shows.
const MOST: u64 = 500;
/// How many of them in one day of a month; the others are a click away.
const IN_A_DAY: usize = 4;

/// Which week or month: a day of it, or a month as `2026-11`.
pub struct Wanted {
    on: String,
    typed: Typed,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            on: fields.one("on")?,
            typed: Typed::from_fields(fields)?,
        })
    }
}

/// A week of the actor's own meetings.
pub async fn week(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Answer {
    mine(&signed_in, Which::Week, &wanted).await
}

/// A month of the actor's own meetings.
pub async fn month(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Answer {
    mine(&signed_in, Which::Month, &wanted).await
}

/// A week of a track's meetings.
pub async fn week_of_track(
    signed_in: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    of_track(&signed_in, Which::Week, slug, &wanted).await
}

/// A month of a track's meetings.
pub async fn month_of_track(
    signed_in: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    of_track(&signed_in, Which::Month, slug, &wanted).await
}

async fn mine(signed_in: &SignedIn, which: Which, wanted: &Wanted) -> Answer {
    let lists = Lists::mine(signed_in).await?;
    show(&lists, Whose::Mine, which, wanted, Here::Meetings).await
}

async fn of_track(signed_in: &SignedIn, which: Which, slug: String, wanted: &Wanted) -> Answer {
    let track = tracks::find(signed_in, &slug).await?;
    let whose = Whose::Track(track.id);
    let lists = Lists::of_track(signed_in, track);
    show(&lists, whose, which, wanted, Here::Track(slug)).await
}

async fn show(
    lists: &Lists<'_>,
    whose: Whose,
    which: Which,
    wanted: &Wanted,
    here: Here,
) -> Answer {
    let signed_in = lists.signed_in;
    let reader = Reader::from(signed_in.member());
    let now = signed_in.app.clock.now();
    let zone = times::zone(reader.zone);
    let today = zone.to_datetime(now).date();
    let span = match which {
        Which::Month => Span::Month,
        _ => Span::Week,
    };
    let days = Days::around(span, day(&wanted.on, today)?, reader.language);
    let asked = List {
        filter: lists.filter(&wanted.typed)?,
        ..List::of(whose, days.part(&zone)?, MOST)
    };
    let found = meetings::list(&signed_in.app.store, &signed_in.sight, &asked).await?;
    let mut by_day: BTreeMap<Date, Vec<&Listed>> = BTreeMap::new();
    for listed in &found.lines {
        // What began the evening before is shown on the first day.
        let day = zone.to_datetime(listed.occurrence.starts_at).date();
        by_day.entry(day.max(days.first)).or_default().push(listed);
    }
    let shown = Shown {
        lists,
        days: &days,
        today,
        week: |on: Date| {
            let on = on.to_string();
            wanted
                .typed
                .address(&lists.path(Which::Week), &[("on", &on)])
        },
    };
    let turn = |on: Date| {
        wanted
            .typed
            .address(&lists.path(which), &[("on", &days.named(on))])
    };
    view(&Calendar {
        frame: lists.frame(here).await?,
        head: lists.head(which, &wanted.typed, Some(&days.named(days.within))),
        caption: days.caption(),
        span,
        previous: turn(days.previous()),
        today: wanted.typed.address(&lists.path(which), &[]),
        next: turn(days.next()),
        weekdays: days.weekdays(),
        weeks: days
            .all()
            .chunks(7)
            .map(|week| {
                let day = |day: &Date| shown.day(*day, by_day.get(day).map_or(&[], Vec::as_slice));
                week.iter().map(day).collect()
            })
            .collect(),
        empty: found
            .lines
            .is_empty()
            .then(|| lists.empty(which, &wanted.typed)),
        note: found.next.map(|_| {
            format!("Only the first {MOST} meetings are shown. Filter to see the others.")
        }),
    })
}

/// The day that an address names; today's if it names none.
fn day(on: &str, today: Date) -> Result<Date, Failed> {
    let on = on.trim();
    if on.is_empty() {
        return Ok(today);
    }
    let day = on.parse().or_else(|_| format!("{on}-01").parse());
    day.ok()
        .filter(|day: &Date| (2000..=2199).contains(&day.year()))
        .ok_or_else(|| {
            Failed::Refused(
                http::StatusCode::BAD_REQUEST,
                "The address does not say which days to show.".to_owned(),
            )
        })
}

/// The days of a page: whole weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days {
    span: Span,
    /// The first day that is shown.
    first: Date,
    weeks: usize,
    /// The first day of the month or week itself.
    within: Date,
}

impl Days {
    fn around(span: Span, day: Date, language: &str) -> Self {
        // Weeks begin as the reader's calendars do.
        let begins = if language.eq_ignore_ascii_case("en-US") {
            Weekday::Sunday
        } else {
            Weekday::Monday
        };
        let start_of =
            |day: Date| day.saturating_sub(i64::from(day.weekday().since(begins)).days());
        match span {
            Span::Week => {
                let first = start_of(day);
                Self {
                    span,
                    first,
                    weeks: 1,
                    within: first,
                }
            }
            Span::Month => {
                let within = day.first_of_month();
                let first = start_of(within);
                let before = usize::try_from(within.weekday().since(begins)).unwrap_or_default();
                let days = usize::try_from(day.days_in_month()).unwrap_or_default();
                Self {
                    span,
                    first,
                    weeks: (before + days).div_ceil(7),
                    within,
                }
            }
        }
    }

    fn all(&self) -> Vec<Date> {
        self.first.series(1.day()).take(self.weeks * 7).collect()
    }

    /// From the first midnight to the last, as the zone's clocks have them.
    fn part(&self, zone: &TimeZone) -> Result<Part, Failed> {
        let midnight = |day: Date| -> Result<Timestamp, Failed> {
            zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0))
                .compatible()
                .map_err(|error| Failed::Broken(error.to_string()))
        };
        let end = self
            .first
            .saturating_add(i64::try_from(self.weeks).unwrap_or_default().weeks());
        Ok(Part::Between(midnight(self.first)?, midnight(end)?))
    }

    fn previous(&self) -> Date {
        match self.span {
            Span::Week => self.within.saturating_sub(1.week()),
            Span::Month => self.within.saturating_sub(1.month()),
        }
    }

    fn next(&self) -> Date {
        match self.span {
            Span::Week => self.within.saturating_add(1.week()),
            Span::Month => self.within.saturating_add(1.month()),
        }
    }

    /// As addresses name it.
    fn named(&self, day: Date) -> String {
        match self.span {
            Span::Week => day.to_string(),
            Span::Month => day.strftime("%Y-%m").to_string(),
        }
    }

    fn caption(&self) -> String {
        match self.span {
            Span::Week => self.within.strftime("Week of %-d %B %Y").to_string(),
            Span::Month => self.within.strftime("%B %Y").to_string(),
        }
    }

    fn weekdays(&self) -> Vec<(String, String)> {
        let name = |day: Date| {
            (
                day.strftime("%a").to_string(),
                day.strftime("%A").to_string(),
            )
        };
        self.first.series(1.day()).take(7).map(name).collect()
    }
}

/// What each day is shown by.
struct Shown<'a, W> {
    lists: &'a Lists<'a>,
    days: &'a Days,
    today: Date,
    /// The address of the week around a day.
    week: W,
}

impl<W: Fn(Date) -> String> Shown<'_, W> {
    fn day(&self, day: Date, found: &[&Listed]) -> CalendarDay {
        let is_month = self.days.span == Span::Month;
        let shown = if is_month && found.len() > IN_A_DAY {
            IN_A_DAY - 1
        } else {
            found.len()
        };
        CalendarDay {
            date: day.to_string(),
            weekday: day.strftime("%A").to_string(),
            number: day.day(),
            month: day.strftime("%B").to_string(),
            is_today: day == self.today,
            is_beside: is_month && day.first_of_month() != self.days.within,
            meetings: found[..shown].iter().map(|each| self.line(each)).collect(),
            further: (shown < found.len()).then(|| {
                let label = format!("{} more", found.len() - shown);
                Way::new(label, (self.week)(day))
            }),
        }
    }

    fn line(&self, listed: &Listed) -> CalendarLine {
        let signed_in = self.lists.signed_in;
        let line = self.lists.line(listed);
        let reader = Reader::from(signed_in.member());
        CalendarLine {
            hour: times::hour(listed.occurrence.starts_at, reader),
            people: match self.days.span {
                Span::Week => line.names(),
                Span::Month => String::new(),
            },
            is_off: listed.occurrence.state == OccurrenceState::Cancelled,
            address: line.address,
            title: line.title,
            tag: line.tag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_shown_in_whole_weeks_that_begin_as_its_reader_expects() {
        let november = Days::around(Span::Month, date("2026-11-23"), "en");
        assert_eq!((november.first, november.weeks), (date("2026-10-26"), 6));
        assert_eq!(november.caption(), "November 2026");
        assert_eq!(november.named(november.next()), "2026-12");
        let for_luis = Days::around(Span::Month, date("2026-11-23"), "en-US");
        assert_eq!((for_luis.first, for_luis.weeks), (date("2026-11-01"), 5));
        assert_eq!(for_luis.weekdays()[0].0, "Sun");
        // February of four whole weeks.
        let february = Days::around(Span::Month, date("2027-02-28"), "en");
        assert_eq!((february.first, february.weeks), (date("2027-02-01"), 4));
    }

    #[test]
    fn a_week_is_found_by_any_of_its_days() {
        for day in ["2026-11-23", "2026-11-29"] {
            let week = Days::around(Span::Week, date(day), "de");
            assert_eq!((week.first, week.weeks), (date("2026-11-23"), 1));
            assert_eq!(week.named(week.previous()), "2026-11-16");
        }
    }

    #[test]
    fn days_begin_at_the_midnight_of_the_reader_where_there_is_one() {
        // In Beirut clocks went from 23:59 to 01:00 on 29 March 2026.
        let week = Days::around(Span::Week, date("2026-03-25"), "en");
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let Ok(Part::Between(from, until)) = week.part(&beirut) else {
            panic!("a week lies between two midnights");
        };
        assert_eq!(from.to_string(), "2026-03-22T22:00:00Z");
        assert_eq!(until.to_string(), "2026-03-29T21:00:00Z");
    }

    #[test]
    fn an_address_that_names_no_day_is_refused() {
        let today = date("2026-11-23");
        assert_eq!(day("", today).unwrap(), today);
        assert_eq!(day("2027-02", today).unwrap(), date("2027-02-01"));
        assert_eq!(day("2027-02-03", today).unwrap(), date("2027-02-03"));
        for nonsense in ["x", "2026-13", "-9999-01-01", "9999-12-31", "2026-02-30"] {
            assert!(day(nonsense, today).is_err(), "{nonsense}");
        }
    }
}
