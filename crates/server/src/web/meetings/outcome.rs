//! How a meeting went, as its people say on its page; and who of them opened the join
//! address. Both are theirs alone: who runs the track or the organization sees whether it
//! was held, and no more.

use std::collections::BTreeMap;

use axum::extract::Path;
use mentoring::meeting::Meeting;
use mentoring::member::Member;
use mentoring::organization::MemberId;
use mentoring::outcome::{self, Outcome, Said};
use mentoring::refusal::Refusal;
use mentoring::repetition::{Occurrence, OccurrenceState};
use mentoring::role::rights;

use super::when;
use crate::app::AppError;
use crate::store::meetings::StoredMeeting;
use crate::store::{self, openings, outcomes};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use crate::web::form::{Form, Query};
use crate::web::outcomes::Words;
use crate::web::pages::form::Errors;
use crate::web::pages::frame::Here;
use crate::web::pages::outcomes::{Afterwards, Outcome as Page};
use crate::web::pages::shown::Way;
use crate::web::times::{self, Reader};

/// What the meeting's page says of an occurrence that is over, to its people.
pub(super) async fn afterwards(
    signed_in: &SignedIn,
    meeting: &Meeting,
    occurrence: &Occurrence,
    people: &BTreeMap<MemberId, Member>,
) -> Result<Option<Afterwards>, Failed> {
    let now = signed_in.app.clock.now();
    let is_over = occurrence.ends_at <= now && occurrence.state != OccurrenceState::Cancelled;
    if !is_over || !rights(&signed_in.acting().actor, meeting).see_content {
        return Ok(None);
    }
    let (store, sight) = (&signed_in.app.store, &signed_in.sight);
    let original = occurrence.original_start;
    let said = outcomes::list(store, sight, meeting.id, original).await?;
    let opened = openings::list(store, sight, meeting.id, original).await?;
    let me = signed_in.member().id;
    let reader = Reader::from(signed_in.member());
    let words: Vec<Said> = said.iter().map(|(_, outcome)| outcome.said).collect();
    let own = said.iter().find(|(who, _)| *who == me);
    let name = |id: MemberId| people.get(&id).map_or("Somebody".to_owned(), Member::name);
    let line = |(who, outcome): &(MemberId, Outcome)| {
        let at = outcome.at.as_ref().map_or(String::new(), |at| {
            format!(", {}", times::moment(at.starts_at, now, reader))
        });
        format!("{}: {}{at}.", name(*who), outcome.said.label())
    };
    Ok(Some(Afterwards {
        occurrence: original.to_string(),
        said: said.iter().map(line).collect(),
        differ: outcome::differ(&words)
            .then_some("You say different things. It counts as held, since somebody who was to be there says so."),
        own: own.map(|(_, outcome)| outcome.said.label()),
        may_say: outcome::may_say(me, meeting, occurrence, now).is_ok(),
        opened: opened
            .iter()
            .map(|(who, at)| {
                format!(
                    "{} opened the join address: {}.",
                    name(*who),
                    times::moment(*at, now, reader)
                )
            })
            .collect(),
    }))
}

async fn page(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    words: &Words,
    errors: Errors,
    refusals: &[Refusal],
) -> Result<Page, Failed> {
    let meeting = &stored.meeting;
    let now = signed_in.app.clock.now();
    let occurrence = of(meeting, words, now)?;
    let people =
        store::meetings::people_of(&signed_in.app.store, &signed_in.sight, [stored]).await?;
    let closed = outcome::may_say(signed_in.member().id, meeting, &occurrence, now).err();
    if closed == Some(Refusal::NotInvited) {
        return Err(Failed::Forbidden(Refusal::NotInvited.to_string()));
    }
    let zone = &meeting.schedule.time_zone;
    Ok(Page {
        frame: signed_in.frame(Here::Meetings).await?,
        action: address(signed_in, meeting, "/outcome"),
        occurrence: occurrence.original_start.to_string(),
        errors,
        title: meeting.title.clone(),
        when: when(signed_in, meeting, &occurrence, &people),
        ask: "Did this meeting take place?".to_owned(),
        schedule: words.beginning(&occurrence, zone).shown(refusals),
        closed: closed.as_ref().map(Refusal::to_string),
        ahead: ahead(signed_in, stored).await?,
        way: Some(Way::new(
            "Back to the meeting",
            address(signed_in, meeting, ""),
        )),
    })
}

/// What has yet to take place: the next one of a series is moved, a single one is planned
/// anew, since what is over can't be moved.
async fn ahead(signed_in: &SignedIn, stored: &StoredMeeting) -> Result<Option<Way>, Failed> {
    let meeting = &stored.meeting;
    let actor = &signed_in.acting().actor;
    let goes_on = !meeting.is_over(signed_in.app.clock.now());
    if goes_on && rights(actor, meeting).change {
        let address = address(signed_in, meeting, "/schedule");
        return Ok(Some(Way::new("Move the next one", address)));
    }
    if !actor.may_create_meeting_in(meeting.track) {
        return Ok(None);
    }
    let track = store::meetings::track_of(&signed_in.app.store, &signed_in.sight, stored).await?;
    let address = signed_in.to(&format!("tracks/{}/meetings/new", track.slug));
    Ok(Some(Way::new("Plan it anew", address)))
}

fn of(meeting: &Meeting, words: &Words, now: jiff::Timestamp) -> Result<Occurrence, Failed> {
    match words.occurrence {
        Some(original) => meeting.occurrence(original).ok_or(Failed::NotFound),
        None => Ok(meeting.current(now)),
    }
}

fn address(signed_in: &SignedIn, meeting: &Meeting, page: &str) -> String {
    signed_in.to(&format!("meetings/{}{page}", meeting.id))
}

/// The page on which it is said.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(words): Query<Words>,
) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    view(&page(&signed_in, &stored, &words, Errors::none(), &[]).await?)
}

/// Records it.
pub async fn say(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Form(words): Form<Words>,
) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    let meeting = &stored.meeting;
    if words.asks_when() {
        return view(&page(&signed_in, &stored, &words, Errors::none(), &[]).await?);
    }
    let occurrence = of(meeting, &words, signed_in.app.clock.now())?;
    let said = match words.saying(occurrence.original_start) {
        Ok(saying) => {
            let acting = signed_in.acting();
            signed_in.app.say_outcome(acting, meeting.id, &saying).await
        }
        Err(error) => Err(error),
    };
    match said {
        Ok(()) => {
            let of = super::of(meeting, &occurrence);
            let back = address(&signed_in, meeting, &of);
            see_and_say(&back, "Saved.")
        }
        Err(error @ (AppError::Conflict(_) | AppError::NotFound)) => Err(error.into()),
        Err(error) if error.is_forbidden() => Err(error.into()),
        Err(error) => {
            let refused = refused(error)?;
            let (status, refusals) = (refused.status, refused.refusals);
            let page = page(&signed_in, &stored, &words, refused.errors, &refusals).await?;
            view_as(status, &page)
        }
    }
}
