//! The links of a mail by which somebody answers without signing in. To open one asks; only
//! the button on it counts, for programs that look for harm in mails open every link.

use axum::extract::{Path, State};
use http::StatusCode;
use mentoring::answer::Answer as Given;
use mentoring::refusal::Refusal;

use super::answer::{Answer, Failed, Said, refused, see_and_say, view, view_as};
use super::caller::Caller;
use super::form::{Fields, Form, FromFields, Query};
use super::pages::answer as pages;
use super::pages::form::Errors;
use super::pages::shown::Way;
use super::times::{self, Reader};
use crate::app::answers::Question;
use crate::app::{App, AppError};
use crate::store::organizations;

/// What somebody says, as forms and links spell it.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// `yes`, `no` or `maybe`.
    pub answer: String,
    /// The note.
    pub note: Option<String>,
}

impl FromFields for Words {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            answer: fields.one("answer")?,
            note: fields.optional("note")?,
        })
    }
}

impl Words {
    /// The answer that was given.
    pub fn given(&self) -> Result<Given, AppError> {
        Ok(Given::parse(&self.answer).ok_or(Refusal::AnswerUnknown)?)
    }
}

/// How a page shows an answer.
pub(super) fn reply(answer: Given) -> pages::Reply {
    match answer {
        Given::Yes => pages::Reply::Yes,
        Given::No => pages::Reply::No,
        Given::Maybe => pages::Reply::Maybe,
    }
}

/// Asks.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    Query(words): Query<Words>,
) -> Answer {
    let question = question(&app, &code).await?;
    view(&page(&caller, &code, &question, &words, Errors::none()).await?)
}

/// Records what the button says.
pub async fn give(
    State(app): State<App>,
    caller: Caller,
    Path(code): Path<String>,
    Form(words): Form<Words>,
) -> Answer {
    let question = question(&app, &code).await?;
    let given = match words.given() {
        Ok(given) => {
            let note = words.note.as_deref().unwrap_or_default();
            let address = &caller.network_address;
            let answered = app.answer_by_code(&code, given, note, address).await;
            answered.map(|()| given)
        }
        Err(error) => Err(error),
    };
    match given {
        Ok(given) => see_and_say(
            &format!("/a/{code}"),
            &format!("Your answer was saved: {}.", given.label()),
        ),
        // The page says itself that it is too late.
        Err(AppError::Conflict(_)) => {
            let question = self::question(&app, &code).await?;
            let page = page(&caller, &code, &question, &words, Errors::none()).await?;
            view_as(StatusCode::CONFLICT, &page)
        }
        Err(AppError::NotFound) => Err(gone()),
        Err(error) => {
            let refused = refused(error)?;
            let page = page(&caller, &code, &question, &words, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

async fn question(app: &App, code: &str) -> Result<Question, Failed> {
    match app.find_question(code).await {
        Err(AppError::NotFound) => Err(gone()),
        other => Ok(other?),
    }
}

/// The same for a code that never was and for one that has ended.
pub(super) fn gone() -> Failed {
    Failed::Said(Box::new(Said {
        status: StatusCode::NOT_FOUND,
        heading: "This link does not work any more".to_owned(),
        sentences: vec![
            "It may be cut off, or you are no longer expected at the meeting that it was about."
                .to_owned(),
            "Your newest mail about the meeting has the link that counts; your meetings in Ithaca show all of them."
                .to_owned(),
        ],
        ways: vec![Way::new("Go to Ithaca", "/")],
    }))
}

async fn page(
    caller: &Caller,
    code: &str,
    question: &Question,
    words: &Words,
    errors: Errors,
) -> Result<pages::Answer, Failed> {
    let (stored, member) = (&question.stored, &question.member);
    let organization = organizations::find(&caller.app.store, member.organization).await?;
    let now = caller.app.clock.now();
    let current = stored.meeting.current(now);
    let given = question.reply.as_ref().map(|reply| reply.answer);
    let wanted = Given::parse(&words.answer).or(given).unwrap_or(Given::Yes);
    let note = question.reply.as_ref().map(|reply| reply.note.clone());
    Ok(pages::Answer {
        frame: caller.frame(organization.as_ref()),
        action: format!("/a/{code}"),
        errors,
        name: member.name(),
        title: stored.meeting.title.clone(),
        when: times::when(
            (current.starts_at, current.ends_at),
            now,
            Reader::from(member),
            &[],
        ),
        wanted: reply(wanted),
        given: given.map(reply),
        note: words.note.clone().or(note).unwrap_or_default(),
        closed: question.closed.as_ref().map(Refusal::to_string),
        way: organization.map(|organization| {
            Way::new(
                "Look at the meeting",
                format!("/{}/meetings/{}", organization.slug, stored.meeting.id),
            )
        }),
    })
}
