//! The way to Microsoft and back. The browser is sent there with a cookie of its own, and
//! whatever it brings back is believed only together with that cookie (C-02, C-17).

use axum::extract::RawQuery;
use http::StatusCode;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::Integrator;
use crate::app::AppError;
use crate::app::integration::Arrival;
use crate::store::consents;
use crate::web::actor;
use crate::web::answer::{Answer, Failed, Said, see, view, with_cookie};
use crate::web::caller::{Caller, forget, keep};
use crate::web::form::{Fields, Form, FromFields};
use crate::web::local;
use crate::web::pages::frame::{Flash, Here};
use crate::web::pages::integrations::Closing;
use crate::web::pages::shown::Way;

/// Ties Microsoft's answer to the browser that asked.
const CONSENT: &str = "__Host-consent";
/// As long as a flow lasts (C-04).
const TEN_MINUTES: u32 = 600;

/// What the Integrate button carries.
#[derive(Debug)]
pub struct Begin {
    attempt: Uuid,
    /// `popup` or `page`: where the way back leads.
    window: &'static str,
}

impl FromFields for Begin {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let attempt = fields.one("attempt")?;
        let window = match fields.one("window")?.as_str() {
            "popup" => "popup",
            _ => "page",
        };
        let attempt = Uuid::try_parse(&attempt).map_err(|_| {
            Failed::Refused(
                StatusCode::BAD_REQUEST,
                "The form does not say which attempt it belongs to.".to_owned(),
            )
        })?;
        Ok(Self { attempt, window })
    }
}

/// `POST /manage/integrations/teams/consent`
pub async fn begin(actor: Integrator, Form(begin): Form<Begin>) -> Answer {
    let departure = actor
        .app
        .begin_consent(&actor.session, begin.attempt)
        .await?;
    let cookie = format!("{}.{}", begin.window, departure.cookie.expose_secret());
    with_cookie(
        see(departure.address.as_str())?,
        keep(CONSENT, &cookie, Some(TEN_MINUTES)),
    )
}

/// `/integrations/microsoft/callback`: the one address that Microsoft knows. It answers
/// with the way to a clean one, so that no code stays in the browser's history (C-25).
pub async fn callback(caller: Caller, RawQuery(query): RawQuery) -> Answer {
    let signed_in = actor::resolve(&caller).await?;
    let repeated = caller.cookies.repeats(CONSENT);
    let cookie = caller.cookies.get(CONSENT).filter(|_| !repeated);
    let (window, secret) = cookie
        .and_then(|cookie| cookie.split_once('.'))
        .map_or(("page", None), |(window, secret)| (window, Some(secret)));
    let session = signed_in.as_ref().map(|signed_in| &signed_in.session);
    let query = query.unwrap_or_default();
    let arrival = caller.app.finish_consent(session, secret, &query).await;
    match arrival {
        Ok(Arrival::Flow { slug, attempt, .. }) => {
            let teams = format!("/{slug}/manage/integrations/teams");
            let way = if window == "popup" {
                format!("{teams}/finished")
            } else {
                local::with_query(&teams, &[("attempt", &attempt.to_string())])
            };
            with_cookie(see(&way)?, forget(CONSENT))
        }
        Ok(Arrival::Approval) => {
            let mut frame = caller.frame(None);
            // The address carries Microsoft's answer, which no page repeats.
            "/".clone_into(&mut frame.address);
            frame.flash = Some(Flash::Done(
                "If you approved Ithaca there, whoever asked you can press Integrate now."
                    .to_owned(),
            ));
            view(&Closing {
                frame,
                way: Way::new("Go to Ithaca", "/"),
            })
        }
        Err(error) => {
            let way = session.map_or_else(
                || Way::new("Go to the first page", "/"),
                |session| {
                    let teams = format!("/{}/manage/integrations/teams", session.slug);
                    Way::new("Go back to Microsoft Teams", teams)
                },
            );
            Err(turned_away(error, way))
        }
    }
}

/// What is wrong with an answer is the sender's fault, whatever the app calls it (C-01).
fn turned_away(error: AppError, way: Way) -> Failed {
    if error.is_forbidden() {
        return error.into();
    }
    let sentences = match &error {
        AppError::Refused(refusals) => refusals.iter().map(ToString::to_string).collect(),
        AppError::Conflict(reason) => vec![reason.clone()],
        AppError::NotFound | AppError::TooMany(_) | AppError::ReadOnly(_) | AppError::Broken(_) => {
            return error.into();
        }
    };
    Failed::Said(Box::new(Said {
        status: StatusCode::BAD_REQUEST,
        heading: "This answer can't be used".to_owned(),
        sentences,
        ways: vec![way],
    }))
}

/// `/manage/integrations/teams/finished`: the last page in the pop-up.
pub async fn finished(actor: Integrator) -> Answer {
    let newest = consents::newest(&actor.app.store, &actor.sight).await?;
    let mut frame = actor.frame(Here::Manage).await?;
    frame.banner = None;
    let mut way = actor.teams();
    if let Some(consent) = newest {
        let problem = consent.outcome.filter(|problem| !problem.is_empty());
        frame.flash = problem.map(Flash::Refused);
        way = local::with_query(&way, &[("attempt", &consent.id.to_string())]);
    }
    view(&Closing {
        frame,
        way: Way::new("Go on in this window", way),
    })
}
