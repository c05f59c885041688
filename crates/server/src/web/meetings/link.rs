//! The link of a Teams meeting, as its page shows it and as the waiting page asks for it.

use axum::extract::Path;
use axum::response::IntoResponse as _;
use http::StatusCode;
use mentoring::link::LinkState;
use mentoring::meeting::{Meeting, MeetingState};
use mentoring::role::rights;

use super::words;
use crate::store::links::Link;
use crate::store::meetings::StoredMeeting;
use crate::store::{integrations, links};
use crate::web::actor::SignedIn;
use crate::web::answer::{Answer, Failed, see_and_say, view};
use crate::web::form::{Fields, FromFields, Query};
use crate::web::pages::meetings as pages;
use crate::web::pages::shown::Way;
use crate::web::times::{self, Reader};
use mentoring::meeting::OPENS_BEFORE;

/// What the page shows already.
pub struct Shown(Option<String>);

impl FromFields for Shown {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self(fields.optional("shown")?))
    }
}

/// The fragment that a waiting page asks for; nothing while nothing has changed, so that
/// a screen reader is not told the same twice.
pub async fn show(
    signed_in: SignedIn,
    Path((_, id)): Path<(String, String)>,
    Query(Shown(shown)): Query<Shown>,
) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    let link = links::find(&signed_in.app.store, &signed_in.sight, stored.meeting.id)
        .await?
        .ok_or(Failed::NotFound)?;
    if shown.is_some_and(|shown| shown == key(link.state)) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    view(&fragment(&signed_in, &stored, &link).await?)
}

/// Asks once more for a link that was given up.
pub async fn try_again(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let stored = super::find(&signed_in, &id).await?;
    let meeting = stored.meeting.id;
    let app = &signed_in.app;
    app.ask_for_link_again(signed_in.acting(), meeting).await?;
    see_and_say(
        &signed_in.to(&format!("meetings/{meeting}")),
        "Microsoft Teams is asked once more for the link.",
    )
}

/// A state in an address.
fn key(state: LinkState) -> String {
    match state.to_columns() {
        (state, None) => state.to_owned(),
        (state, Some(reason)) => format!("{state}-{reason}"),
    }
}

pub(super) async fn fragment(
    signed_in: &SignedIn,
    stored: &StoredMeeting,
    link: &Link,
) -> Result<pages::Link, Failed> {
    let integration = integrations::find(&signed_in.app.store, &signed_in.sight).await?;
    let host = integration.host.map(|host| host.name);
    let is_live = is_live(signed_in, &stored.meeting);
    let poll = (is_live && matches!(link.state, LinkState::Waiting(_))).then(|| {
        let meeting = stored.meeting.id;
        let shown = key(link.state);
        signed_in.to(&format!("meetings/{meeting}/link?shown={shown}"))
    });
    Ok(pages::Link {
        poll,
        state: state(signed_in, stored, link),
        host: host.filter(|_| is_live && link.state == LinkState::Ready),
    })
}

fn is_live(signed_in: &SignedIn, meeting: &Meeting) -> bool {
    meeting.state == MeetingState::Scheduled && !meeting.is_over(signed_in.app.clock.now())
}

fn state(signed_in: &SignedIn, stored: &StoredMeeting, link: &Link) -> pages::LinkState {
    let meeting = &stored.meeting;
    let closed = |reason: &str| pages::LinkState::Closed {
        reason: reason.to_owned(),
    };
    if meeting.state == MeetingState::Cancelled {
        return closed("The meeting was cancelled, so its join address is closed.");
    }
    if !is_live(signed_in, meeting) {
        return closed("The meeting is over, so its join address is closed.");
    }
    match link.state {
        LinkState::Waiting(reason) => pages::LinkState::Waiting {
            reason: words::waiting(reason),
        },
        LinkState::Ready => {
            let may_join = rights(&signed_in.acting().actor, meeting).see_content;
            pages::LinkState::Ready {
                join: may_join.then(|| format!("/j/{}", stored.join_code)),
                note: may_join.then(|| note(signed_in, meeting, link)).flatten(),
            }
        }
        LinkState::Failed(cause) => {
            let manages = signed_in.acting().actor.may_manage_organization();
            pages::LinkState::Failed {
                reason: words::failed(cause, manages),
                again: rights(&signed_in.acting().actor, meeting)
                    .change
                    .then(|| signed_in.to(&format!("meetings/{}/link", meeting.id))),
                way: manages.then(|| {
                    Way::new(
                        "Look at the integration",
                        signed_in.to("manage/integrations/teams"),
                    )
                }),
            }
        }
        LinkState::Closed => closed("The Teams meeting was deleted."),
    }
}

fn note(signed_in: &SignedIn, meeting: &Meeting, link: &Link) -> Option<String> {
    if link.kept {
        return Some(
            "Microsoft Teams is no longer integrated. The link goes on working, but changes here no longer reach it.".to_owned(),
        );
    }
    let now = signed_in.app.clock.now();
    let opens = meeting.current(now).starts_at - OPENS_BEFORE;
    (now < opens).then(|| {
        let hour = times::hour(opens, Reader::from(signed_in.member()));
        format!("It opens 15 minutes before, at {hour}.")
    })
}
