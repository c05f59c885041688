//! Who acts. A handler that asks for one of these cannot be entered by anybody else: the
//! refusal is the extractor's. A cookie counts for nothing here.

use std::ops::Deref;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{StatusCode, header};
use mentoring::api_token::TokenScope;
use mentoring::role::Sight;

use super::Api;
use super::problem::Problem;
use crate::app::api_tokens::TokenHolder;
use crate::app::{Acting, App};
use crate::door;
use crate::request;
use crate::store::Store;

/// A program with the token of an active member.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// What this instance knows and can do.
    pub app: App,
    /// Who acts.
    pub holder: TokenHolder,
    /// What they may see: the first thing that every read asks for.
    pub sight: Sight,
}

impl Bearer {
    /// Who acts, and from where.
    pub fn acting(&self) -> &Acting {
        &self.holder.acting
    }

    /// Where things are read.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Finds out whose token a request carries, once.
    pub async fn of(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
        let (Some(first), None) = (given.next(), given.next()) else {
            return Err(Problem::not_authorized(
                "Send an API token: Authorization: Bearer ith_… Members make them on their profile page.",
                "Bearer realm=\"Ithaca\"",
            ));
        };
        let address = door::network_address(parts, &api.app.instance.trusted_proxies);
        let holder = match first.to_str().ok().and_then(secret) {
            Some(secret) => api.app.resolve_api_token(secret, &address).await?,
            None => None,
        };
        let holder = holder.ok_or_else(|| {
            Problem::not_authorized(
                "This API token is not known here. It may have been revoked, have expired, or be mistyped.",
                "Bearer realm=\"Ithaca\", error=\"invalid_token\"",
            )
        })?;
        request::belongs_to(holder.acting.actor.organization);
        let now = api.app.clock.now();
        api.limiter.count(holder.token.id, now).map_err(|seconds| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "This token was used too often within a minute. Wait as long as Retry-After says.",
            )
            .later(seconds)
        })?;
        let bearer = Self {
            app: api.app.clone(),
            sight: holder.acting.sight(),
            holder,
        };
        parts.extensions.insert(bearer.clone());
        Ok(bearer)
    }
}

/// The scheme's name is case-insensitive (RFC 9110, section 11.1).
fn secret(header: &str) -> Option<&str> {
    let (scheme, secret) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| secret.trim_start_matches(' '))
}

impl FromRequestParts<Api> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Self::of(parts, api).await
    }
}

/// The same with a token that may change things.
#[derive(Clone, Debug)]
pub struct Writer(pub Bearer);

impl Deref for Writer {
    type Target = Bearer;

    fn deref(&self) -> &Bearer {
        &self.0
    }
}

impl FromRequestParts<Api> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let bearer = Bearer::of(parts, api).await?;
        if bearer.holder.token.scope == TokenScope::Write {
            Ok(Self(bearer))
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "This token may only read. Make one with the scope write.",
            ))
        }
    }
}
