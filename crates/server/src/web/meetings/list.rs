//! The agenda: when do I meet whom?

use jiff::Timestamp;
use mentoring::organization::MeetingId;

use crate::store::meetings::{self, After, Line};
use crate::store::tracks;
use crate::web::actor::SignedIn;
use crate::web::answer::{self, Answer, Failed, view};
use crate::web::form::{Fields, FromFields, Query};
use crate::web::pages::frame::{Here, TrackMark};
use crate::web::pages::meetings::{Day, MeetingLine, MeetingList};
use crate::web::times::{self, Reader};

const PAGE: usize = 30;

/// Which meetings, and where the list goes on.
pub struct Wanted {
    past: bool,
    after: Option<String>,
}

impl FromFields for Wanted {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            past: fields.ticked("past")?,
            after: fields.optional("after")?,
        })
    }
}

/// The actor's own meetings, day by day.
pub async fn show(signed_in: SignedIn, Query(wanted): Query<Wanted>) -> Answer {
    let now = signed_in.app.clock.now();
    let after = match &wanted.after {
        Some(token) => Some(read(&signed_in, token).await?),
        None => None,
    };
    let store = &signed_in.app.store;
    let sight = &signed_in.sight;
    let most = PAGE as u64 + 1;
    let mut lines = if wanted.past {
        meetings::list_mine_past(store, sight, now, after, most).await?
    } else {
        meetings::list_mine(store, sight, now, after, most).await?
    };
    let next = (lines.len() > PAGE).then(|| lines.truncate(PAGE));
    let next = next.and_then(|()| lines.last()).map(token);
    let list = signed_in.to("meetings");
    let (earlier, later) = match next {
        None => (None, None),
        Some(token) if wanted.past => (Some(format!("{list}?past&after={token}")), None),
        Some(token) => (None, Some(format!("{list}?after={token}"))),
    };
    view(&MeetingList {
        frame: signed_in.frame(Here::Meetings).await?,
        days: days(&signed_in, lines, now).await?,
        past: wanted.past,
        earlier,
        later,
        new: own_tracks(&signed_in).await?,
    })
}

async fn days(signed_in: &SignedIn, lines: Vec<Line>, now: Timestamp) -> Result<Vec<Day>, Failed> {
    let reader = Reader::from(signed_in.member());
    let headings: Vec<String> = lines
        .iter()
        .map(|line| times::heading(line.occurrence.starts_at, now, reader))
        .collect();
    let mut days: Vec<Day> = Vec::new();
    let shown: Vec<MeetingLine> = super::lines(signed_in, lines).await?;
    for (heading, line) in headings.into_iter().zip(shown) {
        match days.last_mut() {
            Some(day) if day.heading == heading => day.meetings.push(line),
            _ => days.push(Day {
                heading,
                meetings: vec![line],
            }),
        }
    }
    Ok(days)
}

async fn own_tracks(signed_in: &SignedIn) -> Result<Vec<TrackMark>, Failed> {
    let tracks = tracks::list(&signed_in.app.store, &signed_in.sight).await?;
    Ok(tracks
        .iter()
        .filter(|track| signed_in.acting().actor.may_create_meeting_in(track.id))
        .map(crate::web::tracks::show::mark)
        .collect())
}

fn token(line: &Line) -> String {
    let place = line.place();
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
