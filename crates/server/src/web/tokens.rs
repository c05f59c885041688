//! API tokens: made, shown once, and revoked by their member.

use axum::extract::Path;
use mentoring::api_token::{ApiToken, LIFETIMES, TokenScope, Wish};
use mentoring::refusal::Refusal;
use secrecy::ExposeSecret as _;

use super::actor::SignedIn;
use super::answer::{self, Answer, Failed, refused, see, see_and_say, view, view_as};
use super::form::{Fields, Form, FromFields};
use super::pages::form::Choice;
use super::pages::frame::Here;
use super::pages::profile::{NewToken, TokenLine, Tokens};
use super::profile;
use super::times::{self, Reader};
use crate::app::AppError;
use crate::store::api_tokens;

/// What somebody typed of a new token.
#[derive(Debug)]
pub struct Typed {
    name: String,
    scope: String,
    days: String,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            name: String::new(),
            scope: TokenScope::Read.as_str().to_owned(),
            days: LIFETIMES[1].to_string(),
        }
    }
}

impl FromFields for Typed {
    fn from_fields(fields: &mut Fields) -> Result<Self, Failed> {
        Ok(Self {
            name: fields.one("token_name")?,
            scope: fields.one("token_scope")?,
            days: fields.one("token_days")?,
        })
    }
}

/// The part of the profile page.
pub(super) async fn part(signed_in: &SignedIn, typed: &Typed) -> Result<Tokens, Failed> {
    let mine = api_tokens::list_mine(&signed_in.app.store, &signed_in.sight).await?;
    let scope = |scope: TokenScope| {
        Choice::new(scope.as_str(), scope.label(), typed.scope == scope.as_str())
    };
    Ok(Tokens {
        lines: mine.iter().map(|token| line(signed_in, token)).collect(),
        name: typed.name.clone(),
        scopes: vec![
            scope(TokenScope::Read).with_help("Sees what you see."),
            scope(TokenScope::Write)
                .with_help("Makes, moves and cancels meetings in your name too."),
        ],
        lifetimes: LIFETIMES
            .iter()
            .map(|days| {
                let label = match days {
                    365 => "A year".to_owned(),
                    days => format!("{days} days"),
                };
                let value = days.to_string();
                let chosen = typed.days == value;
                Choice::new(value, label, chosen)
            })
            .collect(),
    })
}

fn line(signed_in: &SignedIn, token: &ApiToken) -> TokenLine {
    let now = signed_in.app.clock.now();
    let reader = Reader::from(signed_in.member());
    TokenLine {
        id: token.id.to_string(),
        name: token.name.clone(),
        scope: token.scope.label().to_owned(),
        expires: if token.expires_at <= now {
            "Expired".to_owned()
        } else {
            times::day(token.expires_at, now, reader)
        },
        used: token
            .last_used_at
            .map_or("Never".to_owned(), |at| times::moment(at, now, reader)),
    }
}

/// Whoever comes back to the address of the form wants the list.
pub async fn show(signed_in: SignedIn) -> Answer {
    see(&signed_in.to("profile"))
}

/// Makes a token and shows it, once.
pub async fn create(signed_in: SignedIn, Form(typed): Form<Typed>) -> Answer {
    let made = match TokenScope::parse(&typed.scope) {
        Some(scope) => {
            let wish = Wish {
                name: typed.name.clone(),
                scope,
                days: typed.days.parse().unwrap_or_default(),
            };
            signed_in
                .app
                .create_api_token(signed_in.acting(), &wish)
                .await
        }
        None => Err(AppError::Refused(vec![Refusal::TokenScopeInvalid])),
    };
    match made {
        Ok((secret, token)) => view(&NewToken {
            frame: signed_in.frame(Here::Elsewhere).await?,
            name: token.name.clone(),
            scope: token.scope.label().to_owned(),
            expires: line(&signed_in, &token).expires,
            secret: secret.expose_secret().to_owned(),
            example: format!(
                "curl -H \"Authorization: Bearer {}\" {}",
                secret.expose_secret(),
                signed_in.app.instance.address("/api/v1/me")
            ),
        }),
        Err(error) => {
            let refused = refused(error)?;
            let page = profile::page_with(&signed_in, &typed, refused.errors).await?;
            view_as(refused.status, &page)
        }
    }
}

/// Ends a token.
pub async fn revoke(signed_in: SignedIn, Path((_, id)): Path<(String, String)>) -> Answer {
    let id = answer::id(&id)?;
    signed_in
        .app
        .revoke_api_token(signed_in.acting(), id)
        .await?;
    see_and_say(
        &signed_in.to("profile"),
        "The token is revoked. Nothing can be done with it any more.",
    )
}
