//! How a handler answers: a page, the way to one, or a failure, which becomes a page with
//! a way onward in `guard`.

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use mentoring::refusal::{Refusal, RefusalKind};
use uuid::Uuid;

use super::caller;
use super::pages::failure::{Change, Failure};
use super::pages::form::Errors;
use super::pages::frame::{Flash, Frame};
use super::pages::shown::Way;
use crate::app::{App, AppError};
use crate::store::StoreError;

/// What a handler answers.
pub type Answer = Result<Response, Failed>;

/// A page.
pub fn view(page: &impl Template) -> Answer {
    view_as(StatusCode::OK, page)
}

/// A page that says more than "here it is".
pub fn view_as(status: StatusCode, page: &impl Template) -> Answer {
    let html = page
        .render()
        .map_err(|error| Failed::Broken(format!("a page could not be rendered: {error}")))?;
    Ok((status, Html(html)).into_response())
}

/// The way to another page, by GET.
pub fn see(address: &str) -> Answer {
    let location = HeaderValue::try_from(address)
        .map_err(|_| Failed::Broken("an address that no header takes".to_owned()))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// The way to another page, which says what came of it.
pub fn see_and_say(address: &str, sentence: &str) -> Answer {
    with_cookie(
        see(address)?,
        caller::keep_flash(&Flash::Done(sentence.to_owned())),
    )
}

/// The way to another page, which says why nothing came of it.
pub fn see_and_regret(address: &str, sentence: &str) -> Answer {
    with_cookie(
        see(address)?,
        caller::keep_flash(&Flash::Refused(sentence.to_owned())),
    )
}

/// The same answer with one more cookie.
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Answer {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// A page from which a form leads to Microsoft's sign-in: browsers block the redirect
/// there unless `form-action` names it.
pub fn leads_to_microsoft(mut response: Response, app: &App) -> Response {
    let login = app.microsoft.cloud().login().origin().ascii_serialization();
    response.extensions_mut().insert(LeadsTo(login));
    response
}

/// The origin that a form of this page leads to.
#[derive(Clone, Debug)]
pub(super) struct LeadsTo(pub String);

/// An id of an address. What is none is not found.
pub fn id(text: &str) -> Result<Uuid, Failed> {
    Uuid::try_parse(text).map_err(|_| Failed::NotFound)
}

/// A form that the rules refuse: shown again with everything that was typed.
#[derive(Debug)]
pub struct Refused {
    /// 422; 403 where it is not the actor's to do, 409 where things have changed.
    pub status: StatusCode,
    /// What is wrong, at its place.
    pub errors: Errors,
    /// The refusals themselves.
    pub refusals: Vec<Refusal>,
}

/// What of an error a form can show; the rest is a failure.
pub fn refused(error: AppError) -> Result<Refused, Failed> {
    let AppError::Refused(refusals) = error else {
        return Err(error.into());
    };
    let is = |kind| refusals.iter().any(|refusal| refusal.kind() == kind);
    let status = if is(RefusalKind::Forbidden) {
        StatusCode::FORBIDDEN
    } else if is(RefusalKind::Conflict) {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let mut errors = Errors::none();
    for refusal in &refusals {
        match refusal.field() {
            Some("time_zone") => errors.push("zone", refusal.to_string()),
            Some(field) => errors.push(field, refusal.to_string()),
            None => errors.refusal = Some(refusal.to_string()),
        }
    }
    Ok(Refused {
        status,
        errors,
        refusals,
    })
}

/// Why there is no page.
#[derive(Clone, Debug)]
pub enum Failed {
    /// It does not exist, or the actor may not know that it does.
    NotFound,
    /// They may see it, but not do this to it.
    Forbidden(String),
    /// Somebody was quicker.
    Conflict {
        /// What happened.
        reason: String,
        /// What changed in the meantime.
        changes: Vec<Change>,
        /// Where to look again; the form itself if nothing else is said.
        again: Option<Way>,
    },
    /// Too many tries; so many seconds to wait.
    TooMany(u64),
    /// It can't be accepted, and why.
    Refused(StatusCode, String),
    /// Something else, in words of its own.
    Said(Box<Said>),
    /// Something is broken on our side.
    Broken(String),
    /// Sign in first, there.
    SignIn(String),
    /// The page that asks for a part of itself is out of date.
    Stale,
    /// The page that asks for itself shows what there is to see.
    Unchanged,
}

/// A failure in words of its own.
#[derive(Clone, Debug)]
pub struct Said {
    /// What kind of failure.
    pub status: StatusCode,
    /// What happened.
    pub heading: String,
    /// What it means.
    pub sentences: Vec<String>,
    /// What to do.
    pub ways: Vec<Way>,
}

impl From<AppError> for Failed {
    fn from(error: AppError) -> Self {
        let forbidden = error.is_forbidden();
        match error {
            AppError::NotFound => Self::NotFound,
            AppError::Refused(refusals) => {
                let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                let reason = all.join(" ");
                if forbidden {
                    Self::Forbidden(reason)
                } else {
                    Self::Refused(StatusCode::UNPROCESSABLE_ENTITY, reason)
                }
            }
            AppError::Conflict(reason) => Self::Conflict {
                reason,
                changes: Vec::new(),
                again: None,
            },
            AppError::TooMany(seconds) => Self::TooMany(seconds),
            AppError::ReadOnly(why) => Self::Said(Box::new(Said {
                status: StatusCode::SERVICE_UNAVAILABLE,
                heading: "Nothing can be changed just now".to_owned(),
                sentences: vec![why.sentence().to_owned()],
                ways: Vec::new(),
            })),
            AppError::Broken(cause) => Self::Broken(cause),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl Failed {
    /// What an answer without a page of its own means.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::Refused(status, "This address can't be used that way.".to_owned())
            }
            status if status.is_client_error() => Self::Refused(
                status,
                "Your browser sent something that Ithaca can't read.".to_owned(),
            ),
            status => Self::Broken(format!("a bare answer {status}")),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(status, _) => *status,
            Self::Said(said) => said.status,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::Stale => StatusCode::UNAUTHORIZED,
            Self::Unchanged => StatusCode::NOT_MODIFIED,
        }
    }

    /// The page. `number` is the one to quote for what is broken.
    pub(super) fn page(&self, frame: Frame, number: &str) -> Failure {
        match self {
            Self::NotFound => Failure::not_found(frame),
            Self::Forbidden(reason) => Failure::forbidden(frame, reason),
            Self::Conflict {
                reason,
                changes,
                again,
            } => {
                let again = again
                    .clone()
                    .unwrap_or_else(|| Way::new("Look at it again", frame.address.clone()));
                Failure::conflict(frame, reason, changes.clone(), again)
            }
            Self::TooMany(seconds) => Failure::too_many_tries(frame, &wait(*seconds)),
            Self::Refused(_, reason) => Failure::refused(frame, reason),
            Self::Said(said) => Failure {
                frame,
                heading: said.heading.clone(),
                sentences: said.sentences.clone(),
                changes: Vec::new(),
                ways: said.ways.clone(),
                number: None,
            },
            Self::Broken(_) => Failure::broken(frame, number.to_owned()),
            Self::SignIn(_) | Self::Stale | Self::Unchanged => {
                Failure::refused(frame, "You are not signed in any more.")
            }
        }
    }
}

fn wait(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        match &self {
            Self::SignIn(address) => {
                if let Ok(location) = HeaderValue::try_from(address) {
                    headers.insert(header::LOCATION, location);
                }
                return response;
            }
            Self::TooMany(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Self::Stale => {
                headers.insert("hx-refresh", HeaderValue::from_static("true"));
            }
            _ => {}
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
