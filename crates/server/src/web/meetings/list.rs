//! The agenda: when do I meet whom? And the same of a track, for who is of it.

use axum::extract::Path;
use jiff::Timestamp;
use mentoring::organization::MeetingId;

use super::filter::Typed;
use super::head::{Lists, Which};
use crate::store::meetings::{self, After, List, Listed, Part, Whose};
use crate::web::actor::SignedIn;
use crate::web::answer::{self, Answer, Failed, view};
use crate::web::form::{Fields, FromFields, Query};
use crate::web::pages::agenda::{Day, MeetingList};
use crate::web::pages::frame::Here;
use crate::web::pages::proposals::Waits;
use crate::web::proposals;
use crate::web::times::{self, Reader};
use crate::web::tracks::show as tracks;

const PAGE: u64 = 30;

/// Which meetings, and where the list goes on.
pub struct Wanted {
    past: bool,
    after: Option<String>,
    typed: Typed,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            past: fields.ticked("past")?,
            after: fields.optional("after")?,
            typed: Typed::from_fields(fields)?,
        })
    }
}

/// The actor's own meetings, day by day.
pub async fn show(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Answer {
    let lists = Lists::mine(&signed_in).await?;
    list(&lists, Whose::Mine, &wanted, Here::Meetings).await
}

/// The meetings of a track, day by day.
pub async fn show_of_track(
    signed_in: SignedIn,
    Path((_, slug)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let track = tracks::find(&signed_in, &slug).await?;
    let whose = Whose::Track(track.id);
    let lists = Lists::of_track(&signed_in, track);
    list(&lists, whose, &wanted, Here::Track(slug)).await
}

async fn list(lists: &Lists<'_>, whose: Whose, wanted: &Wanted, here: Here) -> Answer {
    let signed_in = lists.signed_in;
    let now = signed_in.app.clock.now();
    let after = match &wanted.after {
        Some(token) => Some(read(signed_in, token).await?),
        None => None,
    };
    let (which, part) = if wanted.past {
        (Which::Past, Part::Past(now))
    } else {
        (Which::Coming, Part::Coming(now))
    };
    let asked = List {
        filter: lists.filter(&wanted.typed)?,
        after,
        ..List::of(whose, part, PAGE)
    };
    let found = meetings::list(&signed_in.app.store, &signed_in.sight, &asked).await?;
    let goes_on = found.next.as_ref().map(|place| {
        let token = token(place);
        let back = wanted.past.then_some(("past", ""));
        let further: Vec<_> = back.into_iter().chain([("after", &*token)]).collect();
        wanted.typed.address(&lists.path(which), &further)
    });
    let (earlier, later) = match which {
        Which::Past => (goes_on, None),
        _ => (None, goes_on),
    };
    view(&MeetingList {
        frame: lists.frame(here).await?,
        head: lists.head(which, &wanted.typed, None),
        days: days(lists, &found.lines, now),
        empty: lists.empty(which, &wanted.typed),
        waits: if whose == Whose::Mine && !wanted.past && wanted.after.is_none() {
            proposals::waits(signed_in).await?
        } else {
            Waits::default()
        },
        earlier,
        later,
    })
}

fn days(lists: &Lists<'_>, found: &[Listed], now: Timestamp) -> Vec<Day> {
    let reader = Reader::from(lists.signed_in.member());
    let mut days: Vec<Day> = Vec::new();
    for listed in found {
        let heading = times::heading(listed.occurrence.starts_at, now, reader);
        let line = lists.line(listed);
        match days.last_mut() {
            Some(day) if day.heading == heading => day.meetings.push(line),
            _ => days.push(Day {
                heading,
                meetings: vec![line],
            }),
        }
    }
    days
}

fn token(place: &After) -> String {
    format!(
        "{}.{}.{}",
        place.starts_at.as_millisecond(),
        place.meeting.0.simple(),
        place.original_start
    )
}

/// A token names a meeting that its bearer may see; anything else was made up (I-08).
async fn read(signed_in: &SignedIn, token: &str) -> Result<After, Failed> {
    let made_up = || {
        Failed::Refused(
            http::StatusCode::BAD_REQUEST,
            "The address does not say where the list goes on.".to_owned(),
        )
    };
    let mut parts = token.splitn(3, '.');
    let mut part = || parts.next().ok_or_else(made_up);
    let (at, id, original) = (part()?, part()?, part()?);
    let at: i64 = at.parse().map_err(|_| made_up())?;
    let at = Timestamp::from_millisecond(at).map_err(|_| made_up())?;
    let id = MeetingId(answer::id(id).map_err(|_| made_up())?);
    meetings::find(&signed_in.app.store, &signed_in.sight, id)
        .await?
        .ok_or_else(made_up)?;
    Ok(After {
        starts_at: at,
        meeting: id,
        original_start: original.parse().map_err(|_| made_up())?,
    })
}
