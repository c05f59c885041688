//! The join address of a meeting: it opens Teams, or says why it doesn't.

use axum::extract::{Path, State};
use http::{HeaderMap, HeaderValue, Method, header};
use mentoring::organization::OrganizationId;

use super::actor::{self, SignedIn};
use super::answer::{Answer, Failed, see, view};
use super::caller::Caller;
use super::form::{Fields, FromFields, Query};
use super::meetings::words;
use super::pages::join::{Join, JoinReason};
use super::pages::shown::Way;
use super::times::{self, Reader};
use crate::app::App;
use crate::app::meetings::Closed;
use crate::store::meetings::StoredMeeting;
use crate::store::{meetings, organizations};

/// Whether Teams is to open although it is early.
pub struct Insists(bool);

impl FromFields for Insists {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self(fields.ticked("now")?))
    }
}

/// Whoever has the address may open it.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    Path(code): Path<String>,
    Query(Insists(insists)): Query<Insists>,
) -> Answer {
    let (stored, opened) = app.join(&code, insists).await?;
    let closed = match opened {
        Ok(address) => {
            if is_press(&method, &headers) {
                keep_opening(&caller, &stored).await;
            }
            return leave(&address);
        }
        Err(closed) => closed,
    };
    let guest = guest(&caller, &stored).await?;
    let reader = guest.as_ref().map_or(
        Reader {
            zone: &stored.meeting.schedule.time_zone,
            language: "en",
        },
        |signed_in| Reader::from(signed_in.member()),
    );
    let now = app.clock.now();
    let current = stored.meeting.current(now);
    view(&Join {
        frame: frame(&caller, guest.as_ref(), stored.meeting.organization).await?,
        title: stored.meeting.title.clone(),
        when: Some(times::when(
            (current.starts_at, current.ends_at),
            now,
            reader,
            &[],
        )),
        reason: reason(closed, &stored, &code, reader, now),
        way: guest.as_ref().map(|signed_in| {
            Way::new(
                "Look at the meeting",
                signed_in.to(&format!("meetings/{}", stored.meeting.id)),
            )
        }),
    })
}

/// Whether a person went there: not a program that looks whether the address is there, and
/// not a browser that fetches what may be wanted next.
fn is_press(method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let fetches_ahead = ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .any(|name| says(name).is_some());
    let navigates = says("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    *method == Method::GET && navigates && !fetches_ahead
}

/// Keeps who went there, as far as that is known: only of those who are signed in, for a
/// program that looks for harm in mails has their link but not their session. Whatever goes
/// wrong with it keeps nobody from their meeting.
async fn keep_opening(caller: &Caller, stored: &StoredMeeting) {
    let Ok(Some(signed_in)) = actor::resolve(caller).await else {
        return;
    };
    let kept = caller.app.keep_opening(signed_in.acting(), stored).await;
    if let Err(error) = kept {
        tracing::warn!(
            organization.id = %stored.meeting.organization,
            meeting.id = %stored.meeting.id,
            %error,
            "it could not be kept that somebody opened a join address"
        );
    }
}

/// The way to Teams. The address of our page is as good as an invitation: Teams never
/// learns it.
fn leave(address: &str) -> Answer {
    let mut response = see(address)?;
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    Ok(response)
}

/// The one who comes, if they may see the meeting's page.
async fn guest(caller: &Caller, stored: &StoredMeeting) -> Result<Option<SignedIn>, Failed> {
    let Some(signed_in) = actor::resolve(caller).await? else {
        return Ok(None);
    };
    let sees = meetings::find(&signed_in.app.store, &signed_in.sight, stored.meeting.id).await?;
    Ok(sees.map(|_| signed_in))
}

async fn frame(
    caller: &Caller,
    guest: Option<&SignedIn>,
    organization: OrganizationId,
) -> Result<super::pages::Frame, Failed> {
    if let Some(signed_in) = guest {
        return signed_in.frame(super::pages::Here::Meetings).await;
    }
    let organization = organizations::find(&caller.app.store, organization).await?;
    Ok(caller.frame(organization.as_ref()))
}

fn reason(
    closed: Closed,
    stored: &StoredMeeting,
    code: &str,
    reader: Reader<'_>,
    now: jiff::Timestamp,
) -> JoinReason {
    let meeting = &stored.meeting;
    match closed {
        Closed::Early(opens) => JoinReason::Early {
            opens: format!(
                "The meeting opens 15 minutes before it begins: {}.",
                times::moment(opens, now, reader)
            ),
            open_now: format!("/j/{code}?now=1"),
        },
        Closed::Over => JoinReason::Over,
        Closed::Cancelled => JoinReason::Cancelled {
            reason: meeting.cancellation_reason.clone(),
        },
        Closed::Moved => JoinReason::Moved {
            mode: meeting.mode.label().to_owned(),
            location: Some(meeting.location.clone()).filter(|location| !location.is_empty()),
        },
        Closed::Waiting(reason) => JoinReason::Waiting {
            reason: words::waiting(reason),
            refresh: format!("/j/{code}"),
        },
        Closed::Failed(cause) => JoinReason::Failed {
            reason: words::failed(cause, false),
        },
    }
}
