//! The links of a mail by which somebody says how a meeting went, without signing in. To
//! open one asks; only the button on it counts, for programs that look for harm in mails
//! open every link.

use axum::extract::{Path, State};
use http::StatusCode;
use jiff::civil::DateTime;
use mentoring::outcome::Said;
use mentoring::refusal::Refusal;

use super::answer::{Answer, Failed, refused, see_and_say, view, view_as};
use super::answers::gone;
use super::caller::Caller;
use super::form::{Fields, Form, FromFields, Query};
use super::meetings::schedule::Typed;
use super::pages::form::Errors;
use super::pages::outcomes::Outcome as Page;
use super::pages::shown::Way;
use super::times::{self, Reader};
use crate::app::outcomes::{Asked, Saying};
use crate::app::{App, AppError};
use crate::store::organizations;

/// What somebody says, as forms and links spell it.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Which occurrence.
    pub occurrence: Option<DateTime>,
    /// `held`, `missed` or `moved`.
    pub said: String,
    /// When it took place, if that was said.
    pub when: Typed,
}

impl FromFields for Words {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        let occurrence = fields.optional("occurrence")?;
        let occurrence = occurrence.map(|named| named.parse().map_err(|_| Failed::NotFound));
        Ok(Self {
            occurrence: occurrence.transpose()?,
            said: fields.one("said")?,
            when: Typed::from_fields(fields)?,
        })
    }
}

impl Words {
    /// What is said of this occurrence.
    pub fn saying(&self, original_start: DateTime) -> Result<Saying, AppError> {
        let said = Said::parse(&self.said).ok_or(Refusal::OutcomeUnknown)?;
        let at = match said {
            Said::Moved => Some(self.when.read().map_err(AppError::Refused)?),
            Said::Held | Said::Missed => None,
        };
        Ok(Saying {
            original_start,
            said,
            at,
        })
    }

    /// Whether the button that only asks for the time was pressed.
    pub fn asks_when(&self) -> bool {
        self.said == Said::Moved.as_str() && self.when.date.is_empty()
    }

    /// The times that the fields begin with: those that were planned.
    pub fn beginning(&self, asked: &mentoring::repetition::Occurrence, zone: &str) -> Typed {
        if self.when.date.is_empty() && self.when.time.is_empty() {
            Typed::of(asked.local_start, zone, asked.duration_minutes)
        } else {
            self.when.clone()
        }
    }
}

/// Asks.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    Query(words): Query<Words>,
) -> Answer {
    let asked = asked(&app, &code, &words).await?;
    view(&page(&caller, &code, &asked, &words, Errors::none(), &[]).await?)
}

/// Records what the button says.
pub async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    Form(words): Form<Words>,
) -> Answer {
    let asked = asked(&app, &code, &words).await?;
    let original = asked.occurrence.original_start;
    let said = match words.saying(original) {
        Ok(saying) => {
            let address = &caller.network_address;
            let said = app.say_outcome_by_code(&code, &saying, address).await;
            said.map(|()| saying.said)
        }
        Err(error) => Err(error),
    };
    match said {
        Ok(said) => see_and_say(
            &format!("/a/{code}/outcome?occurrence={original}"),
            &format!("Saved: {}.", said.label()),
        ),
        // The page says itself why not.
        Err(AppError::Conflict(_)) => {
            let asked = self::asked(&app, &code, &words).await?;
            let page = page(&caller, &code, &asked, &words, Errors::none(), &[]).await?;
            view_as(StatusCode::CONFLICT, &page)
        }
        Err(AppError::NotFound) => Err(gone()),
        Err(error) => {
            let refused = refused(error)?;
            let (status, refusals) = (refused.status, refused.refusals);
            let page = page(&caller, &code, &asked, &words, refused.errors, &refusals).await?;
            view_as(status, &page)
        }
    }
}

async fn asked(app: &App, code: &str, words: &Words) -> Result<Asked, Failed> {
    match app.find_asked(code, words.occurrence).await {
        Err(AppError::NotFound) => Err(gone()),
        other => Ok(other?),
    }
}

async fn page(
    caller: &Caller,
    code: &str,
    asked: &Asked,
    words: &Words,
    errors: Errors,
    refusals: &[Refusal],
) -> Result<Page, Failed> {
    let (meeting, member) = (&asked.stored.meeting, &asked.member);
    let organization = organizations::find(&caller.app.store, member.organization).await?;
    let now = caller.app.clock.now();
    let reader = Reader::from(member);
    let occurrence = &asked.occurrence;
    let zone = &meeting.schedule.time_zone;
    let said = asked.outcome.as_ref().map(|outcome| outcome.said.label());
    Ok(Page {
        frame: caller.frame(organization.as_ref()),
        action: format!("/a/{code}/outcome"),
        occurrence: occurrence.original_start.to_string(),
        errors,
        title: meeting.title.clone(),
        when: times::when((occurrence.starts_at, occurrence.ends_at), now, reader, &[]),
        ask: said.map_or_else(
            || format!("{}, did this meeting take place?", member.name()),
            |said| format!("{}, you said: {said}. You can change it.", member.name()),
        ),
        schedule: words.beginning(occurrence, zone).shown(refusals),
        closed: asked.closed.as_ref().map(Refusal::to_string),
        ahead: None,
        way: organization.map(|organization| {
            Way::new(
                "Look at the meeting",
                format!("/{}/meetings/{}", organization.slug, meeting.id),
            )
        }),
    })
}
