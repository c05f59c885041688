//! What forms and queries say. A form that carries a field nobody knows, or one field
//! twice, did not come from a page of ours (I-05, R-07).

use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::answer::Failed;
use crate::app::App;

/// The longest form: an agenda of 4,000 characters fits in any script.
const LONGEST: usize = 64 * 1024;

/// The fields of a form, until each was taken.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Nobody types a NUL, and PostgreSQL keeps none.
    fn parse(text: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(text)
                .map(|(name, value)| (name.into_owned(), value.replace('\0', "\u{FFFD}")))
                .collect(),
        )
    }

    /// All values of a repeated field, such as ticked checkboxes.
    pub fn several(&mut self, name: &str) -> Vec<String> {
        self.0
            .extract_if(.., |(known, _)| known == name)
            .map(|(_, value)| value)
            .collect()
    }

    /// A field that may be missing. Twice, and the form is refused.
    pub fn optional(&mut self, name: &str) -> Result<Option<String>, Failed> {
        let mut values = self.several(name);
        if values.len() > 1 {
            return Err(unreadable());
        }
        Ok(values.pop())
    }

    /// A field; one that is missing is empty, and the rules say so at its place.
    pub fn one(&mut self, name: &str) -> Result<String, Failed> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// Whether a box was ticked.
    pub fn ticked(&mut self, name: &str) -> Result<bool, Failed> {
        Ok(self.optional(name)?.is_some())
    }

    fn nothing_else(&self) -> Result<(), Failed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(unreadable())
        }
    }
}

fn unreadable() -> Failed {
    Failed::Refused(
        StatusCode::BAD_REQUEST,
        "The form has fields that this page does not know.".to_owned(),
    )
}

/// What a handler wants to know of a form.
pub trait FromFields: Sized {
    /// Takes the fields that it knows.
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed>;
}

/// The body of a form, with nothing in it that nobody knows.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: FromFields> FromRequest<App> for Form<T> {
    type Rejection = Failed;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failed> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .unwrap_or_default()
            .trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Failed::Refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Only a form of this page can be sent here.".to_owned(),
            ));
        }
        let body = body(request).await?;
        let mut fields = Fields::parse(&body);
        let form = T::from_fields(&mut fields)?;
        fields.nothing_else()?;
        Ok(Self(form))
    }
}

async fn body(request: Request) -> Result<Bytes, Failed> {
    match Limited::new(request.into_body(), LONGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failed::Refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "That is more text than this form takes.".to_owned(),
        )),
        Err(_) => Err(Failed::Refused(
            StatusCode::BAD_REQUEST,
            "The form did not arrive whole.".to_owned(),
        )),
    }
}

/// What an address asks for. What nobody knows in it is ignored: links collect such things
/// on their way.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromFields> FromRequestParts<App> for Query<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failed> {
        let query = parts.uri.query().unwrap_or_default();
        T::from_fields(&mut Fields::parse(query.as_bytes())).map(Self)
    }
}
