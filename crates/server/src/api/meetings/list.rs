//! Lists of meetings, in parts: after an occurrence's start and, among equals, after a
//! meeting's id.

use axum::extract::Path;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mentoring::organization::MeetingId;
use uuid::Uuid;

use super::shown;
use crate::api::page::Asked;
use crate::api::problem::Problem;
use crate::api::query::Parameters;
use crate::api::{Answer, Bearer, tracks};
use crate::store::meetings::{self, After, Line, Window};
use crate::store::{instant, millis};

/// Where a part ended.
type Cursor = (i64, Uuid, DateTime);

fn window(parameters: &mut Parameters) -> (Option<Timestamp>, Option<Timestamp>) {
    (parameters.instant("from"), parameters.instant("to"))
}

fn page(asked: &Asked<Cursor>, (from, to): (Option<Timestamp>, Option<Timestamp>)) -> Window {
    Window {
        from,
        to,
        after: asked.after.map(|(at, id, original_start)| After {
            starts_at: instant(at),
            meeting: MeetingId(id),
            original_start,
        }),
        most: asked.size as u64 + 1,
    }
}

async fn answer(bearer: &Bearer, asked: &Asked<Cursor>, lines: Vec<Line>) -> Answer {
    let stored = lines.iter().map(|line| &line.stored);
    let people = meetings::people_of(bearer.store(), &bearer.sight, stored).await?;
    asked.answer(
        bearer,
        lines,
        |line| {
            let place = line.place();
            (
                millis(place.starts_at),
                place.meeting.0,
                place.original_start,
            )
        },
        |line| shown::shown(bearer, &line.stored, line.link, &people),
    )
}

/// The bearer's own.
pub async fn mine(bearer: Bearer, mut parameters: Parameters) -> Answer {
    let window = window(&mut parameters);
    let asked = asked(&bearer, &mut parameters, "mine", window)?;
    parameters.end()?;
    let page = page(&asked, window);
    let lines = meetings::page_mine(bearer.store(), &bearer.sight, &page).await?;
    answer(&bearer, &asked, lines).await
}

/// A track's.
pub async fn of_track(
    bearer: Bearer,
    Path(id): Path<String>,
    mut parameters: Parameters,
) -> Answer {
    let track = tracks::find(&bearer, &id).await?;
    let window = window(&mut parameters);
    let asked = asked(&bearer, &mut parameters, &track.id.to_string(), window)?;
    parameters.end()?;
    let page = page(&asked, window);
    let lines = meetings::page_of_track(bearer.store(), &bearer.sight, track.id, &page).await?;
    answer(&bearer, &asked, lines).await
}

fn asked(
    bearer: &Bearer,
    parameters: &mut Parameters,
    list: &str,
    window: (Option<Timestamp>, Option<Timestamp>),
) -> Result<Asked<Cursor>, Problem> {
    Asked::read(bearer, parameters, &format!("meetings {list} {window:?}"))
}
