//! Integrations: what is connected and whether it is well; the consent and the removal
//! have files of their own.

pub mod consent;
pub mod removal;
mod stage;

use std::ops::Deref;

use axum::extract::FromRequestParts;
use axum::response::IntoResponse as _;
use http::StatusCode;
use http::request::Parts;
use mentoring::refusal::Refusal;
use uuid::Uuid;

use super::actor::SignedIn;
use super::answer::{Answer, Failed, leads_to_microsoft, see, see_and_say, view};
use super::form::{Fields, Form, FromFields, Query};
use super::local;
use super::manage::standing;
use super::pages::frame::Here;
use super::pages::integrations::{IntegrationList, Teams};
use crate::app::App;
use crate::store::integrations;

/// Who integrates: a global administrator. Track administrators know that there is an
/// integration, so they are refused; for participants there is nothing here.
#[derive(Clone, Debug)]
pub struct Integrator(SignedIn);

impl Deref for Integrator {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl FromRequestParts<App> for Integrator {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let signed_in = SignedIn::from_request_parts(parts, app).await?;
        if signed_in.acting().actor.may_manage_organization() {
            Ok(Self(signed_in))
        } else if signed_in.sight.administers.is_empty() {
            Err(Failed::NotFound)
        } else {
            Err(Failed::Forbidden(
                Refusal::NotGlobalAdministrator.to_string(),
            ))
        }
    }
}

impl Integrator {
    fn teams(&self) -> String {
        self.to("manage/integrations/teams")
    }
}

/// `/manage/integrations`
pub async fn list(actor: Integrator) -> Answer {
    let integration = integrations::find(&actor.app.store, &actor.sight).await?;
    view(&IntegrationList {
        frame: actor.frame(Here::Manage).await?,
        teams: standing(integration.state),
        line: integration
            .host
            .filter(|_| integration.state.is_connected())
            .map(|host| format!("Hosted by {}", host.name)),
    })
}

/// What a look at the Microsoft Teams page is about.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// The attempt that the page belongs to.
    attempt: Option<Uuid>,
    /// What the page shows now.
    shown: String,
    /// Until when the last check is known; a newer one is waited for.
    since: Option<i64>,
    /// How many deletions there were when the removal was first looked at.
    of: Option<u64>,
}

impl FromFields for Look {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(Self {
            attempt: fields
                .optional("attempt")?
                .and_then(|text| Uuid::try_parse(&text).ok()),
            shown: fields.one("shown")?,
            since: number(fields.optional("since")?),
            of: fields.optional("of")?.and_then(|text| text.parse().ok()),
        })
    }
}

/// `/manage/integrations/teams`
pub async fn show(actor: Integrator, Query(look): Query<Look>) -> Answer {
    let (state, _) = stage::on_a_page(&actor, &look).await?;
    let page = Teams {
        frame: actor.frame(Here::Manage).await?,
        state,
    };
    Ok(leads_to_microsoft(view(&page)?, &actor.app))
}

/// `/manage/integrations/teams/state`: the part of the page that changes by itself, if it
/// has changed.
pub async fn state(actor: Integrator, Query(look): Query<Look>) -> Answer {
    let (state, shown) = stage::asked_again(&actor, &look).await?;
    if shown == look.shown {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    view(&state)
}

/// `POST /manage/integrations/teams/check`
pub async fn check(actor: Integrator) -> Answer {
    let before = integrations::find(&actor.app.store, &actor.sight).await?;
    actor.app.check_integration(actor.acting()).await?;
    let since = before.checked_at.map_or(0, jiff::Timestamp::as_millisecond);
    see(&local::with_query(
        &actor.teams(),
        &[("since", &since.to_string())],
    ))
}

/// `POST /manage/integrations/teams/comparison`
pub async fn compare(actor: Integrator) -> Answer {
    actor.app.compare_with_teams(actor.acting()).await?;
    see_and_say(
        &actor.teams(),
        "Teams is being compared. What is found appears on this page.",
    )
}

/// Whether another account shall host from now on.
#[derive(Debug)]
pub struct ChangeAnswer(bool);

impl FromFields for ChangeAnswer {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        match fields.one("answer")?.as_str() {
            "change" => Ok(Self(true)),
            "keep" => Ok(Self(false)),
            _ => Err(Failed::Refused(
                StatusCode::BAD_REQUEST,
                "The form does not say whether the host shall change.".to_owned(),
            )),
        }
    }
}

/// `POST /manage/integrations/teams/reconnection`
pub async fn answer_change(
    actor: Integrator,
    Form(ChangeAnswer(yes)): Form<ChangeAnswer>,
) -> Answer {
    if yes {
        actor.app.change_host(actor.acting()).await?;
        return see(&actor.teams());
    }
    actor.app.keep_host(actor.acting()).await?;
    see_and_say(&actor.teams(), "Everything stays as it was.")
}

/// Whether an ordinary member's account shall host.
#[derive(Debug)]
pub struct HostAnswer(bool);

impl FromFields for HostAnswer {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        match fields.one("answer")?.as_str() {
            "yes" => Ok(Self(true)),
            "no" => Ok(Self(false)),
            _ => Err(Failed::Refused(
                StatusCode::BAD_REQUEST,
                "The form does not say whether this account shall host.".to_owned(),
            )),
        }
    }
}

/// `POST /manage/integrations/teams/host`
pub async fn answer_host(actor: Integrator, Form(HostAnswer(yes)): Form<HostAnswer>) -> Answer {
    if yes {
        actor.app.confirm_host(actor.acting()).await?;
        return see(&actor.teams());
    }
    actor.app.decline_host(actor.acting()).await?;
    see_and_say(&actor.teams(), "Nothing was connected.")
}
