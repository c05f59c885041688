//! How Entra's doors read what they are sent: an address, a query, a form. None
//! of it is ever refused before a door could say so in Microsoft's words.

use std::convert::Infallible;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;

use crate::entra::failure::Failure;
use crate::entra::{Parameters, parameters};

/// The largest form that is read, in bytes.
const LARGEST: usize = 256 << 10;

/// The first segment of the path. One that can't be read names no tenant.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(path.map_or_else(|_| String::new(), |path| path.0)))
    }
}

/// The parameters of a query, the last of each name, and of a form where it was posted.
pub(super) struct Sent(pub(super) Parameters);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let form = Posted::from_request(request, state).await?;
        let form = form.0.unwrap_or_default();
        let mut parameters: Parameters = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        parameters.extend(url::form_urlencoded::parse(form.as_bytes()).into_owned());
        Ok(Self(parameters))
    }
}

/// A body as text.
pub(super) struct Posted(pub(super) Result<String, Failure>);

impl Posted {
    /// Its parameters, each once.
    pub(super) fn parameters(self) -> Result<Parameters, Failure> {
        self.0.and_then(|text| parameters(&text))
    }
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let Ok(body) = to_bytes(request.into_body(), LARGEST).await else {
            return Ok(Self(Err(Failure::new(9_002_313).saying(
                "Invalid request. The request is too large, or did not arrive whole.",
            ))));
        };
        Ok(Self(
            String::from_utf8(body.into()).map_err(|_| Failure::new(9_002_313)),
        ))
    }
}
